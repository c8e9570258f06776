import weakref

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dfcan_bmz.deconvolution import CANDIDATES
from dfcan_bmz.evaluation import baselines as tuning
from dfcan_bmz.evaluation import measure as measuring
from dfcan_bmz.evaluation.baselines import choose_baselines
from dfcan_bmz.evaluation.measure import EvaluatedPlane, measure
from dfcan_bmz.evaluation.score import Baselines
from dfcan_bmz.model import Model


def enlarging(name, spoil=lambda output: output):
    return Model(name, lambda batch: spoil(batch.repeat(2, 1).repeat(2, 2)), 2, 48, 4, "own", 0.5)


@pytest.fixture
def planes():
    """Three fields at two light levels, the last one negative in places; field "b" is hard for any method."""
    rng = np.random.default_rng(0)
    found = []
    for field in "abc":
        hr = gaussian_filter(rng.normal(size=(64, 64)), 0.5 if field == "b" else 3)
        lr = hr.reshape(32, 2, 32, 2).mean(axis=(1, 3))
        if field != "c":
            hr, lr = hr - hr.min(), lr - hr.min() + 0.1
        for level in "12":
            noisy = (lr + rng.uniform(0, 0.02 / int(level), lr.shape)).astype(np.float32)
            found.append(
                EvaluatedPlane(f"{field}{level}", f"{field}{level}", field, level, None, noisy, hr.astype(np.float32))
            )
    return found


def test_worst_cases_and_the_series_of_an_unseen_field(planes, monkeypatch):
    monkeypatch.setattr(measuring, "WORST", 3)
    models = {"m": enlarging("m")}
    found = measure(models, planes, Baselines(0.5, None), "own", {"a1": "x of the training set", "a2": "x"})
    assert [case.plane.field for case in found.worst][:2] == ["b", "b"]
    assert [case.psnr for case in found.worst] == sorted(case.psnr for case in found.worst)
    assert [case.plane.name for case in found.series] == ["b1", "b2"]
    assert [fact.seen for fact in found.facts] == ["x of the training set", "x", "", "", "", ""]
    assert [("negative pixels" in fact.remarks) for fact in found.facts] == [False] * 4 + [True] * 2
    assert len(found.scores) == 6 * 3 * (2 * 8 + 2)


def test_of_a_stack_the_series_has_one_plane_a_level(planes):
    """A field of stacks has many planes at each level, and all of them with their predictions are too much to keep."""
    stacks = [plane._replace(name=f"{plane.name}[{index + 1}]") for plane in planes for index in range(3)]
    found = measure({"m": enlarging("m")}, stacks, Baselines(0.5, None), "own", {})
    assert [case.plane.name for case in found.series] == ["a1[1]", "a2[1]"]


def test_a_model_that_predicts_nan_is_the_worst(planes, monkeypatch):
    monkeypatch.setattr(measuring, "WORST", 1)
    broken = enlarging("broken", lambda output: np.where(output[..., :1, :1, :] > 0.2, np.nan, output))
    found = measure({"good": enlarging("good"), "broken": broken}, planes, Baselines(0.5, None), "own", {})
    spoilt = [fact.image for fact in found.facts if "broken predicts NaN" in fact.remarks]
    assert len(spoilt) > 0
    assert found.worst[0].plane.name in spoilt
    assert np.isnan(found.worst[0].psnr)
    assert not any("good predicts" in fact.remarks for fact in found.facts)


def test_baselines_are_tuned_where_nobody_has(planes):
    def begin():
        return iter(planes)

    baselines, told = choose_baselines(begin, 6, 2, "own", 0.7, deconvolution=False)
    assert baselines == Baselines(0.7, None)
    assert "0.7 LR px" in told
    assert "validation images" in told
    baselines, told = choose_baselines(begin, 6, 2, "own", None, deconvolution=True)
    assert baselines.deconvolution in CANDIDATES
    assert told.count("in its favour") == 2


@pytest.mark.parametrize(("count", "chosen"), [(3, [0, 1, 2]), (11, [0, 1, 3, 5, 7, 9]), (60, [0, 10, 20, 30, 40, 50])])
def test_a_deconvolution_is_tuned_on_planes_from_everywhere_held_one_at_a_time(planes, monkeypatch, count, chosen):
    read, most, tuned_on = [], [], []

    def begin():
        for index in range(count):
            plane = planes[0]._replace(frames=planes[0].lr + index, hr=planes[0].hr + index)
            read.append(weakref.ref(plane.lr))
            most.append(sum(reference() is not None for reference in read))
            yield plane

    def best(crops, scale, target):
        tuned_on.extend(round(float((lr - planes[0].lr).mean())) for lr, _ in crops)
        return CANDIDATES[0]

    monkeypatch.setattr(tuning, "best_deconvolution", best)
    choose_baselines(begin, count, 2, "own", 0.7, deconvolution=True)
    assert tuned_on == chosen
    assert max(most) <= 3  # the one that is read, the one before, and the crop of one
