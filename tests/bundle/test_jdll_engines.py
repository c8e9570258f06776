"""Which weights JDLL runs: values recorded from JDLL itself, and what follows for the bundles that we write."""

import itertools

import pytest

from dfcan_bmz.bundle import formats
from dfcan_bmz.bundle.formats import fiji_complaint, plan_formats
from dfcan_bmz.bundle.jdll_engines import (
    BLACK,
    CRASH,
    OUTCOMES,
    RIGHT,
    Choice,
    choose_engine,
    choose_opset,
    outcome,
)
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import OPSETS

TORCH = [f"2.{minor}.{patch}" for minor in range(15) for patch in (0, 1)] + ["1.13.1", "2.100.0"]
TENSORFLOW = ["2.16.2", "2.18.1", "2.19.0", "2.20.0", "2.21.0", "2.22.0"]


def java_hash_map_order(keys):
    """Order of a `java.util.HashMap` of 16 buckets, from the definition of `String.hashCode`."""
    codes = {key: sum(ord(c) * 31 ** (len(key) - 1 - i) for i, c in enumerate(key)) % 2**32 for key in keys}
    return sorted(keys, key=lambda key: (codes[key] ^ (codes[key] >> 16)) & 15)


def declared(torch=None, opset=None, tensorflow=None):
    weights = {
        "keras_v3": {"keras_version": "3.15.1"},
        "torchscript": {"pytorch_version": torch},
        "onnx": {"opset_version": opset},
        "tensorflow_saved_model_bundle": {"tensorflow_version": tensorflow},
    }
    return {name: entry for name, entry in weights.items() if all(entry.values())}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("tensorflow_saved_model_bundle_v2.21.0", "onnx_v13"),  # buckets 2 and 14
        ("onnx_v13", "onnx_v14"),  # 14 and 15
        ("torchscript_v2.13.0", "onnx_v14"),  # 14 and 15
        ("tensorflow_saved_model_bundle_v2.21.0", "torchscript_v2.13.0"),
    ],
)
def test_the_order_that_was_seen_in_fiji_is_that_of_the_definition(earlier, later):
    assert java_hash_map_order([later, earlier]) == [earlier, later]


@pytest.mark.parametrize("opset", range(13, 18))
@pytest.mark.parametrize("torch", TORCH)
def test_the_choice_follows_java_s_order_over_a_grid_of_versions(torch, opset):
    for tensorflow in (None, *TENSORFLOW):
        weights = declared(torch, opset, tensorflow)
        names = {
            f"{name}_v{version}": name
            for name, entry in weights.items()
            for key, version in entry.items()
            if name != "keras_v3"
        }
        assert choose_engine(weights).weight_format == names[java_hash_map_order(list(names))[0]]


@pytest.mark.parametrize("torch", TORCH)
def test_whatever_torch_is_declared_fiji_runs_torchscript_of_a_bundle_as_written(torch):
    opset = choose_opset(declared(torch))
    for weights in itertools.permutations(declared(torch, opset).items()):
        choice = choose_engine(dict(weights))
        assert choice.weight_format == "torchscript"
        assert outcome(choice, "0.6.1") == RIGHT
    if opset is None:  # then onnx comes first, or may come first, under every opset
        for other in OPSETS:
            orders = itertools.permutations([f"onnx_v{other}", f"torchscript_v{torch}"])
            assert any(java_hash_map_order(order)[0].startswith("onnx") for order in orders)


def test_torch_of_today_gets_opset_14_and_some_torch_gets_none():
    assert choose_opset(declared("2.13.0")) == 14
    assert {choose_opset(declared(torch)) for torch in TORCH} == {14, None}


@pytest.fixture
def torch_installed(monkeypatch):
    """Pretend that a version of torch is installed."""

    def pretend(version):
        installed = {"torch": version, "tensorflow": "2.21.0", "keras": "3.15.1"}
        monkeypatch.setattr(formats.importlib.metadata, "version", installed.__getitem__)
        monkeypatch.setattr(formats, "missing_extra", lambda name: None)

    return pretend


def test_onnx_is_left_out_with_the_reason_where_no_opset_will_do(torch_installed):
    torch = next(version for version in TORCH if choose_opset(declared(version)) is None)
    torch_installed(torch)
    told = []
    assert list(plan_formats(["keras_v3", "torchscript", "onnx"], told.append)) == ["keras_v3", "torchscript"]
    (line,) = told
    assert "left out: onnx" in line
    assert "from 14 to 17" in line


def test_default_formats_say_nothing_and_a_saved_model_is_told_of(torch_installed):
    torch_installed("2.13.0+cpu")
    told = []
    weights = plan_formats(["keras_v3", "torchscript", "onnx"], told.append)
    assert weights["onnx"] == {"opset_version": 14}
    assert weights["torchscript"] == {"pytorch_version": "2.13.0"}
    assert told == []
    wanted = ["keras_v3", "tensorflow_saved_model_bundle", "torchscript"]
    assert list(plan_formats(wanted, told.append)) == wanted
    assert "tensorflow_saved_model_bundle in TensorFlow 2.10.1: black image" in told[0]


def test_torchscript_that_cannot_be_tested_is_refused_and_other_formats_are_left_out(monkeypatch):
    monkeypatch.setattr(formats, "missing_extra", lambda name: {"torchscript": "torch", "onnx": "onnx"}.get(name))
    with pytest.raises(DfcanError, match=r"dfcan-bmz\[torch\]"):
        plan_formats(["keras_v3", "torchscript"], print)
    told = []
    assert list(plan_formats(["keras_v3", "onnx"], told.append)) == ["keras_v3"]
    assert "dfcan-bmz[onnx]" in told[0]


@pytest.mark.parametrize("jdll", ["0.6.1", "0.6.3"])
@pytest.mark.parametrize(
    ("weights", "result"),
    [
        (declared("2.13.0"), RIGHT),
        (declared("2.13.0", 14), RIGHT),
        (declared("2.13.0", 13, "2.21.0"), BLACK),
        (declared(tensorflow="2.7.4"), BLACK),
        (declared(opset=13), CRASH),
        (declared(opset=17), CRASH),
    ],
)
def test_what_was_seen_in_fiji_is_told(weights, result, jdll):
    assert outcome(choose_engine(weights), jdll) == result
    complaint = fiji_complaint(weights)
    assert (complaint is None) == (result == RIGHT)
    assert result == RIGHT or result in complaint


def test_what_nobody_has_tried_is_unknown():
    assert outcome(Choice("torchscript", "2.0.0"), "0.7.0") is None
    assert outcome(Choice("tensorflow_saved_model_bundle", "1.15.0"), "0.6.1") is None
    assert fiji_complaint(declared(tensorflow="1.15.0")) is None
    assert set(OUTCOMES) == {"0.6.1", "0.6.3"}


@pytest.mark.parametrize(
    ("tensorflow", "first"),
    [
        ("2.7.4", "tensorflow_saved_model_bundle"),
        ("2.10.1", "tensorflow_saved_model_bundle"),
        ("2.15.1", "onnx"),
        ("2.18.1", "onnx"),
        ("2.19.0", "onnx"),
    ],
)
def test_the_order_of_tensorflow_and_onnx_is_that_of_java_s_hash_map(tensorflow, first):
    weights = {
        "keras_v3": {"keras_version": "3.12"},
        "tensorflow_saved_model_bundle": {"tensorflow_version": tensorflow},
        "onnx": {"opset_version": 17},
    }
    assert choose_engine(weights).weight_format == first


@pytest.mark.parametrize(
    ("weights", "choice"),
    [
        (
            {"tensorflow_saved_model_bundle": {"tensorflow_version": "2.21.0"}},
            Choice("tensorflow_saved_model_bundle", "2.10.1"),
        ),
        (
            {"tensorflow_saved_model_bundle": {"tensorflow_version": "2.7.1"}},
            Choice("tensorflow_saved_model_bundle", "2.7.1"),
        ),
        (
            {"tensorflow_saved_model_bundle": {"tensorflow_version": "2.7.3"}},
            Choice("tensorflow_saved_model_bundle", "2.7.4"),
        ),
        ({"onnx": {"opset_version": 13}}, Choice("onnx", "1.8.1")),
        ({"onnx": {"opset_version": 20}}, None),
        ({"onnx": {"opset_version": 11}}, Choice("onnx", "1.6.0")),
        ({"torchscript": {"pytorch_version": "2.13.0"}}, Choice("torchscript", "2.0.0")),
        ({"torchscript": {"pytorch_version": "1.9.1"}}, Choice("torchscript", "1.9.1")),
        ({"torchscript": {"pytorch_version": "3.0.0"}}, None),
        ({"keras_v3": {"keras_version": "3.12"}}, None),
    ],
)
def test_the_engine_of_a_declared_version(weights, choice):
    assert choose_engine(weights) == choice
