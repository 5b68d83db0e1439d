"""A fast PNG encoder: grey and RGB, with and without alpha, 8 and 16 bit.

Rows are filtered by Up (the difference to the row above) with NumPy, and deflated in stripes on all cores: zlib
releases Python's lock, and stripes that end with a flush are one stream when they are joined. Z_RLE (runs and Huffman
codes, no search for matches) is both the fastest and the smallest of zlib's quick settings on filtered photographs.

Source: W3C Recommendation "Portable Network Graphics (PNG) Specification (Third Edition)"; RFC 1950 for the stream.
"""

import struct
import zlib
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convcli.engine import threads as cores

__all__ = ["write_png"]

_STRIPE = 1 << 20  # bytes: large enough for good Huffman codes, small enough for a core's cache
_CHUNK = 1 << 30  # a chunk's length has 31 bits
_UP = 2
_ADLER_BASE = 65521
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by the number of channels


class _Piece(NamedTuple):
    """One stripe: its part of the stream, and the checksum and length of what it holds."""

    deflated: bytes
    adler: int
    length: int


def write_png(
    file: BinaryIO,
    planes: NDArray[Any],
    alpha: NDArray[Any] | None = None,
    *,
    profile: bytes | None = None,
    threads: int | None = None,
) -> None:
    """Write a picture as PNG. Beside the picture only a few stripes of it are in memory.

    Parameters
    ----------
    file : BinaryIO
    planes : ndarray of uint8 or uint16
        Grey (H, W) or colour (3, H, W), with any strides.
    alpha : ndarray or None
        (H, W), of the same dtype.
    profile : bytes or None
        An ICC profile.
    threads : int or None
        None: one a core, or as many as OMP_NUM_THREADS says if that is less.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_png(file, np.zeros((2, 3), np.uint8))
    >>> file.getvalue()[1:4]
    b'PNG'
    """
    height, width = planes.shape[-2:]
    channels = [*planes.reshape(-1, height, width)] if planes.ndim == 3 else [planes]
    if alpha is not None:
        channels.append(alpha)
    depth = 8 * planes.dtype.itemsize
    header = struct.pack(">IIBBBBB", width, height, depth, _COLOUR_TYPES[len(channels)], 0, 0, 0)
    file.write(b"\x89PNG\r\n\x1a\n")
    _chunk(file, b"IHDR", header)
    if profile:
        _chunk(file, b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile))
    adler = 1
    head = b"\x78\x01"  # of the stream: deflate, a window of 32 KiB, the fastest level
    for piece in _pieces(channels, threads or cores.threads()):
        _chunk(file, b"IDAT", head + piece.deflated)
        head = b""
        adler = _joined(adler, piece.adler, piece.length)
    _chunk(file, b"IDAT", struct.pack(">I", adler))
    _chunk(file, b"IEND", b"")


def _chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    for start in range(0, max(len(data), 1), _CHUNK):
        part = data[start : start + _CHUNK] if len(data) > _CHUNK else data
        file.write(struct.pack(">I", len(part)) + kind)
        file.write(part)
        file.write(struct.pack(">I", zlib.crc32(part, zlib.crc32(kind))))


def _pieces(channels: list[NDArray[Any]], threads: int) -> Iterator[_Piece]:
    """Deflate stripes on several threads, in order, no more than two a thread ahead of the file."""
    height, width = channels[0].shape
    rows = max(1, _STRIPE // (width * len(channels) * channels[0].dtype.itemsize))
    make = partial(_piece, channels, rows)
    tops = range(0, height, rows)
    if threads == 1 or len(tops) == 1:
        yield from map(make, tops)
        return
    from concurrent.futures import Future, ThreadPoolExecutor  # a picture of one stripe needs none

    with ThreadPoolExecutor(min(threads, len(tops))) as pool:
        ahead: deque[Future[_Piece]] = deque()
        for top in tops:
            ahead.append(pool.submit(make, top))
            if len(ahead) > 2 * threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _piece(channels: list[NDArray[Any]], rows: int, top: int) -> _Piece:
    """Filter and deflate the rows from `top` on."""
    height = len(channels[0])
    last = top + rows >= height
    samples = _bytes([channel[max(top - 1, 0) : top + rows] for channel in channels])
    count = min(rows, height - top)
    filtered = np.empty((count, 1 + samples.shape[1]), np.uint8)
    filtered[:, 0] = _UP
    if top == 0:  # above the first row there are zeros
        filtered[0, 1:] = samples[0]
    np.subtract(samples[1:], samples[:-1], out=filtered[count + 1 - len(samples) :, 1:])
    deflate = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    deflated = deflate.compress(filtered.data)
    deflated += deflate.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)
    return _Piece(deflated, zlib.adler32(filtered.data), filtered.size)


def _bytes(channels: list[NDArray[Any]]) -> NDArray[np.uint8]:
    """Interleave channels (h, w) to rows of bytes, high byte first."""
    height, width = channels[0].shape
    stored = np.dtype(channels[0].dtype).newbyteorder(">")
    if len(channels) == 1:
        pixels = np.ascontiguousarray(channels[0], dtype=stored)
    else:
        pixels = np.empty((height, width, len(channels)), dtype=stored)
        for i, channel in enumerate(channels):
            pixels[..., i] = channel
    return pixels.reshape(height, -1).view(np.uint8)


def _joined(first: int, second: int, length: int) -> int:
    """Adler-32 of two parts, from those of each and the length of the second (RFC 1950, section 9).

    >>> _joined(zlib.adler32(b"ab"), zlib.adler32(b"cd"), 2) == zlib.adler32(b"abcd")
    True
    """
    low = first & 0xFFFF
    total = low + (second & 0xFFFF) - 1
    weighted = (first >> 16) + (second >> 16) + length * (low - 1)
    return weighted % _ADLER_BASE << 16 | total % _ADLER_BASE
