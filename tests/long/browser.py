"""What the tests in a browser need: Chromium, and packages of npm, installed once though several processes ask."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from conftest import REPOSITORY, skip_engine

FOLDER = REPOSITORY / "tests/page"
WRITTEN_LAST = FOLDER / "node_modules/.package-lock.json"


def installed_packages() -> Path:
    """Folder of the tests in JavaScript, with its packages."""
    if shutil.which("npm") is None:
        skip_engine("npm is not installed")
    folder = os.open(FOLDER, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        lock_file = FOLDER / "package-lock.json"
        if not WRITTEN_LAST.is_file() or WRITTEN_LAST.stat().st_mtime < lock_file.stat().st_mtime:
            subprocess.run(["npm", "ci", "--silent", "--ignore-scripts"], cwd=FOLDER, check=True)
    finally:
        os.close(folder)
    return FOLDER


def find_chromium() -> str:
    """Program of the browser."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        skip_engine("Chromium is not installed")
    return found
