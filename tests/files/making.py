"""PNG files made by hand, so that what is read is compared with bytes that no library has seen."""

import struct
import zlib

import numpy as np

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


ADAM7 = [
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
]
"""Of each pass: first row and column, step between rows and columns (PNG specification, section 8.1)."""


def interlaced(samples: np.ndarray, colour_type: int) -> bytes:
    """Encode (H, W) or (H, W, channels) of 8 or 16 bits in seven passes."""
    height, width = samples.shape[:2]
    stored = samples.astype(samples.dtype.newbyteorder(">"))
    passes = [stored[y::down, x::right] for y, x, down, right in ADAM7]
    lines = [b"\0" + row.tobytes() for part in passes if part.size for row in part]
    header = struct.pack(">IIBBBBB", width, height, 8 * samples.itemsize, colour_type, 0, 0, 1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"".join(lines)))
        + chunk(b"IEND", b"")
    )


def png(samples: np.ndarray, bits: int, colour_type: int, extra: bytes = b"") -> bytes:
    """Encode (H, W) or (H, W, channels), unfiltered, with chunks `extra` before the samples."""
    height, width = samples.shape[:2]
    rows = samples.reshape(height, -1)
    if bits == 16:
        lines = [row.astype(">u2").tobytes() for row in rows]
    else:
        digits = ((rows[..., None] >> np.arange(bits)[::-1]) & 1).reshape(height, -1)
        lines = [np.packbits(row.astype(np.uint8)).tobytes() for row in digits]
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + line for line in lines)))
        + chunk(b"IEND", b"")
    )


def tiff(
    samples: np.ndarray,
    *,
    order: str = "<",
    photometric: int = 1,
    sample_format: int = 1,
    **tags: int,
) -> bytes:
    """Encode (H, W) or (H, W, C) as one uncompressed strip."""
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    data = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    bits = tags.get("bits", 8 * samples.dtype.itemsize)
    many = struct.pack(f"{order}{channels}H", *[bits] * channels)
    entries = {256: width, 257: height, 259: 1, 262: photometric, 273: 8, 277: channels}
    entries |= {278: height, 279: len(data), 339: sample_format}
    if channels == 4:
        entries[338] = tags.get("extra", 2)
    if "orientation" in tags:
        entries[274] = tags["orientation"]
    entries[256] = tags.get("width", width)
    start = 8 + len(data) + len(many) % 2
    blob = {258: (3, channels, many)}
    count = len(entries) + 1
    after = start + 2 + 12 * count + 4
    body = b""
    for tag in sorted([*entries, 258]):
        if tag == 258:
            kind, n, raw = blob[258]
            value = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack(f"{order}I", after)
            body += struct.pack(f"{order}HHI", tag, kind, n) + value
        else:
            body += struct.pack(f"{order}HHII", tag, 4, 1, entries[tag])
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return (
        mark
        + struct.pack(f"{order}I", start)
        + data
        + b"\0" * (start - 8 - len(data))
        + struct.pack(f"{order}H", count)
        + body
        + struct.pack(f"{order}I", 0)
        + many
    )


def with_background(data: bytes, colour: bytes) -> bytes:
    """Put a bKGD chunk in front of a PNG's first IDAT."""
    at = data.index(b"IDAT") - 4
    return data[:at] + chunk(b"bKGD", colour) + data[at:]
