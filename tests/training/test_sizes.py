"""What nobody has set follows the machine; what somebody has set stays."""

import math

import pytest
from invoking import invoke

from dfcan_bmz import resources
from dfcan_bmz.config import Config, ModelConfig
from dfcan_bmz.engines import devices
from dfcan_bmz.training import sizes
from dfcan_bmz.training.settings import given_keys
from dfcan_bmz.training.sizes import fit_to_machine

LITTLE = Config.model_validate({"model": {"filters": 8, "groups": 1, "blocks": 1}, "data": {"patch_size": 64}})


@pytest.fixture
def machine(monkeypatch):
    """A machine with these cards and this memory, of them or its own."""

    def set_up(gpus, memory):
        monkeypatch.setattr(sizes, "accelerators", lambda: gpus)
        monkeypatch.setattr(sizes, "accelerator_bytes", lambda: memory)
        monkeypatch.setattr(sizes, "memory_bytes", lambda: memory)

    return set_up


def test_without_a_gpu_a_small_network_is_proposed_and_the_published_one_is_a_setting_away(machine):
    machine([], 32e9)
    told = []
    chosen = fit_to_machine(Config(), set(), told.append)
    assert chosen.model == ModelConfig(filters=16, groups=2, blocks=2)
    assert (chosen.data, chosen.train) == (Config().data, Config().train)
    assert len(told) == 1
    assert "no GPU here" in told[0]
    assert told[0].endswith("--set model.filters=64 chooses it")
    taken = fit_to_machine(Config(), given_keys(None, ["model.filters=64"]), pytest.fail)
    assert taken == Config()


def test_with_a_gpu_nothing_is_changed(machine):
    machine(["gpu:0"], 78e9)
    assert fit_to_machine(LITTLE, set(), pytest.fail) == LITTLE


@pytest.mark.parametrize(("gpus", "where"), [(["gpu:0"], "this GPU has"), ([], "this machine has")])
def test_a_memory_that_does_not_hold_a_batch_gets_smaller_ones_and_as_many_patches_a_step(machine, gpus, where):
    train = LITTLE.train.model_copy(update={"batch_size": 4})
    _, needed = sizes._cost(LITTLE.model_copy(update={"train": train}))
    machine(gpus, 1.001 * needed / sizes.SHARE)
    told = []
    chosen = fit_to_machine(LITTLE, {"model.filters"}, told.append)
    assert (chosen.train.batch_size, chosen.train.accumulate) == (4, 2)
    assert where in told[0]
    for key in ("train.batch_size=8", "train.accumulate=1", "data.patch_size=64"):
        assert fit_to_machine(LITTLE, given_keys(None, ["model.filters=8", key]), pytest.fail) == LITTLE


def test_equal_machines_get_equal_sizes(machine):
    machine([], 2e9)
    assert fit_to_machine(LITTLE, {"model.name"}, print) == fit_to_machine(LITTLE, {"model.name"}, print)


def test_the_memory_of_a_container_counts(monkeypatch, tmp_path):
    (tmp_path / "memory.max").write_text("1000000000\n")
    monkeypatch.setattr(resources, "CONTAINER", tmp_path / "memory.max")
    assert resources.memory_bytes() == 1e9
    assert resources.available_bytes() <= 1e9
    (tmp_path / "memory.max").write_text("max\n")
    assert resources.memory_bytes() > 1e9


def test_a_card_whose_memory_is_not_known_is_taken_to_have_enough(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert devices.accelerator_bytes() == math.inf


def test_what_is_chosen_is_recorded(pairs_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sizes, "accelerators", list)
    monkeypatch.setattr(sizes, "_cost", lambda config: (1.0, 1.0))  # building the published network takes seconds
    run = tmp_path / "run"
    settings = ["data.patch_size=16", "train.epochs=1", "data.patches_per_image=1"]
    overrides = [argument for setting in settings for argument in ("--set", setting)]
    invoke("train", "--lr", pairs_folder / "lr", "--hr", pairs_folder / "hr", "--out", run, *overrides)
    assert "no GPU here, so a small network is trained" in capsys.readouterr().out
    assert "  filters: 16\n" in (run / "config.yaml").read_text()
