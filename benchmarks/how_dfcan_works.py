"""The figures of docs/how-dfcan-works.md: spectra, attention, reach.

RUN is a training of two minutes:
data=example_data/train; config=dfcan_bmz/commands/demo_files/config.yaml
dfcan-bmz train --lr $data/lr --hr $data/hr --config $config --out RUN
python benchmarks/how_dfcan_works.py RUN docs/images
"""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from dfcan_bmz import images, run_folder
from dfcan_bmz.engines.keras_v3 import load_model
from dfcan_bmz.interpolation import bicubic
from dfcan_bmz.models import reach
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.simulation.fields import BIOSR

GRAY = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
TEST = Path("example_data/test")


def main(run: Path, out: Path) -> None:
    """Draw the three figures."""
    model = load_model(run_folder.weights(run))
    bright, dim, hr = (_unit(TEST / name) for name in BRIGHT_DIM_HR)
    _save(plot_spectra(bright, model, hr), out / "how-spectra.png")
    _save(plot_attention(model, bright, dim), out / "how-attention.png")
    _save(plot_reach(model, bright, reach(run_folder.read_config(run).model)), out / "how-reach.png")


BRIGHT_DIM_HR = ("lr/fov000_level02.tif", "lr/fov000_level01.tif", "hr/fov000_level02.tif")


def plot_spectra(lr: np.ndarray, model: keras.Model, hr: np.ndarray) -> Figure:
    """Widefield image, prediction and target above their power spectra, and the spectra by frequency."""
    predicted = np.clip(model(lr[None, ..., None]).numpy()[0, ..., 0], 0, 1)
    columns = {"widefield, enlarged": bicubic(lr, 2), "DFCAN": predicted, "target": hr}
    pixel_um = BIOSR.pixel_nm / 2e3
    cutoff = BIOSR.cutoff_per_um
    nyquist = 0.5 / pixel_um
    figure = Figure(figsize=(13, 7), layout="constrained")
    axes = figure.subplots(2, 4)
    for column, (name, image) in zip(axes.T, columns.items(), strict=False):
        column[0].imshow(image, **GRAY)
        column[0].set_title(name)
        power = _power(image)
        column[1].imshow(np.log10(power), cmap="magma", vmin=-5, vmax=2, extent=[-nyquist, nyquist] * 2)
        for radius, style in ((cutoff, "--"), (2 * cutoff, ":")):
            column[1].add_patch(Circle((0, 0), radius, fill=False, color="white", linestyle=style))
        column[1].set(xlabel="1 / µm", ylabel="1 / µm")
        frequency, profile = _radial(power, pixel_um)
        axes[1, 3].semilogy(frequency, profile, label=name)
        column[0].set_axis_off()
    axes[1, 3].axvline(cutoff, color="gray", linestyle="--")
    axes[1, 3].axvline(2 * cutoff, color="gray", linestyle=":")
    axes[1, 3].set(xlabel="frequency (1 / µm)", ylabel="mean power", xlim=(0, nyquist))
    axes[1, 3].legend(frameon=False)
    axes[0, 3].text(
        0,
        0.5,
        "dashed: cut-off of the\nwidefield microscope\n\ndotted: twice that,\nthe target's",
        fontsize=13,
        va="center",
    )
    axes[0, 3].set_axis_off()
    return figure


def plot_attention(model: keras.Model, bright: np.ndarray, dim: np.ndarray) -> Figure:
    """Channels of the last attention block with their spectra and weights; weights of all blocks, bright and dim."""
    maps, spectra, weights = _attention(model, bright)
    _, _, dim_weights = _attention(model, dim)
    last = weights[-1]
    order = np.argsort(last)
    chosen = order[[0, len(order) // 3, 2 * len(order) // 3, -1]]
    figure = Figure(figsize=(13, 8.6), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(2, 1))
    axes = upper.subplots(2, len(chosen))
    for column, channel in zip(axes.T, chosen, strict=True):
        column[0].imshow(maps[-1][..., channel], cmap="gray")
        column[0].set_title(f"channel {channel}: weight {last[channel]:.2f}")
        column[1].imshow(spectra[-1][..., channel], cmap="magma", vmax=np.percentile(spectra[-1], 99.5))
        for ax in column:
            ax.set(xticks=[], yticks=[])
    axes[0, 0].set_ylabel("feature map")
    axes[1, 0].set_ylabel("its spectrum")
    span = {"vmin": min(map(np.min, weights + dim_weights)), "vmax": max(map(np.max, weights + dim_weights))}
    for ax, (name, shown) in zip(
        lower.subplots(1, 2), {"bright image": weights, "dim image": dim_weights}.items(), strict=True
    ):
        picture = ax.imshow(np.array(shown), cmap="viridis", aspect="auto", **span)
        ax.set(title=f"weights, {name}", xlabel="channel", ylabel="attention block", yticks=range(len(shown)))
    lower.colorbar(picture, ax=lower.axes)
    print(
        f"weights from {span['vmin']:.2f} to {span['vmax']:.2f}; largest change from bright to dim "
        f"{np.max(np.abs(np.array(weights) - np.array(dim_weights))):.3f}"
    )
    return figure


def plot_reach(model: keras.Model, image: np.ndarray, reach_px: int) -> Figure:
    """How much each input pixel moves one output pixel: near by the convolutions, far by the attention alone."""
    inputs = tf.constant(image[None, ..., None])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = model(inputs)
        middle = output[0, image.shape[0], image.shape[1], 0]
    influence = np.abs(tape.gradient(middle, inputs).numpy()[0, ..., 0])
    influence /= influence.max()
    centre = image.shape[0] // 2
    y, x = np.indices(image.shape)
    distance = np.maximum(np.abs(y - centre), np.abs(x - centre))
    largest = [influence[distance == d].max() for d in range(centre)]
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    picture = left.imshow(np.log10(influence + 1e-9), cmap="magma", vmin=-7, vmax=0)
    corner, side = centre - reach_px - 0.5, 2 * reach_px + 1
    left.add_patch(Rectangle((corner, corner), side, side, fill=False, color="w"))
    left.set(title="influence of each input pixel on the middle", xticks=[], yticks=[])
    figure.colorbar(picture, ax=left, label="log10, largest = 0")
    right.semilogy(largest)
    right.axvline(reach_px, color="gray", linestyle="--", label=f"reach of the convolutions, {reach_px} px")
    right.set(xlabel="distance (LR pixels)", ylabel="largest influence at that distance")
    right.legend(frameon=False)
    print(f"largest influence beyond the reach: {max(largest[reach_px + 1 :]):.1e} of that of the middle")
    return figure


def _attention(model: keras.Model, image: np.ndarray) -> tuple[list, list, list]:
    """Feature maps (H, W, C), their spectra (H, W, C) and the weights (C,) of every attention block."""
    pools = [layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D)]
    maps, spectra, weights = [], [], []
    for pool in pools:
        excite = _after(model, _after(model, pool))
        product = _after(model, excite)
        filtered = pool.input._keras_history.operation  # the convolution of the spectrum
        outputs = keras.Model(model.inputs, [product.input[0], filtered.input, excite.output])(image[None, ..., None])
        features, spectrum, weight = (np.asarray(output)[0] for output in outputs)
        maps.append(features)
        spectra.append(spectrum)
        weights.append(weight[0, 0])
    return maps, spectra, weights


def _after(model: keras.Model, layer):
    """The one operation that takes the output of `layer`."""
    (following,) = [node.operation for node in layer._outbound_nodes if node.operation in model.operations]
    return following


def _unit(path: Path) -> np.ndarray:
    plane = next(iter(images.read(path).planes))
    return np.clip(scaling_of(plane).apply(plane), 0, 1)


def _power(image: np.ndarray) -> np.ndarray:
    window = np.hanning(image.shape[0])[:, None] * np.hanning(image.shape[1])
    return np.abs(np.fft.fftshift(np.fft.fft2((image - image.mean()) * window, norm="ortho"))) ** 2 + 1e-12


def _radial(power: np.ndarray, pixel_um: float) -> tuple[np.ndarray, np.ndarray]:
    size = power.shape[0]
    y, x = np.indices(power.shape) - size // 2
    ring = np.hypot(y, x).astype(int).ravel()
    profile = np.bincount(ring, power.ravel()) / np.bincount(ring)
    half = size // 2
    return np.arange(half) / (size * pixel_um), profile[:half]


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=80)
    print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
