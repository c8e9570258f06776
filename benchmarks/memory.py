"""The most memory that `dfcan-bmz predict` takes, by the side of the image.

    python benchmarks/memory.py MODEL [SIDE ...]

Random images of SIDE x SIDE px, uncompressed TIFF in and out, each predicted by a process of its own: what is told is
its largest resident set, with Python, the engine and the pages of the mapped files. A full-size MODEL takes an hour
for 8192 px on two processor cores; the memory of a small one grows alike.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from dfcan_bmz import images

SIDES = ("512", "2048", "8192")


def main(model: str, *sides: str) -> None:
    """Print a Markdown table."""
    print("| side, px | output, GB | largest resident set, GB | seconds |\n|---|---|---|---|")
    for side in map(int, sides or SIDES):
        with tempfile.TemporaryDirectory() as folder:
            source, out = Path(folder) / "image.tif", Path(folder) / "out"
            images.write(source, np.random.default_rng(0).integers(100, 4000, (side, side), dtype=np.uint16))
            command = [sys.executable, "-m", "dfcan_bmz", "predict", model, str(source), "--out", str(out)]
            started = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            if status:
                sys.exit(f"predict ended with status {status}")
            taken, output = time.perf_counter() - started, (out / "image.tif").stat().st_size
            print(f"| {side} | {output / 1e9:.2f} | {usage.ru_maxrss * 1024 / 1e9:.2f} | {taken:.0f} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
