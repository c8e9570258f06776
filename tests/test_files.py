import zipfile

import pytest

from dfcan_bmz import files
from dfcan_bmz.errors import DfcanError


def test_what_is_read_is_never_written_over(tmp_path):
    (tmp_path / "hr").mkdir()
    for output in (tmp_path / "hr", tmp_path / "hr/a.tif", tmp_path / "x/../hr"):
        with pytest.raises(DfcanError, match="would overwrite an input"):
            files.refuse_input_as_output([tmp_path / "hr"], [output])
    files.refuse_input_as_output([tmp_path / "hr"], [tmp_path / "lr"])


def test_equal_folders_zip_to_equal_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "sub").mkdir(parents=True)
        for file in ("z.txt", "a.txt", "sub/m.txt")[:: 1 if name == "a" else -1]:
            (tmp_path / name / file).write_text(file)
        files.write_zip(tmp_path / name, tmp_path / f"{name}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["a.txt", "sub/m.txt", "z.txt"]


def test_a_folder_s_checksum_is_that_of_its_names_and_contents(tmp_path):
    for name in ("one", "two", "renamed"):
        (tmp_path / name / "0").mkdir(parents=True)
        (tmp_path / name / "0" / ("b" if name == "renamed" else "a")).write_bytes(b"chunk")
    sums = {name: files.sha256(tmp_path / name) for name in ("one", "two", "renamed")}
    assert sums["one"] == sums["two"] != sums["renamed"]
    (tmp_path / "two/0/a").write_bytes(b"other")
    assert files.sha256(tmp_path / "two") != sums["one"]
