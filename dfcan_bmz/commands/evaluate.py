"""``dfcan-bmz evaluate``: a model against its rivals on pairs of images."""

import csv
from pathlib import Path

from rich.console import Console
from rich.table import Table

from dfcan_bmz import run_folder
from dfcan_bmz.commands.opening import open_model
from dfcan_bmz.commands.progress import watched
from dfcan_bmz.data.pairs import find_pairs, read_pair
from dfcan_bmz.evaluation.score import Score, best_smoothing_px, mean_scores, predictions, score_image
from dfcan_bmz.files import new_folder, refuse_existing
from dfcan_bmz.report.html import Example, write_report


def run(model: Path, lr: Path, hr: Path, out: Path, overwrite: bool) -> dict[tuple[str, str, str], float]:
    refuse_existing([out], overwrite)
    pairs = find_pairs(lr, hr)
    predictor = open_model(model)
    opened = [(pair.name, *read_pair(pair, predictor.scale)) for pair in pairs]
    planes = [
        (name if lr_image.axes == "YX" else f"{name}[{index}]", lr_plane, hr_plane)
        for name, lr_image, hr_image in opened
        for index, (lr_plane, hr_plane) in enumerate(
            zip(lr_image.planes, hr_image.pixels.reshape(-1, *hr_image.pixels.shape[-2:]), strict=True)
        )
    ]
    sigma, chosen_on = predictor.smoothing_px, "the validation images"
    if sigma is None:
        sigma = best_smoothing_px([plane[1:] for plane in planes], predictor.scale, predictor.target)
        chosen_on = "the test images themselves, in its favour"
    scores: list[Score] = []
    examples: list[Example] = []
    for name, lr_plane, hr_plane in watched(planes, "evaluating"):
        predicted = predictions(predictor, lr_plane, sigma)
        scores += score_image(name, hr_plane, predicted, predictor.target)
        examples.append(Example(name, lr_plane, hr_plane, predicted))
    history = run_folder.read_history(model) if model.is_dir() else []
    with new_folder(out, overwrite) as folder:
        with (folder / "metrics.csv").open("w", newline="", encoding="utf-8") as lines:
            csv.writer(lines).writerows([Score._fields, *scores])
        rival = f"Gaussian of {sigma:g} LR px before bicubic enlargement, sigma chosen on {chosen_on}"
        write_report(folder / "report.html", predictor.name, scores, examples, history, rival)
    means = mean_scores(scores)
    Console().print(_table(means, predictor.name, len(planes)))
    print(f"{out}: metrics.csv, report.html")
    return means


def _table(means: dict[tuple[str, str, str], float], model_name: str, count: int) -> Table:
    metrics = list(dict.fromkeys(metric for *_, metric in means))
    table = Table("protocol", "method", *metrics, title=f"mean over n = {count} images")
    for protocol, method in dict.fromkeys((protocol, method) for protocol, method, _ in means):
        values = [f"{means[protocol, method, metric]:.4g}" for metric in metrics]
        table.add_row(protocol, method, *values, style="bold" if method == model_name else None)
    return table
