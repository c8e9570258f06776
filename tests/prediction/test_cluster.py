import os
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from conftest import skip_engine
from prediction.enlarging import load, load_and_note, load_averaged

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.model import Load
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.job import Job, Options
from dfcan_bmz.prediction.stream import predict_to_file

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
    monkeypatch.setattr("dfcan_bmz.prediction.job.LARGEST_CHUNK_PX", 1)  # blocks of one tile
    pixels = np.random.default_rng(0).integers(100, 4000, (2, 45, 33)).astype(np.uint16)
    images.write(tmp_path / "stack.tif", pixels, "ZYX", images.Calibration.square(62.6, 200.0))
    return images.open_lazily(tmp_path / "stack.tif")


def noted(folder, kind):
    return {path.name.split("-")[1]: len(path.read_text().splitlines()) for path in folder.glob(f"{kind}-*")}


def on(client, recipe=None):
    return cluster.Cluster(client, recipe or Load(load, ()))


def job(client, image, target, **options):
    return Job(load(), image, on(client).measure(image), target, Options(**options))


def serial(whole):
    """What one process makes of it."""
    target = whole.target.with_name("serial.ome.zarr")
    predict_to_file(replace(whole, target=target))
    return images.read(target).pixels


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_what_one_process_gives_though_a_worker_is_killed(client, stack, tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    whole, done = job(client, stack, tmp_path / "out.ome.zarr"), []
    recipe = Load(load_and_note, (str(notes), os.getpid(), 6))
    on(client, recipe).predict(whole, lambda: done.append(1))
    assert (notes / "killed").exists()
    np.testing.assert_array_equal(images.read(whole.target).pixels, serial(whole))
    assert len(done) == 2 * 6 * 5
    loads = noted(notes, "loads")
    assert set(loads.values()) == {1}, "every process loads the model once"
    assert len(loads) >= 3, "this process, the worker that was killed, and one that did its work"


def test_a_cluster_averages_over_orientations_as_one_process_does(client, stack, tmp_path):
    whole = replace(job(client, stack, tmp_path / "out.ome.zarr"), model=load_averaged())
    on(client, Load(load_averaged, ())).predict(whole)
    np.testing.assert_array_equal(images.read(whole.target).pixels, serial(whole))


def test_a_second_call_does_only_what_is_missing(client, stack, tmp_path):
    whole = job(client, stack, tmp_path / "out.ome.zarr")

    class StoppedError(Exception):
        pass

    done = []

    def stop_after_ten():
        done.append(1)
        if len(done) == 10:
            raise StoppedError

    with pytest.raises(StoppedError):
        on(client).predict(whole, stop_after_ten)
    assert not whole.target.exists()
    rest = []
    on(client).predict(whole, lambda: rest.append(1))
    assert len(rest) == 2 * 6 * 5 - 10
    np.testing.assert_array_equal(images.read(whole.target).pixels, serial(whole))


def test_an_image_that_took_the_place_of_another_is_opened_anew(client, stack, tmp_path):
    on(client).measure(stack)
    images.write(stack.path, 3 * np.asarray(stack.pixels)[:1], "ZYX", images.Calibration.square(62.6))
    other = images.open_lazily(stack.path)
    assert on(client).measure(other) == [scaling_of(other.planes.plane(0))]


def test_workers_that_cannot_run_the_package_are_told(stack):
    class Workers:
        def map(self, *_, **__):
            return []

        def gather(self, _):
            raise ModuleNotFoundError("No module named 'dfcan_bmz'")

    with pytest.raises(UnfinishedError, match=r"No module named 'dfcan_bmz'.*check that its workers have dfcan-bmz"):
        on(Workers()).measure(stack)


def test_a_line_that_a_kill_cut_off_costs_its_block_alone(client, stack, tmp_path):
    whole = job(client, stack, tmp_path / "out.ome.zarr")
    assert on(client).left(whole) == on(client).steps(whole) == 60
    with pytest.raises(ZeroDivisionError):
        on(client).predict(whole, lambda: 1 / 0)
    notes = tmp_path / ".out.ome.zarr.partial/blocks.txt"
    notes.write_text(notes.read_text() + "0 0 8", encoding="utf-8")
    assert on(client).left(whole) == 59
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            on(client).predict(whole, lambda: 1 / 0)
    assert on(client).left(whole) == 57


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_is_gone_is_told(stack, tmp_path):
    if cluster is None:
        skip_engine("needs the extra scale")
    with cluster.connect("local", 1, "prediction.enlarging") as client:
        whole = job(client, stack, tmp_path / "out.ome.zarr")
        with pytest.raises(UnfinishedError, match="the cluster is gone"):
            on(client).predict(whole, client.cluster.close)


def test_an_address_where_nobody_answers_is_told(monkeypatch):
    if cluster is None:
        skip_engine("needs the extra scale")
    monkeypatch.setattr(cluster, "PATIENCE", "1s")
    with pytest.raises(DfcanError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        cluster.connect("tcp://127.0.0.1:9", 1, "prediction.enlarging")


def test_a_cluster_without_workers_is_told_to_those_who_listen():
    if cluster is None:
        skip_engine("needs the extra scale")
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, dashboard_address=None) as empty:
        address = empty.scheduler_address
        with pytest.warns(UserWarning, match=f"{address} has no workers yet"):
            cluster.connect(address, 1, "prediction.enlarging").close()


def test_a_bad_plane_of_a_stack_is_blank_and_costs_no_block(client, tmp_path):
    pixels = np.random.default_rng(0).uniform(100, 4000, (3, 45, 33)).astype(np.float32)
    pixels[1, 3, 3] = np.nan
    images.write(tmp_path / "good.tif", pixels[::2], "ZYX")
    tifffile.imwrite(tmp_path / "stack.tif", pixels, imagej=True, metadata={"axes": "ZYX"})
    image, done = images.open_lazily(tmp_path / "stack.tif"), []
    whole = job(client, image, tmp_path / "out.ome.zarr", intensity="keep")
    blocks = on(client).left(whole)
    on(client).predict(whole, lambda: done.append(1))
    assert len(done) == blocks == 2
    found, good = images.read(whole.target).pixels, images.open_lazily(tmp_path / "good.tif")
    alone = serial(job(client, good, whole.target, intensity="keep"))
    np.testing.assert_array_equal(found[::2], alone)
    assert not found[1].any()
