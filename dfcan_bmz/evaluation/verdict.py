"""What an evaluation comes to, in one sentence: better or worse than the best baseline, and what to do next."""

import math
from collections.abc import Sequence

from dfcan_bmz.evaluation.measure import Facts
from dfcan_bmz.evaluation.score import BASELINES
from dfcan_bmz.evaluation.statistics import FEWEST_FIELDS, Comparison, Paired
from dfcan_bmz.run_folder import Row, best_row

CHANCE = 0.05  # below which a difference is taken for one
STILL_FALLING = 0.1  # of the epochs: where the best one is among the last of them, more would have helped
MOST = 0.5  # of the images: where so many are of a kind, all are taken to be
SMALLEST_DB = 0.05  # a difference in PSNR that is no difference


def verdict(
    model: str, comparisons: Sequence[Comparison], protocol: str, facts: Sequence[Facts], history: Sequence[Row]
) -> str:
    """One sentence on a model.

    Parameters
    ----------
    model : str
        Its name.
    comparisons : sequence of Comparison
        Of all models.
    protocol : str
        The one by which images are ranked.
    facts : sequence of Facts
        Of every image that counts.
    history : sequence of dict
        Of the training; empty where it is not known.
    """
    against = [row for row in comparisons if row[:2] == (protocol, model) and row.metric == "psnr"]
    strongest = min((row for row in against if row.baseline in BASELINES), key=lambda row: row.result.difference.mean)
    result = strongest.result
    difference = result.difference
    if math.isnan(difference.mean):
        return f"{model} predicts NaN: its weights are damaged, train again or take an earlier epoch."
    sign = _sign(result)
    how_much = f"{abs(difference.mean):.2g} dB of PSNR in the mean of {difference.fields} fields of view"
    if sign > 0:
        told = f"{model} is better than {strongest.baseline}, the best baseline here, by {how_much}"
    elif sign < 0:
        told = f"{model} is worse than {strongest.baseline}, the best baseline here, by {how_much}"
    else:
        gap = f"{difference.mean:+.2g} dB of PSNR"
        told = f"{model} is no better than {strongest.baseline}, the best baseline here ({gap})"
    return f"{told}: {_advice(model, sign > 0, result, facts, history)}."


def _sign(result: Paired) -> int:
    """1 if a model is better, -1 if it is worse, 0 if that cannot be told; without a test, if all fields agree."""
    difference, better, p = result
    if abs(difference.mean) < SMALLEST_DB:
        return 0
    agree = better in (0, difference.fields) if p is None else p < CHANCE
    return int(math.copysign(1, difference.mean)) if agree else 0


def _advice(model: str, better: bool, result: Paired, facts: Sequence[Facts], history: Sequence[Row]) -> str:
    if all(fact.seen for fact in facts):
        return "these images were part of its training, so measure it on others"
    if _share(facts, "predicts a constant image") > MOST:
        return "its predictions are constant, so train again, with model.output=linear"
    if better:
        if result.p is None:
            return (
                f"fewer than {FEWEST_FIELDS} fields prove little, so measure it on more, and look at the worst images"
            )
        return "look at the worst images before you use it"
    if _share(facts, f"outside what {model} was trained on") > MOST:
        return "most images are outside what it was trained on, so train on images like these"
    if history and best_row(list(history))["epoch"] > (1 - STILL_FALLING) * history[-1]["epoch"]:
        return "its validation loss still fell at the end, so train longer (a larger train.epochs with --resume)"
    return "train on more pairs, and check with `dfcan-bmz inspect` that they are registered"


def _share(facts: Sequence[Facts], remark: str) -> float:
    return sum(remark in fact.remarks for fact in facts) / len(facts)
