"""``dfcan-bmz recipe new``: questions, or options, to a recipe."""

import sys
from pathlib import Path

import typer
import yaml

from dfcan_bmz import staging
from dfcan_bmz.bundle.draft import MODALITIES, Answers, Facts, default_name, draft, read_facts
from dfcan_bmz.errors import DfcanError

PLACEHOLDERS = Answers("DFCAN x2", "A. Researcher", "anything", "other", "Anywhere.", "CC-BY-4.0")


def new(out: Path, run: Path | None, given: dict[str, str], overwrite: bool) -> None:
    if out.suffix not in (".yaml", ".yml"):
        raise DfcanError(f"{out} is no name for a recipe: call it RECIPE.yaml")
    with staging.writing(out, "recipe new", overwrite) as path:
        text = _text(run, given)
        path.write_text(text, encoding="utf-8")
    if not yaml.safe_load(text).get("maintainers"):
        print(
            "note: it names no maintainer, whom the zoo wants: give --github-user, or add `maintainers` to it, if the "
            "model is to be published there"
        )
    source = run or "RUN"
    print(f"{out}: read it through, then `dfcan-bmz package {source} --recipe {out} --out BUNDLE.zip`")


def _text(run: Path | None, given: dict[str, str]) -> str:
    facts = read_facts(run)
    structure = _answer(given, facts, "structure", "What is labelled or seen (actin, neurons, ...)", None)
    questions = (
        ("modality", f"How it was imaged ({', '.join(MODALITIES)})", "fluorescence microscopy"),
        ("author", "Your name", None),
        ("affiliation", "Your institute (may be empty)", ""),
        ("orcid", "Your ORCID (may be empty)", ""),
        ("github_user", "Your GitHub user name, as the maintainer that the zoo wants (empty: not for the zoo)", ""),
        ("license", "Licence of the model, an SPDX identifier", "CC-BY-4.0"),
        ("training_data", "Training images: origin, licence, whom to credit", None),
        ("git_repo", "URL of the training's code (may be empty)", ""),
        ("name", "Name of the model", default_name(facts, structure)),
    )
    answers = {key: _answer(given, facts, key, question, default) for key, question, default in questions}
    return draft(Answers(structure=structure, **answers), facts)


def _answer(given: dict[str, str], facts: Facts, key: str, question: str, default: str | None) -> str:
    def fits(value: str) -> str:
        try:
            _refuse_unfit(key, value, facts)
        except DfcanError as error:
            raise typer.BadParameter(str(error)) from error  # the question is asked again
        return value

    if key in given:
        _refuse_unfit(key, given[key], facts)
        return given[key]
    if sys.stdin.isatty():
        return typer.prompt(question, default=default, show_default=bool(default), value_proc=fits)
    if default is None:
        raise DfcanError(f"--{key.replace('_', '-')} is missing ({question}): give it, or run this in a terminal")
    return default


def _refuse_unfit(key: str, value: str, facts: Facts) -> None:
    """Raise DfcanError if a recipe cannot hold this answer, whatever the others are."""
    if key == "modality" and value not in MODALITIES:
        raise DfcanError(f"--modality {value}: give one of {', '.join(MODALITIES)}")
    draft(PLACEHOLDERS._replace(**{key: value}), facts)
