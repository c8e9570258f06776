"""docs/bundles-in-python.md is typed in, block by block; docs/napari.md as far as it goes without a window."""

import re
import shutil
import sys
import types

import numpy as np
import pytest
from conftest import REPOSITORY

from dfcan_bmz import images


def blocks(page):
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tiny_bundle, pairs_folder, tmp_path, monkeypatch):
    shutil.copy(tiny_bundle, tmp_path / "actin.zip")
    shutil.copy(next((pairs_folder / "lr").glob("*.tif")), tmp_path / "cell.tif")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_blocks_run_in_order_and_agree(folder):
    names = {}
    for block in blocks("bundles-in-python.md"):
        exec(compile(block, "docs/bundles-in-python.md", "exec"), names)
    image, sharp = names["image"], names["sharp"]
    assert sharp.shape == (2 * image.shape[0], 2 * image.shape[1])
    np.testing.assert_allclose(names["sharp_too"], sharp, atol=1e-5)
    np.testing.assert_allclose(names["whole_by_torch"], names["whole_by_onnx"], atol=1e-5)
    # a whole image at once differs from tiles: alike, not equal
    assert np.corrcoef(names["whole_by_onnx"].ravel(), sharp.ravel())[0, 1] > 0.9
    stack, sharp_stack, kept = names["stack"], names["sharp_stack"], names["kept"]
    assert sharp_stack.dims == kept.dims == stack.dims
    assert sharp_stack.shape == kept.shape == (2, *sharp.shape)
    np.testing.assert_allclose(sharp_stack[0], names["whole_by_onnx"], atol=1e-5)
    np.testing.assert_allclose(kept[0], sharp, atol=1e-5)
    assert float(kept.y[1] - kept.y[0]) == pytest.approx(0.0313)


def test_in_napari_both_images_cover_the_same_place(folder, monkeypatch):
    layers = []

    class Viewer:
        scale_bar = types.SimpleNamespace()

        def add_image(self, data, scale, translate=(0, 0), **_):
            begin = np.array(translate) - np.array(scale) / 2
            layers.append((begin, begin + np.array(scale) * data.shape))

    monkeypatch.setitem(sys.modules, "napari", types.SimpleNamespace(Viewer=Viewer, run=lambda: None))
    for block in blocks("napari.md"):
        exec(compile(block, "docs/napari.md", "exec"), {})
    (low_begin, low_end), (high_begin, high_end) = layers
    np.testing.assert_allclose(low_begin, high_begin)
    np.testing.assert_allclose(low_end, high_end)
    assert low_end[0] - low_begin[0] == pytest.approx(images.read(folder / "cell.tif").pixels.shape[0] * 0.0626)
