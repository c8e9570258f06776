import csv
from dataclasses import astuple

import numpy as np
import pytest
from scipy.ndimage import shift as move

from dfcan_bmz import images
from dfcan_bmz.commands import align
from dfcan_bmz.data.pairs import find_pairs, open_pair
from dfcan_bmz.data.records import read_manifest
from dfcan_bmz.data.registration import find_shift
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.files import sha256
from dfcan_bmz.simulation.fields import simulate_field

CALIBRATION = images.Calibration(60, 90, origin_x_nm=600, origin_y_nm=0)
MOVED = {"a": (3.4, -1.7), "b": (0.0, 0.0), "c": (-2.2, 5.0)}


@pytest.fixture
def shifted(tmp_path):
    """Three pairs of 96 px, the HR images shifted as `MOVED` says, with a manifest."""
    for kind in ("lr", "hr"):
        (tmp_path / "set" / kind).mkdir(parents=True)
    for seed, (name, shift) in enumerate(MOVED.items()):
        hr, (lr,) = simulate_field("microtubules", 96, 2, 1, 0.0, np.random.default_rng(seed))
        moved = np.clip(move(hr.astype(float), shift, order=3, mode="mirror"), 0, 65535).astype(np.uint16)
        images.write(tmp_path / f"set/lr/{name}.tif", lr, calibration=CALIBRATION)
        images.write(tmp_path / f"set/hr/{name}.tif", moved, calibration=CALIBRATION.finer(2))
    (tmp_path / "set/manifest.csv").write_text("name,fov,level\na,one,7\nb,two,7\nc,three,7\n")
    (tmp_path / "set/dataset.yaml").write_text("config: {model: {scale: 2}}\n")
    return tmp_path / "set"


def test_pairs_are_moved_onto_each_other_and_the_originals_kept(shifted, tmp_path, capsys):
    before = {file: sha256(file) for file in shifted.rglob("*") if file.is_file()}
    align.run(shifted, tmp_path / "out", affine=False, overwrite=False)
    assert before == {file: sha256(file) for file in shifted.rglob("*") if file.is_file()}
    assert "2 of 3 HR images moved" in capsys.readouterr().out
    with (tmp_path / "out/align.csv").open() as lines:
        rows = {row["name"]: row for row in csv.DictReader(lines)}
    for pair in find_pairs(tmp_path / "out/lr", tmp_path / "out/hr"):
        down, right = MOVED[pair.name]
        row = rows[pair.name]
        assert float(row["down_px"]) == pytest.approx(down, abs=0.12)
        assert float(row["right_px"]) == pytest.approx(right, abs=0.12)
        assert row["moved"] == str(pair.name != "b")
        lr, hr = open_pair(pair, 2)
        np.testing.assert_allclose(find_shift(lr.pixels[:], hr.pixels[:]).shift, 0, atol=0.15)
        # what the move brought in from beyond the border is cropped away
        margin = int(np.ceil(max(map(abs, (down, right))) / 2))
        assert lr.pixels.shape == (96 - 2 * margin, 96 - 2 * margin)
        original = images.read(shifted / f"lr/{pair.name}.tif").pixels
        np.testing.assert_array_equal(lr.pixels, original[margin : 96 - margin, margin : 96 - margin])
        for image, scale in ((lr, 1), (hr, 2)):  # both begin where the margin ends
            place = CALIBRATION.finer(scale).cropped(scale * margin, scale * margin)
            assert astuple(image.calibration)[:-1] == pytest.approx(astuple(place)[:-1])
    manifest = read_manifest(tmp_path / "out/lr")
    assert {name: (row["fov"], row["level"]) for name, row in manifest.items()} == {
        "a": ("one", "7"),
        "b": ("two", "7"),
        "c": ("three", "7"),
    }


def test_an_affine_map_is_corrected_too(shifted, tmp_path):
    align.run(shifted, tmp_path / "out", affine=True, overwrite=False)
    for pair in find_pairs(tmp_path / "out/lr", tmp_path / "out/hr"):
        lr, hr = open_pair(pair, 2)
        np.testing.assert_allclose(find_shift(lr.pixels[:], hr.pixels[:]).shift, 0, atol=0.2)


def test_what_is_no_pair_is_left_out_and_named(shifted, tmp_path):
    noise = np.random.default_rng(0).integers(0, 999, (192, 192)).astype(np.uint16)
    images.write(shifted / "hr/b.tif", noise)
    (shifted / "lr/c.tif").write_bytes((shifted / "lr/c.tif").read_bytes()[:3000])
    with pytest.raises(UnfinishedError, match=r"2 of 3 pairs were left out: .*b\.tif show nothing in common.*c\.tif"):
        align.run(shifted, tmp_path / "out", affine=False, overwrite=False)
    for kind in ("lr", "hr"):
        assert [path.name for path in (tmp_path / "out" / kind).iterdir()] == ["a.tif"]
    assert list(read_manifest(tmp_path / "out/lr")) == ["a"]


def test_nothing_is_written_over_the_originals_or_where_nothing_can_be_aligned(shifted, tmp_path):
    with pytest.raises(DfcanError, match="would overwrite an input"):
        align.run(shifted, shifted, affine=False, overwrite=True)
    for file in (shifted / "hr").iterdir():
        file.write_bytes(b"")
    with pytest.raises(DfcanError, match=r"a\.tif"):
        align.run(shifted, tmp_path / "out", affine=False, overwrite=False)
    assert not (tmp_path / "out").exists()


def test_each_plane_of_a_stack_is_aligned(shifted, tmp_path):
    for kind in ("lr", "hr"):
        planes = np.stack([images.read(shifted / kind / f"{name}.tif").pixels for name in MOVED])
        for file in (shifted / kind).iterdir():
            file.unlink()
        images.write(shifted / kind / "a.tif", planes, "TYX")
    align.run(shifted, tmp_path / "out", affine=False, overwrite=False)
    with (tmp_path / "out/align.csv").open() as lines:
        assert [row["name"] for row in csv.DictReader(lines)] == ["a[1]", "a[2]", "a[3]"]
    assert images.open_lazily(tmp_path / "out/lr/a.tif").pixels.shape == (3, 90, 90)
    assert images.open_lazily(tmp_path / "out/hr/a.tif").axes == "TYX"


def test_a_name_in_square_brackets_is_printed_as_it_is(shifted, tmp_path, capsys):
    (shifted / "manifest.csv").unlink()
    for kind in ("lr", "hr"):
        (shifted / kind / "b.tif").rename(shifted / kind / "[b].tif")
    align.run(shifted, tmp_path / "out", affine=False, overwrite=False)
    assert "[b]" in capsys.readouterr().out
