import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

import dfcan_bmz
from dfcan_bmz.evaluation import measure
from dfcan_bmz.evaluation.measure import EvaluatedPlane
from dfcan_bmz.evaluation.trust import reblur
from dfcan_bmz.evaluation.uncertainty import MOST, Middle, evenly, in_orientations, side_of, uncertainty
from dfcan_bmz.events import Events
from dfcan_bmz.images import intensity_range
from dfcan_bmz.metrics import affine, raw
from dfcan_bmz.model import Model
from dfcan_bmz.normalize import scaling_of


def test_the_maps_of_a_crop_belong_to_the_prediction_of_its_plane():
    """The plane is brighter at its border, so that the middle by its own percentiles would be another input."""
    rng = np.random.default_rng(0)
    hr = gaussian_filter(rng.normal(size=(400, 400)), 3)
    hr[:60] += 5
    lr = hr.reshape(200, 2, 200, 2).mean(axis=(1, 3)).astype(np.float32)
    scaling = scaling_of(lr)

    def predict(part, whole):
        return scaling_of(whole).apply(part).repeat(2, axis=0).repeat(2, axis=1) ** 2

    plane = EvaluatedPlane("a", "a", "a", "", None, lr, hr)
    prediction = scaling.undo(predict(lr, lr))
    middle, twice = (slice(44, 156),) * 2, (slice(88, 312),) * 2
    part = Middle(plane, *middle)
    found = uncertainty(part, prediction, in_orientations(part, predict))
    np.testing.assert_allclose(found.turned.mean, scaling.apply(prediction[twice]), atol=1e-4)
    by_itself = reblur(prediction[twice], lr[middle]).error
    low, high = scaling_of(lr[middle])
    share = (high - low) / (scaling.high - scaling.low)
    assert share < 0.5
    np.testing.assert_allclose(found.reblurred.error, share * by_itself, rtol=1e-5)


class Listener(Events):
    """Remembers notes, and of how many steps each work was said to be."""

    def __init__(self):
        self.notes, self.totals = [], {}

    def begin(self, task, total=None, unit=""):
        self.totals[task] = total

    def note(self, line):
        self.notes.append(line)


class Counting:
    """A network that counts the tiles that it is given, and by which a clock goes on."""

    def __init__(self, seconds):
        self.seconds, self.tiles, self.now = seconds, 0, 0.0

    def __call__(self, batch):
        self.tiles += len(batch)
        self.now += self.seconds * len(batch)
        return batch.repeat(2, 1).repeat(2, 2)


@pytest.fixture(scope="module")
def pairs():
    """Three images of 40 x 70 px, which are 2 x 3 tiles of 32 px with a halo of 4 px each."""
    hr = np.stack([gaussian_filter(image, 1.5) for image in np.random.default_rng(0).normal(size=(3, 80, 140))])
    return hr.reshape(3, 40, 2, 70, 2).mean(axis=(2, 4)).astype(np.float32), hr.astype(np.float32)


@pytest.fixture(autouse=True)
def short_report(monkeypatch):
    """One case in detail instead of six: drawing them is what takes time."""
    monkeypatch.setattr(measure, "WORST", 1)


@pytest.mark.parametrize(
    ("asked", "seconds", "mapped", "told"),
    [
        (None, 0.9, True, "a tile takes net 0.9 s: its uncertainty is mapped"),
        (None, 1.1, False, "a tile takes net 1.1 s: no maps of uncertainty, which --uncertainty adds"),
        (True, 1.1, True, None),
        (False, 0.1, False, None),
    ],
)
def test_the_network_sees_every_tile_once_and_eight_times_more_where_uncertainty_is_mapped(
    pairs, tmp_path, monkeypatch, asked, seconds, mapped, told
):
    network, heard = Counting(seconds), Listener()
    monkeypatch.setattr("dfcan_bmz.evaluation.uncertainty.clock", lambda: network.now)
    model = Model("net", network, 2, 32, 4, "own", 0.5)
    dfcan_bmz.evaluate(model, *pairs, tmp_path / "out", deconvolution=False, uncertainty=asked, events=heard)
    assert network.tiles == (1 + 8 * mapped) * 3 * 2 * 3
    for name in ("uncertainty.png", "uncertainty.csv"):
        assert (tmp_path / "out" / name).is_file() == mapped
    html = (tmp_path / "out/report.html").read_text()
    assert ("Uncertainty of net" in html) == mapped
    assert ("Is the disagreement an error bar?" in html) == mapped
    notes = [note for note in heard.notes if "a tile takes" in note]
    assert [note.partition(", which --no-uncertainty")[0] for note in notes] == ([told] if told else [])
    assert all(note in html for note in notes)
    assert all(total for total in heard.totals.values())
    stages = ["checking", "evaluating", *(["mapping uncertainty"] if mapped else []), "drawing the report"]
    assert list(heard.totals) == stages


def test_a_map_of_an_earlier_evaluation_does_not_stay_beside_new_figures(pairs, tmp_path):
    model = Model("net", Counting(0.0), 2, 32, 4, "own", 0.5)
    for asked in (True, False):
        dfcan_bmz.evaluate(model, *pairs, tmp_path, deconvolution=False, uncertainty=asked, overwrite=True)
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.csv", "images.csv", "worst.png", "report.html"}


def test_nothing_is_mapped_where_no_file_would_show_it(pairs):
    network = Counting(0.0)
    report = dfcan_bmz.evaluate(Model("net", network, 2, 32, 4, "own", 0.5), *pairs, deconvolution=False)
    assert report.uncertainty == ({}, [])
    assert network.tiles == 3 * 2 * 3


def read(folder):
    with (folder / "uncertainty.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("target", ["own", "input"])
def test_figures_are_those_of_the_predictions_in_every_orientation(pairs, tmp_path, target):
    """The network adds a ramp from left to right: what it adds turns with the image, and its mean is flat."""

    def network(batch):
        ramp = np.linspace(-0.2, 0.2, 2 * batch.shape[2], dtype=np.float32)[None, None, :, None]
        return batch.repeat(2, 1).repeat(2, 2) * 0.5 + 0.25 + ramp

    lr, hr = (stack[..., :32, :32] if stack.shape[1] == 40 else stack[..., :64, :64] for stack in pairs)
    model = Model("net", network, 2, 48, 8, target, 0.5)
    dfcan_bmz.evaluate(model, lr, hr, tmp_path / "out", deconvolution=False, uncertainty=True)
    rows = read(tmp_path / "out")
    assert len(rows) == 3
    for index, row in enumerate(rows):
        flat = scaling_of(lr[index]).apply(lr[index]).repeat(2, 0).repeat(2, 1) * 0.5 + 0.25
        ramp = np.linspace(-0.2, 0.2, 96)[16:80]
        parts = [np.clip(flat + part, 0, 1) for part in (ramp, -ramp, ramp[:, None], -ramp[:, None])]
        mean, spread, upright = np.mean(parts, axis=0), np.std(parts, axis=0), parts[0]
        undo, peak = scaling_of(lr[index]).undo, intensity_range(hr[index])
        protocol = affine if target == "own" else raw(peak)
        truth, fitted = protocol(hr[index], undo(mean))
        within = np.abs(truth - fitted) <= spread * fitted.std() / mean.std()
        assert float(row["within"]) == pytest.approx(within.mean(), abs=2 / within.size)
        bright = truth > np.quantile(truth, 0.9)
        assert float(row["structure_within"]) == pytest.approx(within[bright].mean(), abs=2 / bright.sum())
        for key, image in (("psnr", upright), ("ensemble_psnr", mean)):
            truth, fitted = protocol(hr[index], undo(image))
            assert float(row[key]) == pytest.approx(-10 * np.log10(np.mean((truth - fitted) ** 2)), abs=1e-3)
        assert float(row["ensemble_psnr"]) > float(row["psnr"])


def test_figures_are_of_images_evenly_through_the_set(pairs, tmp_path, monkeypatch):
    monkeypatch.setattr("dfcan_bmz.evaluation.uncertainty.MOST", 2)
    model = Model("net", Counting(0.0), 2, 32, 4, "own", 0.5)
    dfcan_bmz.evaluate(model, *pairs, tmp_path / "out", deconvolution=False, uncertainty=True)
    assert [row["image"] for row in read(tmp_path / "out")] == ["image0000", "image0001"]


@pytest.mark.parametrize(("tile", "halo", "side"), [(128, 8, 112), (64, 8, 96), (32, 4, 120), (512, 16, 480)])
def test_what_is_mapped_is_of_whole_tiles(tile, halo, side):
    assert side_of(Model("net", Counting(0.0), 2, tile, halo, "own", 0.5)) == side


@given(st.integers(1, 500))
def test_no_more_images_are_counted_than_are_allowed_and_all_where_they_are_few(count):
    images = [str(index) for index in range(count)]
    chosen = sorted(map(int, evenly(images)))
    assert len(chosen) == min(count, MOST)
    assert max(np.diff([*chosen, count])) <= -(-count // MOST)


def test_a_middle_without_anything_in_it_has_no_figures(pairs, tmp_path):
    lr, hr = (np.zeros((1, side, side), np.float32) for side in (160, 320))
    lr[0, :8], hr[0, :16] = 1.0, 1.0
    lr += np.random.default_rng(0).normal(0, 0.01, lr.shape).astype(np.float32)
    model = Model("net", Counting(0.0), 2, 32, 4, "own", 0.5)
    dfcan_bmz.evaluate(model, lr, hr, tmp_path / "out", deconvolution=False, uncertainty=True)
    assert not (tmp_path / "out/uncertainty.csv").exists()


def test_structure_is_what_is_saturated_where_that_is_more_than_a_tenth(pairs, tmp_path):
    lr, hr = (stack[:1, :side, :side] for stack, side in zip(pairs, (32, 64), strict=True))
    hr = np.minimum(hr, np.quantile(hr, 0.7))
    model = Model("net", Counting(0.0), 2, 48, 8, "own", 0.5)
    dfcan_bmz.evaluate(model, lr, hr, tmp_path / "out", deconvolution=False, uncertainty=True)
    assert 0 <= float(read(tmp_path / "out")[0]["structure_within"]) <= 1


def test_a_prediction_that_holds_nan_has_no_figures(pairs, tmp_path):
    model = Model("net", lambda batch: np.full_like(batch.repeat(2, 1).repeat(2, 2), np.nan), 2, 48, 8, "own", 0.5)
    dfcan_bmz.evaluate(model, *pairs, tmp_path / "out", deconvolution=False, uncertainty=True)
    assert not (tmp_path / "out/uncertainty.csv").exists()
