"""What a bundle is made of: a person's recipe, and the records of a run folder."""

from math import lcm
from pathlib import Path
from typing import Any, NamedTuple

from dfcan_bmz import run_folder
from dfcan_bmz.bundle.evaluations import Evaluation, read_evaluations
from dfcan_bmz.bundle.recipe import Recipe, SizedRecipe, with_tile
from dfcan_bmz.config import Config
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.models import reach
from dfcan_bmz.tiling import automatic_halo


class Source(NamedTuple):
    """What a bundle is made of.

    Attributes
    ----------
    recipe : SizedRecipe
        What a person wrote.
    config, provenance, history, evaluations
        What the run folder records.
    halo : int
        Output pixels cropped from each side of a tile.
    error_bar : float or None
        As `Model` has it.
    """

    recipe: SizedRecipe
    config: Config
    provenance: dict[str, Any]
    history: list[run_folder.Row]
    evaluations: list[Evaluation]
    halo: int
    error_bar: float | None

    @property
    def enlarged(self) -> int:
        """How many times the LR image is enlarged to be the bundle's input: once, or as often as the output is."""
        return self.config.model.scale if self.recipe.same_size else 1

    @property
    def training_s(self) -> float:
        """How long the training took, in seconds."""
        return sum(row["seconds"] for row in self.history)


def read_source(run: Path, recipe: Recipe) -> Source:
    """Read the records of a run folder, and refuse a recipe that does not fit them.

    Raises
    ------
    DfcanError
        If the run folder has not finished an epoch, or the recipe is for another network.
    """
    config, history = run_folder.read_config(run), run_folder.read_history(run)
    if not history:
        raise DfcanError(f"{run} has not finished an epoch: continue with `dfcan-bmz train --resume`")
    sized = with_tile(recipe, config)
    if sized.same_size and config.model.inputs > 1:
        raise DfcanError(
            f"recipe: input {recipe.input} is for one frame, {run} takes {config.model.inputs}: leave it out"
        )
    evaluations = read_evaluations(run, config.data.target)
    if unknown := recipe.evaluations.keys() - {evaluation.name for evaluation in evaluations}:
        raise DfcanError(
            f"recipe: evaluations names {', '.join(sorted(unknown))}, and there is no such folder in "
            f"{run / run_folder.EVALUATION}: write it with `dfcan-bmz evaluate`"
        )
    provenance = run_folder.read_provenance(run)
    halo = output_halo(sized, config)
    return Source(sized, config, provenance, history, evaluations, halo, run_folder.error_bar(run))


def output_halo(recipe: SizedRecipe, config: Config) -> int:
    """Halo in output pixels that a recipe means for a network.

    Raises
    ------
    DfcanError
        If the recipe's halo is no multiple of lcm(2, s) or leaves nothing of the tile.
    """
    s = config.model.scale
    if recipe.halo == "auto":
        return automatic_halo(recipe.tile, reach(config.model), s)
    if recipe.halo < 1 or recipe.halo % lcm(2, s) or 2 * recipe.halo >= recipe.tile * s:
        raise DfcanError(
            f"recipe: halo is {recipe.halo}: give a multiple of {lcm(2, s)} (output pixels) below half of the "
            f"{recipe.tile * s} px of an output tile, or auto"
        )
    return recipe.halo
