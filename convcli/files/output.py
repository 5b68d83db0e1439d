"""Safe output: how a result gets to its place whole, or not at all.

A result is written to a private temporary file beside its target, and takes the target's place in one step when it
is complete: at every moment the old file is whole, or the new one is. Devices and FIFOs are written through.
"""

import errno
import os
import re
import stat
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from convcli.engine.errors import ConvError, display_name, one_of, printable

__all__ = [
    "Attempt",
    "ExistsError",
    "Target",
    "about_file",
    "check_target",
    "fixed_folder",
    "folder_of",
    "sweep",
    "target_of",
    "writing",
    "writing_stdout",
    "written_through",
]

_STREAMS = r"/dev/(stdout|stderr|fd/\d+)|/proc/(self|\d+)/fd/\d+"
_umask_lock = threading.Lock()


class ExistsError(ConvError):
    """The output exists, and may not be overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{printable(path)}: already exists, -f overwrites it")
        self.path = path


@dataclass(frozen=True)
class Attempt:
    """Work that may be done twice: a worker of a batch can die when its file is in place but before it says so.

    Parameters
    ----------
    mark : str
        Part of the names of temporary files, so that those of a killed worker are found.
    since : float
        When the batch began, in seconds since the epoch. An existing file that is younger and equals the result, byte
        for byte, is the result: nothing is overwritten, and that it exists is no error.
    """

    mark: str
    since: float


def check_target(path: Path, *, force: bool = False, attempt: Attempt | None = None) -> None:
    """Refuse a file that may not be written, before the work for it starts.

    Parameters
    ----------
    path : Path
    force : bool
        Whether an existing regular file may be overwritten.
    attempt : Attempt, optional
        A file that it may have made itself is let pass here.

    Raises
    ------
    ConvError
        The file exists, is a folder, what should be its folder is none, or one may not write there; or it is called -,
        which is standard output where that can be meant.
    """
    if str(path) == "-":
        raise ConvError("-: got standard output, a file is needed here", usage=True)
    try:
        _settle(path, force, attempt)
    except OSError as error:
        raise about_file(path, error) from error


def _settle(path: Path, force: bool, attempt: Attempt | None) -> tuple[Path, int | None] | None:
    """Return the real file that `path` means and its mode if it exists; None for what is written through."""
    if str(path).startswith(("/dev/", "/proc/")) and re.fullmatch(_STREAMS, str(path)):
        return None
    try:
        there = path.stat()
        mode: int | None = there.st_mode
        own = attempt is not None and there.st_mtime >= attempt.since
    except FileNotFoundError:
        mode, own = None, False
    if mode is not None and stat.S_ISDIR(mode):
        raise ConvError(f"{printable(path)}: is a folder, a file is needed")
    if mode is not None and not stat.S_ISREG(mode):
        return None
    if mode is not None and not force and not own:
        raise ExistsError(path)
    real = Path(os.path.realpath(path))
    folder = real.parent
    while not os.path.lexists(folder):  # those that are missing will be made
        folder = folder.parent
    if not folder.is_dir():
        raise ConvError(f"{printable(path)}: {printable(folder)} is no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConvError(f"{printable(path)}: no permission to write in {printable(folder)}")
    return real, None if mode is None else stat.S_IMODE(mode)


def written_through(path: Path) -> bool:
    """Whether a path is a device, a FIFO or an open stream: what is written goes into it, whatever its name."""
    if str(path).startswith(("/dev/", "/proc/")) and re.fullmatch(_STREAMS, str(path)):
        return True
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def about_file(name: object, error: OSError) -> ConvError:
    """Put what the system says about a file into one line.

    >>> str(about_file("a.png", FileNotFoundError(2, "No such file or directory")))
    'a.png: no such file or directory'
    """
    reason = error.strerror or str(error) or type(error).__name__
    return ConvError(f"{display_name(name)}: {printable(reason[:1].lower() + reason[1:])}")


@contextmanager
def writing(
    path: Path, *, force: bool = False, attempt: Attempt | None = None
) -> Iterator[BinaryIO]:
    """Open a file for writing that appears, whole, when the block ends, and not at all when it fails.

    The temporary file lies beside the target and only its owner may read it; at the end it gets the mode of the
    file that it replaces, or that of a new file. A symbolic link stays, its target is replaced. A device or FIFO
    is written through. Folders that are missing on the way are made.

    Parameters
    ----------
    path : Path
    force : bool
        Whether an existing regular file may be overwritten.
    attempt : Attempt, optional
        For work that may be done twice.

    Yields
    ------
    BinaryIO

    Raises
    ------
    ConvError
        What `check_target` refuses, a full disk, a file that appeared meanwhile. BrokenPipeError passes through.
    """
    try:
        settled = _settle(path, force, attempt)
        if settled is None:
            with path.open("wb") as file:
                yield file
            return
        real, mode = settled
        _make_folder(real.parent, path)
        _tidy(real.parent)
        mark = attempt.mark if attempt else ""
        temporary = real.with_name(f"{_PREFIX}{mark}{os.urandom(8).hex()}.part")
        try:
            with open(os.open(temporary, _NEW, 0o600), "wb") as file:  # noqa: PTH123
                _lock(file.fileno())
                yield file
                temporary.chmod(0o666 & ~_umask() if mode is None else mode)
            _put(temporary, real, force, attempt)
        finally:
            with suppress(OSError):
                temporary.unlink()
    except FileExistsError as error:
        raise ExistsError(path) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        # an error with another file's name is that file's: whoever reads it in the block has its own words
        if error.filename is not None and not _ours(error.filename, path):
            raise
        raise about_file(path, error) from error


def _make_folder(folder: Path, path: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise about_file(path, error) from error


_PREFIX = ".convcli-"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def _ours(filename: object, path: Path) -> bool:
    name = os.fsdecode(filename) if isinstance(filename, str | bytes) else str(filename)
    folder = os.path.dirname(os.path.realpath(path))  # noqa: PTH120
    return os.path.basename(name).startswith(_PREFIX) or name in (str(path), folder)  # noqa: PTH119


def _put(temporary: Path, real: Path, force: bool, attempt: Attempt | None) -> None:
    """Give the finished file its name; without `force` a file that came in between is not overwritten."""
    if force:
        temporary.replace(real)
        return
    try:
        os.link(temporary, real)  # unlike a rename, it fails if the name is taken
    except FileExistsError:
        import filecmp  # of two that did the same work

        if attempt is None or not filecmp.cmp(temporary, real, shallow=False):
            raise
    except OSError:  # a file system without hard links
        if os.path.lexists(real):
            raise FileExistsError from None
        temporary.replace(real)


def sweep(folder: Path, mark: str) -> None:
    """Remove the temporary files that killed workers of a batch have left in a folder."""
    with suppress(OSError):
        for left in folder.glob(f"{_PREFIX}{mark}*.part"):
            with suppress(OSError):
                left.unlink()


_STALE = 60.0
"""Seconds after which a temporary file that nobody holds was left by a run that was killed."""


@cache
def _tidy(folder: Path) -> None:
    """Remove what killed runs have left in a folder, once in a process."""
    with suppress(OSError):
        for left in folder.glob(f"{_PREFIX}*.part"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE:
                    _remove_unheld(left)


def _remove_unheld(left: Path) -> None:
    file = os.open(left, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        if _lock(file):
            left.unlink()
    finally:
        os.close(file)


def _lock(file: int) -> bool:
    """Hold a file until it is closed, or its process ends in whatever way; False if it is held, or nothing can be."""
    try:
        import_module("fcntl").flock(file, _ALONE)
    except (ImportError, OSError):
        return False
    return True


_ALONE = 2 | 4  # LOCK_EX | LOCK_NB


def _umask() -> int:
    with _umask_lock:
        mask = os.umask(0o077)  # there is no way to read it without setting it
        os.umask(mask)
    return mask


@contextmanager
def writing_stdout(*, text: bool = False) -> Iterator[BinaryIO]:
    """Give standard output for the bytes of a text, or for binary data, which is never sent to a terminal.

    Raises
    ------
    ConvError
        Standard output is a terminal, is closed, or what takes it is full. BrokenPipeError passes through.
    """
    if sys.stdout is None:
        raise ConvError("standard output is closed, name a file with -o")
    if not text and sys.stdout.isatty():
        raise ConvError(
            "binary is never sent to a terminal; name a file with -o or pipe it", usage=True
        )
    try:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is not None or error.errno == errno.EBADF:
            raise
        raise about_file("standard output", error) from error


@dataclass(frozen=True)
class Target:
    """Where a result goes.

    Parameters
    ----------
    path : Path or None
        The file; None is standard output.
    """

    path: Path | None


def target_of(
    source: str,
    command: str,
    output: str | None = None,
    *,
    suffix: str = ".png",
    fields: Mapping[str, str] | None = None,
) -> Target:
    """Name the output of one input, from the option ``-o``. Writes nothing.

    Parameters
    ----------
    source : str
        The input as it was given; ``-`` is standard input.
    command : str
        The command's name, for ``{stem}-{command}{suffix}``.
    output : str or None
        What ``-o`` says: None, ``-``, a file, a folder (it ends with a slash, or it exists), or a template.
    suffix : str
        Suffix of a name that is made up here.
    fields : mapping of str to str or None
        What a template may name beside ``stem``, ``name`` (with the suffix), ``dir`` (of the input) and ``command``, such
        as ``method``. A ``dir`` in it stands for the folder of the input's name.

    Raises
    ------
    ConvError
        A template names an unknown field, has a brace without a field, or the name of the input would lead out of its
        folder.

    Examples
    --------
    >>> str(target_of("photos/cat.jpg", "edge").path)
    'cat-edge.png'
    >>> str(target_of("photos/cat.jpg", "edge", "out/").path)
    'out/cat-edge.png'
    >>> str(target_of("cat.jpg", "edge", "out/{stem}-{method}.png", fields={"method": "canny"}).path)
    'out/cat-canny.png'
    >>> str(target_of("../photos/cat.jpg", "edge", "out/{dir}/{name}").path)
    'out/photos/cat.jpg'
    >>> target_of("-", "edge").path is None
    True
    """
    if output == "-" or (output is None and source == "-"):
        return Target(None)
    bare = Path(source.removesuffix(".gz"))  # what is read packed is written plain
    stem = "stdin" if source == "-" else bare.stem
    name = f"{stem}-{command}{suffix}"
    if output is None:
        return Target(Path(name))
    if not output:
        raise ConvError("-o: got an empty name, a file, a folder or - is needed", usage=True)
    filled = output
    if "{" in output and not os.path.lexists(output):
        own = {
            "stem": stem,
            "name": bare.name,
            "dir": folder_of(source),
            "command": command,
        }
        filled = _filled(output, {**own, **(fields or {})})
    if filled.endswith(("/", os.sep)) or os.path.isdir(filled):  # noqa: PTH112
        return Target(Path(filled, name))
    return Target(Path(filled))


def folder_of(name: str) -> str:
    """Return the folder of a name as ``{dir}`` gives it: relative, and below wherever it is put.

    >>> folder_of("../photos/./2020/cat.jpg"), folder_of("/photos/cat.jpg"), folder_of("cat.jpg")
    ('photos/2020', 'photos', '')
    """
    folder = Path(os.path.normpath(name)).parent
    return "/".join(part for part in folder.parts if part not in (folder.anchor, os.pardir))


def fixed_folder(output: str | None) -> str | None:
    """Return the folder of what ``-o`` says that no input changes, if there is one.

    >>> fixed_folder("out/{dir}/{stem}.png"), fixed_folder("out/"), fixed_folder("{stem}.png")
    ('out', 'out/', None)
    """
    if output is None or "{" not in output:
        return output
    return output[: output.index("{")].rpartition("/")[0] or None


def _filled(template: str, fields: Mapping[str, str]) -> str:
    def field(match: re.Match[str]) -> str:
        name = match[1]
        if name not in fields:
            raise one_of("field of -o", name or match[0], [f"{{{f}}}" for f in fields])
        value = fields[name].replace("\0", "")
        return value if name == "dir" else value.replace("/", "-")

    if not fields["dir"]:
        template = re.sub(r"(^|/)\{dir\}/", r"\1", template)
    filled = re.sub(r"\{([^{}]*)\}?", field, template)
    if Path(filled).parts.count("..") > Path(template).parts.count(".."):
        raise ConvError(
            f"-o {printable(template)}: got {printable(filled)}, a name that stays in its folder is needed"
        )
    return filled
