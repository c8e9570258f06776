"""What sides of tiles and halos cost and what they are worth: work, seams and quality, on images with a target.

    python benchmarks/tiles.py RUN LR HR [TILES] [HALOS]

LR and HR are folders of `predict` and its targets. For each tile and halo, in LR pixels:

- work: pixels that the network computes for each pixel of an image of 512 px and, as a mean, of 300 to 2000 px;
- PSNR and SSIM after a least-squares fit of gain and offset (protocol "affine"), mean over the images;
- seam: the step of the error across a border between tiles over its step from pixel to pixel elsewhere (root mean
  square, rows and columns); 1 is no seam.
"""

import sys
from pathlib import Path

import numpy as np

from dfcan_bmz import images, metrics
from dfcan_bmz.model import open_model
from dfcan_bmz.prediction.tiles import predict_plane
from dfcan_bmz.tiling import starts


def work(side: int, tile: int, halo: int) -> float:
    """Pixels computed for each pixel of a square image."""
    return (len(starts(side, tile, halo)) * tile / side) ** 2


def seam(error: np.ndarray, side: int, tile: int, halo: int, scale: int) -> float:
    """Step of the error at borders between tiles over that elsewhere, of both axes."""
    borders = [scale * start for start in starts(side, tile, halo)][1:]
    elsewhere = np.ones(scale * side, bool)
    for border in borders:
        elsewhere[max(0, border - 8) : border + 8] = False
    steps = [np.abs(np.diff(error, axis=axis).swapaxes(0, axis)) for axis in (0, 1)]
    near = np.sqrt(np.mean([np.mean(step[np.array(borders) - 1] ** 2) for step in steps]))
    return float(near / np.sqrt(np.mean([np.mean(step[elsewhere[1:]] ** 2) for step in steps])))


def main(run: str, lr: str, hr: str, tiles: str = "64,96,128,192,256", halos: str = "8,12,16") -> None:
    """Print a Markdown table."""
    predictor = open_model(Path(run))
    pairs = [
        (images.read(path).pixels, images.read(Path(hr) / path.name).pixels) for path in sorted(Path(lr).iterdir())
    ]
    print(f"{run}: {len(pairs)} images\n\n| tile | halo | work, 512 px | work, mean | PSNR | SSIM | seam |")
    print("|---" * 7 + "|")
    for tile in map(int, tiles.split(",")):
        for halo in map(int, halos.split(",")):
            rows = []
            for low, high in pairs:
                predicted = predict_plane(predictor._replace(tile=tile, halo=halo), low)
                truth, fitted = metrics.affine(high, predicted)
                scores = metrics.score(high, predicted, metrics.affine)
                step = seam(fitted - truth, len(low), tile, halo, predictor.scale)
                rows.append((scores["psnr"], scores["ssim"], step))
            psnr, ssim, step = np.mean(rows, axis=0)
            mean = np.mean([work(side, tile, halo) for side in range(300, 2000, 7)])
            cells = f"{work(512, tile, halo):.2f} | {mean:.2f} | {psnr:.3f} | {ssim:.4f} | {step:.2f}"
            print(f"| {tile} | {halo} | {cells} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
