"""Pictures in a notebook: the curves of a running training, and images to choose from a list."""

from collections.abc import Callable
from pathlib import Path

import ipywidgets as widgets
from IPython.display import HTML, Image, display

from dfcan_bmz import images, run_folder
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.flaws import first_sound
from dfcan_bmz.report.curves import plot_history
from dfcan_bmz.report.embed import png
from dfcan_bmz.report.maps import plot_error_maps
from dfcan_bmz.report.panels import plot_example
from dfcan_bmz.report.side_by_side import plot_side_by_side
from dfcan_bmz.run_folder import Row


def live_plot(run: Path, epochs: int) -> Callable[[Row], None]:
    """Show the curves of a training, drawn anew at each epoch.

    Parameters
    ----------
    run : pathlib.Path
        Run folder of the training.
    epochs : int
        Epochs that it was asked for.

    Returns
    -------
    callable
        What `dfcan_bmz.commands.train.run` takes as `watch`.
    """
    time_left, curves = display(HTML(""), display_id=True), display(HTML(""), display_id=True)

    def watch(row: Row) -> None:
        left = epochs - row["epoch"]
        told = f"; about {left * row['seconds'] / 60:.1f} minutes left" if left else ""
        time_left.update(HTML(f"Epoch {row['epoch']} of {epochs}{told}"))
        curves.update(Image(png(plot_history(run_folder.read_history(run), _title(run)))))

    return watch


def show_history(run: Path) -> None:
    """Show the loss of training and validation by epoch, on a linear and a logarithmic scale.

    Raises
    ------
    DfcanError
        If no epoch of the training is over.
    """
    history = run_folder.read_history(run)
    if not history:
        raise DfcanError(f"{run} holds no history of a training: give the folder of a trained model")
    display(Image(png(plot_history(history, _title(run)))))


def _title(run: Path) -> str:
    return f"Training of {run.resolve().name}"


def show_pairs(lr: Path, hr: Path) -> None:
    """Let the user choose a pair of images, and see both."""
    _pick(lambda low, high: plot_side_by_side({"low resolution": low, "high resolution": high}), lr, hr)


def show_predictions(lr: Path, predicted: Path, hr: Path | None = None) -> None:
    """Let the user choose an image, and see it, its prediction, and the target where there is one."""
    if hr is None:
        _pick(lambda low, output: plot_side_by_side({"input": low, "prediction": output}), lr, predicted)
    else:
        _pick(lambda low, output, high: plot_example(low, high, {"prediction": output}), lr, predicted, hr)


def show_error_maps(lr: Path, predicted: Path, hr: Path) -> None:
    """Let the user choose an image, and see where it and its prediction differ from the target."""
    _pick(plot_error_maps, lr, hr, predicted)


def _pick(draw: Callable, *folders: Path) -> None:
    """Show a list of the names that all folders have, and below it the picture of the chosen one, the first to begin.

    `draw` makes a figure of the image of that name in each folder: of its first plane that shows something, (Y, X).
    """
    found = [images.find(folder) for folder in folders]
    names = [name for name in found[0] if all(name in others for others in found)]
    if not names:
        raise DfcanError("the folders share no image name: run the prediction first, or correct the folders")
    drawn: dict[str, bytes] = {}
    picture = widgets.Image(format="png", layout={"max_width": "100%"})
    chooser = widgets.Dropdown(options=names, description="file", layout={"width": "36em"})

    def show(name: str) -> None:
        if name not in drawn:
            figure = draw(*(first_sound(images.open_lazily(paths[name])) for paths in found))
            figure.suptitle(name)
            drawn[name] = png(figure)
        picture.value = drawn[name]

    chooser.observe(lambda change: show(change["new"]), names="value")
    show(names[0])
    display(widgets.VBox([chooser, picture]))
