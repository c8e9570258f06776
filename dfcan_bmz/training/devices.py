"""How a training shares the processors and accelerators of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from dfcan_bmz.engines.devices import devices
from dfcan_bmz.errors import DfcanError


@contextmanager
def on_devices(count: int) -> Iterator[None]:
    """Share every batch between `count` devices while the block runs; what is built inside has its copies on all.

    Raises
    ------
    DfcanError
        If the backend cannot, or there are not as many.
    """
    if count == 1:
        yield
        return
    if keras.backend.backend() != "jax":
        raise DfcanError(f"train.devices={count} needs Keras on JAX: set the environment variable KERAS_BACKEND=jax")
    found = devices()
    if len(found) < count:
        raise DfcanError(f"train.devices={count}, and there are {len(found)} ({', '.join(found)}): ask for fewer")
    with keras.distribution.DataParallel(devices=found[:count]).scope():
        yield


def prepare_torch() -> None:
    """Keep PyTorch off its single-threaded convolution, which cannot train on weights in Keras' order.

    Numbers below the smallest normal ones become 0, as TensorFlow has it: the tails of GELU make many of the gradients
    so small, and processors are slow at them. It holds for threads that begin later.
    """
    if keras.backend.backend() == "torch":
        import torch

        torch.set_flush_denormal(True)
        torch.set_num_threads(max(2, torch.get_num_threads()))
