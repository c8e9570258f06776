"""A bundle in bioimageio.core's own program, as those run it who do not have this package."""

import tempfile
from pathlib import Path

import numpy as np
import tifffile

from dfcan_bmz import children
from dfcan_bmz.errors import UnfinishedError
from dfcan_bmz.export import last_words
from dfcan_bmz.prediction.files import predict_files
from dfcan_bmz.prediction.job import Options


def run_elsewhere(bundle: Path, image: Path, theirs: Path, ours: Path) -> float:
    """Run ``bioimageio test``, predict an image by ``bioimageio predict`` and by this package, and compare.

    Parameters
    ----------
    bundle, image : pathlib.Path
        What to run, and on what.
    theirs, ours : pathlib.Path
        Files to write, each in a folder of its own, named as `image` is.

    Returns
    -------
    float
        The largest difference, in intensities of 0..1.

    Raises
    ------
    UnfinishedError
        If the program fails.
    """
    _bioimageio("test", bundle.resolve())
    theirs.parent.mkdir(exist_ok=True)
    files = ("--inputs", image.resolve(), "--outputs", theirs.resolve())
    _bioimageio("predict", bundle.resolve(), "--overwrite", "--blockwise", 1, *files)
    predict_files(bundle, [image], ours.parent, Options(overwrite=True))
    return float(np.abs(np.squeeze(tifffile.imread(theirs)) - tifffile.imread(ours)).max())


def _bioimageio(*arguments: object) -> None:
    # bioimageio.core unpacks weights into the working directory
    with tempfile.TemporaryDirectory() as folder:
        answer = children.run("bioimageio.core", *arguments, cwd=Path(folder))
    if answer.returncode:
        raise UnfinishedError(f"`bioimageio {arguments[0]}` failed: {last_words(answer)}")
