"""Format 0.5.14 in words that bioimageio.core 0.11 knows.

It keeps to bioimageio.spec 0.5.12, which takes a newer description for one of its own. Two things are new: axes may be
written in capitals, and a tolerance may be that of all continuous or of all discrete outputs. The older spec refuses
them; with the newer spec this core takes the tolerance of discrete outputs for that of an output called "output".
"""

from typing import Any

CONTINUOUS, DISCRETE = "any_continuous_output", "any_discrete_output"


def in_known_words(content: dict[str, Any]) -> dict[str, Any]:
    """A description without the words of format 0.5.14; of other formats as it is."""
    said: dict[str, Any] = {key: _lowered(content[key]) for key in ("inputs", "outputs") if key in content}
    config = content.get("config")
    if isinstance(config, dict) and isinstance(card := config.get("bioimageio"), dict):
        tolerances = card.get("reproducibility_tolerance")
        if isinstance(tolerances, list):
            known = [_of_all_outputs(entry) for entry in tolerances if not is_discrete(entry)]
            said["config"] = config | {"bioimageio": card | {"reproducibility_tolerance": known}}
    return content | said


def is_discrete(entry: Any) -> bool:
    """Whether a tolerance is of outputs of whole numbers alone, which no network of this package has."""
    outputs = entry.get("output_ids") if isinstance(entry, dict) else getattr(entry, "output_ids", None)
    return outputs == DISCRETE


def _of_all_outputs(entry: Any) -> Any:
    if isinstance(entry, dict) and entry.get("output_ids") == CONTINUOUS:
        return {key: value for key, value in entry.items() if key != "output_ids"}
    return entry


def _lowered(node: Any, axes: bool = False) -> Any:
    """Tensors with the names of their axes in lower case, where they are defined (`axes`) and referred to."""
    if isinstance(node, list):
        return [_axis(part) if axes and isinstance(part, str) else _lowered(part, axes) for part in node]
    if not isinstance(node, dict):
        return node
    names = {"axis", "axis_id", *(["id"] if axes else [])}
    return {
        key: _axis(value) if key in names and isinstance(value, str) else _lowered(value, key == "axes")
        for key, value in node.items()
    }


def _axis(name: str) -> str:
    return "channel" if name.lower() == "s" else name.lower()
