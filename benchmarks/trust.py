"""Do the maps of uncertainty find the pixels that are wrong, and are foreign images flagged? On simulated data.

python benchmarks/trust.py RUN OUT.png

RUN is a run folder that was trained on simulated actin, as docs/evaluation.md says. Prints the tables of that page and
draws its figure.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from dfcan_bmz.domain import outside_domain
from dfcan_bmz.evaluation.trust import disagreement, reblur
from dfcan_bmz.metrics import affine
from dfcan_bmz.model import Model, open_model
from dfcan_bmz.prediction.tiles import predict_plane
from dfcan_bmz.simulation.fields import BIOSR, level_photons, simulate_field

SEED, SIZE_PX, SCALE, LEVELS, FIELDS, MANY_FIELDS = 100, 128, 2, 3, 6, 20
REGION_PX = 8  # errors are also evaluated by squares of so many HR pixels
# structure and haze
SETS = {
    "actin, other fields": ("actin", 0.0),
    "actin with haze 1.0": ("actin", 1.0),
    "microtubules": ("microtubules", 0.0),
    "clathrin-coated pits": ("ccps", 0.0),
    "endoplasmic reticulum": ("er", 0.0),
}
IMAGES = (
    lambda one: one.error,
    lambda one: one.maps["disagreement"],
    lambda one: one.maps["re-blurring error"],
)
# actin as the training knows it, but for one thing
CHANGES = {"actin, pixels of 94 nm": "pixel", "actin, 3 photons": "light", "actin, blurred by 1.5 px": "focus"}
WORDS = {
    "pixels are": "pixel size",
    "signal-to-noise": "signal-to-noise",
    "histogram": "brightness",
    "spectrum": "spectrum",
    "kind of detail": "shape",
}
MAPS = ("disagreement", "re-blurring error", "brightness")


class Study(NamedTuple):
    """One plane at a light level: LR image (Y, X), prediction, its real error, and the maps, (sY, sX)."""

    level: int
    lr: np.ndarray
    prediction: np.ndarray
    error: np.ndarray
    maps: dict[str, np.ndarray]


def study(predictor: Model, structure: str, haze: float) -> Iterator[Study]:
    """Predict every light level of fresh fields, and evaluate the predictions with and without their truth."""
    for field in range(FIELDS):
        rng = np.random.default_rng([SEED, field])
        hr, planes = simulate_field(structure, SIZE_PX, SCALE, LEVELS, haze, rng)
        for level, lr in enumerate(planes):
            prediction = predict_plane(predictor, lr)
            truth, fitted = affine(hr, prediction)
            turned = disagreement(lambda plane: predict_plane(predictor, plane), lr)
            maps = {
                "disagreement": gaussian_filter(turned.spread, 1.0),
                "re-blurring error": reblur(prediction, lr).error.repeat(SCALE, 0).repeat(SCALE, 1),
                "brightness": prediction,
            }
            yield Study(level, lr, prediction, np.abs(truth - fitted), maps)


def in_regions(image: np.ndarray) -> np.ndarray:
    """Mean of squares of `REGION_PX`."""
    height, width = (size // REGION_PX for size in image.shape)
    return image.reshape(height, REGION_PX, width, REGION_PX).mean(axis=(1, 3))


def risk_coverage(error: np.ndarray, uncertainty: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Mean error of the most certain share of the pixels over that of all, for each of `shares`."""
    ordered = np.cumsum(error.ravel()[np.argsort(uncertainty, axis=None, kind="stable")])
    count = np.maximum((shares * error.size).astype(int), 1)
    return ordered[count - 1] / count / error.mean()


def at_equal_brightness(error: np.ndarray, uncertainty: np.ndarray, brightness: np.ndarray) -> float:
    """Partial rank correlation: what a map knows of the error that the brightness of the prediction does not."""
    ed, eb, db = (
        spearmanr(*both, axis=None).statistic
        for both in ((error, uncertainty), (error, brightness), (uncertainty, brightness))
    )
    return float((ed - eb * db) / np.sqrt((1 - eb**2) * (1 - db**2)))


def agreement(found: list[Study], kind: str) -> str:
    """Mean rank correlation of a map with the error: by pixel, by square, and by square at equal brightness."""
    by_pixel = [spearmanr(one.error, one.maps[kind], axis=None).statistic for one in found]
    squares = [[in_regions(x) for x in (one.error, one.maps[kind], one.prediction)] for one in found]
    by_square = [spearmanr(error, uncertainty, axis=None).statistic for error, uncertainty, _ in squares]
    told = f"{np.mean(by_pixel):.2f} / {np.mean(by_square):.2f}"
    if kind == "brightness":
        return told
    return f"{told} / {np.mean([at_equal_brightness(*three) for three in squares]):.2f}"


def flagged(predictor: Model, name: str, structure: str, haze: float, change: str) -> str:
    """Table row: how many planes of many fresh fields are said to lie outside of what the model has seen, and why."""
    reasons = []
    for field in range(MANY_FIELDS):
        rng = np.random.default_rng([SEED + 1, field])
        microscope = BIOSR._replace(brightest=3.0, dimmest=3.0) if change == "light" else BIOSR
        for plane in simulate_field(structure, SIZE_PX, SCALE, LEVELS, haze, rng, microscope)[1]:
            seen = gaussian_filter(plane.astype(float), 1.5) if change == "focus" else plane
            pixel_nm = 1.5 * BIOSR.pixel_nm if change == "pixel" else BIOSR.pixel_nm
            reasons.append(outside_domain(seen, pixel_nm, predictor.domain))
    counts = [sum(any(word in reason for reason in found) for found in reasons) for word in WORDS]
    return f"| {name} | {sum(map(bool, reasons))} of {len(reasons)} | " + " | ".join(map(str, counts)) + " |"


def main(run: Path, out: Path) -> None:
    """Study, print, draw."""
    predictor = open_model(run)
    print("| images | flagged | " + " | ".join(WORDS.values()) + " |")
    print("|---" * (2 + len(WORDS)) + "|")
    for name, settings in SETS.items():
        print(flagged(predictor, name, *settings, ""))
    for name, change in CHANGES.items():
        print(flagged(predictor, name, "actin", 0.0, change))
    studies = {name: list(study(predictor, *settings)) for name, settings in SETS.items()}
    print("\n| images | mean error | " + " | ".join(MAPS) + " |")
    print("|---" * (2 + len(MAPS)) + "|")
    for name, found in studies.items():
        error = np.mean([one.error.mean() for one in found])
        print(f"| {name} | {error:.3f} | " + " | ".join(agreement(found, kind) for kind in MAPS) + " |")
    print("\n| images | photons | real error | disagreement | re-blurring error |\n|---|---|---|---|---|")
    for name, found in studies.items():
        for level, photons in enumerate(level_photons(LEVELS)):
            these = [one for one in found if one.level == level]
            means = [np.mean([image(one).mean() for one in these]) for image in IMAGES]
            print(f"| {name} | {photons:.0f} | " + " | ".join(f"{mean:.4f}" for mean in means) + " |")
    draw(studies, out)


def draw(studies: dict[str, list[Study]], out: Path) -> None:
    """Draw a plane of each set with its maps, and the risk-coverage curves of all of its planes."""
    figure = Figure(figsize=(15, 2.55 * len(studies)), layout="constrained")
    grid = figure.subplots(len(studies), 6, width_ratios=(1, 1, 1, 1, 1, 1.35))
    for row, (name, found) in zip(grid, studies.items(), strict=True):
        one = found[1]
        pictures = {"LR image": one.lr, "prediction": one.prediction, "real error": one.error}
        pictures |= {kind: one.maps[kind] for kind in ("disagreement", "re-blurring error")}
        for axes, (title, picture) in zip(row[:5], pictures.items(), strict=True):
            colours = "gray" if title in ("LR image", "prediction") else "inferno"
            axes.imshow(picture, cmap=colours, vmin=np.percentile(picture, 0.5), vmax=np.percentile(picture, 99.7))
            axes.set(xticks=[], yticks=[], title=title if name == next(iter(studies)) else "")
        row[0].set_ylabel(name)
        draw_curves(row[5], found)
    grid[0, 5].legend(frameon=False, fontsize=8)
    grid[-1, 5].set_xlabel("share of the image kept")
    figure.savefig(out, dpi=80)


def draw_curves(axes: Axes, found: list[Study]) -> None:
    """Draw the error of what is kept if the most uncertain squares are left out, on average over the planes."""
    shares = np.linspace(0.02, 1, 50)
    orders = {kind: [in_regions(one.maps[kind]) for one in found] for kind in MAPS}
    errors = orders["true order"] = [in_regions(one.error) for one in found]
    axes.plot(shares, np.ones_like(shares), color="#bbbbbb", linestyle="--", label="random")
    for (kind, uncertainties), colour in zip(orders.items(), ("#0b62a4", "#c8382b", "#c08a2d", "#222222"), strict=True):
        curves = [
            risk_coverage(error, uncertainty, shares) for error, uncertainty in zip(errors, uncertainties, strict=True)
        ]
        style = "--" if kind == "true order" else "-"
        axes.plot(shares, np.mean(curves, axis=0), color=colour, linestyle=style, label=kind)
    axes.set(ylabel="error of what is kept", ylim=(0, 1.15))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
