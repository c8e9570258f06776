import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import dfcan_bmz
from dfcan_bmz.evaluation import measure
from dfcan_bmz.evaluation.measure import EvaluatedPlane
from dfcan_bmz.evaluation.trust import reblur
from dfcan_bmz.evaluation.uncertainty import LARGEST_PX, uncertainty
from dfcan_bmz.events import Events
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
    found = uncertainty(plane, prediction, predict)
    middle = (slice(36, 36 + LARGEST_PX),) * 2
    twice = (slice(72, 72 + 2 * LARGEST_PX),) * 2
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
        (None, 0.9, True, "a tile takes net 0.9 s: the worst images have maps of uncertainty"),
        (None, 1.1, False, "a tile takes net 1.1 s: no maps of uncertainty, which --uncertainty adds"),
        (True, 1.1, True, None),
        (False, 0.1, False, None),
    ],
)
def test_the_network_sees_every_tile_once_and_eight_times_more_for_each_map(
    pairs, tmp_path, monkeypatch, asked, seconds, mapped, told
):
    network, heard = Counting(seconds), Listener()
    monkeypatch.setattr("dfcan_bmz.evaluation.uncertainty.clock", lambda: network.now)
    model = Model("net", network, 2, 32, 4, "own", 0.5)
    dfcan_bmz.evaluate(model, *pairs, tmp_path / "out", deconvolution=False, uncertainty=asked, events=heard)
    assert network.tiles == (3 + 8 * mapped) * 2 * 3
    assert (tmp_path / "out/uncertainty.png").is_file() == mapped
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
    assert report.uncertainty == {}
    assert network.tiles == 3 * 2 * 3
