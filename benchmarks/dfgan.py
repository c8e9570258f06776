"""How good networks are, and how much of their fine detail they invent. On simulated data, whose truth is known.

    python benchmarks/dfgan.py TEST_SET RUN...

TEST_SET is one that `dfcan-bmz simulate` wrote, RUN a run folder. Prints a table, of means over the images: PSNR and
SSIM after a fit of gain and offset; the resolution by Fourier ring correlation with the truth (0.5), and by
decorrelation analysis of the prediction alone, which takes invented detail for detail; and, of the frequencies between
the cut-off of the widefield microscope and twice that, which the image does not hold: the power of the prediction over
that of the truth, and their ring correlation. The spread is that of predictions of the image in its eight orientations,
of the brightest tenth of the pixels, in percent of their mean.
"""

import sys
from pathlib import Path

import numpy as np

from dfcan_bmz import images, metrics, resolution
from dfcan_bmz.data.pairs import find_pairs
from dfcan_bmz.evaluation.trust import disagreement
from dfcan_bmz.model import Model, open_model
from dfcan_bmz.prediction.tiles import predict_plane
from dfcan_bmz.simulation.fields import BIOSR

COLUMNS = {
    "PSNR": ".2f",
    "SSIM": ".3f",
    "resolution against truth (nm)": ".0f",
    "decorrelation (nm)": ".0f",
    "power beyond the cut-off": ".2f",
    "correlation there": ".3f",
    "spread (%)": ".1f",
}
BRIGHT = 90  # percentile


def measured(model: Model, lr: np.ndarray, hr: np.ndarray) -> list[float]:
    """The figures of one image, in the order of `COLUMNS`."""
    turned = disagreement(lambda plane: predict_plane(model, plane), lr)
    predicted = turned.upright
    scores = metrics.score(hr, predicted, metrics.affine)
    truth, fitted = metrics.affine(hr, predicted)
    pixel_um = BIOSR.pixel_nm / 2e3
    frequency, correlation = resolution.ring_correlation(truth, fitted)
    beyond = (frequency / pixel_um > BIOSR.cutoff_per_um) & (frequency / pixel_um < 2 * BIOSR.cutoff_per_um)
    power = [resolution.radial_power(image)[1][beyond].sum() for image in (fitted, truth)]
    agreed = resolution.crossing(frequency, correlation, resolution.AGAINST_TRUTH)
    cutoffs = [resolution.period(one, 1e3 * pixel_um) for one in (agreed, resolution.decorrelation(predicted))]
    bright = predicted > np.percentile(predicted, BRIGHT)
    spread = 100 * turned.spread[bright].mean() / predicted[bright].mean()
    return [scores["psnr"], scores["ssim"], *cutoffs, power[0] / power[1], correlation[beyond].mean(), spread]


def main(test: Path, runs: list[Path]) -> None:
    """Measure every run on every image."""
    pairs = find_pairs(test / "lr", test / "hr")
    print("| run | " + " | ".join(COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for run in runs:
        model = open_model(run)
        rows = [
            measured(model, *(next(iter(images.read(path).planes)) for path in (pair.lr, pair.hr))) for pair in pairs
        ]
        means = zip(np.mean(rows, axis=0), COLUMNS.values(), strict=True)
        print(f"| {run.name} | " + " | ".join(format(mean, shown) for mean, shown in means) + " |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(run) for run in sys.argv[2:]])
