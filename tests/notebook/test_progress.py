"""Long work in a notebook shows a bar, and leaves what is said beside it alone."""

import nbformat
from nbclient import NotebookClient

CELL = """
from dfcan_bmz.console import screen

screen.begin("predicting", 3, "tiles")
for image in (1, 2, 3):
    screen.step(f"image {image} of 3")
    print("said", image)
screen.done()
"""


def test_a_notebook_shows_a_bar_and_no_lines_of_progress():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    bar, *texts = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in bar["data"]
    assert bar["data"]["text/plain"].startswith("predicting:")
    assert "".join(output["text"] for output in texts) == "said 1\nsaid 2\nsaid 3\n"
    states = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    assert 3 in [entry["state"].get("max") for entry in states]
