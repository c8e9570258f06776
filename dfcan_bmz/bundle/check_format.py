"""Test weight formats of a bundle; run by `apart` as a process of its own, in an empty folder."""

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bioimageio.core import create_prediction_pipeline, predict, test_description

from dfcan_bmz import children
from dfcan_bmz.bundle import jdll
from dfcan_bmz.bundle.apart import Found, hand_over
from dfcan_bmz.bundle.jdll_engines import TIMES_PYTORCH, choose_engine
from dfcan_bmz.bundle.verdict import CORE, FAILED, FIJI, OWN, PASSED, SECONDS, WHOLE, Verdict, passed_unless
from dfcan_bmz.bundle_file.read import Bundle, Processing, read_bundle
from dfcan_bmz.bundle_file.validation import ModelDescription, validated
from dfcan_bmz.engines import reason_of
from dfcan_bmz.images import channels_last
from dfcan_bmz.model import Model
from dfcan_bmz.model.loading import of_weights
from dfcan_bmz.prediction.tiles import predict_unit

SIDE_PX = 512  # of the image whose time is told


def core_verdicts(description: ModelDescription, name: str) -> list[Verdict]:
    """What bioimageio.core says: it reproduces the test tensor and runs other valid sizes and batches."""
    summary = test_description(description, weight_format=name, expected_type="model")
    verdicts = []
    for detail in summary.details:
        failed = detail.status == "failed"
        if not failed and name not in detail.name:
            continue  # of the description, which has a verdict of its own
        test = _short(detail.name.replace(f" ({name})", "").replace(f"{name} ", ""))
        message = "; ".join(reason_of(error.msg) for error in detail.errors) if failed else ""
        verdicts.append(Verdict(name, CORE, test, FAILED if failed else PASSED, None, message))
    return verdicts or [Verdict(name, CORE, "load", FAILED, message="bioimageio.core has tested nothing")]


def _short(test: str) -> str:
    """Turn bioimageio.core's name of a test into one that fits a table."""
    test = test.replace("Reproduce test outputs from test inputs", "test tensor")
    return re.sub(
        r"Run inference for inputs with batch_size: (\d+) and size parameter n: (\d+)", r"batch \1, size \2", test
    )


def test_tensor_verdict(description: ModelDescription, known: Processing, ours: Model, name: str) -> list[Verdict]:
    """Largest difference between our engine's output and the test tensor."""
    (test_input,), (test_output,) = description.get_input_test_arrays(), description.get_output_test_arrays()
    unit = np.stack([channels_last(known.unit(np.moveaxis(image, -1, 0))) for image in test_input])
    difference = np.abs(np.clip(ours.network(unit), 0, 1) - test_output).max()
    return [_compared(name, OWN, "test tensor", difference, known.tolerance)]


def blockwise_verdicts(
    description: ModelDescription, known: Processing, ours: Model, name: str, image: np.ndarray
) -> list[Verdict]:
    """bioimageio.core in blocks against our tiles, and, as a figure, whole against blocks."""
    outputs = []
    for blocks in ({"blocksize_parameter": 1}, {}):
        pipeline = create_prediction_pipeline(description, weight_format=name)
        sample = predict(model=pipeline, inputs=channels_last(image)[None], **blocks)
        outputs.append(np.asarray(sample.members["output"].data)[0, :, :, 0])
    blockwise, whole = outputs
    difference = np.abs(blockwise - predict_unit(ours, known.unit(image))).max()
    seams = float(np.abs(blockwise - whole).max())
    complete = blockwise.shape == whole.shape and bool(np.isfinite(whole).all())
    return [
        _compared(name, CORE, "blocks, against our tiles", difference, known.tolerance),
        Verdict(name, CORE, WHOLE, PASSED if complete else FAILED, seams),
    ]


def fiji_verdict(known: Processing, content: dict, ours: Model, name: str, image: np.ndarray) -> list[Verdict]:
    """The tiles that deepImageJ cuts, against ours, on the same normalised image."""
    step = known.step
    expected = predict_unit(ours, jdll.preprocess(content, image)[..., ::step, ::step])
    predicted = jdll.predict(content, lambda batch: ours.network(batch[:, ::step, ::step]), image)
    difference = np.abs(predicted - expected).max()
    return [_compared(name, FIJI, "tiles, against ours", difference, known.tolerance)]


def seconds_verdict(ours: Model, name: str) -> list[Verdict]:
    """How long deepImageJ takes for an image, from what one tile takes here."""
    side = ours.tile
    tiles = len(jdll.windows(SIDE_PX, side, ours.halo)) ** 2
    batch = np.random.default_rng(0).uniform(size=(1, side, side, ours.frames.number)).astype(np.float32)
    times = []
    for _ in range(4):  # the first ones prepare
        started = time.perf_counter()
        ours.network(batch)
        times.append(time.perf_counter() - started)
    message = f"{SIDE_PX} x {SIDE_PX} px are {tiles} tiles of {side} px"
    return [Verdict(name, FIJI, SECONDS, PASSED, TIMES_PYTORCH * tiles * min(times), message)]


def large_image(description: ModelDescription, step: int) -> np.ndarray:
    """The test image, mirrored to twice a tile less a few pixels: (C, Y, X) with several tiles and no round size."""
    (test_input,) = description.get_input_test_arrays()
    frames = np.moveaxis(test_input[0], -1, 0)
    return np.pad(frames, [(0, 0), *((0, side - 6 * step) for side in frames.shape[1:])], mode="symmetric")


def random_images(tile: int, channels: int) -> dict[str, np.ndarray]:
    """Batches that every format has to agree on: one tile, two at once, oblong ones."""
    shapes = [(1, tile, tile), (2, tile, tile), (1, tile // 4 * 2, tile), (1, tile, tile + tile // 4 * 2)]
    rng = np.random.default_rng(0)
    return {" x ".join(map(str, shape)): rng.uniform(size=(*shape, channels)).astype(np.float32) for shape in shapes}


def attempt(name: str, engine: str, test: str, run: Callable[[], list[Verdict]]) -> list[Verdict]:
    """Verdicts of a test; one that fails of itself if the test raises."""
    try:
        return run()
    except Exception as error:
        # somebody's weights may make an engine fail in any way; the other tests go on
        return [Verdict(name, engine, test, FAILED, message=reason_of(error))]


def _compared(name: str, engine: str, test: str, difference: float, limit: float) -> Verdict:
    # NaN is beyond every limit
    objection = "" if difference <= limit else f"differs by {difference:.2g}, over {limit:g}"
    return passed_unless(objection, name, engine, test, float(difference))


def own_verdicts(bundle: Bundle, description: ModelDescription, ours: Model, name: str) -> list[Verdict]:
    """Tests of a bundle by `dfcan-bmz package`, whose processing is known."""
    content, known = bundle.content, bundle.ours
    image = large_image(description, known.step)
    verdicts = attempt(name, OWN, "test tensor", lambda: test_tensor_verdict(description, known, ours, name))
    verdicts += attempt(name, CORE, WHOLE, lambda: blockwise_verdicts(description, known, ours, name, image))
    choice = choose_engine(content["weights"])
    if choice is not None and choice.weight_format == name:
        verdicts += attempt(name, FIJI, "tiles", lambda: fiji_verdict(known, content, ours, name, image))
        if known.input == "low-resolution":  # the other is for ilastik
            verdicts += attempt(name, FIJI, SECONDS, lambda: seconds_verdict(ours, name))
    return verdicts


def examine(path: Path, name: str) -> Found:
    """Run every test of one format, whose weights `check` has screened."""
    bundle = read_bundle(path, trusted=True)
    description = validated(bundle)  # anew for each format: bioimageio.core writes into it
    verdicts = attempt(name, CORE, "test tensor", lambda: core_verdicts(description, name))
    if bundle.processing is None or any(verdict.verdict == FAILED for verdict in verdicts):
        return Found(verdicts, {})
    try:
        ours = of_weights(bundle, name)
        images = random_images(ours.tile, ours.frames.number)
        outputs = {size: ours.network(batch) for size, batch in images.items()}
    except Exception as error:  # as in `attempt`
        return Found([*verdicts, Verdict(name, OWN, "load", FAILED, message=reason_of(error))], {})
    return Found(verdicts + own_verdicts(bundle, description, ours, name), outputs)


if __name__ == "__main__":
    children.bound_memory()
    for weight_format in sys.argv[2:]:
        hand_over(Path(), weight_format, examine(Path(sys.argv[1]), weight_format))
