import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz.config import TrainConfig
from dfcan_bmz.training.schedules import learning_rate, stale_epochs


def history(*losses):
    return [{"epoch": index, "val_loss": loss} for index, loss in enumerate(losses, 1)]


def test_plateau_halves_the_rate_after_half_the_patience_without_improvement():
    config = TrainConfig(learning_rate=0.1, patience=4)
    assert learning_rate(config, history(3, 2, 1), 1, 2) == 0.1
    assert learning_rate(config, history(3, 2, 1, 1), 1, 2) == 0.1
    assert learning_rate(config, history(3, 2, 1, 1, 1), 1, 2) == 0.05
    assert learning_rate(config, history(3, 2, 1, 1, 1, 1, 1), 1, 2) == 0.025
    assert learning_rate(config, history(3, 2, 1, 1, 1, 0.5, 0.4), 1, 2) == 0.05


def test_cosine_falls_to_nothing():
    config = TrainConfig(learning_rate=0.1, schedule="cosine")
    assert [learning_rate(config, [], done, 10) for done in (0, 5, 10)] == pytest.approx([0.1, 0.05, 0])


def test_onecycle_rises_to_its_peak_and_falls_to_nothing():
    config = TrainConfig(learning_rate=0.1, schedule="onecycle")
    assert [learning_rate(config, [], done, 10) for done in (0, 3, 10)] == pytest.approx([0.004, 0.1, 0])


@given(st.sampled_from(["plateau", "onecycle", "cosine"]), st.integers(0, 100), st.integers(0, 20))
def test_no_schedule_exceeds_the_rate_of_the_config(schedule, done, warmup):
    config = TrainConfig(learning_rate=0.1, schedule=schedule, warmup=warmup)
    assert 0 <= learning_rate(config, history(2, 1), done, 100) <= 0.1 + 1e-12


def test_a_warm_up_rises_in_a_straight_line_to_the_rate_of_the_schedule():
    config = TrainConfig(learning_rate=0.1, warmup=4)
    assert [learning_rate(config, [], done, 100) for done in range(6)] == pytest.approx(
        [0.025, 0.05, 0.075, 0.1, 0.1, 0.1]
    )


def test_stale_epochs_count_from_the_best():
    assert stale_epochs([]) == 0
    assert stale_epochs(history(3, 1, 2, 2)) == 2
    assert stale_epochs(history(3, 2, 1)) == 0
