"""The history as TensorBoard reads it: ``tensorboard --logdir RUN/tensorboard``."""

from pathlib import Path

import numpy as np

from dfcan_bmz.run_folder import Row


def log_epoch(run: Path, row: Row, examples: np.ndarray) -> None:
    """Add an epoch's figures and its picture of the validation patches, (Y, X) uint8."""
    import tensorflow as tf  # under other backends, only a training that asks for the log waits for it

    with tf.summary.create_file_writer(str(run / "tensorboard")).as_default(step=int(row["epoch"])):
        for name, value in row.items():
            if name != "epoch":
                tf.summary.scalar(name, value)
        tf.summary.image("validation", examples[None, ..., None])
