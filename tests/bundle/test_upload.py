"""The upload against a server of our own, which answers as the zoo's does and keeps what it is sent, byte for byte."""

import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import bioimageio.spec
import pytest
import yaml
from bundle_files import rewrite

from dfcan_bmz.bundle import upload as uploading
from dfcan_bmz.bundle.verdict import FAILED, NOT_RUN, Verdict
from dfcan_bmz.bundle_file.read import read_bundle
from dfcan_bmz.commands import upload as command
from dfcan_bmz.errors import DfcanError, UnfinishedError


class Zoo(BaseHTTPRequestHandler):
    """The four calls that an upload makes, and a store."""

    def _body(self):
        if (length := self.headers.get("Content-Length")) is not None:
            return self.rfile.read(int(length))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _answer(self, content, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        content, action = json.loads(self._body()), self.path.rpartition("/")[2]
        self.server.calls.append((action, content))
        assert self.headers["Authorization"] == "Bearer a-token"
        if action == self.server.broken:
            self._answer(b"no", 500)
        elif action == "create":
            self._answer(json.dumps({"id": "bioimage-io/nice-name"}).encode())
        elif action in ("put_file", "get_file"):
            link = f"http://127.0.0.1:{self.server.server_port}/store/{content['file_path']}"
            self._answer(json.dumps(link).encode())
        else:
            self._answer(b"{}")

    def do_PUT(self):
        self.server.store[self.path.rpartition("/")[2]] = self.server.keep(self._body())
        self._answer(b"")

    def do_GET(self):
        self._answer(self.server.store[self.path.rpartition("/")[2]])

    def log_message(self, *_):
        pass


@pytest.fixture
def zoo(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Zoo)
    server.calls, server.store, server.broken, server.keep = [], {}, None, lambda content: content
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/services/artifact-manager/create"
    monkeypatch.setattr(bioimageio.spec.settings, "hypha_upload", url)
    monkeypatch.setattr(bioimageio.spec.settings, "hypha_upload_token", "a-token")
    yield server
    server.shutdown()
    server.server_close()


def test_what_arrives_is_the_bundle_byte_for_byte(tiny_bundle, zoo):
    told = []
    url = uploading.upload(read_bundle(tiny_bundle), told.append)
    assert "bioimage-io/nice-name" in url
    with zipfile.ZipFile(tiny_bundle) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == zoo.store
    assert yaml.safe_load(zoo.store["rdf.yaml"])["format_version"] == "0.5.9"
    assert sum("sent and read back" in line for line in told) == len(zoo.store)
    actions = [action for action, _ in zoo.calls]
    assert actions[0] == "create"
    assert "edit" in actions


def test_the_spec_s_upload_alone_would_have_changed_every_file(tiny_bundle, zoo):
    """Why each file is sent again; where this fails, bioimageio.spec has been mended and `upload` can be shorter."""
    bioimageio.spec.upload(tiny_bundle)
    with zipfile.ZipFile(tiny_bundle) as archive:
        assert all(archive.read(name) != zoo.store[name] for name in archive.namelist())


def test_a_file_that_arrives_changed_is_said(tiny_bundle, zoo):
    zoo.keep = lambda content: content[:-1] + b"?"
    with pytest.raises(UnfinishedError, match="arrived changed"):
        uploading.upload(read_bundle(tiny_bundle), print)


@pytest.mark.parametrize(("broken", "told"), [("create", "broke off"), ("put_file", "broke off")])
def test_a_refusal_of_the_server_is_one_line(tiny_bundle, zoo, broken, told):
    zoo.broken = broken
    with pytest.raises(UnfinishedError, match=told) as refusal:
        uploading.upload(read_bundle(tiny_bundle), print)
    assert "\n" not in str(refusal.value)
    assert "a-token" not in str(refusal.value)


def test_what_cannot_be_read_back_is_told(tiny_bundle, zoo):
    zoo.broken, told = "get_file", []
    uploading.upload(read_bundle(tiny_bundle), told.append)
    assert sum("cannot be read back" in line for line in told) == len(zoo.store)


def test_without_a_token_nothing_is_sent(tiny_bundle, zoo, monkeypatch):
    monkeypatch.setattr(bioimageio.spec.settings, "hypha_upload_token", None)
    with pytest.raises(DfcanError, match=uploading.TOKEN):
        command.run(tiny_bundle, yes=True)
    assert zoo.calls == []


def test_an_id_is_refused_before_anything_is_sent(tiny_bundle, zoo, tmp_path):
    with zipfile.ZipFile(tiny_bundle) as archive:
        content = yaml.safe_load(archive.read("rdf.yaml")) | {"id": "nice-name"}
    bundle = rewrite(tiny_bundle, tmp_path / "b.zip", {"rdf.yaml": yaml.safe_dump(content).encode()})
    with pytest.raises(DfcanError, match="has an id"):
        command.run(bundle, yes=True)
    assert zoo.calls == []


@pytest.fixture
def checked(monkeypatch):
    """The verdicts that `check` would give; it is tested elsewhere."""
    verdicts = [Verdict("onnx", "bioimageio.core", "test tensor", "passed", None, "")]
    monkeypatch.setattr("dfcan_bmz.bundle.check.check", lambda bundle: verdicts)
    return verdicts


def with_maintainer(bundle, target):
    with zipfile.ZipFile(bundle) as archive:
        content = yaml.safe_load(archive.read("rdf.yaml"))
    content["maintainers"] = [{"name": "M", "github_user": "bioimageiobot"}]
    return rewrite(bundle, target, {"rdf.yaml": yaml.safe_dump(content).encode()})


@pytest.fixture
def no_engine(monkeypatch):
    """A computer on which running weights fails the test, and so does asking the network."""

    def refuse(*_, **__):
        raise AssertionError("a dry run looks at files alone")

    monkeypatch.setattr("dfcan_bmz.bundle.check.check", refuse)
    monkeypatch.setattr("socket.create_connection", refuse)


@pytest.mark.usefixtures("no_engine")
def test_a_dry_run_is_the_default_and_runs_no_weights(tiny_bundle, zoo, tmp_path, capsys):
    bundle = with_maintainer(tiny_bundle, tmp_path / "b.zip")
    command.run(bundle, yes=False)
    told = capsys.readouterr().out
    assert "nothing was sent, and its weights were not run" in told
    assert f"dfcan-bmz check {bundle} --zoo" in told
    assert zoo.calls == []


@pytest.mark.usefixtures("no_engine")
def test_a_dry_run_tells_what_the_zoo_objects_to_in_a_description(tiny_bundle):
    with pytest.raises(UnfinishedError, match=r"alerts: .*maintainers"):
        command.run(tiny_bundle, yes=False)


def test_what_the_zoo_would_object_to_is_not_sent(tiny_bundle, zoo, checked):
    with pytest.raises(UnfinishedError, match=r"alerts: .*maintainers"):
        command.run(tiny_bundle, yes=True)
    checked.append(Verdict("onnx", "bioimageio.core", "load", FAILED, None, "no"))
    with pytest.raises(UnfinishedError, match="onnx, load"):
        command.run(tiny_bundle, yes=True)
    assert zoo.calls == []


def test_weights_that_were_not_run_are_named_and_not_sent(tiny_bundle, zoo, checked, tmp_path, capsys):
    bundle = with_maintainer(tiny_bundle, tmp_path / "b.zip")
    checked.append(Verdict("torchscript", "-", "load", NOT_RUN, None, "its engine is missing"))
    with pytest.raises(UnfinishedError, match="some of its weights could not be tested"):
        command.run(bundle, yes=True)
    assert "not tested, torchscript: its engine is missing" in capsys.readouterr().out
    assert zoo.calls == []
