"""Broken and hostile bundles get a verdict, never a traceback, and nothing of theirs is run."""

import hashlib
import json
import socket
import zipfile
from io import BytesIO

import hostile_weights as hostile
import keras
import numpy as np
import pytest
import yaml
from conftest import command_line, skip_engine
from hypothesis import given, settings
from hypothesis import strategies as st

from dfcan_bmz.bundle.check import agreement, check
from dfcan_bmz.bundle.verdict import FAILED, NOT_RUN
from dfcan_bmz.bundle_file.read import open_bundle
from dfcan_bmz.commands import check as check_command
from dfcan_bmz.config import ModelConfig
from dfcan_bmz.engines import apart
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.export import FILE_NAMES, export
from dfcan_bmz.extras import missing_extra
from dfcan_bmz.fingerprint import SMALLEST_GAPS
from dfcan_bmz.model.loading import of_bundle
from dfcan_bmz.models import build_model


@pytest.fixture(scope="module")
def keras_only(tiny_bundle, tmp_path_factory):
    """The bundle with Keras weights alone, which is faster to check, as a dictionary of files."""
    with zipfile.ZipFile(tiny_bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return keep(files, "keras_v3")


def keep(files, *formats):
    content = yaml.safe_load(files["rdf.yaml"])
    sources = {entry["source"] for name, entry in content["weights"].items() if name not in formats}
    content["weights"] = {name: entry for name, entry in content["weights"].items() if name in formats}
    for entry in content["weights"].values():
        entry.pop("parent", None)
    kept = {name: data for name, data in files.items() if name not in sources}
    return kept | {"rdf.yaml": yaml.safe_dump(content).encode()}


def change(files, edit):
    """Edit the description."""
    content = yaml.safe_load(files["rdf.yaml"])
    edit(content)
    return files | {"rdf.yaml": yaml.safe_dump(content).encode()}


def swap_weights(files, weight_format, data):
    """Put other weights in, hash and all; of a format that the bundle has or not."""
    name = FILE_NAMES[weight_format]
    version = {"tensorflow_version": "2.21.0"} if weight_format == "tensorflow_saved_model_bundle" else {}

    def describe(content):
        entry = content["weights"].setdefault(weight_format, {"source": name, **version})
        entry["sha256"] = hashlib.sha256(data).hexdigest()

    return change(files, describe) | {name: data}


def write(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return path


def zipped(**files):
    buffer = BytesIO()
    write(buffer, files)
    return buffer.getvalue()


def failures(bundle):
    return [verdict for verdict in check(bundle) if verdict.verdict == FAILED]


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "a/../../evil", "..\\evil", "C:\\evil"])
def test_a_path_that_climbs_out_is_refused(keras_only, tmp_path, name):
    (verdict,) = check(write(tmp_path / "b.zip", keras_only | {name: b"x"}))
    assert (verdict.format, verdict.verdict) == ("zip", FAILED)
    assert "outside the folder" in verdict.message


def test_a_path_that_climbs_out_of_a_zip_in_the_zip_is_refused(tiny_bundle, tmp_path):
    with zipfile.ZipFile(tiny_bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files = swap_weights(files, "tensorflow_saved_model_bundle", zipped(**{"../saved_model.pb": b"x"}))
    (verdict,) = check(write(tmp_path / "b.zip", files))
    assert "tf_weights.zip" in verdict.message


def test_a_zip_bomb_is_refused_unopened(keras_only, tmp_path):
    bundle = write(tmp_path / "b.zip", keras_only | {"zeros.bin": bytes(100 * 2**20)})
    (verdict,) = check(bundle)
    assert "zip bomb" in verdict.message


@pytest.mark.parametrize("name", ["tf_weights.ZIP", "weights.pth", "data"])
def test_a_bomb_in_a_zip_in_the_zip_is_found_whatever_it_is_called(keras_only, tmp_path, name):
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(100 * 2**20))
    (verdict,) = check(write(tmp_path / "b.zip", keras_only | {name: buffer.getvalue()}))
    assert "zip bomb" in verdict.message


def test_a_link_is_refused(keras_only, tmp_path):
    bundle = write(tmp_path / "b.zip", keras_only)
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    (verdict,) = check(bundle)
    assert "is a link" in verdict.message


def test_a_damaged_zip_is_named(keras_only, tmp_path):
    bundle = write(tmp_path / "b.zip", keras_only | {"nested.zip": zipped(a=b"x")[:-8] + b"12345678"})
    assert check(bundle)  # it holds no zip at its end: a file like any other
    cut = tmp_path / "cut.zip"
    cut.write_bytes(bundle.read_bytes()[: bundle.stat().st_size // 2])
    with pytest.raises(DfcanError, match="not a bundle"):
        check(cut)


def test_an_unsafe_bundle_is_refused_by_every_command(keras_only, tmp_path):
    bundle = write(tmp_path / "b.zip", keras_only | {"../evil.txt": b"x"})
    answer = command_line("predict", bundle, tmp_path, "--out", tmp_path / "out")
    assert answer.returncode == 2
    assert not (tmp_path / "out").exists()
    answer = command_line("check", bundle)
    assert answer.returncode == 1
    assert len(answer.stderr.strip().splitlines()) == 1


def test_a_lambda_is_reported_as_code_and_not_run(keras_only, tmp_path):
    evil = tmp_path / "evil.txt"
    image = keras.Input((None, None, 1))
    path = str(evil)
    model = keras.Model(image, keras.layers.Lambda(lambda x: (open(path, "w").close(), x)[1])(image))
    evil.unlink(missing_ok=True)
    model.save(tmp_path / "evil.keras")
    files = swap_weights(keras_only, "keras_v3", (tmp_path / "evil.keras").read_bytes())
    verdict = check(write(tmp_path / "b.zip", files))[-1]
    assert (verdict.format, verdict.verdict) == ("keras_v3", NOT_RUN)
    assert "Lambda" in verdict.message
    assert not evil.exists()


def test_a_class_of_somebody_s_own_is_reported_as_code(keras_only, tmp_path):
    with zipfile.ZipFile(BytesIO(keras_only["weights.keras"])) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["odd"] = {"class_name": [1], "module": 5}
    config["config"]["layers"][1] |= {"class_name": "Mine", "module": "os", "registered_name": "Mine"}
    files = swap_weights(keras_only, "keras_v3", zipped(**(members | {"config.json": json.dumps(config).encode()})))
    verdict = check(write(tmp_path / "b.zip", files))[-1]
    assert verdict.verdict == NOT_RUN
    assert "Mine" in verdict.message


def whole(bundle):
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


MAIN_OP = hostile.field(4, hostile.pair("saved_model_main_op", hostile.field(1, hostile.field(1, "evil"))))
HOSTILE = {
    "tensorflow_saved_model_bundle": (
        lambda path: hostile.saved_model(path, hostile.tf_node("WriteFile", "evil"), meta=MAIN_OP),
        "collections",
    ),
    "torchscript": (lambda path: hostile.torchscript(path, '    y = x.save("p")\n    return x\n'), "x.save"),
    "onnx": (lambda path: hostile.onnx_model(path, hostile.onnx_node("Loop")), "Loop"),
    "keras_v3": (lambda path: hostile.keras_file(path, hostile.keras_class("StringLookup")), "StringLookup"),
}


@pytest.mark.parametrize("weight_format", HOSTILE)
def test_weights_with_what_is_not_listed_are_named_and_not_run(tiny_bundle, tmp_path, weight_format):
    if extra := missing_extra(weight_format):
        skip_engine(f"{weight_format} needs the extra {extra}: pip install 'dfcan-bmz[{extra}]'")
    build, word = HOSTILE[weight_format]
    files = swap_weights(
        keep(whole(tiny_bundle), weight_format), weight_format, build(tmp_path / "weights").read_bytes()
    )
    bundle = write(tmp_path / "b.zip", files)
    (verdict,) = [verdict for verdict in check(bundle) if verdict.format == weight_format]
    assert (verdict.test, verdict.verdict) == ("load", NOT_RUN)
    assert word in verdict.message
    with pytest.raises(DfcanError, match=rf"b\.zip: its {weight_format} weights are not run because .*{word}.*--trust"):
        of_bundle(bundle)


@pytest.mark.parametrize("weight_format", ["onnx", "torchscript"])
def test_weights_of_a_stranger_have_a_process_with_a_bound_on_its_time(
    tiny_bundle, tmp_path, monkeypatch, weight_format
):
    if extra := missing_extra(weight_format):
        skip_engine(f"{weight_format} needs the extra {extra}: pip install 'dfcan-bmz[{extra}]'")
    bundle = write(tmp_path / "b.zip", keep(whole(tiny_bundle), weight_format))
    monkeypatch.setattr(apart, "LONGEST_S", 0)
    with pytest.raises(DfcanError, match=rf"b\.zip: its {weight_format} weights .*no answer after 0 s"):
        of_bundle(bundle)


def test_who_trusts_the_author_runs_whatever_there_is(tiny_bundle, tmp_path):
    """A real network in a file that is not as `torch.jit.save` writes it."""
    if extra := missing_extra("torchscript"):
        skip_engine(f"torchscript needs the extra {extra}: pip install 'dfcan-bmz[{extra}]'")
    files = keep(whole(tiny_bundle), "torchscript")
    (tmp_path / "w.pt").write_bytes(files["weights.pt"])
    with zipfile.ZipFile(tmp_path / "w.pt", "a") as archive:
        archive.writestr("archive/extra/notes", "of the author")
    bundle = write(tmp_path / "b.zip", swap_weights(files, "torchscript", (tmp_path / "w.pt").read_bytes()))
    with pytest.raises(DfcanError, match="--trust"):
        of_bundle(bundle)
    assert of_bundle(bundle, trusted=True).network(np.ones((1, 32, 32, 1), "float32")).shape == (1, 64, 64, 1)


def test_a_bundle_of_which_nothing_can_be_run_is_no_success(keras_only, tmp_path):
    evil = hostile.keras_file(tmp_path / "w.keras", hostile.keras_class("Lambda")).read_bytes()
    bundle = write(tmp_path / "b.zip", swap_weights(keras_only, "keras_v3", evil))
    with pytest.raises(UnfinishedError, match="none of its weights could be run"):
        check_command.run(bundle, as_json=True, html=None, zoo=False, overwrite=False)


@pytest.fixture
def no_network(monkeypatch):
    """Whoever looks up a name or connects fails the test, even if he catches the error."""
    asked = []

    def refuse(*arguments, **_):
        asked.append(arguments)
        raise OSError("no network in this test")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield
    assert asked == []


def test_opening_a_bundle_asks_no_network(keras_only, tmp_path, no_network):
    def addresses(content):
        content["icon"] = "\N{MICROSCOPE}"
        content["git_repo"] = "http://127.0.0.1:9/repo"
        content["cite"] = [{"text": "A paper", "url": "http://127.0.0.1:9/paper"}]
        content["authors"][0]["github_user"] = "nobody-of-this-name"
        content["maintainers"] = [{"name": "N. Body", "github_user": "nobody-of-this-name"}]
        content["links"] = ["a/b"]

    assert open_bundle(write(tmp_path / "b.zip", change(keras_only, addresses)))


ELSEWHERE = [
    "/etc/passwd",
    "file:///etc/passwd",
    "file:/etc/passwd",
    "../secret",
    "a/../../secret",
    "~/secret",
    "C:\\x",
]


@pytest.mark.parametrize("path", ELSEWHERE)
@pytest.mark.parametrize("key", ["icon", "documentation", "covers", "attachments", "git_repo", "anything"])
def test_a_description_that_names_a_file_elsewhere_is_refused(keras_only, tmp_path, no_network, key, path):
    def elsewhere(content):
        lists = {"covers": [path], "attachments": [{"source": path}]}
        content[key] = lists.get(key, path)

    with pytest.raises(DfcanError, match="refers to files outside itself"):
        open_bundle(write(tmp_path / "b.zip", change(keras_only, elsewhere)))


def test_a_name_that_is_a_link_outside_of_the_zip_is_not_followed(keras_only, tmp_path):
    def linked(content):
        content["icon"] = "secret.png"

    (tmp_path / "secret.png").symlink_to("/etc/passwd")
    with pytest.raises(DfcanError, match=r"lacks secret\.png"):
        open_bundle(write(tmp_path / "b.zip", change(keras_only, linked)))


@pytest.mark.parametrize(
    ("scale", "halo", "word"), [(3, None, "promises scale 3"), (2, 30, "leaves 2 px of a tile of 32")]
)
def test_what_the_network_contradicts_is_named_with_the_bundle(keras_only, tmp_path, scale, halo, word):
    def contradict(content):
        content["config"]["dfcan_bmz"]["scale"] = scale
        for axis in content["outputs"][0]["axes"]:
            if halo and "halo" in axis:
                axis["halo"] = halo

    bundle = write(tmp_path / "b.zip", change(keras_only, contradict))
    with pytest.raises(DfcanError, match=word) as refusal:
        of_bundle(bundle).network(np.ones((1, 32, 32, 1), "float32"))
    assert str(bundle) in str(refusal.value)


def test_a_tile_that_no_memory_holds_is_refused_before_it_is_made(keras_only, tmp_path):
    def enlarge(content):
        for axis in content["inputs"][0]["axes"][1:3]:
            axis["size"] = 10**6

    with pytest.raises(DfcanError, match=r"b\.zip: tiles of 1000000 px"):
        of_bundle(write(tmp_path / "b.zip", change(keras_only, enlarge)))


@pytest.mark.parametrize(
    "domain",
    [
        {},
        {"pixel_sizes_nm": [0], "gaps": {}, "fingerprints": []},
        {"pixel_sizes_nm": 60, "gaps": dict(SMALLEST_GAPS), "fingerprints": []},
        {"pixel_sizes_nm": [60], "gaps": dict(SMALLEST_GAPS), "fingerprints": ["1 2 3"]},
        {"pixel_sizes_nm": [60], "gaps": dict(SMALLEST_GAPS) | {"spectrum": 0}, "fingerprints": []},
    ],
)
def test_a_record_of_the_training_that_cannot_be_read_is_named(keras_only, tmp_path, domain):
    bundle = change(keras_only, lambda content: content["config"]["dfcan_bmz"].update(domain=domain))
    with pytest.raises(DfcanError, match=r"b\.zip does not say what its training has seen"):
        of_bundle(write(tmp_path / "b.zip", bundle))


def test_an_error_within_an_engine_names_the_bundle(keras_only, tmp_path):
    bundle = write(tmp_path / "b.zip", keras_only)
    with pytest.raises(DfcanError, match=r"b\.zip: its keras_v3 weights fail on a tile of 32 x 32 px"):
        of_bundle(bundle).network(np.ones((1, 32, 32, 7), "float32"))


def test_a_refusal_names_the_bundle_and_no_temporary_path(keras_only, tmp_path):
    broken = hostile.keras_file(tmp_path / "w.keras", hostile.keras_class("Conv2D", filters=-1)).read_bytes()
    with pytest.raises(DfcanError) as refusal:
        of_bundle(write(tmp_path / "b.zip", swap_weights(keras_only, "keras_v3", broken)))
    assert str(tmp_path / "b.zip") in str(refusal.value)
    assert "weights.keras" not in str(refusal.value)


@pytest.mark.parametrize("source", ["http://127.0.0.1:9/weights.keras", "file:///etc/passwd", "/etc/passwd"])
def test_files_outside_of_the_bundle_are_not_fetched(keras_only, tmp_path, source):
    def elsewhere(content):
        content["weights"]["keras_v3"]["source"] = source

    (verdict,) = failures(write(tmp_path / "b.zip", change(keras_only, elsewhere)))
    assert source in verdict.message


def test_what_a_user_keeps_under_config_is_no_file(keras_only, tmp_path):
    def notes(content):
        content["config"]["mylab"] = {"source": "Confocal microscope", "documentation": "see paper"}

    assert open_bundle(write(tmp_path / "b.zip", change(keras_only, notes)))


def test_two_descriptions_are_refused(keras_only, tmp_path):
    with pytest.raises(DfcanError, match="several descriptions"):
        check(write(tmp_path / "b.zip", keras_only | {"a.rdf.yaml": keras_only["rdf.yaml"]}))


@pytest.mark.parametrize(
    "text",
    [
        b"a: &a [1]\nb: [*a, *a]",
        b"a: &a [*a]",
        b"[" * 5000,
        b"format_version: 0.5.9\ntimestamp: 2020-13-45",
        *(b"x: !!%b" % value for value in (b"int ''", b"float ''", b"bool maybe", b"timestamp now")),
        b"x: " + b"1:" * 1000 + b"1",
        b"x: " + b"1:" * 300 + b"1.5",
        b"- a list",
        b"name: decoy",
        b"x" * (2**20 + 1),
    ],
)
def test_a_description_that_would_hang_or_crash_a_reader_is_named(keras_only, tmp_path, text):
    (verdict,) = check(write(tmp_path / "b.zip", keras_only | {"rdf.yaml": text}))
    assert (verdict.format, verdict.verdict) == ("rdf.yaml", FAILED)
    assert "\n" not in verdict.message


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_bundle_with_flipped_or_missing_bytes_is_opened_or_refused_in_one_line(keras_only, tmp_path_factory, data):
    content = bytearray(write(BytesIO(), keras_only).getvalue())
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[position] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("fuzz") / "b.zip"
    path.write_bytes(content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))])
    try:
        open_bundle(path)
        refusal = ""
    except DfcanError as error:
        refusal = str(error)
    assert "\n" not in refusal


def test_formats_that_give_no_number_or_another_shape_do_not_agree():
    ones = {"a": np.ones(3), "b": np.ones(3)}
    (nan,) = agreement({"keras_v3": ones, "onnx": ones | {"b": np.full(3, np.nan)}}, 1e-3)
    (shape,) = agreement({"keras_v3": ones, "onnx": ones | {"a": np.ones(4)}}, 1e-3)
    (same,) = agreement({"keras_v3": ones, "onnx": ones}, 1e-3)
    assert (nan.verdict, shape.verdict, same.verdict) == (FAILED, FAILED, "passed")


@pytest.mark.parametrize("weight_format", ["torchscript", "onnx", "tensorflow_saved_model_bundle"])
def test_predict_names_weights_that_no_engine_loads(tiny_bundle, tmp_path, weight_format):
    if extra := missing_extra(weight_format):
        skip_engine(f"{weight_format} needs the extra {extra}: pip install 'dfcan-bmz[{extra}]'")
    with zipfile.ZipFile(tiny_bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    bundle = write(tmp_path / "b.zip", swap_weights(keep(files, weight_format), weight_format, b"nothing"))
    with pytest.raises(DfcanError):
        of_bundle(bundle)


def test_a_wrong_hash_is_named(keras_only, tmp_path):
    (verdict,) = failures(write(tmp_path / "b.zip", keras_only | {"weights.keras": b"something else"}))
    assert verdict.format == "rdf.yaml"
    assert "keras_v3" in verdict.message


def test_swapped_weights_are_found_by_the_test_tensor(keras_only, tmp_path):
    model = build_model(ModelConfig(filters=4, groups=1, blocks=1), np.random.default_rng(1))
    model.save(tmp_path / "other.keras")
    files = swap_weights(keras_only, "keras_v3", (tmp_path / "other.keras").read_bytes())
    verdict = failures(write(tmp_path / "b.zip", files))[0]
    assert (verdict.format, verdict.test) == ("keras_v3", "test tensor")
    assert "disagree with expected values" in verdict.message


def test_a_missing_test_tensor_is_named(keras_only, tmp_path):
    files = {name: data for name, data in keras_only.items() if name != "test_output.npy"}
    (verdict,) = failures(write(tmp_path / "b.zip", files))
    assert "test_output.npy" in verdict.message


@pytest.mark.parametrize("bad", [{"size": -3}, {"type": "spatial"}, {"scale": "large"}])
def test_a_bad_axis_is_named(keras_only, tmp_path, bad):
    def spoil(content):
        content["inputs"][0]["axes"][1] |= bad

    (verdict,) = failures(write(tmp_path / "b.zip", change(keras_only, spoil)))
    assert verdict.format == "rdf.yaml"
    assert "inputs.0.axes.1" in verdict.message


def test_torchscript_that_is_no_archive_is_named(tiny_bundle, tmp_path):
    files = whole(tiny_bundle)
    if "weights.pt" not in files:
        pytest.skip("torch is not installed: pip install 'dfcan-bmz[torch]'")
    damaged = swap_weights(keep(files, "torchscript"), "torchscript", b"no archive")
    (verdict,) = [one for one in check(write(tmp_path / "b.zip", damaged)) if one.format == "torchscript"]
    assert verdict.verdict == NOT_RUN
    assert "it is damaged" in verdict.message
    assert "\n" not in verdict.message


def test_a_description_that_is_no_yaml_is_named(keras_only, tmp_path):
    (verdict,) = failures(write(tmp_path / "b.zip", keras_only | {"rdf.yaml": b"inputs: [\x00"}))
    assert "rdf.yaml" in verdict.message


def test_a_model_of_format_0_4_by_somebody_else_is_checked(tmp_path):
    """ONNX weights are run; a PyTorch state dict comes with code and is not."""
    model = build_model(ModelConfig(filters=4, groups=1, blocks=1, output="linear"), np.random.default_rng(0))
    model.save(tmp_path / "model.keras")
    weights = export("onnx", tmp_path / "model.keras", tmp_path).read_bytes()
    image = np.random.default_rng(0).uniform(size=(1, 32, 32, 1)).astype("float32")
    files = {
        "weights.onnx": weights,
        "state.pt": b"weights",
        "arch.py": b"raise SystemExit('run')",
        "README.md": b"# R",
    }
    for name, array in (("in.npy", image), ("out.npy", np.asarray(model(image)))):
        buffer = BytesIO()
        np.save(buffer, array)
        files[name] = buffer.getvalue()
    files["cover.png"] = png()
    files["rdf.yaml"] = yaml.safe_dump(description_0_4(files)).encode()
    verdicts = check(write(tmp_path / "b.zip", files))
    found = {(verdict.format, verdict.test): verdict for verdict in verdicts}
    assert found["onnx", "test tensor"].verdict == "passed"
    assert found["pytorch_state_dict", "load"].verdict == NOT_RUN
    assert "contains code" in found["pytorch_state_dict", "load"].message
    assert found["rdf.yaml", "their rules"].verdict == NOT_RUN
    assert found["rdf.yaml", "tiles, agreement of formats"].verdict == NOT_RUN
    # onnx alone ends deepImageJ, and that is all that is wrong with it
    assert [(verdict.format, verdict.test) for verdict in verdicts if verdict.verdict == FAILED] == [
        ("rdf.yaml", "weights in Fiji")
    ]


def png():
    from PIL import Image

    buffer = BytesIO()
    Image.new("L", (64, 64)).save(buffer, "png")
    return buffer.getvalue()


def description_0_4(files):
    def weights(name, **more):
        return {"source": name, "sha256": hashlib.sha256(files[name]).hexdigest(), **more}

    code = {"architecture": "arch.py:Net", "architecture_sha256": hashlib.sha256(files["arch.py"]).hexdigest()}
    return {
        "format_version": "0.4.10",
        "type": "model",
        "name": "Somebody else's model",
        "description": "Of format 0.4.",
        "authors": [{"name": "S. Else"}],
        "cite": [{"text": "A paper", "doi": "10.1038/s41592-020-01048-5"}],
        "covers": ["cover.png"],
        "documentation": "README.md",
        "license": "MIT",
        "tags": ["2d"],
        "timestamp": "2022-01-01T00:00:00",
        "test_inputs": ["in.npy"],
        "test_outputs": ["out.npy"],
        "inputs": [{"name": "input", "axes": "byxc", "data_type": "float32", "shape": [1, 32, 32, 1]}],
        "outputs": [{"name": "output", "axes": "byxc", "data_type": "float32", "shape": [1, 64, 64, 1]}],
        "weights": {
            "onnx": weights("weights.onnx", opset_version=13),
            "pytorch_state_dict": weights("state.pt", pytorch_version="2.0", **code),
        },
    }
