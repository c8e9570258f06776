"""Pictures in a notebook: the curves of a running training, and images to choose from a list."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import ipywidgets as widgets
from IPython.display import HTML, Image, display

from dfcan_bmz import images, run_folder
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.flaws import first_sound
from dfcan_bmz.report.curves import plot_history
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
    left, right = images.find(lr), images.find(hr)

    def draw(name: str):
        return plot_side_by_side({"low resolution": _plane(left[name]), "high resolution": _plane(right[name])})

    pick(_shared(left, right), draw)


def show_predictions(lr: Path, predicted: Path, hr: Path | None = None) -> None:
    """Let the user choose an image, and see it, its prediction, and the target where there is one."""
    inputs, outputs = images.find(lr), images.find(predicted)
    targets = images.find(hr) if hr is not None else {}

    def draw(name: str):
        source, prediction = _plane(inputs[name]), _plane(outputs[name])
        if hr is None:
            return plot_side_by_side({"input": source, "prediction": prediction})
        return plot_example(source, _plane(targets[name]), {"prediction": prediction})

    pick(_shared(inputs, outputs, *([targets] if hr is not None else [])), draw)


def show_error_maps(lr: Path, predicted: Path, hr: Path) -> None:
    """Let the user choose an image, and see where it and its prediction differ from the target."""
    inputs, outputs, targets = images.find(lr), images.find(predicted), images.find(hr)
    names = _shared(inputs, outputs, targets)
    pick(names, lambda name: plot_error_maps(_plane(inputs[name]), _plane(targets[name]), _plane(outputs[name])))


def pick(names: Sequence[str], draw: Callable) -> None:
    """Show a list of names, and below it the picture of the chosen one.

    Parameters
    ----------
    names : sequence of str
        What to choose from; the first is shown.
    draw : callable
        Takes a name and returns a matplotlib figure.
    """
    drawn: dict[str, bytes] = {}
    picture = widgets.Image(format="png", layout={"max_width": "100%"})
    chooser = widgets.Dropdown(options=names, description="file", layout={"width": "36em"})

    def show(name: str) -> None:
        if name not in drawn:
            figure = draw(name)
            figure.suptitle(name)
            drawn[name] = png(figure)
        picture.value = drawn[name]

    chooser.observe(lambda change: show(change["new"]), names="value")
    show(names[0])
    display(widgets.VBox([chooser, picture]))


def png(figure) -> bytes:
    """Encode a matplotlib figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()


def _shared(*folders: dict[str, Path]) -> list[str]:
    names = [name for name in folders[0] if all(name in folder for folder in folders)]
    if not names:
        raise DfcanError("the folders share no image name: run the prediction first, or correct the folders")
    return names


def _plane(path: Path):
    """The first plane of an image that shows something, (Y, X)."""
    return first_sound(images.open_lazily(path))
