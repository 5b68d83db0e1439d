"""Where a result goes and in which form: the same for every command that filters arrays and pictures."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from convcli import terminal
from convcli.engine.errors import ConvError, display_name, one_of, printable
from convcli.engine.names import RANGES
from convcli.engine.results import Result
from convcli.files.memory import check_memory
from convcli.files.operands import Operand
from convcli.files.output import (
    Attempt,
    Target,
    check_target,
    target_of,
    writing,
    writing_stdout,
    written_through,
)
from convcli.options import FORMATS

if TYPE_CHECKING:
    from convcli.files.pictures import Picture

__all__ = [
    "Delivered",
    "Request",
    "array_chunks",
    "deliver",
    "destination",
    "form_of",
    "place",
    "print_path",
    "rounding",
    "sink",
    "tell",
]

_SUFFIXES = {".csv": "csv", ".npy": "npy", ".json": "json"}
_ARRAYS = ("table", "csv", "json", "npy")
"""Forms of a result that are no pictures: pictures are loaded for pictures only."""


@dataclass(frozen=True, eq=False, repr=False)
class Request:
    """What the options say about a result.

    Parameters
    ----------
    command : str
        Names the output, `{stem}-{command}.png`.
    output, format, force
        Of -o, --format and -f.
    range_mode : str
        Of --range: what becomes of values that a picture cannot hold.
    invert : bool
        Swap black and white, of a picture.
    heat, preview : bool
    max_memory : int or None
        Bytes that the result may take; None is most of what is free.
    fields : mapping
        What a template of -o may name.
    attempt : Attempt or None
        In a batch, where the work for one result may be done twice.
    jobs : int
        Results that are made at the same time on this machine.
    """

    command: str
    output: str | None = None
    format: str = "auto"
    force: bool = False
    range_mode: str = "clip"
    invert: bool = False
    heat: bool = False
    preview: bool = True
    max_memory: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    attempt: Attempt | None = None
    jobs: int = 1

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise one_of("format", self.format, FORMATS).about("--format")
        if self.range_mode not in RANGES:
            raise one_of("range", self.range_mode, RANGES).about("--range")


@dataclass(frozen=True, eq=False, repr=False)
class Delivered:
    """What became of a result.

    Parameters
    ----------
    path : Path or None
        The file; None when it went to standard output.
    notes : tuple of str
        What a person should be told.
    picture : ndarray or None
        The samples, when it was written as a picture.
    more : tuple of Path
        Further files, where each frame has one.
    """

    path: Path | None
    notes: tuple[str, ...] = ()
    picture: NDArray[Any] | None = None
    more: tuple[Path, ...] = ()


def destination(
    operand: Operand, shape: tuple[int, ...], request: Request, *, pages: bool = False
) -> tuple[str, Target]:
    """Settle form and place of one result, and check that it may go there; nothing is computed yet.

    Parameters
    ----------
    operand : Operand
    shape : tuple of int
        Of the result.
    request : Request
    pages : bool
        Whether it is one of the pages of a file.

    Returns
    -------
    form : str
        "table", "csv", "json", "npy", or the name of a picture format.
    target : Target

    Raises
    ------
    ConvError
    """
    asked = None if request.format == "auto" else request.format
    pictured = operand.picture is not None or operand.raw is not None
    natural = "tiff" if pages else _natural(operand, shape)
    if request.output == "-" or (
        request.output is None
        and (not pictured or operand.name == "-" or asked in ("table", "csv", "json", "npy"))
    ):
        shown = not pictured and request.output is None and terminal.on_terminal()
        return asked or ("table" if shown else natural), Target(None)
    if asked == "table":
        raise ConvError("--format table: got -o as well, a table goes to the terminal", usage=True)
    target = target_of(
        operand.name,
        request.command,
        request.output,
        suffix=f".{asked or natural}",
        fields=request.fields,
    )
    if target.path is None:
        raise AssertionError("a result for a file has a path")
    form = asked or form_of(target.path, natural)
    check_target(target.path, force=request.force, attempt=request.attempt)
    return form, target


def _natural(operand: Operand, shape: tuple[int, ...]) -> str:
    """The form that follows the input, in a file or a pipe."""
    if operand.picture is not None:
        from convcli.files.rendering import drawable

        return "png" if drawable(shape) else "npy"
    if operand.raw is not None and len(shape) == operand.values.ndim:
        return "tiff"
    return "csv" if len(shape) <= 2 else "npy"


def form_of(path: Path, natural: str = "") -> str:
    """Return the form that a file's suffix picks.

    Parameters
    ----------
    path : Path
    natural : str
        The form that follows the input, for a device or FIFO, which has no suffix.

    Raises
    ------
    ConvError
        The suffix is none that is written, or there is none: a folder was probably meant, or a picture.
    """
    suffix = path.suffix.lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    from convcli.files.pictures.formats import FORMATS as PICTURES

    pictures = {s: name for name, row in PICTURES.items() for s in row.suffixes}
    forms = {**_SUFFIXES, **pictures}
    if suffix in forms:
        return forms[suffix]
    if written_through(path):
        return natural
    if suffix:
        raise one_of("suffix", suffix, forms).about(printable(path))
    name = printable(path)
    raise ConvError(
        f"{name}: has no suffix, a folder ({name}/), a suffix ({name}{'.csv' if natural == 'csv' else '.png'}) "
        "or --format is needed",
        usage=True,
    )


def deliver(operand: Operand, result: Result, request: Request) -> Delivered:
    """Compute a result and put it where it belongs.

    Raises
    ------
    ConvError
        It cannot go there, or its form cannot hold it.
    """
    return place(operand, result, request, *destination(operand, result.shape, request))


def place(
    operand: Operand, result: Result, request: Request, form: str, target: Target
) -> Delivered:
    """Compute a result and put it where `destination` says.

    Raises
    ------
    ConvError
    """
    if request.invert and form in _ARRAYS:
        raise ConvError(
            f"--invert: got a result that goes to {form}, a picture is needed", usage=True
        )
    held = result.dtype
    if form not in _ARRAYS and not (form == "tiff" and operand.raw is not None):
        from convcli.files.rendering import sample_type

        held = sample_type(operand, form)[0]
    check_memory(prod(result.shape) * held.itemsize, request.max_memory, request.jobs)
    if form == "table":
        terminal.draw_matrix(result.run(), console=terminal.console(), heat=request.heat)
        return Delivered(None)
    if form in _ARRAYS:
        chunks = array_chunks(result.run(), form)
        with sink(target, request, text=form != "npy") as file:
            for chunk in chunks:
                file.write(chunk)
        alpha = None if operand.picture is None else operand.picture.alpha
        without = False
        if alpha is not None:
            from convcli.engine.alpha import opaque

            without = not opaque(alpha)
        return Delivered(target.path, ("alpha is left out",) if without else ())
    if form == "tiff" and operand.raw is not None and result.dtype != np.bool:
        return _as_numbers(operand, operand.raw, result, target, request)
    from convcli.files.rendering import rendered

    shown = request.preview and terminal.on_terminal()
    picture, notes = rendered(
        operand, result, form, request.range_mode, invert=request.invert, whole=shown
    )
    from convcli.files.pictures.formats import write_picture

    with sink(target, request) as file:
        write_picture(file, picture, form)
    return Delivered(target.path, notes(), None if picture.made else picture.planes)


def _as_numbers(
    operand: Operand, source: "Picture", result: Result, target: Target, request: Request
) -> Delivered:
    """Write numbers as they are to a TIFF."""
    if request.invert:
        raise ConvError("tiff: got --invert, numbers are written as they are")
    from convcli.files.pictures.formats import write_numbers

    values = result.run()
    with sink(target, request) as file:
        try:
            write_numbers(file, values, source)
        except ConvError as error:
            raise error.about(display_name(operand.name)) from error
    return Delivered(target.path, rounding(values, source))


def rounding(values: NDArray[Any], source: "Picture") -> tuple[str, ...]:
    """Say what the numbers of a TIFF lose."""
    if values.dtype != np.float64 or source.planes.dtype.itemsize == 8:
        return ()
    return ("float64 is rounded to the float32 of a TIFF",)


def _json(array: NDArray[Any]) -> Iterator[bytes]:
    import json  # for --json alone

    data = array.tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        held = array.astype(object)
        held[~np.isfinite(array)] = None
        data = held.tolist()
    shown = {"shape": list(array.shape), "dtype": str(array.dtype), "data": data}
    yield json.dumps(shown, allow_nan=False).encode() + b"\n"


def array_chunks(values: NDArray[Any], form: str) -> Iterator[bytes]:
    """Write an array as "csv", "json" or "npy", a part at a time."""
    from convcli.files.arrays import csv_chunks, npy_chunks

    writers: dict[str, Callable[[NDArray[Any]], Iterator[bytes]]]
    writers = {"csv": csv_chunks, "npy": npy_chunks, "json": _json}
    return writers[form](values)


@contextmanager
def sink(target: Target, request: Request, *, text: bool = False) -> Iterator[BinaryIO]:
    """Open the place of a result."""
    if target.path is None:
        with writing_stdout(text=text) as file:
            yield file
    else:
        with writing(target.path, force=request.force, attempt=request.attempt) as file:
            yield file


def tell(name: str, notes: tuple[str, ...]) -> None:
    """Print notes about an input on standard error."""
    for note in notes:
        print(f"convcli: {display_name(name)}: {note}", file=sys.stderr)


def print_path(path: Path) -> None:
    """Print where the result is: for a person without what a terminal would act on, in a pipe byte for byte."""
    if terminal.on_terminal():
        print(printable(path))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(os.fsencode(str(path)) + b"\n")
