"""Where a result goes and in which form: the same for every command that filters arrays and pictures."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from convcli import terminal
from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.ranges import RANGES, clipped_text
from convcli.engine.results import Ready, Result, samples
from convcli.engine.sizes.geometry import Axis, size_text
from convcli.files.arrays import csv_chunks, npy_chunks
from convcli.files.memory import check_memory
from convcli.files.operands import Operand
from convcli.files.output import Attempt, Target, check_target, target_of, writing, writing_stdout
from convcli.files.pictures.formats import FORMATS as PICTURES
from convcli.files.pictures.formats import check_format, write_picture
from convcli.files.pictures.picture import Picture, full_scale
from convcli.options import FORMATS

__all__ = ["Delivered", "Request", "deliver", "destination"]

_SUFFIXES = {".csv": "csv", ".npy": "npy", ".json": "json"}


@dataclass(frozen=True)
class Request:
    """What the options say about a result.

    Parameters
    ----------
    command : str
        Names the output, `{stem}-{command}.png`.
    output, format, force
        Of -o, --format and -f.
    how : str
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
    how: str = "clip"
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
        if self.how not in RANGES:
            raise one_of("range", self.how, RANGES).about("--range")


@dataclass(frozen=True, eq=False)
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
    """

    path: Path | None
    notes: tuple[str, ...] = ()
    picture: NDArray[Any] | None = None


def destination(operand: Operand, shape: tuple[int, ...], request: Request) -> tuple[str, Target]:
    """Settle form and place of one result, and check that it may go there; nothing is computed yet.

    Parameters
    ----------
    operand : Operand
    shape : tuple of int
        Of the result.
    request : Request

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
    pictured = operand.picture is not None
    natural = (
        ("png" if drawable(shape) else "npy") if pictured else ("csv" if len(shape) == 2 else "npy")
    )
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
    form = asked or _form_of(target.path, natural)
    check_target(target.path, force=request.force, parents=target.parents, attempt=request.attempt)
    return form, target


def _form_of(path: Path, natural: str) -> str:
    """The form that a file's suffix picks; without a suffix, the one that follows the input."""
    suffix = path.suffix.lower()
    pictures = {s: name for name, row in PICTURES.items() for s in row.suffixes}
    forms = {**_SUFFIXES, **pictures, "": natural}
    if suffix not in forms:
        raise one_of("suffix", suffix, filter(None, forms)).about(printable(path))
    return forms[suffix]


def drawable(shape: tuple[int, ...]) -> bool:
    """Whether a result can be a picture: one plane, or three."""
    return len(shape) == 2 or (len(shape) == 3 and shape[0] in (1, 3))


def deliver(operand: Operand, result: Result, request: Request) -> Delivered:
    """Compute a result and put it where it belongs.

    Raises
    ------
    ConvError
        It cannot go there, or its form cannot hold it.
    """
    form, target = destination(operand, result.shape, request)
    if request.invert and form not in PICTURES:
        raise ConvError(
            f"--invert: got a result that goes to {form}, a picture is needed", usage=True
        )
    held = (
        result.dtype if form in ("table", "csv", "json", "npy") else _sample_type(operand, form)[0]
    )
    check_memory(prod(result.shape) * held.itemsize, request.max_memory, request.jobs)
    if form == "table":
        terminal.draw_matrix(result.run(), console=terminal.console(), heat=request.heat)
        return Delivered(None)
    if form in ("csv", "json", "npy"):
        chunks = _WRITERS[form](result.run())
        with _sink(target, request, text=form != "npy") as file:
            for chunk in chunks:
                file.write(chunk)
        without = operand.picture is not None and operand.picture.alpha is not None
        return Delivered(target.path, ("alpha is left out",) if without else ())
    if not drawable(result.shape):
        raise ConvError(
            f"{form}: got a result of {size_text(result.shape)}, a picture has one plane or three: "
            "-o x.npy holds any number"
        )
    dtype, unit = _sample_type(operand, form)
    source = operand.picture
    left_out = check_format(
        form,
        dtype=dtype,
        colour=len(result.shape) == 3 and result.shape[0] == 3,
        alpha=source is not None and source.alpha is not None,
        size=(result.shape[-2], result.shape[-1]),
    )
    if result.dtype == np.bool:
        unit = full_scale(dtype)
    planes, clipped = samples(result, dtype, request.how, unit=unit)
    if request.invert:
        np.subtract(dtype.type(full_scale(dtype)), planes, out=planes)
    told = clipped_text(clipped, dtype)
    with _sink(target, request) as file:
        write_picture(file, _dressed(planes, source, result.axes), form)
    return Delivered(target.path, (*left_out, *((told,) if told else ())), planes)


def _sample_type(operand: Operand, form: str) -> tuple[np.dtype[Any], float]:
    """The samples that a result is written in, and what its values are multiplied by to become them."""
    own = operand.values.dtype
    if (
        own == np.float32
        and operand.picture is not None
        and "float grey" not in PICTURES[form].holds
    ):
        return np.dtype(np.uint16), 65535.0
    return own if operand.picture is not None or own == np.uint16 else np.dtype(np.uint8), 1.0


def _dressed(planes: NDArray[Any], source: Picture | None, axes: tuple[Axis, Axis]) -> Picture:
    """Give a result what is carried over from its input: the alpha at the middle of each window, the colour profile."""
    if source is None:
        return Picture(planes)
    alpha = source.alpha
    if alpha is not None:
        alpha = alpha[np.ix_(axes[0].anchors, axes[1].anchors)]
        if alpha.dtype != planes.dtype:
            alpha = samples(Ready(alpha), planes.dtype, "clip", unit=65535.0)[0]
    return Picture(planes, alpha, source.profile)


def _json(array: NDArray[Any]) -> Iterator[bytes]:
    data = array.tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        held = array.astype(object)
        held[~np.isfinite(array)] = None
        data = held.tolist()
    shown = {"shape": list(array.shape), "dtype": str(array.dtype), "data": data}
    yield json.dumps(shown, allow_nan=False).encode() + b"\n"


_WRITERS = {"csv": csv_chunks, "npy": npy_chunks, "json": _json}


@contextmanager
def _sink(target: Target, request: Request, *, text: bool = False) -> Iterator[BinaryIO]:
    if target.path is None:
        with writing_stdout(text=text) as file:
            yield file
    else:
        with writing(
            target.path, force=request.force, parents=target.parents, attempt=request.attempt
        ) as file:
            yield file
