"""Planes that cannot be normalised: found, reported, and refused where there are no others.

One bad plane of a stack is one bad plane: whoever works on the stack leaves it out, or writes it blank, and says so.
Messages count planes from 1, as Fiji does.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import numpy as np

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.pixels import NotFiniteError, Pixels
from dfcan_bmz.images import Image
from dfcan_bmz.normalize import NOT_FINITE, Scaling, scaling_of, working_type

FEWEST_STEPS_KEPT = 2**8  # that float32 makes across a plane whose intensities are kept
MOST_REASONS = 3  # that are reported of one image
ADVICE = {
    "holds": "replace them, or leave it out",
    "spans": "multiply the image, e.g. give nm instead of m",
    "is": "leave it out",
}


def scalings_of(image: Image) -> list[Scaling]:
    """Scaling of each plane of an image, read one at a time; their `flaw` says which cannot be normalised.

    Raises
    ------
    DfcanError
        If the file is damaged.
    """
    return [scaling_of(image.plane(index)) for index in range(len(image.planes))]


def finite_plane(image: Image, index: int) -> np.ndarray | None:
    """A plane in memory, (Y, X) or (frames, Y, X); None if it holds NaN or infinity."""
    try:
        return image.planes[index]
    except NotFiniteError:
        return None


def read_planes(image: Image) -> Iterator[tuple[np.ndarray | None, Scaling]]:
    """Each plane as `finite_plane` reads it, and its scaling."""
    for index in range(len(image.planes)):
        plane = finite_plane(image, index)
        yield plane, NOT_FINITE if plane is None else scaling_of(plane)


def first_sound(image: Image) -> np.ndarray:
    """The first plane that can be normalised, (Y, X) or (frames, Y, X).

    Raises
    ------
    DfcanError
        If there is none.
    """
    scalings: list[Scaling] = []
    for plane, scaling in read_planes(image):
        scalings.append(scaling)
        if plane is not None and not scaling.flaw:
            return plane
    raise _unfit(image.path, scalings)


def sound_planes(
    lr: Image, hr: Image, lr_scalings: list[Scaling], hr_scalings: list[Scaling], fate: str = "left out"
) -> tuple[list[int], list[str]]:
    """Planes of a pair that can be normalised in both images.

    Parameters
    ----------
    lr, hr : Image
        The pair.
    lr_scalings, hr_scalings : list of Scaling
        Of the planes of each.
    fate : str
        What becomes of the others.

    Returns
    -------
    list of int
        Their indices, at least one.
    list of str
        Lines on the others.

    Raises
    ------
    DfcanError
        If there is none.
    """
    lines: list[str] = []
    for image, own in ((lr, lr_scalings), (hr, hr_scalings)):
        refuse_flawed(image.path, own)
        lines += told(image.path, own, fate)
    both = enumerate(zip(lr_scalings, hr_scalings, strict=True))
    found = [index for index, (one, other) in both if not (one.flaw or other.flaw)]
    if not found:
        raise DfcanError(f"{'; '.join(lines)}: no plane is left, leave the pair out")
    return found, lines


def only(image: Image, indices: list[int]) -> Image:
    """The image with some of its planes alone."""
    if len(indices) == len(image.planes):
        return image
    planes = image.planes
    return replace(image, pixels=planes.chosen(indices) if isinstance(planes, Pixels) else planes[indices])


def blanked(image: Image, scalings: list[Scaling]) -> Image:
    """The image in memory, 0 in the planes that cannot be normalised."""
    pixels = np.zeros(image.pixels.shape, image.pixels.dtype)
    stack = pixels.reshape(image.planes.shape)
    for index, scaling in enumerate(scalings):
        if not scaling.flaw:
            stack[index] = image.planes[index]
    return replace(image, pixels=pixels)


def plane_name(image: object, index: int, count: int) -> str:
    """What messages call a plane of `image` (a path, say), which has `count` of them."""
    return f"plane {index + 1} of {image}" if count > 1 else str(image)


def refuse_flawed(image: object, scalings: list[Scaling]) -> None:
    """Raise DfcanError if no plane of `image`, which messages call by this, can be normalised."""
    if all(scaling.flaw for scaling in scalings):
        raise _unfit(image, scalings)


def _unfit(image: object, scalings: list[Scaling]) -> DfcanError:
    flaw, count = scalings[0].flaw, len(scalings)
    others = f" (and none of its {count} planes can be used)" if count > 1 else ""
    return DfcanError(f"{plane_name(image, 0, count)} {flaw}{others}: {ADVICE[flaw.partition(' ')[0]]}")


def refuse_lost(image: object, dtype: np.dtype, scalings: list[Scaling]) -> None:
    """Raise DfcanError if pixels of `dtype`, kept in their own intensities, lose their detail in float32."""
    fewest = FEWEST_STEPS_KEPT if working_type(dtype) == np.float64 else 1
    for index, scaling in enumerate(scalings):
        if not scaling.flaw and scaling.float32_steps < fewest:
            raise DfcanError(
                f"{plane_name(image, index, len(scalings))} spans {scaling.low:.9g} to {scaling.high:.9g}, which "
                "float32 cannot represent: use unit intensities (0..1), or first subtract an offset, or divide"
            )


def told(image: object, scalings: list[Scaling], fate: str) -> list[str]:
    """Lines on the planes of a stack that cannot be normalised; `fate` says what becomes of them: "left out"."""
    reasons: dict[str, list[int]] = {}
    for index, scaling in enumerate(scalings):
        if scaling.flaw:
            reason = scaling.flaw if scaling.flaw in reasons or len(reasons) < MOST_REASONS else "is no better"
            reasons.setdefault(reason, []).append(index)
    return [
        f"{image}: plane {numbers(indices)} is {fate}, as it {reason}"
        if len(indices) == 1
        else f"{image}: planes {numbers(indices)} are {fate}, as each {reason}"
        for reason, indices in reasons.items()
    ]


def numbers(indices: list[int]) -> str:
    """Planes by their numbers, counted from 1: ``[1, 4, 5, 6]`` is ``"2, 5-7"``."""
    runs = [[index for _, index in run] for _, run in groupby(enumerate(indices), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0] + 1}-{run[-1] + 1}" if len(run) > 1 else f"{run[0] + 1}" for run in runs)
