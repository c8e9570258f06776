"""Do error bars hold on images that did not set them? What share of the errors is within, by the size of the bar.

    python benchmarks/error_bars.py MODEL LR HR [--factor F] [--every N]

The error bar of a model is the disagreement between orientations times a factor from its evaluations, or times F. Of
one in N images, errors of the mean prediction in the middle are counted after a least-squares fit of gain and offset:
of all pixels, of structure (the brightest tenth of the target), and of thirds of the pixels by the size of their bar.
68 % is right.
"""

import argparse
import sys
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from dfcan_bmz.data.pairs import find_pairs
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.evaluation.measure import EvaluatedPlane, planes_of
from dfcan_bmz.evaluation.uncertainty import Middle, in_orientations, pixels_of, side_of
from dfcan_bmz.fingerprint import middle
from dfcan_bmz.metrics import affine
from dfcan_bmz.model import Model, open_model
from dfcan_bmz.prediction.tiles import predict_part


def errors_and_bars(model: Model, factor: float, plane: EvaluatedPlane) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each pixel of the middle: its error, its error bar, and whether the target shows structure there."""
    part = Middle(plane, *middle(plane.lr.shape, side_of(model)))
    turned = in_orientations(part, partial(predict_part, model))
    errors, spreads, structure = pixels_of(*affine(part.of_hr(plane.hr), turned.mean), turned)
    return errors.ravel(), factor * spreads.ravel(), structure.ravel()


def main(model: Model, factor: float, lr: Path, hr: Path, every: int) -> None:
    """Print the shares."""
    planes = planes_of({pair: [0] for pair in find_pairs(lr, hr)}, model.scale, model.target, {})
    found = [errors_and_bars(model, factor, plane) for plane in islice(planes, 0, None, every)]
    errors, bars, structure = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    within, size = errors <= bars, np.searchsorted(np.quantile(bars, [1 / 3, 2 / 3]), bars)
    parts = {"all": np.ones_like(structure), "structure": structure}
    parts |= {name: size == index for index, name in enumerate(("small bars", "middling", "large"))}
    shares = ", ".join(f"{name} {100 * within[chosen].mean():.0f} %" for name, chosen in parts.items())
    print(f"{len(found)} images, factor {factor:.1f}: {shares}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("lr", type=Path)
    parser.add_argument("hr", type=Path)
    parser.add_argument("--factor", type=float)
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args()
    opened = open_model(asked.model)
    if not (known := asked.factor or opened.error_bar):
        sys.exit(f"error: no evaluation in {asked.model} mapped the uncertainty: give --factor")
    try:
        main(opened, known, asked.lr, asked.hr, asked.every)
    except DfcanError as error:
        sys.exit(f"error: {error}")
