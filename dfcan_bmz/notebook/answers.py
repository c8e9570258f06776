"""What the forms hold: read when a step runs, so that it is always what they show."""

from pathlib import Path
from typing import Any

from IPython import get_ipython

from dfcan_bmz.errors import DfcanError

# names of the fields, by the section whose form asks for them
SECTIONS = {
    "2.2": ("Working_folder",),
    "3.1": (
        *("Example_structure", "Example_fields", "Example_size", "Example_light_levels"),
        *("BioSR_folder", "High_resolution_folder", "Degradation", "Degradation_factor"),
        *("Images_without_partners", "Structure_of_them", "Simulated_fields", "Pairs_folder"),
    ),
    "3.2": (
        *("Training_source", "Training_target", "model_name", "model_path", "Overwrite_model", "down_factor"),
        *("number_of_epochs", "time_limit_minutes", "model_size", "Use_Default_Advanced_Parameters", "batch_size"),
        *("percentage_validation", "initial_learning_rate", "number_of_patches", "source_patch_size"),
        *("learning_rate_schedule", "patience", "output"),
    ),
    "3.3": ("Use_Data_augmentation", "Rotation", "horizontal_flip", "vertical_flip"),
    "3.4": ("Use_pretrained_model", "pretrained_model_choice", "Weights_choice", "pretrained_model_path"),
    "4.2": ("Continue_training",),
    "5": ("Use_the_current_trained_model", "QC_model_folder", "QC_down_factor"),
    "5.2": ("Source_QC_folder", "Target_QC_folder"),
    "6.1": (
        *("Data_folder", "Result_folder", "Intensities", "Predict_with_the_current_trained_model"),
        *("Prediction_model_folder", "Prediction_down_factor"),
    ),
    "7.1": (
        *("Bundle_name", "Structure", "Modality", "Author", "Affiliation", "GitHub_user", "License", "Training_data"),
        "Rewrite_recipe",
    ),
    "7.2": ("Fiji_folder",),
}
_SECTION = {name: section for section, names in SECTIONS.items() for name in names}


def answer(name: str) -> Any:
    """What the form holds for a field.

    Raises
    ------
    DfcanError
        If the form has not been run.
    """
    variables = get_ipython().user_ns
    if name not in variables:
        raise DfcanError(f"run section {_SECTION[name]} first: its form asks for {name}")
    return variables[name]


def folder(name: str) -> Path:
    """A folder that a form asks for.

    Raises
    ------
    DfcanError
        If the form has not been run, or the field is empty.
    """
    entered = str(answer(name)).strip()
    if not entered:
        raise DfcanError(f"{name} is empty: enter a folder in section {_SECTION[name]}")
    return Path(entered)
