"""What a training is made of, refused before anything is touched where it cannot be: settings, pairs, planes."""

from typing import Any, NamedTuple

import numpy as np

from dfcan_bmz import images
from dfcan_bmz.config import SMALLEST_PATCH, Config
from dfcan_bmz.data.augment import margin_of
from dfcan_bmz.data.enlarged import enlarge
from dfcan_bmz.data.leaks import shared_planes
from dfcan_bmz.data.pairs import Pair, frames_asked, open_pair, scale_between, split
from dfcan_bmz.data.planes import Plane, prepare
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.events import Events
from dfcan_bmz.extras import refuse_without
from dfcan_bmz.flaws import only
from dfcan_bmz.images import Image
from dfcan_bmz.training.facts import Opened
from dfcan_bmz.training.provenance import provenance
from dfcan_bmz.training.scales import further_pairs


class Part(NamedTuple):
    """One side of the split: pairs with their images, without planes that cannot be normalised, and those planes."""

    opened: Opened
    planes: list[Plane]


class Plan(NamedTuple):
    """A training to be: its settings, both sides of the split, and where they come from."""

    config: Config
    training: Part
    validation: Part
    provenance: dict[str, Any]


def plan(pairs: list[Pair], config: Config, events: Events) -> Plan:
    """Split pairs and open them; nothing is written.

    Raises
    ------
    DfcanError
        If a pair is unfit, an image is on both sides of the split, or a package is missing.
    """
    if config.train.tensorboard:
        refuse_without("tensorboard", "train.tensorboard")
    scales = dict.fromkeys(pairs, config.model.scale) | further_pairs(config, events)
    chosen = split(list(scales), config.data.validation, np.random.default_rng(config.train.seed))
    frames = frames_asked(config)
    opened = [[(pair, *_fed(*open_pair(pair, scales[pair], frames), config)) for pair in part] for part in chosen]
    found = [image for part in opened for _, *pair in part for image in pair]
    events.notes_of((image.path, note) for image in found for note in image.notes)
    for pair, lr_image, _ in opened[0] + opened[1]:
        _refuse_small(lr_image, scales[pair], config)
    training, validation = (_prepared(part, config, events) for part in opened)
    record = provenance(*chosen)
    _refuse_leaks(record["files"], training.opened, validation.opened)
    return Plan(config, training, validation, record)


def _fed(lr: Image, hr: Image, config: Config) -> tuple[Image, Image]:
    """A pair with what the network gets of its LR image."""
    return (images.averaged(lr) if config.data.frames == "mean" else lr), hr


def _prepared(part: Opened, config: Config, events: Events) -> Part:
    prepared: list[Plane] = []
    kept: Opened = []
    for pair, lr, hr in events.each(part, "reading"):
        planes = prepare(lr, hr, config.data.target, events.note, config.data.background_cut)
        sound = [plane.position for plane in planes]
        kept.append((pair, only(lr, sound), only(hr, sound)))
        if config.data.other_scales:
            planes = [enlarge(plane, scale_between(lr, hr)) for plane in planes]
        prepared += planes if config.data.sampling == "signal" else [plane._replace(signal=None) for plane in planes]
    return Part(kept, prepared)


def _refuse_leaks(files: dict[str, list[dict[str, str]]], training: Opened, validation: Opened) -> None:
    """Refuse to validate on an image, or on a plane of one, that is trained on under another name."""
    twins = []
    for side, kind in enumerate(("lr_sha256", "hr_sha256")):
        trained = {file[kind]: file["name"] for file in files["training"]}
        twins += [(trained[file[kind]], file["name"]) for file in files["validation"] if file[kind] in trained]
        if twins:
            break
        names = {images[side].path: pair.name for pair, *images in (*training, *validation)}
        trained_on, validated_on = ([images[side] for _, *images in part] for part in (training, validation))
        if shared := shared_planes(trained_on, validated_on):
            one, other = shared
            twins.append((names[one.path], names[other.path]))
    if twins:
        raise DfcanError(
            f"{twins[0][0]} and {twins[0][1]} are the same image, one trained on and the other validated on: give them "
            "one fov in manifest.csv"
        )


def _refuse_small(lr: Image, scale: int, config: Config) -> None:
    height, width = lr.pixels.shape[-2:]
    patch = -(-config.data.patch_size * config.model.scale // scale)  # patches of all scales show as many HR pixels
    if "rotate" in config.data.augment and min(height, width) < (window := patch + 2 * margin_of(patch)):
        raise DfcanError(
            f"{lr.path} is {height} x {width} px, smaller than the {window} that a patch of {patch} needs to be turned "
            "by any angle: leave rotate out of data.augment, or set a smaller data.patch_size"
        )
    if min(height, width) < patch:
        largest = min(height, width) * scale // config.model.scale // 2 * 2
        smaller_patch = f" or pass --set data.patch_size={largest}" if largest >= SMALLEST_PATCH else ""
        raise DfcanError(
            f"{lr.path} is {height} x {width} px, smaller than the patch of {patch}: leave it out{smaller_patch}"
        )
