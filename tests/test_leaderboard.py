"""Of the leaderboard in benchmarks/: its table is what was measured, and models of others run on images of any size."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from dfcan_bmz import interpolation
from dfcan_bmz.errors import DfcanError

LEADERBOARD = Path(__file__).parents[1] / "benchmarks" / "leaderboard"


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(LEADERBOARD)


def test_the_table_of_the_readme_is_that_of_results_csv(tmp_path):
    from results import README, read_results, write_table

    copy = tmp_path / "README.md"
    copy.write_text(README.read_text(encoding="utf-8"), encoding="utf-8")
    write_table(read_results(), copy)
    assert copy.read_text(encoding="utf-8") == README.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory) -> Path:
    """A bundle as others write it: zero mean, unit variance, steps of 4 px, an output as large as the input."""
    torch = pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("stranger")
    torch.jit.trace(torch.nn.Identity(), torch.zeros(1, 1, 64, 64)).save(str(folder / "weights.pt"))
    image = np.random.default_rng(0).poisson(40, (1, 1, 64, 64)).astype(np.float32)
    np.save(folder / "in.npy", image)
    np.save(folder / "out.npy", (image - image.mean()) / (image.std() + 1e-6))
    (folder / "doc.md").write_text("# Identity\n\n## Validation\nnone\n", encoding="utf-8")
    shape = {"min": [1, 1, 64, 64], "step": [0, 0, 4, 4]}
    normal = {"name": "zero_mean_unit_variance", "kwargs": {"mode": "per_sample", "axes": "cyx"}}
    same = {"reference_tensor": "raw", "scale": [1.0] * 4, "offset": [0] * 4}
    tensor = {"axes": "bcyx", "data_type": "float32"}
    description = {
        "format_version": "0.4.10",
        "type": "model",
        "name": "Identity",
        "description": "What comes in goes out.",
        "authors": [{"name": "Some One"}],
        "cite": [{"text": "none", "doi": "10.1000/182"}],
        "license": "MIT",
        "documentation": "doc.md",
        "timestamp": "2023-01-01T00:00:00",
        "inputs": [tensor | {"name": "raw", "shape": shape, "preprocessing": [normal]}],
        "outputs": [tensor | {"name": "same", "shape": same}],
        "test_inputs": ["in.npy"],
        "test_outputs": ["out.npy"],
        "weights": {"torchscript": {"source": "weights.pt", "pytorch_version": torch.__version__.split("+")[0]}},
    }
    (folder / "rdf.yaml").write_text(yaml.safe_dump(description), encoding="utf-8")
    path = folder / "stranger.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for file in sorted(folder.iterdir()):
            if file != path:
                packed.write(file, file.name)
    return path


@pytest.mark.parametrize("shape", [(61, 70), (64, 64)])
def test_a_bundle_of_others_enlarges_images_of_any_size(stranger, shape):
    from others import through_core

    lr = np.random.default_rng(1).poisson(50, shape).astype(np.uint16)
    found = through_core(stranger)(lr)
    expected = interpolation.bicubic(lr.astype(np.float32), 2)
    assert found.shape == expected.shape
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99  # its border was mirrored, its units are others


def test_a_bundle_that_core_cannot_open_is_an_error_with_its_reason(stranger, tmp_path):
    from others import through_core

    with zipfile.ZipFile(stranger) as packed:
        packed.extractall(tmp_path)
    description = tmp_path / "rdf.yaml"
    elsewhere = description.read_text(encoding="utf-8").replace("weights.pt", "elsewhere.pt")
    description.write_text(elsewhere, encoding="utf-8")
    with pytest.raises(DfcanError, match=r"(?s)cannot open .*rdf.yaml.*elsewhere.pt"):
        through_core(description)


@pytest.mark.parametrize(("size", "side", "expected"), [(128, 100, 128), (128, 520, 520)])
def test_a_fixed_size_is_filled_up_and_never_cut(size, side, expected):
    from others import allowed

    assert allowed(size, side) == expected
