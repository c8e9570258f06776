"""Look for MRC files that are neither read nor refused, guided by coverage (pip install atheris; Linux).

python tests/fuzz_mrc.py -max_total_time=60
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dfcan_bmz.formats", "dfcan_bmz.images"]):
    from dfcan_bmz import images
    from dfcan_bmz.errors import DfcanError

import numpy as np
from mrc_files import MODES, mrc_bytes


def seeds() -> list[bytes]:
    """Small files of every mode, in both byte orders, of microscopes and standard ones."""
    frames = np.random.default_rng(0).integers(0, 100, (2, 4, 5))
    return [
        mrc_bytes(frames.astype(mode), order, 62.6, deltavision, extra)
        for mode in MODES
        for order in "<>"
        for deltavision in (True, False)
        for extra in (0, 64)
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path, corpus = Path(scratch) / "a.mrc", Path(scratch) / "corpus"
        corpus.mkdir()
        for index, content in enumerate(seeds()):
            (corpus / str(index)).write_bytes(content)

        def read_or_refuse(content: bytes) -> None:
            path.write_bytes(content)
            image, refusal = None, path.name
            try:
                image = images.read(path)
            except DfcanError as error:
                refusal = str(error)
            if path.name not in refusal or len(refusal.splitlines()) != 1:
                raise RuntimeError(f"no refusal of one line: {refusal!r}")
            if image is not None and not (np.isfinite(image.pixels).all() and (image.pixel_size_nm or 1) > 0):
                raise RuntimeError("read, but not as an image")

        atheris.Setup([*sys.argv, str(corpus), "-max_len=4096"], read_or_refuse)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
