"""``dfcan-bmz recipe new``: questions, or options, to a recipe."""

import sys
from pathlib import Path

import typer

from dfcan_bmz import files
from dfcan_bmz.bundle.draft import MODALITIES, Answers, default_name, draft, read_facts
from dfcan_bmz.errors import DfcanError


def new(out: Path, run: Path | None, given: dict[str, str], overwrite: bool) -> None:
    files.refuse_existing([out], overwrite)
    if out.suffix not in (".yaml", ".yml"):
        raise DfcanError(f"{out} is no name for a recipe: call it RECIPE.yaml")
    facts = read_facts(run)
    modalities = ", ".join(MODALITIES)
    answers = {
        "structure": _answer(given, "structure", "What is labelled or seen (actin, neurons, ...)", None),
        "modality": _answer(given, "modality", f"How it was imaged ({modalities})", "fluorescence microscopy"),
        "author": _answer(given, "author", "Your name", None),
    }
    if answers["modality"] not in MODALITIES:
        raise DfcanError(f"--modality {answers['modality']}: give one of {modalities}")
    rest = (
        ("affiliation", "Your institute (may be empty)", ""),
        ("orcid", "Your ORCID (may be empty)", ""),
        ("github_user", "Your GitHub user name, as maintainer (may be empty)", ""),
        ("license", "Licence of the model, an SPDX identifier", "CC-BY-4.0"),
        ("training_data", "Training images: origin, licence, whom to credit", None),
        ("git_repo", "URL of the training's code (may be empty)", ""),
        ("name", "Name of the model", default_name(facts, answers["structure"])),
    )
    answers |= {key: _answer(given, key, question, default) for key, question, default in rest}
    text = draft(Answers(**answers), facts)
    with files.atomic_path(out) as path:
        path.write_text(text, encoding="utf-8")
    print(f"{out}: read it through, then `dfcan-bmz package RUN --recipe {out} --out BUNDLE.zip`")


def _answer(given: dict[str, str], key: str, question: str, default: str | None) -> str:
    if key in given:
        return given[key]
    if sys.stdin.isatty():
        return typer.prompt(question, default=default)
    if default is None:
        raise DfcanError(f"--{key.replace('_', '-')} is missing ({question}): give it, or run this in a terminal")
    return default
