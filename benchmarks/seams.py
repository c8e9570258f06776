"""How much a prediction in tiles differs from that of the whole image, at the tiles' borders and away from them.

    python benchmarks/seams.py RUN IMAGE [TILE] [SIDE]

For each halo and blend: the root mean square difference within 4 output pixels of a border and more than 16 away, and
that of the difference's step across a border beside its step from pixel to pixel elsewhere. Where the first of each
pair is not larger than the second, there is no seam: what is left is that the Fourier attention sees a tile and not the
image.
"""

import sys
from pathlib import Path

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.model import open_model
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import predict_unit
from dfcan_bmz.tiling import starts

HALOS = (0, 2, 4, 8, 12, 16)


def main(run: str, image: str, tile: str = "64", side: str = "512") -> None:
    """Print a Markdown table."""
    predictor = open_model(Path(run))._replace(tile=int(tile))
    s, plane = predictor.scale, images.read(Path(image)).pixels[: int(side), : int(side)]
    unit = scaling_of(plane).apply(plane)
    whole = np.clip(predictor.network(unit[None, :, :, None])[0, :, :, 0], 0, 1)
    print(f"{plane.shape} px, tiles of {tile} px, standard deviation of the prediction {whole.std():.3f}\n")
    print("| halo | blend | difference at borders | inside | step at borders | inside |\n|---|---|---|---|---|---|")
    for halo in HALOS:
        for blend in {0, halo // 2}:
            tiled = predictor._replace(halo=halo, blend=blend)
            difference = predict_unit(tiled, unit) - whole
            borders = np.array([s * start for start in starts(unit.shape[1], int(tile), halo)][1:])
            distance = np.abs(np.arange(s * unit.shape[1])[:, None] + 0.5 - borders).min(axis=1)
            near, far = difference[:, distance < 4], difference[:, distance > 16]
            steps = np.diff(difference, axis=1)
            figures = near, far, steps[:, borders - 1], steps[:, distance[1:] > 16]
            cells = [f"{np.sqrt((figure**2).mean()):.4f}" for figure in figures]
            print(f"| {halo} | {blend} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
