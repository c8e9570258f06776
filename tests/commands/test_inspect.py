import csv
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import command_line
from invoking import invoke
from tiff_files import rational, short, write_tiff

from dfcan_bmz import images
from dfcan_bmz.commands import inspect
from dfcan_bmz.data.pair_checks import PairCheck, check_pair, coarse_structure, same_fields
from dfcan_bmz.data.pairs import Pair, find_pairs
from dfcan_bmz.data.survey import survey
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.simulation.fields import simulate_field


@pytest.fixture
def pairs(pairs_folder, tmp_path):
    """A copy that a test may spoil: 4 fields x 2 levels."""
    return shutil.copytree(pairs_folder, tmp_path / "pairs")


def test_a_sound_set_is_told_of_in_a_table_and_pictures(pairs_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    inspect.run([pairs_folder], tmp_path / "out", overwrite=False)
    printed = capsys.readouterr().out
    for told in ("YX 40 x 40", "YX 80 x 80", "uint16", "62.6", "31.3"):
        assert told in printed
    for name in ("contact_sheet.png", "pairs.png"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "out/pairs.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [row["fov"] for row in rows[:3]] == ["fov000", "fov000", "fov001"]
    assert {row["scale"] for row in rows} == {"2"}
    assert len(list(csv.reader((tmp_path / "out/images.csv").open()))) == 1 + 16


def problems_of(*folders):
    with pytest.raises(UnfinishedError) as found:
        inspect.run(list(folders), None, overwrite=False)
    return found.value


def test_every_problem_is_listed_and_nothing_is_skipped_in_silence(pairs, capsys):
    hr = pairs / "hr"
    (pairs / "lr/fov000_level01.tif").write_bytes(b"damaged")
    images.write(hr / "fov001_level01.tif", np.full((80, 80), 7, np.uint16))
    shown = images.read(hr / "fov001_level02.tif").pixels
    images.write(hr / "fov001_level02.tif", np.roll(shown, (6, -3), axis=(0, 1)))
    images.write(hr / "fov002_level01.tif", np.minimum(shown, 2000))
    images.write(hr / "fov002_level02.tif", shown[:60])
    (hr / "fov003_level01.tif").unlink()
    (hr / "photo.jpg").write_bytes(b"")
    assert "problems in" in str(problems_of(pairs))
    printed = capsys.readouterr().out.replace("\n", " ")
    for told in (
        "fov000_level01.tif cannot be read",
        "fov001_level01.tif is constant",
        "fov001_level02: the HR image is shifted +",
        "fov002_level01.tif: ",
        "at its largest value, 2000: saturated?",
        "fov002_level02.tif is (60, 80), no 2, 3 or 4 times (40, 40)",
        "fov003_level01 has no partner in",
        "photo.jpg is of no format that is read here",
    ):
        assert told in printed
    assert printed.count("fov000_level01.tif cannot be read") == 1


def test_a_folder_of_images_is_inspected_too(pairs_folder, tmp_path, capsys):
    inspect.run([pairs_folder / "lr"], tmp_path / "out", overwrite=False)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["contact_sheet.png", "images.csv"]


def test_a_field_that_is_in_two_splits_is_found(pairs_folder, pairs, capsys):
    assert not same_fields([check_pair(pair) for pair in find_pairs(pairs_folder / "lr", pairs_folder / "hr")])
    rows = (pairs / "manifest.csv").read_text().replace("fov", "test").replace("name,test", "name,fov")
    (pairs / "manifest.csv").write_text(rows)
    for kind in ("lr", "hr"):
        for file in list((pairs / kind).iterdir()):
            if file.stem < "fov003":
                file.unlink()
            else:
                file.rename(file.with_name(file.name.replace("fov", "test")))
    problems_of(pairs_folder, pairs)
    printed = capsys.readouterr().out
    told = f"{pairs_folder}/hr/fov003_level01.tif and {pairs}/hr/test003_level01.tif show the same field"
    assert f"{told}, which may be trained on and tested on: leave it out of one of the sets" in printed
    assert printed.count("show the same field") == 1


def test_a_field_is_found_in_two_sets_whose_names_are_the_same(pairs_folder, pairs, capsys):
    problems_of(pairs_folder, pairs)
    printed = capsys.readouterr().out
    for field in range(4):
        name = f"hr/fov{field:03d}_level01.tif"
        assert f"{pairs_folder / name} and {pairs / name} show the same field" in printed
    assert printed.count("show the same field") == 4


def test_a_field_under_two_names_in_one_set_is_to_have_one_fov(pairs, capsys):
    rows = (pairs / "manifest.csv").read_text()
    (pairs / "manifest.csv").write_text(rows.replace("fov001_level02,fov001", "fov001_level02,other"))
    problems_of(pairs)
    told = "fov001_level02.tif show the same field, which a split may put on both sides: give them one fov"
    assert told in capsys.readouterr().out


def test_the_same_field_is_recognised_by_what_it_shows_not_by_its_bytes():
    rng = np.random.default_rng(0)
    (one, _), (other, _) = (simulate_field("ccps", 64, 2, 1, 0.0, np.random.default_rng(seed)) for seed in (1, 2))
    again = (one * 0.3 + 500 + rng.normal(0, 300, one.shape)).clip(0).astype(np.uint16)
    checks = []
    for name, hr in (("one", one), ("other", other), ("again", again)):
        checks.append(PairCheck(name, name, Path(name), structure=coarse_structure(hr)))
    assert same_fields(checks) == [(Path("one"), Path("again"))]


def test_an_image_of_a_few_bright_pixels_is_not_called_saturated(tmp_path):
    pixels = np.random.default_rng(0).poisson(20, (64, 64)).astype(np.uint16)
    images.write(tmp_path / "a.tif", pixels, calibration=images.Calibration.square(50.0))
    found = survey(tmp_path / "a.tif")
    assert not found.problems
    assert (found.smallest, found.largest, found.shape) == (pixels.min(), pixels.max(), (64, 64))
    images.write(tmp_path / "b.tif", np.minimum(pixels, 20))
    assert "saturated" in survey(tmp_path / "b.tif").problems[0]


def test_a_pair_that_shows_different_things_is_named(tmp_path):
    (hr, _), (_, (lr,)) = (simulate_field("er", 128, 2, 1, 0.0, np.random.default_rng(seed)) for seed in (1, 2))
    images.write(tmp_path / "lr.tif", lr)
    images.write(tmp_path / "hr.tif", hr)
    (problem,) = check_pair(Pair("a", "a", tmp_path / "lr.tif", tmp_path / "hr.tif")).problems
    assert "hardly agree" in problem


def test_pixel_sizes_that_do_not_fit_the_scale_are_named(tmp_path):
    hr, (lr,) = simulate_field("er", 64, 2, 1, 0.0, np.random.default_rng(0))
    images.write(tmp_path / "lr.tif", lr, calibration=images.Calibration.square(62.6))
    for size, fits in ((31.3, True), (62.6, False), (None, True)):
        images.write(tmp_path / "hr.tif", hr, calibration=images.Calibration.square(size))
        problems = check_pair(Pair("a", "a", tmp_path / "lr.tif", tmp_path / "hr.tif")).problems
        assert (not problems) == fits


def test_a_pixel_size_of_the_manifest_is_to_fit_too_where_the_file_has_none(tmp_path):
    hr, (lr,) = simulate_field("er", 64, 2, 1, 0.0, np.random.default_rng(0))
    images.write(tmp_path / "lr.tif", lr)
    images.write(tmp_path / "hr.tif", hr, calibration=images.Calibration.square(31.3))
    for size, fits in ((62.6, True), (31.3, False)):
        problems = check_pair(Pair("a", "a", tmp_path / "lr.tif", tmp_path / "hr.tif", size)).problems
        assert (not problems) == fits


def test_names_of_any_bytes_are_told_of(tmp_path, monkeypatch):
    folder = tmp_path / os.fsdecode(b"gr\xfcn")
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 999, (32, 32)).astype(np.uint16)
    for name in (b"z\xe9lle.tif", "ze\u0301lle.tif".encode(), "z\u00e9lle.tif".encode(), b"plain.tif"):
        images.write(folder / os.fsdecode(name), pixels)
    images.write(folder / os.fsdecode(b"fl\xe4che.tif"), np.zeros((32, 32), np.uint16))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    answer = command_line("inspect", folder, "--out", tmp_path / "out")
    assert "Traceback" not in answer.stderr
    assert (answer.returncode, answer.stdout.count("is constant (0)")) == (1, 1)
    with (tmp_path / "out/images.csv").open(encoding="utf-8", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == 5


def test_what_metadata_could_not_tell_is_a_note_and_no_problem(tmp_path, capsys):
    shown = np.random.default_rng(0).integers(0, 999, (40, 40)).astype(np.uint16)
    for name in ("a.tif", "b.tif"):
        write_tiff(tmp_path / name, shown, [rational(282, 0, 0), rational(283, 0, 0), short(296, 3)])
    inspect.run([tmp_path], None, False)
    assert "note: a.tif and 1 more: its tags of resolution hold no positive numbers" in capsys.readouterr().err


def test_lr_and_hr_of_a_long_path_can_be_told_apart_in_80_columns(pairs_folder, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "a name as long as people give them to experiments" / "training_pairs_of_actin"
    shutil.copytree(pairs_folder, folder)
    monkeypatch.setenv("COLUMNS", "80")
    invoke("inspect", folder)
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines if line.startswith(("│", "┃")))
    # a folder may be folded over lines: its end is there
    told = "".join(line.split("│")[1].strip() for line in lines if line.startswith("│"))
    assert "training_pairs_of_actin/lr" in told
    assert "training_pairs_of_actin/hr" in told
