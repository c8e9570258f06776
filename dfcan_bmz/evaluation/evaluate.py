"""Models and a test set to what they come to: scores beside strong baselines, intervals, a verdict."""

import csv
import platform
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import dfcan_bmz
from dfcan_bmz import flaws, run_folder
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.data.pairs import Pair, open_pair
from dfcan_bmz.data.records import frames_in
from dfcan_bmz.data.sources import Images, PairSet, open_set
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.evaluation.baselines import choose_baselines
from dfcan_bmz.evaluation.means import counted
from dfcan_bmz.evaluation.measure import Facts, Measured, Plane, measure, planes_of
from dfcan_bmz.evaluation.overlap import seen_in_training
from dfcan_bmz.evaluation.score import BASELINES, BICUBIC, DECONVOLVED, SMOOTHED, Baselines, Score, chief_protocol
from dfcan_bmz.evaluation.statistics import Comparison, Interval, compare, resamples, summarise
from dfcan_bmz.evaluation.uncertainty import Timed, Uncertainties, map_worst
from dfcan_bmz.evaluation.verdict import verdict
from dfcan_bmz.evaluation.warnings import remarks_warnings, seen_warning, some
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.files import sha256
from dfcan_bmz.images import Frames, Image
from dfcan_bmz.model import Model, open_model
from dfcan_bmz.run_folder import Row

SMALLEST_PX = 16  # the SSIM window is 11 px wide
COMPARED = ("psnr", "ssim", "ms_ssim")

Given = str | Path | Model
METRICS = {
    "psnr": "PSNR (dB)",
    "ssim": "SSIM",
    "ms_ssim": "MS-SSIM",
    "ssim_7x7": "SSIM 7 x 7",
    "pearson": "Pearson",
    "nrmse": "NRMSE",
    "rmse": "RMSE",
    "mse": "MSE",
}


class Report(NamedTuple):
    """What a report tells.

    Attributes
    ----------
    title : str
        Its headline.
    measured : Measured
        Scores, facts and worst cases.
    summary : dict
        Interval by (protocol, method, metric), of the images that count.
    comparisons : list of Comparison
        Each model against its baselines.
    models : list of str
        Their names.
    uncertainty : dict of (str, str) to Uncertainty
        Of the worst cases, by image and model; empty where it was not mapped.
    protocol : str
        The one by which images are ranked.
    baselines : str
        How the baselines were made.
    fields : dict of str to str
        The field of view of each image that counts.
    warnings : list of str
        What a reader must know before any figure.
    histories : dict of str to list of Row
        History of each model's training, where it is known.
    verdicts : list of str
        A sentence on each model: what the evaluation comes to, and what to do next.
    how : list of str
        Lines about models, images and versions.
    """

    title: str
    measured: Measured
    summary: dict[tuple[str, str, str], Interval]
    comparisons: list[Comparison]
    models: list[str]
    uncertainty: Uncertainties
    protocol: str
    baselines: str
    fields: dict[str, str]
    warnings: list[str]
    histories: dict[str, list[Row]]
    verdicts: list[str]
    how: list[str]


def measure_models(
    models: Sequence[Given],
    lr: Images,
    hr: Images,
    deconvolution: bool | None = None,
    uncertainty: bool | None = False,
    trusted: bool = False,
    events: Events = SILENT,
) -> Report:
    """Measure models beside their baselines on pairs of images.

    Parameters
    ----------
    models : sequence of str, pathlib.Path or Model
        Run folders or bundles, or their names; or models that are open, of whose training nothing is known.
    lr, hr : str, pathlib.Path, numpy.ndarray, or sequence of these
        The test set, as `open_set` takes it.
    deconvolution : bool or None
        Whether deconvolution is a baseline; None: where HR images have intensities of their own, as in fluorescence.
    uncertainty : bool or None
        Whether the uncertainty of the worst predictions is mapped; None: where the network is quick.
    trusted : bool
        Whether the authors of bundles are known, as `open_model` has it.
    events : Events
        Hears of progress and notes.

    Raises
    ------
    DfcanError
        If a pair or a model is unfit, or the models have different scale factors.
    """
    found = [model if isinstance(model, Model) else find_model(Path(model)) for model in models]
    with open_set(lr, hr, events) as test_set:
        opened = _opened(found, trusted)
        sources = {name: path for name, path in zip(opened, found, strict=True) if isinstance(path, Path)}
        return _report(sources, opened, test_set, deconvolution, uncertainty, events)


def _report(
    sources: dict[str, Path],
    models: dict[str, Model],
    test_set: PairSet,
    deconvolution: bool | None,
    uncertainty: bool | None,
    events: Events,
) -> Report:
    names, pairs = list(models), test_set.pairs
    scale = _common_scale(models)
    several = [model.frames for model in models.values() if model.frames.number > 1]
    frames = (several[0] if several else frames_in(test_set.config))._replace(number=0)
    sound = {pair: _sound_planes(pair, scale, frames, events) for pair in events.each(pairs, "checking")}
    target = "input" if all(model.target == "input" for model in models.values()) else "own"
    levels = {name: row.get("level") or "" for name, row in test_set.rows.items()}

    def planes() -> Iterator[Plane]:
        found = planes_of(sound, scale, target, levels, frames)
        return found if several else (plane._replace(frames=plane.lr, phases=1) for plane in found)

    known = {model.smoothing_px for model in models.values()}
    smoothing_px = known.pop() if len(known) == 1 else None
    deconvolution = target == "own" if deconvolution is None else deconvolution
    count = sum(map(len, sound.values()))
    baselines, told = choose_baselines(
        lambda: events.each(planes(), "tuning baselines", count), count, scale, target, smoothing_px, deconvolution
    )
    timed = {name: Timed(model.network) for name, model in models.items()}
    models = {name: model._replace(network=timed[name]) for name, model in models.items()}
    seen = _seen(sources.values(), pairs)
    measured = measure(models, events.each(planes(), "evaluating", count), baselines, target, seen)
    seconds = {name: network.seconds for name, network in timed.items()}
    maps, decided = map_worst(measured.worst, models, seconds, uncertainty, events)
    for line in decided:
        events.note(line)
    fields = counted(measured.facts)
    drawn = resamples(len(set(fields.values())), np.random.default_rng(0))
    comparisons = compare(measured.scores, fields, _opponents(names, baselines), COMPARED, drawn)
    histories = {name: rows for name, path in sources.items() if (rows := _history(path))}
    return Report(
        title=f"Evaluation of {names[0]}" if len(names) == 1 else f"Comparison of {', '.join(names)}",
        measured=measured,
        summary=summarise(measured.scores, fields, drawn),
        comparisons=comparisons,
        models=names,
        uncertainty=maps,
        protocol=chief_protocol(target),
        baselines=told,
        fields=fields,
        warnings=[*seen_warning(measured.facts), *_unknown(models, sources), *remarks_warnings(measured.facts)],
        histories=histories,
        verdicts=[_verdict(name, target, comparisons, measured, fields, histories) for name in models],
        how=[*_how(sources, models, pairs), *decided],
    )


def _verdict(
    model: str,
    target: str,
    comparisons: list[Comparison],
    measured: Measured,
    fields: dict[str, str],
    histories: dict[str, list[Row]],
) -> str:
    against = [
        row
        for row in comparisons
        if (row.model, row.protocol, row.metric) == (model, chief_protocol(target), "psnr")
        and row.baseline in BASELINES
    ]
    return verdict(model, against, [fact for fact in measured.facts if fact.image in fields], histories.get(model, []))


def _sound_planes(pair: Pair, scale: int, frames: Frames, events: Events) -> list[int]:
    lr, hr = open_pair(pair, scale, frames)
    events.notes_of((image.path, note) for image in (lr, hr) for note in image.notes)
    refuse_tiny(hr)
    indices, lines = flaws.sound_planes(lr, hr, flaws.scalings_of(lr), flaws.scalings_of(hr))
    for line in lines:
        events.note(line)
    return indices


def refuse_nan(measured: Measured, out: Path) -> None:
    """Raise UnfinishedError if a model predicted NaN: its means are NaN, and everything else was written."""
    broken = [fact.image for fact in measured.facts if "predicts NaN" in fact.remarks]
    if broken:
        raise UnfinishedError(
            f"{len(broken)} of {len(measured.facts)} predictions hold NaN ({some(broken)}), see {out}/images.csv: "
            "the weights are damaged, train again from an earlier epoch"
        )


def write_tables(folder: Path, measured: Measured) -> None:
    """Write ``metrics.csv`` and ``images.csv``."""
    for name, columns, rows in (
        ("metrics.csv", Score._fields, measured.scores),
        ("images.csv", Facts._fields, measured.facts),
    ):
        with (folder / name).open("w", newline="", encoding="utf-8") as lines:
            csv.writer(lines).writerows([columns, *rows])


def _opened(found: list[Path | Model], trusted: bool) -> dict[str, Model]:
    """Models by the name that tables have for them: that of the network where there is one, else those of the files."""
    names = _names(found) if len(found) > 1 else []
    models = [model if isinstance(model, Model) else open_model(model, trusted=trusted) for model in found]
    return dict(zip(names or [models[0].name], models, strict=True))


def _names(found: list[Path | Model]) -> list[str]:
    """Names by which tables tell models apart: those of their files, with the folder where two are equal."""
    names = [one.name if isinstance(one, Model) else one.absolute().name.removesuffix(".zip") for one in found]
    folders = ["" if isinstance(one, Model) else f"{one.absolute().parent.name}/" for one in found]
    longer = [folder + name for folder, name in zip(folders, names, strict=True)]
    chosen = [full if names.count(name) > 1 else name for name, full in zip(names, longer, strict=True)]
    if len(set(chosen)) < len(chosen):
        raise DfcanError(f"two of the models have the same name ({', '.join(chosen)}): rename one of them")
    if taken := set(chosen).intersection(BASELINES):
        raise DfcanError(
            f"a model cannot be called {taken.pop()}, which is the name of a baseline: rename its file or folder"
        )
    return chosen


def _common_scale(models: dict[str, Model]) -> int:
    scales = {name: model.scale for name, model in models.items()}
    if len(set(scales.values())) > 1:
        told = ", ".join(f"{name} {scale}" for name, scale in scales.items())
        raise DfcanError(f"the models have different scale factors ({told}): compare models with the same factor")
    return next(iter(scales.values()))


def refuse_tiny(image: Image) -> None:
    """Raise DfcanError if an image is too small for SSIM, or for a spectrum of more than a few rings."""
    if min(image.pixels.shape[-2:]) < SMALLEST_PX:
        raise DfcanError(f"{image.path} is smaller than {SMALLEST_PX} px, too small to be evaluated: leave it out")


def _opponents(models: list[str], baselines: Baselines) -> list[tuple[str, str]]:
    """Each model with every baseline, and with every model named before it."""
    simple = [BICUBIC, SMOOTHED, *([DECONVOLVED] if baselines.deconvolution else [])]
    return [(model, baseline) for index, model in enumerate(models) for baseline in [*simple, *models[:index]]]


def _seen(paths: Iterable[Path], pairs: list[Pair]) -> dict[str, str]:
    seen: dict[str, str] = {}
    for path in paths:
        if (path / "provenance.json").is_file():
            seen |= seen_in_training(pairs, run_folder.read_provenance(path))
    return seen


def _unknown(models: Iterable[str], paths: dict[str, Path]) -> Iterator[str]:
    for name in models:
        if name not in paths or not (paths[name] / "provenance.json").is_file():
            what = paths[name].name if name in paths else "an open model"
            yield f"it is unknown whether {name} was trained on these images: {what} lists no training files"


def _history(path: Path) -> list[Row]:
    return run_folder.read_history(path) if path.is_dir() else []


def _how(paths: dict[str, Path], models: dict[str, Model], pairs: list[Pair]) -> list[str]:
    lines = []
    for name, model in models.items():
        came = model.name
        if name in paths:
            weights = run_folder.weights(paths[name]) if paths[name].is_dir() else paths[name]
            came = f"{weights.name} of {paths[name].absolute().name}, SHA-256 {sha256(weights)[:16]}"
        lines.append(f"Model {name}: {came}; x{model.scale}, tiles of {model.tile} px with a halo of {model.halo} px")
    return [
        *lines,
        f"Test set: {len(pairs)} pairs, from {pairs[0].name} to {pairs[-1].name}; SHA-256 of each file compared "
        "with those of the training, where the run folder lists them",
        f"dfcan_bmz {dfcan_bmz.__version__}, Python {platform.python_version()}, NumPy {np.__version__}",
    ]
