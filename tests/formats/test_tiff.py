"""What a TIFF file holds: each page in its own type, its numbers as intensities, its metadata as far as they go."""

import json
import struct

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiff_files import rational, short, text, write_tiff

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError

TYPES = ("uint8", "uint16", "uint32", "int8", "int16", "int32", "float16", "float32", "float64")
LAYOUTS = (
    {},
    {"rowsperstrip": 7},
    {"tile": (16, 32)},
    {"compression": "zlib"},
    {"compression": "lzw", "rowsperstrip": 5},
)
PALETTES = {
    "grey": np.arange(256).repeat(3).reshape(256, 3).T,
    "falling grey": np.arange(256)[::-1].repeat(3).reshape(256, 3).T,
    "gamma": np.round(255 * (np.arange(256) / 255) ** 0.5).astype(int).repeat(3).reshape(256, 3).T,
    "green": np.array([0 * np.arange(256), np.arange(256), 0 * np.arange(256)]),
    "falling red": np.array([np.arange(256)[::-1], 0 * np.arange(256), 0 * np.arange(256)]),
    "glasbey": np.random.default_rng(0).integers(0, 256, (3, 256)),
}


def stack_of(dtype, shape=(2, 20, 35)):
    low, high = (-100, 100) if np.dtype(dtype).kind in "if" else (0, 200)
    return np.random.default_rng(0).integers(low, high, shape).astype(dtype)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    dtype=st.sampled_from(TYPES),
    order=st.sampled_from("<>"),
    white=st.booleans(),
    layout=st.sampled_from(LAYOUTS),
    predictor=st.booleans(),
    big=st.booleans(),
)
def test_a_page_holds_the_numbers_that_were_put_in(tmp_path, dtype, order, white, layout, predictor, big):
    stack = stack_of(dtype)
    predictor = predictor and "compression" in layout
    kind = {"byteorder": order, "bigtiff": big, "photometric": "miniswhite" if white else "minisblack", **layout}
    tifffile.imwrite(tmp_path / "a.tif", stack, **kind, predictor=predictor, metadata=None)
    found = images.read(tmp_path / "a.tif").pixels
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else -1 if np.dtype(dtype).kind == "i" else 0
    expected = (
        stack if not white else -stack if np.dtype(dtype).kind == "f" else (top - stack.astype(np.int64)).astype(dtype)
    )
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.dtype(dtype)
    assert found.dtype.isnative


@pytest.mark.parametrize("bits", [4, 12])
@pytest.mark.parametrize("white", [False, True])
def test_numbers_of_few_bits_are_white_at_their_own_top(tmp_path, bits, white):
    stack = np.random.default_rng(0).integers(0, 2**bits, (20, 36)).astype(np.uint8 if bits == 4 else np.uint16)
    write_tiff(tmp_path / "a.tif", stack, [short(262, 0 if white else 1)], bits=bits)
    found = images.read(tmp_path / "a.tif").pixels
    np.testing.assert_array_equal(found, 2**bits - 1 - stack if white else stack)
    assert found.dtype == stack.dtype


@pytest.mark.parametrize("name", PALETTES)
def test_a_grey_or_monotonic_palette_is_grey_and_any_other_is_colour(tmp_path, name):
    stored = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)
    palette = PALETTES[name]
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="palette", colormap=(palette * 257).astype(np.uint16))
    if name == "glasbey":
        with pytest.raises(DfcanError, match="colour image"):
            images.read(tmp_path / "a.tif")
        return
    brightest = palette.max(axis=0)
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").pixels, brightest[stored])


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_opaque_alpha_channel_is_dropped_and_a_transparent_one_refused(tmp_path, dtype, layout):
    grey = stack_of(dtype)[0]
    both = np.stack([grey, np.full_like(grey, np.iinfo(dtype).max)], axis=-1)
    kind = {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": ["unassalpha"], **layout}
    tifffile.imwrite(tmp_path / "a.tif", both, **kind)
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").pixels, grey)
    np.testing.assert_array_equal(images.open_lazily(tmp_path / "a.tif").pixels[3:18, 9:30], grey[3:18, 9:30])
    both[3, 4, 1] = 7
    tifffile.imwrite(tmp_path / "b.tif", both, **kind)
    with pytest.raises(DfcanError, match="colour"):
        images.read(tmp_path / "b.tif")


@pytest.mark.parametrize(
    ("shape", "layout", "advice"),
    [
        ((20, 35, 3), {"photometric": "rgb"}, "colour image: convert"),
        ((20, 35, 2), {"photometric": "minisblack", "planarconfig": "contig"}, "several channels: split"),
        ((5, 20, 35), {"photometric": "minisblack", "planarconfig": "separate"}, "several channels: split"),
        ((3, 20, 35), {"photometric": "rgb", "planarconfig": "separate"}, "save the stack anew"),
        ((16, 32, 32), {"tile": (16, 16, 16), "volumetric": True}, "a whole volume in a page: save"),
    ],
)
def test_the_advice_is_for_what_several_numbers_a_pixel_are(tmp_path, shape, layout, advice):
    tifffile.imwrite(tmp_path / "a.tif", stack_of("uint8", shape), **layout)
    with pytest.raises(DfcanError, match=advice):
        images.read(tmp_path / "a.tif")


def test_pages_of_several_types_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for dtype in ("uint8", "uint16", "uint8"):
            file.write(stack_of(dtype)[0], contiguous=False)
    with pytest.raises(DfcanError, match=r"pages of several types \(uint8, uint16\)"):
        images.read(tmp_path / "a.tif")
    with tifffile.TiffWriter(tmp_path / "b.tif") as file:
        for side in (20, 30):
            file.write(np.ones((side, 20), np.uint8), contiguous=False)
    with pytest.raises(DfcanError, match=r"pages of several sizes \(20 x 20, 30 x 20\)"):
        images.read(tmp_path / "b.tif")


def test_pages_of_one_type_may_be_kept_in_several_ways(tmp_path):
    stack = stack_of("uint16", (4, 20, 35))
    ways = ({}, {"compression": "zlib"}, {"photometric": "miniswhite"}, {"rowsperstrip": 3})
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for plane, way in zip(stack, ways, strict=True):
            stored = 65535 - plane if "photometric" in way else plane
            file.write(stored, contiguous=False, **{"photometric": "minisblack"} | way)
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").pixels, stack)


def test_a_thumbnail_is_no_plane(tmp_path):
    stack = stack_of("uint16")
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for plane in stack:
            file.write(plane, contiguous=False)
            file.write(plane[::4, ::4], contiguous=False, subfiletype=1)
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").pixels, stack)


IMAGEJ = {  # cf, c0, c1 ... of the description, and the intensity of a stored number
    "signed": ({"cf": 0, "c0": -32768.0, "c1": 1.0}, lambda stored: stored.astype(int) - 32768),
    "falling": ({"cf": 0, "c0": 255.0, "c1": -1.0}, lambda stored: 255.0 - stored),
    "without its function": ({"c0": 10.0, "c1": 0.5}, lambda stored: 10 + 0.5 * stored),
    "square": ({"cf": 1, "c0": 1.0, "c1": 0.0, "c2": 2.0}, lambda stored: 1 + 2.0 * stored.astype(float) ** 2),
    "none": ({"cf": 20, "c0": 255.0, "c1": -1.0}, lambda stored: stored),
    "identity": ({"cf": 0, "c0": 0.0, "c1": 1.0}, lambda stored: stored),
}


@pytest.mark.parametrize("kind", IMAGEJ)
def test_the_value_calibration_of_imagej_gives_intensities(tmp_path, kind):
    fields, expected = IMAGEJ[kind]
    stored = np.random.default_rng(0).integers(0, 65535, (2, 20, 30)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", stored, imagej=True, metadata={"axes": "ZYX", **fields})
    image = images.read(tmp_path / "a.tif")
    np.testing.assert_allclose(image.pixels, expected(stored), rtol=1e-6)
    assert image.notes == ()


def test_the_value_calibration_of_imagej_is_for_the_indices_of_a_lookup_table(tmp_path):
    stack = stack_of("uint8", (1, 20, 35))
    green = np.outer([0, 1, 0], np.arange(256) * 257).astype(np.uint16)
    told = text(270, "ImageJ=1.54f\ncf=0\nc0=10\nc1=2\n")
    write_tiff(tmp_path / "a.tif", stack, [short(262, 3), short(320, *green.ravel())], first_tags=[told])
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").pixels, 10 + 2.0 * stack[0])


def test_a_predictor_means_nothing_to_numbers_that_are_not_compressed(tmp_path):
    stack = stack_of("uint8", (2, 20, 35))
    write_tiff(tmp_path / "a.tif", stack, [short(317, 2)])
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").pixels, stack)


def test_a_value_calibration_that_is_not_known_costs_a_note(tmp_path):
    stored = stack_of("uint16")
    metadata = {"axes": "ZYX", "cf": 7, "c0": 1.0, "c1": 2.0, "c2": 3.0, "c3": 4.0}
    tifffile.imwrite(tmp_path / "a.tif", stored, imagej=True, metadata=metadata)
    image = images.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, stored)
    assert "function 7" in image.notes[0]


def test_an_optical_density_that_needs_no_coefficients_costs_a_note_too(tmp_path):
    stored = stack_of("uint8")[0]
    write_tiff(tmp_path / "a.tif", stored, first_tags=[text(270, "ImageJ=1.54f\ncf=21\nvunit=U. OD\n")])
    image = images.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, stored)
    assert "function 21" in image.notes[0]


RESOLUTIONS = {  # type, number of values, bytes
    "none over none": (5, 1, struct.pack("<II", 0, 0)),
    "one over none": (5, 1, struct.pack("<II", 1, 0)),
    "none over one": (5, 1, struct.pack("<II", 0, 1)),
    "two of them": (5, 2, struct.pack("<IIII", 72, 1, 72, 1)),
    "infinite": (12, 1, struct.pack("<d", np.inf)),
    "nan": (12, 1, struct.pack("<d", np.nan)),
    "negative": (10, 1, struct.pack("<ii", -5, 1)),
    "text": (2, 6, b"about\0"),
}


@pytest.mark.parametrize("name", RESOLUTIONS)
def test_an_odd_resolution_costs_the_pixel_size_and_a_note(tmp_path, name):
    stored = stack_of("uint16")[0]
    kind, count, value = RESOLUTIONS[name]
    write_tiff(tmp_path / "a.tif", stored, [(282, kind, count, value), rational(283, 50000, 1), short(296, 3)])
    image = images.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, stored)
    assert image.calibration == images.UNKNOWN
    assert image.notes == ("its tags of resolution hold no positive numbers: the pixel size is unknown",)


OME = (
    '<?xml version="1.0" encoding="{encoding}"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
    '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="35" SizeY="20" SizeZ="{z}" '
    'SizeC="1" SizeT="1" PhysicalSizeX="0.05" PhysicalSizeXUnit="µm" PhysicalSizeY="0.05" PhysicalSizeYUnit="µm" '
    'PhysicalSizeZ="0.2"><TiffData/></Pixels></Image></OME>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16", "utf-16-be"])
def test_a_description_in_any_encoding_is_read(tmp_path, encoding):
    content = OME.format(encoding=encoding.removesuffix("-be"), z=2).encode(encoding)
    write_tiff(tmp_path / "a.ome.tif", stack_of("uint16"), first_tags=[text(270, content)])
    image = images.read(tmp_path / "a.ome.tif")
    assert (image.axes, image.notes) == ("ZYX", ())
    assert image.calibration == images.Calibration(50, 50, 200)


@pytest.mark.parametrize(
    ("told", "note"),
    [
        (OME.format(encoding="utf-8", z=2)[:300], "its OME-XML cannot be read"),
        (OME.format(encoding="utf-8", z=5), "lists 5 pages, of which the file holds 2"),
        (OME.format(encoding="utf-8", z=1), "does not list all of its pages"),
        ("ImageJ=1.54f\nimages=7\nslices=7\nunit=pixel\n", "lists 7 planes, and the file holds 2"),
        ("ImageJ=1.54f\nimages=2\nslices=2\nunit=furlong\n", "its unit of length, 'furlong', is not known"),
    ],
)
def test_metadata_that_contradict_the_pages_cost_a_note(tmp_path, told, note):
    stack = stack_of("uint16")
    tifffile.imwrite(tmp_path / "a.tif", stack, description=told.encode(), metadata=None, resolution=(10, 10))
    image = images.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, stack)
    assert note in image.notes[0]


def test_garbage_in_the_description_costs_nothing(tmp_path):
    for index, garbage in enumerate(
        (b"\xff\xfe\xfa", b"{", json.dumps({"shape": [9, 9]}).encode(), b"<OME", b"ImageJ=\n=\n")
    ):
        stack = stack_of("uint16")
        tifffile.imwrite(tmp_path / f"{index}.tif", stack, description=garbage, metadata=None)
        np.testing.assert_array_equal(images.read(tmp_path / f"{index}.tif").pixels, stack)


def test_a_large_stack_of_imagej_has_one_page_with_all_planes_behind_it(tmp_path):
    stack = stack_of("uint16", (5, 20, 35))
    description = b"ImageJ=1.54f\nimages=5\nframes=5\nfinterval=0.5\n"
    tifffile.imwrite(tmp_path / "a.tif", stack[0], description=description, metadata=None, byteorder=">")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        offset = file.pages[0].dataoffsets[0]
    content = (tmp_path / "a.tif").read_bytes()[: offset + stack[0].nbytes]
    (tmp_path / "a.tif").write_bytes(content + stack[1:].astype(">u2").tobytes())
    image = images.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, stack)
    assert (image.axes, image.calibration.t_s) == ("TYX", 0.5)


@pytest.mark.parametrize(("order", "axes"), [("", "TZC"), ("order=zct\n", "TCZ"), ("order=odd\n", "TZC")])
def test_planes_of_a_hyperstack_are_in_the_order_that_imagej_tells(tmp_path, order, axes):
    stack, told = stack_of("uint16", (24, 20, 35)), f"ImageJ=1.54f\nimages=24\nchannels=2\nslices=3\nframes=4\n{order}"
    write_tiff(tmp_path / "a.tif", stack, first_tags=[text(270, told)])
    image = images.open_planes(tmp_path / "a.tif")
    np.testing.assert_array_equal(np.asarray(image.pixels), stack)
    assert (image.axes, image.leading) == (f"{axes}YX", tuple({"T": 4, "Z": 3, "C": 2}[axis] for axis in axes))


@pytest.mark.parametrize("description", [b"ImageJ=1.54f\nimages=5\nframes=5\n", b'{"shape": [5, 20, 35]}'])
def test_a_large_stack_of_one_page_that_is_cut_is_refused(tmp_path, description):
    stack = stack_of("uint16", (5, 20, 35))
    write_tiff(tmp_path / "a.tif", stack[0], first_tags=[text(270, description)])
    with (tmp_path / "a.tif").open("ab") as file:
        file.write(stack[1:].tobytes()[:-1])
    with pytest.raises(DfcanError, match=r"a\.tif is truncated"):
        images.read(tmp_path / "a.tif")


def test_planes_along_axes_without_names_are_a_stack(tmp_path):
    stack = stack_of("uint16", (6, 20, 35))
    tifffile.imwrite(tmp_path / "a.tif", stack.reshape(2, 3, 20, 35), photometric="minisblack")
    image = images.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, stack)
    assert image.axes == "ZYX"


@pytest.mark.parametrize("missing", [262, 279, 339, 277, 259, 278])
def test_a_tag_that_is_missing_costs_no_pixels(tmp_path, missing):
    stack = stack_of("uint16", (2, 20, 35))
    write_tiff(tmp_path / "a.tif", stack, without=missing)
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").pixels, stack)


def test_pages_that_are_all_called_reduced_are_all_read(tmp_path):
    stack = stack_of("uint16")
    write_tiff(tmp_path / "a.tif", stack, [short(254, 1)])
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").pixels, stack)


def test_whole_numbers_of_24_bits_are_refused(tmp_path):
    write_tiff(tmp_path / "a.tif", stack_of("uint8", (1, 20, 35)), bits=24)
    with pytest.raises(DfcanError, match="24 bits"):
        images.read(tmp_path / "a.tif")


def test_many_pages_are_opened_by_their_tables_alone(tmp_path, monkeypatch):
    stack = stack_of("uint16", (200, 8, 9))
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for plane in stack:
            file.write(plane, contiguous=False, metadata=None)
    parsed = []
    original = tifffile.TiffPage.__init__
    monkeypatch.setattr(tifffile.TiffPage, "__init__", lambda *args, **kw: parsed.append(1) or original(*args, **kw))
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").pixels, stack)
    assert len(parsed) < 10


def test_each_page_may_have_its_strips_in_an_order_of_its_own(tmp_path):
    stack, path = stack_of("uint16", (3, 20, 35)), tmp_path / "a.tif"
    tifffile.imwrite(path, stack, rowsperstrip=5, photometric="minisblack", metadata=None)
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        tag, (first, second, *_) = file.pages[1].tags["StripOffsets"], file.pages[1].dataoffsets
    size = second - first
    content[first : first + size], content[second : second + size] = (
        content[second : second + size],
        content[first : first + size],
    )
    struct.pack_into("<II", content, tag.valueoffset, second, first)
    path.write_bytes(content)
    np.testing.assert_array_equal(images.read(path).pixels, stack)


def test_a_file_cut_between_two_pages_is_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for plane in stack_of("uint16", (4, 20, 35)):
            file.write(plane, contiguous=False, metadata=None)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        cut = file.pages[2].offset
    (tmp_path / "a.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:cut])
    with pytest.raises(DfcanError, match=r"a\.tif is truncated"):
        images.read(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("size", "unit"), [("0", "um"), ("abc", "um"), ("INF", "um"), ("-1", "um"), ("0.1", "furlong")]
)
def test_sizes_of_ome_that_are_none_cost_the_pixel_size_and_a_note(tmp_path, size, unit):
    told = OME.format(encoding="utf-8", z=2).replace(
        'X="0.05" PhysicalSizeXUnit="µm"', f'X="{size}" PhysicalSizeXUnit="{unit}"'
    )
    write_tiff(tmp_path / "a.ome.tif", stack_of("uint16"), first_tags=[text(270, told)])
    image = images.read(tmp_path / "a.ome.tif")
    assert (image.axes, image.calibration) == ("ZYX", images.Calibration(z_nm=200))
    assert "no positive length" in image.notes[0]


@pytest.mark.parametrize("code", [270, 305, 306, 51123])
@pytest.mark.parametrize("count", [20, 2**31])
def test_a_tag_whose_value_lies_beyond_the_file_costs_no_pixels(tmp_path, code, count):
    stack, told = stack_of("uint16"), [text(one, b"nineteen characters") for one in (270, 305, 306, 51123)]
    path = write_tiff(tmp_path / "a.tif", stack, first_tags=told)
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        place = file.pages[0].tags[code].offset
    content[place + 4 : place + 12] = struct.pack("<II", count, 10**8)
    path.write_bytes(content)
    np.testing.assert_array_equal(images.read(path).pixels, stack)
