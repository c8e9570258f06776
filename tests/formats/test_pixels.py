"""Every format under the same rules: what is sliced from the file is what NumPy slices from the whole."""

import tracemalloc

import image_files
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats import decoded

KINDS = [(kind, dtype) for kind in image_files.WRITERS for dtype in image_files.TYPES.get(kind, image_files.ALL_TYPES)]


@pytest.mark.parametrize(("kind", "dtype"), KINDS)
def test_every_kind_and_type_makes_the_round_trip_unchanged(tmp_path, kind, dtype):
    path, expected = image_files.make(kind, tmp_path, dtype)
    image = images.read(path)
    np.testing.assert_array_equal(image.pixels, expected)
    if kind != "imagej" or dtype in ("uint8", "uint16"):  # ImageJ has no type for the others: float32 where it is exact
        assert image.pixels.dtype == expected.dtype
    assert image.pixels.dtype.isnative
    assert image.axes == ("YX" if kind in image_files.SINGLE else "ZYX")
    assert image.pixel_size_nm == (
        None if kind in image_files.NO_PIXEL_SIZE else pytest.approx(62.6, rel=1e-3 if kind == "png" else 1e-5)
    )
    assert image.calibration.z_nm in (None, pytest.approx(200))
    assert (image.calibration.z_nm is not None) == kind.startswith(("imagej", "ome", "zarr", "mrc"))
    assert images.name_of(path) == "a"


def indices(size):
    return st.one_of(st.integers(-size, size - 1), st.slices(size))


@pytest.mark.parametrize("kind", image_files.WRITERS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.tuples(indices(3), indices(40), indices(50)), few=st.integers(0, 3), dots=st.booleans())
def test_any_slice_is_that_of_the_whole(tmp_path, kind, key, few, dots):
    path, expected = image_files.make(kind, tmp_path)
    pixels = images.open_lazily(path).pixels
    key = (key[-expected.ndim :][:few], (..., *key[len(key) - min(few, expected.ndim) :]))[dots]
    np.testing.assert_array_equal(pixels[key], expected[key])
    assert pixels[key].shape == expected[key].shape


@pytest.mark.parametrize("kind", image_files.WRITERS)
def test_planes_are_a_stack_whatever_the_image_is(tmp_path, kind):
    path, expected = image_files.make(kind, tmp_path)
    image = images.open_lazily(path)
    stack = expected.reshape(-1, *expected.shape[-2:])
    np.testing.assert_array_equal(np.asarray(image.planes), stack)
    np.testing.assert_array_equal(image.planes.plane(len(stack) - 1)[3:9, 4:5], stack[-1, 3:9, 4:5])
    with pytest.raises(IndexError):
        image.planes[len(stack)]


def test_a_region_of_a_large_file_costs_what_the_region_costs(tmp_path):
    kind = {"bigtiff": True, "photometric": "minisblack"}
    large = tifffile.memmap(tmp_path / "large.tif", shape=(3, 30000, 30000), dtype=np.uint16, **kind)
    large[2, 20000:20004, 10000:10008] = 7
    large.flush()
    tracemalloc.start()
    pixels = images.open_lazily(tmp_path / "large.tif").pixels
    region = pixels[2, 19990:20118, 9990:10118]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pixels.nbytes > 5e9
    assert region.sum() == 7 * 4 * 8
    assert peak < 5e6


def test_what_was_decoded_is_kept_within_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(decoded, "MOST_BYTES", 3000)
    monkeypatch.setattr(decoded, "_memory", decoded._Memory())
    calls = []
    for key in (0, 1, 0, 2, 1):
        decoded.remembered(key, lambda key=key: calls.append(key) or np.full(1000, key, np.uint8))
    assert calls == [0, 1, 2]
    decoded.remembered(3, lambda: np.zeros(2000, np.uint8))
    assert decoded._memory.nbytes <= 3000
    assert list(decoded._memory.pieces) == [1, 3]


def test_a_piece_that_is_larger_than_all_that_is_kept_is_decoded_once(monkeypatch):
    monkeypatch.setattr(decoded, "MOST_BYTES", 3000)
    monkeypatch.setattr(decoded, "_memory", decoded._Memory())
    calls = []
    for _ in range(3):
        decoded.remembered("large", lambda: calls.append(1) or np.zeros(4000, np.uint8))
    assert len(calls) == 1


def test_a_file_written_anew_is_decoded_anew(tmp_path):
    for value in (1, 2):
        tifffile.imwrite(tmp_path / "a.tif", np.full((20, 20), value, np.uint8), compression="zlib")
        assert images.open_lazily(tmp_path / "a.tif").pixels[3, 3] == value


def test_nan_is_refused_where_it_is_read(tmp_path):
    pixels = np.zeros((40, 40), np.float32)
    pixels[30, 30] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    lazy = images.open_lazily(tmp_path / "a.tif").pixels
    assert lazy[:20].sum() == 0
    with pytest.raises(DfcanError, match=r"a\.tif holds NaN"):
        lazy[20:]


@pytest.mark.parametrize("name", ["a.tif", "a.png"])
@pytest.mark.parametrize("per_inch", [72, 96, 300, 600])
def test_a_resolution_for_paper_is_no_pixel_size(tmp_path, name, per_inch):
    PillowImage.fromarray(np.eye(20, dtype=np.uint8)).save(tmp_path / name, dpi=(per_inch, per_inch))
    assert images.open_lazily(tmp_path / name).pixel_size_nm is None


def test_the_full_resolution_of_a_pyramid_is_read_and_one_axis_among_short_ones_is_the_stack(tmp_path):
    stack = np.random.default_rng(0).integers(0, 999, (3, 64, 80)).astype(np.uint16)
    kind = {"photometric": "minisblack", "tile": (16, 16)}
    with tifffile.TiffWriter(tmp_path / "a.ome.tif") as file:
        file.write(stack, subifds=1, metadata={"axes": "ZYX", "PhysicalSizeX": 0.05}, **kind)
        file.write(stack[:, ::2, ::2], subfiletype=1, **kind)
    image = images.read(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(image.pixels, stack)
    assert image.pixel_size_nm == pytest.approx(50)
    tifffile.imwrite(tmp_path / "b.tif", stack[:, None, None], imagej=True, metadata={"axes": "TZCYX"})
    image = images.read(tmp_path / "b.tif")
    np.testing.assert_array_equal(image.pixels, stack)
    assert image.axes == "TYX"
