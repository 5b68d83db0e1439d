"""An operand of a command: a file, or standard input, read as what its first bytes say that it is."""

import stat
import sys
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from convcli.engine.errors import ConvError, display_name, printable
from convcli.engine.sizes.geometry import size_text
from convcli.files.incoming import GZIP, read_whole
from convcli.files.memory import MAX_PIXELS, check_free
from convcli.files.output import about_file
from convcli.files.sniff import ARE_READ, HEAD, PICTURE_SUFFIXES, described, sniff

if TYPE_CHECKING:
    from convcli.files.pictures.picture import Frames, Picture

__all__ = ["Operand", "Reading", "check_single_stdin", "contents", "load", "load_frames"]


@dataclass(frozen=True)
class Reading:
    """How operands are read.

    Parameters
    ----------
    allow_nan : bool
        Whether a text may hold NaN and infinity.
    layout : str or None
        Where the channels of an array stand: "chw", "hwc", or None to refuse what looks like H×W×C.
    max_pixels : int
        Larger pictures are refused before they are decoded.
    frame : int, "all" or None
        Which frame or page of a picture's file, from 0; None is the first.
    max_memory : int or None
        Bytes of memory that reading a pipe or a device may take; None is a quarter of what is free.
    """

    allow_nan: bool = False
    layout: str | None = None
    max_pixels: int = MAX_PIXELS
    frame: int | Literal["all"] | None = None
    max_memory: int | None = None


@dataclass(frozen=True, eq=False)
class Operand:
    """What a file held.

    Parameters
    ----------
    name : str
        As it was given; ``-`` is standard input.
    values : ndarray, shape (H, W), (C, H, W) or (N, C, H, W)
        Of a picture: its grey or colour planes, without alpha.
    picture : Picture or None
        None for an array.
    raw : Picture or None
        What an array was read from, if that is a picture's file with numbers of their own units (elevations, densities).
    said : tuple of str
        How an array was read, where that is not plain.
    """

    name: str
    values: NDArray[Any]
    picture: "Picture | None" = None
    raw: "Picture | None" = None
    said: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not read as it is."""
        source = self.picture or self.raw
        return source.notes if source else self.said


def load(name: str, how: Reading | None = None, *, source: bytes | Path | None = None) -> Operand:
    """Read one operand.

    Parameters
    ----------
    name : str
        A path, or ``-`` for standard input.
    how : Reading, optional
    source : bytes or Path, optional
        What `contents` gave for it, where that was asked already: standard input can be read once.

    Raises
    ------
    ConvError
        It cannot be read, or is neither a picture nor an array. The message begins with the name.
    """
    how = how or Reading()
    source, kind, shown = _looked_at(name, how, source)
    if kind == "picture":
        from convcli.files.pictures import read_picture

        frame = None if how.frame == "all" else how.frame
        picture = read_picture(source, shown, max_pixels=how.max_pixels, frame=frame)
        return _of(name, picture)
    if how.frame is not None:
        raise ConvError(f"{shown}: is no picture, --frame is for pictures' files")
    from convcli.files.arrays import check_layout, read_csv, read_npy  # no picture needs them

    data = source if isinstance(source, bytes) else _read(source)
    if kind == "npz":
        raise ConvError(
            f"{shown}: is a zip archive (NPZ), one array is needed: "
            "numpy.save('x.npy', numpy.load('x.npz')['NAME'])"
        )
    if kind == "npy":
        array = check_layout(read_npy(data, shown), shown, how.layout)
        if array.ndim > 1:
            return Operand(name, array)
        row = array.reshape(1, -1)
        return Operand(
            name, row, said=(f"one dimension is read as one row, {size_text(row.shape)}",)
        )
    if Path(name).suffix.lower() in PICTURE_SUFFIXES:
        raise ConvError(
            f"{shown}: is {described(data)} and no picture, whatever its suffix says: {ARE_READ}"
        )
    array = read_csv(data, shown, allow_nan=how.allow_nan)
    if array.ndim == 3:
        array = check_layout(array, shown, how.layout)
    alone = array.ndim == 3 and array.shape[1] == 1
    said = f"blank lines between all rows are read as {size_text(array.shape)}"
    return Operand(name, array, said=(said,) if alone else ())


def load_frames(name: str, how: Reading) -> "tuple[tuple[Operand, ...], Frames]":
    """Read an operand a frame or page of a picture's file.

    Parameters
    ----------
    name : str
    how : Reading
        `max_pixels` is for all of them together.

    Raises
    ------
    ConvError
    """
    source, kind, shown = _looked_at(name, how)
    if kind != "picture":
        raise ConvError(f"{shown}: is no picture, --frame is for pictures' files")
    from convcli.files.pictures import read_frames

    frames = read_frames(source, shown, max_pixels=how.max_pixels)
    return tuple(_of(name, picture) for picture in frames.pictures), frames


def _of(name: str, picture: "Picture") -> Operand:
    if picture.measured:
        return Operand(name, picture.planes, raw=picture)
    return Operand(name, picture.planes, picture)


def _looked_at(
    name: str, how: Reading, source: bytes | Path | None = None
) -> tuple[bytes | Path, str | None, str]:
    """Return a file's content or place, its kind by its first bytes, and what messages call it."""
    if source is None:
        source = contents(name, how.max_memory)
    shown = display_name(name)
    head = source[:HEAD] if isinstance(source, bytes) else _head(source)
    if head.startswith(GZIP):
        from convcli.files.gzipped import read_unpacked

        try:
            source = read_unpacked(source, how.max_memory)
        except ConvError as error:
            raise error.about(shown) from error
        head = source[:HEAD]
        if sniff(head) == "picture":
            raise ConvError(f"{shown}: is a picture packed by gzip: gunzip it")
    return source, sniff(head), shown


def check_single_stdin(*names: str) -> None:
    """Refuse a call that would read standard input twice."""
    if names.count("-") > 1:
        raise ConvError(
            "-: got standard input twice, one operand of a command can be read from it", usage=True
        )


def _stdin(limit: int | None) -> bytes:
    if sys.stdin is None:
        raise ConvError("standard input: is closed")
    try:
        data = read_whole(sys.stdin.buffer, limit)
    except OSError as error:
        raise about_file("-", error) from error
    except ConvError as error:
        raise error.about(display_name("-")) from error
    if not data:
        raise ConvError("standard input: is empty, a picture or an array is needed")
    return data


def contents(name: str, limit: int | None = None) -> bytes | Path:
    """Return a regular file's path, so that it need not be in memory twice, or what standard input, a device or a FIFO gives.

    Parameters
    ----------
    name : str
    limit : int, optional
        Bytes of memory that the latter may take; unless told a quarter of what is free.

    Raises
    ------
    ConvError
        It cannot be read. The message begins with the name.
    """
    if name == "-":
        return _stdin(limit)
    path = Path(name)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise _unreadable(name, error) from error
    if stat.S_ISDIR(mode):
        raise ConvError(f"{printable(name)}: is a folder, a file is needed")
    if not stat.S_ISREG(mode):
        return _read(path, limit)
    return path


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise _unreadable(path, error) from error


def _read(path: Path, limit: float | None = inf) -> bytes:
    """Read a file; of a regular one it is known how long it is, and there is no other limit."""
    try:
        with path.open("rb") as file:
            check_free(path.stat().st_size)
            return read_whole(file, limit)
    except OSError as error:
        raise _unreadable(path, error) from error
    except ConvError as error:
        raise error.about(printable(path)) from error


def _unreadable(name: object, error: OSError | ValueError) -> ConvError:
    if isinstance(error, OSError):
        return about_file(name, error)
    return ConvError(f"{printable(name)}: is no file name")
