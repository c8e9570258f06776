"""A file of a series of files holds its own planes: those of Bio-Formats, Micro-Manager and Bruker's Prairie View."""

import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from tiff_files import LONG, UNDEFINED, rational, short, text, write_tiff

from dfcan_bmz import images
from dfcan_bmz.formats import ome_xml

NAMESPACE = 'xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"'
SIZES = 'PhysicalSizeX="0.1" PhysicalSizeY="0.2" PhysicalSizeZ="0.5" TimeIncrement="2"'


def uuid_of(number):
    return f"urn:uuid:0000000{number}-0000-4000-8000-000000000000"


def tiff_data(number, name, **places):
    told = " ".join(f'{key}="{value}"' for key, value in places.items())
    return f'<TiffData {told}><UUID FileName="{name}">{uuid_of(number)}</UUID></TiffData>'


def ome(number, images_xml):
    own = f' UUID="{uuid_of(number)}"' if number is not None else ""
    return f"<OME {NAMESPACE}{own}>{images_xml}</OME>"


def pixels_xml(data, z=1, c=1, t=1, index=0, order="XYCZT"):
    sizes = f'SizeX="30" SizeY="20" SizeZ="{z}" SizeC="{c}" SizeT="{t}"'
    kind = f'DimensionOrder="{order}" Type="uint16" {sizes} {SIZES}'
    return f'<Image ID="Image:{index}"><Pixels ID="Pixels:{index}" {kind}>{data}</Pixels></Image>'


def stack_of(count, seed=0):
    return np.random.default_rng(seed).integers(0, 9999, (count, 20, 30)).astype(np.uint16)


def write_series(folder, names, stack):
    """One file a frame, of which each describes the whole series."""
    for number, (name, plane) in enumerate(zip(names, stack, strict=True)):
        data = "".join(tiff_data(index, one, FirstT=index, IFD=0, PlaneCount=1) for index, one in enumerate(names))
        xml = ome(number, pixels_xml(data, t=len(names)))
        write_tiff(folder / name, plane, first_tags=[text(270, xml)])


def test_a_file_of_a_series_is_its_own_planes_also_under_another_name(tmp_path):
    stack = stack_of(3)
    names = [f"f_T{index}.ome.tif" for index in range(3)]
    write_series(tmp_path, names, stack)
    (tmp_path / names[1]).rename(tmp_path / "renamed.tif")
    for name, plane in zip((names[0], "renamed.tif", names[2]), stack, strict=True):
        image = images.read(tmp_path / name)
        np.testing.assert_array_equal(image.pixels, plane)
        assert (image.axes, image.notes) == ("YX", ())
        assert image.calibration == images.Calibration(100, 200)


def test_a_file_of_several_planes_of_a_series_is_a_stack_of_them(tmp_path):
    stack = stack_of(4)
    data = "".join(tiff_data(z // 2, f"{z // 2}.ome.tif", FirstZ=z, IFD=z % 2, PlaneCount=1) for z in range(4))
    write_tiff(tmp_path / "1.ome.tif", stack[2:], first_tags=[text(270, ome(1, pixels_xml(data, z=4)))])
    image = images.read(tmp_path / "1.ome.tif")
    np.testing.assert_array_equal(image.pixels, stack[2:])
    assert (image.axes, image.calibration.z_nm, image.notes) == ("ZYX", 500, ())


def test_several_images_of_a_file_are_one_stack_of_planes_at_no_distance(tmp_path):
    stack = stack_of(4)
    both = "".join(pixels_xml(f'<TiffData IFD="{2 * k}" PlaneCount="2"/>', z=2, index=k) for k in range(2))
    write_tiff(tmp_path / "a.ome.tif", stack, first_tags=[text(270, ome(None, both))])
    image = images.read(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(image.pixels, stack)
    assert (image.axes, image.calibration.x_nm, image.calibration.z_nm) == ("ZYX", 100, None)
    assert "2 images" in image.notes[0]


def test_each_plane_may_have_an_entry_of_its_own_among_many(tmp_path, monkeypatch):
    """Bio-Formats and Micro-Manager list every plane: what all share is looked up once, not once a plane."""
    stack, looked_up = np.repeat(stack_of(2), 50, axis=0), []
    original = ome_xml._axes
    monkeypatch.setattr(ome_xml, "_axes", lambda pixels: looked_up.append(1) or original(pixels))
    data = "".join(tiff_data(1, "a.ome.tif", FirstT=t, IFD=t, PlaneCount=1) for t in range(100))
    write_tiff(tmp_path / "a.ome.tif", stack, first_tags=[text(270, ome(1, pixels_xml(data, t=100)))])
    np.testing.assert_array_equal(images.read(tmp_path / "a.ome.tif").pixels, stack)
    assert len(looked_up) < 10


def test_planes_are_put_in_the_order_that_is_told(tmp_path):
    stack = stack_of(6)
    order = [5, 0, 3, 1, 4, 2]  # the page of each plane
    places = [(t, z) for t in range(2) for z in range(3)]
    data = "".join(
        f'<TiffData FirstT="{t}" FirstZ="{z}" IFD="{page}"/>' for (t, z), page in zip(places, order, strict=True)
    )
    write_tiff(tmp_path / "a.ome.tif", stack, first_tags=[text(270, ome(None, pixels_xml(data, z=3, t=2)))])
    image = images.open_planes(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(np.asarray(image.pixels), stack[order])
    assert (image.axes, image.leading) == ("TZYX", (2, 3))


@pytest.mark.parametrize("companion", ["there", "away", "elsewhere"])
def test_metadata_in_a_companion_are_read_or_missed_but_never_cost_the_pixels(tmp_path, companion):
    stack = stack_of(3)
    told = "a.companion.ome" if companion != "elsewhere" else "../a.companion.ome"
    (tmp_path / "set").mkdir()
    xml = f'<OME {NAMESPACE} UUID="{uuid_of(1)}"><BinaryOnly MetadataFile="{told}" UUID="{uuid_of(9)}"/></OME>'
    write_tiff(tmp_path / "set/b.ome.tif", stack, first_tags=[text(270, xml)])
    data = tiff_data(0, "other.ome.tif", FirstT=0, IFD=0, PlaneCount=3)
    data += tiff_data(1, "b.ome.tif", FirstT=1, IFD=0, PlaneCount=3)
    place = tmp_path / "set/a.companion.ome" if companion == "there" else tmp_path / "a.companion.ome"
    place.write_text(ome(9, pixels_xml(data, z=3, t=2)), encoding="utf-8")
    image = images.read(tmp_path / "set/b.ome.tif")
    np.testing.assert_array_equal(image.pixels, stack)
    if companion == "there":
        assert (image.calibration, image.notes) == (images.Calibration(100, 200, 500), ())
    else:
        assert image.calibration == images.UNKNOWN
        assert "is not beside it" in image.notes[0]


def test_a_file_of_prairie_view_finds_its_metadata_in_the_first_file(tmp_path):
    stack = stack_of(2)
    names = [f"TSeries_Cycle0000{index}_Ch1_000001.ome.tif" for index in (1, 2)]
    data = "".join(tiff_data(index, name, FirstT=index, IFD=0, PlaneCount=1) for index, name in enumerate(names))
    pointer = f'<OME {NAMESPACE} UUID="{uuid_of(1)}"><BinaryOnly MetadataFile="{names[0]}" UUID="{uuid_of(0)}"/></OME>'
    for name, plane, xml in zip(names, stack, (ome(0, pixels_xml(data, t=2)), pointer), strict=True):
        write_tiff(tmp_path / name, plane, first_tags=[text(270, xml)])
    for name, plane in zip(names, stack, strict=True):
        image = images.read(tmp_path / name)
        np.testing.assert_array_equal(image.pixels, plane)
        assert (image.calibration, image.notes) == (images.Calibration(100, 200), ())
    (tmp_path / names[0]).unlink()
    image = images.read(tmp_path / names[1])
    np.testing.assert_array_equal(image.pixels, stack[1])
    assert names[0] in image.notes[0]


def write_micro_manager(path, number, name, positions, stack, display=0):
    """A stack of Micro-Manager: an index map and other pointers behind the header, OME-XML of all positions."""
    summary = b'{"Slices": 3, "Frames": 1}'
    header = struct.pack("<4I", 54773648, 4_000_000, 483765892, display or 4_000_100)
    header += struct.pack("<4I", 99384722, 4_000_200, 2355492, len(summary)) + summary
    header += b"\0" * (len(header) % 2)
    parts = []
    for index, other in enumerate(positions):
        data = "".join(tiff_data(index, other, FirstZ=z, IFD=z, PlaneCount=1) for z in range(3))
        parts.append(pixels_xml(data, z=3, index=index))
    imagej = "ImageJ=1.52\nimages=3\nslices=3\nunit=um\nspacing=0.5\n"
    tags = [text(270, ome(number, "".join(parts))), text(270, imagej), text(51123, '{"PixelSizeUm": 0.1}')]
    write_tiff(path / name, stack, header=header, first_tags=tags)


@pytest.mark.parametrize("name", ["cell_MMStack_Pos1.ome.tif", "cell7.tif"])
def test_one_position_of_several_of_micro_manager_is_read_under_any_name(tmp_path, name):
    positions = [f"cell_MMStack_Pos{index}.ome.tif" for index in range(3)]
    stack = stack_of(3)
    write_micro_manager(tmp_path, 1, name, positions, stack)
    image = images.read(tmp_path / name)
    np.testing.assert_array_equal(image.pixels, stack)
    assert (image.axes, image.notes) == ("ZYX", ())
    assert image.calibration == images.Calibration(100, 200, 500)


@pytest.mark.parametrize(
    ("imagej", "distances"),
    [("", {}), ("slices=2\nspacing=0.5\n", {"z_nm": 500}), ("frames=2\nfinterval=3\n", {"t_s": 3})],
)
def test_the_resolution_of_micro_manager_without_ome_is_that_of_its_own_tag(tmp_path, imagej, distances):
    stack = stack_of(2)
    tags = [text(51123, '{"PixelSizeUm": 0.065}'), rational(282, 0, 0), rational(283, 0, 0), short(296, 3)]
    tags += [text(270, f"ImageJ=1.52\nunit=um\nimages=2\n{imagej}")] if imagej else []
    write_tiff(tmp_path / "a.tif", stack, first_tags=tags)
    image = images.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, stack)
    assert (image.calibration, image.notes) == (images.Calibration(65, 65, **distances), ())


def test_frames_are_timed_by_their_planes_where_no_interval_is_told(tmp_path):
    stack = stack_of(3)
    planes = "".join(f'<Plane TheT="{t}" TheZ="0" TheC="0" DeltaT="{250 * t}" DeltaTUnit="ms"/>' for t in range(3))
    xml = ome(None, pixels_xml(f"<TiffData/>{planes}", t=3)).replace(' TimeIncrement="2"', "")
    write_tiff(tmp_path / "a.ome.tif", stack, first_tags=[text(270, xml)])
    image = images.read(tmp_path / "a.ome.tif")
    assert (image.axes, image.calibration.t_s) == ("TYX", 0.25)


@pytest.mark.parametrize(("compression", "pack"), [(1, bytes), (5, imagecodecs.lzw_encode)])
def test_an_lsm_file_is_its_planes_without_their_thumbnails(tmp_path, compression, pack):
    stack = stack_of(6)
    pages = np.repeat(stack, 2, axis=0)
    sizes = struct.pack("<9i", 30, 20, 3, 1, 2, 2, 8, 8, 0)[:32]
    info = struct.pack("<II", 67127628, 136) + sizes + struct.pack("<6d", 1e-7, 2e-7, 5e-7, 0, 0, 0)
    info += struct.pack("<2H5I", 6, 0, 0, 0, 0, 0, 0) + struct.pack("<d", 1.5) + bytes(32)
    tags = [(34412, UNDEFINED, len(info), info)]
    every = [(254, LONG, 1, struct.pack("<I", 0)), short(259, compression)]
    path = write_tiff(tmp_path / "a.lsm", pages, every, first_tags=tags, pack=pack)
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path, is_lsm=False) as file:
        places = [page.tags[254].offset for page in file.pages]
    for place in places[1::2]:
        content[place + 8] = 1  # a thumbnail, says the tag
    path.write_bytes(content)
    image = images.open_planes(path)
    np.testing.assert_array_equal(np.asarray(image.pixels), stack)
    assert (image.axes, image.leading) == ("TZYX", (2, 3))
    assert image.calibration == images.Calibration(*map(pytest.approx, (100, 200, 500, 1.5)))
