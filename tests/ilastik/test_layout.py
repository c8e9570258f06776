"""ilastik's blocks on a prepared image are the tiles of `predict`."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from ilastik import program

from dfcan_bmz.ilastik.layout import layout
from dfcan_bmz.model import Model
from dfcan_bmz.prediction.tiles import predict_unit

SCALES = st.sampled_from([2, 3, 4])
LENGTHS = st.integers(1, 60)


@st.composite
def tilings(draw):
    """Tile and halo in LR pixels: any that a bundle may have, wide halos too."""
    tile = 2 * draw(st.integers(4, 12))
    return tile, draw(st.integers(1, tile // 2 - 1))


def enlarging(scale):
    """A network whose output depends on every pixel of its tile and on their places in it, as attention makes it."""

    def network(batch):
        _, height, width, _ = batch.shape
        gain = np.linspace(0.3, 0.6, scale * height)[:, None] * np.linspace(0.3, 0.6, scale * width)
        mean = np.square(batch.astype(float)).mean((1, 2), keepdims=True)
        return (batch.repeat(scale, 1).repeat(scale, 2) * gain[None, :, :, None] + 0.1 * mean).astype(np.float32)

    return network


def companion(network, scale):
    return lambda batch: network(batch[:, ::scale, ::scale])


@given(SCALES, tilings(), LENGTHS, LENGTHS, st.integers(0, 2**32 - 1))
def test_a_prepared_image_comes_back_as_predicted(scale, tiling, height, width, seed):
    tile, halo = tiling
    unit = np.random.default_rng(seed).uniform(size=(height, width)).astype(np.float32)
    expected = predict_unit(Model("TEST", enlarging(scale), scale, tile, halo, "input", None), unit)
    rows, columns = layout(height, tile, halo), layout(width, tile, halo)
    prepared = unit[np.ix_(rows.source, columns.source)].repeat(scale, 0).repeat(scale, 1)
    exported = program.predict(companion(enlarging(scale), scale), prepared, scale * tile, scale * halo)
    restored = exported.reshape(len(rows.source), scale, len(columns.source), scale)
    restored = restored[rows.place][:, :, columns.place].reshape(expected.shape)
    np.testing.assert_array_equal(restored, expected)


@given(tilings(), LENGTHS)
def test_the_image_lies_there_as_it_is_but_for_a_halo_at_its_end(tiling, length):
    axis = layout(length, *tiling)
    margin = axis.place[0] if length <= tiling[0] - 2 * tiling[1] else np.flatnonzero(axis.source == 0)[-1]
    whole = max(1, length - tiling[1])
    np.testing.assert_array_equal(axis.source[margin : margin + whole], np.arange(whole))


@given(tilings(), LENGTHS)
def test_it_is_whole_blocks_and_no_more_than_margin_and_gap_are_added(tiling, length):
    tile, halo = tiling
    kept = tile - 2 * halo
    blocks, rest = divmod(len(layout(length, tile, halo).source), kept)
    assert rest == 0
    assert blocks <= -(-length // kept) + -(-halo // kept) + -(-2 * halo // kept)
