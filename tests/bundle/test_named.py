"""A name becomes a path: published models, and those of a zoo that stands on this machine."""

import shutil
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from bioimageio.spec._internal._settings import settings
from invoking import expect_refusal

import dfcan_bmz
from dfcan_bmz import published, run_folder
from dfcan_bmz.bundle import write
from dfcan_bmz.bundle.named import find_bundle
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.bundle_file.read import open_bundle
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.training.settings import resolve
from dfcan_bmz.training.starting_weights import origin

NOWHERE = "http://127.0.0.1:9/{bioimageio_id}"  # the port of "discard", on which nobody listens


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DFCAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def zoo(tmp_path, tiny_bundle, monkeypatch):
    """A zoo with one model, kind-heron; the folder of its files."""
    files = tmp_path / "zoo/kind-heron"
    with zipfile.ZipFile(tiny_bundle) as archive:
        archive.extractall(files)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path / "zoo"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(settings, "collection_http_pattern", f"{address}/{{bioimageio_id}}/rdf.yaml")
    monkeypatch.setattr(settings, "id_map", f"{address}/id_map.json")
    monkeypatch.setattr(settings, "cache_path", tmp_path / "cache of the spec")
    yield files
    server.shutdown()
    server.server_close()


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.setattr(settings, "collection_http_pattern", NOWHERE)
    monkeypatch.setattr(settings, "id_map", NOWHERE)


def test_every_published_model_is_found_by_its_name_and_its_nickname(no_network):
    assert {"actin-x2", "em-x2", "microtubules-x2"} <= published.models().keys()
    for name, run in published.models().items():
        assert find_model(Path(name)) == run
        assert find_model(Path(published.nickname(run))) == run


def test_what_exists_goes_before_a_published_model_of_that_name(tiny_bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("em-x2").write_bytes(tiny_bundle.read_bytes())
    assert find_model(Path("em-x2")) == Path("em-x2")


def test_a_model_of_the_zoo_is_downloaded_once_and_kept(zoo, cache, tiny_bundle, capsys):
    kept = find_model(Path("kind-heron"))
    assert kept.is_relative_to(cache)
    assert f"kept as {kept}" in capsys.readouterr().out
    assert open_bundle(kept).ours == open_bundle(tiny_bundle).ours
    for file in zoo.iterdir():
        file.unlink()  # nothing is asked for again
    assert find_model(Path("kind-heron")) == kept
    assert capsys.readouterr().out == ""
    image = np.random.default_rng(0).normal(size=(40, 40))
    assert np.array_equal(dfcan_bmz.predict("kind-heron", image), dfcan_bmz.predict(tiny_bundle, image))


def test_a_file_that_is_not_what_the_zoo_describes_is_refused_and_nothing_is_kept(zoo, cache):
    (zoo / "weights.onnx").write_bytes(b"something else")
    expect_refusal("check", "kind-heron", match="kind-heron: a file of the zoo is not what its description promises")
    assert not list(cache.rglob("*.zip"))


def test_a_name_that_the_zoo_does_not_know_is_told(zoo, cache):
    with pytest.raises(DfcanError, match="wild-goose is not a file, a published model or a model of the zoo"):
        find_model(Path("wild-goose"))


def test_without_a_network_that_is_said_in_one_line(no_network, cache):
    expect_refusal("check", "affable-shark", match="the zoo does not answer: connect to the network, or give a file")


def test_a_training_starts_from_a_name_with_the_network_that_it_has():
    model = resolve({}, None, ["train.init=actin-x2"]).model
    assert model == run_folder.read_config(published.models()["actin-x2"]).model
    assert origin(Path("actin-x2"))["name"] == "actin-x2/model.keras"


def test_a_bundle_is_packaged_for_a_published_name_once(tiny_run, tiny_bundle, tiny_recipe, cache, monkeypatch):
    monkeypatch.setattr(published, "FOLDER", tiny_run.parent)
    monkeypatch.setattr(published, "recipe", lambda run: tiny_recipe)
    # how it is packaged has tests of its own, and takes a minute
    monkeypatch.setattr(write, "write_bundle", lambda run, recipe, folder, out, say: shutil.copyfile(tiny_bundle, out))
    told: list[str] = []
    kept = find_bundle(Path(tiny_run.name), told.append)
    assert kept.is_relative_to(cache)
    assert told == [f"{tiny_run.name} is packaged for the first time; its bundle is kept as {kept}"]
    assert find_bundle(Path(tiny_run.name), pytest.fail) == kept
    assert open_bundle(kept).ours


def test_a_run_folder_of_ones_own_is_no_bundle(tiny_run, tmp_path):
    expect_refusal("page", tiny_run, "--out", tmp_path / "page", match="is a folder: give a bundle")
