"""Packaging from end to end: equal bytes, and networks and scales that no shared bundle has."""

import numpy as np
import pytest
from conftest import TINY_RECIPE, TINY_TRAINING

from dfcan_bmz import images
from dfcan_bmz.bundle.check import check
from dfcan_bmz.commands import package, simulate, train
from dfcan_bmz.model.loading import of_bundle
from dfcan_bmz.prediction.tiles import predict_plane


def test_two_builds_are_equal_byte_by_byte(tiny_run, tiny_recipe, tmp_path):
    one, other = tmp_path / "one.zip", tmp_path / "other.zip"
    for out in (one, other):
        package.run(tiny_run, tiny_recipe, out, overwrite=False)
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(("scale", "network"), [(3, "dfcan"), (4, "rcan"), (2, "vdsr")])
def test_other_scales_and_networks_are_packaged_and_run(scale, network, tmp_path):
    simulate.run(tmp_path / "set", "actin", pairs=3, size=40, scale=scale, levels=1, seed=1, overwrite=False)
    lacking = ("model.groups", "model.output") if network == "vdsr" else ("model.none",)
    settings = [setting for setting in TINY_TRAINING if not setting.startswith(lacking)]
    settings += [f"model.name={network}", f"model.scale={scale}", "train.epochs=1"]
    lr, hr = tmp_path / "set/lr", tmp_path / "set/hr"
    train.run(lr, hr, tmp_path / "run", None, settings, resume=False, overwrite=False)
    (tmp_path / "recipe.yaml").write_text(TINY_RECIPE + "formats: [keras_v3, torchscript, onnx]\n")
    package.run(tmp_path / "run", tmp_path / "recipe.yaml", tmp_path / "b.zip", overwrite=False)
    assert {verdict.verdict for verdict in check(tmp_path / "b.zip")} == {"passed"}
    plane = images.read(next(lr.glob("*.tif"))).pixels
    fastest = predict_plane(of_bundle(tmp_path / "b.zip"), plane)
    assert fastest.shape == (40 * scale, 40 * scale)
    for engine in ("keras", "onnx"):
        np.testing.assert_allclose(predict_plane(of_bundle(tmp_path / "b.zip", engine), plane), fastest, atol=1e-5)
