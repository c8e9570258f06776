import numpy as np
import pytest

from dfcan_bmz import images, run_folder
from dfcan_bmz.data.pairs import find_pairs
from dfcan_bmz.evaluation import overlap
from dfcan_bmz.evaluation.overlap import seen_in_training
from dfcan_bmz.files import sha256


def test_every_pair_of_the_training_is_known_again(tiny_run, pairs_folder):
    pairs = find_pairs(pairs_folder / "lr", pairs_folder / "hr")
    seen = seen_in_training(pairs, [run_folder.read_provenance(tiny_run)])
    assert list(seen) == [pair.name for pair in pairs]
    assert {told.split(" of the ")[1] for told in seen.values()} == {"training set", "validation set"}


@pytest.mark.parametrize("fresh", ["lr", "hr", "both"])
def test_one_file_in_common_is_enough(tiny_run, pairs_folder, tmp_path, fresh):
    for role, side in (("lr", 40), ("hr", 80)):
        (tmp_path / role).mkdir()
        if fresh in (role, "both"):
            images.write(
                tmp_path / role / "x.tif", np.random.default_rng(0).integers(0, 99, (side, side)).astype("uint16")
            )
        else:
            (tmp_path / role / "x.tif").write_bytes((pairs_folder / role / "fov001_level02.tif").read_bytes())
    seen = seen_in_training(find_pairs(tmp_path / "lr", tmp_path / "hr"), [run_folder.read_provenance(tiny_run)])
    assert list(seen) == ([] if fresh == "both" else ["x"])


def test_a_field_is_seen_at_every_light_level_though_each_has_an_hr_file_of_its_own(tiny_run, pairs_folder, tmp_path):
    rng = np.random.default_rng(0)
    for role, side in (("lr", 40), ("hr", 80)):
        (tmp_path / role).mkdir()
        (tmp_path / role / "level1.tif").write_bytes((pairs_folder / role / "fov001_level02.tif").read_bytes())
        for name in ("level2", "elsewhere"):
            images.write(tmp_path / role / f"{name}.tif", rng.integers(0, 99, (side, side)).astype("uint16"))
    (tmp_path / "manifest.csv").write_text("name,fov\nlevel1,cell\nlevel2,cell\nelsewhere,other\n")
    seen = seen_in_training(find_pairs(tmp_path / "lr", tmp_path / "hr"), [run_folder.read_provenance(tiny_run)])
    assert list(seen) == ["level1", "level2"]
    assert seen["level2"] == f"of the same field as {seen['level1']}"


def test_files_are_read_once_however_many_trainings_are_known(tiny_run, pairs_folder, monkeypatch):
    pairs, read = find_pairs(pairs_folder / "lr", pairs_folder / "hr"), []
    monkeypatch.setattr(overlap, "sha256", lambda path: read.append(path) or sha256(path))
    record = run_folder.read_provenance(tiny_run)
    assert seen_in_training(pairs, [record, record]) == seen_in_training(pairs, [record])
    assert len(read) == 2 * 2 * len(pairs)
    assert seen_in_training(pairs, []) == {}
    assert len(read) == 2 * 2 * len(pairs), "nothing to compare them with"
