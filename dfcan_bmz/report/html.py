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
    """One evaluated plane: `lr` (Y, X), `hr` and each of `predicted` (sY, sX), in their own units."""

    name: str
    lr: np.ndarray
    hr: np.ndarray
    predicted: dict[str, np.ndarray]


def write_report(
    path: Path, model_name: str, scores: list[Score], examples: list[Example], history: list[Row], rival: str
) -> None:
    """Write ``report.html``, pictures embedded, worst cases first.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    model_name : str
        The method that was evaluated; the others are its rivals.
    scores : list of Score
        Every score.
    examples : list of Example
        Every evaluated plane.
    history : list of Row
        The training's history; empty where it is not known.
    rival : str
        How the smoothed bicubic rival was made.
    """
    protocol = scores[-1].protocol  # "raw" where it is offered, else "affine"
    psnr = {s.image: s.value for s in scores if (s.method, s.protocol, s.metric) == (model_name, protocol, "psnr")}
    worst_first = sorted(examples, key=lambda example: psnr[example.name])[:MOST_EXAMPLES]
    pictures = [
        (example.name, psnr[example.name], _embed(plot_example(example.lr, example.hr, example.predicted)))
        for example in worst_first
    ]
    means = mean_scores(scores)
    environment = Environment(loader=PackageLoader("dfcan_bmz.report"), undefined=StrictUndefined, autoescape=True)
    html = environment.get_template("report.html.j2").render(
        model_name=model_name,
        count=len(examples),
        protocols=list(dict.fromkeys(score.protocol for score in scores)),
        methods=list(examples[0].predicted),
        metrics=METRICS,
        means=means,
        protocol=protocol,
        pictures=pictures,
        history=_embed(plot_history(history)) if history else None,
        rival=rival,
    )
    path.write_text(html, encoding="utf-8")


def _embed(figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
