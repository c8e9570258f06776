"""The same image through every way of running a bundle: differences, and seams between tiles.

    python benchmarks/parity.py BUNDLE.zip IMAGE.tif

All figures are in units of the output (0..1). "At borders" are pixels up to 4 output pixels from where one tile's part
ends and the next begins.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
from bioimageio.core import create_prediction_pipeline, predict

from dfcan_bmz import images
from dfcan_bmz.bundle import jdll
from dfcan_bmz.bundle.jdll_engines import choose_engine
from dfcan_bmz.bundle_file.read import read_bundle
from dfcan_bmz.bundle_file.validation import validated
from dfcan_bmz.export import FILE_NAMES
from dfcan_bmz.extras import missing_extra
from dfcan_bmz.model import Model
from dfcan_bmz.model.loading import of_weights
from dfcan_bmz.prediction.tiles import predict_plane
from dfcan_bmz.tiling import starts

BORDER_PX = 4


def borders(ours: Model, shape: tuple[int, int]) -> np.ndarray:
    """Mask of the output pixels near a border between tiles."""
    mask = np.zeros([ours.scale * length for length in shape], bool)
    for axis, length in enumerate(shape):
        for start in starts(length, ours.tile, ours.halo)[1:]:
            at = ours.scale * start
            rows = [slice(None), slice(None)]
            rows[axis] = slice(max(0, at - BORDER_PX), at + BORDER_PX)
            mask[tuple(rows)] = True
    return mask


def main(bundle: Path, image: Path) -> None:
    """Print a Markdown table."""
    opened = read_bundle(bundle)
    description, content = validated(opened), opened.content
    plane = images.read(image).pixels
    formats = [name for name in FILE_NAMES if name in opened.weights and not missing_extra(name)]
    ours = {name: of_weights(opened, name) for name in formats}
    reference = predict_plane(ours["keras_v3"], plane)
    near = borders(ours["keras_v3"], plane.shape)
    choice = choose_engine(content["weights"])

    def core(name: str, **blocks: int) -> np.ndarray:
        pipeline = create_prediction_pipeline(description, weight_format=name)
        sample = predict(model=pipeline, inputs=plane.astype(np.float32)[None, :, :, None], **blocks)
        return np.asarray(sample.members["output"].data)[0, :, :, 0]

    ways = {f"dfcan-bmz predict, {name}": lambda name=name: predict_plane(ours[name], plane) for name in formats[1:]}
    ways |= {
        f"bioimageio predict --blockwise, {name}": lambda name=name: core(name, blocksize_parameter=1)
        for name in formats
    }
    ways["deepImageJ (emulated)"] = lambda: jdll.predict(content, ours[choice.weight_format].network, plane)
    ways["bioimageio predict, whole image, keras_v3"] = lambda: core("keras_v3")
    print(
        f"{image.name}, {plane.shape[1]} x {plane.shape[0]} px, tiles of {ours['keras_v3'].tile}, halo "
        f"{ours['keras_v3'].halo}; against `dfcan-bmz predict` with keras_v3\n"
    )
    print("| way | largest | root mean square | mean at borders of tiles | mean elsewhere |\n|---|---|---|---|---|")
    for name, run in ways.items():
        difference = np.abs(run() - reference)
        cells = (difference.max(), np.sqrt(np.mean(difference**2)), difference[near].mean(), difference[~near].mean())
        print(f"| {name} | " + " | ".join(f"{cell:.1e}" for cell in cells) + " |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
