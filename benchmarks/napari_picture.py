"""Draw the plugin at work in napari's window: python benchmarks/napari_picture.py docs/images/napari.png

On a machine without a screen put this before it: GALLIUM_DRIVER=softpipe xvfb-run -a -s "-screen 0 1400x900x24".
(The default driver there, llvmpipe, ended with a segmentation fault on processors with AVX-512.)
"""

import sys
from pathlib import Path
from threading import Event

import napari
from qtpy.QtWidgets import QApplication

SIZE = (1200, 720)
PATIENT_MS = 50


def picture(path: Path, sample: str = "microtubules", model: str = "microtubules-x2") -> None:
    """Open the sample, predict it with a published model by the widget, and save the window as PNG."""
    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(*SIZE)
    viewer.open_sample("dfcan-bmz", sample)
    _, widget = viewer.window.add_plugin_dock_widget("dfcan-bmz", "Predict")
    widget.layer.reset_choices()
    widget.layer.value = viewer.layers[-1]
    widget.model.value = model
    ended = Event()
    widget.start()
    widget.worker.finished.connect(ended.set)
    while not ended.is_set() or not any("predicted" in layer.name for layer in viewer.layers):
        QApplication.processEvents()
        ended.wait(PATIENT_MS / 1000)
    viewer.canvas.grid.enabled = True
    viewer.reset_view()
    for _ in range(20):
        QApplication.processEvents()
    viewer.screenshot(str(path), canvas_only=False, flash=False)
    viewer.close()


if __name__ == "__main__":
    picture(Path(sys.argv[1]))
