import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz.tiling import automatic_halo, starts

geometries = st.tuples(st.integers(1, 400), st.integers(1, 40), st.integers(0, 20)).map(
    lambda g: (g[0], 2 * (g[1] + g[2]), g[2])
)


@given(geometries)
def test_kept_parts_cover_each_pixel_once(geometry):
    length, tile, halo = geometry
    count = np.zeros(length, int)
    found = starts(length, tile, halo)
    for start, stop in zip(found, [*found[1:], length], strict=True):
        count[start:stop] += 1
        assert start < stop <= start + tile - 2 * halo
    assert (count == 1).all()


@given(geometries)
def test_no_tile_reads_further_beyond_the_image_than_its_halo(geometry):
    length, tile, halo = geometry
    for start in starts(length, tile, halo):
        assert start >= 0
        assert start - halo + tile <= max(length, tile - 2 * halo) + halo


def test_a_halo_that_leaves_nothing_is_refused():
    with pytest.raises(ValueError, match="halo of 16"):
        starts(100, 32, 16)


@given(st.sampled_from([16, 64, 128, 130]), st.integers(3, 60), st.sampled_from([2, 3, 4]))
def test_automatic_halo_is_whole_and_even_on_both_sides(tile, reach, scale):
    halo = automatic_halo(tile, reach, scale)
    assert halo % 2 == 0
    assert halo // scale % 2 == 0
    assert halo % scale == 0
    assert 0 < 2 * halo < tile * scale
