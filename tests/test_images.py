import contextlib
import os

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.formats.ome_zarr_output import create_ome_zarr


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(("axes", "shape"), [("YX", (5, 7)), ("ZYX", (3, 5, 7)), ("TYX", (3, 5, 7))])
def test_pixels_axes_and_pixel_size_make_the_round_trip(tmp_path, dtype, axes, shape):
    pixels = (np.random.default_rng(0).uniform(0, 200, shape)).astype(dtype)
    images.write(tmp_path / "image.tif", pixels, axes, calibration=images.Calibration.square(62.6))
    image = images.read(tmp_path / "image.tif")
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.pixels.dtype == dtype
    assert image.axes == axes
    assert image.pixel_size_nm == pytest.approx(62.6, rel=1e-5)


@pytest.mark.parametrize(
    ("dtype", "offset", "written"),
    [("int64", 0, "float32"), ("int64", 2**30, "float64"), ("uint64", 2**52, "float64"), ("uint32", 2**30, "uint32")],
)
def test_wide_whole_numbers_are_written_in_a_type_that_holds_them(tmp_path, dtype, offset, written):
    pixels = np.arange(35).reshape(5, 7).astype(dtype) + np.array(offset, dtype)
    images.write(tmp_path / "a.tif", images.writable(pixels))
    found = images.read(tmp_path / "a.tif").pixels
    assert found.dtype == written
    np.testing.assert_array_equal(found.astype(dtype), pixels)


@pytest.mark.parametrize(("dtype", "offset"), [("int64", -(2**62)), ("int64", 2**63 - 40), ("uint64", 2**64 - 40)])
def test_whole_numbers_that_no_type_holds_are_refused(tmp_path, dtype, offset):
    pixels = np.array(offset, dtype) + np.arange(35).reshape(5, 7).astype(dtype)
    with pytest.raises(DfcanError, match=r"a\.tif would hold whole numbers beyond 2\^53"):
        images.write(tmp_path / "a.tif", images.writable(pixels))


def test_imagej_finds_the_calibration(tmp_path):
    images.write(tmp_path / "image.tif", np.zeros((4, 4), np.uint16), calibration=images.Calibration.square(50))
    with tifffile.TiffFile(tmp_path / "image.tif") as file:
        assert file.imagej_metadata["unit"] == "um"
        assert file.pages[0].tags["XResolution"].value[0] / file.pages[0].tags["XResolution"].value[1] == 20


def test_a_z_step_alone_makes_no_pixel_size(tmp_path):
    images.write(tmp_path / "stack.tif", np.zeros((3, 4, 4), np.uint16), "ZYX", images.Calibration.square(None, 200.0))
    image = images.read(tmp_path / "stack.tif")
    assert image.pixel_size_nm is None
    assert image.calibration.z_nm == pytest.approx(200)


def test_a_png_of_too_many_pixels_is_told(tmp_path, monkeypatch):
    PillowImage.fromarray(np.zeros((40, 40), np.uint8)).save(tmp_path / "a.png")
    monkeypatch.setattr(PillowImage, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DfcanError, match="save it as TIFF"):
        images.open_lazily(tmp_path / "a.png")


def test_pixel_size_is_unknown_where_the_file_does_not_say(tmp_path):
    tifffile.imwrite(tmp_path / "image.tif", np.zeros((4, 4), np.uint8) + np.arange(4, dtype=np.uint8))
    assert images.read(tmp_path / "image.tif").pixel_size_nm is None


@pytest.mark.parametrize("shape", [(2, 0, 32), (32, 0)])
def test_an_image_without_pixels_is_refused(tmp_path, shape):
    path = tmp_path / "empty.ome.zarr"
    create_ome_zarr(path, shape, np.dtype(np.uint16), (16, 16), "ZYX"[-len(shape) :], images.UNKNOWN, "")
    with pytest.raises(DfcanError, match=r"empty\.ome\.zarr has no pixels"):
        images.open_lazily(path)


@pytest.mark.parametrize(
    "name", ["rgb.tif", "complex.tif", "boolean.tif", "nan.tif", "hyper.tif", "rgb.png", "text.tif"]
)
def test_what_is_no_grey_level_image_is_refused_by_name(tmp_path, name):
    path = tmp_path / name
    bad = {
        "rgb.tif": lambda: tifffile.imwrite(path, np.zeros((8, 8, 3), np.uint8), photometric="rgb"),
        "complex.tif": lambda: tifffile.imwrite(path, np.ones((8, 8), np.complex64)),
        "boolean.tif": lambda: tifffile.imwrite(path, np.ones((8, 8), bool)),
        "nan.tif": lambda: tifffile.imwrite(path, np.full((8, 8), np.nan, np.float32)),
        "hyper.tif": lambda: tifffile.imwrite(
            path, np.zeros((2, 3, 8, 8), np.uint8), imagej=True, metadata={"axes": "TZYX"}
        ),
        "rgb.png": lambda: PillowImage.new("RGB", (8, 8)).save(path),
        "text.tif": lambda: path.write_text("no image"),
    }
    bad[name]()
    with pytest.raises(DfcanError, match=name):
        images.read(path)


WRITERS = {
    "single": lambda path, stack: images.write(path, stack[0]),
    "imagej": lambda path, stack: images.write(path, stack, "ZYX"),
    "ome": lambda path, stack: tifffile.imwrite(path, stack, ome=True, metadata={"axes": "ZYX"}),
    "pages": lambda path, stack: PillowImage.fromarray(stack[0]).save(
        path, save_all=True, append_images=[PillowImage.fromarray(plane) for plane in stack[1:]]
    ),
    "compressed": lambda path, stack: tifffile.imwrite(path, stack, compression="zlib"),
}


@pytest.mark.parametrize("kind", WRITERS)
@settings(max_examples=40, deadline=None)
@given(share=st.floats(0.01, 0.99))
def test_a_truncated_tiff_is_refused_by_name_or_read_whole(tmp_path_factory, kind, share):
    path = tmp_path_factory.mktemp("cut") / "cut.tif"
    stack = np.random.default_rng(0).integers(0, 9999, (5, 32, 32)).astype(np.uint16)
    WRITERS[kind](path, stack)
    whole = images.read(path).pixels
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with contextlib.suppress(DfcanError):
        # what was cut off held no pixels
        np.testing.assert_array_equal(images.read(path).pixels, whole)


def test_frames_that_were_written_one_by_one_are_a_stack(tmp_path):
    stack = np.random.default_rng(0).integers(0, 9999, (4, 8, 9)).astype(np.uint16)
    with tifffile.TiffWriter(tmp_path / "frames.tif") as file:
        for plane in stack:
            file.write(plane)
    np.testing.assert_array_equal(images.read(tmp_path / "frames.tif").pixels, stack)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_is_read_in_its_own_depth(tmp_path, dtype):
    pixels = np.random.default_rng(0).integers(0, 250, (6, 7)).astype(dtype)
    PillowImage.fromarray(pixels).save(tmp_path / "a.png")
    found = images.read(tmp_path / "a.png").pixels
    np.testing.assert_array_equal(found, pixels)
    assert found.dtype == dtype


def test_folders_are_searched_by_stem_and_doubles_refused(tmp_path):
    for name in ("b.tif", "a.png", "notes.txt", ".hidden.tif"):
        (tmp_path / name).touch()
    assert list(images.find(tmp_path)) == ["a", "b"]
    (tmp_path / "a.tif").touch()
    with pytest.raises(DfcanError, match="share a name"):
        images.find(tmp_path)


@pytest.mark.parametrize("name", ["a.tif", "a.TIF", "a.ome.tif", "a.OME.TIF", "a.Ome.Tiff", "a.ome.zarr", "a.MRC.GZ"])
def test_an_ending_is_no_part_of_a_name_in_any_case(tmp_path, name):
    assert images.name_of(tmp_path / name) == "a"


def test_eight_bit_images_range_over_255_and_others_over_what_they_hold():
    assert images.intensity_range(np.array([[3, 9]], np.uint8)) == 255
    assert images.intensity_range(np.linspace(0, 10, 10001).astype(np.float32)) == pytest.approx(9.98)


def test_an_opaque_alpha_channel_is_dropped_and_a_transparent_one_refused(tmp_path):
    grey = np.random.default_rng(0).integers(0, 250, (6, 7)).astype(np.uint8)
    for name, alpha in (("opaque", 255), ("transparent", 100)):
        layers = [PillowImage.fromarray(layer) for layer in (grey, np.full_like(grey, alpha))]
        PillowImage.merge("LA", layers).save(tmp_path / f"{name}.png")
    np.testing.assert_array_equal(images.read(tmp_path / "opaque.png").pixels, grey)
    with pytest.raises(DfcanError, match="transparent"):
        images.read(tmp_path / "transparent.png")


def test_an_opaque_palette_is_read_and_a_transparent_one_refused(tmp_path):
    stored = np.random.default_rng(0).integers(0, 250, (6, 7)).astype(np.uint8)
    picture = PillowImage.fromarray(stored, "P")
    picture.putpalette(np.arange(256).repeat(3).astype(np.uint8).tobytes())
    picture.save(tmp_path / "a.png", transparency=b"\xff" * 256)
    np.testing.assert_array_equal(images.read(tmp_path / "a.png").pixels, stored)
    picture.save(tmp_path / "b.png", transparency=b"\xff" * 99 + b"\0")
    with pytest.raises(DfcanError, match="colour"):
        images.read(tmp_path / "b.png")


def test_files_of_other_formats_are_told_of_and_notes_are_not(tmp_path):
    for name in ("a.tif", "b.jpg", "c.lsm", "notes.txt", "README", ".hidden.jpg", "d.btf"):
        (tmp_path / name).touch()
    assert [path.name for path in images.others(tmp_path)] == ["b.jpg", "c.lsm"]
    assert list(images.find(tmp_path)) == ["a", "d"]


def test_a_folder_of_images_among_images_is_told_of(tmp_path):
    for name in ("a.tif", "day2/b.tif", "notes/c.txt", ".cache/d.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(images.find(tmp_path)) == ["a"]
    assert images.left_out(tmp_path) == [
        f"left out: {tmp_path / 'day2'} is a folder of images within a folder of images, which is not looked into"
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
def test_a_broken_link_is_named_and_a_pipe_is_not_waited_for(tmp_path):
    (tmp_path / "a.tif").symlink_to(".git/annex/objects/a.tif")
    (tmp_path / "b.link").symlink_to("b.jpg")
    os.mkfifo(tmp_path / "c.tif")
    assert list(images.find(tmp_path)) == ["a"]
    with pytest.raises(DfcanError, match=r"a\.tif is a link to \.git/annex/objects/a\.tif, which is not there"):
        images.open_lazily(tmp_path / "a.tif")
    assert len(images.left_out(tmp_path)) == 2
