"""One calibration from every reader to every writer."""

from dataclasses import fields, replace

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiff_files import rational, short, text, write_tiff

from dfcan_bmz import images
from dfcan_bmz.images import Calibration

WRITTEN = {"imagej": ("a.tif", np.uint16), "ome": ("a.tif", np.float64), "zarr": ("a.ome.zarr", np.uint16)}
sizes = st.floats(0.05, 1e6)
places = st.floats(-1e7, 1e7)
origins = st.one_of(st.just((None, None, None)), st.tuples(places, places, places))


def about(calibration):
    """The numbers of a calibration, to the precision of TIFF's fractions and text."""
    numbers = {one.name: getattr(calibration, one.name) for one in fields(calibration) if one.name != "unit"}
    side = max(filter(None, (calibration.x_nm, calibration.y_nm, calibration.z_nm)), default=1.0)
    return {
        name: value if value is None else pytest.approx(value, rel=1e-6, abs=1e-5 * side)
        for name, value in numbers.items()
    }


def numbers_of(calibration):
    return {one.name: getattr(calibration, one.name) for one in fields(calibration) if one.name != "unit"}


@pytest.mark.parametrize("kind", WRITTEN)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    axes=st.sampled_from(["YX", "ZYX", "TYX", "TZYX"]),
    known=st.builds(Calibration, sizes, sizes, sizes, st.floats(1e-3, 1e4), unit=st.sampled_from(["um", "nm", "mm"])),
    origin=origins,
)
def test_what_is_written_is_read(tmp_path, kind, axes, known, origin):
    name, dtype = WRITTEN[kind]
    shape = (*(2 for _ in axes[:-2]), 8, 9)
    known = replace(known, **dict(zip(("origin_x_nm", "origin_y_nm", "origin_z_nm"), origin, strict=True)))
    images.create(tmp_path / name, shape, np.dtype(dtype), axes, known, "", 8)
    found = images.open_planes(tmp_path / name).calibration
    assert numbers_of(found) == about(known.of_axes(axes))


@pytest.mark.parametrize("kind", WRITTEN)
def test_nothing_known_is_nothing_written(tmp_path, kind):
    name, dtype = WRITTEN[kind]
    images.create(tmp_path / name, (2, 8, 9), np.dtype(dtype), "TYX", images.UNKNOWN, "", 8)
    assert numbers_of(images.open_planes(tmp_path / name).calibration) == numbers_of(images.UNKNOWN)


def test_a_finer_sampling_of_a_field_leaves_its_edges_where_they_are(tmp_path):
    known = Calibration(100, 200, 300, 2.5, 1000, -500, 40)
    finer = known.finer(2)
    assert (finer.x_nm, finer.y_nm, finer.z_nm, finer.t_s) == (50, 100, 300, 2.5)
    assert finer.finer(0.5) == known
    for name in ("lr.ome.zarr", "hr.ome.zarr"):
        images.create(tmp_path / name, (3, 8, 9), np.dtype(np.uint16), "ZYX", known if name[0] == "l" else finer, "", 8)
    lr, hr = (
        zarr.open(tmp_path / name).attrs["multiscales"][0]["datasets"][0] for name in ("lr.ome.zarr", "hr.ome.zarr")
    )
    (_, lr), (_, hr) = (one["coordinateTransformations"] for one in (lr, hr))
    assert lr["translation"] == [40, -400, 1050]  # centres of the first pixels
    assert hr["translation"] == [40, -450, 1025]
    images.write(tmp_path / "hr.tif", np.zeros((3, 8, 9), np.uint16), "ZYX", finer)
    with tifffile.TiffFile(tmp_path / "hr.tif") as file:
        assert (file.imagej_metadata["xorigin"], file.imagej_metadata["yorigin"]) == (-20, 5)


def test_a_crop_moves_the_origin():
    assert Calibration(100, 200, origin_x_nm=0, origin_y_nm=0).cropped(3, 2).origin_x_nm == 300
    assert Calibration(100, 200, origin_x_nm=0, origin_y_nm=0).cropped(3, 2).origin_y_nm == 400
    assert Calibration(100, 200).cropped(3, 2) == Calibration(100, 200)


UNITS = {
    "nm": 1, "µm": 1e3, "um": 1e3, "\\u00B5m": 1e3, "micron": 1e3, "microns": 1e3, "Micrometer": 1e3, "mm": 1e6,
    "cm": 1e7, "inch": 2.54e7, "Å": 0.1, "\\u00C5": 0.1,
}  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_every_spelling_of_a_unit_is_understood(tmp_path, unit, encoding):
    told = f"ImageJ=1.54f\nimages=3\nslices=3\nunit={unit}\nspacing=4\n".encode(encoding)
    resolution = [rational(282, 1, 2), rational(283, 1, 3), short(296, 1)]
    write_tiff(tmp_path / "a.tif", np.zeros((3, 8, 9), np.uint16), resolution, first_tags=[text(270, told)])
    found = images.open_lazily(tmp_path / "a.tif").calibration
    assert (found.x_nm, found.y_nm, found.z_nm) == tuple(pytest.approx(UNITS[unit] * size) for size in (2, 3, 4))


def test_a_negative_distance_of_planes_is_a_distance_as_in_imagej(tmp_path):
    told = "ImageJ=1.54f\nimages=3\nslices=3\nunit=um\nspacing=-0.25\n"
    write_tiff(tmp_path / "a.tif", np.zeros((3, 8, 9), np.uint16), first_tags=[text(270, told)])
    assert images.open_lazily(tmp_path / "a.tif").calibration.z_nm == 250


def test_each_axis_of_imagej_may_have_a_unit_of_its_own(tmp_path):
    told = "ImageJ=1.54f\nimages=3\nslices=3\nunit=nm\nyunit=um\nzunit=mm\nspacing=4\n"
    resolution = [rational(282, 1, 2), rational(283, 1, 3), short(296, 1)]
    write_tiff(tmp_path / "a.tif", np.zeros((3, 8, 9), np.uint16), resolution, first_tags=[text(270, told)])
    found = images.open_lazily(tmp_path / "a.tif").calibration
    assert (found.x_nm, found.y_nm, found.z_nm) == (2, 3e3, 4e6)


@pytest.mark.parametrize(("unit", "tunit", "seconds"), [("um", "ms", 0.0025), ("um", "min", 150), ("um", None, 2.5)])
def test_frames_have_a_unit_of_time(tmp_path, unit, tunit, seconds):
    told = f"ImageJ=1.54f\nimages=3\nframes=3\nunit={unit}\nfinterval=2.5\n" + (f"tunit={tunit}\n" if tunit else "")
    write_tiff(tmp_path / "a.tif", np.zeros((3, 8, 9), np.uint16), first_tags=[text(270, told)])
    assert images.open_lazily(tmp_path / "a.tif").calibration.t_s == pytest.approx(seconds)
