"""Models that this project did not make, as what enlarges a plane: bundles of the zoo, and files of `peers.py`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz import interpolation
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.model import Model
from dfcan_bmz.prediction.tiles import predict_plane
from dfcan_bmz.tiling import SEAMLESS_PX, reflected

SCALE = 2
AT_ONCE = 16  # tiles on a graphics card
Enlarge = Callable[[np.ndarray], np.ndarray]  # (Y, X) to (2 Y, 2 X)


def of_peer(path: Path) -> Enlarge:
    """A file of `peers.py`, which gets the normalisation and the tiles that ours get."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    kept = {"tile": ""}
    module = torch.jit.load(path, map_location=device, _extra_files=kept).eval()

    def run(batch: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return module(torch.from_numpy(batch).to(device)).cpu().numpy()

    at_once = AT_ONCE if device == "cuda" else 1
    peer = Model(path.stem, run, SCALE, int(kept["tile"]), SEAMLESS_PX, "own", None, batch=at_once)
    return lambda lr: predict_plane(peer, lr)


def through_core(bundle: Path) -> Enlarge:
    """A bundle by others, run by bioimageio.core as its description says.

    An image whose size the description does not allow is mirrored beyond its border, and what comes of that part is
    cut off. Bicubic interpolation enlarges an output that has the size of its input.

    Raises
    ------
    DfcanError
        If bioimageio.core cannot open it, it does not take one plane of one channel, or its output is neither as large
        as that nor `SCALE` times.
    """
    from bioimageio.core import create_prediction_pipeline, load_model_description, predict

    with opening(bundle):
        description = load_model_description(bundle, format_version="latest")
    axes = description.inputs[0].axes
    spatial = [axis for axis in axes if axis.type == "space"]
    channels = max((len(axis.channel_names) for axis in axes if axis.type == "channel"), default=1)
    if len(description.inputs) > 1 or len(spatial) != 2 or channels > 1:
        raise DfcanError(f"{bundle} does not take one plane of one channel, as the images of the leaderboard are")
    with opening(bundle):  # which runs code that the bundle brings
        pipeline = create_prediction_pipeline(description)
    fixed = any(isinstance(axis.size, int) for axis in spatial)

    def enlarge(lr: np.ndarray) -> np.ndarray:
        rows, columns = (
            reflected(0, allowed(axis.size, side), side) for axis, side in zip(spatial, lr.shape, strict=True)
        )
        plane = lr.astype(np.float32)[rows[:, None], columns]
        sides = iter(plane.shape)
        image = plane.reshape([next(sides) if axis.type == "space" else 1 for axis in axes])
        sample = predict(model=pipeline, inputs=image, blocksize_parameter=1 if fixed else None)
        output = np.asarray(next(iter(sample.members.values())).data).squeeze()
        for scale in (1, SCALE):
            if output.shape == tuple(scale * side for side in plane.shape):
                output = output[: scale * lr.shape[0], : scale * lr.shape[1]]
                return output if scale == SCALE else interpolation.bicubic(output, SCALE)
        raise DfcanError(f"{bundle} turns {plane.shape} into {output.shape}: the leaderboard is of scale {SCALE}")

    return enlarge


@contextmanager
def opening(bundle: Path) -> Iterator[None]:
    """Say what stops bioimageio.core: what is wrong with a description, or a host that does not answer."""
    try:
        yield
    except Exception as error:
        raise DfcanError(f"bioimageio.core cannot open {bundle}: {error}") from error


def allowed(size: Any, side: int) -> int:
    """Pixels, as few as possible and `side` at least, that a description allows along an axis."""
    if isinstance(size, int):
        return max(size, side)  # core cuts what is larger into blocks
    steps = -(-max(0, side - size.min) // size.step)
    return size.min + steps * size.step
