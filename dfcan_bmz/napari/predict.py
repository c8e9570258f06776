"""Widgets that predict a layer, and that map the uncertainty of the prediction."""

import math
from typing import Any

import napari
import numpy as np
from magicgui.widgets import CheckBox, ComboBox, Container, FileEdit, Label, ProgressBar, PushButton, create_widget
from napari.qt.threading import thread_worker
from napari.utils.notifications import show_error
from qtpy.QtCore import QTimer

from dfcan_bmz import published
from dfcan_bmz.model import Model, averaged, load_of
from dfcan_bmz.napari.layers import placed, planes_of
from dfcan_bmz.napari.models import OWN, open_chosen, path_of
from dfcan_bmz.napari.work import CancelledError, Task, map_planes
from dfcan_bmz.prediction.arrays import predict_array
from dfcan_bmz.prediction.tiles import count_tiles

REFRESH_MS = 100
WARNING = "Predicted, not measured: do not count or measure what the image itself does not resolve."


class ModelWidget(Container):
    """Choose a layer and a model, and run something on them in another thread, with progress and a way out.

    Subclasses give `action`, the name of the button, and `work`, which runs in the thread.
    """

    action = ""

    def __init__(self, viewer: napari.Viewer, options: list[Any]) -> None:
        self._viewer, self.task = viewer, Task()
        self.worker: Any = None
        self.layer = create_widget(annotation="napari.layers.Image", label="image")
        self.model = ComboBox(choices=[*published.models(), OWN], label="model")
        self.own = FileEdit(mode="r", label="bundle or folder", filter="*.zip *.keras")
        self.run, self.cancel = PushButton(text=self.action), PushButton(text="Cancel", enabled=False)
        self.progress, self.status = ProgressBar(min=0, max=1, value=0, visible=False), Label(value="")
        self.chosen = [self.layer, self.model, self.own, *options]
        super().__init__(widgets=[*self.chosen, self.run, self.cancel, self.progress, self.status])
        self.run.changed.connect(self.start)
        self.cancel.changed.connect(self.stop)
        self._timer = QTimer()
        self._timer.timeout.connect(self._show_progress)
        self.native.destroyed.connect(self._timer.stop)

    def work(self, predictor: Model, planes: Any, task: Task) -> Any:
        """What runs in the thread; its result goes to `add_layers`."""
        raise NotImplementedError

    def add_layers(self, layer: Any, predictor: Model, result: Any) -> None:
        """Add the layers of a result."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin the work on the chosen layer."""
        layer = self.layer.value
        if layer is None:
            show_error("open an image first, or take one of File > Open Sample > DFCAN super-resolution")
            return
        task = self.task = Task()
        choice, own = self.model.value, self.own.value

        @thread_worker
        def run() -> tuple[Model, Any] | None:
            predictor = open_chosen(path_of(choice, own))
            try:
                return predictor, self.work(predictor, planes_of(layer), task)
            except CancelledError:
                return None

        self.worker = run()
        self.worker.returned.connect(lambda answer: self.add_layers(layer, *answer) if answer else None)
        self.worker.errored.connect(lambda error: show_error(str(error)))
        self.worker.finished.connect(self._end)
        self._show_running(True)
        self.status.value = "loading the model ..."
        self._timer.start(REFRESH_MS)
        self.worker.start()

    def stop(self) -> None:
        """Cancel: the work ends after the tile at hand."""
        self.task.stop.set()
        self.status.value = "cancelling ..."

    def _show_running(self, running: bool) -> None:
        """While work is under way, what was chosen stays: it is read until the layers are added."""
        for widget in (*self.chosen, self.run):
            widget.enabled = not running
        self.cancel.enabled = self.progress.visible = running

    def _show_progress(self) -> None:
        task = self.task
        if task.done and not task.stop.is_set():
            self.progress.max, self.progress.value = task.total, min(task.done, task.total)
            self.status.value = f"tile {task.done} of {task.total}"

    def _end(self) -> None:
        self._timer.stop()
        self._show_running(False)
        self.status.value = "cancelled" if self.task.stop.is_set() else ""


class PredictWidget(ModelWidget):
    """Super-resolve a layer; what lies in a dask array is computed when it is looked at."""

    action = "Predict"

    def __init__(self, viewer: napari.Viewer) -> None:
        self.keep = CheckBox(value=False, text="keep the intensities of the image")
        self.ensemble = CheckBox(value=False, text="mean of eight orientations (8 times as long)")
        super().__init__(viewer, [self.keep, self.ensemble])

    def work(self, predictor: Model, planes: Any, task: Task) -> Any:
        """Prediction, or a lazy one of a lazy array."""
        intensity = "keep" if self.keep.value else "unit"
        if type(planes).__module__.startswith("dask"):
            load = load_of(path_of(self.model.value, self.own.value), ensemble=self.ensemble.value)
            return predict_array(load, planes, intensity)
        *leading, height, width = planes.shape
        task.total = math.prod(leading) * count_tiles(predictor, (height, width))
        model = averaged(predictor) if self.ensemble.value else predictor
        return predict_array(model, np.asarray(planes), intensity, task.on_tile)

    def add_layers(self, layer: Any, predictor: Model, result: Any) -> None:
        """Add the prediction where the image is."""
        contrast = {} if self.keep.value else {"contrast_limits": (0, 1)}
        self._viewer.add_image(
            result,
            name=f"{layer.name} x{predictor.scale}, predicted",
            metadata={"note": WARNING, "model": predictor.name, "sha256": predictor.sha256},
            colormap=layer.colormap.name,
            **contrast,
            **placed(layer, predictor.scale),
        )


class UncertaintyWidget(ModelWidget):
    """Map the uncertainty of a layer's prediction, without ground truth."""

    action = "Map the uncertainty"

    def __init__(self, viewer: napari.Viewer) -> None:
        super().__init__(viewer, [])

    def work(self, predictor: Model, planes: Any, task: Task) -> Any:
        """Maps of all planes, in memory."""
        return map_planes(predictor, np.asarray(planes), task)

    def add_layers(self, layer: Any, predictor: Model, result: Any) -> None:
        """Add both maps where the image is."""
        spread = "error bar (68 %)" if predictor.error_bar else "orientations disagree"
        for name, pixels, scale in (
            (spread, result.spread * np.float32(predictor.error_bar or 1), predictor.scale),
            ("image and blurred prediction disagree", result.error, 1),
        ):
            self._viewer.add_image(
                pixels,
                name=f"{layer.name}, {name}",
                colormap="inferno",
                blending="additive",
                contrast_limits=(0, max(float(pixels.max()), 1e-3)),
                **placed(layer, scale),
            )
