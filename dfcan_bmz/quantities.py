"""Times and sizes as people say them."""


def duration(seconds: float) -> str:
    """A time, e.g. ``"4 min"``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size_text(count: int) -> str:
    """A number of bytes in the unit in which it says something, e.g. ``"3.2 MB"``."""
    size, units = float(count), ["kB", "MB", "GB", "TB"]
    if size < 1e3:
        return f"{count} bytes"
    while size >= 999.95 and units:
        size, unit = size / 1e3, units.pop(0)
    return f"{size:.1f} {unit}"


def row_text(row: dict[str, float]) -> str:
    """An epoch as one line for people."""
    return (
        f"epoch {row['epoch']:>4}  loss {row['loss']:.5f}  val_loss {row['val_loss']:.5f}  "
        f"PSNR {row['psnr']:.2f} dB  val_PSNR {row['val_psnr']:.2f} dB  {row['seconds']:.1f} s"
    )
