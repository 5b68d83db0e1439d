"""NPZ files with pictures and labels, by the usual names. Nothing is unpickled, and no header is trusted."""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, NamedTuple, TypeVar, cast

from numpy.typing import NDArray

from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.notation import check_dimensions
from convcli.files.arrays.npy import plain, read_header
from convcli.files.datasets.labelled import Labelled, listed
from convcli.files.datasets.shapes import labels_of, pictures_of
from convcli.files.datasets.source import SWELL, Part, Source, fill, size_of
from convcli.files.memory import amount
from convcli.files.output import about_file
from convcli.files.sniff import sniff

__all__ = ["claims", "read", "read_alone"]

_T = TypeVar("_T")

_HEAD = 70_000
"""Bytes in which a header of 16 bits' length lies whole."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class _Names(NamedTuple):
    x: str
    y: str
    part: Part | None = None


_NAMES = (
    _Names("x_train", "y_train", "train"),
    _Names("train_images", "train_labels", "train"),
    _Names("x_test", "y_test", "test"),
    _Names("test_images", "test_labels", "test"),
    _Names("x", "y"),
    _Names("images", "labels"),
    _Names("data", "target"),
)
"""How the two arrays are called, in small letters."""


def claims(given: Source) -> bool:
    """Whether it is a zip archive."""
    return sniff(given.head) == "npz"


def read(given: Source, max_pixels: int) -> Labelled:
    """Read pictures and labels.

    Raises
    ------
    ConvError
        They are not there, damaged, of another shape, not as many, or Python objects.
    """
    with _opened(given) as (archive, entries, size):
        names, notes = _chosen(entries, given.part)
        x = _taken(archive, entries[names.x], size, lambda a: pictures_of(a, max_pixels))
        texts, more = _taken(archive, entries[names.y], size, labels_of, texts=True)
    if len(x) != len(texts):
        raise ConvError(
            f"{given.shown}: got {len(x)} pictures in {names.x}, and {len(texts)} labels in {names.y}"
        )
    return Labelled(given.name, texts, x, notes=(*notes, *more))


def read_alone(given: Source, max_pixels: int) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Read pictures whose labels are not asked for: the array of a usual name, or the only one.

    Returns
    -------
    x : ndarray, shape (N, C, H, W)
    notes : tuple of str

    Raises
    ------
    ConvError
        As of `read`.
    """
    with _opened(given) as (archive, entries, size):
        usual = [names for names in _NAMES if names.x in entries]
        usual.sort(key=lambda names: names.part != given.part)
        names = [names.x for names in usual] or list(entries)
        if not usual and len(names) != 1:
            raise ConvError(f"holds {listed(names) or 'nothing'}, pictures x are needed")
        x = _taken(archive, entries[names[0]], size, lambda a: pictures_of(a, max_pixels))
    others = f"{names[0]} is read; beside it: {listed(names[1:])}"
    return x, ((others,) if len(names) > 1 else ())


@contextmanager
def _opened(given: Source) -> Iterator[tuple[zipfile.ZipFile, dict[str, str], int]]:
    """Open an archive: with its entries by their names in small letters, and its size."""
    assert given.source is not None
    size, packed = size_of(given.source)
    if packed:
        raise ConvError(f"{given.shown}: is NPZ within gzip: gunzip it")
    source = BytesIO(given.source) if isinstance(given.source, bytes) else given.source
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive, {n.removesuffix(".npy").lower(): n for n in archive.namelist()}, size
    except ConvError as error:
        raise error.about(given.shown) from error
    except OSError as error:
        raise about_file(given.shown, error) from error
    except _DAMAGED as error:
        raise ConvError(f"{given.shown}: is a damaged NPZ file: {printable(error)}") from error


def _chosen(entries: dict[str, str], part: Part) -> tuple[_Names, tuple[str, ...]]:
    found = [names for names in _NAMES if names.x in entries and names.y in entries]
    if not found:
        holds = listed([name.removesuffix(".npy") for name in entries.values()]) or "nothing"
        raise ConvError(
            f"holds {holds}, pictures x and labels y are needed: numpy.savez('d.npz', x=…, y=…)"
        )
    wanted: tuple[Part | None, ...] = (part, None)
    meant = [names for wish in wanted for names in found if names.part == wish] or found
    others = [f"{names.x}, {names.y}" for names in found if names != meant[0]]
    if others:
        return meant[0], (f"{meant[0].x}, {meant[0].y} are read; beside them: {'; '.join(others)}",)
    return meant[0], ()


def _taken(
    archive: zipfile.ZipFile,
    name: str,
    size: int,
    make: Callable[[NDArray[Any]], _T],
    *,
    texts: bool = False,
) -> _T:
    """Make something of one array; errors name it."""
    try:
        return make(_array(archive, archive.getinfo(name), size, texts))
    except ConvError as error:
        raise error.about(printable(name.removesuffix(".npy"))) from error


def _array(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int, texts: bool
) -> NDArray[Any]:
    if entry.flag_bits & 1:
        raise ConvError("is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ConvError("is not packed by deflate, as NumPy's files are")
    with archive.open(entry) as file:
        begun = file.read(_HEAD)
        header = read_header(begun, texts=texts)
        check_dimensions(header.shape, least=0)
        held = entry.file_size - header.start
        header.check(held)
        packed = min(entry.compress_size, size)
        if held > packed * SWELL:
            raise ConvError(f"claims {amount(held)} of data, the file has {amount(packed)} packed")
        data = fill(cast(Any, file), held, begun[header.start :])
        file.read(1)  # the end, where the checksum is compared
    if len(data) < held:
        raise ConvError("ends within its data")
    array = data.view(header.dtype).reshape(header.shape, order="F" if header.fortran else "C")
    return array if header.dtype.kind in "US" else plain(array)
