import zipfile

import pytest

from dfcan_bmz import files
from dfcan_bmz.errors import DfcanError


def write_half(path):
    with files.atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError


def test_a_failure_leaves_neither_the_file_nor_anything_else(tmp_path):
    with pytest.raises(RuntimeError):
        write_half(tmp_path / "out.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_old_file(tmp_path):
    (tmp_path / "out.txt").write_text("old")
    with pytest.raises(RuntimeError):
        write_half(tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == "old"


def test_an_existing_folder_is_refused_unless_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    (tmp_path / "out/result.txt").write_text("old")
    (tmp_path / "out/lr").mkdir()
    (tmp_path / "out/lr/original.tif").write_text("mine")
    with pytest.raises(DfcanError, match="--overwrite"), files.new_folder(tmp_path / "out", overwrite=False):
        pass
    with files.new_folder(tmp_path / "out", overwrite=True) as folder:
        (folder / "result.txt").write_text("new")
        (folder / "lr").mkdir()
        (folder / "lr/a.tif").write_text("new")
    assert (tmp_path / "out/result.txt").read_text() == "new"
    assert (tmp_path / "out/lr/a.tif").read_text() == "new"
    for kept in ("mine.txt", "lr/original.tif"):
        assert (tmp_path / "out" / kept).read_text() == "mine", "a user's other files are left alone"


def test_a_failure_makes_no_folders(tmp_path):
    def fail():
        with files.new_folder(tmp_path / "new/sub", overwrite=False):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_is_never_written_over(tmp_path):
    (tmp_path / "hr").mkdir()
    for output in (tmp_path / "hr", tmp_path / "hr/a.tif", tmp_path / "x/../hr"):
        with pytest.raises(DfcanError, match="over what is read"):
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
