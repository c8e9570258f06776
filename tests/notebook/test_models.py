from pathlib import Path

import pytest

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.notebook.models import chosen_model, metrics_folder


def test_the_current_model_or_another_one(tiny_run):
    assert chosen_model(True, tiny_run, "", 3) == tiny_run
    assert chosen_model(False, Path("none"), str(tiny_run), 2) == tiny_run


def test_a_wrong_factor_or_no_model_is_refused(tiny_run):
    with pytest.raises(DfcanError, match="a model for x2, the form says x3"):
        chosen_model(False, tiny_run, str(tiny_run), 3)
    with pytest.raises(DfcanError, match="no model is chosen"):
        chosen_model(False, tiny_run, "", 2)
    with pytest.raises(DfcanError, match="does not exist"):
        chosen_model(True, Path("none"), "", 2)


def test_figures_of_a_run_are_kept_where_its_bundle_finds_them(tmp_path):
    assert metrics_folder(tmp_path).parent == tmp_path / "evaluation"
    (tmp_path / "actin.zip").touch()
    assert metrics_folder(tmp_path / "actin.zip") == Path("Quality_control/actin/Metrics")
