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
    extra: tuple[int, ...] = (),
    apart: bool = False,
    **tags: int,
) -> bytes:
    """Encode (H, W) or (H, W, C) as one uncompressed strip, or one a band if they lie apart.

    `extra` is what samples behind the colours are; of four the last is alpha unless it says else.
    """
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    if channels == 4 and not extra:
        extra = (2,)
    stored = np.moveaxis(samples, 2, 0) if apart else samples
    data = stored.astype(samples.dtype.newbyteorder(order)).tobytes()
    strips = channels if apart else 1
    entries = {256: width, 257: height, 259: 1, 262: photometric, 277: channels, 278: height}
    entries |= {339: sample_format, 284: 2 if apart else 1}
    if "orientation" in tags:
        entries[274] = tags["orientation"]
    entries[256] = tags.get("width", width)
    each = len(data) // strips
    longs = {tag: [value] for tag, value in entries.items()}
    longs |= {273: [8 + each * i for i in range(strips)], 279: [each] * strips}
    shorts = {258: [tags.get("bits", 8 * samples.dtype.itemsize)] * channels}
    if extra:
        shorts[338] = list(extra)
    start = 8 + len(data) + len(data) % 2
    count = len(longs) + len(shorts)
    after = start + 2 + 12 * count + 4
    body = behind = b""
    for tag in sorted([*longs, *shorts]):
        values, kind, letter = (longs[tag], 4, "I") if tag in longs else (shorts[tag], 3, "H")
        raw = struct.pack(f"{order}{len(values)}{letter}", *values)
        if len(raw) > 4:
            place = struct.pack(f"{order}I", after + len(behind))
            raw, behind = place, behind + raw + b"\0" * (len(raw) % 2)
        body += struct.pack(f"{order}HHI", tag, kind, len(values)) + raw.ljust(4, b"\0")
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return (
        mark
        + struct.pack(f"{order}I", start)
        + data
        + b"\0" * (len(data) % 2)
        + struct.pack(f"{order}H", count)
        + body
        + struct.pack(f"{order}I", 0)
        + behind
    )


def with_background(data: bytes, colour: bytes) -> bytes:
    """Put a bKGD chunk in front of a PNG's first IDAT."""
    at = data.index(b"IDAT") - 4
    return data[:at] + chunk(b"bKGD", colour) + data[at:]
