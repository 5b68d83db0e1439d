"""A fast PNG encoder: grey and RGB, with and without alpha, 8 and 16 bit.

Rows are filtered by Up (the difference to the row above) with NumPy, and deflated in stripes on all cores: zlib
releases Python's lock, and stripes that end with a flush are one stream when they are joined. The first row of a stripe
is not filtered, so that a stripe needs no row of another. Z_RLE (runs and Huffman
codes, no search for matches) is both the fastest and the smallest of zlib's quick settings on filtered photographs.

Source: W3C Recommendation "Portable Network Graphics (PNG) Specification (Third Edition)", which has
animations too; RFC 1950 for the stream.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convcli.engine import threads as cores
from convcli.engine.ranges import Sampled
from convcli.files.pictures.picture import Display, Picture

__all__ = ["write_apng", "write_png"]

_STRIPE = 1 << 20  # bytes: large enough for good Huffman codes, small enough for a core's cache
_CHUNK = 1 << 30  # a chunk's length has 31 bits
_NONE, _UP = 0, 2
_METRE = 0.0254  # of an inch
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
    display: Display = Display(),  # noqa: B008 (frozen)
    exif: bytes = b"",
    threads: int | None = None,
    made: Sampled | None = None,
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
    display : Display
        Its resolution, gamma, primaries; sRGB is left out where there is a profile.
    exif : bytes
        As Pillow has it.
    threads : int or None
        None: one a core, or as many as OMP_NUM_THREADS says if that is less.
    made : Sampled or None
        Computes the planes (see `Picture`).

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_png(file, np.zeros((2, 3), np.uint8))
    >>> file.getvalue()[1:4]
    b'PNG'
    """
    picture = Picture(planes, alpha, made=made)
    _head(file, picture, _shown(profile, display))
    if exif:
        _chunk(file, b"eXIf", exif.removeprefix(b"Exif\0\0"))
    for part in _stream(picture, threads):
        _chunk(file, b"IDAT", part)
    _chunk(file, b"IEND", b"")


def write_apng(
    file: BinaryIO,
    frames: Sequence[tuple[NDArray[Any], NDArray[Any] | None]],
    durations: Sequence[float],
    plays: int,
    *,
    profile: bytes | None = None,
    display: Display = Display(),  # noqa: B008 (frozen)
    threads: int | None = None,
) -> None:
    """Write an animation: a PNG whose first frame every reader shows.

    Parameters
    ----------
    file : BinaryIO
    frames : sequence of (planes, alpha)
        As of `write_png`, alike in shape, dtype and alpha.
    durations : sequence of float
        Milliseconds of each.
    plays : int
        How often it is shown; 0 is without end.
    profile, display, threads
        As of `write_png`.
    """
    first = Picture(*frames[0])
    count = struct.pack(">II", len(frames), plays)
    _head(file, first, [*_shown(profile, display), (b"acTL", count)])
    height, width = first.size
    number = 0
    for i, (frame, spent) in enumerate(zip(frames, durations, strict=True)):
        unit = 1000 if spent <= 2**16 - 1 else 10
        delay = min(round(spent * unit / 1000), 2**16 - 1)
        place = struct.pack(">IIIIIHHBB", number, width, height, 0, 0, delay, unit, 0, 0)
        _chunk(file, b"fcTL", place)
        number += 1
        for part in _stream(Picture(*frame), threads):
            if i == 0:
                _chunk(file, b"IDAT", part)
                continue
            _chunk(file, b"fdAT", struct.pack(">I", number) + part)
            number += 1
    _chunk(file, b"IEND", b"")


def _head(file: BinaryIO, picture: Picture, chunks: Iterable[tuple[bytes, bytes]]) -> None:
    height, width = picture.size
    depth, colour = 8 * picture.planes.itemsize, _COLOUR_TYPES[_count(picture)]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    file.write(b"\x89PNG\r\n\x1a\n")
    _chunk(file, b"IHDR", header)
    for kind, data in chunks:
        _chunk(file, kind, data)


def _count(picture: Picture) -> int:
    """Channels, alpha among them."""
    return (3 if picture.colour else 1) + (picture.alpha is not None)


def _stream(picture: Picture, threads: int | None) -> Iterator[bytes]:
    """Deflate a picture on several threads; the parts are one stream."""
    colours = 3 if picture.colour else 1
    tops = picture.strips(_STRIPE * colours // _count(picture))
    make = partial(_piece, picture, tops.step)
    adler = 1
    head = b"\x78\x01"  # of the stream: deflate, a window of 32 KiB, the fastest level
    for piece in cores.in_order(make, tops, picture.threads(threads, len(tops))):
        yield head + piece.deflated
        head = b""
        adler = _joined(adler, piece.adler, piece.length)
    yield struct.pack(">I", adler)


def _shown(profile: bytes | None, display: Display) -> Iterator[tuple[bytes, bytes]]:
    """Give the chunks that say how the samples are meant to be shown, in the order of the specification's table 7."""
    if display.primaries is not None:
        yield b"cHRM", struct.pack(">8I", *(round(v * 100_000) for v in display.primaries))
    if display.gamma is not None:
        yield b"gAMA", struct.pack(">I", round(display.gamma * 100_000))
    if profile:
        yield b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile)
    elif display.srgb is not None:
        yield b"sRGB", bytes([display.srgb])
    if display.resolution is not None:
        across, down = (min(round(v / _METRE), 2**31 - 1) for v in display.resolution)
        yield b"pHYs", struct.pack(">IIB", across, down, 1)
    elif display.aspect is not None:
        yield b"pHYs", struct.pack(">IIB", *(max(round(v), 1) for v in display.aspect), 0)


def _chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    for start in range(0, max(len(data), 1), _CHUNK):
        part = data[start : start + _CHUNK] if len(data) > _CHUNK else data
        file.write(struct.pack(">I", len(part)) + kind)
        file.write(part)
        file.write(struct.pack(">I", zlib.crc32(part, zlib.crc32(kind))))


def _piece(picture: Picture, rows: int, top: int) -> _Piece:
    """Filter and deflate the rows from `top` on."""
    height, _ = picture.size
    bottom = min(top + rows, height)
    planes = picture.rows(top, bottom)
    channels = [*planes] if picture.colour else [planes]
    if picture.alpha is not None:
        channels.append(picture.alpha[top:bottom])
    samples = _bytes(channels)
    filtered = np.empty((bottom - top, 1 + samples.shape[1]), np.uint8)
    filtered[0, 0], filtered[1:, 0] = _NONE, _UP
    filtered[0, 1:] = samples[0]
    np.subtract(samples[1:], samples[:-1], out=filtered[1:, 1:])
    deflate = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    deflated = deflate.compress(filtered.data)
    deflated += deflate.flush(zlib.Z_FINISH if bottom == height else zlib.Z_SYNC_FLUSH)
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
