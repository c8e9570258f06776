"""What deepImageJ (through JDLL 0.6.1) and ilastik 1.4.2 demand of a description beyond the spec.

Read from their source and tried with JDLL's own classes; each rule names what happens where it is broken.
"""

import re
from collections.abc import Iterator
from typing import Any

NEWEST_FORMAT = (0, 5, 9)
KNOWN_STEPS = {
    "binarize",
    "clip",
    "fixed_zero_mean_unit_variance",
    "scale_linear",
    "scale_range",
    "sigmoid",
    "zero_mean_unit_variance",
}


def lint(content: dict[str, Any], file_names: list[str]) -> list[str]:
    """Reasons why deepImageJ or ilastik would refuse a bundle or compute something else.

    Parameters
    ----------
    content : dict
        The ``rdf.yaml`` as it is written, format 0.5.
    file_names : list of str
        Names in the zip.

    Returns
    -------
    list of str
        One line each; empty where there is nothing to object.
    """
    content = content | {key: [_with_ids(tensor, key[:-1]) for tensor in content[key]] for key in ("inputs", "outputs")}
    tensors = [*content["inputs"], *content["outputs"]]
    return [
        *_header(content),
        *(f"{name}: folders in the zip are not looked into" for name in file_names if "/" in name),
        *(problem for tensor in tensors for problem in _steps(tensor)),
        *(problem for tensor in tensors for problem in _axes(tensor)),
        *_sizes(content["inputs"], content["outputs"]),
    ]


def _with_ids(tensor: dict[str, Any], default: str) -> dict[str, Any]:
    """Fill in the ids that the spec lets out."""
    axes = [{"id": axis["type"], **axis} for axis in tensor["axes"]]
    return {"id": default, **tensor, "axes": axes}


def _header(content: dict[str, Any]) -> Iterator[str]:
    version = tuple(int(part) for part in content["format_version"].split("."))
    if version > NEWEST_FORMAT:
        yield f"format_version {content['format_version']}: ilastik, JDLL and QuPath read 0.5.9 at most"
    plain = [content.get("documentation"), *content.get("covers", [])]
    if any(isinstance(entry, dict) for entry in plain):
        yield "documentation and covers: ilastik, JDLL and QuPath want plain file names"
    config = content.get("config", {})
    if "id" not in content and not config.get("bioimageio", {}).get("nickname"):
        yield "config.bioimageio.nickname is missing: JDLL crashes without it or an id"
    section = config.get("deepimagej", {"allow_tiling": True})
    if not isinstance(section, dict) or "allow_tiling" not in section:
        yield "config.deepimagej without allow_tiling: tiling is off, large images fail"
    if re.search(r"[=\[\]]", content["name"]):
        yield f"name {content['name']!r}: macros cannot pass = or brackets"


def _steps(tensor: dict[str, Any]) -> Iterator[str]:
    for step in [*tensor.get("preprocessing", []), *tensor.get("postprocessing", [])]:
        kwargs = step.get("kwargs", {})
        if step["id"] not in KNOWN_STEPS:
            yield f"{tensor['id']}: JDLL does not know {step['id']}"
        elif step["id"] == "clip" and not {"min", "max"} <= kwargs.keys():
            yield f"{tensor['id']}: JDLL clips between two bounds only"
        elif step["id"] == "fixed_zero_mean_unit_variance" and "axis" in kwargs:
            yield f"{tensor['id']}: JDLL knows fixed means and deviations as single numbers only"


def _axes(tensor: dict[str, Any]) -> Iterator[str]:
    for axis in tensor["axes"]:
        size = axis.get("size")
        if axis["type"] == "channel" and not axis.get("channel_names"):
            yield f"{tensor['id']}: a channel axis without channel_names crashes JDLL"
        if axis["type"] == "space" and axis["id"] not in "xyz":
            yield f"{tensor['id']}: JDLL calls space axes x, y and z, not {axis['id']}"
        if isinstance(size, dict) and "step" in size and size["min"] % size["step"]:
            yield f"{tensor['id']}.{axis['id']}: JDLL throws where min is not a multiple of step"


def _sizes(inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> Iterator[str]:
    """Output sizes by the spec (``in * in.scale / out.scale + offset``) and by JDLL (``in * out.scale + 2 offset``)."""
    sources = {(tensor["id"], axis.get("id")): axis for tensor in inputs for axis in tensor["axes"]}
    for tensor in outputs:
        for axis in tensor["axes"]:
            size = axis.get("size")
            if axis["type"] != "space" or not isinstance(size, dict) or "tensor_id" not in size:
                continue
            source, offset = sources.get((size["tensor_id"], size["axis_id"]), {}), size.get("offset", 0)
            length = source["size"].get("min") if isinstance(source.get("size"), dict) else source.get("size")
            if length is None:
                continue  # a reference to a reference: JDLL's answer to it is not known here
            by_spec = length * source.get("scale", 1) / axis.get("scale", 1) + offset
            by_jdll = length * axis.get("scale", 1) + 2 * offset
            if by_spec != by_jdll:
                yield (
                    f"{tensor['id']}.{axis['id']}: {length} px become {by_spec:g} by the spec and {by_jdll:g} in JDLL, "
                    "which then fails: write scale s * s on the input and s on the output"
                )
