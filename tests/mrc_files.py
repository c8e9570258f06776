"""MRC files byte by byte, as the microscopes of BioSR wrote them."""

import numpy as np

MODES = {"int8": 0, "int16": 1, "float32": 2, "complex64": 4, "uint16": 6, "float16": 12}


def mrc_bytes(frames, order="<", pixel_nm=62.6, deltavision=True, extra=0, z_nm=200.0):
    """Header of 1024 bytes, `extra` bytes of extended header, then (N, Y, X) pixels."""
    count, rows, columns = frames.shape
    header = bytearray(1024)

    def put(offset, values, dtype):
        data = np.asarray(values, f"{order}{dtype}").tobytes()
        header[offset : offset + len(data)] = data

    put(0, [columns, rows, count, MODES[frames.dtype.name]], "i4")
    put(28, [1, 1, 1] if deltavision else [columns, rows, count], "i4")
    sizes = (pixel_nm, pixel_nm, z_nm)
    per_sample = zip(sizes, (columns, rows, count), strict=True)
    put(
        40,
        [size / 1e3 for size in sizes] if deltavision else [10 * size * samples for size, samples in per_sample],
        "f4",
    )
    put(52, [90, 90, 90], "f4")
    put(64, [1, 2, 3], "i4")
    put(92, [extra], "i4")
    if deltavision:
        put(96, [-16224], "i2")
    else:
        header[208:212] = b"MAP "
        header[212:216] = b"\x44\x44\0\0" if order == "<" else b"\x11\x11\0\0"
    return bytes(header) + bytes(extra) + frames.astype(frames.dtype.newbyteorder(order)).tobytes()
