"""Weights in files: NPZ, and safetensors with the extra `convcli[weights]`. Python objects are never read.

Tensors are named as in the networks' state dicts (`conv1.weight`, `bn1.running_mean`). What a file says about itself
is a text beside them, in JSON. The same tensors always give the same bytes.
"""

import json
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.sizes.geometry import size_text

__all__ = [
    "FORMATS",
    "NEVER_NEEDED",
    "Shape",
    "Source",
    "check",
    "format_of",
    "load",
    "opened",
    "remembered",
    "save",
]

Array = NDArray[Any]
Shape = tuple[int, ...]

_CARD = "__metadata__"
_STATE = "__training__."
"""Before the names of what an optimizer remembers."""
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""Of safetensors, and how they are read."""
_SHOWN = 6
"""Names that an error lists of each kind."""
_CARD_SIZE = 1 << 24
"""Bytes that a file may say about itself."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, tokenize.TokenError, SyntaxError, ValueError, KeyError, IndexError,
            TypeError, AttributeError, EOFError, OverflowError, RuntimeError, struct.error)  # fmt: skip
"""What the readers of archives, of NumPy's headers and of JSON raise about damaged files, encrypted and nested ones."""
NEVER_NEEDED = "num_batches_tracked"
"""PyTorch counts the batches that a batch normalization has seen."""


@dataclass(frozen=True)
class Source:
    """A file of weights, opened: what is in it, before anything is read.

    Parameters
    ----------
    name : str
        For errors.
    shapes : mapping of str to tuple of int
        Of the weights.
    read : callable
        From a name to the tensor.
    card : mapping
        What the file says about itself.
    state : tuple of str
        Names of what an optimizer remembers.
    """

    name: str
    shapes: Mapping[str, Shape]
    read: Callable[[str], Array]
    card: Mapping[str, Any]
    state: tuple[str, ...] = ()


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a file of weights.

    Raises
    ------
    ConvError
        It is no file of a known format, or damaged, or holds Python objects.
    """
    form = format_of(path)
    if path.exists() and not path.is_file():  # a device has no end, where an archive's list stands
        raise ConvError(f"{printable(path)}: is no regular file, which weights are read from")
    try:
        with _OPENERS[form](path) as source:
            yield source
    except ConvError as error:
        raise error.about(printable(path)) from error
    except _DAMAGED as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConvError(f"{printable(path)}: is no {form} file: {printable(first)}") from error


def format_of(path: Path) -> str:
    """Return the format that a suffix names.

    Raises
    ------
    ConvError
        It names none; for PyTorch's own, what to do.
    """
    form = path.suffix.lower().removeprefix(".")
    if form in ("pt", "pth", "ckpt", "bin"):
        raise ConvError(
            f"{printable(path)}: PyTorch's files hold Python objects, which are never read: "
            "safetensors.torch.save_file(model.state_dict(), 'w.safetensors') writes what is",
            usage=True,
        )
    if form not in FORMATS:
        raise one_of("suffix", path.suffix, (f".{f}" for f in FORMATS)).about(printable(path))
    return form


def check(source: Source, needed: Mapping[str, Shape], ignored: tuple[str, ...] = ()) -> None:
    """Compare what a file holds with what a network needs.

    Parameters
    ----------
    source : Source
    needed : mapping of str to tuple of int
        Shapes by name.
    ignored : tuple of str
        Beginnings of names that may be there beside.

    Raises
    ------
    ConvError
        Tensors are missing, too many or misshapen: their names.
    """
    missing = [name for name in needed if name not in source.shapes]
    extra = [
        name
        for name in source.shapes
        if name not in needed and not name.startswith(ignored) and not name.endswith(NEVER_NEEDED)
    ]
    misshapen = [
        f"{name} is {size_text(source.shapes[name])}, {size_text(shape)} is needed"
        for name, shape in needed.items()
        if name in source.shapes and source.shapes[name] != shape
    ]
    wrong = [
        f"{what} {_listed(names)}"
        for what, names in (("missing", missing), ("extra", extra), ("misshapen:", misshapen))
        if names
    ]
    if wrong:
        raise ConvError(f"does not fit the network: {'; '.join(wrong)}")


def load(
    source: Source,
    needed: Mapping[str, Shape],
    ignored: tuple[str, ...] = (),
    names: Mapping[str, str] | None = None,
) -> dict[str, Array]:
    """Read the tensors that a network needs, as float32.

    Parameters
    ----------
    source, needed, ignored
        As `check` takes them.
    names : mapping of str to str, optional
        What they are called in the file, as `matching.fit` found; None: the same, all of them.

    Raises
    ------
    ConvError
        As of `check`; a tensor that holds no floats, or cannot be read.
    """
    if names is None:
        check(source, needed, ignored)
        names = {name: name for name in needed}
    found = {}
    for name, held in names.items():
        tensor = source.read(held)
        if tensor.dtype.kind != "f":
            raise ConvError(f"{printable(held)} holds {tensor.dtype}, floats are needed")
        found[name] = np.ascontiguousarray(tensor, np.float32).reshape(needed[name])
    return found


def remembered(source: Source) -> dict[str, Array]:
    """Read what an optimizer remembers."""
    return {name.removeprefix(_STATE): source.read(name) for name in source.state}


def save(
    file: BinaryIO,
    form: str,
    tensors: Mapping[str, Array],
    card: Mapping[str, Any],
    state: Mapping[str, Array] | None = None,
) -> None:
    """Write weights.

    Parameters
    ----------
    file : binary file
    form : str
        A key of `FORMATS`.
    tensors : mapping of str to ndarray
    card : mapping
        What the file says about itself: anything that JSON holds.
    state : mapping of str to ndarray, optional
        What an optimizer remembers.
    """
    text = json.dumps(card)
    tensors = {**tensors, **{_STATE + name: array for name, array in (state or {}).items()}}
    if form == "safetensors":
        module = _safetensors("safetensors.numpy")
        file.write(module.save(tensors, {"convcli": text}))
        return
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in {**tensors, _CARD: np.array(text)}.items():
            # a fixed date: the same weights are the same bytes
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                npy.write_array(entry, np.asanyarray(array), allow_pickle=False)


@contextmanager
def _npz(path: Path) -> Iterator[Source]:
    with zipfile.ZipFile(path) as archive:
        shapes: dict[str, Shape] = {}
        for entry in archive.namelist():
            with archive.open(entry) as file:
                version = npy.read_magic(file)
                read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                shape, _, dtype = read(file)
            if entry == f"{_CARD}.npy" and dtype.itemsize > _CARD_SIZE:
                raise ConvError(
                    f"says {dtype.itemsize} bytes about itself, {_CARD_SIZE} are allowed"
                )
            if dtype.hasobject:
                raise ConvError(f"{printable(entry)} holds Python objects, which are never read")
            shapes[entry.removesuffix(".npy")] = shape

        def tensor(name: str) -> Array:
            with archive.open(f"{name}.npy") as file:
                found: Array = npy.read_array(file, allow_pickle=False)
                return found

        card = str(tensor(_CARD)) if shapes.pop(_CARD, None) == () else "{}"
        yield _source(path, shapes, tensor, card)


@contextmanager
def _safetensors_file(path: Path) -> Iterator[Source]:
    module = _safetensors("safetensors")
    with path.open("rb") as file:
        try:
            with module.safe_open(path, framework="numpy") as checked:
                card = (checked.metadata() or {}).get("convcli", "{}")
        except module.SafetensorError as error:
            raise ConvError(f"is no safetensors file: {printable(error)}") from error
        # the header is sound; the tensors are read and not mapped, so that they are in memory once
        length = int.from_bytes(file.read(8), "little")
        header = {k: v for k, v in json.loads(file.read(length)).items() if k != _CARD}

        def tensor(name: str) -> Array:
            row = header[name]
            if row["dtype"] not in _DTYPES:
                raise ConvError(f"{printable(name)} holds {row['dtype']}, floats are needed")
            found: Array = np.empty(row["shape"], _DTYPES[row["dtype"]])
            file.seek(8 + length + row["data_offsets"][0])
            file.readinto(found.reshape(-1).view(np.uint8).data)
            if row["dtype"] == "BF16":  # the upper half of a float32
                found = (found.astype(np.uint32) << 16).view(np.float32)
            return found

        shapes = {name: tuple(row["shape"]) for name, row in header.items()}
        yield _source(path, shapes, tensor, card)


def _source(
    path: Path, shapes: dict[str, Shape], read: Callable[[str], Array], card: str
) -> Source:
    state = tuple(name for name in shapes if name.startswith(_STATE))
    for name in state:
        del shapes[name]
    return Source(str(path), shapes, read, _card(card), state)


def _safetensors(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ConvError(
            "safetensors files are read and written with pip install 'convcli[weights]'"
        ) from error


def _card(text: str) -> Mapping[str, Any]:
    found = json.loads(text)
    return found if isinstance(found, dict) else {}


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(printable, names[:_SHOWN])) + more


_OPENERS = {"npz": _npz, "safetensors": _safetensors_file}
FORMATS = tuple(_OPENERS)
"""Formats of weights, by their suffix."""
