"""YAML files: read, checked against a pydantic model, and written."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.staging import replacing

M = TypeVar("M", bound=BaseModel)


def read_yaml(file: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises
    ------
    DfcanError
        If the file is missing, no YAML, or no mapping.
    """
    if not file.is_file():
        raise DfcanError(f"{file} does not exist: check the path")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DfcanError(f"{file} is not valid YAML ({str(error).splitlines()[0]}): correct it") from error
    if not isinstance(content, dict):
        raise DfcanError(f"{file} is not a mapping: write `key: value` lines")
    return content


def write_yaml(file: Path, content: dict[str, Any]) -> None:
    """Write a mapping, keys in the order given, atomically: a full disk leaves the old file."""
    with replacing(file) as place:
        place.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def read_as(kind: type[M], file: Path) -> M:
    """Read a pydantic model; errors are those of `read_yaml` and `validate`."""
    return validate(kind, read_yaml(file), str(file))


def validate(kind: type[M], content: dict[str, Any], source: str) -> M:
    """Build a pydantic model; a failure becomes one line that names `source` and each wrong key.

    The model may say as `WHERE_LISTED` what lists its keys.

    Raises
    ------
    DfcanError
        If the content does not fit.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            key = ".".join(str(part) for part in problem["loc"])
            if problem["type"] == "extra_forbidden":
                known = [*keys_of(kind), *kind.model_fields]
                question = did_you_mean(key, known) or getattr(kind, "WHERE_LISTED", "")
                problems.append(f"{key}: unknown key{question}")
                continue
            given, expected = problem["input"], (problem.get("ctx") or {}).get("expected", "")
            message = problem["msg"].removeprefix("Value error, ")
            if isinstance(given, str) and isinstance(expected, str):
                message += did_you_mean(given, re.findall("'(.+?)'", expected))
            problems.append(f"{key}: {message}")
        raise DfcanError(f"{source}: {'; '.join(problems)}: correct it") from error


def keys_of(kind: type[BaseModel], prefix: str = "") -> dict[str, FieldInfo]:
    """All keys of a model of sections, with their sections: ``train.epochs``."""
    keys: dict[str, FieldInfo] = {}
    for name, field in kind.model_fields.items():
        if isinstance(section := field.annotation, type) and issubclass(section, BaseModel):
            keys |= keys_of(section, f"{prefix}{name}.")
        else:
            keys[f"{prefix}{name}"] = field
    return keys


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A question for what is nearly one of `known`, or stands in another section; empty where nothing is alike."""
    by_name = {key.rpartition(".")[2]: key for key in known} | {key: key for key in known}
    name = given.rpartition(".")[2].lower()
    for wanted, cutoff in ((given.lower(), 0.8), (name, 0.75)):
        if found := difflib.get_close_matches(wanted, by_name, 1, cutoff):
            return f", did you mean {by_name[found[0]]}?"
    return ""
