"""Debian's ImageJ 1.53 for the tests: without a screen, and on a virtual one, where a command is run by its name."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import skip_engine

JAR = Path("/usr/share/java/ij.jar")
HERE = Path(__file__).parent
NEW_KEYS = ("model_path", "input_path", "output_folder", "display_output")
OLD_KEYS = ("modelPath", "inputPath", "outputFolder", "displayOutput")
LONGEST_S = 300  # an error opens a dialog on the virtual screen, and nobody answers it


def needs(*programs: str) -> None:
    """Skip a test where ImageJ or one of the programs is missing."""
    missing = [name for name in ("java", *programs) if shutil.which(name) is None]
    if missing or not JAR.is_file():
        skip_engine(f"apt-get install imagej xvfb groovy: {', '.join(missing) or JAR} is missing")


def add_stand_in(fiji: Path, keys: tuple[str, ...]) -> None:
    """Give a folder a command "DeepImageJ Run" that knows these keys; see DeepImageJ_Run.ijm."""
    text = (HERE / "DeepImageJ_Run.ijm").read_text().replace("{{keys}}", ", ".join(f'"{key}"' for key in keys))
    (fiji / "plugins/DeepImageJ_Run.ijm").write_text(text)


def run_macro(macro: Path, fiji: Path, argument: str = "", headless: bool = False) -> str:
    """Run a macro file to its end; what it prints."""
    screen = ["java", "-Djava.awt.headless=true"] if headless else ["xvfb-run", "-a", "java"]
    return run([*screen, f"-Dplugins.dir={fiji}", "-cp", str(JAR), "ij.ImageJ", "-batch", str(macro), argument]).stdout


def run(command: list[str]) -> subprocess.CompletedProcess:
    """Run a program that meets the stand-in; a macro's error is on stderr where there is no screen."""
    variables = {
        "DFCAN_PYTHON": sys.executable,
        "DFCAN_STAND_IN": str(HERE / "stand_in.py"),
        "KERAS_BACKEND": "tensorflow",
    }
    # Debian's groovy looks for a Java of its own
    variables |= {"PYTHONPATH": str(HERE.parents[1]), "JAVA_HOME": str(Path(shutil.which("java")).resolve().parents[1])}
    answer = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, timeout=LONGEST_S)
    assert "Exception" not in answer.stderr, answer.stderr
    return answer
