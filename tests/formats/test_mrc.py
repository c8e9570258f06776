import struct
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mrc_files import MODES, mrc_bytes

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.optics import stated_optics


def frames(dtype="uint16", shape=(3, 6, 8)):
    return np.random.default_rng(0).integers(0, 100, shape).astype(dtype)


@pytest.mark.parametrize("extra", [0, 2048])
@pytest.mark.parametrize("deltavision", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [dtype for dtype in MODES if dtype != "complex64"])
def test_every_image_mode_is_read_in_both_byte_orders(tmp_path, dtype, order, deltavision, extra):
    (tmp_path / "a.mrc").write_bytes(mrc_bytes(frames(dtype), order, 62.6, deltavision, extra))
    image = images.read(tmp_path / "a.mrc")
    np.testing.assert_array_equal(image.pixels, frames(dtype))
    assert image.pixels.dtype == np.dtype(dtype)
    assert image.pixel_size_nm == pytest.approx(62.6, rel=1e-5)


def test_a_file_written_by_mrcfile_is_read(tmp_path):
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(frames("float32"))
        file.voxel_size = 626.0  # angstrom
    image = images.read(tmp_path / "a.mrc")
    np.testing.assert_array_equal(image.pixels, frames("float32"))
    assert image.pixel_size_nm == pytest.approx(62.6, rel=1e-5)
    assert image.axes == "ZYX"


def test_a_single_frame_is_an_image(tmp_path):
    (tmp_path / "a.mrc").write_bytes(mrc_bytes(frames(shape=(1, 6, 8))))
    image = images.read(tmp_path / "a.mrc")
    assert (image.axes, image.pixels.shape) == ("YX", (6, 8))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (mrc_bytes(frames())[:-5], r"truncated \(it holds 2 of 3 frames\)"),
        (mrc_bytes(frames())[:1024], "holds 0 of 3"),
        (mrc_bytes(frames())[:1000], "shorter than the header"),
        (b"", r"cannot be read \(it is empty\): give TIFF"),
        (mrc_bytes(frames("complex64")), "Fourier data"),
        (mrc_bytes(frames(shape=(1, 1, 1))), "header without an image"),
        (bytes(1024), "a file of zeros"),
        (b"P" * 3000, "it is text"),
        (b"\x80" * 3000, "not an MRC file"),
    ],
)
def test_what_is_no_image_is_refused_with_the_reason(tmp_path, content, named):
    (tmp_path / "a.mrc").write_bytes(content)
    with pytest.raises(DfcanError, match=named):
        images.read(tmp_path / "a.mrc")


@given(st.integers(0, 255), st.binary(min_size=1, max_size=40), st.integers(0, 2000))
def test_a_damaged_file_is_read_or_refused_in_one_line(tmp_path_factory, position, garbage, length):
    content = bytearray(mrc_bytes(frames()))
    content[position : position + len(garbage)] = garbage
    path = Path(tmp_path_factory.mktemp("mrc")) / "a.mrc"
    path.write_bytes(content[:length])
    try:
        image, refusal = images.read(path), ""
    except DfcanError as error:
        image, refusal = None, str(error)
    assert "\n" not in refusal
    assert image is None or np.isfinite(image.pixels).all()


def patched(content, **fields):
    """An MRC file of which some fields of the header are others: name, offset and type as in `FIELDS`."""
    content = bytearray(content)
    for name, value in fields.items():
        offset, dtype = FIELDS[name]
        data = np.asarray(value, dtype).tobytes()
        content[offset : offset + len(data)] = data
    return bytes(content)


FIELDS = {
    "mode": (12, "<i4"),
    "map": (64, "<i4"),
    "extremes": (76, "<f4"),
    "imod": (152, "<i4"),
    "times": (180, "<i2"),
    "order": (182, "<i2"),
    "waves": (196, "<i2"),
    "origin": (196, "<f4"),
}
IMOD = 1146047817  # "IMOD"


@pytest.mark.parametrize(
    ("fields", "signed", "told"),
    [
        ({"imod": (IMOD, 1)}, True, False),
        ({"imod": (IMOD, 0)}, False, False),
        ({"imod": (IMOD, 1), "extremes": (0, 255)}, True, False),
        ({"extremes": (0, 255)}, False, False),
        ({"extremes": (-100, 90)}, True, False),
        ({"extremes": (0, 0)}, True, True),
        ({"extremes": (0, -1)}, True, True),
        ({"extremes": (np.nan, np.nan)}, True, True),
    ],
)
def test_bytes_have_a_sign_by_stamp_by_extremes_or_by_the_standard(tmp_path, fields, signed, told):
    stored = np.random.default_rng(0).integers(-128, 128, (2, 6, 8)).astype(np.int8)
    (tmp_path / "a.mrc").write_bytes(patched(mrc_bytes(stored, deltavision=False), **fields))
    image = images.read(tmp_path / "a.mrc")
    np.testing.assert_array_equal(image.pixels, stored if signed else stored.view(np.uint8))
    assert bool(image.notes) == told


@pytest.mark.parametrize("order", [(1, 2, 3), (2, 1, 3), (3, 2, 1), (1, 3, 2), (2, 3, 1), (3, 1, 2)])
def test_axes_are_put_in_order(tmp_path, order):
    volume = np.random.default_rng(0).integers(0, 999, (4, 6, 8)).astype(np.uint16)  # Z, Y, X
    places = [3 - axis for axis in order[::-1]]  # of sections, rows and columns among Z, Y and X
    content = mrc_bytes(volume.transpose(places).copy(), deltavision=False)
    (tmp_path / "a.mrc").write_bytes(patched(content, map=order))
    image = images.open_lazily(tmp_path / "a.mrc")
    np.testing.assert_array_equal(images.read(tmp_path / "a.mrc").pixels, volume)
    np.testing.assert_array_equal(image.pixels[2, 1:5, 3:7], volume[2, 1:5, 3:7])


@pytest.mark.parametrize("columns", [8, 9])
def test_pixels_of_four_bits_are_unpacked(tmp_path, columns):
    pixels = np.random.default_rng(0).integers(0, 16, (2, 6, columns)).astype(np.uint8)
    padded = np.pad(pixels, ((0, 0), (0, 0), (0, columns % 2)))
    stored = padded[..., ::2] | padded[..., 1::2] << 4
    content = bytearray(mrc_bytes(stored.view(np.int8), deltavision=False))
    (tmp_path / "a.mrc").write_bytes(patched(patched(content, mode=101), imod=(IMOD, 0)))
    content = bytearray((tmp_path / "a.mrc").read_bytes())
    content[:4] = np.int32(columns).tobytes()
    (tmp_path / "a.mrc").write_bytes(content)
    image = images.open_lazily(tmp_path / "a.mrc")
    np.testing.assert_array_equal(image.pixels[1, 2:5, 3:6], pixels[1, 2:5, 3:6])
    np.testing.assert_array_equal(images.read(tmp_path / "a.mrc").pixels, pixels)
    (tmp_path / "b.mrc").write_bytes(patched(mrc_bytes(stored.view(np.int8), deltavision=False), imod=(IMOD, 16)))
    np.testing.assert_array_equal(images.read(tmp_path / "b.mrc").pixels[..., :columns], pixels)


def test_plane_distance_and_origin_are_told(tmp_path):
    content = mrc_bytes(frames(), deltavision=False, pixel_nm=1.5, z_nm=4.0)
    (tmp_path / "a.mrc").write_bytes(patched(content, origin=(100.0, 200.0, 40.0)))
    found = images.read(tmp_path / "a.mrc").calibration
    assert (found.x_nm, found.y_nm, found.z_nm) == tuple(pytest.approx(size) for size in (1.5, 1.5, 4.0))
    assert (found.origin_x_nm, found.origin_y_nm) == (pytest.approx(9.25), pytest.approx(19.25))
    assert found.origin_z_nm == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("order", "axes", "sizes"), [(0, "CTZYX", (2, 3, 4)), (1, "TZCYX", (3, 4, 2)), (2, "TCZYX", (3, 2, 4))]
)
def test_wavelengths_and_times_of_deltavision_are_axes(tmp_path, order, axes, sizes):
    stack = frames(shape=(24, 6, 8))
    (tmp_path / "a.dv").write_bytes(patched(mrc_bytes(stack), times=3, order=order, waves=2))
    image = images.open_planes(tmp_path / "a.dv")
    np.testing.assert_array_equal(np.asarray(image.pixels), stack)
    assert (image.axes, image.leading) == (axes, sizes)
    (tmp_path / "b.dv").write_bytes(patched(mrc_bytes(stack), times=24, order=order, waves=1))
    assert images.open_lazily(tmp_path / "b.dv").axes == "TYX"
    (tmp_path / "c.dv").write_bytes(patched(mrc_bytes(stack), times=5, order=order, waves=1))
    assert images.open_lazily(tmp_path / "c.dv").axes == "ZYX"


@pytest.mark.parametrize("name", ["a.mrc", "a.dv", "a"])
def test_the_wavelength_of_deltavision_is_told_under_any_name(tmp_path, name):
    content = bytearray(mrc_bytes(np.ones((1, 8, 9), np.uint16)))
    content[196:200] = struct.pack("<2h", 1, 525)
    (tmp_path / name).write_bytes(content)
    assert stated_optics(tmp_path / name).emission_nm == 525
