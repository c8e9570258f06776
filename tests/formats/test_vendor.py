import sys

import numpy as np
import pytest

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError


@pytest.fixture
def czi():
    """What writes CZI files; ND2 and LIF have no free writer."""
    pytest.importorskip("bioio_czi", reason="pip install 'dfcan-bmz[vendor]' to test CZI files")
    return pytest.importorskip("pylibCZIrw").czi


def write(czi, path, stack, channels=1):
    with czi.create_czi(str(path)) as file:
        for z, plane in enumerate(stack):
            for channel in range(channels):
                file.write(data=plane[..., None], plane={"Z": z, "C": channel, "T": 0})
        file.write_metadata(document_name="a", scale_x=62.6e-9, scale_y=62.6e-9, scale_z=200e-9)
    return path


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_a_czi_file_is_read_plane_by_plane(czi, tmp_path):
    stack = np.random.default_rng(0).integers(0, 9999, (3, 40, 50)).astype(np.uint16)
    image = images.open_lazily(write(czi, tmp_path / "a.czi", stack))
    np.testing.assert_array_equal(image.pixels[1, 3:20, 5:], stack[1, 3:20, 5:])
    np.testing.assert_array_equal(images.read(tmp_path / "a.czi").pixels, stack)
    assert (image.axes, image.pixels.dtype) == ("ZYX", np.uint16)
    assert (image.pixel_size_nm, image.calibration.z_nm) == (pytest.approx(62.6), pytest.approx(200))
    with pytest.raises(DfcanError, match=r"b\.czi has several channels"):
        images.read(write(czi, tmp_path / "b.czi", stack, channels=2))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("suffix", ["czi", "nd2", "lif"])
def test_a_damaged_file_is_refused_in_one_line(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(
        {"czi": b"ZISRAWFILE", "nd2": b"\xda\xce\xbe\x0a", "lif": b"\x70\0\0\0\0\0\0\0\x2a"}[suffix] + b"damaged" * 100
    )
    with pytest.raises(DfcanError, match=rf"a\.{suffix}") as refusal:
        images.read(path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["a.czi", "a.tif"])
@pytest.mark.parametrize("start", [b"ZISRAWFILE", b"\xda\xce\xbe\x0a", b"\x70\0\0\0\0\0\0\0\x2a"])
def test_without_its_reader_a_file_is_refused_with_two_ways_out(tmp_path, monkeypatch, name, start):
    monkeypatch.setitem(sys.modules, "bioio", None)
    (tmp_path / name).write_bytes(start + bytes(100))
    with pytest.raises(DfcanError, match=r"dfcan-bmz\[vendor\].*OME-TIFF"):
        images.read(tmp_path / name)
