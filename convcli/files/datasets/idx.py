"""IDX files of the MNIST family: a file of images and one of labels, found by their names.

Source: Yann LeCun, Corinna Cortes, Christopher J. C. Burges, "The MNIST database of handwritten digits", file formats:
two zero bytes, the type of the cells, the number of axes, then the axes' lengths as big-endian integers of 32 bits.
"""

import re
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.geometry import size_text
from convcli.files.datasets.labelled import Labelled, listed
from convcli.files.datasets.shapes import labels_of, pictures_of
from convcli.files.datasets.source import SWELL, Source, fill, size_of
from convcli.files.gzipped import unpacked
from convcli.files.memory import amount
from convcli.files.output import about_file

__all__ = ["claims", "read", "read_alone"]

_T = TypeVar("_T")

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_ROLE = re.compile(r"(?P<role>image|label)s?(?=[^a-z]*idx[0-9])", re.IGNORECASE)
_OTHER = {"image": "label", "label": "image"}
_EXPECTED = {"image": "train-images-idx3-ubyte.gz", "label": "train-labels-idx1-ubyte.gz"}
_PARTS = {"train": ("train",), "test": ("t10k", "test")}


def claims(given: Source) -> bool:
    """Whether it is an IDX file, or a folder or the beginning of names with IDX files in it."""
    if given.source is not None:
        named = given.name != "-" and _role(given.path.name) is not None
        return named or given.head.startswith(b"\0\0")
    return bool(_beside(given))


def read(given: Source, max_pixels: int) -> Labelled:
    """Read a pair of files.

    Raises
    ------
    ConvError
        One is missing, damaged, or holds something else; they do not hold as many examples.
    """
    if isinstance(given.source, bytes):
        raise ConvError(
            f"{given.shown}: is an IDX file, which is one of a pair: its name is needed"
        )
    notes: tuple[str, ...] = ()
    if given.source is None:
        images, labels, notes = _chosen(given)
    else:
        images, labels = _pair_of(given.source)
    x = _taken(images, lambda array: pictures_of(array, max_pixels))
    texts, more = _taken(labels, labels_of)
    if len(x) != len(texts):
        raise ConvError(
            f"{printable(images)}: got {len(x)} images, and {len(texts)} labels in {printable(labels.name)}"
        )
    if "emnist" in images.name.lower():
        more += ("EMNIST keeps rows for columns: its pictures lie on their side, and are taken so",)
    return Labelled(given.name, texts, x, notes=(*notes, *more))


def read_alone(given: Source, max_pixels: int) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Read the pictures of a file of images; labels beside it are not asked for.

    Returns
    -------
    x : ndarray, shape (N, C, H, W)
    notes : tuple of str
        None.

    Raises
    ------
    ConvError
        It is damaged, or holds something else.
    """
    role = _role(given.path.name)
    if role is not None and role["role"].lower() == "label":
        raise ConvError(f"{given.shown}: holds labels, the file of images is needed")
    if not isinstance(given.source, Path):
        raise ConvError(f"{given.shown}: is an IDX file, its name is needed")
    return _taken(given.source, lambda array: pictures_of(array, max_pixels)), ()


def _beside(given: Source) -> dict[str, dict[str, Path]]:
    """Find the IDX files that a folder, or the beginning of a name, means: by what their names begin with, by role."""
    path = given.path
    folder, begin = (path, "") if path.is_dir() else (path.parent, path.name)
    return _found(folder, begin)


def _found(folder: Path, begin: str) -> dict[str, dict[str, Path]]:
    found: dict[str, dict[str, Path]] = {}
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise about_file(folder, error) from error
    for entry in entries:
        role = _role(entry.name)
        if entry.name.startswith(begin) and role and not entry.is_dir():
            # of a file and the same packed the file comes first, and is read faster
            found.setdefault(entry.name[: role.start()].lower(), {}).setdefault(
                role["role"].lower(), entry
            )
    return found


def _role(name: str) -> re.Match[str] | None:
    return None if name.startswith(".") else _ROLE.search(name)


def _chosen(given: Source) -> tuple[Path, Path, tuple[str, ...]]:
    """Choose a pair in a folder, and say which others there are."""
    found = _beside(given)
    names = list(found)
    meant = names
    if len(names) > 1:
        begin = "" if given.path.is_dir() else given.path.name.lower()
        exact = [n for n in names if n.rstrip("-._") == begin]
        meant = exact or [n for n in names if any(word in n for word in _PARTS[given.part])]
    if len(meant) != 1:
        folder = given.path if given.path.is_dir() else given.path.parent
        each = listed([str(folder / _root(found[name])) for name in names])
        raise ConvError(
            f"{printable(given.name)}: holds several pairs of IDX files, one is to be named: {each}"
        )
    pair = found[meant[0]]
    if len(pair) < 2:
        raise _single(next(iter(pair.values())))
    notes: tuple[str, ...] = ()
    others = [_root(found[name]) for name in names if name != meant[0]]
    if others:
        notes = (f"{printable(_root(pair))} is read; beside it: {listed(others)}",)
    return pair["image"], pair["label"], notes


def _root(pair: dict[str, Path]) -> str:
    """Return what the names of a pair begin with, without a stop at its end: what a person would name."""
    name = next(iter(pair.values())).name
    role = _role(name)
    assert role is not None
    return name[: role.start()].rstrip("-._") or name


def _pair_of(path: Path) -> tuple[Path, Path]:
    role = _role(path.name)
    if role is None:
        raise ConvError(
            f"{printable(path)}: is an IDX file whose name does not say images or labels, "
            f"names as {_EXPECTED['image']} and {_EXPECTED['label']} are needed"
        )
    pair = _found(path.parent, path.name[: role.start()]).get(path.name[: role.start()].lower(), {})
    own = role["role"].lower()
    if _OTHER[own] not in pair:
        raise _single(path)
    pair[own] = path
    return pair["image"], pair["label"]


def _single(path: Path) -> ConvError:
    role = _role(path.name)
    assert role is not None
    own = role["role"].lower()
    wanted = path.name[: role.start()] + _EXPECTED[_OTHER[own]].removeprefix("train-")
    if not path.name.endswith(".gz"):
        wanted = wanted.removesuffix(".gz")
    return ConvError(
        f"{printable(path)}: the {_OTHER[own]}s that belong to it are missing, "
        f"a file as {printable(wanted)} is needed beside it"
    )


def _taken(path: Path, make: Callable[[NDArray[Any]], _T]) -> _T:
    """Make something of what a file holds; errors name the file."""
    try:
        return make(_read(path))
    except OSError as error:
        raise about_file(path, error) from error
    except ConvError as error:
        raise error.about(printable(path)) from error


def _read(path: Path) -> NDArray[Any]:
    size, packed = size_of(path)
    with unpacked(path) as file:
        start = file.read(4)
        if (
            len(start) < 4
            or start[:2] != b"\0\0"
            or start[2] not in _DTYPES
            or not 1 <= start[3] <= 4
        ):
            raise ConvError(
                f"got {start.hex(' ') or 'nothing'} at the start, an IDX file begins with 00 00, "
                "a type from 08 to 0e and 1 to 4 axes"
            )
        axes = file.read(4 * start[3])
        if len(axes) < 4 * start[3]:
            raise ConvError("the file ends within its header")
        shape = tuple(int(n) for n in np.frombuffer(axes, ">u4"))
        dtype = np.dtype(_DTYPES[start[2]])
        claimed = prod(shape) * dtype.itemsize
        if not claimed:
            raise ConvError(f"got {size_text(shape)}, at least one example is needed")
        lies = f"the header claims {amount(claimed)} of data ({size_text(shape)} {dtype.name})"
        if claimed > size * (SWELL if packed else 1):
            raise ConvError(f"{lies}, the file has {amount(size)}{' packed' * packed}")
        data = fill(file, claimed)
        if len(data) < claimed:
            raise ConvError(f"{lies}, the file holds {amount(len(data))}")
        if file.read(1):
            raise ConvError(f"{lies}, the file holds more")
    return data.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
