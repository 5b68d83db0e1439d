"""PNG, JPEG, WebP, TIFF, BMP and GIF by Pillow: every kind of sample kept as it is, or refused in words."""

import os
import re
import struct
import sys
from collections.abc import Callable, Container
from contextlib import suppress
from dataclasses import dataclass, replace
from mmap import mmap
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from convcli.engine.errors import ConvError, printable
from convcli.engine.threads import each, workers
from convcli.files.ahead import opened
from convcli.files.memory import check_size, too_large
from convcli.files.opening import UnknownSamplesError, lend, open_picture, rawmode, told
from convcli.files.pictures.exif import read_exif
from convcli.files.pictures.picture import Display, Frames, Picture, full_scale, unbounded

__all__ = [
    "TURNS",
    "check_count",
    "check_frame",
    "count_notes",
    "decode",
    "decode_frames",
    "further_notes",
    "geo_notes",
]

Array: TypeAlias = NDArray[Any]

_ORIENTATION = 274  # the EXIF tag
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # TIFF tags
_FURTHER, _NO_KIND = 338, 0
_WHITE_IS_ZERO, _SIGNED = 0, 2
_ACROSS, _DOWN, _UNIT, _NO_UNIT = 282, 283, 296, 1  # resolution, in TIFF and EXIF
_GEO = (33550, 33922, 34264, 34735)
"""TIFF tags that say where on the earth the pixels lie (OGC GeoTIFF 1.1, section 7.1)."""
_INDEXED, _COLOUR = (
    3,
    2,
)  # the colour type of a PNG with a palette, and the bit of those with colours
_TELLING = {b"IHDR": 13, b"PLTE": 768, b"bKGD": 6}
"""The chunks of a PNG that are read here, and their largest size."""

_APART, _PACKED = 284, 259
"""TIFF tags: 2 where each band lies by itself, 1 where nothing is packed."""

_PLANE = ("1", "L", "I", "F", "I;16", "I;16B", "I;16L")
"""Modes of one band."""

_STRIP = 1 << 16  # pixels that are copied at a time

_DEEP = re.compile(r"(RGB|RGBA|RGBX);16[BLN]")
"""Pillow's names of 16-bit colour in a file: it would keep the high byte of each sample."""

TURNS: dict[int, Callable[[Array], Array]] = {
    1: lambda a: a,
    2: lambda a: a[..., ::-1],
    3: lambda a: a[..., ::-1, ::-1],
    4: lambda a: a[..., ::-1, :],
    5: lambda a: a.swapaxes(-2, -1),
    6: lambda a: np.rot90(a, 1, axes=(-2, -1)),
    7: lambda a: a[..., ::-1, ::-1].swapaxes(-2, -1),
    8: lambda a: np.rot90(a, -1, axes=(-2, -1)),
}
"""From the upright picture to the stored one, by EXIF orientation: views, so that turning costs no memory."""


@dataclass(frozen=True, eq=False, repr=False)
class _Layout:
    """How the samples of a decoded image become planes: `split` takes a strip of it to (bands, h, w)."""

    bands: int
    split: Callable[[Image.Image], Array]
    dtype: type[np.generic] = np.uint8
    alpha: bool = False  # the last band


def _planes(strip: Image.Image) -> Array:
    values = np.asarray(strip)
    return values[np.newaxis] if values.ndim == 2 else values.transpose(2, 0, 1)


def _as_rgb(strip: Image.Image) -> Array:
    return _planes(strip.convert("RGB"))


_LAYOUTS: dict[str, _Layout] = {
    "1": _Layout(1, lambda strip: _planes(strip) * np.uint8(255)),
    "L": _Layout(1, _planes),
    "LA": _Layout(2, _planes, alpha=True),
    "RGB": _Layout(3, _planes),
    "RGBA": _Layout(4, _planes, alpha=True),
    "RGBX": _Layout(3, lambda strip: _planes(strip)[:3]),
    "CMYK": _Layout(3, _as_rgb),
    "YCbCr": _Layout(3, _as_rgb),
    "I;16": _Layout(1, _planes, np.uint16),
    "I;16B": _Layout(1, _planes, np.uint16),
    "I;16L": _Layout(1, _planes, np.uint16),
    "F": _Layout(1, _planes, np.float32),
}
"""By Pillow's mode; palettes are `_palette`'s."""


def decode(file: BinaryIO, format: str, max_pixels: int, frame: int | None = None) -> Picture:
    """Read a picture of a format that Pillow knows.

    Parameters
    ----------
    file : BinaryIO
        Seekable, at its start.
    format : str
        What `sniff.picture_format` says.
    max_pixels : int
    frame : int, optional
        Which of several, from 0; None is the first, and that there are more is noted.

    Raises
    ------
    ConvError
    """
    image, memory = opened(file, format, max_pixels)
    background = _background(_chunks(file)) if format == "PNG" else None
    count = _count(image, format)
    if frame is None:
        picture = _decoded(file, image, format, max_pixels, 0, count_notes(count, format), memory)
        return replace(picture, background=background)
    check_frame(frame, count, format)
    picture = _decoded(file, image, format, max_pixels, frame)
    return replace(_level(picture, format), background=background)


def decode_frames(file: BinaryIO, format: str, max_pixels: int) -> Frames:
    """Read all pictures of a file; `max_pixels` is for all of them together.

    Raises
    ------
    ConvError
    """
    image = open_picture(file, format, max_pixels)
    background = _background(_chunks(file)) if format == "PNG" else None
    count = _count(image, format)
    check_count(count, format)
    # a picture for programs that know no animation is no part of it
    first = 1 if image.info.get("default_image") and count > 1 else 0
    meant = count - first
    plays = image.info.get("loop")
    total, pictures, durations = 0, [], []
    for at in range(first, count):
        with told():
            image.seek(at)
        width, height = image.size
        total += width * height
        if total > max_pixels or (format != "TIFF" and width * height * meant > max_pixels):
            raise too_large(f"{meant} {_unit(format)} of {height}x{width}", max_pixels)
        picture = _decoded(file, image, format, max_pixels, at)
        pictures.append(replace(_level(picture, format), background=background))
        spent = _positive((image.info.get("duration"),), 1)
        durations.append(spent[0] if spent else 0.0)
    if format == "TIFF" or len(pictures) == 1:
        return Frames(tuple(pictures))
    if format == "GIF":  # what it says is how often it is shown again
        plays = 1 if plays is None else plays and plays + 1
    return Frames(_alike(pictures), tuple(durations), plays if isinstance(plays, int) else 0)


_MOST = 10_000
"""Pages and frames that are counted: a file can name a page as often as it likes."""


def _count(image: ImageFile.ImageFile, format: str) -> int:
    """Count pages or frames, and leave the image at the first."""
    # the further pictures in a photograph's JPEG are previews and depth maps: nobody means them
    if format == "JPEG":
        return 1
    with told():
        if format != "TIFF":
            return min(int(getattr(image, "n_frames", 1)), _MOST)
        count = 1
        with suppress(EOFError):
            while count < _MOST:
                image.seek(count)
                count += 1
        image.seek(0)
    return count


def check_count(count: int, format: str) -> None:
    """Refuse to read all of more pages or frames than are counted.

    Raises
    ------
    ConvError
    """
    if count >= _MOST:
        raise ConvError(f"has {_MOST} {_unit(format)} or more, less are allowed for --frame all")


def check_frame(frame: int, count: int, format: str) -> None:
    """Refuse a frame that a file does not have.

    Raises
    ------
    ConvError
    """
    if frame >= count:
        has = f"{count} {_unit(format)}" if count > 1 else "one frame"
        allowed = f"0 to {count - 1} are" if count > 1 else "0 is"
        raise ConvError(f"has {has}, --frame {allowed} allowed, got {frame}")


def _unit(format: str) -> str:
    return "pages" if format == "TIFF" else "frames"


def _level(picture: Picture, format: str) -> Picture:
    """Undo that Pillow gives all frames of a GIF but the first in colour, with alpha."""
    if format != "GIF":
        return picture
    planes: Any = picture.planes
    alpha = picture.alpha
    if picture.colour and (planes[0] == planes[1]).all() and (planes[0] == planes[2]).all():
        planes = planes[0]
    return replace(
        picture, planes=planes, alpha=None if alpha is None or alpha.min() == 255 else alpha
    )


def _alike(pictures: list[Picture]) -> tuple[Picture, ...]:
    """Give all frames of an animation colour or alpha if one has it."""
    if any(p.colour for p in pictures):
        pictures = [p if p.colour else replace(p, planes=_coloured(p.planes)) for p in pictures]
    if any(p.alpha is not None for p in pictures):
        pictures = [
            p
            if p.alpha is not None
            else replace(p, alpha=np.full(p.size, full_scale(p.planes.dtype), dtype=p.planes.dtype))
            for p in pictures
        ]
    return tuple(pictures)


def _coloured(grey: Any) -> Any:
    return np.repeat(grey[np.newaxis], 3, axis=0)


def _decoded(
    file: BinaryIO,
    image: ImageFile.ImageFile,
    format: str,
    max_pixels: int,
    at: int,
    notes: tuple[str, ...] = (),
    memory: mmap | None = None,
) -> Picture:
    """Read one picture of a file; `memory` has its pixels if it is decoded already."""
    if memory is None:
        with told():
            image.seek(at)
    check_size(*image.size, max_pixels)
    if (
        format == "GIF" and at
    ):  # only when a later frame is laid over those before it shows whether it has alpha
        with told():
            image.load()
    profile = image.info.get("icc_profile")
    rawmodes = {rawmode(tile) for tile in image.tile}
    if format == "PNG" and at and any(";16" in name for name in rawmodes):
        raise ConvError("has frames of 16 bits, of which only the first is read")
    if rawmodes == {"LA;16B"}:  # taken for RGBA, the four bytes of a pixel come as they are
        _relabel(image, lambda _: "RGBA")
        layout = _Layout(2, _byte_pairs, np.uint16, alpha=True)
        values = _filled(image, layout)
    elif rawmodes and all(_DEEP.fullmatch(name) for name in rawmodes):
        tags = getattr(image, "tag_v2", {})
        if tags.get(_APART, 1) == 2 and tags.get(_PACKED, 1) != 1:
            # libtiff unpacks them as it likes, and the second reading would be the first one once more
            raise UnknownSamplesError("has 16-bit colours that are packed band by band")
        layout = replace(_LAYOUTS[image.mode], dtype=np.uint16)
        values = _filled(image, layout)
        values <<= 8
        # again, with the low bytes taken for the high ones
        image = open_picture(file, format, max_pixels)
        with told():
            image.seek(at)
        _relabel(image, _other_end)
        _filled(image, layout, into=values)
    else:
        layout = _layout(image, format)
        values = _filled(image, layout, memory=memory)
    if format == "TIFF":
        notes += _left_out(image.mode, image.tag_v2)  # type: ignore[attr-defined]
    if image.mode in ("CMYK", "YCbCr"):
        notes += (f"{image.mode} is read as RGB, without its colour profile",)
        profile = None
    colours = values[:-1] if layout.alpha else values
    # the key of 2 and 4 bits is written in those, but the samples are stretched by now
    scale = {"L;2": 85, "L;4": 17}.get(min(rawmodes, default=""), 1)
    alpha = values[-1] if layout.alpha else _keyed(image, colours, scale)
    return Picture(
        colours if len(colours) == 3 else colours[0],
        alpha,
        profile if isinstance(profile, bytes) and profile else None,
        notes,
        display=_display(image),
        exif=read_exif(image),
        numbers=format == "TIFF" and unbounded(values),
    )


def _left_out(mode: str, tags: Any) -> tuple[str, ...]:
    """Say what of a TIFF is not read; refuse bands of numbers of which Pillow gives the first alone."""
    left = tuple(tags.get(_FURTHER, ())).count(_NO_KIND)
    if left and mode in _PLANE:
        raise UnknownSamplesError(f"has {1 + left} bands, of no told kind, which are not read")
    return further_notes(left) + geo_notes(tags)


def further_notes(left: int) -> tuple[str, ...]:
    """Say that there are samples beside colours and alpha, and what they are is not."""
    if not left:
        return ()
    many = f"{left} more samples a pixel" if left > 1 else "one more sample a pixel"
    return (f"{many}, of no told kind, {'are' if left > 1 else 'is'} left out",)


def geo_notes(tags: Container[int]) -> tuple[str, ...]:
    """Say that the pixels of a TIFF have a place on the earth."""
    if any(tag in tags for tag in _GEO):
        return ("its place on the earth (GeoTIFF) is left out",)
    return ()


def count_notes(count: int, format: str) -> tuple[str, ...]:
    """Say that there are more pages or frames than the one that is read."""
    if count < 2:
        return ()
    number = f"more than {_MOST - 1}" if count == _MOST else str(count)
    return (f"the first of {number} {_unit(format)} is read",)


def _display(image: ImageFile.ImageFile) -> Display:
    """Read how the picture is meant to be shown; what is broken there is no reason to refuse the samples."""
    info = image.info
    resolution, aspect = _positive(info.get("dpi"), 2), _positive(info.get("aspect"), 2)
    if image.format == "JPEG" and info.get("jfif_unit") == 0 and info.get("jfif_density") != (1, 1):
        aspect = _positive(info.get("jfif_density"), 2)
    if image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        if tags.get(_UNIT) == _NO_UNIT:
            resolution, aspect = None, _positive(info.get("resolution"), 2)
        elif _ACROSS not in tags:  # Pillow says 1
            resolution = None
    if image.format == "WEBP":
        with suppress(Exception):
            tags = image.getexif()
            if tags.get(_UNIT, 2) == 2:
                resolution = _positive((tags.get(_ACROSS), tags.get(_DOWN)), 2)
    if (
        resolution is not None and max(resolution) >= 2**16
    ):  # more than JPEG could say, or anyone mean
        resolution = None
    gamma = _positive((info.get("gamma"),), 1)
    srgb = info.get("srgb")
    found = Display(
        resolution,
        None if aspect is None or aspect[0] == aspect[1] else (aspect[0], aspect[1]),
        gamma and gamma[0],
        _positive(info.get("chromaticity"), 8),
        srgb if isinstance(srgb, int) and 0 <= srgb <= 3 else None,
    )
    return found.turned() if _orientation(image) > 4 else found


def _positive(values: Any, count: int) -> Any:
    """Return so many numbers that are 0 or more and finite, the first of them above 0; None if they are not that."""
    try:
        found = tuple(float(value) for value in values)
    except (TypeError, ValueError, ArithmeticError):
        return None
    good = len(found) == count and all(0 <= v < 2**31 for v in found) and found[0] > 0
    return found if good and (count != 2 or found[1] > 0) else None


def _relabel(image: ImageFile.ImageFile, other: Callable[[str], str]) -> None:
    """Let the decoder take the samples in the file for another kind of the same width."""
    image.tile = [
        tile._replace(
            args=(other(rawmode(tile)), *tile.args[1:])
            if isinstance(tile.args, tuple)
            else other(rawmode(tile))
        )
        for tile in image.tile
    ]


def _other_end(name: str) -> str:
    native, other = ("L", "B") if sys.byteorder == "little" else ("B", "L")
    return name[:-1] + {native: other, other: native, "N": other}[name[-1]]


def _byte_pairs(strip: Image.Image) -> Array:
    return np.ascontiguousarray(np.asarray(strip)).view(">u2").transpose(2, 0, 1)


def _layout(image: ImageFile.ImageFile, format: str) -> _Layout:
    """Choose how samples of at most 8 bits, or 16-bit grey, or floats are read; refuse what would lose bits."""
    mode, tags = image.mode, getattr(image, "tag_v2", {}) if format == "TIFF" else {}
    bits = max(tags.get(_BITS, (8,)))
    signed = _SIGNED in tags.get(_SAMPLE_FORMAT, ())
    if mode == "I" and format == "TIFF":
        return _Layout(1, _INTEGERS[signed, bits][0], _INTEGERS[signed, bits][1])
    if mode == "I" or signed:
        raise UnknownSamplesError(
            f"has {'signed ' * signed}{mode} samples of {bits} bits, which are not read: "
            "8 and 16 bits unsigned, signed ones of 16 and 32 bits in grey, and floats, are"
        )
    deep = any(";16" in rawmode(tile) for tile in image.tile) or bits > 8
    if deep and not mode.startswith("I;16") and mode != "F":
        raise UnknownSamplesError(
            f"has {mode} samples of more than 8 bits in an order that is not read without loss: "
            "save it as a 16-bit PNG"
        )
    if mode in ("P", "PA"):
        with told():
            image.load()
        return _palette(image)
    if mode not in _LAYOUTS:
        raise ConvError(
            f"has samples of the kind {printable(mode)}, which is not read: grey and RGB are"
        )
    layout = _LAYOUTS[mode]
    if mode.startswith("I;16") and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        return replace(layout, split=lambda strip: 65535 - _planes(strip))
    if bits == 12:
        return replace(layout, split=lambda strip: _planes(strip) << 4 | _planes(strip) >> 8)
    return layout


def _wrapped(strip: Image.Image) -> Array:
    return np.asarray(strip).view(np.uint32)[np.newaxis]


_INTEGERS: dict[tuple[bool, int], tuple[Callable[[Image.Image], Array], type[np.generic]]] = {
    (True, 16): (_planes, np.int16),
    (True, 32): (_planes, np.int32),
    (False, 32): (_wrapped, np.uint32),  # Pillow has the bits, and takes them for signed
}
"""By sign and bits: how the numbers of a TIFF are taken from what Pillow calls I, and what they are."""


def _palette(image: Image.Image) -> _Layout:
    """Read indices through the palette: to grey if every entry in use is grey, with alpha if one is not opaque."""
    used = np.array(image.histogram()[:256]) > 0
    entries = np.zeros((256, 3), dtype=np.uint8)
    listed = np.array(image.getpalette("RGB") or [], dtype=np.uint8).reshape(-1, 3)[:256]
    entries[: len(listed)] = listed
    opacity = np.full(256, 255, dtype=np.uint8)
    transparency = image.info.get("transparency")
    if isinstance(transparency, bytes):
        opacity[: len(transparency)] = np.frombuffer(transparency[:256], dtype=np.uint8)
    elif isinstance(transparency, int) and 0 <= transparency < 256:
        opacity[transparency] = 0
    columns = entries.T if (entries[used] != entries[used, :1]).any() else entries.T[:1]
    if image.mode == "PA":
        return _Layout(
            len(columns) + 1,
            lambda strip: np.concatenate(
                [columns[:, np.asarray(strip)[..., 0]], np.asarray(strip)[np.newaxis, ..., 1]]
            ),
            alpha=True,
        )
    seen = bool((opacity[used] < 255).any())
    table = np.concatenate([columns, opacity[np.newaxis]]) if seen else columns
    return _Layout(len(table), lambda strip: table[:, np.asarray(strip)], alpha=seen)


def _filled(
    image: ImageFile.ImageFile,
    layout: _Layout,
    into: Array | None = None,
    memory: mmap | None = None,
) -> Array:
    """Decode, turn upright and split into planes (bands, H, W), a strip at a time; `into` gets the bits added."""
    with told():
        if memory is None and layout is _LAYOUTS.get(image.mode):
            memory = lend(image)
        image.load()
        turn = TURNS.get(_orientation(image), TURNS[1])
        width, height = image.size
        pixels = None
        if memory is not None:
            pixels = np.frombuffer(memory, np.uint8).reshape(height, width, -1)
        stored = turn(np.empty((0, height, width))).shape[1:]
        if pixels is not None and layout.bands == 1 and turn is TURNS[1]:
            return pixels.reshape(1, height, width)
        values = np.empty((layout.bands, *stored), layout.dtype) if into is None else into
    target = turn(values)
    rows = max(1, _STRIP // width)

    def copy(take: Callable[[], int | None]) -> None:
        while (top := take()) is not None:
            bottom = min(top + rows, height)
            if pixels is not None:
                _part(pixels[top:bottom], target[:, top:bottom])
            elif into is None:
                target[:, top:bottom] = layout.split(image.crop((0, top, width, bottom)))
            else:
                target[:, top:bottom] |= layout.split(image.crop((0, top, width, bottom)))

    strips = range(0, height, rows)
    each(copy, strips, 1 if pixels is None else min(workers(), len(strips)))
    return values


def _part(pixels: Array, planes: Array) -> None:
    """Copy interleaved samples (h, w, 1 or 4 bytes) to planes (bands, h, w); four bytes as one number, which is faster."""
    if pixels.shape[2] == 1:
        planes[0] = pixels[..., 0]
        return
    words = pixels.view(np.uint32)[..., 0]
    shifted = np.empty_like(words)
    for band, plane in enumerate(planes):
        place = band if sys.byteorder == "little" else 3 - band
        found = np.right_shift(words, 8 * place, out=shifted) if place else words
        np.copyto(plane, found, casting="unsafe")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF is no reason to refuse the samples
        return 1


def _keyed(image: Image.Image, colours: Array, scale: int) -> Array | None:
    """Alpha from the one colour that a PNG's transparency chunk, or a grey GIF, declares transparent."""
    key = image.info.get("transparency")
    keys = key if isinstance(key, tuple) else (key,)
    if image.mode in ("P", "PA") or len(keys) != len(colours) or not isinstance(keys[0], int):
        return None
    clear = np.logical_and.reduce(
        [plane == value * scale for plane, value in zip(colours, keys, strict=True)]
    )
    if not clear.any():
        return None
    alpha: Array = np.full(clear.shape, full_scale(colours.dtype), colours.dtype)
    alpha[clear] = 0
    return alpha


def _chunks(file: BinaryIO) -> dict[bytes, bytes]:
    """Return the first chunk of each of `_TELLING`; refuse a PNG without its last chunk.

    (Pillow reads one that has lost only checksums and the end, and no bKGD.)
    """
    at = file.tell()
    end = file.seek(0, os.SEEK_END)
    place = 8
    found: dict[bytes, bytes] = {}
    while place + 12 <= end:
        file.seek(place)
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind in _TELLING:
            found.setdefault(kind, file.read(min(length, _TELLING[kind])))
        if kind == b"IEND":
            file.seek(at)
            return found
        place += 12 + length
    raise ConvError("is truncated: the end of the PNG is missing")


def _background(chunks: dict[bytes, bytes]) -> tuple[float, float, float] | None:
    """Read the colour that a PNG is to be seen over (PNG, third edition, 11.3.4.1); None if it says none, or nonsense."""
    told, head = chunks.get(b"bKGD", b""), chunks.get(b"IHDR", b"")
    if len(head) < 10:
        return None
    depth, kind = head[8], head[9]
    levels: tuple[int, ...] = ()
    full = 255 if kind == _INDEXED else 2**depth - 1
    if kind == _INDEXED and len(told) == 1:
        levels = tuple(chunks.get(b"PLTE", b"")[3 * told[0] : 3 * told[0] + 3])
    elif kind & _COLOUR and len(told) == 6:
        levels = struct.unpack(">3H", told)
    elif not kind & _COLOUR and len(told) == 2:
        levels = struct.unpack(">H", told) * 3
    if len(levels) != 3 or max(levels) > full:
        return None
    red, green, blue = (level / full for level in levels)
    return red, green, blue
