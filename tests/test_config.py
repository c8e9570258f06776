import pytest

from dfcan_bmz.config import Config
from dfcan_bmz.yaml_files import read_yaml, write_yaml


def test_defaults_are_those_of_the_thesis_notebook():
    config = Config()
    assert (config.train.epochs, config.train.batch_size, config.train.learning_rate) == (10, 8, 5e-4)
    assert (config.data.patch_size, config.data.patches_per_image, config.data.validation) == (128, 3, 0.1)
    assert (config.model.filters, config.model.groups, config.model.blocks) == (64, 4, 4)


def test_later_keys_are_written_only_where_they_say_something_new():
    assert "attention" not in Config().model_dump()["model"]
    without = Config.model_validate({"model": {"attention": "none"}})
    assert without.model_dump()["model"]["attention"] == "none"
    for config in (Config(), without, Config.model_validate({"model": {"name": "srcnn"}})):
        assert Config.model_validate(config.model_dump()) == config


def test_a_disk_that_is_full_leaves_the_file_of_before(tmp_path):
    resource = pytest.importorskip("resource", reason="a limit for the size of files stands in for the full disk")
    file, before = tmp_path / "config.yaml", {"train": {"epochs": 7}}
    write_yaml(file, before)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write_yaml(file, before)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert read_yaml(file) == before
    assert list(tmp_path.iterdir()) == [file]
