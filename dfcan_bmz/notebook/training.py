"""Section 4: from the forms to a training."""

from pathlib import Path

from dfcan_bmz import staging
from dfcan_bmz.commands import train
from dfcan_bmz.data.records import data_layer
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.notebook import pictures
from dfcan_bmz.notebook.answers import answer, folder
from dfcan_bmz.notebook.words import FIELDS, speaking
from dfcan_bmz.quantities import row_text
from dfcan_bmz.run_folder import read_history
from dfcan_bmz.training.settings import resolve

PUBLISHED = ("model.filters=64", "model.groups=4", "model.blocks=4")
SMALL = ("model.filters=16", "model.groups=2", "model.blocks=2")
SIZES: dict[str, tuple[str, ...]] = {"automatic": (), "published": PUBLISHED, "small": SMALL}


def model_folder() -> Path:
    """Where the forms let the model be trained, or where it was."""
    return folder("model_path") / str(folder("model_name"))


def settings() -> list[str]:
    """The forms as settings of `dfcan-bmz train`."""
    augment = {"rot90": "Rotation", "hflip": "horizontal_flip", "vflip": "vertical_flip"}
    chosen = [name for name, box in augment.items() if answer(box) and answer("Use_Data_augmentation")]
    keys = ["model.scale", "train.epochs", "train.minutes"]
    if not answer("Use_Default_Advanced_Parameters"):
        keys += ["train.batch_size", "train.learning_rate", "data.patches_per_image", "data.patch_size"]
        keys += ["train.schedule", "train.patience", "model.output"]
    found = [f"{key}={answer(FIELDS[key])}" for key in keys] + [f"data.augment=[{', '.join(chosen)}]"]
    if not answer("Use_Default_Advanced_Parameters"):
        found.append(f"data.validation={answer('percentage_validation') / 100}")
    if not answer("Use_pretrained_model"):
        return [*found, *SIZES[answer("model_size")]]
    source = folder("pretrained_model_path")
    weights = source / "last.keras" if answer("Weights_choice") == "last" else source
    return [*found, f"train.init={weights}", *(SMALL if answer("model_size") == "small" else ())]


def prepare() -> None:
    """Check the forms against the images, tell the settings, and show pairs to choose from."""
    source, target = folder("Training_source"), folder("Training_target")
    for section, values in resolve(data_layer(source), None, settings()).model_dump().items():
        print(f"{section}: " + ", ".join(f"{key}={value}" for key, value in values.items()))
    pictures.show_pairs(source, target)


def start() -> None:
    """Train as the forms say now; a start that is refused leaves a finished training's curves and log to be seen.

    Raises
    ------
    DfcanError
        If a model of that name exists, or none to go on with; and what `dfcan-bmz train` refuses.
    """
    run, resume, overwrite = model_folder(), answer("Continue_training"), answer("Overwrite_model")
    history = read_history(run)
    if history and (resume or not overwrite):
        show(run)  # running the cell again has cleared it
    _refuse(run, resume, overwrite)
    watch = pictures.live_plot(run, answer("number_of_epochs"))
    with speaking():
        train.run(folder("Training_source"), folder("Training_target"), run, None, settings(), resume, overwrite, watch)


def show(run: Path) -> None:
    """Show the curves and the log of a training."""
    pictures.show_history(run)
    for row in read_history(run):
        print(row_text(row))


def _refuse(run: Path, resume: bool, overwrite: bool) -> None:
    exists = (run / "config.yaml").is_file()
    begun = exists or staging.beside(run).exists() or (run / staging.INSIDE).exists()
    if resume and overwrite:
        raise DfcanError("Continue_training and Overwrite_model are both ticked: untick one of them")
    if resume and not begun:
        others = sorted(path.parent.name for path in run.parent.glob("*/config.yaml"))
        known = f" ({run.parent} has {', '.join(others)})" if others else ""
        raise DfcanError(
            f"{run} is not a training yet, so there is nothing to continue: untick Continue_training to begin it, or "
            f"correct model_name in section 3.2{known}"
        )
    if exists and not (resume or overwrite):
        raise DfcanError(
            f"{run} is trained already, and is kept: for another model choose another model_name in section 3.2; tick "
            "Continue_training to continue it, or Overwrite_model in section 3.2 to replace it"
        )
