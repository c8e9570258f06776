"""Image files of every kind that is read, each holding the same stack (or its first plane)."""

from pathlib import Path

import numpy as np
import tifffile
import zarr
from mrc_files import mrc_bytes
from PIL import Image as PillowImage

from dfcan_bmz import images


def write_ome_zarr(path, stack, version=2):
    shape = (1, 1, *stack.shape)
    axes = [{"name": name, "type": kind} for name, kind in (("t", "time"), ("c", "channel"))]
    axes += [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    scale = [{"type": "scale", "scale": [1, 1, 0.2, 0.0626, 0.0626]}]
    multiscales = [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}]
    group = zarr.open_group(path, mode="w", zarr_format=version)
    array = group.create_array("0", shape=shape, dtype=stack.dtype, chunks=(1, 1, 1, 16, 16))
    array[:] = stack.reshape(shape)
    attributes = {"version": "0.4" if version == 2 else "0.5", "multiscales": multiscales}
    group.attrs.update(attributes if version == 2 else {"ome": attributes})


def _pages(path, stack):
    with tifffile.TiffWriter(path) as file:
        for plane in stack:
            file.write(plane, contiguous=False)


CM = {"resolution": (1e7 / 62.6, 1e7 / 62.6), "resolutionunit": "CENTIMETER", "photometric": "minisblack"}
OME = {"axes": "ZYX", "PhysicalSizeX": 62.6, "PhysicalSizeXUnit": "nm", "PhysicalSizeZ": 0.2}

# name of the file and how it is written
WRITERS = {
    "imagej": (
        "a.tif",
        lambda path, stack: images.write(path, images.writable(stack), "ZYX", images.Calibration.square(62.6, 200.0)),
    ),
    "ome": ("a.ome.tif", lambda path, stack: tifffile.imwrite(path, stack, ome=True, metadata=OME)),
    "ome tiled": (
        "a.ome.tif",
        lambda path, stack: tifffile.imwrite(
            path, stack, ome=True, metadata=OME, tile=(16, 32), compression="zlib", predictor=True
        ),
    ),
    "bigtiff": ("a.tif", lambda path, stack: tifffile.imwrite(path, stack, bigtiff=True, metadata=None, **CM)),
    "big-endian": ("a.tif", lambda path, stack: tifffile.imwrite(path, stack, byteorder=">", **CM)),
    "strips": ("a.tif", lambda path, stack: tifffile.imwrite(path, stack, rowsperstrip=7, compression="lzw", **CM)),
    "pages": ("a.tif", _pages),
    "zarr 2": ("a.ome.zarr", lambda path, stack: write_ome_zarr(path, stack, 2)),
    "zarr 3": ("a.ome.zarr", lambda path, stack: write_ome_zarr(path, stack, 3)),
    "mrc": ("a.mrc", lambda path, stack: path.write_bytes(mrc_bytes(stack))),
    "mrc big-endian": ("a.mrc", lambda path, stack: path.write_bytes(mrc_bytes(stack, ">", deltavision=False))),
    "png": ("a.png", lambda path, stack: PillowImage.fromarray(stack[0]).save(path, dpi=(0.0254 / 62.6e-9,) * 2)),
}
TYPES = {"mrc": ("uint16", "float32"), "mrc big-endian": ("uint16", "float32"), "png": ("uint8", "uint16")}
ALL_TYPES = ("uint8", "uint16", "uint32", "int16", "float32", "float64")
SINGLE = ("png",)
NO_PIXEL_SIZE = ("pages",)


def make(kind: str, folder: Path, dtype: str = "uint16", shape=(3, 40, 50)) -> tuple[Path, np.ndarray]:
    """Write a file of this kind; its path, and what it holds: (Z, Y, X), or (Y, X) for a single image."""
    stack = np.random.default_rng(0).integers(0, 250, shape).astype(dtype)
    if np.dtype(dtype).itemsize > 2:
        stack = stack * np.dtype(dtype).type(1.5) + np.dtype(dtype).type(2**25)
        stack = stack.astype(dtype)
    name, write = WRITERS[kind]
    write(folder / name, stack)
    return folder / name, stack[0] if kind in SINGLE else stack
