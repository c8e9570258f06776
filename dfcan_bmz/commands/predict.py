"""``dfcan-bmz predict``: images of any size to super-resolved images."""

from pathlib import Path
from typing import Any

from dfcan_bmz.console import screen
from dfcan_bmz.prediction.files import predict_files
from dfcan_bmz.prediction.job import Options


def run(model: Path, inputs: list[Path], out: Path, **options: Any) -> None:
    predict_files(model, inputs, out, Options(**options), screen)
