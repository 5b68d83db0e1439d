"""Labelled data: what was given is told apart by what it is, and read by the format's own module."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from convcli.engine.errors import ConvError, display_name
from convcli.files.datasets import folders, idx, npz, tables
from convcli.files.datasets.labelled import Labelled, classes, listed, numbered
from convcli.files.datasets.scaling import white_of
from convcli.files.datasets.source import Part, Source, look
from convcli.files.inputs import kind_of
from convcli.files.memory import MAX_PIXELS
from convcli.files.sniff import sniff

__all__ = [
    "FORMATS",
    "Format",
    "Labelled",
    "Part",
    "classes",
    "listed",
    "numbered",
    "read_labelled",
    "read_unlabelled",
]


@dataclass(frozen=True)
class Format:
    """One way to keep labelled pictures.

    Parameters
    ----------
    name : str
    title : str
        What it is, in the words of the help.
    claims : callable
        Whether what was given is of this format.
    read : callable
        From what was given, and the largest number of pixels of one picture.
    """

    name: str
    title: str
    claims: Callable[[Source], bool]
    read: Callable[[Source, int], Labelled]


_ROWS = (
    Format("idx", "IDX files of the MNIST family, .gz or not", idx.claims, idx.read),
    Format("folder", "a folder with a folder of pictures per class", folders.claims, folders.read),
    Format("npz", "NPZ with x and y", npz.claims, npz.read),
    Format("csv", "CSV whose column label stands before pixels", tables.claims, tables.read),
)
FORMATS: dict[str, Format] = {row.name: row for row in _ROWS}
"""The formats by name, in the order in which they are asked."""


def read_labelled(
    name: str,
    *,
    max_value: float | None = None,
    max_pixels: int = MAX_PIXELS,
    part: Part = "train",
) -> Labelled:
    """Read labelled pictures.

    Parameters
    ----------
    name : str
        A folder, a file, what the names of a pair of IDX files begin with, or ``-`` for standard input.
    max_value : float, optional
        The value that becomes 1; None: by the dtype and the values.
    max_pixels : int
        Of one picture.
    part : {"train", "test"}
        Which examples are meant where both are there: train-* or t10k-*, x_train or x_test.

    Returns
    -------
    Labelled

    Raises
    ------
    ConvError
        The message begins with the name of the file that it is about.
    """
    if max_value is not None and not 0 < max_value < float("inf"):
        raise ConvError(f"--max-value: got {max_value:g}, a number above 0 is needed", usage=True)
    if not name:
        raise ConvError("got an empty name, labelled data are needed", usage=True)
    try:
        given = look(name, part)
        kind = sniff(given.head)
        if kind == "npy":
            raise ConvError(
                "is one array without labels: numpy.savez('d.npz', x=pictures, y=labels)"
            )
        if kind == "picture":
            raise ConvError("is a picture, labelled data are needed: a folder of them per class")
    except ConvError as error:
        raise _named(error, name) from error
    row = next((row for row in _ROWS if row.claims(given)), None)
    if row is None:
        raise ConvError(f"{display_name(name)}: no such file or folder")
    found = row.read(given, max_pixels)
    if found.x is None:
        return replace(found, white=max_value)
    try:
        white, notes = white_of(found.x, max_value)
    except ConvError as error:
        raise error.about(given.shown) from error
    return replace(found, white=white, notes=(*found.notes, *notes))


def read_unlabelled(name: str, *, max_pixels: int = MAX_PIXELS) -> Labelled | None:
    """Read the pictures of an NPZ or IDX file, whatever labels there are beside; None: it is no such file.

    Raises
    ------
    ConvError
        The message begins with the name of the file.
    """
    if name == "-" or kind_of(name) not in ("npz", None):
        return None
    given = look(name, "test")
    row = next((row for row in (npz, idx) if given.source and row.claims(given)), None)
    if row is None:
        return None
    x, notes = row.read_alone(given, max_pixels)
    try:
        white, more = white_of(x, None)
    except ConvError as error:
        raise error.about(given.shown) from error
    return Labelled(name, ("",) * len(x), x, white=white, notes=(*notes, *more))


def _named(error: ConvError, name: str) -> ConvError:
    shown = display_name(name)
    return error if str(error).startswith(f"{shown}: ") else error.about(shown)
