"""Section 5: is the model any good?"""

from html import escape
from pathlib import Path

from IPython.display import HTML, display
from IPython.utils.capture import capture_output

from dfcan_bmz import cli
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.model import open_model
from dfcan_bmz.notebook import pictures
from dfcan_bmz.notebook.answers import answer, folder
from dfcan_bmz.notebook.models import chosen_model, metrics_folder
from dfcan_bmz.notebook.words import speaking, spoken


def model() -> Path:
    """The model that the form of section 5 names."""
    return chosen_model(answer("Use_the_current_trained_model"), answer("QC_model_folder"), answer("QC_down_factor"))


def choose() -> None:
    """Say which model is evaluated."""
    chosen = open_model(path := model())
    print(f"{path}: {chosen.name}, x{chosen.scale}")


def show_losses() -> None:
    """Show the curves of its training."""
    pictures.show_history(model())


def predict() -> None:
    """Predict the images of the quality control, and show them beside their targets."""
    lr, hr, chosen = folder("Source_QC_folder"), folder("Target_QC_folder"), model()
    with speaking():
        cli.predict(chosen, [lr], _predictions(chosen), overwrite=True)
    pictures.show_predictions(lr, _predictions(chosen), hr)


def measure() -> None:
    """Measure the model against the baselines; all that is found is shown as one block, the verdict first."""
    chosen, out = model(), metrics_folder(model())
    with capture_output(stderr=False) as told:
        cli.evaluate(chosen, folder("Source_QC_folder"), folder("Target_QC_folder"), out, overwrite=True)
    *lines, verdict = told.stdout.strip().splitlines()
    tables = "".join(output.data.get("text/html", "") for output in told.outputs)
    text = escape(spoken("\n".join(lines)))
    display(
        HTML(
            f"<h3>How good is {escape(chosen.name)}?</h3><p><b>{escape(spoken(verdict))}</b></p>{tables}"
            f"<pre>{text}</pre><p>The full report: <code>{escape(str(out / 'report.html'))}</code></p>"
        )
    )


def show_error_maps() -> None:
    """Show where the predictions are wrong.

    Raises
    ------
    DfcanError
        If nothing has been predicted.
    """
    predicted = _predictions(model())
    if not predicted.is_dir():
        raise DfcanError("run section 5.2 first: it predicts the images whose errors are shown here")
    pictures.show_error_maps(folder("Source_QC_folder"), predicted, folder("Target_QC_folder"))


def _predictions(chosen: Path) -> Path:
    return Path("Quality_control") / chosen.stem / "Prediction"
