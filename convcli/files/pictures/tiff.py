"""TIFFs of samples that Pillow does not read, by tifffile (the extra `convcli[tiff]`): 64 bits, several bands."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from math import prod
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin

from convcli.engine.errors import ConvError, printable
from convcli.files.memory import check_free, check_size
from convcli.files.opening import told
from convcli.files.pictures.decoding import (
    TURNS,
    check_count,
    check_frame,
    count_notes,
    further_notes,
    geo_notes,
)
from convcli.files.pictures.picture import Display, Frames, Picture, full_scale, unbounded

__all__ = ["read", "read_all", "write_bands"]

Array: TypeAlias = NDArray[Any]

_WIDTH, _BITS, _PHOTOMETRIC, _ORIENTATION, _BANDS, _FORMAT = 256, 258, 262, 274, 277, 339
_ACROSS, _DOWN, _UNIT = 282, 283, 296
_INCHES = {2: 1.0, 3: 2.54}
"""By what resolution is counted in: how much of it an inch is."""
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = _READ = 0, 1, 2
_BACK = {6: 8, 8: 6}
"""Quarter turns are undone by each other, all else by itself."""

_MULTIPLIED, _APART = 1, 2
"""What a further sample is: alpha that the colours are multiplied by, or alpha beside them."""

_NUMBERS = {1: "integers", 2: "signed integers", 3: "floats"}
"""By sample format, those that are read."""
_CLASSIC = 2**32 - 2**20
"""Bytes from which on a TIFF is a BigTIFF."""

_NEEDED = "pip install 'convcli[tiff]'"


class _Errors(logging.Handler):
    """Keeps what tifffile logs as an error and passes over: a tag that is broken is one that it does not have."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.thread, self.told = threading.get_ident(), ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.told = self.told or printable(record.getMessage())


def read(file: BinaryIO, max_pixels: int, frame: int | None, refused: ConvError) -> Picture:
    """Read a page of a file that Pillow's way refused.

    Parameters
    ----------
    file : BinaryIO
        Seekable.
    max_pixels : int
    frame : int, optional
        Which page, from 0; None is the first, and that there are more is noted.
    refused : ConvError
        What was wrong; raised again where nothing says what samples the file has.

    Returns
    -------
    Picture
        One of grey or RGB in 8 or 16 bits, else numbers of their own units: those of several bands are (C, H, W), floats
        of 16 bits are given 32.

    Raises
    ------
    ConvError
    """
    with _pages(file, refused) as pages:
        check_frame(frame or 0, len(pages), "TIFF")
        picture = _read(pages[frame or 0], max_pixels)
        notes = count_notes(len(pages), "TIFF") if frame is None else ()
        return replace(picture, notes=(*notes, *picture.notes))


def read_all(file: BinaryIO, max_pixels: int, refused: ConvError) -> Frames:
    """Read all pages as `read` reads one; `max_pixels` is for all of them together.

    Raises
    ------
    ConvError
    """
    pictures: list[Picture] = []
    left = max_pixels
    with _pages(file, refused) as pages:
        check_count(len(pages), "TIFF")
        for page in pages:
            pictures.append(_read(page, left))
            left -= prod(pictures[-1].size)
    return Frames(tuple(pictures))


@contextmanager
def _pages(file: BinaryIO, refused: ConvError) -> Iterator[Any]:
    has = _described(file)
    if not has:
        raise refused
    try:
        tifffile = import_module("tifffile")
    except ImportError as error:
        raise ConvError(f"{has}: they are read with {_NEEDED}") from error
    logger, errors = logging.getLogger("tifffile"), _Errors()
    logger.addHandler(errors)
    try:
        file.seek(0)
        with told(), tifffile.TiffFile(file) as held:
            yield held.pages
            if errors.told:
                raise ConvError(f"is damaged: {errors.told}")
    finally:
        logger.removeHandler(errors)


def _described(file: BinaryIO) -> str:
    """Say which samples the first page has; nothing where its tags cannot be read, or such samples are not."""
    tags: Any = {}
    with suppress(Exception), told():
        file.seek(0)
        head = file.read(8)
        if head[2:3] == b"+" or head[3:4] == b"+":  # BigTIFF
            head += file.read(8)
        tags = TiffImagePlugin.ImageFileDirectory_v2(head)
        file.seek(tags.next)
        tags.load(file)
        bands, bits, kind = tags.get(_BANDS, 1), max(tags.get(_BITS, (1,))), tags.get(_FORMAT, (1,))
        drawn = tags.get(_PHOTOMETRIC, _BLACK_IS_ZERO) in _READ
        if _WIDTH in tags and drawn and kind[0] in _NUMBERS:
            several = f"{bands} bands of " if bands > 1 else ""
            return f"has {several}{_NUMBERS[kind[0]]} of {bits} bits"
    return ""


def _read(page: Any, max_pixels: int) -> Picture:
    with told():
        axes = page.axes
        if axes not in ("YX", "YXS", "SYX") or page.dtype is None or page.dtype.kind not in "iuf":
            kind = printable(page.dtype) if page.dtype else f"{page.bitspersample} bits"
            raise ConvError(f"has samples of {kind} along {axes}, which are not read")
        if page.photometric not in _READ:
            name = printable(getattr(page.photometric, "name", page.photometric))
            raise ConvError(f"has samples of the kind {name}, which is not read: grey and RGB are")
        check_size(page.imagewidth, page.imagelength, max_pixels)
        if page.is_tiled:
            check_size(page.tilewidth, page.tilelength, max_pixels)
        check_free(2 * page.nbytes)
        if not len(page.dataoffsets) == len(page.databytecounts) == prod(page.chunked):
            raise ConvError("is damaged: it does not say where all of its parts lie")
        stored = page.asarray()
    if axes == "YXS":
        stored = np.moveaxis(stored, 2, 0)
    turned = page.tags.valueof(_ORIENTATION, 1)
    values = TURNS.get(_BACK.get(turned, turned), TURNS[1])(stored)
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    return _meant(page, np.ascontiguousarray(values, values.dtype.newbyteorder("=")))


def _meant(page: Any, values: Array) -> Picture:
    """Say which samples are colours, which are alpha, and which are numbers."""
    notes = geo_notes(page.tags)
    display, profile = _display(page), page.tags.valueof(34675)
    count = 3 if page.photometric == _RGB else 1
    further = [int(kind) for kind in page.extrasamples]
    bands = values if values.ndim == 3 else values[np.newaxis]
    drawn = values.dtype in (np.uint8, np.uint16)
    if drawn and len(bands) == count + len(further) and (count == 3 or set(further) <= {1, 2}):
        bands = _stretched(bands, page.bitspersample)
        colours, alpha = bands[:count], None
        if page.photometric == _WHITE_IS_ZERO:
            colours = full_scale(values.dtype) - colours
        kinds = [kind for kind in further if kind in (_MULTIPLIED, _APART)]
        if kinds:
            alpha = bands[count + further.index(kinds[0])]
            if kinds[0] == _MULTIPLIED:
                colours = _divided(colours, alpha)
        notes = further_notes(len(further) - len(kinds[:1])) + notes
        planes: Any = colours if count == 3 else colours[0]
        return Picture(planes, alpha, profile, notes, display=display)
    own = values.ndim == 3 or unbounded(values)
    return Picture(values, notes=notes, display=display, numbers=own)


def _stretched(values: Array, bits: int) -> Array:
    """Let samples of fewer bits span all that their dtype has: their bits are repeated below them."""
    shift = 8 * values.dtype.itemsize - bits
    if not shift:
        return values
    found = np.zeros_like(values)
    while shift > -bits:
        found |= values << shift if shift >= 0 else values >> -shift
        shift -= bits
    return found


def _divided(colours: Array, alpha: Array) -> Array:
    """Undo a multiplication by alpha."""
    full = int(full_scale(alpha.dtype))
    over = np.maximum(alpha, 1).astype(np.uint64)
    found: Array = (colours * np.uint64(full) + over // 2) // over
    return np.minimum(found, full).astype(colours.dtype)


def _display(page: Any) -> Display:
    with suppress(Exception):  # what is broken there is no reason to refuse the samples
        scale = _INCHES.get(int(page.tags.valueof(_UNIT, 2)), 0)
        across, down = (
            scale * pair[0] / pair[1]
            for pair in (page.tags.valueof(_ACROSS), page.tags.valueof(_DOWN))
        )
        if 0 < across < 2**16 and 0 < down < 2**16:
            found = Display((across, down))
            return found.turned() if page.tags.valueof(_ORIENTATION, 1) > 4 else found
    return Display()


def write_bands(file: BinaryIO, pictures: Sequence[Picture]) -> None:
    """Write numbers of several bands, a page each, band after band.

    Parameters
    ----------
    file : BinaryIO
    pictures : sequence of Picture
        Planes (C, H, W) or (H, W).

    Raises
    ------
    ConvError
        The extra is missing, or tifffile cannot write them.
    """
    try:
        tifffile = import_module("tifffile")
    except ImportError as error:
        raise ConvError(f"a TIFF of several bands is written with {_NEEDED}") from error
    encoded = BytesIO()  # it wants to read as well
    large = sum(p.planes.nbytes for p in pictures) >= _CLASSIC
    with tifffile.TiffWriter(encoded, bigtiff=large) as writer:
        for picture in pictures:
            per_inch = picture.display.resolution
            writer.write(
                picture.planes,
                photometric="minisblack",
                planarconfig="separate" if picture.planes.ndim == 3 else None,
                resolution=per_inch,
                resolutionunit=None if per_inch is None else "inch",
                software=False,
                metadata=None,
            )
    with encoded.getbuffer() as held:
        file.write(held)
