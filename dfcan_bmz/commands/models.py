"""``dfcan-bmz models``: the published models, and what of the zoo is kept on this computer."""

import json
import textwrap
from functools import partial

from dfcan_bmz.bundle.catalogue import Entry, as_plain, catalogue
from dfcan_bmz.bundle.evaluations import MethodMeans
from dfcan_bmz.bundle_file import named

wrapped = partial(textwrap.wrap, width=80, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def run(as_json: bool) -> None:
    entries = catalogue()
    if as_json:
        print(json.dumps([as_plain(entry) for entry in entries], indent=2))
        return
    for entry in entries:
        print("\n".join(_lines(entry)) + "\n")
    for path in sorted((named.cache() / "zoo").glob("*.zip")):
        print(f"{path.stem}: from the BioImage Model Zoo, kept as {path}")
    print("a model is given by its name, here or at bioimage.io: dfcan-bmz predict em-x2 IMAGE --out predicted")


def _lines(entry: Entry) -> list[str]:
    size = f"x{entry.scale}, {entry.parameters:,} parameters, {entry.size / 1e6:.1f} MB"
    lines = [f"{entry.name} {entry.version} ({entry.nickname}): {size}", *wrapped(entry.description)]
    for title, images, fields, model, baseline in entry.figures:
        several = f"{images} images of {fields} field{'s' * (fields != 1)} of view"
        lines += wrapped(f"{title.replace('`', '')} (n = {several}): {_scores(model)}; {_scores(baseline)}")
    return [*lines, *(f"  {path}" for path in entry.pictures)]


def _scores(row: MethodMeans) -> str:
    return f"{row.method} {row.psnr.mean:.2f} dB, SSIM {row.ssim.mean:.3f}"
