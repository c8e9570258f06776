"""A stranger's network in a process of its own: what it does to that process is an error like any other."""

import hostile_weights as hostile
import numpy as np
import pytest
from conftest import skip_engine

from dfcan_bmz.engines import apart, engine_of, reason_of
from dfcan_bmz.extras import missing_extra

# enlarges by 2; a batch of several images is repeated until it fills more memory than there is
BODY = """\
    if torch.gt(torch.size(x, 0), 1):
      y = torch.repeat(x, [1, 9999999, 9999999, 1])
    else:
      y = torch.repeat(x, [1, 2, 2, 1])
    return y
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    if extra := missing_extra("torchscript"):
        skip_engine(f"torchscript needs the extra {extra}: pip install 'dfcan-bmz[{extra}]'")
    path = hostile.torchscript(tmp_path_factory.mktemp("apart") / "w.pt", BODY, before=hostile.CLASS_WITHOUT_WEIGHT)
    return apart.load("torchscript", path)


def image(count):
    return np.random.default_rng(0).uniform(size=(count, 4, 6, 1)).astype(np.float32)


def test_it_computes_what_the_engine_computes(network):
    np.testing.assert_array_equal(network(image(1)), np.tile(image(1), (1, 2, 2, 1)))
    assert engine_of(network) == "torchscript"


def test_more_memory_than_there_is_is_an_error_and_no_end(network):
    with pytest.raises(RuntimeError, match=r"(?i)memory|allocate"):
        network(image(2))
    assert network(image(1)).shape == (1, 8, 12, 1)


def test_one_that_does_not_answer_in_time_is_ended(network, monkeypatch):
    monkeypatch.setattr(network.connection, "poll", lambda seconds: False)
    with pytest.raises(RuntimeError, match=f"no answer after {apart.LONGEST_S} s"):
        network(image(1))
    monkeypatch.undo()
    with pytest.raises(RuntimeError, match="its process ended"):
        network(image(1))


OF_TENSORFLOW = """Graph execution error:

Detected at node pad/Pad defined at (most recent call last):
  File "functional.py", line 184, in call

OOM when allocating tensor with shape[1,2000032,2000032,1]
\t [[{{node pad/Pad}}]]
Hint: If you want to see a list of allocated tensors
 [Op:__inference_one_step_6]"""
OF_PYTORCH = """The following operation failed in the TorchScript interpreter.
Traceback of TorchScript, serialized code (most recent call last):
  File "code/__torch__.py", line 4, in forward
RuntimeError: not enough memory"""


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (OF_TENSORFLOW, "OOM when allocating tensor with shape[1,2000032,2000032,1]"),
        (OF_PYTORCH, "RuntimeError: not enough memory"),
        ("bad allocation", "bad allocation"),
        ("Graph execution error:", "Graph execution error:"),
        ("", "ValueError"),
    ],
)
def test_the_reason_is_the_line_that_tells_most(told, reason):
    assert reason_of(ValueError(told)) == reason
