"""The notebook from top to bottom."""

import re
import zipfile

import nbformat
import pytest
from conftest import REPOSITORY
from nbclient import NotebookClient

NOTEBOOK = REPOSITORY / "notebooks/dfcan_zerocost.ipynb"
# what makes two minutes of a run that would take twenty
SMALL = {
    "Example_fields": 3,
    "Example_size": 32,
    "Example_light_levels": 1,
    "number_of_epochs": 2,
    "Use_Default_Advanced_Parameters": False,
    "batch_size": 4,
    "source_patch_size": 16,
    "model_size": "small",
    "output": "linear",
}


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook after a run with small values typed into its forms; its folder."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in code_cells(notebook):
        for name, value in SMALL.items():
            cell.source = re.sub(rf"^{name} = .+?  # @param", f"{name} = {value!r}  # @param", cell.source, flags=re.M)
    assert all(
        f"{name} = {value!r}" in "\n".join(cell.source for cell in notebook.cells) for name, value in SMALL.items()
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KERAS_BACKEND")  # trained by what is fastest here
        client = NotebookClient(notebook, timeout=1200, kernel_name="python3", resources={"metadata": {"path": folder}})
        client.execute()
    return notebook, folder


def test_the_notebook_runs_from_top_to_bottom(executed):
    _, folder = executed
    for name in ("config.yaml", "model.keras", "last.keras", "history.csv"):
        assert (folder / "models/dfcan_model" / name).is_file()
    assert len(list((folder / "Quality_control/dfcan_model/Prediction").glob("*.tif"))) == 2
    assert (folder / "models/dfcan_model/evaluation/quality-control/metrics.csv").is_file()
    assert len(list((folder / "prediction_results").glob("*.tif"))) == 2
    assert (folder / "dfcan_model.zip").is_file()
    with zipfile.ZipFile(folder / "dfcan_model.zip") as bundle:
        assert "### quality-control" in bundle.read("README.md").decode()
    record = (folder / "dfcan_model_record.html").read_text(encoding="utf-8")
    assert "for\n2 epochs on 2 pairs" in record
    assert "<td>affine</td>" in record


def test_every_form_appears_as_widgets_and_the_training_draws_its_curves(executed):
    notebook, _ = executed
    for cell in code_cells(notebook):
        kinds = [kind for output in cell.outputs for kind in output.get("data", {})]
        if "forms.show()" in cell.source:
            assert "application/vnd.jupyter.widget-view+json" in kinds
        if "sharing.predict()" in cell.source:
            assert "predicting:" in str(cell.outputs)
        if "sharing.package()" in cell.source:
            assert "enter your GitHub user name as GitHub_user" in str(cell.outputs)
        if "Start training" in cell.source:
            assert "image/png" in kinds
            assert "Epoch 2 of 2" in str(cell.outputs)
        told = [output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stderr"]
        # the example is too small for all scales of MS-SSIM, and the form of the maintainer is empty: both are told
        assert [line for line in "".join(told).splitlines() if not line.startswith(("warning: ", "note: "))] == [], (
            cell.source
        )
