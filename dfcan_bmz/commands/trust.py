"""``dfcan-bmz trust``: the uncertainty of a model's predictions, without ground truth."""

from pathlib import Path

import numpy as np

from dfcan_bmz.console import screen
from dfcan_bmz.domain import verdict
from dfcan_bmz.errors import refuse_left_out
from dfcan_bmz.images.selection import find_sources
from dfcan_bmz.report.uncertainty import map_uncertainty


def run(model: Path, inputs: list[Path], out: Path, overwrite: bool, trusted: bool = False) -> None:
    count = len(find_sources(inputs))  # before there are maps, which may lie among them
    rows, problems = map_uncertainty(model, inputs, out, overwrite, trusted, screen)
    for row in rows:
        if np.isfinite(row.distance):
            screen.tell(f"{row.image}: {verdict(row.distance)}")
        if row.outside:
            screen.warning(f"{row.image} is outside what the model has seen: {row.outside}")
    if np.isnan(rows[0].error_bar):
        screen.note(
            "how large the errors of this model are was not measured: for error bars, give its run folder, after "
            "`dfcan-bmz evaluate RUN --uncertainty --out RUN/evaluation/NAME` on pairs that it has not seen"
        )
    screen.tell(f"{out}: trust.csv, and for each of {count - len(problems)} images the maps as TIFF and a picture")
    refuse_left_out(problems, count)
