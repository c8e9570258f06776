import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz import flaws, images
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images import Image


def stack(tmp_path, pixels):
    tifffile.imwrite(tmp_path / "stack.tif", pixels, photometric="minisblack")
    return images.open_lazily(tmp_path / "stack.tif")


def noise(*shape, dtype=np.float32):
    return np.random.default_rng(0).uniform(0, 100, shape).astype(dtype)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0, r"is constant \(0\)"),
        (np.nan, "holds NaN"),
        (np.inf, "holds NaN"),
        (3e38, ".*times as far off"),
        (-3e38, ".*times as far off"),
    ],
)
@pytest.mark.parametrize("lazy", [True, False])
def test_a_bad_plane_is_named_by_the_number_that_fiji_shows(tmp_path, value, reason, lazy):
    pixels = noise(3, 64, 64)
    pixels[1, 5:, 5:] = value
    pixels[1] = 0 if value == 0 else pixels[1]
    if abs(value) == 3e38:
        pixels[1] = noise(64, 64)
        pixels[1, 3, 3] = value
    image = stack(tmp_path, pixels) if lazy else Image("stack.tif", pixels, "ZYX", None)
    scalings = flaws.scalings_of(image)
    assert [bool(scaling.flaw) for scaling in scalings] == [False, True, False]
    flaws.refuse_flawed("stack.tif", scalings)
    (line,) = flaws.told("stack.tif", scalings, "written blank")
    assert line.startswith("stack.tif: plane 2 is written blank, as it ")
    with pytest.raises(DfcanError, match=f"^stack.tif {reason}"):
        flaws.refuse_flawed("stack.tif", scalings[1:2])
    with pytest.raises(DfcanError, match=r"^plane 1 of stack\.tif .*none of its 2 planes can be used"):
        flaws.refuse_flawed("stack.tif", scalings[1:2] * 2)


def test_a_damaged_plane_is_no_bad_plane(tmp_path):
    tifffile.imwrite(tmp_path / "cut.tif", noise(3, 20, 20), photometric="minisblack", compression="zlib")
    content = bytearray((tmp_path / "cut.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "cut.tif") as file:
        start = file.pages[1].dataoffsets[0]
    content[start : start + 50] = bytes(50)
    (tmp_path / "cut.tif").write_bytes(content)
    with pytest.raises(DfcanError, match="cannot be read"):
        flaws.scalings_of(images.open_lazily(tmp_path / "cut.tif"))


def test_units_that_normalisation_would_squash_are_refused():
    nm = Image("nm.tif", noise(32, 32), "YX", None)
    m = Image("m.tif", noise(32, 32) * np.float32(1e-9), "YX", None)
    flaws.refuse_flawed("nm.tif", flaws.scalings_of(nm))
    with pytest.raises(DfcanError, match=r"m.tif spans 1e-07 only, .*multiply the image, e.g. give nm instead of m"):
        flaws.refuse_flawed("m.tif", flaws.scalings_of(m))


@given(st.sets(st.integers(0, 30), min_size=1).map(sorted))
def test_numbers_of_planes_are_told_in_runs_that_can_be_read_back(indices):
    found = []
    for run in flaws.numbers(indices).split(", "):
        first, _, last = run.partition("-")
        found += range(int(first), int(last or first) + 1)
    assert found == [index + 1 for index in indices]


def test_many_reasons_are_told_in_few_lines():
    image = Image("a.tif", np.stack([np.full((4, 4), value) for value in range(20)]), "ZYX", None)
    lines = flaws.told("a.tif", flaws.scalings_of(image), "left out")
    assert len(lines) == 4
    assert lines[-1] == "a.tif: planes 4-20 are left out, as each is no better"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_ordinary_intensities_are_kept_by_float32(dtype):
    flaws.refuse_lost("a.tif", np.dtype(dtype), flaws.scalings_of(Image("a.tif", noise(20, 20, dtype=dtype), "YX", 1)))


@pytest.mark.parametrize(("offset", "factor"), [(3e9, 1), (0, 1e300)])
def test_intensities_beyond_float32_cannot_be_kept(offset, factor):
    pixels = (noise(20, 20, dtype=np.float64) + offset) * factor
    with pytest.raises(DfcanError, match="which float32 cannot represent"):
        flaws.refuse_lost("a.tif", pixels.dtype, flaws.scalings_of(Image("a.tif", pixels, "YX", None)))


def test_the_first_plane_that_shows_something_is_found(tmp_path):
    pixels = noise(4, 20, 20)
    pixels[0], pixels[1, 3, 3] = 0, np.nan
    np.testing.assert_array_equal(flaws.first_sound(stack(tmp_path, pixels)), pixels[2])
    with pytest.raises(DfcanError, match=r"plane 1 of .* is constant \(0\)"):
        flaws.first_sound(stack(tmp_path, pixels[:2]))
