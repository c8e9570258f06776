"""The bundle's README, filled from the recipe and the run folder's own records."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from dfcan_bmz.bundle.describe import output_halo
from dfcan_bmz.bundle.recipe import Recipe
from dfcan_bmz.config import Config
from dfcan_bmz.normalize import HIGH_PERCENTILE, LOW_PERCENTILE
from dfcan_bmz.run_folder import Row, best_row


def card(recipe: Recipe, config: Config, provenance: dict[str, Any], history: list[Row]) -> str:
    """Markdown of the bundle's README."""
    environment = Environment(
        loader=PackageLoader("dfcan_bmz.bundle"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, not HTML
    )
    return environment.get_template("README.md.j2").render(
        recipe=recipe,
        model=config.model,
        data=config.data,
        train=config.train,
        scale=config.model.scale,
        target=config.data.target,
        halo=output_halo(recipe, config),
        low=LOW_PERCENTILE,
        high=HIGH_PERCENTILE,
        provenance=provenance,
        history=history,
        best=best_row(history),
        minutes=sum(row["seconds"] for row in history) / 60,
    )
