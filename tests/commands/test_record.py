import re
import shutil

import numpy as np
import pytest

from dfcan_bmz import images, run_folder
from dfcan_bmz.commands import record
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.training.safeguards import note_restart

FACTS = "image,field,level,signal_to_noise,seen,remarks\n"


def write_evaluation(folder, psnr, facts):
    rows = "".join(f"{image},DFCAN,affine,psnr,{value}\n" for image, value in psnr.items())
    (folder / "metrics.csv").write_text("image,method,protocol,metric,value\n" + rows)
    (folder / "images.csv").write_text(FACTS + "".join(f"{fact}\n" for fact in facts))


def recorded(run, folder):
    record.run(run, folder, folder / "record.html", overwrite=True)
    return re.sub(r"\s+", " ", (folder / "record.html").read_text(encoding="utf-8"))


def test_a_record_averages_as_the_evaluation_did(tiny_run, tmp_path):
    """By field of view, without the images that the training has seen, or under a warning if there are no others."""
    psnr = {"a1": 20, "a2": 22, "b": 27, "old": 90}
    known = "old of the training set"
    write_evaluation(tmp_path, psnr, ["a1,a,1,9,,", "a2,a,2,9,,", "b,b,1,9,,", f"old,c,1,9,{known},"])
    page = recorded(tiny_run, tmp_path)
    assert "<td>affine</td><td>DFCAN</td><td>24</td>" in page
    assert "n = 3 images of 2 fields of view" in page
    assert "1 of 4 images were part of the training" in page
    write_evaluation(tmp_path, {"old": 90}, [f"old,c,1,9,{known},"])
    page = recorded(tiny_run, tmp_path)
    assert "<td>affine</td><td>DFCAN</td><td>90</td>" in page
    assert "how well the training was remembered, not how good the model is" in page


def test_a_record_tells_settings_data_versions_and_metrics(tiny_run, tmp_path, capsys):
    (tmp_path / "metrics.csv").write_text(
        "image,method,protocol,metric,value\na,bicubic,affine,psnr,20\na,DFCAN,affine,psnr,23.5\nb,DFCAN,affine,psnr,24.5\n"
    )
    (tmp_path / "images.csv").write_text(FACTS + "a,a,,9,,\nb,b,,9,,\n")
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


def test_a_record_shows_the_mean_of_the_frames_of_an_image(tiny_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    frame = images.read(run / "sample_lr.tif").pixels
    images.write(run / "sample_lr.tif", np.stack([frame, frame, frame]), "ZYX")
    pages = []
    for one in (tiny_run, run):
        record.run(one, None, tmp_path / "record.html", overwrite=True)
        pages.append(re.findall('data:image/png;base64,[^"]+', (tmp_path / "record.html").read_text(encoding="utf-8")))
    assert len(pages[0]) == 2
    assert pages[0] == pages[1]


def test_what_is_no_evaluation_is_refused(tiny_run, tmp_path):
    with pytest.raises(DfcanError, match=r"images.csv does not exist"):
        record.run(tiny_run, tmp_path, tmp_path / "record.html", overwrite=False)
    (tmp_path / "images.csv").write_text(FACTS + "a,a,,9,,\n")
    (tmp_path / "metrics.csv").write_text("image,score\na,1\n")
    with pytest.raises(DfcanError, match="not a table of `dfcan-bmz evaluate`"):
        record.run(tiny_run, tmp_path, tmp_path / "record.html", overwrite=False)
    assert not (tmp_path / "record.html").exists()


def test_a_comparison_of_models_is_refused(tiny_run, tmp_path):
    write_evaluation(tmp_path, {"a": 20}, ["a,a,1,9,,"])
    with (tmp_path / "metrics.csv").open("a") as lines:
        lines.write("a,other,affine,psnr,30\n")
    with pytest.raises(DfcanError, match="measures DFCAN, other: give an evaluation of only this model"):
        record.run(tiny_run, tmp_path, tmp_path / "record.html", overwrite=False)


def test_a_record_tells_of_a_restart_and_of_averaged_weights(tiny_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    note_restart(run, 2, "the output is flat")
    config = run_folder.read_config(run)
    averaged = config.train.model_copy(update={"ema": 0.9, "accumulate": 2})
    run_folder.write_config(run, config.model_copy(update={"train": averaged}))
    record.run(run, None, tmp_path / "record.html", overwrite=False)
    page = re.sub(r"\s+", " ", (tmp_path / "record.html").read_text(encoding="utf-8"))
    assert (
        "Epoch 2 went wrong (the output is flat): the training went on from the last good weights at 0.5 times" in page
    )
    assert "batches of 4 (2 of them for each step), the optimizer" in page
    assert "The moving average (momentum 0.9) of the weights of epoch" in page
