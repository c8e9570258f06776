"""What goes wrong in a training, noticed within an epoch: no number, divergence, a flat output.

A training that went wrong goes back to its last good weights, or begins again if its output was flat by then, and goes
on at half the rate, once; the run folder's ``provenance.json`` says so. A second time it ends.
"""

import math
from pathlib import Path

from dfcan_bmz import run_folder
from dfcan_bmz.run_folder import Row
from dfcan_bmz.training.validation import Validation

FLAT = 0.1  # contrast of the output over that of the targets
SETTLED = 2.0  # largest mean of a flat output over that of the targets; fresh weights under a sigmoid give 0.5
PATIENCE = 500  # steps in which a network, which begins near 0, may still be finding its range
DIVERGED = 10.0  # times the best loss of an epoch so far
SLOWER = 0.5


class TrainingTroubleError(Exception):
    """A training went wrong; the message says how."""


def check_step(loss: float, step: int) -> None:
    """Raise `TrainingTroubleError` if the loss is no number."""
    if not math.isfinite(loss):
        raise TrainingTroubleError(f"the loss is {loss} at step {step}")


def check_epoch(row: Row, validated: Validation, history: list[Row], steps: int) -> None:
    """Raise `TrainingTroubleError` if the epoch that just ended left the network worse than useless.

    Parameters
    ----------
    row : Row
        The epoch's figures.
    validated : Validation
        What its weights do on the validation patches.
    history : list of Row
        The epochs before.
    steps : int
        Steps since the beginning of the training.
    """
    if not math.isfinite(row["val_loss"]):
        raise TrainingTroubleError(f"the validation loss is {row['val_loss']}")
    if steps >= PATIENCE and is_flat(validated):
        raise TrainingTroubleError(f"the output is flat: its contrast is {validated.contrast:.1%} of the targets'")
    best = min((earlier["loss"] for earlier in history), default=math.inf)
    if row["loss"] > DIVERGED * best:
        raise TrainingTroubleError(f"the training diverges: a loss of {row['loss']:.3g} after {best:.3g}")


def is_flat(validated: Validation) -> bool:
    """Whether the output is nearly the same everywhere: so it is in a collapse, and at the beginning of a training."""
    return validated.contrast < FLAT and validated.brightness < SETTLED


def rate_factor(run: Path) -> float:
    """What the learning rate is multiplied by: less than 1 after a restart."""
    return run_folder.read_provenance(run).get("restart", {}).get("rate_factor", 1.0)


def note_restart(run: Path, epoch: int, reason: str) -> None:
    """Write into ``provenance.json`` that `epoch` went wrong, why, and that the rate is halved from there on."""
    record = run_folder.read_provenance(run)
    record["restart"] = {"epoch": epoch, "reason": reason, "rate_factor": SLOWER}
    run_folder.write_provenance(run, record)
