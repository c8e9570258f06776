import json
from pathlib import Path

from invoking import invoke

from dfcan_bmz import published


def test_the_list_tells_of_every_model_what_for_how_large_how_good_and_where_its_pictures_are(capsys):
    invoke("models", "--json")
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert entries.keys() == published.models().keys()
    for entry in entries.values():
        assert entry["description"]
        assert entry["scale"] in (2, 3, 4)
        assert entry["size"] == (Path(entry["run"]) / "model.keras").stat().st_size
        assert entry["figures"]
        assert all(Path(picture).is_file() for picture in entry["pictures"])


def test_figures_are_those_of_the_card(capsys):
    invoke("models", "--json")
    for entry in json.loads(capsys.readouterr().out):
        card = (Path(entry["run"]) / "README.md").read_text(encoding="utf-8")
        for figure in entry["figures"]:
            assert f"### {figure['title']}" in card
            assert f"| {figure['model']['psnr']:.2f}" in card
            assert f"| {figure['baseline']['psnr']:.2f}" in card


def test_people_read_lines_that_fit_a_terminal_and_pictures_by_their_paths(capsys):
    invoke("models")
    told = capsys.readouterr().out
    for name, run in published.models().items():
        assert f"{name} " in told
        assert str(run / "cover.png") in told
    assert all(len(line) <= 80 or "/" in line for line in told.splitlines()[:-1])
