"""Figures as PNG, in a notebook, or inside of a page, which then needs no other file."""

import base64
import io

from matplotlib.figure import Figure


def png(figure: Figure, dpi: int = 100) -> bytes:
    """PNG of a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def embed(figure: Figure, dpi: int = 100) -> str:
    """PNG of a figure in base 64, for the `src` of an image."""
    return base64.b64encode(png(figure, dpi)).decode("ascii")
