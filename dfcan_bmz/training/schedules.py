"""Learning rates as pure functions of what has happened: resuming needs no state of theirs."""

import math

from dfcan_bmz.config import TrainConfig
from dfcan_bmz.run_folder import Row, best_row

RISE = 0.3  # share of a one-cycle training (Smith 2018) in which the rate rises
LOWEST = 0.04  # first rate of the cycle as a share of the highest


def learning_rate(config: TrainConfig, history: list[Row], steps_done: int, steps: int) -> float:
    """Rate of the next step.

    Parameters
    ----------
    config : TrainConfig
        ``learning_rate`` is the first rate of `plateau` and `cosine`, the highest of `onecycle`; over the first
        ``warmup`` steps the rate of any schedule rises in a straight line.
    history : list of Row
        Epochs so far.
    steps_done, steps : int
        Steps that are over, and steps in all.
    """
    rate = config.learning_rate * SCHEDULES[config.schedule](config, history, steps_done / steps)
    return rate * min(1.0, (steps_done + 1) / config.warmup) if config.warmup else rate


def stale_epochs(history: list[Row]) -> int:
    """Epochs since the best validation loss."""
    return int(history[-1]["epoch"] - best_row(history)["epoch"]) if history else 0


def _plateau(config: TrainConfig, history: list[Row], progress: float) -> float:
    """Halve the rate whenever the validation loss has not improved for half the patience of early stopping."""
    factor, best, waited = 1.0, math.inf, 0
    for row in history:
        waited = 0 if row["val_loss"] < best else waited + 1
        best = min(best, row["val_loss"])
        if waited >= max(1, config.patience // 2):
            factor, waited = factor / 2, 0
    return factor


def _cosine(config: TrainConfig, history: list[Row], progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * progress))


def _onecycle(config: TrainConfig, history: list[Row], progress: float) -> float:
    if progress < RISE:
        return LOWEST + (1 - LOWEST) * 0.5 * (1 - math.cos(math.pi * progress / RISE))
    return 0.5 * (1 + math.cos(math.pi * (progress - RISE) / (1 - RISE)))


SCHEDULES = {"plateau": _plateau, "cosine": _cosine, "onecycle": _onecycle}
