"""Section 3.1: pairs of images, if not from a microscope."""

from pathlib import Path

from dfcan_bmz import cli
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.notebook.answers import answer, folder
from dfcan_bmz.notebook.words import speaking

EXAMPLE = Path("example")


def make_example() -> None:
    """Simulate pairs for the training and for the quality control."""
    structure, size, levels = (answer(f"Example_{name}") for name in ("structure", "size", "light_levels"))
    for name, pairs, seed in (("Training_dataset", answer("Example_fields"), 0), ("Quality_control_dataset", 2, 1)):
        with speaking():
            cli.simulate(
                EXAMPLE / name, structure=structure, size=size, levels=levels, pairs=pairs, seed=seed, overwrite=True
            )


def make_pairs() -> None:
    """Make pairs from the one source that the form names.

    Raises
    ------
    DfcanError
        If it names several.
    """
    sources = ("BioSR_folder", "High_resolution_folder", "Images_without_partners")
    named = [name for name in sources if str(answer(name)).strip()]
    if not named:
        print(f"nothing to do: {', '.join(sources)} are all empty, and that is right if you have pairs")
        return
    if len(named) > 1:
        raise DfcanError(f"{' and '.join(named)} are filled in: leave one of them, and empty the others")
    source, out = folder(named[0]), folder("Pairs_folder")
    with speaking():
        if named == ["BioSR_folder"]:
            cli.import_biosr(source, out)
        elif named == ["High_resolution_folder"]:
            cli.degrade(source, out, scale=answer("Degradation_factor"), preset=answer("Degradation"))
        else:
            fields, structure = answer("Simulated_fields"), answer("Structure_of_them")
            cli.simulate(out, like=[source], structure=structure, pairs=fields, scale=answer("Degradation_factor"))
