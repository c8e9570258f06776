from dfcan_bmz.report.verdicts import write_verdicts


def verdict(weight_format, test, verdict, figure=None, message=""):
    row = {"format": weight_format, "engine": "an engine", "test": test}
    return row | {"verdict": verdict, "figure": figure, "message": message}


def test_what_failed_stands_at_the_top_with_its_reason(tmp_path):
    rows = [verdict("onnx", "test tensor", "passed", 1.3e-7), verdict("zoo", "alerts", "failed", 1, "no <maintainer>")]
    write_verdicts(tmp_path / "page.html", "a.zip", rows)
    head, table = (tmp_path / "page.html").read_text(encoding="utf-8").split("<table>")
    assert "1 passed, 1 failed, 0 not run" in head
    assert "zoo, alerts: no &lt;maintainer&gt;</li>" in head
    assert "counts, shares and the score" in head
    assert "onnx, test tensor" not in head
    assert "1.3e-07" in table


def test_without_failures_and_without_the_zoo_nothing_is_said_of_them(tmp_path):
    write_verdicts(tmp_path / "page.html", "a.zip", [verdict("onnx", "test tensor", "passed", 0.0)])
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<li>" not in html
    assert "zoo" not in html
