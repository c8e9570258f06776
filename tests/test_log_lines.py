import io
import re

from hypothesis import given
from hypothesis import strategies as st

from dfcan_bmz.log_lines import EVERY_S, SURE_S, line_teller


class Clock:
    """Time that passes when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def run(steps):
    """Lines of as many steps as there are seconds in `steps`, and the time of each."""
    clock, file, written = Clock(), io.StringIO(), []
    step = line_teller("predicting", len(steps), "tiles", file, clock)
    for seconds in steps:
        clock.now += seconds
        before = file.getvalue()
        step("image 2 of 3")
        written += [(clock.now - 1000, line) for line in file.getvalue()[len(before) :].splitlines()]
    return written


def test_a_line_says_where_the_work_is_how_fast_and_how_long_it_will_take():
    (_, first), *_, (_, last) = run([20.0] + [0.5] * 99)
    assert first == "predicting: 10 % (10 of 100 tiles, image 2 of 3), 0.408 tiles per second, 4 min left"
    assert last.startswith("predicting: 90 % (90 of 100 tiles, image 2 of 3)")


def test_no_time_is_told_before_it_means_something():
    assert all("left" not in line for _, line in run([0.01] * 100))
    assert all(("left" in line) == (at >= SURE_S) for at, line in run([0.1] * 100))


@given(st.lists(st.floats(0.01, 200), min_size=1, max_size=60))
def test_no_silence_is_longer_than_promised_and_short_work_has_few_lines(steps):
    written = run(steps)
    assert len(written) <= 9 + sum(steps) / EVERY_S
    times = [0.0, *(at for at, _ in written)]
    ends = [sum(steps[: index + 1]) for index in range(len(steps) - 1)]
    for before, after in zip(times, [*times[1:], ends[-1] if ends else 0], strict=True):
        assert after - before <= EVERY_S + max(steps) + 1e-6
    shares = [int(re.search(r"(\d+) %", line)[1]) for _, line in written]
    assert shares == sorted(shares)


def test_iteration_has_lines_only_where_it_takes_long():
    def lines(seconds):
        clock, file = Clock(), io.StringIO()
        step = line_teller("checking", 20, "", file, clock)
        for _ in range(20):
            clock.now += seconds
            step()
        return file.getvalue().splitlines()

    assert lines(0.1) == []
    assert lines(3)[0] == "checking: 2 of 20"
    assert len(lines(3)) == 9
