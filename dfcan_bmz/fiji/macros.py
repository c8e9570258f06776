"""The macros of a model, from their templates."""

from pathlib import PurePosixPath

from dfcan_bmz.images import Frames
from dfcan_bmz.templates import render

MODELS, MENU = PurePosixPath("models"), PurePosixPath("plugins/DFCAN")


def macros(nickname: str, name: str, scale: int, smallest: int, frames: Frames) -> dict[PurePosixPath, str]:
    """Text of every macro and script by its path in a Fiji.

    Parameters
    ----------
    nickname, name : str
        Of the model; the nickname is its folder.
    scale : int
        Scale factor s.
    smallest : int
        Smallest side of an image in pixels.
    frames : Frames
        What planes are of an image.
    """
    places = {
        "image.ijm.j2": MENU / f"{nickname}_image.ijm",
        "folder.ijm.j2": MENU / f"{nickname}_folder.ijm",
        "headless.groovy.j2": MODELS / nickname / "headless.groovy",
    }
    # in the order ZAP, phases follow each other whatever the angles are
    phases = frames.number if frames.order == "ZAP" else frames.number // max(1, frames.angles)
    values = {"nickname": nickname, "name": name, "scale": scale, "smallest": smallest}
    values |= {"frames": frames, "phases": phases}
    return {path: render("dfcan_bmz.fiji", template, **values) for template, path in places.items()}
