"""docs/python.md, typed in block by block: it trains, predicts, evaluates and packages."""

import numpy as np
import pytest
from conftest import REPOSITORY
from pages import blocks


def test_the_page_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks(REPOSITORY / "docs/python.md", "python"):
        exec(compile(block, "docs/python.md", "exec"), names)
    lr, hr = names["lr"], names["hr"]
    assert names["sharp"].shape == hr[0].shape
    assert names["stack"].shape == hr.shape
    assert len(list((tmp_path / "predicted").glob("*.tif"))) == len(lr)
    np.testing.assert_array_equal(names["also_sharp"], names["sharp"])
    assert 1 <= len(names["losses"].values) <= 2
    assert names["report"].summary["affine", "DFCAN", "psnr"].mean > 0
    assert len(names["both"].verdicts) == 2
    assert {path.name for path in (tmp_path / "evaluation").iterdir()} >= {"metrics.csv", "report.html"}
    assert {row.verdict for row in names["verdicts"]} <= {"passed", "not run"}
    # arrays and folders of the same images make the same training
    one, other = (np.loadtxt(names[run] / "history.csv", delimiter=",", skiprows=1) for run in ("run", "same"))
    assert one[:, :7] == pytest.approx(other[:, :7])
    told = capsys.readouterr()
    assert "epoch" not in told.out + told.err, "functions print nothing"
    assert lr.dtype == np.uint16
