"""Whatever is wrong with a file: it is read, or refused in one line that names it."""

import os
import shutil
import struct
import warnings

import image_files
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dfcan_bmz import images
from dfcan_bmz.errors import DfcanError

damages = st.lists(
    st.one_of(
        st.tuples(st.just("cut"), st.floats(0, 1), st.just(b"")),
        st.tuples(st.just("write"), st.floats(0, 1), st.binary(min_size=1, max_size=12)),
        st.tuples(st.just("header"), st.floats(0, 0.12), st.binary(min_size=1, max_size=4)),
    ),
    min_size=1,
    max_size=3,
)


def damage(path, changes):
    for what, place, garbage in changes:
        content = bytearray(path.read_bytes())
        position = int(place * len(content))
        if what == "cut":
            content = content[:position]
        else:
            content[position : position + len(garbage)] = garbage
        path.write_bytes(content)


def read_or_refuse(path):
    image, refusal = None, path.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a decoder may complain before it fails, or of what it can mend
        try:
            image = images.read(path)
        except DfcanError as error:
            refusal = str(error)
    assert path.name in refusal
    assert len(refusal.splitlines()) == 1
    if image is not None:
        assert np.isfinite(image.pixels).all()
        assert image.pixels.ndim == len(image.axes)
        assert image.pixel_size_nm is None or image.pixel_size_nm > 0
    return image


@pytest.mark.parametrize("kind", [kind for kind in image_files.WRITERS if not kind.startswith("zarr")])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=damages)
def test_a_damaged_file_is_read_or_refused_in_one_line(tmp_path, kind, changes):
    path, _ = image_files.make(kind, tmp_path)
    damage(path, changes)
    read_or_refuse(path)


@pytest.mark.parametrize("kind", ["zarr 2", "zarr 3"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=damages, data=st.data())
def test_a_damaged_zarr_is_read_or_refused_in_one_line(tmp_path, kind, changes, data):
    whole = tmp_path / "whole"
    if not whole.exists():
        whole.mkdir()
        image_files.make(kind, whole)
    path = tmp_path / "a.ome.zarr"
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(whole / "a.ome.zarr", path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    damage(data.draw(st.sampled_from(files)), changes)
    read_or_refuse(path)


@pytest.mark.parametrize("content", [b"", b"\0", b"II*\0", b"\x89PNG\r\n\x1a\n", b"\0" * 5000, b"<xml>" * 300])
@pytest.mark.parametrize("suffix", images.ENDINGS)
def test_what_is_no_image_at_all_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    assert read_or_refuse(path) is None


def test_a_header_that_promises_more_than_a_file_can_hold_is_refused(tmp_path):
    path, _ = image_files.make("strips", tmp_path)
    with tifffile.TiffFile(path, mode="r+") as file:
        for page in file.pages:
            page.tags["ImageWidth"].overwrite(2**16 - 1)
            page.tags["ImageLength"].overwrite(2**16 - 1)
    with pytest.raises(DfcanError, match=r"a\.tif has a damaged header"):
        images.open_lazily(path)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
def test_a_chain_of_pages_without_an_end_is_refused(tmp_path, order, big):
    """A ring behind a lead of 130 pages: tifffile looks for rings at page 100 only."""
    offset, count, header = ("Q", "Q", 16) if big else ("I", "H", 8)
    page = struct.calcsize(order + count + offset)
    mark = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}H", 43 if big else 42)
    content = mark + (struct.pack(f"{order}HHQ", 8, 0, header) if big else struct.pack(f"{order}I", header))
    for index in range(140):
        following = index + 1 if index < 139 else 131
        content += struct.pack(order + count + offset, 0, header + following * page)
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.raises(DfcanError, match=r"a\.tif has a damaged header \(its pages form a ring\)"):
        images.open_lazily(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
@pytest.mark.parametrize("suffix", images.ENDINGS)
def test_a_pipe_is_not_waited_for(tmp_path, suffix):
    os.mkfifo(tmp_path / f"a{suffix}")
    with pytest.raises(DfcanError, match="is a pipe or a device"):
        images.open_lazily(tmp_path / f"a{suffix}")
