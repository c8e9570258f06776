"""Merge sets of pairs into one, to train on all of them: microscopes, structures, or draws of the noise.

python benchmarks/merge_sets.py OUT [--same-fields] SET...

Files are called SET_NAME. With --same-fields a field of view of one set is that of the same name in the others, so that
a split keeps them together; without it each set has fields of its own.
"""

import csv
import shutil
import sys
from pathlib import Path


def rows_of(folder: Path) -> list[dict[str, str]]:
    """Rows of a set's manifest; one file is one field where there is none."""
    manifest = folder / "manifest.csv"
    if manifest.is_file():
        with manifest.open(newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))
    return [{"name": path.stem, "fov": path.stem} for path in sorted((folder / "lr").iterdir())]


def main(out: Path, sets: list[Path], same_fields: bool) -> None:
    """Copy the images of all sets, and write their manifest."""
    merged = []
    for kind in ("lr", "hr"):
        (out / kind).mkdir(parents=True)
    for folder in sets:
        for row in rows_of(folder):
            name = f"{folder.name}_{row['name']}"
            for kind in ("lr", "hr"):
                shutil.copyfile(folder / kind / f"{row['name']}.tif", out / kind / f"{name}.tif")
            merged.append(row | {"name": name, "fov": row["fov"] if same_fields else f"{folder.name}_{row['fov']}"})
    with (out / "manifest.csv").open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, merged[0].keys())
        writer.writeheader()
        writer.writerows(merged)
    shutil.copyfile(sets[0] / "dataset.yaml", out / "dataset.yaml")  # says whether targets share the intensities


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--same-fields"]
    main(Path(arguments[0]), [Path(argument) for argument in arguments[1:]], "--same-fields" in sys.argv)
