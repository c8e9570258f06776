"""DFCAN's spectrum, some forty operations in Keras, found in a graph and made one step."""

import hashlib
import json
from typing import Any

from dfcan_bmz.export.graph import Key, Step, Value, keys_of

# fingerprint of what Keras makes of `dfcan_bmz.models.dfcan.spectrum`; a test compares them
FORMULA = "d9e8ee8c39ac9a19"
LAST = "Transpose"  # the kind of its last operation


def with_spectra(steps: list[Step]) -> list[Step]:
    """Replace the last operation of each spectrum by one step from its beginning."""
    makers = {step.key[:2]: step for step in steps}
    result = []
    for step in steps:
        begin = _first_of_spectrum(step, makers) if step.kind == LAST else None
        if begin is not None and formula(step.key, begin, makers) == FORMULA:
            step = step._replace(kind="Spectrum", arguments=[Value(begin)])
        result.append(step)
    return result


def _first_of_spectrum(step: Step, makers: dict[tuple, Step]) -> Key | None:
    """What the cast nearest above a step converts: there a spectrum begins."""
    while step.kind != "Cast":
        sources = [makers[key[:2]] for key in keys_of(step.arguments) if key[:2] in makers]
        if not sources:
            return None
        step = sources[0]
    return keys_of(step.arguments)[0]


def formula(last: Key, first: Key, makers: dict[tuple, Step]) -> str:
    """Fingerprint of the computation of one value from another, apart from every other computation's."""
    known: dict[Key, str] = {first: "the beginning"}

    def told(argument: Any) -> Any:
        if isinstance(argument, Value):
            return fingerprint(argument.key)
        return [told(part) for part in argument] if isinstance(argument, list) else repr(argument)

    def fingerprint(key: Key) -> str:
        if key not in known:
            step = makers.get(key[:2])
            content = list(key) if step is None else [_settings(step), key[2], told(step.arguments)]
            known[key] = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
        return known[key]

    return fingerprint(last)


def _settings(step: Step) -> str:
    named = {key: value for key, value in step.config.items() if key != "name" and value is not None}
    return step.kind + json.dumps(named, sort_keys=True, default=str)
