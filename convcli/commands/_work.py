"""The work of a batch on one input, wherever it is done."""

import stat
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import format_exc

from convcli.commands.filters.operation import Operation, filtered
from convcli.commands.output import Request
from convcli.engine.errors import ConvError, printable, told
from convcli.files.batch import Job, Record
from convcli.files.operands import Reading
from convcli.files.output import ExistsError, target_of
from convcli.files.sniff import HEAD, sniff

__all__ = ["Filter", "is_array", "together"]


@dataclass(frozen=True)
class Filter:
    """The work of a batch, on one input. (It is sent to other processes, and so is all that it holds.)"""

    operation: Operation
    request: Request
    reading: Reading
    skip: bool
    debug: bool = False

    def __call__(self, job: Job) -> Record:
        """Filter one input; what can go wrong with a file is told in the record."""
        try:
            return self._filtered(job)
        except (ConvError, OSError, MemoryError) as error:
            trace = format_exc() if self.debug else None
            if isinstance(error, ConvError) and error.usage:
                return Record(job.source, error=str(error), usage=True, trace=trace)
            text = _named(told(error), job.source, replace(self.request, output=job.output))
            return Record(job.source, error=text, trace=trace)
        except Exception as error:
            if not self.debug:
                raise
            named = f"{printable(job.source)}: {told(error)}"
            return Record(job.source, error=named, trace=format_exc())

    def _filtered(self, job: Job) -> Record:
        request = replace(self.request, output=job.output)
        try:
            if self.skip and (path := _there(job.source, request)):
                return Record(job.source, path, skipped=True)
            if request.output is None and is_array(job.source):
                raise together()
            _, delivered = filtered(job.source, self.operation, request, self.reading)
            return Record(job.source, str(delivered.path), delivered.notes)
        except ExistsError as error:
            if self.skip:
                return Record(job.source, str(error.path), skipped=True)
            return Record(job.source, error=str(error))


def together(got: str = "INPUT") -> ConvError:
    """Say that standard output is no place for several results."""
    what = "an array among several inputs" if got == "INPUT" else "several inputs"
    return ConvError(
        f"{got}: got {what}, results on standard output cannot be told apart: -o DIR/ is needed",
        usage=True,
    )


def _kind(name: str) -> str | None:
    """What the first bytes of a regular file say; of anything else nothing is read."""
    try:
        if not stat.S_ISREG(Path(name).stat().st_mode):
            return "unknown"
        with Path(name).open("rb") as file:
            return sniff(file.read(HEAD))
    except (OSError, ValueError):
        return "unknown"


def is_array(name: str) -> bool:
    """Whether a file is no picture, by its first bytes; what cannot be read is not known to be one."""
    return _kind(name) not in ("picture", "unknown")


def _there(name: str, request: Request) -> str | None:
    """Return the output of an input if it exists, so far as its name is known without reading the input."""
    suffix = "" if request.format == "auto" else f".{request.format}"
    if not suffix and _kind(name) == "picture":
        suffix = ".png"
    path = target_of(
        name, request.command, request.output, suffix=suffix or ".*", fields=request.fields
    ).path
    return str(path) if path is not None and path.suffix != ".*" and path.is_file() else None


def _named(text: str, name: str, request: Request) -> str:
    """Put the input's name in front of what is wrong, unless its name or its output's is there."""
    target = target_of(name, request.command, request.output, suffix="", fields=request.fields)
    own = (printable(name), printable(target.path))
    return text if text.startswith(own) else f"{own[0]}: {text}"
