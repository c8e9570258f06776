"""How far images were moved, as a table for a terminal."""

from rich.markup import escape
from rich.table import Table

from dfcan_bmz.data.align import Move


def moves_table(moves: list[Move]) -> Table:
    """How far each HR image was moved."""
    table = Table("pair", "down", "right", "worst corner", "agreement before", "after", "", title="HR pixels")
    for move in moves:
        lengths = (f"{length:.2f}" for length in (move.down_px, move.right_px, move.farthest_px))
        fate = "moved" if move.moved else "kept"
        table.add_row(escape(move.name), *lengths, f"{move.before:.3f}", f"{move.after:.3f}", fate)
    return table
