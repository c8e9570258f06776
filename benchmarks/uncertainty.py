"""What the evaluations in ``rdf/`` say of uncertainty: a table for docs/evaluation.md, one for docs/prediction.md.

python benchmarks/uncertainty.py

`dfcan-bmz evaluate --uncertainty` measured the figures, docs/results/published.md has the commands.
"""

from collections.abc import Iterator

from dfcan_bmz import published
from dfcan_bmz.bundle.evaluations import read_evaluations
from dfcan_bmz.bundle.recipe import read_recipe
from dfcan_bmz.evaluation.coverage import Orientations
from dfcan_bmz.run_folder import read_config

COVERAGE = """\
| model | images | | within the disagreement | within twice | factor | structure: within | within twice | factor |
|---|---|---|---|---|---|---|---|---|
"""
ENSEMBLES = """\
| model | images | | PSNR | SSIM |
|---|---|---|---|---|
"""


def rows() -> Iterator[tuple[str, Orientations]]:
    """First cells of a row, and the means of an evaluation."""
    for name, run in published.models().items():
        recipe = read_recipe(published.recipe(run))
        for evaluation in read_evaluations(run, read_config(run).data.target):
            if evaluation.orientations:
                count, found = evaluation.orientations
                yield f"| `{name}` {recipe.version} | {evaluation.name} | {count} |", found


def coverage_row(found: Orientations) -> str:
    """Shares within one and two spreads, and the factor; of all pixels, and of structure."""
    shares = [f"{100 * share:.0f} %" for share in (found.within, found.within_twice)]
    bright = [f"{100 * share:.0f} %" for share in (found.structure_within, found.structure_within_twice)]
    return " | ".join([*shares, f"{found.factor:.1f}", *bright, f"{found.structure_factor:.1f}"])


def ensemble_row(found: Orientations) -> str:
    """From one orientation to the mean of all."""
    gain, closer = found.ensemble_psnr - found.psnr, found.ensemble_ssim - found.ssim
    return (
        f"{found.psnr:.2f} → {found.ensemble_psnr:.2f} dB ({gain:+.2f}) | "
        f"{found.ssim:.3f} → {found.ensemble_ssim:.3f} ({closer:+.4f})"
    )


def tables() -> tuple[str, str]:
    """Both tables in Markdown."""
    found = list(rows())
    return (
        COVERAGE + "".join(f"{cells} {coverage_row(means)} |\n" for cells, means in found),
        ENSEMBLES + "".join(f"{cells} {ensemble_row(means)} |\n" for cells, means in found),
    )


if __name__ == "__main__":
    print(*tables(), sep="\n")
