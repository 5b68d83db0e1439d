"""The netpbm formats PBM, PGM and PPM, 8 and 16 bit: a header in plain text, then the samples.

Pillow reads them too, but cuts colour to 8 bits. Source: the manual pages pbm(5), pgm(5) and ppm(5) of Netpbm.
"""

import re
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError
from convcli.files.memory import check_size

__all__ = ["read", "write"]

Array: TypeAlias = NDArray[Any]

_BAND = 1 << 22
_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(
    rb"P([1-6])" + _GAP + rb"(\d{1,10})" + _GAP + rb"(\d{1,10})(?:" + _GAP + rb"(\d{1,10}))?"
)
_LONGEST_HEADER = 1 << 16  # comments count


def read(file: BinaryIO, max_pixels: int) -> Array:
    """Read a picture.

    Parameters
    ----------
    file : BinaryIO
        Seekable, at its start.
    max_pixels : int

    Returns
    -------
    ndarray
        (H, W) or (3, H, W); uint8, or uint16 if the file's largest value is above 255. Other largest values than
        255 and 65535 are stretched to full scale, half to even.

    Raises
    ------
    ConvError
        The header is broken, the picture too large, or it ends too early.
    """
    head = file.read(_LONGEST_HEADER)
    kind = int(head[1:2])
    match = _HEADER.match(head)
    if match is None or (match[4] is None and kind not in (1, 4)):
        raise ConvError("its PPM header is broken: width, height and largest value are needed")
    width, height = int(match[2]), int(match[3])
    check_size(width, height, max_pixels)
    # bits have no largest value: what the pattern took for one belongs to the samples
    largest, end = (1, match.end(3)) if kind in (1, 4) else (int(match[4]), match.end(4))
    if not 0 < largest < 65536:
        raise ConvError(f"its largest value is {largest}, 1 to 65535 are allowed")
    shape = (height, width, 3) if kind in (3, 6) else (height, width)
    file.seek(end + (kind > 3))  # one white space stands between header and binary samples
    if kind == 4:
        values = _bits(file, height, width)
    elif kind > 3:
        values = _binary(file, shape, largest)
    else:
        values = _plain(file.read(), shape, kind == 1)
    scaled = _full_scale(values, largest)
    return scaled if scaled.ndim == 2 else np.ascontiguousarray(scaled.transpose(2, 0, 1))


def _bits(file: BinaryIO, height: int, width: int) -> Array:
    packed = _binary(file, (height, -(-width // 8)), 255).view(np.uint8)
    return 1 - np.unpackbits(packed, axis=1, count=width)  # in PBM 1 is black


def _binary(file: BinaryIO, shape: tuple[int, ...], largest: int) -> Array:
    stored = np.empty(shape, dtype=np.uint8 if largest < 256 else ">u2")
    view = stored.reshape(-1).view(np.uint8).data
    got = 0
    while got < len(view):
        count = file.readinto(view[got : got + _BAND])  # type: ignore[attr-defined]
        if not count:
            raise _truncated()
        got += count
    if largest < 256:
        return stored
    if np.little_endian:
        stored.byteswap(inplace=True)
    return stored.view(np.uint16)


def _plain(text: bytes, shape: tuple[int, ...], bits: bool) -> Array:
    text = re.sub(rb"#[^\r\n]*", b" ", text)
    wrong = re.search(rb"[^\s01]" if bits else rb"[^\s0-9]|\d{6}", text)
    if wrong:
        raise ConvError(
            f"got {wrong[0]!r} among the samples of a plain PPM, whole numbers are needed"
        )
    # the digits of a plain PBM need no space between them
    words = np.frombuffer(b"".join(text.split()), np.uint8) - 48 if bits else text.split()
    count = int(np.prod(shape))
    if len(words) < count:
        raise _truncated()
    values = np.array(words[:count], dtype=np.int32)
    if not bits and values.max() > 65535:
        raise ConvError(f"got the sample {values.max()} in a PPM, at most 65535 is allowed")
    values = 1 - values if bits else values
    return values.astype(np.uint16).reshape(shape)


def _full_scale(values: Array, largest: int) -> Array:
    dtype, full = (np.uint8, 255) if largest < 256 else (np.uint16, 65535)
    if values.dtype != np.uint8 or largest < full:
        top = int(values.max())
        if top > largest:
            raise ConvError(f"got the sample {top}, the header allows at most {largest}")
    if largest == full:
        return values.astype(dtype, copy=False)
    table = np.rint(np.arange(largest + 1) * full / largest).astype(dtype)
    scaled: Array = table[values]
    return scaled


def _truncated() -> ConvError:
    return ConvError("is truncated: it ends before its last sample")


def write(file: BinaryIO, planes: Array) -> None:
    """Write (H, W) as binary PGM, (3, H, W) as binary PPM, in bands of rows.

    Parameters
    ----------
    file : BinaryIO
    planes : ndarray
        uint8 or uint16.
    """
    height, width = planes.shape[-2:]
    kind, full = (5 if planes.ndim == 2 else 6), np.iinfo(planes.dtype).max
    file.write(b"P%d\n%d %d\n%d\n" % (kind, width, height, full))
    rows = max(1, _BAND // (width * planes.dtype.itemsize))
    stored = planes.dtype.newbyteorder(">")
    for top in range(0, height, rows):
        band = planes[..., top : top + rows, :]
        band = band if band.ndim == 2 else band.transpose(1, 2, 0)
        file.write(np.ascontiguousarray(band, dtype=stored).data)
