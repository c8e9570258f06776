"""What tests/tiny keeps is what is built today: the same files, and numbers that differ by no more than processors do.

Where it is not, what a run folder or a bundle holds has changed: `make tiny` builds it again.
"""

import zipfile
from io import BytesIO

import numpy as np
import pytest
import yaml
from long.published import without_measurements, without_versions
from simulated import assert_simulated_alike, relative_files
from tiny.build import build, unpack

from dfcan_bmz import images, run_folder
from dfcan_bmz.model import open_model
from dfcan_bmz.prediction.tiles import predict_plane


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    unpack(folder)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    build(folder)
    return folder


def test_the_pairs(kept, built):
    assert_simulated_alike(kept / "pairs", built / "pairs")


def test_the_run_folder(kept, built):
    before, now = kept / "tiny", built / "tiny"
    assert relative_files(now).keys() == relative_files(before).keys()
    assert run_folder.read_config(now) == run_folder.read_config(before)
    record, known = run_folder.read_provenance(now), run_folder.read_provenance(before)
    assert record.keys() == known.keys()
    assert record["backend"] == "tensorflow"
    assert str(built) not in (now / "provenance.json").read_text()
    for row, earlier in zip(run_folder.read_history(now), run_folder.read_history(before), strict=True):
        assert row.keys() == earlier.keys()
        assert row["val_loss"] == pytest.approx(earlier["val_loss"], rel=0.05)
    plane = images.read(before / "sample_lr.tif").pixels
    # roundings grow with every step of a training, and remain far below what it has learnt
    one, other = predict_plane(open_model(now), plane), predict_plane(open_model(before), plane)
    assert np.abs(one - other).mean() < 0.1 * one.std()


@pytest.mark.parametrize("name", ["tiny.zip", "companion.zip"])
def test_a_bundle(kept, built, name):
    with zipfile.ZipFile(kept / name) as before, zipfile.ZipFile(built / name) as now:
        assert now.namelist() == before.namelist()
        texts = [without_measurements(archive.read("README.md").decode())[0] for archive in (before, now)]
        assert texts[0].splitlines()[0] == texts[1].splitlines()[0]
        described = [without_versions(yaml.safe_load(archive.read("rdf.yaml"))) for archive in (before, now)]
        assert described[0].keys() == described[1].keys()
        assert described[0]["weights"].keys() == described[1]["weights"].keys()
        assert described[0]["inputs"] == described[1]["inputs"]
        assert described[0]["outputs"] == described[1]["outputs"]
        for tensor, bound in (("test_input.npy", 1e-6), ("test_output.npy", 0.1)):
            one, other = (np.load(BytesIO(archive.read(tensor))) for archive in (before, now))
            assert np.abs(one - other).mean() <= bound * one.std()
