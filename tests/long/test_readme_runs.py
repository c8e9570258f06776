"""The README is followed word for word."""

import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_every_command_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND")  # trained by what is fastest here
    for folder in ("example_data", "packaging"):
        (tmp_path / folder).symlink_to(REPOSITORY / folder)
    script = "set -e\n" + "\n".join(re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL))
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    answer = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "runs/actin.zip").is_file()
    assert (tmp_path / "runs/fov000.tif").is_file()
    assert (tmp_path / "runs/check.html").is_file()
