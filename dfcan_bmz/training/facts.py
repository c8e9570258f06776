"""What a run folder records of the images that it was trained on: the baseline to beat, the domain, a sample."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import Pair
from dfcan_bmz.data.patches import richest_crop
from dfcan_bmz.data.planes import Plane, comparable
from dfcan_bmz.data.records import dataset
from dfcan_bmz.domain import MOST_PLANES, describe_domain, distances, from_text, verdict
from dfcan_bmz.evaluation.score import best_smoothing_px
from dfcan_bmz.fingerprint import middle
from dfcan_bmz.images import Image, mean_frame

MOST_BASELINE_PLANES = 64  # of the validation images, evenly chosen: enough to tell the best sigma
SAMPLE_PX = 256  # largest side of the sample that a run folder keeps, in LR pixels

Opened = list[tuple[Pair, Image, Image]]


def data_facts(training: Opened, validation: Opened, config: Config) -> dict[str, Any]:
    """Entries of ``provenance.json``: the best smoothing before bicubic, and what kind of images these are."""
    return {"validation": _baseline(validation, config), "domain": _domain(training + validation)}


def told_of_like(lr_dir: Path, domain: dict[str, Any] | None) -> str | None:
    """How far the images that a simulation was fitted to lie from what the model has seen, in a sentence."""
    if not domain:
        return None
    real = [from_text(text) for text in dataset(lr_dir).get("like") or []]
    found = [max(one.values()) for one in (distances(own, domain) for own in real) if one]
    return f"the {len(found)} images or tiles given as --like: {verdict(float(np.median(found)))}" if found else None


def write_sample(out: Path, validation: Opened, config: Config) -> None:
    """Write a crop of the first validation image and of its target."""
    _, lr, hr = validation[0]
    sample = richest_crop(Plane(lr.planes[0], hr.planes[0]), max(SAMPLE_PX, config.data.patch_size))
    lr_sample, hr_sample = (part.astype(np.float32) for part in comparable(*sample, config.data.target))
    calibration = lr.calibration.of_axes("YX")
    images.write(out / "sample_lr.tif", lr_sample, "ZYX"[-lr_sample.ndim :], calibration)
    images.write(out / "sample_hr.tif", hr_sample, calibration=calibration.finer(config.model.scale))


def _baseline(validation: Opened, config: Config) -> dict[str, float]:
    every = [(lr, hr, index) for _, lr, hr in validation for index in range(len(lr.planes))]
    some = every[:: math.ceil(len(every) / MOST_BASELINE_PLANES)]
    planes = (comparable(mean_frame(lr.planes[index]), hr.planes[index], config.data.target) for lr, hr, index in some)
    return {"smoothed_bicubic_sigma_px": best_smoothing_px(planes, config.model.scale, config.data.target)}


def _domain(opened: Opened) -> dict[str, Any]:
    every = [(pair.fov, lr, index) for pair, lr, _ in opened for index in range(len(lr.planes))]
    some = every[:: math.ceil(len(every) / MOST_PLANES)]
    planes = ((fov, mean_frame(lr.planes[(index, ..., *middle(lr.size))])) for fov, lr, index in some)
    return describe_domain(planes, (lr.pixel_size_nm for _, lr, _ in opened))
