"""DFCAN's spectrum in ONNX, as matrix products.

onnxruntime's own DFT is slow, slowest at sizes such as 502 = 2 x 251, and needs opset 17.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from dfcan_bmz.models.constants import EPS, EXPONENT

if TYPE_CHECKING:
    from dfcan_bmz.export.onnx import Onnx

ROWS, COLUMNS = 2, 3


def spectrum(words: "Onnx", x: str) -> str:
    """Write `dfcan_bmz.models.dfcan.spectrum`, with its names and its order; (N, C, H, W)."""
    a, b = (words.add("MatMul", x, wave) for wave in _waves(words, x, COLUMNS))  # v = 0..W/2
    waves = [words.add("Transpose", wave, perm=[1, 0]) for wave in _waves(words, x, ROWS)]
    a_re, a_im, b_re, b_im = (words.add("MatMul", wave, part) for part in (a, b) for wave in waves)  # u = 0..H/2
    pixels = words.add("Mul", *(_length(words, x, axis) for axis in (ROWS, COLUMNS)))
    pos = _magnitude(words, words.add("Sub", a_re, b_im), words.add("Add", a_im, b_re), pixels)  # at (+u, v)
    neg = _magnitude(words, words.add("Add", a_re, b_im), words.add("Sub", b_re, a_im), pixels)  # at (-u, v)
    right = _joined(words, neg, pos, ROWS)  # u = -H/2..H/2-1, v = 0..W/2
    left = _joined(words, pos, neg, ROWS)  # the same u, at -v
    return _joined(words, left, right, COLUMNS)


def _joined(words: "Onnx", negative: str, positive: str, axis: int) -> str:
    """Frequencies -N/2..-1 from the mirrored N/2..1 of one half, then 0..N/2-1 of the other."""
    mirrored = words.cut(negative, [axis], [-1], [0], [-1])
    return words.add("Concat", mirrored, words.cut(positive, [axis], [0], [-1]), axis=axis)


def _magnitude(words: "Onnx", re: str, im: str, pixels: str) -> str:
    power = words.add("Div", words.add("Add", words.add("Mul", re, re), words.add("Mul", im, im)), pixels)
    root = words.add("Sqrt", words.add("Max", power, words.constant(EPS)))
    return words.add("Pow", root, words.constant(EXPONENT))


def _length(words: "Onnx", x: str, axis: int) -> str:
    return words.add("Cast", _size(words, x, axis), to=TensorProto.FLOAT)


def _size(words: "Onnx", x: str, axis: int) -> str:
    return words.add("Gather", words.add("Shape", x), words.constant(axis, np.int64))


def _waves(words: "Onnx", x: str, axis: int) -> tuple[str, str]:
    """Cosine and -sine of 2 pi k n / N, n by k, for N the size of an axis at run time and k = 0..N/2.

    k n is reduced modulo N in whole numbers first, so that float32 angles stay exact for any N.
    """
    zero, one, two = (words.constant(number, np.int64) for number in (0, 1, 2))
    size = _size(words, x, axis)
    frequencies = words.add("Range", zero, words.add("Add", words.add("Div", size, two), one), one)
    samples = words.add("Unsqueeze", words.add("Range", zero, size, one), words.constant([1], np.int64))
    turns = words.add("Mod", words.add("Mul", samples, frequencies), size)
    turns = words.add("Div", words.add("Cast", turns, to=TensorProto.FLOAT), _length(words, x, axis))
    angles = words.add("Mul", turns, words.constant(2 * math.pi))
    return words.add("Cos", angles), words.add("Neg", words.add("Sin", angles))
