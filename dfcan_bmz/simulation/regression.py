"""Infer from descriptions of images what made them, as far as they tell."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dfcan_bmz.simulation.description import Description, Group, describe

WIDTHS = (0.25, 0.2, 0.15, 0.15)  # of the draws of each round: narrower ones, where answers are more nearly a line
DRAWS = 192
PRIOR = WIDTHS[0]  # standard deviation about the start, before any image is seen
STEP = 2.0  # widths that a round may move
OWN_VARIANCE = 0.3  # weight of the variances alone in the covariance of chance: few draws do not tell all of it
DIGITS = 4  # of shares: more say nothing, and differ between processors
SIMULATED = len(WIDTHS) * DRAWS
ASSUMED = "assumed, the images do not tell"
UNTOLD = 0.97  # of the prior's standard deviation: what is left of it where images say next to nothing


class Inferred(NamedTuple):
    """What descriptions tell of shares.

    Attributes
    ----------
    shares : numpy.ndarray
        (N,): the likeliest; the first, if images do not tell.
    sd : numpy.ndarray
        (N,): their standard errors.
    told : numpy.ndarray
        (N,) bool: whether images tell them.
    """

    shares: np.ndarray
    sd: np.ndarray
    told: np.ndarray


def infer(
    see: Callable[[np.ndarray, int], Sequence[np.ndarray]],
    groups: Sequence[Group],
    first: np.ndarray,
    rng: np.random.Generator,
    watch: Callable[[], None] = lambda: None,
) -> Inferred:
    """Infer shares from real tiles, by regression of the descriptions of simulated tiles on their shares.

    In each round, tiles are simulated at shares about the last answer. A line through them says how each number of a
    description changes with each share, and their distance from the line how much chance makes of it. The answer is
    the likeliest, given the real descriptions and a normal prior about the start (Gauss-Newton steps of a Bayesian
    inversion; Tarantola 2005). A slope is shrunk as far as chance explains it (James and Stein 1961), so that a share
    that changes nothing stays where it was.

    Parameters
    ----------
    see : callable
        From shares (N,), 0 to 1, and a seed to one simulated tile of each group.
    groups : sequence of Group
        The real tiles.
    first : numpy.ndarray
        (N,): where to begin.
    rng : numpy.random.Generator
        Draws shares and seeds.
    watch : callable
        Called after each of `SIMULATED` simulations.
    """
    mean, found = first, Inferred(first, np.full(len(first), PRIOR), np.zeros(len(first), bool))
    for width in WIDTHS:
        shares = reflected(mean + rng.normal(0, width, (DRAWS, len(first))))
        seen: list[list[Description | None]] = []
        for one in shares:
            seen.append([describe(tile) for tile in see(one, int(rng.integers(2**31)))])
            watch()
        by_group = zip(groups, zip(*seen, strict=True), strict=True)
        lines = [line_through(shares - mean, described, group) for group, described in by_group]
        found = likeliest(lines, first, mean, STEP * width)
        mean = found.shares
    return found


def reflected(shares: np.ndarray) -> np.ndarray:
    """Shares within 0 and 1: those beyond are mirrored."""
    return np.clip(np.where(shares < 0, -shares, np.where(shares > 1, 2 - shares, shares)), 0, 1)


class Line(NamedTuple):
    """What moving from the middle of some draws changes, in units of chance.

    Attributes
    ----------
    slopes : numpy.ndarray
        (numbers, N): change of each number of a description with each share.
    ahead : numpy.ndarray
        (numbers,): the real description less that in the middle.
    """

    slopes: np.ndarray
    ahead: np.ndarray


def line_through(moved: np.ndarray, seen: Sequence[Description | None], group: Group) -> Line:
    """Fit a line through the descriptions of simulated tiles.

    Chance is that of as many fields as the real tiles show, and what hardly anybody would see.

    Parameters
    ----------
    moved : numpy.ndarray
        (draws, N): shares less those in the middle.
    seen : sequence of dict or None
        Description of each draw; None if its tile was flat.
    group : Group
        The real tiles.
    """
    shown = np.array([one is not None for one in seen])
    design = np.column_stack([np.ones(shown.sum()), moved[shown]])
    if len(design) < 2 * design.shape[1]:
        return Line(np.zeros((0, moved.shape[1])), np.zeros(0))
    numbers = np.array([in_a_row(one) for one in seen if one is not None])
    line = np.linalg.lstsq(design, numbers, rcond=None)[0]
    left = numbers - design @ line
    chance = left.T @ left / (len(design) - design.shape[1])
    chance = (1 - OWN_VARIANCE) * chance + OWN_VARIANCE * np.diag(np.diag(chance))
    # squares of the slopes in units of what chance makes of them: about the number of numbers, if by chance alone
    size = np.einsum("in,nm,im->i", line[1:], np.linalg.pinv(chance), line[1:])
    size /= np.diag(np.linalg.inv(design.T @ design))[1:]
    line[1:] *= np.maximum(0, 1 - numbers.shape[1] / np.maximum(size, 1e-12))[:, None]
    whiten = np.linalg.inv(np.linalg.cholesky(chance / group.fields + np.eye(len(chance))))
    return Line(whiten @ line[1:].T, whiten @ (in_a_row(group.described) - line[0]))


def likeliest(lines: Sequence[Line], first: np.ndarray, mean: np.ndarray, step: float) -> Inferred:
    """Solve for the likeliest shares, at most a step from the middle of the draws, `mean`."""
    from scipy.optimize import lsq_linear  # slow to import

    slopes = np.concatenate([np.eye(len(first)) / PRIOR, *(line.slopes for line in lines)])
    values = np.concatenate([first / PRIOR, *(line.ahead + line.slopes @ mean for line in lines)])
    sd = np.sqrt(np.diag(np.linalg.inv(slopes.T @ slopes)))
    told = sd < UNTOLD * PRIOR
    low, high = np.clip([mean - step, mean + step], 0, 1)
    shares = first.copy()
    if told.any():
        rest = values - slopes[:, ~told] @ first[~told]
        shares[told] = np.round(lsq_linear(slopes[:, told], rest, (low[told], high[told])).x, DIGITS)
    return Inferred(shares, sd, told)


def in_a_row(description: Description) -> np.ndarray:
    """Numbers of all kinds, (numbers,)."""
    return np.concatenate(list(description.values()))
