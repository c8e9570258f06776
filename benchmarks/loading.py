"""What the data side of a training costs: memory for a set of any size, and the time that the network waits for it.

python benchmarks/loading.py GIGABYTES [PATCHES]

The set has the sizes of BioSR (502 px, x2, 16-bit). Its files are hard links to a few dozen images, so that 50 GB of
pairs need 0.2 GB of disk; the data side cannot tell, but finds them in the page cache, which a slow disk is not.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.data.loading import loaded
from dfcan_bmz.data.pairs import find_pairs, open_pair
from dfcan_bmz.data.patches import Patches, batch, random_patches
from dfcan_bmz.data.planes import Plane, prepare

LR_PX, SCALE, DISTINCT = 502, 2, 72
PATCH_PX, BATCH, PER_IMAGE = 64, 8, 3
AUGMENT = ["hflip", "vflip", "rot90"]


def write_set(folder: Path, gigabytes: float) -> int:
    """Write pairs until their files add up to `gigabytes`; the number of pairs."""
    rng = np.random.default_rng(0)
    for kind, side in (("lr", LR_PX), ("hr", LR_PX * SCALE)):
        (folder / kind).mkdir()
        for index in range(DISTINCT):
            pixels = rng.poisson(rng.gamma(0.5, 400, (side, side))).astype(np.uint16)
            images.write(
                folder / kind / f"{index:06d}.tif", pixels, calibration=images.Calibration.square(62.6 * LR_PX / side)
            )
    size = sum((folder / kind / "000000.tif").stat().st_size for kind in ("lr", "hr"))
    count = max(DISTINCT, int(gigabytes * 1e9 / size))
    for index in range(DISTINCT, count):
        for kind in ("lr", "hr"):
            os.link(folder / kind / f"{index % DISTINCT:06d}.tif", folder / kind / f"{index:06d}.tif")
    return count


def peak_megabytes() -> float:
    """The most memory that this process has held, mapped files included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def measure_memory(folder: Path, most_patches: int) -> list[Plane]:
    """Prepare the whole set and cut patches from it."""
    before, start = peak_megabytes(), time.perf_counter()
    pairs = find_pairs(folder / "lr", folder / "hr")
    planes = [plane for pair in pairs for plane in prepare(*open_pair(pair, SCALE), "own")]
    print(f"{len(pairs)} pairs read once in {time.perf_counter() - start:.0f} s", flush=True)
    patches = random_patches(planes, PER_IMAGE, PATCH_PX, AUGMENT, np.random.default_rng(0))[:most_patches]
    start = time.perf_counter()
    for _ in loaded(patches, BATCH):
        pass
    each = (time.perf_counter() - start) / len(patches)
    print(f"{len(patches)} patches of {PATCH_PX} px cut at {1e3 * each:.2f} ms each")
    print(f"peak memory {peak_megabytes():.0f} MB, of which {before:.0f} MB before any data", flush=True)
    return planes


def measure_waiting(patches: Patches) -> None:
    """Train a small network, and time what it waits for."""
    from dfcan_bmz.config import Config
    from dfcan_bmz.models import build_model

    sizes = {"filters": 16, "groups": 2, "blocks": 2, "output": "linear"}
    model = build_model(Config.model_validate({"model": sizes}).model, np.random.default_rng(0))
    model.compile(optimizer="adam", loss="mse")
    model.train_on_batch(*batch(patches[:BATCH]))  # which builds the graph
    waited, started = 0.0, time.perf_counter()
    batches = loaded(patches, BATCH)
    while True:
        asked = time.perf_counter()
        ready = next(batches, None)
        if ready is None:
            break
        waited += time.perf_counter() - asked
        model.train_on_batch(*ready)
    total = time.perf_counter() - started
    steps = len(patches) // BATCH
    asked = time.perf_counter()
    for step in range(steps):
        batch(patches[step * BATCH : (step + 1) * BATCH])
    alone = time.perf_counter() - asked
    print(
        f"{steps} steps of {1e3 * total / steps:.1f} ms: the network waits for {100 * waited / total:.2f} % of it; "
        f"without the thread that runs ahead it would wait for {100 * alone / (total - waited + alone):.1f} %"
    )


def main() -> None:
    """Write a set, measure, remove it."""
    gigabytes, most_patches = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as scratch:
        count = write_set(Path(scratch), gigabytes)
        print(f"{count} pairs, {gigabytes:g} GB", flush=True)
        planes = measure_memory(Path(scratch), most_patches)
        few = random_patches(planes[:DISTINCT], 6, PATCH_PX, AUGMENT, np.random.default_rng(1))[: 50 * BATCH]
        measure_waiting(few)


if __name__ == "__main__":
    main()
