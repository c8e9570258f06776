"""Every setting of a training, with its default, range and meaning: for tables, and for a file to edit."""

from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from dfcan_bmz.config import Config
from dfcan_bmz.yaml_files import keys_of

BOUNDS = {"ge": ">= {}", "gt": "> {}", "le": "<= {}", "lt": "< {}", "multiple_of": "a multiple of {}"}


def as_file() -> str:
    """A YAML file of all defaults, commented out: as values they would outdo what data and computer choose."""
    lines = ["# Settings for dfcan-bmz train --config FILE: take away the # before those that you change"]
    section = ""
    for key, default, extent, meaning in rows():
        at, _, name = key.partition(".")
        if at != section:
            lines.append(f"{at}:")
            section = at
        lines.append(f"  # {name}: {default}  # {meaning}" + (f" ({extent})" if extent else ""))
    return "\n".join(lines) + "\n"


def rows() -> list[tuple[str, str, str, str]]:
    """Key, default, range and meaning of every setting; for a network's sizes, the defaults are those of dfcan."""
    defaults = Config().flat()
    return [
        (key, shown(defaults[key]), range_of(field), field.description or "") for key, field in keys_of(Config).items()
    ]


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
