"""The session that a notebook runs in: Colab or a computer of one's own."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import keras
from IPython import get_ipython

import dfcan_bmz
from dfcan_bmz.engines.devices import accelerators
from dfcan_bmz.errors import DfcanError, of_system
from dfcan_bmz.notebook.answers import folder
from dfcan_bmz.notebook.words import spoken

# what Colab has imported before a notebook begins, and an installation may replace
PRELOADED = {
    "numpy": "numpy",
    "PIL": "pillow",
    "matplotlib": "matplotlib",
    "keras": "keras",
    "tensorflow": "tensorflow",
}
DRIVE = Path("/content/gdrive")


def in_colab() -> bool:
    """Whether this is Google Colab."""
    return "google.colab" in sys.modules


def start() -> None:
    """Say which version this is, and from here on show an error that a user can act on as one line.

    Raises
    ------
    DfcanError
        If packages are still in memory in another version than the one that was installed.
    """
    get_ipython().set_custom_exc((DfcanError, OSError), _show_error)
    print(f"dfcan_bmz {dfcan_bmz.__version__}, Keras {keras.__version__} on {keras.backend.backend()}")
    if stale := stale_packages():
        raise DfcanError(
            f"{', '.join(stale)} were replaced while in use: choose Runtime > Restart session, run this again"
        )


def stale_packages() -> list[str]:
    """Packages in memory of another version than the installed one."""
    loaded = {module: getattr(sys.modules.get(module), "__version__", None) for module in PRELOADED}
    return [
        f"{package} {version}"
        for module, package in PRELOADED.items()
        if (version := loaded[module]) is not None and version != importlib.metadata.version(package)
    ]


def show_devices() -> None:
    """Say whether there is a GPU, and what it is."""
    gpus = accelerators()
    if not gpus:
        print(
            f"You do not have GPU access: the training runs on {os.cpu_count()} processor cores, slowly.\n"
            "In Colab choose Runtime > Change runtime type > a GPU; or leave model_size at automatic: a small network."
        )
        return
    print(f"You have GPU access: {', '.join(gpus)}")
    if shutil.which("nvidia-smi"):
        print(subprocess.run(["nvidia-smi"], capture_output=True, text=True).stdout)


def connect_drive() -> None:
    """Mount Google Drive in Colab; elsewhere, say that the folders of this computer are used."""
    if not in_colab():
        print("This is not Colab: the notebook reads and writes the folders of this computer.")
        return
    from google.colab import drive

    drive.mount(str(DRIVE))
    print(f"Your files are in {DRIVE}/MyDrive; open the tab Files on the left to see them.")


@cache
def beginning() -> Path:
    """Where the session is when this is first asked: the cell that changes the folder may be run again."""
    return Path.cwd()


def work_in() -> None:
    """Create the Working_folder and let relative paths begin there; a relative one lies where the session began.

    Raises
    ------
    DfcanError
        If there is a file of that name, or it cannot be made.
    """
    entered = folder("Working_folder")
    try:
        place = beginning() / entered
        place.mkdir(parents=True, exist_ok=True)
        os.chdir(place)
    except OSError as error:
        raise DfcanError(f"{entered} cannot be used ({error.strerror}): choose another Working_folder") from error
    print(f"Working in {Path.cwd()}")


def download(path: Path) -> None:
    """Offer a file, or a folder as a zip file, for download in Colab; elsewhere, say where it is.

    Raises
    ------
    DfcanError
        If there is nothing of that name.
    """
    if not path.exists():
        raise DfcanError(f"{path} does not exist: run the cells that write it first")
    if not in_colab():
        print(f"{path.absolute()}: on this computer already")
        return
    from google.colab import files

    files.download(shutil.make_archive(str(path), "zip", path) if path.is_dir() else str(path))


def _show_error(shell, kind, error, traceback, tb_offset=None) -> None:
    told = of_system(error) if isinstance(error, OSError) else str(error)
    print(f"dfcan-bmz: {spoken(told)}", file=sys.stderr)
