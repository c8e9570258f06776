"""How sure a mean and a difference are, given how few fields of view there are.

The unit is the field of view: light levels and planes of one field are no independent samples, so that each field
enters with the mean of its images.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dfcan_bmz.evaluation.score import Score

# with five fields no two-sided signed-rank test can reach 0.05, and a resampled interval means nothing
FEWEST_FIELDS = 6
RESAMPLES = 2000
CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean over `fields` fields of view, and its 95 % interval; None where there are too few of them."""

    mean: float
    low: float | None
    high: float | None
    fields: int


class Paired(NamedTuple):
    """A model against a baseline on the same images.

    Attributes
    ----------
    difference : Interval
        Model less baseline.
    better : int
        Fields in which the model has the larger value.
    p : float or None
        Of Wilcoxon's signed-rank test, two-sided; None where there are too few fields.
    """

    difference: Interval
    better: int
    p: float | None


def field_means(values: Mapping[str, float], fields: Mapping[str, str]) -> dict[str, float]:
    """Mean of the images of each field of view.

    Parameters
    ----------
    values : mapping of str to float
        A value for each image.
    fields : mapping of str to str
        The field of view of each image.
    """
    grouped: dict[str, list[float]] = {}
    for image, value in values.items():
        grouped.setdefault(fields[image], []).append(value)
    return {field: float(np.mean(found)) for field, found in grouped.items()}


def resamples(count: int, rng: np.random.Generator) -> np.ndarray | None:
    """Draw `count` of as many fields, `RESAMPLES` times, (RESAMPLES, count); None where there are too few.

    One draw serves all methods and metrics of a test set, so that equal values have equal intervals.
    """
    return rng.integers(count, size=(RESAMPLES, count)) if count >= FEWEST_FIELDS else None


def interval(values: np.ndarray, drawn: np.ndarray | None) -> Interval:
    """Mean of the fields' values and its percentile bootstrap interval (Efron 1979); a NaN makes all of it NaN."""
    count, mean = len(values), float(np.mean(values))
    if drawn is None:
        return Interval(mean, None, None, count)
    means = np.mean(values[drawn], axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(mean, float(low), float(high), count)


def paired(model: Mapping[str, float], baseline: Mapping[str, float], drawn: np.ndarray | None) -> Paired:
    """Compare the values of a model and of a baseline, each by field of view."""
    differences = np.array([model[field] - baseline[field] for field in model])
    p = None
    if drawn is not None and np.isfinite(differences).all():
        from scipy.stats import wilcoxon  # slow to import; `models` reads means alone

        p = float(wilcoxon(differences).pvalue) if differences.any() else 1.0
    return Paired(interval(differences, drawn), int(np.sum(differences > 0)), p)


class Comparison(NamedTuple):
    """One row of the table of differences."""

    protocol: str
    model: str
    baseline: str
    metric: str
    result: Paired


def summarise(
    scores: list[Score], fields: Mapping[str, str], drawn: np.ndarray | None
) -> dict[tuple[str, str, str], Interval]:
    """Mean and interval by (protocol, method, metric), in order of appearance.

    Parameters
    ----------
    scores : list of Score
        All scores; those of images that `fields` does not name are left out.
    fields : mapping of str to str
        The field of view of each image that counts.
    drawn : numpy.ndarray or None
        What `resamples` returned for the number of fields.
    """
    means = _by_field(scores, fields)
    return {key: interval(np.array(list(of_fields.values())), drawn) for key, of_fields in means.items()}


def compare(
    scores: list[Score],
    fields: Mapping[str, str],
    pairs: list[tuple[str, str]],
    metrics: Sequence[str],
    drawn: np.ndarray | None,
) -> list[Comparison]:
    """Hold each (model, baseline) of `pairs` against each other under every protocol, by each of `metrics`."""
    by_field = _by_field([score for score in scores if score.metric in metrics], fields)
    protocols = dict.fromkeys(protocol for protocol, _, _ in by_field)
    return [
        Comparison(
            protocol,
            model,
            baseline,
            metric,
            paired(by_field[protocol, model, metric], by_field[protocol, baseline, metric], drawn),
        )
        for protocol in protocols
        for model, baseline in pairs
        for metric in metrics
    ]


def _by_field(scores: list[Score], fields: Mapping[str, str]) -> dict[tuple[str, str, str], dict[str, float]]:
    """Means of the fields that count by (protocol, method, metric)."""
    values: dict[tuple[str, str, str], dict[str, float]] = {}
    for score in scores:
        if score.image in fields:
            values.setdefault((score.protocol, score.method, score.metric), {})[score.image] = score.value
    return {key: field_means(by_image, fields) for key, by_image in values.items()}
