"""JPEG in strips, on all cores: each strip is encoded by itself and becomes an interval between restart markers.

Blocks of a baseline JPEG depend on each other by the means of the blocks before them, and start anew after a restart
marker; so a reader sees the samples of a picture that was encoded in one piece.

Source: ITU-T Recommendation T.81, annex B (markers) and F.1.1.5.1 (what restarts).
"""

import os
from functools import partial
from io import BytesIO
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convcli.engine import threads as cores
from convcli.files.pictures.exif import carried
from convcli.files.pictures.picture import LONGEST_EXIF, Picture

__all__ = ["QUALITY", "write_jpeg"]

QUALITY = 95

_STRIP = 1 << 20
"""Bytes of the samples of a strip."""

_UNIT = 16
"""Rows of the largest unit that is coded at a time: two blocks of 8, as colour has half the rows."""

_MOST = 2**16 - 1
"""Units between two restart markers, at most."""

_FRAME, _SCAN, _INTERVAL, _RESTART, _END = 0xC0, 0xDA, 0xDD, 0xD0, b"\xff\xd9"
"""Markers (table B.1)."""


def write_jpeg(file: BinaryIO, picture: Picture, threads: int | None = None) -> None:
    """Write 8-bit grey or RGB, its colour profile, its resolution and its EXIF.

    Parameters
    ----------
    file : BinaryIO
    picture : Picture
    threads : int or None
        None: one a core, or as many as OMP_NUM_THREADS says if that is less.

    Raises
    ------
    OSError, ValueError
        The encoder fails.
    """
    height, width = picture.size
    tops = picture.strips(min(_STRIP, 8 * width * (_MOST // -(-width // 8))), _UNIT)
    count = picture.threads(threads, len(tops))
    strips = cores.in_order(partial(_encoded, picture, tops.step, count > 1), tops, count)
    for number, strip in enumerate(strips):
        segments = _segments(strip)
        if number:
            file.write(bytes((0xFF, _RESTART + (number - 1) % 8)))
        else:
            head = segments if len(tops) == 1 else _restarting(segments, height, tops.step)
            file.writelines([strip[:2], *head])
        file.write(strip[2 + sum(map(len, segments)) : -len(_END)])
    file.write(_END)


def _encoded(picture: Picture, rows: int, beside: bool, top: int) -> memoryview:
    """Encode the rows from `top` on as a JPEG of their own, perhaps beside other threads."""
    planes = picture.rows(top, min(top + rows, picture.size[0]))
    bands = [_image(plane) for plane in (planes if planes.ndim == 3 else [planes])]
    image = bands[0] if len(bands) == 1 else Image.merge("RGB", bands)
    kept: dict[str, Any] = {}
    if top == 0:
        exif = carried(picture)
        told = {"icc_profile": picture.profile, "dpi": picture.display.resolution}
        told["exif"] = exif if len(exif) <= LONGEST_EXIF else None
        kept = {name: value for name, value in told.items() if value}
    with _scratch(beside) as file:
        image.save(file, "JPEG", quality=QUALITY, **kept)
        file.seek(0)
        return memoryview(file.read())


def _scratch(beside: bool) -> IO[bytes]:
    """Open a file in memory; where the system has such, Pillow lets go of the interpreter while it encodes into one."""
    if beside and hasattr(os, "memfd_create"):
        return open(os.memfd_create("strip"), "w+b", buffering=0)  # noqa: PTH123
    return BytesIO()


def _image(plane: NDArray[Any]) -> Image.Image:
    samples = np.ascontiguousarray(plane)
    return Image.frombuffer("L", samples.shape[::-1], samples, "raw", "L", 0, 1)


def _segments(strip: memoryview) -> list[memoryview]:
    """Cut out the segments before the coded samples, the head of the scan the last of them."""
    found: list[memoryview] = []
    at = 2
    while not found or found[-1][1] != _SCAN:
        end = at + 2 + int.from_bytes(strip[at + 2 : at + 4], "big")
        found.append(strip[at:end])
        at = end
    return found


def _restarting(segments: list[memoryview], height: int, rows: int) -> list[bytes]:
    """Make the head of a picture from that of its first strip: its height, and how many units lie between markers."""
    head = [bytes(segment) for segment in segments]
    at = next(i for i, segment in enumerate(head) if segment[1] == _FRAME)
    frame = head[at]
    # marker, length, 8 bits, height, width, count, then three bytes a component: the second has its blocks in a unit
    width, blocks = int.from_bytes(frame[7:9], "big"), frame[11::3]
    across, down = (
        (max(b >> 4 for b in blocks), max(b & 15 for b in blocks)) if len(blocks) > 1 else (1, 1)
    )
    units = rows // (8 * down) * -(-width // (8 * across))
    head[at] = frame[:5] + height.to_bytes(2, "big") + frame[7:]
    head.insert(-1, bytes((0xFF, _INTERVAL, 0, 4)) + units.to_bytes(2, "big"))
    return head
