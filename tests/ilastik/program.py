"""What ilastik 1.4.2 does with an image and a same-size bundle, written again from its source: read, block, export.

The blocking was compared with the real program, headless and in its window: companions of tile 128 and halo 16 gave
the same bits. Reading and export were compared with ilastik's operators of July 2026.
"""

import json

import h5py
import numpy as np
import tifffile


def open_image(path):
    """Pixels and axes of an image, as ilastik's readers find them."""
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            (name,) = file  # with several datasets it asks the user which
            dataset = file[name]
            return dataset[...], "".join(tag["key"] for tag in json.loads(dataset.attrs["axistags"])["axes"])
    with tifffile.TiffFile(path) as file:
        (series,) = file.series
        pages = [series.asarray(key=index) for index in range(len(series.pages))]
        assert all(page.shape == series.shape[-2:] for page in pages)
        return np.stack(pages).reshape(series.shape), series.axes.lower()


def predict(network, image, tile, halo):
    """Predict the planes of an image, block by block; tile and halo as the bundle describes them."""
    planes = image.reshape(-1, *image.shape[-2:])
    return np.stack([_predict_plane(network, plane, tile, halo) for plane in planes]).reshape(image.shape)


def _predict_plane(network, image, tile, halo):
    output = np.empty_like(image)
    for rows in _blocks(image.shape[0], tile - 2 * halo):
        for columns in _blocks(image.shape[1], tile - 2 * halo):
            (top, bottom), (left, right) = (_around(block, tile, halo) for block in (rows, columns))
            inside = image[max(0, top) : bottom, max(0, left) : right]
            missing = [(max(0, -top), max(0, bottom - len(image))), (max(0, -left), max(0, right - image.shape[1]))]
            padded = np.pad(inside, missing, mode="reflect")
            predicted = np.clip(network(padded[None, :, :, None])[0, :, :, 0], 0, 1)
            output[rows, columns] = predicted[
                rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
            ]
    return output


def _blocks(length, kept):
    return [slice(start, min(start + kept, length)) for start in range(0, length, kept)]


def _around(block, tile, halo):
    """First and last pixel that a block reads: its halo, and for a short one what is missing, half to each side."""
    start, stop = block.start - halo, block.stop + halo
    missing = tile - (stop - start)
    return start - (missing + 1) // 2, stop + missing // 2


def export_hdf5(path, predicted, axes, order=None):
    """Export with a channel axis at the end, or in an order that the user has chosen."""
    axes = f"{axes}c"
    order = order or axes
    predicted = predicted[..., None].transpose([axes.index(axis) for axis in order])
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("exported_data", data=predicted)
        tags = [{"key": axis, "typeFlags": 2, "resolution": 0, "description": ""} for axis in order]
        dataset.attrs["axistags"] = json.dumps({"axes": tags})
        dataset.attrs["drange"] = (0.0, 1.0)


def export_tiff(path, predicted, axes):
    """Export as multipage TIFF: an OME-TIFF of five axes."""
    lengths = dict(zip(axes, predicted.shape, strict=True))
    data = predicted.reshape([lengths.get(axis, 1) for axis in "tzcyx"])
    tifffile.imwrite(path, data, ome=True, byteorder="<", software="ilastik", metadata={"axes": "TZCYX"})
