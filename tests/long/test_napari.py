"""The plugin in napari itself, without a screen."""

import os
import shutil
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY, skip_engine
from PIL import Image as PillowImage
from scipy.ndimage import gaussian_filter

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
try:
    import napari
    from napari.layers import Image
    from npe2 import PluginManager, PluginManifest
    from qtpy.QtWidgets import QApplication
except ImportError as error:
    napari = None
    MISSING = str(error)

import dfcan_bmz
from dfcan_bmz.errors import DfcanError

MANIFEST = Path(dfcan_bmz.__file__).parent / "napari" / "napari.yaml"
PATIENCE_S = 300


@pytest.fixture(scope="module", autouse=True)
def _napari():
    if napari is None:
        skip_engine(f"napari is not installed ({MISSING})")


@pytest.fixture(scope="module")
def application():
    return QApplication.instance() or QApplication([])


@pytest.fixture
def viewer(application):
    return napari.components.ViewerModel()


def lines(shape):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: shape[-2], : shape[-1]]
    return rng.poisson(100 + 90 * np.exp(-8 * np.sin(x / 9 + y / 17) ** 2), shape).astype(np.uint16)


def wait_until(application, over, told=lambda: "nothing happened"):
    """Let the window live until something is over, which comes from a thread or a process."""
    from qtpy.QtCore import QElapsedTimer, QEventLoop

    clock = QElapsedTimer()
    clock.start()
    while not over():
        application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)
        assert clock.elapsed() < 1000 * PATIENCE_S, told()


def run(application, widget, image, model):
    """Press the button of a widget for a layer and wait for the thread."""
    widget.layer.choices = [image]
    widget.layer.value = image
    widget.model.value = "own model"
    widget.own.value = model
    widget.start()
    assert not widget.model.enabled, "what is under way is of this model"
    wait_until(application, lambda: widget.run.enabled)  # quick work may be over before a signal could be connected
    assert widget.model.enabled


def test_the_manifest_is_valid_for_napari():
    answer = subprocess.run([sys.executable, "-m", "npe2", "validate", MANIFEST], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    manifest = PluginManifest.from_file(MANIFEST)
    for command in manifest.contributions.commands:
        assert callable(
            command.python_name.load() if hasattr(command.python_name, "load") else _load(command.python_name)
        )


def _load(name):
    module, attribute = name.split(":")
    return getattr(__import__(module, fromlist=[attribute]), attribute)


def test_sample_data_lie_over_each_other(application):
    manager = PluginManager()
    manager.register(PluginManifest.from_file(MANIFEST))
    from dfcan_bmz.napari.sample import actin

    viewer = napari.components.ViewerModel()
    for data, settings, _ in actin():
        viewer.add_image(data, **settings)
    target, widefield = viewer.layers
    assert target.data.shape == tuple(2 * side for side in widefield.data.shape)
    # borders of the images, half a pixel beyond the centres of the first and the last
    for corner in (-0.5, 127.5):
        coarse = widefield.data_to_world([corner] * 2)
        fine = target.data_to_world([2 * corner + 0.5] * 2)
        np.testing.assert_allclose(fine, coarse, atol=1e-9)


def test_a_prediction_is_what_the_package_predicts_and_lies_where_the_image_does(application, viewer, tiny_run):
    from dfcan_bmz.napari.predict import PredictWidget

    stack = lines((3, 41, 55))
    image = viewer.add_image(stack, scale=(0.5, 0.06, 0.06), translate=(1, 2, 3), units=("um",) * 3)
    widget = PredictWidget(viewer)
    run(application, widget, image, tiny_run)
    predicted = viewer.layers[-1]
    np.testing.assert_allclose(predicted.data, dfcan_bmz.predict(tiny_run, stack), atol=1e-6)
    for corner in ([-0.5, -0.5, -0.5], [2.5, 40.5, 54.5]):
        finer = [corner[0], 2 * corner[1] + 0.5, 2 * corner[2] + 0.5]
        np.testing.assert_allclose(predicted.data_to_world(finer), image.data_to_world(corner), atol=1e-9)
    assert "not measured" in predicted.metadata["note"]
    assert widget.run.enabled


def test_intensities_are_kept_and_orientations_averaged_on_request(application, viewer, tiny_run):
    from dfcan_bmz.napari.predict import PredictWidget

    plane = lines((41, 55))
    widget = PredictWidget(viewer)
    widget.keep.value = True
    run(application, widget, viewer.add_image(plane), tiny_run)
    np.testing.assert_allclose(
        viewer.layers[-1].data, dfcan_bmz.predict(tiny_run, plane, intensity="keep"), rtol=1e-5, atol=1e-3
    )
    widget.keep.value, widget.ensemble.value = False, True
    run(application, widget, viewer.layers[0], tiny_run)
    assert widget.task.done == widget.task.total
    np.testing.assert_allclose(viewer.layers[-1].data, dfcan_bmz.predict(tiny_run, plane, ensemble=True), atol=1e-6)


def test_a_dask_layer_gives_a_dask_layer(application, viewer, tiny_run):
    import dask.array as da

    from dfcan_bmz.napari.predict import PredictWidget

    plane, widget = lines((41, 55)), PredictWidget(viewer)
    for ensemble in (False, True):
        widget.ensemble.value = ensemble
        run(application, widget, viewer.add_image(da.from_array(plane, chunks=20)), tiny_run)
        lazy = viewer.layers[-1].data
        assert type(lazy).__module__.startswith("dask")
        expected = dfcan_bmz.predict(tiny_run, plane, ensemble=ensemble)
        np.testing.assert_allclose(np.asarray(lazy), expected, atol=1e-6)


def test_uncertainty_comes_as_two_layers_over_the_image(application, viewer, tiny_run):
    from dfcan_bmz.napari.predict import UncertaintyWidget

    run(application, UncertaintyWidget(viewer), viewer.add_image(lines((41, 55))), tiny_run)
    spread, error = list(viewer.layers)[1:]
    assert spread.data.shape == (82, 110)
    assert error.data.shape == (41, 55)
    assert spread.data.max() > 0
    assert error.data.max() > 0


def test_a_cancelled_prediction_leaves_nothing_behind(application, viewer, tiny_run):
    from dfcan_bmz.napari.predict import PredictWidget

    widget = PredictWidget(viewer)
    image = viewer.add_image(lines((400, 400)))
    widget.layer.choices = [image]
    widget.model.value, widget.own.value = "own model", tiny_run
    widget.start()
    wait_until(application, lambda: widget.task.done > 0)
    widget.stop()
    wait_until(application, lambda: widget.run.enabled)
    assert widget.task.done < widget.task.total
    assert list(viewer.layers) == [image]


@pytest.mark.parametrize("angle", [0.0, 30.0])
@pytest.mark.parametrize("affine", [np.eye(3), [[0.9, -0.2, 5], [0.1, 1.1, -3], [0, 0, 1]]])
def test_a_finer_layer_covers_a_layer_however_that_is_transformed(angle, affine):
    from dfcan_bmz.napari.layers import placed

    coarse = Image(np.zeros((10, 20)), scale=(2, 3), translate=(7, -4), rotate=angle, shear=[0.2], affine=affine)
    fine = Image(np.zeros((30, 60)), **placed(coarse, 3))
    for corner in ([-0.5, -0.5], [9.5, 19.5], [-0.5, 19.5]):
        finer = [3 * place + 1 for place in corner]
        np.testing.assert_allclose(fine.data_to_world(finer), coarse.data_to_world(corner), atol=1e-9)


def test_colours_are_refused(viewer):
    from dfcan_bmz.napari.layers import planes_of

    with pytest.raises(DfcanError, match="colour"):
        planes_of(viewer.add_image(np.zeros((8, 8, 3), np.uint8), rgb=True))


def test_other_files_beside_the_pairs_do_not_tell_the_scale(viewer, pairs_folder, tmp_path):
    from dfcan_bmz.napari.train import TrainWidget

    shutil.copytree(pairs_folder, tmp_path / "pairs")
    widget = TrainWidget(viewer)
    for kind, chosen in (("lr", widget.lr), ("hr", widget.hr)):
        chosen.value = tmp_path / "pairs" / kind
        (chosen.value / ".DS_Store").write_bytes(b"Bud1")
    widget.out.value = tmp_path / "run"
    assert "model.scale=2" in widget._command()


def test_two_layers_train_a_model_with_a_curve_and_a_way_to_stop(application, viewer, pairs_folder, tmp_path):
    from dfcan_bmz import images
    from dfcan_bmz.napari.train import TrainWidget

    names = sorted(path.name for path in (pairs_folder / "lr").glob("*_level02.tif"))
    stacks = [np.stack([images.read(pairs_folder / kind / name).pixels for name in names]) for kind in ("lr", "hr")]
    widget = TrainWidget(viewer)
    layers = [viewer.add_image(stack, name=name) for name, stack in zip(("lr", "hr"), stacks, strict=True)]
    for box, layer in zip((widget.lr_layer, widget.hr_layer), layers, strict=True):
        box.choices = layers
        box.value = layer
    widget.source.value, widget.out.value = "layers", tmp_path / "run"
    widget.patch.value, widget.epochs.value = 16, 10000
    widget.start()
    wait_until(application, lambda: widget.epochs_drawn or widget.run.enabled, lambda: widget.status.value)
    assert not widget.run.enabled, widget.status.value
    assert not widget.curve.pixmap().isNull()
    widget.interrupt()
    wait_until(application, lambda: widget.run.enabled, lambda: widget.status.value)
    assert (tmp_path / "run/model.keras").is_file()
    assert widget.status.value.startswith("trained")


@pytest.mark.skipif(
    not (shutil.which("xvfb-run") and find_library("xcb-cursor")), reason="xvfb or libxcb-cursor0 is not installed"
)
def test_the_widget_predicts_in_the_window_and_the_window_shows_it(tmp_path):
    script, picture = REPOSITORY / "benchmarks/napari_picture.py", tmp_path / "napari.png"
    screen = ["xvfb-run", "-a", "-s", "-screen 0 1400x900x24"]
    environment = os.environ | {"QT_QPA_PLATFORM": "xcb", "GALLIUM_DRIVER": "softpipe", "LIBGL_ALWAYS_SOFTWARE": "1"}
    answer = subprocess.run([*screen, sys.executable, script, picture], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    with PillowImage.open(picture) as window:
        pixels = np.asarray(window.convert("L"), float)
    left, right = np.array_split(pixels[240:480, 340:836], 2, axis=1)  # the canvas: image and prediction
    # the same structure, and less of the noise
    assert np.corrcoef(gaussian_filter(left, 4).ravel(), gaussian_filter(right, 4).ravel())[0, 1] > 0.5
    assert np.abs(np.diff(right)).mean() < np.abs(np.diff(left)).mean()
