"""Several trainings that differ in a few settings: what a sweep's YAML file means.

::

    base: {train: {loss: mae}}                  settings of all runs, optional
    grid: {train.learning_rate: [1e-3, 5e-4],   every combination is a run ...
           train.batch_size: [4, 8]}
    runs:                                       ... or one by one
      - name: "6"
        set: {train.learning_rate: 1e-3, train.batch_size: 4}
        reference: {psnr: 29.427, ssim: 0.846}  figures to stand beside ours, optional
"""

import itertools
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dfcan_bmz.yaml_files import read_as


class Run(BaseModel):
    """One training: its name, which is its folder's, its settings, and what somebody else measured."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[\w.=+-]+$")
    set: dict[str, Any]
    reference: dict[str, float] = {}


class Sweep(BaseModel):
    """A whole file."""

    model_config = ConfigDict(extra="forbid")

    base: dict[str, dict[str, Any]] = {}
    grid: dict[str, list[Any]] = {}
    runs: list[Run] = []

    @model_validator(mode="after")
    def _some_runs_of_different_names(self) -> "Sweep":
        names = [run.name for run in self.all_runs()]
        if not names:
            raise ValueError("neither grid nor runs names a training")
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"several runs are called {sorted(repeated)[0]}")
        return self

    def all_runs(self) -> list[Run]:
        """The combinations of the grid, then the runs."""
        combinations = [
            dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values()) if self.grid
        ]
        return [Run(name=_name(settings), set=settings) for settings in combinations] + self.runs

    def varied(self) -> list[str]:
        """Settings that differ between runs, in order of appearance."""
        return list(dict.fromkeys(key for run in self.all_runs() for key in run.set))


def read_sweep(file: Path) -> Sweep:
    """Read a sweep's file.

    Raises
    ------
    DfcanError
        If it is no sweep.
    """
    return read_as(Sweep, file)


def _name(settings: dict[str, Any]) -> str:
    words = (f"{key.rpartition('.')[2]}={value}" for key, value in settings.items())
    return re.sub(r"[^\w.=+-]+", "-", "+".join(words))
