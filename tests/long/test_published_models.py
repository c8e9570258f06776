"""Every model of rdf/ is what its recipe and its run folder make of it, and runs in every engine."""

import re
import zipfile
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY, command_line
from long.published import without_measurements, without_versions

MODELS = sorted(path.parent.name for path in REPOSITORY.glob("rdf/*/config.yaml"))
LARGEST = 10e6  # bytes of weights that a repository holds without Git LFS


@pytest.fixture(scope="module", params=MODELS)
def built(request, tmp_path_factory) -> tuple[Path, Path]:
    """A published folder, and the bundle made of it: which exists only if every format has passed in its engine."""
    folder, bundle = REPOSITORY / "rdf" / request.param, tmp_path_factory.mktemp("bundles") / f"{request.param}.zip"
    recipe = REPOSITORY / "packaging" / f"{request.param}.yaml"
    answer = command_line("package", folder, "--recipe", recipe, "--out", bundle)
    assert answer.returncode == 0, answer.stderr
    return folder, bundle


def test_the_texts_are_as_generated(built):
    folder, bundle = built
    with zipfile.ZipFile(bundle) as archive:
        text, measured = without_measurements(archive.read("README.md").decode())
        published, before = without_measurements((folder / "README.md").read_text(encoding="utf-8"))
        ours = yaml.safe_load((folder / "rdf.yaml").read_text(encoding="utf-8"))
        assert without_versions(yaml.safe_load(archive.read("rdf.yaml"))) == without_versions(ours)
    assert text == published
    # what a processor rounds is small; that a whole image differs from its tiles is no matter of rounding
    for engines, whole in (measured, before):
        assert 0 < engines < 1e-5
        assert 1e-3 < whole < 0.5
    assert measured[1] == pytest.approx(before[1], rel=0.2)


def test_the_bundle_has_three_formats_and_the_weights_are_small(built):
    folder, bundle = built
    with zipfile.ZipFile(bundle) as archive:
        weights = yaml.safe_load(archive.read("rdf.yaml"))["weights"]
    assert weights.keys() == {"keras_v3", "torchscript", "onnx"}
    assert (folder / "model.keras").stat().st_size < LARGEST


def test_the_card_says_what_was_measured_and_where_it_fails(built):
    folder, _ = built
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for heading in ("## Intended use", "## Training", "## Evaluation", "## Limits"):
        assert heading in readme
    assert "smoothed bicubic" in readme
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", readme)
    assert pictures
    assert all((folder / picture).stat().st_size < 500_000 for picture in pictures)
