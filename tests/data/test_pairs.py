import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz import images
from dfcan_bmz.data.pairs import Pair, find_pairs, open_pair, split
from dfcan_bmz.data.records import data_layer, read_manifest
from dfcan_bmz.errors import DfcanError


def write_pair(folder, name, lr=(16, 16), hr=(32, 32)):
    rng = np.random.default_rng(0)
    for kind, shape in (("lr", lr), ("hr", hr)):
        (folder / kind).mkdir(exist_ok=True)
        images.write(folder / kind / f"{name}.tif", rng.integers(0, 999, shape).astype(np.uint16))


def test_pairs_are_found_by_name_and_grouped_by_the_manifest(pairs_folder):
    pairs = find_pairs(pairs_folder / "lr", pairs_folder / "hr")
    assert [pair.name for pair in pairs[:3]] == ["fov000_level01", "fov000_level02", "fov001_level01"]
    assert [pair.fov for pair in pairs[:3]] == ["fov000", "fov000", "fov001"]


def test_without_a_manifest_a_file_is_a_field(tmp_path):
    write_pair(tmp_path, "a")
    write_pair(tmp_path, "b")
    assert [pair.fov for pair in find_pairs(tmp_path / "lr", tmp_path / "hr")] == ["a", "b"]
    assert data_layer(tmp_path / "lr") == {}


def test_a_set_tells_the_training_what_it_is(pairs_folder):
    assert data_layer(pairs_folder / "lr") == {"model": {"scale": 2}, "data": {"target": "own"}}


@pytest.mark.parametrize("missing", ["lr", "hr"])
def test_a_name_without_partner_is_named(tmp_path, missing):
    write_pair(tmp_path, "a")
    write_pair(tmp_path, "lonely")
    (tmp_path / missing / "lonely.tif").unlink()
    with pytest.raises(DfcanError, match=f"lonely.*{missing}"):
        find_pairs(tmp_path / "lr", tmp_path / "hr")


def test_a_manifest_must_list_every_image(tmp_path):
    write_pair(tmp_path, "a")
    (tmp_path / "manifest.csv").write_text("name,fov\nb,b\n")
    with pytest.raises(DfcanError, match="does not list a"):
        find_pairs(tmp_path / "lr", tmp_path / "hr")


def test_a_manifest_pairs_files_of_unequal_names(tmp_path):
    for name in ("a", "b", "c"):
        write_pair(tmp_path, name)
    (tmp_path / "lr/b.tif").rename(tmp_path / "lr/wide.tif")
    (tmp_path / "hr/b.tif").rename(tmp_path / "hr/sim.tif")
    (tmp_path / "manifest.csv").write_text("name,fov,lr,hr\na,1,,\nbeta,2,wide.tif,sim.tif\nc,2,,\n")
    pairs = find_pairs(tmp_path / "lr", tmp_path / "hr")
    assert [(pair.name, pair.fov, pair.lr.name, pair.hr.name) for pair in pairs] == [
        ("a", "1", "a.tif", "a.tif"),
        ("beta", "2", "wide.tif", "sim.tif"),
        ("c", "2", "c.tif", "c.tif"),
    ]
    (tmp_path / "hr/sim.tif").unlink()
    with pytest.raises(DfcanError, match=r"names sim\.tif for beta, which is not in"):
        find_pairs(tmp_path / "lr", tmp_path / "hr")


def test_two_rows_of_one_name_are_refused(tmp_path):
    for name in ("a", "b"):
        write_pair(tmp_path, name)
    (tmp_path / "manifest.csv").write_text("name,fov,lr,hr\nx,1,a.tif,a.tif\nx,2,b.tif,b.tif\n")
    with pytest.raises(DfcanError, match=r"manifest.csv has 2 rows of the name x: give each pair its own name"):
        find_pairs(tmp_path / "lr", tmp_path / "hr")


@pytest.mark.parametrize("name", ["day1/a", "../../../a", "/a"])
def test_a_path_is_no_name_of_a_pair(tmp_path, name):
    write_pair(tmp_path, "a")
    (tmp_path / "manifest.csv").write_text(f"name,fov,lr,hr\n{name},1,a.tif,a.tif\n")
    with pytest.raises(DfcanError, match=r"manifest.csv calls a pair .*, which is a path: give it a name"):
        find_pairs(tmp_path / "lr", tmp_path / "hr")


def test_a_pair_is_not_called_as_other_files_are(tmp_path):
    for name in ("a", "wide"):
        write_pair(tmp_path, name)
    (tmp_path / "manifest.csv").write_text("name,fov,lr,hr\na,1,wide.tif,wide.tif\n")
    with pytest.raises(DfcanError, match=r"calls wide.tif and wide.tif a, as other files are called"):
        find_pairs(tmp_path / "lr", tmp_path / "hr")


def test_pixel_sizes_that_files_do_not_tell_are_those_of_the_manifest(tmp_path):
    for name in ("silent", "known", "unknown"):
        write_pair(tmp_path, name)
    images.write(
        tmp_path / "lr/known.tif",
        images.read(tmp_path / "lr/known.tif").pixels,
        calibration=images.Calibration.square(50.0),
    )
    (tmp_path / "manifest.csv").write_text("name,fov,pixel_size_nm\nsilent,1,80\nknown,2,80\nunknown,3,\n")
    sizes = {}
    for pair in find_pairs(tmp_path / "lr", tmp_path / "hr"):
        lr, _ = open_pair(pair, 2)
        sizes[pair.name] = lr.pixel_size_nm
    assert sizes == {"silent": 80, "known": pytest.approx(50), "unknown": None}


@pytest.mark.parametrize("size", ["0", "-3", "nan", "62.6 nm"])
def test_a_pixel_size_that_is_no_length_is_named(tmp_path, size):
    write_pair(tmp_path, "a")
    (tmp_path / "manifest.csv").write_text(f"name,fov,pixel_size_nm\na,1,{size}\n")
    with pytest.raises(DfcanError, match=f"pixel_size_nm {size} for a: write the size of an LR pixel in nanometres"):
        find_pairs(tmp_path / "lr", tmp_path / "hr")


def test_a_relative_folder_finds_its_manifest_and_settings(pairs_folder, monkeypatch):
    monkeypatch.chdir(pairs_folder / "lr")
    pairs = find_pairs(Path("."), Path("../hr"))
    assert pairs[0].fov == pairs[1].fov == "fov000"
    assert data_layer(Path("."))["model"] == {"scale": 2}


@pytest.mark.parametrize("content", ["name,level\na,1\n", "name,fov\na\n", "name,fov\na,\n", "", "\xff\xfe"])
def test_a_manifest_that_is_none_is_named(tmp_path, content):
    write_pair(tmp_path, "a")
    (tmp_path / "manifest.csv").write_bytes(content.encode("latin-1"))
    with pytest.raises(DfcanError, match=r"manifest\.csv"):
        find_pairs(tmp_path / "lr", tmp_path / "hr")


@pytest.mark.parametrize(
    "table",
    [
        "name,fov\na,first\n",
        "name;fov;level\r\na;first;\r\n;;\r\n",
        "name\tfov \na\tfirst\n\t\n",
        "name, fov\na , first",
        "\n;;\nname;fov\na;first\n",
        ",name,fov,pixel_size_nm\n0,a,first, \n",
    ],
)
def test_a_manifest_saved_by_a_spreadsheet_is_read(tmp_path, table):
    write_pair(tmp_path, "a")
    (tmp_path / "manifest.csv").write_text(table, encoding="utf-8-sig", newline="")
    assert find_pairs(tmp_path / "lr", tmp_path / "hr")[0].fov == "first"


def test_a_pair_of_another_scale_is_refused(tmp_path):
    write_pair(tmp_path, "a", hr=(32, 30))
    (pair,) = find_pairs(tmp_path / "lr", tmp_path / "hr")
    with pytest.raises(DfcanError, match=r"a\.tif has shape \(32, 30\), but 2 x a\.tif is \(32, 32\)"):
        open_pair(pair, 2)


pair_lists = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), min_size=2, unique=True).map(
    lambda keys: [Pair(f"f{fov}l{level}", f"f{fov}", None, None) for fov, level in keys]
)


@given(pair_lists, st.floats(0.01, 0.99), st.integers(0, 5))
def test_no_field_is_both_trained_on_and_validated_on(pairs, share, seed):
    if len({pair.fov for pair in pairs}) < 2:
        with pytest.raises(DfcanError, match="one field of view"):
            split(pairs, share, np.random.default_rng(seed))
        return
    training, validation = split(pairs, share, np.random.default_rng(seed))
    assert training
    assert validation
    assert {pair.fov for pair in training}.isdisjoint(pair.fov for pair in validation)
    assert sorted(pair.name for pair in training + validation) == sorted(pair.name for pair in pairs)


def test_naming_one_level_validates_on_the_whole_field(pairs_folder):
    pairs = find_pairs(pairs_folder / "lr", pairs_folder / "hr")
    _, validation = split(pairs, ["fov002_level01"], np.random.default_rng(0))
    assert [pair.name for pair in validation] == ["fov002_level01", "fov002_level02"]


@pytest.mark.parametrize("validation", [["nobody"], 0.0, 1.0, ["fov000", "fov001", "fov002", "fov003"]])
def test_a_validation_that_cannot_be_is_refused(pairs_folder, validation):
    pairs = find_pairs(pairs_folder / "lr", pairs_folder / "hr")
    with pytest.raises(DfcanError, match=r"data\.validation"):
        split(pairs, validation, np.random.default_rng(0))


NFC, NFD, LATIN = "z\u00e9lle", "ze\u0301lle", os.fsdecode(b"z\xe9lle")


@pytest.mark.parametrize("lr", [NFC, NFD, LATIN])
@pytest.mark.parametrize("hr", [NFC, NFD, LATIN])
@pytest.mark.parametrize("listed", ["", NFC, NFD])
def test_names_that_look_equal_make_a_pair(tmp_path, lr, hr, listed):
    write_pair(tmp_path, "plain")
    write_pair(tmp_path, NFC)
    (tmp_path / "lr" / f"{NFC}.tif").rename(tmp_path / "lr" / f"{lr}.tif")
    (tmp_path / "hr" / f"{NFC}.tif").rename(tmp_path / "hr" / f"{hr}.tif")
    if listed:
        (tmp_path / "manifest.csv").write_text(f"name,fov\nplain,p\n{listed},{listed}\n", encoding="utf-8")
    pairs = find_pairs(tmp_path / "lr", tmp_path / "hr")
    assert [(pair.name, pair.lr.stem, pair.hr.stem) for pair in pairs] == [("plain", "plain", "plain"), (NFC, lr, hr)]
    _, validation = split(pairs, [NFD], np.random.default_rng(0))
    assert [pair.name for pair in validation] == [NFC]


def test_files_whose_names_differ_in_their_form_alone_stay_apart(tmp_path):
    write_pair(tmp_path, NFC)
    write_pair(tmp_path, NFD)
    write_pair(tmp_path, LATIN)
    pairs = find_pairs(tmp_path / "lr", tmp_path / "hr")
    assert {(pair.lr.stem, pair.hr.stem) for pair in pairs} == {(NFC, NFC), (NFD, NFD), (LATIN, LATIN)}
    assert len({pair.name.encode("utf-8") for pair in pairs}) == 3


def test_a_manifest_may_list_the_names_of_files(tmp_path):
    for name in ("cell0", "cell1"):
        write_pair(tmp_path, name)
    (tmp_path / "manifest.csv").write_text("name,fov,level\ncell0.tif,a,1\ncell1,b,2\n")
    pairs = find_pairs(tmp_path / "lr", tmp_path / "hr")
    assert [(pair.name, pair.fov) for pair in pairs] == [("cell0", "a"), ("cell1", "b")]
    assert read_manifest(tmp_path / "lr")["cell0"]["level"] == "1"
    _, validation = split(pairs, ["cell1.tif"], np.random.default_rng(0))
    assert [pair.name for pair in validation] == ["cell1"]


def test_files_of_unequal_names_are_found_in_either_form(tmp_path):
    write_pair(tmp_path, NFD)
    (tmp_path / "manifest.csv").write_text(f"name,fov,lr,hr\na,a,{NFC}.tif,{NFC}.tif\n", encoding="utf-8")
    (pair,) = find_pairs(tmp_path / "lr", tmp_path / "hr")
    assert (pair.name, pair.lr.stem) == ("a", NFD)
