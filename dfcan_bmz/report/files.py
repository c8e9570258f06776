"""Models on pairs of images: what they come to, and the tables, pictures and report of it in a folder."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from dfcan_bmz.data.sources import Images
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.evaluation.evaluate import Given, Report, measure_models, write_tables
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.report.html import write_report
from dfcan_bmz.report.panels import plot_example
from dfcan_bmz.report.scores import plot_scores
from dfcan_bmz.report.trust import plot_trust
from dfcan_bmz.run_folder import UNCERTAINTY
from dfcan_bmz.staging import filling

MAPS = "uncertainty.png"
SMALL_DPI = 72  # a picture of a card becomes a cover of the zoo, which takes 500 kB


def evaluate(
    model: Given,
    lr: Images,
    hr: Images,
    out: str | Path | None = None,
    *,
    deconvolution: bool | None = None,
    uncertainty: bool | None = None,
    overwrite: bool = False,
    trusted: bool = False,
    events: Events = SILENT,
) -> Report:
    """Measure a model against interpolation and deconvolution on pairs that it has not seen.

    Parameters
    ----------
    model : str, pathlib.Path or Model
        A run folder, a bundle, the name of a model, or what `open_model` returned.
    lr, hr : str, pathlib.Path, numpy.ndarray, or sequence of these
        Folders of images of equal names, or arrays: (N, Y, X) or (N, frames, Y, X), and (N, sY, sX).
    out : str or pathlib.Path, optional
        Folder for ``metrics.csv``, ``images.csv``, ``uncertainty.csv``, two pictures and ``report.html``. Of
        ``RUN/evaluation/NAME``, figures and pictures enter the card of the bundle.
    deconvolution : bool, optional
        Whether deconvolution is compared with; left out, it is for fluorescence.
    uncertainty : bool, optional
        Whether uncertainty is mapped, by eight further predictions of the middle of at most 30 images; left out, it is
        where the network takes less than a second for a tile. Without `out` nothing shows it.
    overwrite : bool
        Whether files of these names in `out` are replaced.
    trusted : bool
        Whether you know who made a bundle.
    events : dfcan_bmz.events.Events
        Hears of progress and notes.

    Returns
    -------
    Report
        Means as ``report.summary[protocol, method, metric].mean``, a sentence on the model as ``report.verdicts[0]``.

    Raises
    ------
    DfcanError
        If a pair or the model is unfit.

    Examples
    --------
    >>> report = dfcan_bmz.evaluate("runs/actin", "test/lr", "test/hr")
    >>> report.summary["affine", "DFCAN", "psnr"].mean
    """
    with _folder(out, "evaluate", overwrite) as folder:
        report = measure_models([model], lr, hr, deconvolution, _shown(uncertainty, out), trusted, events)
        if folder is not None:
            write_tables(folder, report)
            _draw_worst(folder, report)
            write_report(folder / "report.html", report, events)
    return report


def compare(
    models: Sequence[Given],
    lr: Images,
    hr: Images,
    out: str | Path | None = None,
    *,
    deconvolution: bool | None = None,
    uncertainty: bool | None = None,
    overwrite: bool = False,
    trusted: bool = False,
    events: Events = SILENT,
) -> Report:
    """Measure several models on the same pairs.

    Parameters, result and errors are those of `evaluate`, but for `models`, which are at least two.

    Examples
    --------
    >>> report = dfcan_bmz.compare(["runs/actin", "runs/edsr"], "test/lr", "test/hr", out="comparison")
    """
    if len(models) < 2:
        raise DfcanError("one model cannot be compared: name at least two, or use `dfcan-bmz evaluate`")
    with _folder(out, "compare", overwrite) as folder:
        report = measure_models(models, lr, hr, deconvolution, _shown(uncertainty, out), trusted, events)
        if folder is not None:
            write_tables(folder, report)
            scores = report.measured.scores
            figure = plot_scores(scores, report.summary, report.fields, report.models, report.protocol)
            figure.savefig(folder / "comparison.png", dpi=120)
            write_report(folder / "report.html", report, events)
    return report


def _folder(out: str | Path | None, command: str, overwrite: bool):
    return nullcontext() if out is None else filling(Path(out), command, overwrite, away=[MAPS, UNCERTAINTY])


def _shown(uncertainty: bool | None, out: str | Path | None) -> bool | None:
    return uncertainty if out is not None else bool(uncertainty)  # nobody would see what nobody asked for


def _draw_worst(folder: Path, report: Report) -> None:
    """Draw the image with the lowest PSNR, and the uncertainty of the model's prediction of it."""
    plane, _, predicted = report.measured.worst[0]
    plot_example(plane.lr, plane.hr, predicted, plane.hr_pixel_nm).savefig(folder / "worst.png", dpi=SMALL_DPI)
    if found := report.uncertainty.maps.get((plane.name, report.models[0])):
        plot_trust(found.lr, found.reblurred, found.turned, found.error, None, plane.hr_pixel_nm).savefig(
            folder / MAPS, dpi=SMALL_DPI
        )
