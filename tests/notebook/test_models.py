from pathlib import Path

import pytest

from dfcan_bmz import published
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.notebook.models import chosen_model, metrics_folder


def test_the_current_model_or_another_one(tiny_run, filled_in):
    filled_in |= {"model_path": str(tiny_run.parent), "model_name": tiny_run.name}
    assert chosen_model(True, "", 3) == tiny_run
    assert chosen_model(False, str(tiny_run), 2) == tiny_run


def test_a_published_model_is_chosen_by_its_name_and_nothing_is_written_beside_it(filled_in):
    found = chosen_model(False, "actin-x2", 2)
    assert found == published.models()["actin-x2"]
    assert not metrics_folder(found).is_relative_to(found)


def test_a_wrong_factor_or_no_model_is_refused(tiny_run, filled_in):
    with pytest.raises(DfcanError, match="a model for x2, the form says x3"):
        chosen_model(False, str(tiny_run), 3)
    with pytest.raises(DfcanError, match="no model is chosen"):
        chosen_model(False, "", 2)
    with pytest.raises(DfcanError, match=r"run section 4\.2 first"):
        chosen_model(True, "", 2)


def test_figures_of_a_run_are_kept_where_its_bundle_finds_them(tmp_path):
    assert metrics_folder(tmp_path).parent == tmp_path / "evaluation"
    (tmp_path / "actin.zip").touch()
    assert metrics_folder(tmp_path / "actin.zip") == Path("Quality_control/actin/Metrics")
