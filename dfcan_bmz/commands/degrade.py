"""``dfcan-bmz degrade``: training pairs from high-resolution images alone."""

from pathlib import Path
from typing import Any

from dfcan_bmz import images
from dfcan_bmz.console import screen
from dfcan_bmz.sets.degrade import degrade


def run(hr_dir: Path, out: Path, scale: int, preset: str, like: list[Path] | None = None, **options: Any) -> None:
    degrade(hr_dir, out, scale, preset, like=like or [], events=screen, **options)
    pairs = len(images.find(out / "lr"))
    print(f"{out}: {pairs} pairs, LR {scale} times smaller; train with --lr {out}/lr --hr {out}/hr")
