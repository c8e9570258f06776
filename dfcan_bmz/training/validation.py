"""Figures and pictures on the validation patches."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from PIL import Image as PillowImage

from dfcan_bmz import losses
from dfcan_bmz.data.loading import loaded
from dfcan_bmz.data.patches import Patches
from dfcan_bmz.staging import replacing

EXAMPLES = 3  # patches in a picture
EXAMPLE_PX = 128  # largest side of a patch in it, in HR pixels


class Validation(NamedTuple):
    """What an epoch's weights do on the validation patches.

    Attributes
    ----------
    scores : dict
        Mean over the patches of `loss`, `mse` and `psnr`.
    contrast, brightness : float
        Standard deviation and mean of the predictions over those of the targets.
    examples : numpy.ndarray
        (Y, X) uint8: the patches that vary most, one a row: LR, prediction, HR.
    """

    scores: dict[str, float]
    contrast: float
    brightness: float
    examples: np.ndarray


def validate(trainer: keras.Model, held_out: Patches, size: int, loss: Callable) -> Validation:
    """Predict every patch and measure; only a few batches are in memory at a time.

    Parameters
    ----------
    trainer : keras.Model
        The network.
    held_out : Patches
        The validation patches.
    size : int
        Patches in a batch; the last one is filled up, so that any number of devices can share it.
    loss : callable
        Of truth and prediction; (N,).
    """
    measures = {"loss": loss, "mse": losses.mse, "psnr": losses.psnr}
    sums = dict.fromkeys(measures, 0.0)
    moments = np.zeros(4)  # sums of the means of truth, truth^2, prediction, prediction^2
    shown: list[tuple[float, np.ndarray]] = []
    for inputs, truth in loaded(held_out, size):
        filled = np.concatenate([inputs, np.repeat(inputs[-1:], size - len(inputs), axis=0)])
        predicted = keras.ops.convert_to_numpy(trainer.predict_on_batch(filled))[: len(inputs)].astype(np.float32)
        for name, measure in measures.items():
            sums[name] += float(np.sum(keras.ops.convert_to_numpy(measure(truth, predicted))))
        powers = (truth, truth**2, predicted, predicted**2)
        moments += [len(inputs) * power.mean(dtype=float) for power in powers]
        shown += [(float(hr.std()), _row(lr, sr, hr)) for lr, sr, hr in zip(inputs, predicted, truth, strict=True)]
        shown = sorted(shown, key=lambda example: -example[0])[:EXAMPLES]
    mean_t, square_t, mean_p, square_p = moments / len(held_out)
    contrasts = (np.sqrt(max(0.0, square_p - mean_p**2)), np.sqrt(max(0.0, square_t - mean_t**2)))
    return Validation(
        {name: total / len(held_out) for name, total in sums.items()},
        float(contrasts[0] / max(contrasts[1], 1e-6)),
        float(mean_p / max(mean_t, 1e-6)),
        np.concatenate([picture for _, picture in shown]),
    )


def save_picture(run: Path, epoch: int, examples: np.ndarray) -> None:
    """Write ``validation/epoch0007.png``."""
    (run / "validation").mkdir(exist_ok=True)
    with replacing(run / "validation" / f"epoch{epoch:04d}.png") as file:
        PillowImage.fromarray(examples).save(file, format="PNG")


def _row(lr: np.ndarray, predicted: np.ndarray, hr: np.ndarray) -> np.ndarray:
    """LR (mean frame, by nearest neighbours), prediction and HR, all (Y, X, C), side by side as 8-bit greys of 0..1."""
    s, side = len(hr) // len(lr), min(len(hr), EXAMPLE_PX)
    tiles = [lr.repeat(s, axis=0).repeat(s, axis=1), predicted, hr]
    return np.concatenate([np.uint8(255 * np.clip(tile[:side, :side].mean(axis=-1), 0, 1)) for tile in tiles], axis=1)
