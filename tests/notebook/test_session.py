import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.notebook import session


def test_an_error_that_a_user_can_act_on_is_one_line(monkeypatch, capsys):
    shell = InteractiveShell(user_ns={"DfcanError": DfcanError})
    monkeypatch.setattr(session, "get_ipython", lambda: shell)
    session.start()
    capsys.readouterr()
    result = shell.run_cell("raise DfcanError('the folder is empty: choose another')")
    assert isinstance(result.error_in_exec, DfcanError), "the cell counts as failed"
    told = capsys.readouterr()
    assert told.err == "dfcan-bmz: the folder is empty: choose another\n"
    assert "Traceback" not in told.out


def test_a_folder_that_cannot_be_written_is_one_line(monkeypatch, capsys):
    shell = InteractiveShell()
    monkeypatch.setattr(session, "get_ipython", lambda: shell)
    session.start()
    capsys.readouterr()
    shell.run_cell("open('/proc/dfcan.tif', 'w')" if sys.platform == "linux" else "open('/nowhere/x.tif', 'w')")
    assert capsys.readouterr().err.startswith("dfcan-bmz: /")


def test_a_package_replaced_while_in_use_is_named(monkeypatch):
    assert session.stale_packages() == []
    monkeypatch.setattr(np, "__version__", "1.0.0")
    assert session.stale_packages() == ["numpy 1.0.0"]
    monkeypatch.setattr(session, "get_ipython", lambda: SimpleNamespace(set_custom_exc=lambda *arguments: None))
    with pytest.raises(DfcanError, match="Restart session"):
        session.start()


def test_drive_is_mounted_in_colab_alone(monkeypatch, capsys):
    session.connect_drive()
    assert "not Colab" in capsys.readouterr().out
    mounted = []
    drive = SimpleNamespace(mount=mounted.append)
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace(drive=drive))
    session.connect_drive()
    assert mounted == ["/content/gdrive"]
    assert "/content/gdrive/MyDrive" in capsys.readouterr().out


def test_a_gpu_is_named_and_its_absence_explained(monkeypatch, capsys):
    monkeypatch.setattr(session.keras.distribution, "list_devices", lambda: ["cpu:0"])
    session.show_devices()
    assert "do not have GPU access" in capsys.readouterr().out
    monkeypatch.setattr(session.keras.distribution, "list_devices", lambda: ["cpu:0", "gpu:0"])
    session.show_devices()
    assert "You have GPU access: gpu:0" in capsys.readouterr().out


def test_the_working_folder_is_made(tmp_path, monkeypatch, capsys):
    entered = {}
    monkeypatch.setattr(session, "folder", lambda name: entered[name])

    def work_in(folder):
        entered["Working_folder"] = folder
        session.work_in()

    monkeypatch.chdir(tmp_path)
    work_in(tmp_path / "new")
    assert capsys.readouterr().out == f"Working in {tmp_path / 'new'}\n"
    monkeypatch.chdir(tmp_path)
    session.beginning.cache_clear()
    for _ in range(2):  # the cell may be run again
        work_in(Path("relative"))
        assert Path.cwd() == tmp_path / "relative"
    session.beginning.cache_clear()
    (tmp_path / "file").touch()
    with pytest.raises(DfcanError, match="choose another Working_folder"):
        work_in(tmp_path / "file")


def test_results_are_offered_for_download_in_colab(tmp_path, monkeypatch, capsys):
    (tmp_path / "results").mkdir()
    (tmp_path / "results/image.tif").touch()
    session.download(tmp_path / "results")
    assert "on this computer already" in capsys.readouterr().out
    with pytest.raises(DfcanError, match="run the cells that write it first"):
        session.download(tmp_path / "none")
    offered = []
    files = SimpleNamespace(download=offered.append)
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace(files=files))
    session.download(tmp_path / "results")
    session.download(tmp_path / "results/image.tif")
    assert offered == [str(tmp_path / "results.zip"), str(tmp_path / "results/image.tif")]
