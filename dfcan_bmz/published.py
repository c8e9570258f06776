"""The models that are published with the package: run folders, in ``rdf/`` of a checkout or inside an installed wheel.

::

    rdf/NAME/              the run folder, without what only a resumed training needs
    packaging/NAME.yaml    the recipe of its bundle
"""

from pathlib import Path

from dfcan_bmz.run_folder import WEIGHTS
from dfcan_bmz.yaml_files import read_yaml

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "rdf"
FOLDER = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "rdf"


def models() -> dict[str, Path]:
    """Run folders by name."""
    return {run.name: run for run in sorted(FOLDER.glob("*")) if (run / WEIGHTS).is_file()}


def recipe(run: Path) -> Path:
    """The recipe from which the bundle of a published run folder is packaged."""
    recipes = _PACKAGE / "recipes" if _INSTALLED.is_dir() else _PACKAGE.parent / "packaging"
    return recipes / f"{run.name}.yaml"


def nickname(run: Path) -> str:
    """The adjective-animal name of a published model."""
    return read_yaml(recipe(run))["nickname"]


def find(name: str) -> Path | None:
    """Run folder of a published model by its name or nickname; None where there is none."""
    known = models()
    return known.get(name) or next((run for run in known.values() if nickname(run) == name), None)


def is_published(run: Path) -> bool:
    """Whether a folder is one of the published run folders."""
    return run.resolve().parent == FOLDER.resolve()
