"""A file is what its content is, whatever its name says."""

import gzip
import shutil

import image_files
import numpy as np
import pytest
import zarr
from mrc_files import mrc_bytes

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError

NAMED = {
    b"\x89HDF\r\n\x1a\n": "HDF5",
    b"\xff\xd8\xff\xe0": "JPEG",
    b"GIF89a": "GIF",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "Olympus OIB",
    bytes(128) + b"DICM": "DICOM",
    b"\0\0\0\x03\0\0\1\0": "DM3",
    b"\x5c\x01\0\0" + bytes(340) + b"n+1\0": "NIfTI",
    b"SIMPLE  =": "FITS",
    b"\x93NUMPY": "NumPy",
    b"PK\x03\x04": "a zip archive",
    b"<?xml version='1.0'?>": "XML",
    b"a note\n": "text",
    b"": "empty",
}


@pytest.mark.parametrize("content", NAMED)
@pytest.mark.parametrize("name", ["a.tif", "a.mrc", "a"])
def test_what_is_not_read_is_named_with_what_is(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content + bytes(2000) if content and content[-1:] != b"\n" else content)
    with pytest.raises(DfcanError) as refusal:
        images.read(path)
    assert NAMED[content] in str(refusal.value)
    assert "give TIFF, PNG, MRC or OME-Zarr" in str(refusal.value)


@pytest.mark.parametrize(
    "name", ["a.mrcs", "a.rec", "a.st", "a.ali", "a.map", "a.tif", "a.dat", "a.mrc.gz", "a.rec.gz"]
)
@pytest.mark.parametrize("deltavision", [False, True])
def test_an_mrc_file_is_one_under_any_name(tmp_path, name, deltavision):
    stack = np.random.default_rng(0).integers(0, 999, (3, 20, 30)).astype(np.uint16)
    content = mrc_bytes(stack, deltavision=deltavision)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    image = images.open_lazily(tmp_path / name)
    np.testing.assert_array_equal(image.pixels[1, 3:9, 4:], stack[1, 3:9, 4:])
    np.testing.assert_array_equal(images.read(tmp_path / name).pixels, stack)
    assert list(images.find(tmp_path)) == ["a"]


def test_a_packed_file_that_is_cut_is_refused(tmp_path):
    stack = np.random.default_rng(0).integers(0, 999, (3, 20, 30)).astype(np.uint16)
    content = gzip.compress(mrc_bytes(stack))
    for share in (0.1, 0.5, 0.99):
        (tmp_path / "a.mrc.gz").write_bytes(content[: int(share * len(content))])
        with pytest.raises(DfcanError, match=r"a\.mrc\.gz"):
            images.read(tmp_path / "a.mrc.gz")


@pytest.mark.parametrize("kind", ["imagej", "png", "zarr 2", "zarr 3"])
def test_any_image_is_one_under_any_name(tmp_path, kind):
    path, expected = image_files.make(kind, tmp_path)
    path.rename(tmp_path / "renamed.dat")
    np.testing.assert_array_equal(images.read(tmp_path / "renamed.dat").pixels, expected)
    assert not images.is_folder_of_images(tmp_path / "renamed.dat")
    assert list(images.find(tmp_path)) == ["renamed"]
    assert images.others(tmp_path) == []


def collection(path, names, attributes=None):
    """A group of OME-Zarr images, each with its own pixels."""
    zarr.open_group(path, mode="w", zarr_format=2).attrs.update(attributes or {})
    found = {}
    for index, name in enumerate(names):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        found[name] = np.full((1, 20, 30), index, np.uint16) + np.arange(30, dtype=np.uint16)
        image_files.write_ome_zarr(path / name, found[name])
    return found


def test_the_sole_series_of_bioformats2raw_opens_by_itself(tmp_path):
    found = collection(tmp_path / "a.zarr", ["0"], {"bioformats2raw.layout": 3})
    zarr.open_group(tmp_path / "a.zarr/OME", mode="w", zarr_format=2).attrs["series"] = ["0"]
    for name in ("a.zarr", "a.zarr/0", "a.zarr/0/0"):
        image = images.read(tmp_path / name)
        np.testing.assert_array_equal(image.pixels, found["0"][0])
        assert image.pixel_size_nm == pytest.approx(62.6)
    assert [images.stem_of(tmp_path / name) for name in ("a.zarr", "a.zarr/0")] == ["a", "a_0"]


def test_one_of_several_series_is_named(tmp_path):
    found = collection(tmp_path / "a.zarr", ["0", "1", "2", "3"], {"bioformats2raw.layout": 3})
    with pytest.raises(DfcanError, match=r"several images: give one of them \(.*a\.zarr/0, .*a\.zarr/1, .* \.\.\.\)"):
        images.read(tmp_path / "a.zarr")
    np.testing.assert_array_equal(images.read(tmp_path / "a.zarr/2").pixels, found["2"][0])
    assert not images.is_folder_of_images(tmp_path / "a.zarr/2")


def test_one_field_of_a_plate_is_named_and_a_sole_one_opens_by_itself(tmp_path):
    wells = {"plate": {"wells": [{"path": "A/1"}, {"path": "B/2"}]}}
    found = collection(tmp_path / "plate.zarr", ["A/1/0", "B/2/0"], wells)
    for well in ("A/1", "B/2"):
        group = zarr.open_group(tmp_path / "plate.zarr" / well, mode="a", zarr_format=2)
        group.attrs["well"] = {"images": [{"path": "0"}]}
    with pytest.raises(DfcanError, match=r"plate\.zarr/A/1/0, .*plate\.zarr/B/2/0"):
        images.read(tmp_path / "plate.zarr")
    for name in ("B/2", "B/2/0"):
        np.testing.assert_array_equal(images.read(tmp_path / "plate.zarr" / name).pixels, found["B/2/0"][0])
    shutil.rmtree(tmp_path / "plate.zarr/A")
    np.testing.assert_array_equal(images.read(tmp_path / "plate.zarr").pixels, found["B/2/0"][0])


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("dtype", [">u2", "<u2", "|u1", ">i2", ">f4", "<f8"])
def test_zarr_is_read_in_any_order_of_bytes(tmp_path, version, dtype):
    stack = np.random.default_rng(0).integers(0, 99, (2, 20, 30)).astype(dtype)
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=stack.shape, dtype=dtype, chunks=(1, 7, 30), zarr_format=version
    )
    array[:] = stack
    found = images.read(tmp_path / "a.zarr").pixels
    np.testing.assert_array_equal(found, stack)
    assert found.dtype == np.dtype(dtype).newbyteorder("=")


@pytest.mark.parametrize(("unit", "scale"), [(None, 0.1), ("furlong", 0.1), ("micrometer", -1.0)])
def test_a_scale_that_is_no_length_costs_the_pixel_size_and_a_note(tmp_path, unit, scale):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.create_array("0", shape=(8, 9), dtype="uint16")[...] = 1
    scales = [{"type": "scale", "scale": [scale, scale]}]
    axes = [{"name": name, "type": "space"} | ({"unit": unit} if unit else {}) for name in "yx"]
    level = {"path": "0", "coordinateTransformations": scales}
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [level]}]
    image = images.read(tmp_path / "a.zarr")
    assert image.calibration.x_nm is None
    assert "the pixel size is unknown" in image.notes[0]


@pytest.mark.parametrize("described", [None, [], "x", [{"datasets": []}], {"a": 1}])
def test_an_array_that_no_metadata_describe_is_read_with_a_note(tmp_path, described):
    pixels = np.arange(72, dtype=np.uint16).reshape(8, 9)
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    group.create_array("0", shape=(8, 9), dtype="uint16")[...] = pixels
    group.attrs.update({} if described is None else {"multiscales": described})
    image = images.read(tmp_path / "a.zarr")
    np.testing.assert_array_equal(image.pixels, pixels)
    assert "describe no image" in image.notes[0]
    group.create_array("1", shape=(4, 4), dtype="uint16")
    with pytest.raises(DfcanError, match=r"several images: give one of them \(.*a\.zarr/0, .*a\.zarr/1\)"):
        images.read(tmp_path / "a.zarr")


@pytest.mark.parametrize("version", [2, 3])
def test_an_image_whose_full_resolution_was_not_copied_is_refused(tmp_path, version):
    image_files.write_ome_zarr(tmp_path / "a.zarr", np.ones((2, 20, 30), np.uint16), version)
    shutil.rmtree(tmp_path / "a.zarr/0")
    with pytest.raises(DfcanError, match=r"a\.zarr lacks its full resolution, 0: copy it again"):
        images.open_lazily(tmp_path / "a.zarr")
