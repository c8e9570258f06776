import threading

import numpy as np
import pytest

from dfcan_bmz.data.loading import AHEAD, loaded
from dfcan_bmz.data.patches import batch, grid_patches
from dfcan_bmz.data.planes import Plane
from dfcan_bmz.errors import DfcanError


class Counted:
    """A plane that counts how often it is cut, and may be damaged."""

    def __init__(self, damaged_from=None):
        self.pixels = np.arange(64 * 64, dtype=np.float32).reshape(64, 64)
        self.shape, self.cuts, self.damaged_from = self.pixels.shape, 0, damaged_from

    def __getitem__(self, key):
        self.cuts += 1
        if self.damaged_from is not None and self.cuts > self.damaged_from:
            raise DfcanError("damaged")
        return self.pixels[key]


def patches_of(lr):
    return grid_patches([Plane(lr, np.zeros((128, 128), np.float32))], 16)


def test_batches_come_in_order_and_complete():
    patches = patches_of(Counted())
    batches = list(loaded(patches, 5))
    assert [len(lr) for lr, _ in batches] == [5, 5, 5, 1]
    np.testing.assert_array_equal(np.concatenate([lr for lr, _ in batches]), batch(patches)[0])
    assert batches[0][1].shape == (5, 32, 32, 1)


def test_only_a_few_batches_are_cut_ahead():
    lr = Counted()
    with_gap = loaded(patches_of(lr), 1)
    next(with_gap)
    with_gap.close()
    assert lr.cuts <= 1 + AHEAD
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("patches")]


def test_damage_is_told_where_the_batch_is_wanted():
    lr = Counted(damaged_from=6)
    batches = loaded(patches_of(lr), 2)
    assert len(next(batches)[0]) == 2
    with pytest.raises(DfcanError, match="damaged"):
        list(batches)
