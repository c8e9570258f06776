"""MAE with a share of the mean absolute Fourier coefficient of the difference, in place of MAE, as in losses.yaml.

    python benchmarks/frequency_loss.py LR HR TEST_LR TEST_HR OUT

With w of OUT/w<w>: mean of |d| + w times the mean of |F(d)|, F orthonormal, as Cho et al. 2021 add it
(doi 10.1109/ICCV48922.2021.00460). The network, the images and the two seeds are those of
`dfcan-bmz sweep benchmarks/losses.yaml`.
"""

import sys
from pathlib import Path

from keras import ops

from dfcan_bmz import losses
from dfcan_bmz.commands import sweep

WEIGHTS = (0.1, 1.0)
EPS = 1e-12  # inside the root, whose gradient at 0 has no value


def frequency_loss(weight: float):
    """Return a loss, (N, sH, sW, 1) twice to (N,)."""

    def loss(truth, prediction):
        difference = ops.squeeze(ops.subtract(truth, prediction), -1)
        real, imaginary = ops.fft2((difference, ops.zeros_like(difference)))
        pixels = ops.sum(ops.ones_like(difference[:1]))
        amplitude = ops.sqrt((ops.square(real) + ops.square(imaginary)) / pixels + EPS)
        return losses.mae(truth, prediction) + weight * ops.mean(amplitude, axis=(1, 2))

    return loss


def main(lr: str, hr: str, test_lr: str, test_hr: str, out: str) -> None:
    """Train twice with each weight; the tables are OUT/w<w>/summary.md."""
    file = Path(out) / "sweep.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        (Path(__file__).parent / "losses.yaml").read_text().replace("[dfcan, mae, mse, charbonnier]", "[mae]")
    )
    for weight in WEIGHTS:
        losses.LOSSES["mae"] = lambda config, weight=weight: frequency_loss(weight)
        sweep.run(file, Path(lr), Path(hr), Path(out) / f"w{weight:g}", (Path(test_lr), Path(test_hr)), None, [])


if __name__ == "__main__":
    main(*sys.argv[1:])
