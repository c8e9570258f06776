"""A widget that trains on pairs of layers or of folders, in a process of its own, with a live curve."""

import sys
from pathlib import Path
from typing import Any

import napari
import numpy as np
from magicgui.widgets import ComboBox, Container, FileEdit, Label, PushButton, RadioButtons, SpinBox, create_widget
from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QProcess, QProcessEnvironment, Qt, QTimer
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QLabel

from dfcan_bmz import images, run_folder
from dfcan_bmz.data.pairs import find_pairs, open_any, scale_between
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.napari.layers import planes_of
from dfcan_bmz.report.curves import plot_history
from dfcan_bmz.report.embed import png

FOLDERS, LAYERS = "folders", "layers"
SIZES = {
    "small (a processor)": ["model.filters=16", "model.groups=2", "model.blocks=2", "train.batch_size=4"],
    "as published (a graphics card)": ["model.filters=64", "model.groups=4", "model.blocks=4"],
}
REFRESH_MS = 1000
CURVE_PX = 360


class TrainWidget(Container):
    """Train a model; the run folder is what `Predict` takes as its model."""

    def __init__(self, viewer: napari.Viewer) -> None:
        self._viewer, self.epochs_drawn = viewer, 0
        self.source = RadioButtons(choices=[FOLDERS, LAYERS], value=FOLDERS, label="pairs from")
        self.lr, self.hr = (
            FileEdit(mode="d", label=f"{kind} images") for kind in ("low-resolution", "high-resolution")
        )
        self.lr_layer, self.hr_layer = (
            create_widget(annotation="napari.layers.Image", label=f"{kind} layer")
            for kind in ("low-resolution", "high-resolution")
        )
        self.out = FileEdit(mode="w", label="new run folder")
        self.size = ComboBox(choices=list(SIZES), label="network")
        self.epochs = SpinBox(value=10, min=1, max=10000, label="epochs")
        self.patch = SpinBox(value=64, min=16, max=512, step=16, label="patch (px)")
        self.run, self.stop = PushButton(text="Train"), PushButton(text="Stop after this step", enabled=False)
        self.status = Label(value="")
        pairs = [self.source, self.lr, self.hr, self.lr_layer, self.hr_layer]
        how = [self.out, self.size, self.epochs, self.patch]
        super().__init__(widgets=[*pairs, *how, self.run, self.stop, self.status])
        self.curve = QLabel()
        self.curve.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.native.layout().addWidget(self.curve)
        self.process, self._timer = QProcess(), QTimer()
        self.process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self.process.readyReadStandardOutput.connect(self._read)
        self.process.finished.connect(self._end)
        self._timer.timeout.connect(self._draw)
        self.source.changed.connect(self._show_sources)
        self.run.changed.connect(self.start)
        self.stop.changed.connect(self.interrupt)
        self.native.destroyed.connect(self._timer.stop)
        self._show_sources()

    def _show_sources(self) -> None:
        folders = self.source.value == FOLDERS
        self.lr.visible = self.hr.visible = folders
        self.lr_layer.visible = self.hr_layer.visible = not folders

    def start(self) -> None:
        """Begin the training."""
        try:
            command = self._command()
        except DfcanError as error:
            show_error(str(error))
            return
        self._said, self.epochs_drawn = "", 0
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("COLUMNS", "200")
        self.process.setProcessEnvironment(environment)
        self.run.enabled, self.stop.enabled = False, True
        self.status.value = "starting ..."
        self.process.start(sys.executable, command)
        self._timer.start(REFRESH_MS)

    def _command(self) -> list[str]:
        out = self.out.value
        if out in (Path(), Path(".")):
            raise DfcanError("name a new run folder: the trained model goes there")
        if out.exists():
            raise DfcanError(f"{out} exists: name another run folder")
        if self.source.value == FOLDERS:
            lr, hr = self.lr.value, self.hr.value
        else:
            lr, hr = _save_pair(self.lr_layer.value, self.hr_layer.value, out.with_name(f"{out.name}-pairs"))
        scale = scale_between(*open_any(find_pairs(lr, hr)[0]))
        settings = [*SIZES[self.size.value], f"model.scale={scale}", f"train.epochs={self.epochs.value}"]
        settings.append(f"data.patch_size={self.patch.value}")
        chosen = [part for setting in settings for part in ("--set", setting)]
        return ["-m", "dfcan_bmz", "train", "--lr", str(lr), "--hr", str(hr), "--out", str(out), *chosen]

    def interrupt(self) -> None:
        """Stop after the running step; the best weights are kept."""
        self.status.value = "stopping ..."
        self.process.terminate()

    def _read(self) -> None:
        text = bytes(self.process.readAllStandardOutput()).decode(errors="replace")
        lines = [line for line in text.replace("\r", "\n").splitlines() if line.strip()]
        if lines:
            self._said = self.status.value = lines[-1].strip()[:200]

    def _draw(self) -> None:
        history = run_folder.read_history(self.out.value)
        if len(history) > self.epochs_drawn:
            self.epochs_drawn = len(history)
            pixmap = QPixmap()
            pixmap.loadFromData(png(plot_history(history), dpi=80))
            self.curve.setPixmap(pixmap.scaledToWidth(CURVE_PX, Qt.TransformationMode.SmoothTransformation))

    def _end(self, code: int, _: Any) -> None:
        self._timer.stop()
        self._draw()
        self.run.enabled, self.stop.enabled = True, False
        if (self.out.value / run_folder.WEIGHTS).is_file():
            self.status.value = f"trained: {self.out.value}"
            show_info(f"{self.out.value}: choose it as own model under Predict")
        else:
            show_error(self._said or f"the training ended with exit code {code}")


def _save_pair(lr: Any, hr: Any, folder: Path) -> tuple[Path, Path]:
    """Write the planes of two layers, (..., Y, X) and (..., sY, sX), into ``lr/`` and ``hr/`` of a new folder."""
    if lr is None or hr is None:
        raise DfcanError("open a low-resolution and a high-resolution layer first")
    stacks = [np.asarray(planes_of(layer)) for layer in (lr, hr)]
    stacks = [stack.reshape(-1, *stack.shape[-2:]) for stack in stacks]
    if len(stacks[0]) != len(stacks[1]):
        raise DfcanError(f"{lr.name} has {len(stacks[0])} planes, {hr.name} has {len(stacks[1])}: they must be pairs")
    if folder.exists():
        raise DfcanError(f"{folder} exists: name another run folder")
    for name, stack in zip(("lr", "hr"), stacks, strict=True):
        (folder / name).mkdir(parents=True)
        for index, plane in enumerate(stack):
            images.write(folder / name / f"plane{index + 1:04d}.tif", plane)
    return folder / "lr", folder / "hr"
