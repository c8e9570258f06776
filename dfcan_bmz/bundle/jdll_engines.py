"""Which weights of a bundle Fiji runs, and what comes of it: deepImageJ 3 runs them by JDLL.

The rule of choice is that of JDLL 0.6.1 and 0.6.3, read from their source and seen in deepImageJ 3.1.0. What the
formats give was seen there too, in ImageJ 1.54p on Linux, against `dfcan-bmz predict`; the code is the same on other
systems.
"""

from typing import Any, NamedTuple

from dfcan_bmz.export import OPSETS

RIGHT, BLACK, CRASH = "correct image", "black image", "crash"
# JDLL by its version -> what a format gives. TensorFlow's interface computes and never copies into the output; that of
# onnxruntime closes each output twice, and takes Java and Fiji with it
OUTCOMES = {
    "0.6.1": {"torchscript": RIGHT, "tensorflow_saved_model_bundle": BLACK, "onnx": CRASH},
    "0.6.3": {"torchscript": RIGHT, "tensorflow_saved_model_bundle": BLACK, "onnx": CRASH},
}
DEEPIMAGEJ, DEEPIMAGEJ_JDLL = "3.1", "0.6.1"  # the deepImageJ of today, and the JDLL that it is built with
# how many times as long a tile took in deepImageJ 3.1.0 as in PyTorch by itself: 26 s for 121 tiles of 0.059 s
TIMES_PYTORCH = 3.6
# what JDLL knows, in its order: declared version -> version of the engine that then runs
ENGINES = {
    "tensorflow_saved_model_bundle": {
        "2.11.0": "2.10.1",
        **{f"2.{minor}.0": "2.10.1" for minor in (10, 9, 8)},
        **{"2.7.4": "2.7.4", "2.7.2": "2.7.4", "2.7.1": "2.7.1", "2.7.0": "2.7.0"},
        **{f"2.{minor}.0": "2.7.0" for minor in (6, 5)},
        "2.4.0": "2.4.1",
        **{f"2.{minor}.0": "2.3.1" for minor in (3, 2, 1, 0)},
        **{f"1.{minor}.0": f"1.{minor}.0" for minor in (15, 14, 13, 12)},
    },
    "torchscript": {
        version: version for version in ("2.0.0", "1.13.1", "1.13.0", "1.12.1", "1.11.0", "1.10.0", "1.9.1", "1.9.0")
    }
    | {"1.8.1": "1.8.1", "1.8.0": "1.8.1", "1.7.1": "1.7.1", "1.7.0": "1.7.1", "1.6.0": "1.7.1"},
    "onnx": {
        **{"18": "1.13.1", "17": "1.12.1", "16": "1.11.0", "15": "1.10.0", "14": "1.9.0", "13": "1.8.1"},
        **{"12": "1.7.0", "11": "1.6.0", "10": "1.5.2", "9": "1.4.0", "8": "1.3.1", "7": "1.3.1", "6": "1.3.1"},
    },
}
VERSION_KEYS = {
    "tensorflow_saved_model_bundle": "tensorflow_version",
    "torchscript": "pytorch_version",
    "onnx": "opset_version",
}
ENGINE_NAMES = {
    "tensorflow_saved_model_bundle": "TensorFlow",
    "torchscript": "PyTorch",
    "onnx": "onnxruntime",
}
# in which JDLL names a version that is not told
UNTOLD = "Unknown0"


class Choice(NamedTuple):
    """A weight format and the version of the engine that JDLL runs it in."""

    weight_format: str
    engine_version: str

    def __str__(self) -> str:
        return f"{self.weight_format} in {ENGINE_NAMES[self.weight_format]} {self.engine_version}"


def choose_engine(weights: dict[str, Any]) -> Choice | None:
    """Find the weights that JDLL runs where it has installed every engine that it knows, as in a fresh Fiji.

    It tries them in the order of a Java HashMap of the names ``<format>_v<version>``, and takes the first for whose
    version it has an engine: of that version, else of the same major and minor version, else of the same major version.

    Parameters
    ----------
    weights : dict
        ``weights`` of an ``rdf.yaml``.

    Returns
    -------
    Choice or None
        None where JDLL has no engine for any of them.
    """
    versions = {name: str(weights[name].get(key) or UNTOLD) for name, key in VERSION_KEYS.items() if weights.get(name)}
    # a dictionary of at most 12 entries has 16 buckets; within a bucket the order is that of the file
    for name in sorted((name for name in weights if name in versions), key=lambda n: _bucket(f"{n}_v{versions[n]}")):
        if engine := _engine(name, versions[name]):
            return Choice(name, engine)
    return None


def choose_opset(weights: dict[str, Any]) -> int | None:
    """Opset of ONNX weights beside others such that JDLL runs the others, TorchScript that is, and not these.

    Parameters
    ----------
    weights : dict
        ``weights`` of an ``rdf.yaml``; ``onnx`` is ignored.

    Returns
    -------
    int or None
        None where JDLL would run the ONNX weights under every opset, or where their order in the file decides, which
        other programs may change.
    """
    others = {name: entry for name, entry in weights.items() if name != "onnx"}
    chosen = choose_engine(others)
    for opset in OPSETS:
        onnx = {"onnx": {"opset_version": opset}}
        if chosen is None or choose_engine(others | onnx) == choose_engine(onnx | others) == chosen:
            return opset
    return None


def outcome(choice: Choice, jdll: str) -> str | None:
    """What weights give in a version of JDLL: `RIGHT`, `BLACK` or `CRASH`; None where nobody has tried."""
    if choice.weight_format == "tensorflow_saved_model_bundle" and choice.engine_version.startswith("1."):
        return None  # TensorFlow 1 has an interface of its own
    return OUTCOMES.get(jdll, {}).get(choice.weight_format)


def _bucket(key: str) -> int:
    value = 0
    for character in key:
        value = (31 * value + ord(character)) % 2**32
    return (value ^ value >> 16) % 16


def _engine(name: str, version: str) -> str | None:
    engines = ENGINES[name]
    if version in engines or name == "onnx":
        return engines.get(version)
    major, minor = [*version.split("."), ""][:2]
    for wanted in (f"{major}.{minor}.", f"{major}."):
        for known, engine in engines.items():
            if known.startswith(wanted):
                return engine
    return None
