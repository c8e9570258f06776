"""``dfcan-bmz models``: the published models, and what of the zoo is kept on this computer."""

import json
import textwrap
from typing import Any

from dfcan_bmz.bundle.catalogue import Entry, Figure, catalogue
from dfcan_bmz.bundle.evaluations import Row
from dfcan_bmz.bundle_file import named

WIDTH = 80


def run(as_json: bool) -> None:
    entries = catalogue()
    if as_json:
        print(json.dumps([_facts(entry) for entry in entries], indent=2))
        return
    for entry in entries:
        print("\n".join(_lines(entry)) + "\n")
    kept = sorted((named.cache() / "zoo").glob("*.zip"))
    for path in kept:
        print(f"{path.stem}: of the BioImage Model Zoo, kept as {path}")
    print("a name, or a name of bioimage.io, does wherever a command takes a model: dfcan-bmz predict em-x2 IMAGE ...")


def _lines(entry: Entry) -> list[str]:
    size = f"x{entry.scale}, {entry.parameters:,} parameters, {entry.size / 1e6:.1f} MB"
    lines = [f"{entry.name} {entry.version} ({entry.nickname}): {size}"]
    lines += _wrapped(entry.description)
    for figure in entry.figures:
        lines += _wrapped(_told(figure))
    return [*lines, *(f"  {path}" for path in entry.pictures)]


def _told(figure: Figure) -> str:
    fields = f"{figure.fields} field{'s' * (figure.fields != 1)} of view"
    title = figure.title.replace("`", "")
    return f"{title} (n = {figure.images} images of {fields}): {_scores(figure.model)}; {_scores(figure.baseline)}"


def _scores(row: Row) -> str:
    return f"{row.method} {row.psnr.mean:.2f} dB, SSIM {row.ssim.mean:.3f}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _facts(entry: Entry) -> dict[str, Any]:
    facts = entry._asdict() | {"run": str(entry.run), "pictures": list(map(str, entry.pictures))}
    return facts | {"figures": [_numbers(figure) for figure in entry.figures]}


def _numbers(figure: Figure) -> dict[str, Any]:
    numbers = {
        kind: {"method": row.method, "psnr": row.psnr.mean, "ssim": row.ssim.mean}
        for kind, row in (("model", figure.model), ("baseline", figure.baseline))
    }
    return figure._asdict() | numbers
