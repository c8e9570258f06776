import csv
import re

from commands.test_bad_input import invoke, train_arguments


def test_metrics_are_long_and_the_report_is_self_contained(pairs_folder, tiny_run, tiny_bundle, tmp_path):
    for name, model in (("run", tiny_run), ("bundle", tiny_bundle)):
        out = tmp_path / name
        invoke("evaluate", model, "--lr", pairs_folder / "lr", "--hr", pairs_folder / "hr", "--out", out)
        with (out / "metrics.csv").open(newline="") as lines:
            rows = list(csv.DictReader(lines))
        assert list(rows[0]) == ["image", "method", "protocol", "metric", "value"]
        assert {row["method"] for row in rows} == {"bicubic", "smoothed bicubic", "DFCAN"}
        assert {row["protocol"] for row in rows} == {"min-max", "affine"}
        assert len({row["image"] for row in rows}) == 8
        html = (out / "report.html").read_text()
        assert 'src="data:image/png' in html
        assert "http" not in re.sub('data:image/png;base64,[^"]*', "", html)


def test_raw_is_reported_where_degrade_made_the_pairs(pairs_folder, tmp_path):
    invoke("degrade", pairs_folder / "hr", tmp_path / "pairs", "--noise", "0.02")
    invoke(*train_arguments(tmp_path / "pairs", tmp_path / "run"))
    arguments = ["--lr", tmp_path / "pairs/lr", "--hr", tmp_path / "pairs/hr", "--out", tmp_path / "out"]
    invoke("evaluate", tmp_path / "run", *arguments)
    assert ",raw,psnr," in (tmp_path / "out/metrics.csv").read_text()
