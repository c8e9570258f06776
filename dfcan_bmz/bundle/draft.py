"""A recipe with sane defaults, from a few answers and from what a run folder has recorded."""

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import yaml

from dfcan_bmz import images, run_folder
from dfcan_bmz.bundle.recipe import Recipe
from dfcan_bmz.bundle_file.named import find_model
from dfcan_bmz.models import MODELS, describe_model
from dfcan_bmz.templates import render
from dfcan_bmz.yaml_files import validate

# what people call a modality, and the zoo's tag for it
MODALITIES = {
    "fluorescence microscopy": "fluorescence-light-microscopy",
    "electron microscopy": "electron-microscopy",
    "transmission light microscopy": "transmission-light-microscopy",
    "other": "other",
}


class Answers(NamedTuple):
    """What only a person knows; empty where it is left out."""

    name: str
    author: str
    structure: str
    modality: str
    training_data: str
    license: str
    affiliation: str = ""
    orcid: str = ""
    github_user: str = ""
    git_repo: str = ""


class Facts(NamedTuple):
    """What a run folder says.

    Attributes
    ----------
    run : str
        Name of the run folder; empty without one.
    network, reference : str
        The network in words, and where it was published.
    scale : int
        Scale factor.
    pixel_nm : float or None
        Side of an LR pixel of the training images.
    images : int
        Images of the training.
    """

    run: str = ""
    network: str = "DFCAN"
    reference: str = MODELS["dfcan"].reference
    scale: int = 2
    pixel_nm: float | None = None
    images: int = 0


def read_facts(run: Path | None) -> Facts:
    """Read what is recorded.

    Raises
    ------
    DfcanError
        If `run` is no run folder.
    """
    facts = Facts()
    if run is not None:
        run = find_model(run)
        run_folder.weights(run)
        config, provenance = run_folder.read_config(run), run_folder.read_provenance(run)
        facts = Facts(
            run=run.resolve().name,
            network=describe_model(config.model),
            reference=MODELS[config.model.name].reference,
            scale=config.model.scale,
            pixel_nm=images.read(run / "sample_lr.tif").pixel_size_nm,
            images=len(provenance["files"]["training"]),
        )
    return facts


def default_name(facts: Facts, structure: str) -> str:
    """A name such as "DFCAN actin x2"."""
    kept = "".join(letter for letter in structure if letter.isascii() and (letter.isalnum() or letter in " +-_()"))
    return f"{_short_name(facts)} {kept.strip()} x{facts.scale}"[:64]


def draft(answers: Answers, facts: Facts) -> str:
    """Text of a recipe.

    Raises
    ------
    DfcanError
        If an answer is not what a recipe may hold.
    """
    structure_tag = "-".join("".join(c if c.isalnum() else " " for c in answers.structure.lower()).split())
    tags = ["super-resolution", MODALITIES[answers.modality], "2d", "grayscale", structure_tag]
    tags += ["image-restoration", "tensorflow", "pytorch", "fiji", "deepimagej", _short_name(facts).lower()]
    text = render(
        "dfcan_bmz.bundle",
        "recipe.yaml.j2",
        quoted=_quoted,
        answers=answers,
        facts=facts,
        cite=_citation(facts.reference),
        modality=answers.modality,
        tags=[_quoted(tag) for tag in dict.fromkeys(tags) if tag],
        nickname=nickname(answers.name),
        description=_description(answers, facts),
    )
    validate(Recipe, yaml.safe_load(text), "recipe")
    return text


def _short_name(facts: Facts) -> str:
    return facts.network.split()[0].strip(",")


def _citation(reference: str) -> dict[str, str]:
    """What the zoo wants of a reference such as "Qiao et al. 2021, doi 10.1038/s41592-020-01048-5"."""
    text, place = reference.rsplit(", ", 1)
    kind, number = place.split()
    return {"text": text, "doi": number} if kind == "doi" else {"text": text, "url": f"https://arxiv.org/abs/{number}"}


def nickname(name: str) -> str:
    """An adjective and an animal, always the same for a name."""
    words = yaml.safe_load((files("dfcan_bmz.bundle") / "templates/nicknames.yaml").read_text(encoding="utf-8"))
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    adjectives, animals = words["adjectives"], words["animals"]
    return f"{adjectives[number % len(adjectives)]}-{animals[number // len(adjectives) % len(animals)]}"


def _quoted(text: str) -> str:
    # a scalar on one line, whatever is in it
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**6).strip()


def _description(answers: Answers, facts: Facts) -> str:
    times = {2: "Doubles", 3: "Triples", 4: "Quadruples"}[facts.scale]
    seen = f", trained on {facts.images} images" if facts.images else ""
    return f"{times} the sampling of images of {answers.structure} ({answers.modality}) with {facts.network}{seen}."[
        :512
    ]
