"""All images of a folder at a glance."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

MOST_CELLS = 60
COLUMNS = 10
MOST_LETTERS = 26


class Cell(NamedTuple):
    """One picture: (y, x) or None where it cannot be read, its title, and whether something is wrong with it."""

    title: str
    picture: np.ndarray | None
    wrong: bool


def plot_contact_sheet(cells: Sequence[Cell]) -> Figure:
    """Draw small pictures, each in its own contrast: those with a problem first and in red, `MOST_CELLS` at most.

    Where there are more, the others are chosen evenly, two neighbours at a time: LR and HR image of a pair.
    """
    shown = [cell for cell in cells if cell.wrong][:MOST_CELLS]
    sound = [cell for cell in cells if not cell.wrong]
    room = (MOST_CELLS - len(shown)) // 2 * 2
    every = max(2, 2 * math.ceil(len(sound) / room)) if room else len(sound) + 1
    shown += [cell for start in range(0, len(sound), every) for cell in sound[start : start + 2]][:room]
    columns = min(COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(max(3.0, 1.5 * columns), 1.75 * rows + 0.4), layout="constrained")
    for axes, cell in zip(figure.subplots(rows, columns, squeeze=False).flat, shown, strict=False):
        colour = "#c02020" if cell.wrong else "black"
        title = cell.title if len(cell.title) <= MOST_LETTERS else f"...{cell.title[3 - MOST_LETTERS :]}"
        axes.set_title(title, fontsize=6, color=colour)
        if cell.picture is None:
            axes.text(0.5, 0.5, "cannot\nbe read", ha="center", va="center", color=colour, transform=axes.transAxes)
        else:
            low, high = np.percentile(cell.picture, (0.5, 99.5))
            axes.imshow(cell.picture, cmap="gray", vmin=low, vmax=max(high, low + 1e-9), interpolation="nearest")
    for axes in figure.axes:
        axes.set_xticks([], [])
        axes.set_yticks([], [])
        for spine in axes.spines.values():
            spine.set_visible(False)
    if len(shown) < len(cells):
        figure.suptitle(f"{len(shown)} of {len(cells)} images", fontsize=8)
    return figure
