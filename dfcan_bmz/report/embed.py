"""Figures inside of a page, which then needs no other file."""

import base64
import io

from matplotlib.figure import Figure


def embed(figure: Figure, dpi: int = 100) -> str:
    """PNG of a figure in base 64, for the `src` of an image."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
