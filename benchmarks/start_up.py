"""What every command takes on tiny inputs, most of which is starting: imports, checks, the first call of an engine.

    python benchmarks/start_up.py [WORD ...]

measures the rows with a WORD in their name, or all of them but `demo`, which trains for minutes by design. Each command
is a process of its own. A row has the least wall time of several runs, the user and system CPU seconds of that run with
all child processes, and the resident set of the largest of its processes. The last line tells how busy the machine was:
other programs slow the wall time, and the CPU seconds less.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))

from bundle_files import rewrite  # noqa: E402
from ilastik import program  # noqa: E402
from mrc_files import mrc_bytes  # noqa: E402
from tiny import build as tiny  # noqa: E402

from dfcan_bmz import images  # noqa: E402

QUICK_S = 3  # what takes less is run REPEATS times
REPEATS = 3
ONE_EPOCH = " ".join(f"--set {setting}" for setting in (*tiny.TRAINING, "train.epochs=1"))
PAIRS = "--lr pairs/lr --hr pairs/hr"
COMMANDS = {
    "--help": "--help",
    "models": "models",
    "config": "config",
    "recipe new": "recipe new --run tiny --structure actin --author A --training-data simulated --out recipe.yaml",
    "inspect, images": "inspect pairs/lr",
    "inspect, pairs": "inspect pairs",
    "inspect, with pictures": "inspect pairs --out inspected",
    "simulate": "simulate --pairs 1 --levels 1 --size 64 --out simulated",
    "degrade": "degrade pairs/hr --out degraded",
    "import-biosr": "import-biosr biosr --out imported",
    "align": "align pairs --out aligned",
    "predict, run folder": "predict tiny image.tif --out predicted",
    "predict, bundle": "predict tiny.zip image.tif --out predicted-too",
    "trust": "trust tiny image.tif --out mapped",
    "evaluate": f"evaluate tiny {PAIRS} --out evaluated",
    "compare": f"compare tiny maintained.zip {PAIRS} --out compared",
    "train, one epoch": f"train {PAIRS} {ONE_EPOCH} --out run",
    "sweep, one run": f"sweep sweep.yaml {PAIRS} {ONE_EPOCH} --out swept",
    "record": "record tiny --out record.html",
    "package": "package tiny --recipe tiny.yaml --out package.zip",
    "check": "check tiny.zip",
    "upload, dry run": "upload maintained.zip",
    "install-fiji": "install-fiji tiny.zip --fiji Fiji --overwrite",
    "ilastik prepare": "ilastik prepare companion.zip image.tif --out prepared",
    "ilastik restore": "ilastik restore exported --out restored",
    "page": "page tiny.zip --out site",
}


class Cost(NamedTuple):
    """Wall time and CPU time in seconds, the largest process in megabytes."""

    wall: float
    cpu: float
    megabytes: float


def measure(arguments: list[str], folder: Path) -> Cost:
    """Run a command in a folder; the benchmark ends where the command fails."""
    command, started = [sys.executable, "-m", "dfcan_bmz", *arguments], time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        if status:
            said.seek(0)
            sys.exit(f"{' '.join(arguments)}\n{said.read().decode()}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def prepare(folder: Path) -> None:
    """Write all that the commands read: the tests' pairs, run folder and bundles, an image, a BioSR, a Fiji."""
    tiny.unpack(folder)
    (folder / "tiny.yaml").write_text(tiny.RECIPE, encoding="utf-8")
    (folder / "sweep.yaml").write_text("runs: [{name: one, set: {train.seed: 1}}]\n", encoding="utf-8")
    with zipfile.ZipFile(folder / "tiny.zip") as bundle:
        content = yaml.safe_load(bundle.read("rdf.yaml"))
    content["maintainers"] = [{"name": "A. Tester", "github_user": "bioimageiobot"}]
    rewrite(folder / "tiny.zip", folder / "maintained.zip", {"rdf.yaml": yaml.safe_dump(content).encode()})
    rng = np.random.default_rng(0)
    side = images.Calibration.square(62.6)
    images.write(folder / "image.tif", rng.integers(100, 4000, (128, 128), dtype=np.uint16), calibration=side)
    cell = folder / "biosr/CCPs/Cell_001"
    cell.mkdir(parents=True)
    for name, count, pixels in (("RawSIMData_level_01", 9, 64), ("SIM_gt", 1, 128)):
        frames = rng.integers(100, 4000, (count, pixels, pixels), dtype=np.uint16)
        (cell / f"{name}.mrc").write_bytes(mrc_bytes(frames))
    (folder / "Fiji/jars").mkdir(parents=True)
    (folder / "Fiji/jars/ij-1.54p.jar").touch()
    (folder / "Fiji/plugins").mkdir()
    measure(["ilastik", "prepare", "companion.zip", "image.tif", "--out", "exported"], folder)
    program.export_hdf5(folder / "exported/image_Probabilities.h5", *program.open_image(folder / "exported/image.h5"))


def cheapest(arguments: list[str], folder: Path) -> Cost:
    """The run of the least wall time; what takes long is run once."""
    costs = [measure(arguments, folder)]
    while costs[0].wall < QUICK_S and len(costs) < REPEATS:
        costs.append(measure([*arguments, "--overwrite"] if "--out" in arguments else arguments, folder))
    return min(costs)


def main(words: list[str]) -> None:
    """Print a Markdown table."""
    print("| command | seconds | CPU seconds | largest process, MB |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        prepare(Path(scratch))
        for name, line in COMMANDS.items():
            if not words or any(word in name for word in words):
                cost = cheapest(shlex.split(line), Path(scratch))
                print(f"| {name} | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.megabytes:.0f} |", flush=True)
    print(f"\n{os.cpu_count()} cores; load average of the last minute {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
