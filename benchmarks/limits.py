"""The figures and numbers of docs/limits.md: two filaments that come close, structures never seen, light.

RUN is trained as in benchmarks/how_dfcan_works.py.
python benchmarks/limits.py RUN docs/images
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dfcan_bmz import metrics
from dfcan_bmz.interpolation import SIGMAS_PX, bicubic, smoothed_bicubic
from dfcan_bmz.model import Model, open_model
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import predict_plane
from dfcan_bmz.simulation import camera, optics
from dfcan_bmz.simulation.fields import BIOSR, OVERSAMPLING, simulate_field

SCALE, SIZE_PX = 2, 96
FINE_UM = BIOSR.pixel_nm / 1e3 / (SCALE * OVERSAMPLING)
DISTANCES_NM = (80, 100, 120, 140, 160, 180, 200, 240, 280, 320)
RAYLEIGH = 0.26  # depth of the dip at which two points count as resolved
LIGHT_PHOTONS = (15, 40, 100, 250, 600)
FIELDS = 8
GRAY = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}


def main(run: Path, out: Path) -> None:
    """Draw the figures and print the numbers."""
    predictor = open_model(run)
    _save(plot_two_lines(predictor), out / "limits-two-lines.png")
    _save(plot_never_seen(predictor), out / "limits-never-seen.png")
    _save(plot_light(predictor), out / "limits-light.png")


def plot_two_lines(predictor: Model) -> Figure:
    """Two filaments at falling distance: profiles, and the depth of the dip between them."""
    shown = (280, 200, 160, 120)
    figure = Figure(figsize=(13, 6.6), layout="constrained")
    axes = figure.subplots(2, len(shown) + 1)
    dips = {"widefield, enlarged": [], "DFCAN": [], "target": []}
    for distance in DISTANCES_NM:
        lr, hr = two_lines(distance, photons=600, rng=np.random.default_rng(distance))
        pictures = {"widefield, enlarged": bicubic(lr, SCALE), "DFCAN": predict_plane(predictor, lr), "target": hr}
        profiles = {name: _profile(image) for name, image in pictures.items()}
        for name, profile in profiles.items():
            dips[name].append(_dip(profile))
        if distance in shown:
            column = axes[:, shown.index(distance)]
            column[0].imshow(scaling_of(pictures["DFCAN"]).apply(pictures["DFCAN"])[64:128, 64:128], **GRAY)
            column[0].set(title=f"DFCAN, {distance} nm apart", xticks=[], yticks=[])
            nm = (np.arange(SIZE_PX * SCALE) - SIZE_PX * SCALE / 2 + 0.5) * BIOSR.pixel_nm / SCALE
            for name, profile in profiles.items():
                column[1].plot(nm, profile, label=name)
            column[1].set(xlim=(-400, 400), xlabel="nm", ylim=(-0.05, 1.1))
    for name, depths in dips.items():
        axes[1, -1].plot(DISTANCES_NM, depths, ".-", label=name)
        print(f"{name:22}", "  ".join(f"{d} nm: {dip:.2f}" for d, dip in zip(DISTANCES_NM, depths, strict=True)))
    axes[1, -1].axhline(RAYLEIGH, color="gray", linewidth=0.5)
    axes[1, -1].axvline(1e3 / BIOSR.cutoff_per_um, color="gray", linestyle="--")
    axes[1, -1].axvline(1e3 / BIOSR.cutoff_per_um / SCALE, color="gray", linestyle=":")
    axes[1, -1].set(xlabel="distance (nm)", ylabel="depth of the dip", ylim=(-0.05, 1))
    axes[0, -1].set_axis_off()
    axes[0, -1].legend(*axes[1, -1].get_legend_handles_labels(), loc="center", frameon=False)
    return figure


def two_lines(distance_nm: float, photons: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """LR counts (Y, X) and target (sY, sX) of two straight parallel filaments."""
    pixels = SIZE_PX * SCALE * OVERSAMPLING
    side_um = pixels * FINE_UM
    y = rng.uniform(0, side_um, 40000)
    x = side_um / 2 + np.where(rng.random(y.size) < 0.5, -1, 1) * distance_nm / 2e3
    fluorophores = optics.render(np.column_stack([y, x]), pixels, FINE_UM)
    cutoff = BIOSR.cutoff_per_um
    hr = optics.bin_sum(optics.image(fluorophores, FINE_UM, SCALE * cutoff), OVERSAMPLING)
    signal = optics.bin_sum(np.maximum(optics.image(fluorophores, FINE_UM, cutoff), 0), SCALE * OVERSAMPLING)
    return camera.expose((signal / np.percentile(signal, 99.9) + BIOSR.background) * photons, rng), hr


def plot_never_seen(predictor: Model) -> Figure:
    """What a model of actin makes of actin, of pits, of the reticulum, and of a camera without light."""
    figure = Figure(figsize=(11, 14), layout="constrained")
    axes = figure.subplots(4, 3)
    for row, structure in zip(axes, ("actin", "ccps", "er", None), strict=True):
        rng = np.random.default_rng(7)
        if structure is None:
            lr, hr = camera.expose(np.full((SIZE_PX, SIZE_PX), 1.0), rng), np.zeros((SIZE_PX * SCALE,) * 2)
        else:
            hr, (lr,) = simulate_field(structure, SIZE_PX, SCALE, 1, 0.0, rng)
        predicted = predict_plane(predictor, lr)
        pictures = (scaling_of(lr).apply(lr), predicted, scaling_of(hr).apply(hr))
        for ax, picture, title in zip(row, pictures, ("widefield", "DFCAN trained on actin", "truth"), strict=True):
            ax.imshow(picture, **GRAY)
            ax.set(xticks=[], yticks=[])
            if structure == "actin":
                ax.set_title(title)
        row[0].set_ylabel(structure or "no specimen: camera noise")
        if structure:
            gain = metrics.score(hr, predicted, metrics.affine)["psnr"] - _baseline(hr, lr)
            print(f"{structure}: {gain:+.2f} dB against the best smoothed bicubic (affine, n = 1)")
    return figure


def plot_light(predictor: Model) -> Figure:
    """PSNR against light on fields that the model has not seen."""
    curves = {"best smoothed bicubic": [], "DFCAN": []}
    for photons in LIGHT_PHOTONS:
        microscope = BIOSR._replace(brightest=float(photons))
        scores = []
        for seed in range(FIELDS):
            hr, (lr,) = simulate_field("actin", SIZE_PX, SCALE, 1, 0.0, np.random.default_rng([99, seed]), microscope)
            predicted = predict_plane(predictor, lr)
            scores.append((_baseline(hr, lr), metrics.score(hr, predicted, metrics.affine)["psnr"]))
        baseline, model = np.array(scores).T
        curves["best smoothed bicubic"].append(baseline)
        curves["DFCAN"].append(model)
        print(f"{photons} photons: {baseline.mean():.2f} -> {model.mean():.2f} dB (affine, n = {FIELDS})")
    figure = Figure(figsize=(7, 4.4), layout="constrained")
    ax = figure.subplots()
    for name, values in curves.items():
        means = [value.mean() for value in values]
        ax.errorbar(LIGHT_PHOTONS, means, [value.std(ddof=1) for value in values], capsize=3, label=name)
    ax.set(xscale="log", xlabel="photons a pixel (99.9th percentile)", ylabel="PSNR (dB), affine")
    ax.set_xticks(LIGHT_PHOTONS, [str(photons) for photons in LIGHT_PHOTONS])
    ax.minorticks_off()
    ax.legend(frameon=False)
    return figure


def _baseline(hr: np.ndarray, lr: np.ndarray) -> float:
    """PSNR of the smoothed bicubic whose sigma is the best for this very image, in its favour."""
    return max(metrics.score(hr, smoothed_bicubic(lr, SCALE, s), metrics.affine)["psnr"] for s in SIGMAS_PX)


def _profile(image: np.ndarray) -> np.ndarray:
    profile = image[16:-16].mean(axis=0)
    profile = profile - profile.min()
    return profile / profile.max()


def _dip(profile: np.ndarray) -> float:
    """How far the profile falls in its middle, as a share of the lower of the peaks beside it; 0 for a single peak."""
    middle = len(profile) // 2
    lower_peak = min(profile[:middle].max(), profile[middle:].max())
    return float(max(0, 1 - profile[middle - 1 : middle + 1].min() / lower_peak))


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=80)
    print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
