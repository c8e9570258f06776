"""What a training will cost, said before it starts."""

import math

import keras

from dfcan_bmz.commands.log_lines import duration
from dfcan_bmz.config import Config
from dfcan_bmz.engines.devices import accelerators
from dfcan_bmz.training.estimate import estimate, memory_bytes

GB = 1e9


def announce(model: keras.Model, config: Config, images: int, validation_patches: int, epochs: int) -> None:
    """Print time and memory on this machine's processor, and a warning where its memory will not do.

    Parameters
    ----------
    model : keras.Model
        To be trained.
    config : Config
        The whole configuration.
    images : int
        Training images.
    validation_patches : int
        Patches that every epoch is judged on; without the backward pass they cost a third.
    epochs : int
        That are still to be trained.
    """
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    if found := accelerators():
        print(f"{parameters:,} parameters, on {', '.join(found[: config.train.devices])}")
        return
    cost, train = estimate(model, config), config.train
    batches = (images * config.data.patches_per_image + validation_patches / 3) / train.batch_size
    seconds = epochs * batches * cost.seconds_step
    limit = f", ended after {train.minutes:g} min" if 0 < 60 * train.minutes < seconds else ""
    print(
        f"{parameters:,} parameters; about {duration(seconds)} for {epochs} epoch{'s' * (epochs != 1)} "
        f"on this processor{limit}, and {cost.bytes / GB:.1f} GB of memory",
        flush=True,
    )
    if cost.bytes > memory_bytes():
        print(
            f"warning: this machine has {memory_bytes() / GB:.1f} GB of memory, and the training will probably be "
            "killed: choose a smaller train.batch_size (with train.accumulate) or data.patch_size",
            flush=True,
        )
