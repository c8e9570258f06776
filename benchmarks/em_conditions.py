"""Models of electron micrographs over a grid of blur and noise, beside interpolation and the best linear filter.

    DFCAN_DATA=FOLDER python benchmarks/em_conditions.py RESULTS.csv em-x2 [MODEL...]

The two held-out sections of `fibsem` are degraded as `dfcan-bmz degrade` does it, with every pair of a blur (sigma in
HR pixels) and a noise (share of the 8-bit range). Means of PSNR and SSIM (11 x 11) on raw intensities; the table is
printed as Markdown. "Wiener" is the linear estimate of least mean squared error: it knows blur and noise of each image,
and the power spectrum of the training sections, which nobody knows of images of their own.
"""

import os
import sys
from pathlib import Path

import numpy as np

from dfcan_bmz import images, interpolation, metrics, predict
from dfcan_bmz.degradation import PRESETS, degrade
from dfcan_bmz.evaluation.score import best_smoothing_px
from dfcan_bmz.files import write_table

BLURS = (0.5, 1.0, 1.5)
NOISES = (0.02, 0.05, 0.1)
SCALE, PEAK = 2, 255.0
VALIDATION, TEST = ("iso.03854",), ("iso.03906", "iso.03958")
BORDER = 32  # HR pixels that are mirrored around an image before it is filtered
COLUMNS = ("blur", "noise", "method", "psnr", "ssim")


def spectrum(sections: list[np.ndarray]) -> np.ndarray:
    """Mean power of the discrete Fourier transform of sections, which all have one shape."""
    window = np.outer(*map(np.hanning, sections[0].shape))
    power = np.mean([np.abs(np.fft.fft2(window * (section - section.mean()))) ** 2 for section in sections], axis=0)
    return power / np.mean(window**2)


def wiener(lr: np.ndarray, power: np.ndarray, blur: float, noise: float) -> np.ndarray:
    """The linear minimum mean squared error estimate of the HR image.

    An LR pixel is the mean of 2 x 2 blurred HR pixels, so that each LR frequency holds four HR frequencies k_m with
    transfer H_m. With the power S of the HR image and N^2 sigma^2 of the noise (Kay, Fundamentals of Statistical Signal
    Processing I, chapter 12), X_m = conj(H_m) S_m / 4 / (sum_j |H_j|^2 S_j / 16 + N^2 sigma^2) Y.
    """
    margin = BORDER // SCALE
    padded = np.pad(lr, margin, mode="symmetric")
    mean = padded.mean()
    frequencies = [np.fft.fftfreq(SCALE * side) for side in padded.shape]
    transfer = np.ones((1, 1), complex)
    for axis, f in enumerate(frequencies):
        # blur, and the mean of an even and the following odd pixel
        one = np.exp(-2 * (np.pi * blur * f) ** 2) * (1 + np.exp(2j * np.pi * f)) / 2
        transfer = transfer * one.reshape((-1, 1) if axis == 0 else (1, -1))
    folded = (np.abs(transfer) ** 2 * power).reshape(SCALE, padded.shape[0], SCALE, padded.shape[1]).sum((0, 2))
    gain = 1 / (folded / SCALE**4 + padded.size * (noise * PEAK) ** 2)
    estimate = np.conj(transfer) * power / SCALE**2 * np.tile(gain * np.fft.fft2(padded - mean), (SCALE, SCALE))
    found = np.fft.ifft2(estimate).real + mean
    return found[BORDER:-BORDER, BORDER:-BORDER]


def read(folder: Path, names: tuple[str, ...]) -> list[np.ndarray]:
    """The sections of these names, 8-bit."""
    return [images.read(folder / f"{name}.png").pixels for name in names]


def scores(truth: np.ndarray, image: np.ndarray) -> tuple[float, float]:
    """PSNR and SSIM on raw intensities."""
    found = metrics.score(truth, image, metrics.raw(PEAK))
    return found["psnr"], found["ssim"]


def measured(
    sections: dict[str, list[np.ndarray]], power: np.ndarray, models: list[str], blur: float, noise: float
) -> dict[str, tuple[float, float]]:
    """Mean scores of every method under one condition."""
    settings = PRESETS["em"]._replace(blur=blur, noise=noise)
    rng = np.random.default_rng(0)
    pairs = {part: [(degrade(hr, SCALE, settings, rng), hr) for hr in found] for part, found in sections.items()}
    sigma = best_smoothing_px(pairs["validation"], SCALE, "input")
    methods = {
        "bicubic": lambda lr: interpolation.bicubic(lr, SCALE),
        "smoothed bicubic": lambda lr: interpolation.smoothed_bicubic(lr, SCALE, sigma),
        "Wiener": lambda lr: wiener(lr, power, blur, noise),
    }
    methods |= {name: lambda lr, name=name: predict(name, lr.astype(np.float32), intensity="keep") for name in models}
    return {
        name: tuple(np.mean([scores(hr, method(lr)) for lr, hr in pairs["test"]], axis=0))
        for name, method in methods.items()
    }


def main(out: Path, models: list[str]) -> None:
    """Measure all conditions, write them and print the table."""
    folder = Path(os.environ["DFCAN_DATA"]) / "fibsem"
    sections = {part: read(folder, names) for part, names in (("validation", VALIDATION), ("test", TEST))}
    known = tuple(path.stem for path in sorted(folder.glob("*.png")) if path.stem not in (*VALIDATION, *TEST))
    power = spectrum([np.pad(section, BORDER, mode="symmetric") for section in read(folder, known)])
    rows = []
    for blur in BLURS:
        for noise in NOISES:
            for method, (psnr, ssim) in measured(sections, power, models, blur, noise).items():
                rows.append(dict(zip(COLUMNS, (blur, noise, method, round(psnr, 3), round(ssim, 4)), strict=True)))
            print(rows[-1], file=sys.stderr, flush=True)
    write_table(out, COLUMNS, (row.values() for row in rows))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    print(f"| blur | noise | {' | '.join(methods)} |\n|{'---|' * (2 + len(methods))}")
    for blur in BLURS:
        for noise in NOISES:
            some = {row["method"]: row for row in rows if (row["blur"], row["noise"]) == (blur, noise)}
            cells = (f"{some[method]['psnr']:.2f} / {some[method]['ssim']:.3f}" for method in methods)
            print(f"| {blur} | {noise} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
