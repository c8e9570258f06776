"""Models and a test set to what they come to: scores beside strong baselines, intervals, a verdict."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dfcan_bmz import flaws
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.data.pairs import Pair, open_pair
from dfcan_bmz.data.records import frames_in
from dfcan_bmz.data.sources import Images, PairSet, open_set
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.evaluation.baselines import choose_baselines
from dfcan_bmz.evaluation.coverage import Orientations
from dfcan_bmz.evaluation.means import counted
from dfcan_bmz.evaluation.measure import EvaluatedPlane, Facts, Measured, measure, planes_of
from dfcan_bmz.evaluation.origins import common_scale, history, how, open_models, seen_by, unknown
from dfcan_bmz.evaluation.score import BICUBIC, DECONVOLVED, SMOOTHED, Baselines, Score, chief_protocol
from dfcan_bmz.evaluation.statistics import Comparison, Interval, compare, resamples, summarise
from dfcan_bmz.evaluation.uncertainty import Mapped, Timed, evenly, map_uncertainty, wanted
from dfcan_bmz.evaluation.verdict import verdict
from dfcan_bmz.evaluation.warnings import remarks_warnings, seen_warning, some
from dfcan_bmz.events import SILENT, Events
from dfcan_bmz.files import write_table
from dfcan_bmz.images import Frames, Image
from dfcan_bmz.model import Model
from dfcan_bmz.run_folder import UNCERTAINTY, Row

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
    uncertainty : Mapped
        Maps of the worst cases, and figures; empty where it was not mapped.
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
    uncertainty: Mapped
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

    Parameters and errors are those of `dfcan_bmz.compare`; of the training of a model that is open, nothing is known.
    """
    found = [model if isinstance(model, Model) else find_model(Path(model)) for model in models]
    with open_set(lr, hr, events) as test_set:
        opened = open_models(found, trusted)
        sources = {name: path for name, path in zip(opened, found, strict=True) if isinstance(path, Path)}
        return _report(sources, opened, test_set, deconvolution, uncertainty, events)


@dataclass(frozen=True)
class _Test:
    """Pairs with the planes of them that can be compared, and how all models read them."""

    sound: dict[Pair, list[int]]
    scale: int
    target: str
    levels: dict[str, str]
    frames: Frames
    raw: bool  # whether a model takes several frames of an image

    @property
    def count(self) -> int:
        return sum(map(len, self.sound.values()))

    def planes(self, names: Container[str] | None = None) -> Iterator[EvaluatedPlane]:
        found = planes_of(self.sound, self.scale, self.target, self.levels, self.frames, names)
        return found if self.raw else (plane._replace(frames=plane.lr, phases=1) for plane in found)


def _test(models: dict[str, Model], test_set: PairSet, events: Events) -> _Test:
    scale = common_scale(models)
    several = [model.frames for model in models.values() if model.frames.number > 1]
    frames = (several[0] if several else frames_in(test_set.config))._replace(number=0)
    sound = {pair: _sound_planes(pair, scale, frames, events) for pair in events.each(test_set.pairs, "checking")}
    target = "input" if all(model.target == "input" for model in models.values()) else "own"
    levels = {name: row.get("level") or "" for name, row in test_set.rows.items()}
    return _Test(sound, scale, target, levels, frames, bool(several))


def _baselines(
    test: _Test, models: dict[str, Model], deconvolution: bool | None, events: Events
) -> tuple[Baselines, str]:
    known = {model.smoothing_px for model in models.values()}
    return choose_baselines(
        lambda: events.each(test.planes(), "tuning baselines", test.count),
        test.count,
        test.scale,
        test.target,
        known.pop() if len(known) == 1 else None,
        test.target == "own" if deconvolution is None else deconvolution,
    )


def _report(
    sources: dict[str, Path],
    models: dict[str, Model],
    test_set: PairSet,
    deconvolution: bool | None,
    uncertainty: bool | None,
    events: Events,
) -> Report:
    names, pairs = list(models), test_set.pairs
    test = _test(models, test_set, events)
    baselines, told = _baselines(test, models, deconvolution, events)
    timed = {name: Timed(model.network) for name, model in models.items()}
    models = {name: model._replace(network=timed[name]) for name, model in models.items()}
    seen = seen_by(sources.values(), pairs)
    measured = measure(models, events.each(test.planes(), "evaluating", test.count), baselines, test.target, seen)
    mapped, decided = wanted({name: network.seconds for name, network in timed.items()}, uncertainty)
    for line in decided:
        events.note(line)
    fields, chief = counted(measured.facts), chief_protocol(test.target)
    maps = _mapped({name: models[name] for name in mapped}, test, measured, evenly(fields), events)
    evaluated = [fact for fact in measured.facts if fact.image in fields]
    drawn = resamples(len(set(fields.values())), np.random.default_rng(0))
    comparisons = compare(measured.scores, fields, _opponents(names, baselines), COMPARED, drawn)
    histories = {name: rows for name, path in sources.items() if (rows := history(path))}
    return Report(
        title=f"Evaluation of {names[0]}" if len(names) == 1 else f"Comparison of {', '.join(names)}",
        measured=measured,
        summary=summarise(measured.scores, fields, drawn),
        comparisons=comparisons,
        models=names,
        uncertainty=maps,
        protocol=chief,
        baselines=told,
        fields=fields,
        warnings=[*seen_warning(measured.facts), *unknown(models, sources), *remarks_warnings(measured.facts)],
        histories=histories,
        verdicts=[verdict(name, comparisons, chief, evaluated, histories.get(name, [])) for name in models],
        how=[*how(sources, models, pairs), *decided],
    )


def _mapped(models: dict[str, Model], test: _Test, measured: Measured, counted: set[str], events: Events) -> Mapped:
    if not models:
        return Mapped({}, [])
    names = counted | {case.plane.name for case in measured.worst}
    planes = events.each(test.planes(names), "mapping uncertainty", len(names))
    return map_uncertainty(models, planes, measured.worst, counted, test.target)


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


def write_tables(folder: Path, report: Report) -> None:
    """Write ``metrics.csv``, ``images.csv`` and, where uncertainty was mapped, ``uncertainty.csv``."""
    write_table(folder / "metrics.csv", Score._fields, report.measured.scores)
    write_table(folder / "images.csv", Facts._fields, report.measured.facts)
    if report.uncertainty.rows:
        write_table(folder / UNCERTAINTY, Orientations._fields, report.uncertainty.rows)


def refuse_tiny(image: Image) -> None:
    """Raise DfcanError if an image is too small for SSIM, or for a spectrum of more than a few rings."""
    if min(image.pixels.shape[-2:]) < SMALLEST_PX:
        raise DfcanError(f"{image.path} is smaller than {SMALLEST_PX} px, too small to be evaluated: leave it out")


def _opponents(models: list[str], baselines: Baselines) -> list[tuple[str, str]]:
    """Each model with every baseline, and with every model named before it."""
    simple = [BICUBIC, SMOOTHED, *([DECONVOLVED] if baselines.deconvolution else [])]
    return [(model, baseline) for index, model in enumerate(models) for baseline in [*simple, *models[:index]]]
