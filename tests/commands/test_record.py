import re

import pytest

from dfcan_bmz.commands import record
from dfcan_bmz.errors import DfcanError


def test_a_record_tells_settings_data_versions_and_metrics(tiny_run, tmp_path, capsys):
    (tmp_path / "metrics.csv").write_text(
        "image,method,protocol,metric,value\na,bicubic,affine,psnr,20\na,DFCAN,affine,psnr,23.5\nb,DFCAN,affine,psnr,24.5\n"
    )
    record.run(tiny_run, tmp_path, tmp_path / "record.html", overwrite=False)
    page = re.sub(r"\s+", " ", (tmp_path / "record.html").read_text(encoding="utf-8"))
    assert "trained from scratch for 2 epochs on 6 pairs of images" in page
    assert "<td><code>train.batch_size</code></td><td>4</td>" in page
    assert "<td>affine</td><td>DFCAN</td><td>24</td>" in page
    assert "and the loss MSE + 0.1 (1 - SSIM)." in page
    assert "fov003_level02" in page
    assert page.count("data:image/png;base64,") == 2
    assert "metrics" in capsys.readouterr().out


def test_a_record_without_an_evaluation_says_so(tiny_run, tmp_path):
    record.run(tiny_run, None, tmp_path / "record.html", overwrite=False)
    assert "None was done" in (tmp_path / "record.html").read_text(encoding="utf-8")


def test_what_is_no_evaluation_is_refused(tiny_run, tmp_path):
    with pytest.raises(DfcanError, match=r"metrics.csv does not exist"):
        record.run(tiny_run, tmp_path, tmp_path / "record.html", overwrite=False)
    (tmp_path / "metrics.csv").write_text("image,score\na,1\n")
    with pytest.raises(DfcanError, match="no table of `dfcan-bmz evaluate`"):
        record.run(tiny_run, tmp_path, tmp_path / "record.html", overwrite=False)
    assert not (tmp_path / "record.html").exists()
