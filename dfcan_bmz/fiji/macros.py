"""The macros of a model, from their templates."""

from pathlib import PurePosixPath
from typing import NamedTuple

from dfcan_bmz.templates import render

MODELS, MENU = PurePosixPath("models"), PurePosixPath("plugins/DFCAN")


class Settings(NamedTuple):
    """What macros need to know of a bundle.

    Attributes
    ----------
    nickname, name : str
        Of the model; the nickname is its folder.
    scale : int
        Scale factor s.
    smallest : int
        Smallest side of an image in pixels.
    """

    nickname: str
    name: str
    scale: int
    smallest: int


def macros(settings: Settings) -> dict[PurePosixPath, str]:
    """Text of every macro and script by its path in a Fiji."""
    places = {
        "image.ijm.j2": MENU / f"{settings.nickname}_image.ijm",
        "folder.ijm.j2": MENU / f"{settings.nickname}_folder.ijm",
        "headless.groovy.j2": MODELS / settings.nickname / "headless.groovy",
    }
    return {path: render("dfcan_bmz.fiji", template, **settings._asdict()) for template, path in places.items()}
