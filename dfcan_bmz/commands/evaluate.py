"""``dfcan-bmz evaluate``: a model against its rivals on pairs of images."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from dfcan_bmz import run_folder
from dfcan_bmz.commands.opening import open_model
from dfcan_bmz.commands.progress import watched
from dfcan_bmz.data.pairs import Pair, find_pairs, read_pair
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.evaluation.score import Score, best_smoothing_px, mean_scores, model_psnr, predictions, score_image
from dfcan_bmz.files import new_folder, refuse_existing
from dfcan_bmz.images import Image
from dfcan_bmz.report.html import Example, worst_first, write_report

SMALLEST_PX = 16  # the SSIM window is 11 px wide


def run(model: Path, lr: Path, hr: Path, out: Path, overwrite: bool) -> None:
    refuse_existing([out], overwrite)
    pairs = find_pairs(lr, hr)
    predictor = open_model(model)
    for pair in watched(pairs, "checking"):
        _refuse_tiny(read_pair(pair, predictor.scale)[1])
    sigma, chosen_on = predictor.smoothing_px, "the validation images"
    if sigma is None:
        planes = (plane[1:] for plane in _planes(pairs, predictor.scale))
        sigma = best_smoothing_px(planes, predictor.scale, predictor.target)
        chosen_on = "the test images themselves, in its favour"
    scores: list[Score] = []
    examples: list[Example] = []
    for name, lr_plane, hr_plane in watched(_planes(pairs, predictor.scale), "evaluating"):
        predicted = predictions(predictor, lr_plane, sigma)
        scored = score_image(name, hr_plane, predicted, predictor.target)
        scores += scored
        examples = worst_first([*examples, Example(name, model_psnr(scored), lr_plane, hr_plane, predicted)])
    history = run_folder.read_history(model) if model.is_dir() else []
    with new_folder(out, overwrite) as folder:
        with (folder / "metrics.csv").open("w", newline="", encoding="utf-8") as lines:
            csv.writer(lines).writerows([Score._fields, *scores])
        rival = f"Gaussian of {sigma:g} LR px before bicubic enlargement, sigma chosen on {chosen_on}"
        write_report(folder / "report.html", scores, examples, history, rival)
    Console().print(_table(mean_scores(scores), predictor.name, len({score.image for score in scores})))
    print(f"{out}: metrics.csv, report.html")


def _planes(pairs: list[Pair], scale: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, LR plane and HR plane of every pair, read one by one."""
    for pair in pairs:
        lr, hr = read_pair(pair, scale)
        for index, planes in enumerate(zip(lr.planes, hr.planes, strict=True)):
            yield pair.name if lr.axes == "YX" else f"{pair.name}[{index}]", *planes


def _refuse_tiny(hr: Image) -> None:
    if min(hr.pixels.shape[-2:]) < SMALLEST_PX:
        raise DfcanError(f"{hr.path} is smaller than {SMALLEST_PX} px, too small for SSIM: leave it out")


def _table(means: dict[tuple[str, str, str], float], model_name: str, count: int) -> Table:
    metrics = list(dict.fromkeys(metric for *_, metric in means))
    table = Table("protocol", "method", *metrics, title=f"mean over n = {count} images")
    for protocol, method in dict.fromkeys((protocol, method) for protocol, method, _ in means):
        values = [f"{means[protocol, method, metric]:.4g}" for metric in metrics]
        table.add_row(protocol, method, *values, style="bold" if method == model_name else None)
    return table
