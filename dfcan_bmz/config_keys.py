"""Every setting of a training, with its default, range and meaning: for tables, and for a file to edit."""

from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from dfcan_bmz.config import Config

BOUNDS = {"ge": ">= {}", "gt": "> {}", "le": "<= {}", "lt": "< {}", "multiple_of": "a multiple of {}"}


def as_file() -> str:
    """A YAML file of all defaults, a comment for each; sizes that depend on the network are commented out."""
    lines, section = ["# Settings of a training: dfcan-bmz train --config FILE"], ""
    for key, field in fields():
        at, _, name = key.partition(".")
        if at != section:
            lines.append(f"{at}:")
            section = at
        extent = range_of(field)
        depends = "# " if at == "model" and field.default is None else ""
        meaning = (field.description or "") + (f" ({extent})" if extent else "")
        lines.append(f"  {depends}{name}: {shown(default_of(key))}  # {meaning}")
    return "\n".join(lines) + "\n"


def fields() -> list[tuple[str, FieldInfo]]:
    """All keys, with their sections, and what pydantic knows of them."""
    default = Config()
    return [
        (f"{section}.{name}", field)
        for section in Config.model_fields
        for name, field in type(getattr(default, section)).model_fields.items()
    ]


def default_of(key: str) -> Any:
    """What a key is where nothing is given: for a network's sizes, those of dfcan."""
    section, _, name = key.partition(".")
    return getattr(getattr(Config(), section), name)


def shown(value: Any) -> str:
    """A value as YAML has it, in one line."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("\n...\n").strip()


def range_of(field: FieldInfo) -> str:
    """Which values a key may have; empty where its type says all."""
    bounds = [
        text.format(f"{getattr(limit, name):g}")
        for limit in field.metadata
        for name, text in BOUNDS.items()
        if getattr(limit, name, None) is not None
    ]
    return ", ".join([*(map(str, _choices(field.annotation))), *bounds])


def _choices(kind: Any) -> list[Any]:
    """Values that a type names, also within a list or beside None."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [choice for part in get_args(kind) for choice in _choices(part)]
