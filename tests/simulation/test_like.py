"""A simulation that fits itself to images."""

import numpy as np
import pytest
import tifffile
import yaml

from dfcan_bmz import images
from dfcan_bmz.commands import simulate
from dfcan_bmz.console import screen
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.sets import like
from dfcan_bmz.simulation import fit as fitting
from dfcan_bmz.simulation import regression
from dfcan_bmz.simulation.description import total
from dfcan_bmz.simulation.fields import simulate_field
from dfcan_bmz.simulation.fit import Knob, fit
from dfcan_bmz.simulation.measure import measure
from dfcan_bmz.simulation.settings import default_simulation, read_simulation, write_simulation

SMALL = {"pairs": 2, "size": 48, "scale": 2, "levels": 2}


@pytest.fixture
def short_fit(monkeypatch):
    monkeypatch.setattr(regression, "WIDTHS", (0.25,))
    monkeypatch.setattr(regression, "DRAWS", 40)
    monkeypatch.setattr(fitting, "CHECKED", 2)
    monkeypatch.setattr(like, "DEPICTED", 4)


@pytest.fixture
def real(tmp_path):
    """Images as a user has them, of a microscope unlike the simulator's own."""
    microscope = default_simulation("er").with_values(pixel_nm=80.0, na=1.2, emission_nm=600.0).microscope
    (tmp_path / "real").mkdir()
    for index in range(2):
        _, lr = simulate_field("er", 64, 2, 1, 2.0, np.random.default_rng([9, index]), microscope)
        images.write(tmp_path / "real" / f"{index}.tif", lr[0], calibration=images.Calibration.square(80.0))
    return tmp_path / "real"


def test_a_fit_finds_haze_again_and_again_and_leaves_alone_what_images_do_not_tell(short_fit, monkeypatch):
    monkeypatch.setattr(regression, "DRAWS", 24)
    start = default_simulation("microtubules").with_values(haze=1.0, density_spread=0.0, haze_spread=0.0)
    seen = like.simulated(start.with_values(haze=6.0, spot_labels=900.0), 64, [600.0], 3, seed=5)
    measured = measure([tile[None].astype(float) for tile in seen])
    # there are no spots: how bright they are changes nothing
    knobs = [Knob("haze", 0.05, 12.0, True), Knob("spot_labels", 20.0, 2000.0, True)]
    found, again = (fit(start, measured, knobs, np.random.default_rng(0)) for _ in range(2))
    assert total(found.after) < 0.8 * total(found.before)
    assert 2 < found.simulation.haze < 12
    assert found.simulation.specimen.spot_labels == start.specimen.spot_labels
    assert list(found.spread) == ["haze"]
    assert again == found


def test_simulate_like_writes_pairs_and_a_file_that_makes_them_again(real, tmp_path, short_fit, capsys):
    simulate.run(tmp_path / "out", "er", **SMALL, like=[real])
    told = yaml.safe_load((tmp_path / "out" / "simulation.yaml").read_text())
    origin = {name: entry["from"] for name, entry in told["parameters"].items()}
    assert origin["pixel_nm"] == "metadata"
    assert origin["gain_counts"] == origin["na"] == "measured"
    assert origin["haze"] == "fitted"
    assert {origin["tube_bend"], origin["spots_per_um2"]} <= {"fitted", regression.ASSUMED}
    assert origin["labelling"] == "default"
    assert all(("sd" in entry) == (entry["from"] in ("fitted", "measured")) for entry in doubtful(told))
    cutoff_um = 2 * told["parameters"]["na"]["value"] / told["parameters"]["emission_nm"]["value"] * 1e3
    assert cutoff_um == pytest.approx(2 * 1.2 / 600 * 1e3, rel=0.08)
    assert max(told["distance"]["after"].values()) < max(told["distance"]["before"].values())
    assert (tmp_path / "out" / "like.png").stat().st_size > 10_000
    assert images.read(tmp_path / "out/lr/fov000_level01.tif").pixel_size_nm == pytest.approx(80)
    said = capsys.readouterr().out
    assert "pixels of 80 nm (metadata)" in said
    assert "the images do not tell" in said
    simulate.run(tmp_path / "again", None, **SMALL, config=tmp_path / "out" / "simulation.yaml")
    for kind in ("lr", "hr"):
        pair = [images.read(tmp_path / name / kind / "fov001_level02.tif").pixels for name in ("out", "again")]
        np.testing.assert_array_equal(*pair)


def doubtful(told: dict) -> list[dict]:
    """What a fit or a measurement is about, but for what is read off without an error."""
    exact = ("dimmest", "brightest", "step_counts")
    return [entry for name, entry in told["parameters"].items() if name not in exact]


def test_what_is_given_stays_and_too_few_draws_tell_nothing(real, short_fit, monkeypatch):
    monkeypatch.setattr(regression, "DRAWS", 4)
    found = like.fit_like([real], "er", {"haze": 1.5}, 3)
    assert found.simulation.haze == 1.5
    assert found.origins["haze"] == "given"
    assert found.origins["per_um2"] == found.origins["sheets"] == regression.ASSUMED
    assert found.simulation.specimen.per_um2 == default_simulation("er").specimen.per_um2


def test_a_file_needs_no_more_than_a_person_wants_to_say(tmp_path):
    (tmp_path / "mine.yaml").write_text("structure: er\nparameters: {haze: 2, tube_um: {value: 0.05}}\n")
    assert read_simulation(tmp_path / "mine.yaml") == default_simulation("er").with_values(haze=2, tube_um=0.05)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("structure: er\nparameters: {hase: 2}\n", "has no hase"),
        ("structure: er\nparameters: {haze: much}\n", "has haze much"),
        ("structure: er\nparameters: {haze: -1}\n", "has haze -1"),
        ("structure: er\nparameters: {pattern: 1, pattern_um: 0}\n", "has pattern_um 0"),
        ("structure: er\nparameters: {unevenness: 1, unevenness_um: 0}\n", "has unevenness_um 0"),
        ("structure: er\nparameters: {target: sharp}\n", "has target sharp"),
        ("structure: moss\nparameters: {}\n", "moss is not known"),
        ("haze: 2\n", "is not a simulation"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path, content, message):
    (tmp_path / "mine.yaml").write_text(content)
    with pytest.raises(DfcanError, match=message):
        read_simulation(tmp_path / "mine.yaml")


def test_a_file_keeps_every_value(tmp_path):
    simulation = default_simulation("microtubules").with_values(haze=1.25, unevenness=0.3).rounded()
    write_simulation(tmp_path / "s.yaml", simulation, {}, {}, {})
    assert read_simulation(tmp_path / "s.yaml") == simulation


def test_images_of_two_pixel_sizes_are_refused(real, tmp_path):
    images.write(
        real / "other.tif",
        np.random.default_rng(0).poisson(50, (64, 64)).astype(np.uint16),
        calibration=images.Calibration.square(40.0),
    )
    with pytest.raises(DfcanError, match="pixel_nm 40 to 80"):
        like.fit_like([real], "er", {}, 0)
    with pytest.raises(DfcanError, match="give one of them"):
        simulate.run(tmp_path / "out", None, **SMALL, like=[real], config=tmp_path / "s.yaml")
    assert not (tmp_path / "out").exists()


def test_of_many_files_and_long_movies_a_few_planes_are_looked_at(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(60):
        images.write(tmp_path / f"{index}.tif", rng.poisson(50, (32, 32)).astype(np.uint16))
    images.write(tmp_path / "movie.tif", rng.poisson(50, (300, 32, 32)).astype(np.uint16), "TYX")
    many, _ = like.read_like([tmp_path], screen)
    assert 24 <= sum(len(stack) for stack in many) <= 48
    movie, _ = like.read_like([tmp_path / "movie.tif"], screen)
    assert movie[0].shape == (12, 32, 32)


def test_planes_that_are_blank_or_not_finite_are_left_out(tmp_path, capsys):
    movie = np.random.default_rng(0).poisson(50, (5, 32, 32)).astype(np.float32)
    movie[1], movie[3, 4, 5] = 7, np.nan
    tifffile.imwrite(tmp_path / "movie.tif", movie, imagej=True, metadata={"axes": "TYX"})
    (stack,), _ = like.read_like([tmp_path / "movie.tif"], screen)
    np.testing.assert_array_equal(stack, movie[[0, 2, 4]])
    assert "note: movie.tif: left out of --like" in (told := capsys.readouterr().err)
    assert "planes 2, 4" in told
    tifffile.imwrite(tmp_path / "blank.tif", movie[1], imagej=True)
    with pytest.raises(DfcanError, match=r"blank\.tif is constant"):
        like.read_like([tmp_path / "blank.tif"], screen)
