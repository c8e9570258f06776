import os

import numpy as np
import pytest
import tifffile
from conftest import skip_engine
from prediction.enlarging import load, load_and_note

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.model import Load
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.stream import Output, predict_to_file

try:
    from dfcan_bmz.prediction import cluster
except ImportError:
    cluster = None


@pytest.fixture(scope="module")
def client():
    if cluster is None:
        skip_engine("needs the extra scale: pip install 'dfcan-bmz[scale]'")
    with cluster.connect("local", 2, "prediction.enlarging") as client:
        yield client


@pytest.fixture
def stack(tmp_path, monkeypatch):
    monkeypatch.setattr("dfcan_bmz.prediction.stream.LARGEST_CHUNK_PX", 1)  # blocks of one tile
    pixels = np.random.default_rng(0).integers(100, 4000, (2, 45, 33)).astype(np.uint16)
    images.write(tmp_path / "stack.tif", pixels, "ZYX", images.Calibration.square(62.6, 200.0))
    return images.open_lazily(tmp_path / "stack.tif")


def noted(folder, kind):
    return {path.name.split("-")[1]: len(path.read_text().splitlines()) for path in folder.glob(f"{kind}-*")}


def serial(stack, tmp_path, client):
    predict_to_file(load(), stack, cluster.scalings_of(client, stack), tmp_path / "serial.ome.zarr", Output())
    return images.read(tmp_path / "serial.ome.zarr").pixels


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_what_one_process_gives_though_a_worker_is_killed(client, stack, tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    scalings, target = cluster.scalings_of(client, stack), tmp_path / "out.ome.zarr"
    done = []
    recipe = Load(load_and_note, (str(notes), os.getpid(), 6))
    cluster.predict_to_zarr(client, recipe, stack, scalings, target, Output(), lambda: done.append(1))
    assert (notes / "killed").exists()
    np.testing.assert_array_equal(images.read(target).pixels, serial(stack, tmp_path, client))
    assert len(done) == 2 * 6 * 5
    loads = noted(notes, "loads")
    assert set(loads.values()) == {1}, "every process loads the model once"
    assert len(loads) >= 3, "this process, the worker that was killed, and one that did its work"


def test_a_second_call_does_only_what_is_missing(client, stack, tmp_path):
    scalings, target = cluster.scalings_of(client, stack), tmp_path / "out.ome.zarr"

    class StoppedError(Exception):
        pass

    done = []

    def stop_after_ten():
        done.append(1)
        if len(done) == 10:
            raise StoppedError

    with pytest.raises(StoppedError):
        cluster.predict_to_zarr(client, Load(load, ()), stack, scalings, target, Output(), stop_after_ten)
    assert not target.exists()
    rest = []
    cluster.predict_to_zarr(client, Load(load, ()), stack, scalings, target, Output(), lambda: rest.append(1))
    assert len(rest) == 2 * 6 * 5 - 10
    np.testing.assert_array_equal(images.read(target).pixels, serial(stack, tmp_path, client))


def test_an_image_that_took_the_place_of_another_is_opened_anew(client, stack, tmp_path):
    cluster.scalings_of(client, stack)
    images.write(stack.path, 3 * np.asarray(stack.pixels)[:1], "ZYX", images.Calibration.square(62.6))
    other = images.open_lazily(stack.path)
    assert cluster.scalings_of(client, other) == [scaling_of(other.planes.plane(0))]


def test_workers_that_cannot_run_the_package_are_told(stack):
    class Workers:
        def map(self, *_, **__):
            return []

        def gather(self, _):
            raise ModuleNotFoundError("No module named 'dfcan_bmz'")

    with pytest.raises(UnfinishedError, match=r"No module named 'dfcan_bmz'.*see that its workers have dfcan-bmz"):
        cluster.scalings_of(Workers(), stack)


def test_a_line_that_a_kill_cut_off_costs_its_block_alone(client, stack, tmp_path):
    scalings, target = cluster.scalings_of(client, stack), tmp_path / "out.ome.zarr"
    job = (stack, scalings, target, Output())
    assert cluster.blocks_to_do(load(), *job) == 60
    with pytest.raises(ZeroDivisionError):
        cluster.predict_to_zarr(client, Load(load, ()), *job, lambda: 1 / 0)
    notes = tmp_path / ".out.ome.zarr.partial/blocks.txt"
    notes.write_text(notes.read_text() + "0 0 8", encoding="utf-8")
    assert cluster.blocks_to_do(load(), *job) == 59
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            cluster.predict_to_zarr(client, Load(load, ()), *job, lambda: 1 / 0)
    assert cluster.blocks_to_do(load(), *job) == 57


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_is_gone_is_told(stack, tmp_path):
    if cluster is None:
        skip_engine("needs the extra scale")
    with cluster.connect("local", 1, "prediction.enlarging") as client:
        job = (stack, cluster.scalings_of(client, stack), tmp_path / "out.ome.zarr", Output())
        with pytest.raises(UnfinishedError, match="the cluster is gone"):
            cluster.predict_to_zarr(client, Load(load, ()), *job, client.cluster.close)


def test_an_address_where_nobody_answers_is_told(monkeypatch):
    if cluster is None:
        skip_engine("needs the extra scale")
    monkeypatch.setattr(cluster, "PATIENCE", "1s")
    with pytest.raises(DfcanError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        cluster.connect("tcp://127.0.0.1:9", 1, "prediction.enlarging")


def test_a_bad_plane_of_a_stack_is_blank_and_costs_no_block(client, tmp_path):
    pixels = np.random.default_rng(0).uniform(100, 4000, (3, 45, 33)).astype(np.float32)
    pixels[1, 3, 3] = np.nan
    images.write(tmp_path / "good.tif", pixels[::2], "ZYX")
    tifffile.imwrite(tmp_path / "stack.tif", pixels, imagej=True, metadata={"axes": "ZYX"})
    image, target, done = images.open_lazily(tmp_path / "stack.tif"), tmp_path / "out.ome.zarr", []
    job = (image, cluster.scalings_of(client, image), target, Output("keep"))
    blocks = cluster.blocks_to_do(load(), *job)
    cluster.predict_to_zarr(client, Load(load, ()), *job, lambda: done.append(1))
    assert len(done) == blocks == 2
    found, good = images.read(target).pixels, images.open_lazily(tmp_path / "good.tif")
    predict_to_file(load(), good, cluster.scalings_of(client, good), tmp_path / "good.ome.zarr", Output("keep"))
    np.testing.assert_array_equal(found[::2], images.read(tmp_path / "good.ome.zarr").pixels)
    assert not found[1].any()
