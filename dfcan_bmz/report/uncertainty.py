"""Maps and figures of the uncertainty of a model's predictions, without ground truth."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from dfcan_bmz import flaws, images
from dfcan_bmz.domain import distances, outside_domain
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.evaluation.evaluate import refuse_tiny
from dfcan_bmz.evaluation.trust import Disagreement, Reblur, disagreement, reblur
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.files import write_table
from dfcan_bmz.fingerprint import fingerprint, signal_to_noise
from dfcan_bmz.images import Image
from dfcan_bmz.images.selection import find_sources
from dfcan_bmz.model import Model, open_model
from dfcan_bmz.names import legible
from dfcan_bmz.normalize import Scaling, within_float32
from dfcan_bmz.prediction.tiles import predict_plane
from dfcan_bmz.report.trust import plot_trust
from dfcan_bmz.resolution import HALF_IMAGES, crossing, decorrelation, period, split_correlation
from dfcan_bmz.staging import filling


class PlaneUncertainty(NamedTuple):
    """One row of ``trust.csv``.

    Periods, in `unit`, are the finest that the LR image (Fourier ring correlation of its halves) and the prediction
    (decorrelation analysis) hold. `disagreement` and `error_bar`, in units of the prediction (0..1), are means of their
    maps; `error_bar` is NaN where the model's uncertainty was not evaluated. `distance` is that from the training
    images, 1 for the farthest of them from one another and NaN where nothing is known of them; `outside` says why the
    image is outside of what the model has seen.
    """

    image: str
    signal_to_noise: float
    lr_period: float
    prediction_period: float
    unit: str
    reblur_sigma_px: float
    reblur_pearson: float
    reblur_rmse: float
    disagreement: float
    error_bar: float
    distance: float
    outside: str


def map_uncertainty(
    model: Path,
    inputs: list[Path],
    out: Path,
    overwrite: bool = False,
    trusted: bool = False,
    events: Events = SILENT,
) -> tuple[list[PlaneUncertainty], list[str]]:
    """Write maps of the uncertainty of a model's predictions.

    Parameters
    ----------
    model : pathlib.Path
        Run folder or bundle, or its name.
    inputs : list of pathlib.Path
        Images, folders of them, or patterns.
    out : pathlib.Path
        Folder to write.
    overwrite, trusted : bool
        Whether files in `out` are replaced, and whether the author of a bundle is known.
    events : Events
        Hears of progress and notes.

    Returns
    -------
    rows : list of PlaneUncertainty
        Of each plane.
    problems : list of str
        Of each image that was left out.

    Raises
    ------
    DfcanError
        If none of the images can be predicted, or `out` is there already.
    """
    sources = find_sources(inputs)
    for line in images.left_out(*filter(images.is_folder_of_images, inputs)):
        events.note(line)
    stems = [images.stem_of(source) for source in sources]
    if doubled := {stem for stem in stems if stems.count(stem) > 1}:
        raise DfcanError(f"two images are called {legible(min(doubled))}: give them in separate runs")
    rows: list[PlaneUncertainty] = []
    problems: list[str] = []
    notes: list[str] = []
    noted: list[tuple[Path, str]] = []
    with filling(out, "trust", overwrite) as folder:
        predictor = open_model(model, trusted=trusted)
        for source in events.each(sources, "mapping"):
            try:
                image = images.open_lazily(source, predictor.frames)
                noted += [(source, note) for note in image.notes]
                refuse_tiny(image)
                scalings = flaws.scalings_of(image)
                flaws.refuse_flawed(source, scalings)
                notes += flaws.told(source, scalings, "blank in the maps")
                rows += _write_maps(folder, images.stem_of(source), image, scalings, predictor)
            except DfcanError as error:
                problems.append(str(error))
        if not rows:
            raise DfcanError(problems[0])
        write_table(folder / "trust.csv", PlaneUncertainty._fields, rows)
    for note in notes:
        events.note(note)
    events.notes_of(noted)
    return rows, problems


class _Mapped(NamedTuple):
    """Of one plane, in intensities that float32 holds: (Y, X), and the maps."""

    lr: np.ndarray
    reblurred: Reblur
    turned: Disagreement


def _write_maps(folder: Path, stem: str, image: Image, scalings: list[Scaling], model: Model) -> list[PlaneUncertainty]:
    rows: list[PlaneUncertainty] = []
    (height, width), s = image.size, model.scale
    fine = {"disagreement": 1.0} | ({"error_bar": model.error_bar} if model.error_bar else {})  # times the spread
    maps: dict[str, list[np.ndarray]] = {name: [] for name in ("reblurring", "correlation", *fine)}
    for index, scaling in enumerate(scalings):
        if scaling.flaw:
            for name, found in maps.items():
                found.append(np.zeros((s * height, s * width) if name in fine else (height, width)))
            continue
        plane = _mapped(image, within_float32(image.planes[index], scaling), model)
        if not rows:
            hr_pixel_nm = image.pixel_size_nm and image.pixel_size_nm / s
            figure = plot_trust(plane.lr, plane.reblurred, plane.turned, None, model.error_bar, hr_pixel_nm)
            figure.savefig(folder / f"{stem}_trust.png", dpi=110)
        spreads = (plane.turned.spread * factor for factor in fine.values())
        drawn = (plane.reblurred.error, plane.reblurred.correlation, *spreads)
        for found, one in zip(maps.values(), drawn, strict=True):
            found.append(one)
        name = legible(stem) if image.axes == "YX" else f"{legible(stem)}[{index + 1}]"
        rows.append(_row(name, plane, image.pixel_size_nm, model))
    for name, planes in maps.items():
        stack = np.stack(planes).astype(np.float32).reshape(*image.stack, *planes[0].shape)
        calibration = image.calibration.finer(s) if name in fine else image.calibration
        images.write(folder / f"{stem}_{name}.tif", stack, image.axes, calibration)
    return rows


def _mapped(image: Image, frames: np.ndarray, model: Model) -> _Mapped:
    turned = disagreement(lambda turned: predict_plane(model, turned), frames, image.phases)
    if not np.isfinite(turned.upright).all():
        raise DfcanError(f"the prediction of {image.path} holds NaN: the weights are damaged, train again")
    lr = images.mean_frame(frames)
    return _Mapped(lr, reblur(turned.upright, lr), turned)


def _row(name: str, plane: _Mapped, pixel_size_nm: float | None, model: Model) -> PlaneUncertainty:
    far = distances(fingerprint(plane.lr), model.domain) if model.domain else {}
    row = PlaneUncertainty(
        name,
        signal_to_noise(plane.lr),
        period(crossing(*split_correlation(plane.lr), HALF_IMAGES), pixel_size_nm),
        # the LR pixel is the unit of both where its size is not known
        period(decorrelation(plane.turned.upright) * model.scale, pixel_size_nm),
        "nm" if pixel_size_nm else "LR px",
        plane.reblurred.sigma_px,
        plane.reblurred.pearson,
        plane.reblurred.rmse,
        float(plane.turned.spread.mean()),
        float(plane.turned.spread.mean()) * (model.error_bar or np.nan),
        max(far.values(), default=np.nan),
        "; ".join(outside_domain(plane.lr, pixel_size_nm, model.domain)),
    )
    return PlaneUncertainty._make(float(f"{cell:.4g}") if isinstance(cell, float) else cell for cell in row)
