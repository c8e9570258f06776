"""Tiles a second of a prediction on a local dask cluster, by the number of worker processes with one thread each.

    python benchmarks/scaling.py MODEL [SIDE] [WORKERS ...]

A random image of SIDE x SIDE px goes through MODEL, from a TIFF into OME-Zarr; starting the
processes and loading the model are not counted. The outputs of all runs are compared.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # of a worker; one worker would take both cores otherwise

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.model import Load, loaded, open_model
from dfcan_bmz.prediction.cluster import Cluster, connect
from dfcan_bmz.prediction.job import Job
from dfcan_bmz.prediction.stream import predict_to_file
from dfcan_bmz.prediction.tiles import count_tiles


def main(model: str, side: str = "1344", *workers: str) -> None:
    """Print a Markdown table."""
    load, size = Load(open_model, (Path(model).resolve(),)), int(side)
    tiles = count_tiles(loaded(load), (size, size))
    print(f"{size} x {size} px, {tiles} tiles\n\n| workers | seconds | tiles a second | equal to one process |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "image.tif"
        images.write(source, np.random.default_rng(0).integers(100, 4000, (size, size)).astype(np.uint16))
        image, serial = images.open_lazily(source), None
        for count in workers or ("1", "2"):
            target = Path(folder) / f"{count}.ome.zarr"
            with connect("local", int(count), load.function.__module__) as client:
                client.run(loaded, load)
                cluster = Cluster(client, load)
                job = Job(loaded(load), image, cluster.measure(image), target)
                started = time.perf_counter()
                cluster.predict(job)
                taken = time.perf_counter() - started
            if serial is None:
                predict_to_file(replace(job, target=Path(folder) / "serial.tif"))
                serial = images.read(Path(folder) / "serial.tif").pixels
            difference = np.abs(images.read(target).pixels - serial).max()
            equal = "yes" if difference == 0 else f"within {difference:.0e}"
            print(f"| {count} | {taken:.1f} | {tiles / taken:.1f} | {equal} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
