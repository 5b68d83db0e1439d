"""Which files a call means: those it names, those in a list, those in the folders that it names."""

import csv
import io
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO, NamedTuple

from convcli.engine.errors import ConvError, display_name, printable
from convcli.files.incoming import read_binary
from convcli.files.output import about_file, folder_of
from convcli.files.sniff import HEAD, PICTURE_SUFFIXES, sniff
from convcli.files.text import read_text

__all__ = ["SUFFIXES", "Source", "kind_of", "listed", "read_pairs", "sources"]

SUFFIXES = (*PICTURE_SUFFIXES, ".npy", ".csv", ".tsv", ".npy.gz", ".csv.gz", ".tsv.gz")
"""The files that are taken from a folder; in which form one is, its first bytes decide."""


_BEGIN = 1 << 16
_CONTROLS = bytes({*range(1, 32), 127} - set(b"\t\n\r\x1b"))
"""What names may hold, but hardly do: where more than one byte in twenty is of these, it is no list."""


class Source(NamedTuple):
    """One input."""

    name: str
    below: str = ""
    """Its folder below the folder that was given, for outputs that keep the structure."""
    named: str = ""
    """Of a file that was named itself, the folder that it was named with, as `folder_of` gives it."""

    @property
    def dir(self) -> str:
        """What {dir} of a template stands for."""
        return self.below or self.named


def listed(name: str) -> list[str]:
    r"""Read a list of file names, `-` for standard input: one a line, or, if it holds null bytes, one between them.

    Names are taken as they are, spaces and all; a line may end in ``\r\n``, and empty ones are left out.

    Raises
    ------
    ConvError
        It cannot be read.
    """
    if name == "-" and sys.stdin is None:
        raise ConvError("--files-from: standard input is closed")
    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
            data = _names(file)
    except OSError as error:
        raise about_file(name, error) from error
    except ConvError as error:
        raise error.about(f"--files-from: {display_name(name)}") from error
    names = data.split(b"\0") if b"\0" in data else re.split(rb"\r?\n", data)
    return [os.fsdecode(n) for n in names if n]


def _names(file: BinaryIO) -> bytes:
    """Read the text of a list, unless its beginning can be none.

    Raises
    ------
    ConvError
    """
    begin = file.read(_BEGIN)
    controls = len(begin) - len(begin.translate(None, _CONTROLS))
    if controls > len(begin) // 20 or (len(begin) == _BEGIN and not begin.strip(b"\0\r\n")):
        raise ConvError("is binary data, a list of file names is needed")
    return read_binary(file, first=begin)


def sources(names: list[str], *, recursive: bool = False, but: str | None = None) -> list[Source]:
    """Expand folders, in the order of the names and sorted within each.

    Hidden files and folders are left out, and links to folders are not followed.

    Parameters
    ----------
    names : list of str
    recursive : bool
        Whether a folder means the files in it and below it that have one of `SUFFIXES`; else it stays as it is.
    but : str, optional
        A folder that is left out: where the outputs go, nothing is an input.

    Raises
    ------
    ConvError
        A folder cannot be listed, or has no such file.
    """
    left_out = None if but is None else os.path.realpath(but)
    found: list[Source] = []
    for name in names:
        if not (recursive and os.path.isdir(name)):  # noqa: PTH112
            found.append(Source(name, named=folder_of(name)))
            continue
        before = len(found)
        found += _walked(name, left_out)
        if len(found) == before:
            raise ConvError(
                f"{printable(name)}: no file in this folder is a picture or an array by its suffix ({', '.join(SUFFIXES)})"
            )
    return found


def _walked(top: str, left_out: str | None) -> Iterator[Source]:
    def failed(error: OSError) -> None:
        raise about_file(error.filename, error) from error

    for folder, folders, files in os.walk(top, onerror=failed):
        folders[:] = sorted(
            f
            for f in folders
            if not f.startswith(".")
            and (left_out is None or os.path.realpath(Path(folder, f)) != left_out)
        )
        below = os.path.relpath(folder, top)
        for file in sorted(files):
            if not file.startswith(".") and file.lower().endswith(SUFFIXES):
                yield Source(str(Path(folder, file)), "" if below == "." else below)


def kind_of(name: str) -> str | None:
    """Say what the first bytes of a regular file are: "picture", "npy", "npz", None for what may be a text.

    What cannot be read is "unknown", and so is a file whose name says picture and that is none, or empty: to say what is
    wrong with it is the business of whoever reads it. Of anything but a regular file nothing is read.
    """
    try:
        if not stat.S_ISREG(Path(name).stat().st_mode):
            return "unknown"
        with Path(name).open("rb") as file:
            kind = sniff(file.read(HEAD))
    except (OSError, ValueError):
        return "unknown"
    return "unknown" if kind is None and name.lower().endswith(PICTURE_SUFFIXES) else kind


def read_pairs(name: str) -> list[tuple[str, str]]:
    """Read a CSV of two columns, the names of an input and of its answer; blank lines and a head `x,y` are passed over.

    Parameters
    ----------
    name : str
        The file, ``-`` for standard input. Names in it are relative to its folder.

    Raises
    ------
    ConvError
        It cannot be read, or a line has not two names.
    """
    shown = display_name(name)
    try:
        text = read_text(name)
    except OSError as error:
        raise about_file(name, error) from error
    folder = Path() if name == "-" else Path(name).parent
    pairs: list[tuple[str, str]] = []
    for number, row in enumerate(_rows(text, shown), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and [c.lower() for c in cells] == ["x", "y"]):
            continue
        if len(cells) != 2 or not all(cells):
            raise ConvError(
                f"{shown}: line {number} has {len(cells)} cells, "
                "the names of an input and of its answer are needed"
            )
        pairs.append((str(folder / cells[0]), str(folder / cells[1])))
    if not pairs:
        raise ConvError(f"{shown}: has no lines, pairs of file names are needed")
    return pairs


def _rows(text: str, shown: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=None))  # any line end is one
    try:
        yield from reader
    except csv.Error as error:
        raise ConvError(f"{shown}: line {reader.line_num}: {error}") from error
