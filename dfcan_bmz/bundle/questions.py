"""What `recipe new` asks where an option does not say it, and which answers a recipe can hold."""

from collections.abc import Callable
from typing import TypeAlias

from dfcan_bmz.bundle.draft import MODALITIES, Answers, Facts, default_name, draft
from dfcan_bmz.errors import DfcanError

Fits: TypeAlias = Callable[[str], None]  # raises DfcanError if a recipe cannot hold an answer
Ask: TypeAlias = Callable[[str, str | None, Fits], str | None]  # a question, its default, and what refuses an answer

STRUCTURE = "What is labelled or seen (actin, neurons, ...)"
# name of the answer: the question, and its default
OTHERS = {
    "modality": (f"How it was imaged ({', '.join(MODALITIES)})", "fluorescence microscopy"),
    "author": ("Your name", None),
    "affiliation": ("Your institute (may be empty)", ""),
    "orcid": ("Your ORCID (may be empty)", ""),
    "github_user": ("Your GitHub user name, as the maintainer that the zoo wants (empty: not for the zoo)", ""),
    "license": ("Licence of the model, an SPDX identifier", "CC-BY-4.0"),
    "training_data": ("Training images: origin, licence, whom to credit", None),
    "git_repo": ("URL of the training's code (may be empty)", ""),
}
PLACEHOLDERS = Answers("DFCAN x2", "A. Researcher", "anything", "other", "Anywhere.", "CC-BY-4.0")


def answered(given: dict[str, str], facts: Facts, ask: Ask) -> Answers:
    """Answers to all questions: those that are given, those that `ask` gets, and defaults.

    Raises
    ------
    DfcanError
        If an answer is missing, or a recipe cannot hold one that is given.
    """

    def answer(key: str, question: str, default: str | None) -> str:
        def fits(value: str) -> None:
            _refuse_unfit(key, value, facts)

        if key in given:
            fits(given[key])
            return given[key]
        found = ask(question, default, fits)
        if found is None:
            raise DfcanError(f"--{key.replace('_', '-')} is missing ({question}): give it, or run this in a terminal")
        return found

    structure = answer("structure", STRUCTURE, None)
    others = {key: answer(key, question, default) for key, (question, default) in OTHERS.items()}
    name = answer("name", "Name of the model", default_name(facts, structure))
    return Answers(name=name, structure=structure, **others)


def _refuse_unfit(key: str, value: str, facts: Facts) -> None:
    """Raise DfcanError if a recipe cannot hold this answer, whatever the others are."""
    if key == "modality" and value not in MODALITIES:
        raise DfcanError(f"--modality {value}: give one of {', '.join(MODALITIES)}")
    draft(PLACEHOLDERS._replace(**{key: value}), facts)
