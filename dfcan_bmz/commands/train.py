"""``dfcan-bmz train``: pairs to a run folder."""

from collections.abc import Callable
from pathlib import Path

from dfcan_bmz.console import Screen
from dfcan_bmz.run_folder import Row
from dfcan_bmz.training.run import train


def run(
    lr: Path,
    hr: Path,
    out: Path,
    config: Path | None,
    settings: list[str] | None,
    resume: bool,
    overwrite: bool,
    watch: Callable[[Row], None] | None = None,
) -> None:
    """Train, and show it; `watch` is called with each new row of the history."""
    screen = Screen() if watch is None else _Watched(watch)
    train(lr, hr, config, out, overrides=settings or [], resume=resume, overwrite=overwrite, events=screen)


class _Watched(Screen):
    def __init__(self, watch: Callable[[Row], None]) -> None:
        super().__init__()
        self._watch = watch

    def epoch(self, row: Row) -> None:
        super().epoch(row)
        self._watch(row)
