"""A miniature BioSR in the layout and byte format of the original."""

import csv
from pathlib import Path

import numpy as np
import pytest
import tifffile
from conftest import command_line
from mrc_files import mrc_bytes

from dfcan_bmz import images
from dfcan_bmz.commands import import_biosr
from dfcan_bmz.data.biosr import STRUCTURES, find_sources
from dfcan_bmz.data.pairs import find_pairs, frames_asked, open_pair
from dfcan_bmz.data.pairs import split as divide
from dfcan_bmz.data.records import data_layer
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.sets import biosr as importing
from dfcan_bmz.training.settings import resolve
from dfcan_bmz.yaml_files import read_yaml


def write_frames(path, count, side, seed, dtype="uint16", order="<"):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(100, 4000, (count, side, side)).astype(dtype)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(mrc_bytes(pixels, order))
    return pixels


@pytest.fixture
def biosr(tmp_path):
    """Two cells of each structure at two levels; 12 px raw."""
    root = tmp_path / "BioSR"
    for structure in STRUCTURES:
        for cell in ("Cell_001", "Cell_002"):
            folder = root / structure / cell
            for level in ("01", "02"):
                raw = (
                    f"RawSIMData/RawSIMData_level_{level}.mrc" if structure == "ER" else f"RawSIMData_level_{level}.mrc"
                )
                write_frames(folder / raw, 25 if structure == "F-actin_Nonlinear" else 9, 12, int(level))
                if structure == "ER":
                    write_frames(folder / f"GTSIM/GTSIM_level_{level}.mrc", 1, 24, 10 + int(level), "float32", ">")
            write_frames(folder / "RawSIMData_gt.mrc", 9, 12, 5)
            if structure == "ER":
                write_frames(folder / "RawGTSIMData/RawGTSIMData_level_01.mrc", 9, 12, 6)
            elif structure == "F-actin_Nonlinear":
                write_frames(folder / "SIM_gt_a.mrc", 1, 36, 20)
            else:
                write_frames(folder / "SIM_gt.mrc", 1, 24, 20)
    return root


def run(*arguments):
    return command_line("import-biosr", *arguments)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_every_structure_becomes_pairs(biosr, tmp_path, structure):
    answer = run(biosr, tmp_path / "out", "--structure", structure)
    assert answer.returncode == 0, answer.stderr
    names = [f"{structure}_Cell_00{cell}_level_0{level}" for cell in (1, 2) for level in (1, 2)]
    scale = 3 if structure == "F-actin_Nonlinear" else 2
    for folder in ("lr", "hr"):
        assert sorted(path.stem for path in (tmp_path / "out" / folder).iterdir()) == sorted(names)
    raw = next((biosr / structure / "Cell_001").rglob("RawSIMData_level_02.mrc"))
    lr = images.read(tmp_path / "out/lr" / f"{names[1]}.tif")
    hr = images.read(tmp_path / "out/hr" / f"{names[1]}.tif")
    np.testing.assert_allclose(lr.pixels, images.read(raw).pixels.astype(float).mean(axis=0), rtol=1e-6)
    assert hr.pixels.shape == (12 * scale, 12 * scale)
    assert lr.pixel_size_nm == pytest.approx(62.6, rel=1e-4)
    assert hr.pixel_size_nm == pytest.approx(62.6 / scale, rel=1e-4)
    with tifffile.TiffFile(tmp_path / "out/lr" / f"{names[1]}.tif") as file:
        assert file.imagej_metadata["Info"] == f"structure = {structure}\ncell = Cell_001\nlevel = 2"
    with (tmp_path / "out/manifest.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [row["name"] for row in rows] == names
    assert [row["fov"] for row in rows] == [f"{structure}_Cell_00{cell}" for cell in (1, 1, 2, 2)]
    assert [row["level"] for row in rows] == ["1", "2", "1", "2"]
    assert read_yaml(tmp_path / "out/dataset.yaml")["config"]["model"]["scale"] == scale


def test_targets_of_er_are_those_of_their_level(biosr, tmp_path):
    assert run(biosr / "ER", tmp_path / "out").returncode == 0
    for level in ("01", "02"):
        expected = images.read(biosr / f"ER/Cell_001/GTSIM/GTSIM_level_{level}.mrc").pixels
        np.testing.assert_array_equal(images.read(tmp_path / f"out/hr/ER_Cell_001_level_{level}.tif").pixels, expected)


def test_levels_can_be_chosen(biosr, tmp_path):
    answer = run(biosr, tmp_path / "out", "--structure", "CCPs", "--structure", "ER", "--levels", "2")
    assert answer.returncode == 0, answer.stderr
    assert len(list((tmp_path / "out/lr").iterdir())) == 4
    assert run(biosr, tmp_path / "none", "--levels", "7").returncode == 2


def test_two_scale_factors_are_not_mixed(biosr, tmp_path):
    answer = run(biosr, tmp_path / "out")
    assert answer.returncode == 2
    assert "CCPs is x2 and F-actin_Nonlinear is x3" in answer.stderr
    assert "--structure" in answer.stderr
    assert not (tmp_path / "out").exists()


def test_two_scale_factors_are_told_before_a_pixel_is_read(biosr, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "read_source", lambda source: pytest.fail(f"{source.name} was read"))
    with pytest.raises(DfcanError, match="import them one by one with --structure"):
        import_biosr.run(biosr, tmp_path / "out", [], [], overwrite=False)


def test_a_damaged_pair_is_listed_and_the_others_are_imported(biosr, tmp_path):
    truncated = biosr / "CCPs/Cell_001/RawSIMData_level_01.mrc"
    truncated.write_bytes(truncated.read_bytes()[:-300])
    (biosr / "CCPs/Cell_002/SIM_gt.mrc").unlink()
    answer = run(biosr, tmp_path / "out", "--structure", "CCPs")
    assert answer.returncode == 1
    assert "3 of 4 pairs were left out" in answer.stderr
    assert "RawSIMData_level_01.mrc is truncated" in answer.stderr
    assert "has no target" in answer.stderr
    for folder in ("lr", "hr"):
        assert [path.stem for path in (tmp_path / "out" / folder).iterdir()] == ["CCPs_Cell_001_level_02"]


def test_nothing_is_written_where_no_pair_is_whole(biosr, tmp_path):
    for target in (biosr / "CCPs").rglob("SIM_gt.mrc"):
        target.unlink()
    assert run(biosr, tmp_path / "out", "--structure", "CCPs").returncode == 2
    assert not (tmp_path / "out").exists()


def test_a_structure_s_folder_may_be_the_working_directory_and_counts_once(biosr, monkeypatch):
    monkeypatch.chdir(biosr / "F-actin")
    whole = find_sources(biosr, ["F-actin"], [])
    assert len(find_sources(Path(), [], [])) == len(whole)
    assert find_sources(biosr, ["F-actin", "F-actin"], []) == whole


@pytest.mark.parametrize("structures", [["Vimentin"], []])
def test_what_is_not_there_is_named(tmp_path, biosr, structures):
    with pytest.raises(DfcanError, match="no Vimentin" if structures else "not a BioSR folder"):
        find_sources(biosr if structures else tmp_path / "elsewhere", structures, [])


@pytest.mark.parametrize(
    ("structure", "count", "angles"), [("F-actin", 9, 3), ("ER", 9, 3), ("F-actin_Nonlinear", 25, 5)]
)
def test_raw_frames_are_kept_where_they_are_asked_for(biosr, tmp_path, structure, count, angles):
    out = tmp_path / "pairs"
    import_biosr.run(biosr, out, [structure], [], overwrite=False, frames="raw")
    for source in find_sources(biosr, [structure], []):
        written = images.read(out / "lr" / f"{source.name}.tif").pixels
        assert written.dtype == np.uint16
        np.testing.assert_array_equal(written, images.read(source.raw).pixels)
    config = resolve(data_layer(out / "lr"), None, [])
    assert (config.model.inputs, config.data.angles) == (count, angles)
    pairs = find_pairs(out / "lr", out / "hr")
    assert open_pair(pairs[0], config.model.scale, frames_asked(config))[0].frames == count


def test_raw_frames_that_are_no_square_have_no_known_stripes(tmp_path):
    write_frames(tmp_path / "CCPs/Cell_001/RawSIMData_level_01.mrc", 7, 12, 0)
    write_frames(tmp_path / "CCPs/Cell_001/SIM_gt.mrc", 1, 24, 1)
    import_biosr.run(tmp_path / "CCPs", tmp_path / "out", [], [], overwrite=False, frames="raw")
    config = resolve(data_layer(tmp_path / "out/lr"), None, [])
    assert (config.model.inputs, config.data.angles) == (7, 0)


@pytest.mark.parametrize(
    ("split", "testing", "training", "validation"),
    [("authors", [1, 15], [16, 45], [46, 50]), ("authors-scripts", [36, 50], [6, 35], [1, 5])],
)
def test_the_authors_split_gives_a_set_to_train_and_one_to_test(tmp_path, split, testing, training, validation):
    cells = [*testing, *training, *validation, 51]
    for cell in cells:
        write_frames(tmp_path / f"CCPs/Cell_{cell:03d}/RawSIMData_level_01.mrc", 9, 12, cell)
        write_frames(tmp_path / f"CCPs/Cell_{cell:03d}/SIM_gt.mrc", 1, 24, 100 + cell)
    import_biosr.run(tmp_path / "CCPs", tmp_path / "out", [], [], overwrite=False, split=split)
    found = {name: find_pairs(*(tmp_path / "out" / name / side for side in ("lr", "hr"))) for name in ("train", "test")}

    def fovs(numbers):
        return {f"CCPs_Cell_{number:03d}" for number in numbers}

    assert {pair.fov for pair in found["test"]} == fovs(testing)
    share = resolve(data_layer(tmp_path / "out/train/lr"), None, []).data.validation
    parts = divide(found["train"], share, np.random.default_rng(0))
    assert [{pair.fov for pair in part} for part in parts] == [fovs(training), fovs(validation)]


def test_a_part_without_cells_is_named_and_nothing_is_written(biosr, tmp_path):
    with pytest.raises(DfcanError, match="cells 16 to 45 for training"):
        import_biosr.run(biosr / "CCPs", tmp_path / "out", [], [], overwrite=False, split="authors")
    assert not (tmp_path / "out").exists()


def test_neither_set_of_a_split_is_written_where_one_is_there(biosr, tmp_path):
    (biosr / "CCPs/Cell_001").rename(biosr / "CCPs/Cell_020")
    write_frames(biosr / "CCPs/Cell_046/RawSIMData_level_01.mrc", 9, 12, 46)
    (tmp_path / "out/test").mkdir(parents=True)
    (tmp_path / "out/test/mine.txt").write_text("mine")
    with pytest.raises(DfcanError, match="exists already"):
        import_biosr.run(biosr / "CCPs", tmp_path / "out", [], [], overwrite=False, split="authors")
    assert not (tmp_path / "out/train").exists()
