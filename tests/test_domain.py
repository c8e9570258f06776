import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz.domain import describe_domain, outside_domain
from dfcan_bmz.fingerprint import middle, signal_to_noise
from dfcan_bmz.model import open_model
from dfcan_bmz.simulation import camera
from dfcan_bmz.simulation.fields import BIOSR, simulate_field

LR_PIXEL_NM = BIOSR.pixel_nm


def fields(structure, count, seed, levels=2):
    drawn = [simulate_field(structure, 96, 2, levels, 0.0, np.random.default_rng([seed, i]))[1] for i in range(count)]
    return [(f"field {index}", plane) for index, planes in enumerate(drawn) for plane in planes]


@pytest.fixture(scope="module")
def actin():
    return describe_domain(fields("actin", 8, seed=0), [LR_PIXEL_NM])


@given(sigma=st.floats(0.5, 20))
def test_signal_to_noise_is_that_of_the_simulation(sigma):
    rng = np.random.default_rng(0)
    plane = np.where(np.arange(128)[:, None] < 64, 0.0, 100.0) + rng.normal(0, sigma, (128, 128))
    assert signal_to_noise(plane) == pytest.approx(100 / sigma, rel=0.1, abs=0.5)


def test_signal_to_noise_has_no_units_and_a_limit():
    _, plane = fields("actin", 1, seed=1)[0]
    assert signal_to_noise(3.0 * plane + 7) == pytest.approx(signal_to_noise(plane))
    assert signal_to_noise(np.repeat(np.arange(64.0)[:, None], 64, axis=1)) == pytest.approx(1e4)


def test_other_fields_of_the_same_kind_are_inside(actin):
    for _, plane in fields("actin", 5, seed=7):
        assert outside_domain(plane, LR_PIXEL_NM, actin) == []


@pytest.mark.parametrize("structure", ["ccps", "er"])
def test_other_structures_are_outside(actin, structure):
    for _, plane in fields(structure, 3, seed=7):
        assert outside_domain(plane, LR_PIXEL_NM, actin)


def test_another_pixel_size_is_named_if_both_are_known(actin):
    _, plane = fields("actin", 1, seed=7)[0]
    assert outside_domain(plane, 65.0, actin) == []
    assert outside_domain(plane, None, actin) == []
    assert outside_domain(plane, 100.0, actin) == ["its pixels are 100 nm, the model was trained on 62.6 nm"]


def test_much_less_light_is_named(actin):
    _, plane = fields("actin", 1, seed=7, levels=1)[0]  # 600 photons
    dim = camera.expose(np.maximum(plane - 100.0, 0) / np.ptp(plane) * 3, np.random.default_rng(0))
    assert any("signal-to-noise" in reason for reason in outside_domain(dim, LR_PIXEL_NM, actin))


def test_nothing_is_said_where_nothing_is_known():
    plane = np.random.default_rng(0).uniform(size=(20, 20))
    assert outside_domain(plane, 62.6, None) == []
    assert outside_domain(plane, 62.6, describe_domain([("a", plane)], [None])) == []


def test_a_large_training_is_described_by_few_planes():
    rng = np.random.default_rng(0)
    planes = [(str(index), rng.normal(0, 1 + index, (24, 24)) + 100 * (np.arange(24) > 12)) for index in range(60)]
    domain = describe_domain(planes, [])
    assert len(domain["fingerprints"]) == 24
    assert all(outside_domain(plane, None, domain) == [] for _, plane in planes)


def test_only_the_middle_of_a_large_plane_is_looked_at():
    assert middle((2000, 1001)) == (slice(488, 1512), slice(0, 1001))
    rng = np.random.default_rng(0)
    framed = rng.normal(0, 100, (1100, 1100))
    framed[middle(framed.shape)] = np.tile(fields("actin", 1, seed=7)[0][1][:64, :64], (16, 16))
    small, large = describe_domain([("a", framed)], []), describe_domain([("a", framed[middle(framed.shape)])], [])
    assert small == large


@pytest.mark.parametrize("spots", [0, 1])
def test_a_plane_whose_middle_is_flat_says_nothing(actin, spots):
    rng = np.random.default_rng(0)
    framed = rng.normal(0, 100, (1100, 1100))
    framed[middle(framed.shape)] = 7
    framed[500, 500] += spots
    planes = fields("actin", 2, seed=0)
    assert describe_domain([*planes, ("framed", framed)], []) == describe_domain(planes, [])
    assert outside_domain(framed, LR_PIXEL_NM, actin) == []


def test_run_folders_and_bundles_know_what_the_training_saw(tiny_run, tiny_bundle):
    of_run = open_model(tiny_run).domain
    assert of_run["pixel_sizes_nm"] == [LR_PIXEL_NM]
    assert of_run == json.loads((tiny_run / "provenance.json").read_text())["domain"]
    assert open_model(tiny_bundle).domain == of_run
