"""``dfcan-bmz recipe new``: questions, or options, to a recipe."""

import sys
from pathlib import Path

import typer

from dfcan_bmz import staging
from dfcan_bmz.bundle.draft import draft, read_facts
from dfcan_bmz.bundle.questions import Fits, answered
from dfcan_bmz.errors import DfcanError


def run(out: Path, run: Path | None, given: dict[str, str], overwrite: bool) -> None:
    if out.suffix not in (".yaml", ".yml"):
        raise DfcanError(f"{out} is not a name for a recipe: call it RECIPE.yaml")
    with staging.writing(out, "recipe new", overwrite) as path:
        facts = read_facts(run)
        answers = answered(given, facts, _ask)
        path.write_text(draft(answers, facts), encoding="utf-8")
    if not answers.github_user:
        print(
            "note: it names no maintainer, whom the zoo wants: give --github-user, or add `maintainers` to it, if the "
            "model is to be published there"
        )
    print(f"{out}: read it through, then `dfcan-bmz package {run or 'RUN'} --recipe {out} --out BUNDLE.zip`")


def _ask(question: str, default: str | None, fits: Fits) -> str | None:
    """Ask in a terminal, again where an answer does not fit; elsewhere take the default."""

    def fitting(value: str) -> str:
        try:
            fits(value)
        except DfcanError as error:
            raise typer.BadParameter(str(error)) from error  # the question is asked again
        return value

    if not sys.stdin.isatty():
        return default
    return typer.prompt(question, default=default, show_default=bool(default), value_proc=fitting)
