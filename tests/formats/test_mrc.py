from pathlib import Path

import mrcfile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mrc_files import MODES, mrc_bytes

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError


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
        (b"\x80" * 3000, "no MRC file"),
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
