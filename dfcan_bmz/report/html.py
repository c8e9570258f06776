"""A self-contained report: what was measured, and what it looks like."""

import base64
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from dfcan_bmz.evaluation.score import Score, mean_scores
from dfcan_bmz.report.curves import plot_history
from dfcan_bmz.report.panels import plot_example
from dfcan_bmz.run_folder import Row

MOST_EXAMPLES = 12
METRICS = {"psnr": "PSNR (dB)", "ssim": "SSIM", "ssim_7x7": "SSIM 7 x 7", "nrmse": "NRMSE", "mse": "MSE"}


class Example(NamedTuple):
    """One evaluated plane: `lr` (Y, X), `hr` and each of `predicted` (sY, sX), in their own units; `psnr` in dB."""

    name: str
    psnr: float
    lr: np.ndarray
    hr: np.ndarray
    predicted: dict[str, np.ndarray]


def worst_first(examples: list[Example]) -> list[Example]:
    """The examples that a report shows: those of the model's lowest PSNR, `MOST_EXAMPLES` at most."""
    return sorted(examples, key=lambda example: example.psnr)[:MOST_EXAMPLES]


def write_report(path: Path, scores: list[Score], examples: list[Example], history: list[Row], rival: str) -> None:
    """Write ``report.html``, pictures embedded.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    scores : list of Score
        Every score; the last method is the model, the others are its rivals.
    examples : list of Example
        The planes to show.
    history : list of Row
        The training's history; empty where it is not known.
    rival : str
        How the smoothed bicubic rival was made.
    """
    pictures = [
        (example.name, example.psnr, _embed(plot_example(example.lr, example.hr, example.predicted)))
        for example in examples
    ]
    means = mean_scores(scores)
    environment = Environment(loader=PackageLoader("dfcan_bmz.report"), undefined=StrictUndefined, autoescape=True)
    html = environment.get_template("report.html.j2").render(
        model_name=scores[-1].method,
        count=len({score.image for score in scores}),
        protocols=list(dict.fromkeys(score.protocol for score in scores)),
        methods=list(dict.fromkeys(score.method for score in scores)),
        metrics=METRICS,
        means=means,
        protocol=scores[-1].protocol,
        pictures=pictures,
        history=_embed(plot_history(history)) if history else None,
        rival=rival,
    )
    path.write_text(html, encoding="utf-8")


def _embed(figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
