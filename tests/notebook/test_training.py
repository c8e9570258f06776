"""Section 4 of the notebook: the forms count, and what is there is kept."""

import shutil
from pathlib import Path

import pytest

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.notebook import pictures, training
from dfcan_bmz.notebook.answers import answer
from dfcan_bmz.notebook.words import spoken


@pytest.fixture
def started(monkeypatch):
    """Settings and run folder of each training that was started."""
    found = []
    monkeypatch.setattr(
        training.train, "run", lambda lr, hr, out, config, overrides, *_: found.append((out, overrides))
    )
    return found


@pytest.fixture
def trained(filled_in, tiny_run, pairs_folder, monkeypatch):
    """A finished training where the forms let one be made; what is displayed of it."""
    shutil.copytree(tiny_run, "models/dfcan_model")
    filled_in |= {"Training_source": str(pairs_folder / "lr"), "Training_target": str(pairs_folder / "hr")}
    shown = []
    monkeypatch.setattr(pictures, "display", lambda content, **_: shown.append(content))
    return shown


def test_start_reads_the_forms_as_they_are_now(filled_in, started, monkeypatch):
    monkeypatch.setattr(pictures, "live_plot", lambda run, epochs: None)
    training.start()
    filled_in |= {"model_name": "another", "number_of_epochs": 3, "model_size": "small", "Rotation": False}
    training.start()
    (first, before), (second, after) = started
    assert (first, second) == (Path("models/dfcan_model"), Path("models/another"))
    assert set(after) - set(before) == {
        "train.epochs=3",
        "model.filters=16",
        "model.groups=2",
        "model.blocks=2",
        "data.augment=[hflip, vflip]",
    }


def test_the_advanced_parameters_count_once_the_default_is_unticked(filled_in):
    filled_in |= {"batch_size": 2, "percentage_validation": 25}
    assert not [line for line in training.settings() if "batch_size" in line or "validation" in line]
    filled_in["Use_Default_Advanced_Parameters"] = False
    assert {"train.batch_size=2", "data.validation=0.25"} <= set(training.settings())


def test_first_weights_bring_their_network_along(filled_in):
    filled_in |= {"Use_pretrained_model": True, "pretrained_model_path": "actin-x2", "model_size": "published"}
    assert "train.init=actin-x2" in training.settings()
    assert not [line for line in training.settings() if line.startswith("model.filters")]


def test_a_form_that_was_not_run_is_asked_for(filled_in, started):
    del filled_in["Rotation"]
    with pytest.raises(DfcanError, match=r"run section 3\.3 first: its form asks for Rotation"):
        training.start()
    filled_in["Training_source"] = " "
    with pytest.raises(DfcanError, match=r"Training_source is empty: enter a folder in section 3\.2"):
        training.prepare()
    assert answer("model_name") == "dfcan_model"


def test_a_refused_start_keeps_the_model_and_shows_its_curves_and_its_log(trained, filled_in, started, capsys):
    before = Path("models/dfcan_model/history.csv").read_bytes()
    with pytest.raises(DfcanError, match="tick Continue_training to continue it, or Overwrite_model"):
        training.start()
    assert started == []
    assert Path("models/dfcan_model/history.csv").read_bytes() == before
    assert [type(content).__name__ for content in trained] == ["Image"]
    assert len([line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch ")]) == 2


def test_continue_with_a_new_name_says_what_to_untick(trained, filled_in, started):
    filled_in |= {"Continue_training": True, "model_name": "new"}
    with pytest.raises(DfcanError, match=r"untick Continue_training.* model_name .*\(models has dfcan_model\)"):
        training.start()
    filled_in |= {"model_name": "dfcan_model", "Overwrite_model": True}
    with pytest.raises(DfcanError, match="both ticked"):
        training.start()
    assert started == []


REFUSALS = {
    "other settings": {"Continue_training": True, "Use_Default_Advanced_Parameters": False, "batch_size": 3},
    "wrong factor": {"model_name": "new", "down_factor": 3},
    "large patches": {"model_name": "new", "Use_Default_Advanced_Parameters": False, "source_patch_size": 64},
    "wrong range": {"model_name": "new", "number_of_epochs": 0},
    "no such weights": {"model_name": "new", "Use_pretrained_model": True, "pretrained_model_path": "none_of_this"},
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_the_package_refuses_is_told_in_names_of_forms(case, trained, filled_in):
    filled_in |= REFUSALS[case]
    with pytest.raises(DfcanError) as refusal:
        training.start()
    told = spoken(str(refusal.value))
    assert "--" not in told
    assert not any(f"{section}." in told for section in ("train", "data", "model"))


def test_swapped_folders_are_told_without_options(trained, filled_in):
    filled_in |= {"model_name": "new", "Training_source": filled_in["Training_target"]}
    filled_in["Training_target"] = filled_in["Training_source"].removesuffix("hr") + "lr"
    with pytest.raises(DfcanError) as refusal:
        training.start()
    assert spoken(str(refusal.value)).endswith("swap the two folders in the form")
