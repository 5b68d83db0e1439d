"""Many inputs for one command: the same filter on each, on all cores or on a cluster."""

import os
import stat
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import format_exc

import typer

from convcli import terminal
from convcli.commands.filters.operation import Operation, filter_input, filtered
from convcli.commands.output import Request, print_path, tell
from convcli.engine import threads
from convcli.engine.errors import ConvError, printable, shortened, told
from convcli.files.batch import Job, Record, planned, run
from convcli.files.inputs import Source, listed, sources
from convcli.files.operands import Reading, check_single_stdin
from convcli.files.output import Attempt, ExistsError, sweep, target_of
from convcli.files.sniff import HEAD, sniff
from convcli.options import Debugging

__all__ = ["Filter", "Many", "filter_inputs", "is_array", "together"]


@dataclass(frozen=True)
class Many:
    """What the options say about several inputs: -r, --files-from, --jobs, --fail-fast, --skip-existing, --cluster."""

    recursive: bool = False
    files_from: str | None = None
    jobs: int | None = None
    fail_fast: bool = False
    skip_existing: bool = False
    cluster: str | None = None


def filter_inputs(
    names: list[str] | None, operation: Operation, request: Request, reading: Reading, many: Many
) -> None:
    """Filter what a call names: one input as `filter_input` does, several as a batch.

    Raises
    ------
    ConvError
        The call is wrong. What is wrong with a file of a batch is one line on standard error.
    typer.Exit
        With status 1, after all were tried, if some failed.
    """
    given = list(names or [])
    check_single_stdin(*given, many.files_from or "")
    if many.files_from is not None:
        given += listed(many.files_from)
    if not given:
        got = "none" if many.files_from is None else f"none from {printable(many.files_from)}"
        raise ConvError(f"INPUT: got {got}, at least one file is needed", usage=True)
    if many.skip_existing and request.force:
        raise ConvError("--skip-existing and -f: got both, one of them is allowed", usage=True)
    single = len(given) == 1 and many == Many(jobs=many.jobs, fail_fast=many.fail_fast)
    if single:
        filter_input(given[0], operation, request, reading)
        return
    if "-" in given:
        raise ConvError("-: got standard input among several inputs, it must be alone", usage=True)
    _check_form(request)
    folder = request.output if request.output and "{" not in request.output else None
    found = sources(given, recursive=many.recursive, but=folder)
    if request.output is None and any(is_array(source.name) for source in found):
        raise together()
    if many.cluster is not None:
        found, request = _absolute(found, request)
    known = "" if request.format == "auto" else f".{request.format}"
    jobs = planned(
        found,
        request.command,
        request.output,
        suffix=known,
        fields=request.fields,
        force=request.force,
    )
    _run(jobs, operation, request, reading, many)


def _run(
    jobs: list[Job], operation: Operation, request: Request, reading: Reading, many: Many
) -> None:
    attempt = Attempt(os.urandom(4).hex(), time.time())
    from convcli.files.batch import executors

    at_once = many.jobs or (0 if many.cluster else threads.cores())
    if many.cluster is None:
        at_once = min(at_once, len(jobs))
        request = replace(request, jobs=at_once)
    request = replace(request, attempt=attempt)
    work = Filter(operation, request, reading, many.skip_existing, Debugging.on)
    here = "" if many.cluster is None else str(Path.cwd()) + os.sep
    failed = False
    crew = executors.crew(
        at_once, address=many.cluster, preload=(__name__, type(operation).__module__)
    )
    try:
        with crew:
            bar = terminal.Bar(len(jobs))
            try:
                for record in run(work, jobs, crew, fail_fast=many.fail_fast):
                    if record is None:
                        bar.draw()
                        continue
                    failed |= record.error is not None
                    _show(record, bar, here)
                bar.finish()
                if many.fail_fast and failed:
                    raise typer.Exit(1)
            except BaseException:
                bar.erase()
                raise
    finally:
        for folder in {job.folder for job in jobs}:
            sweep(Path(folder), attempt.mark)
    if failed:
        raise typer.Exit(1)


def _show(record: Record, bar: "terminal.Bar", here: str) -> None:
    """Print what became of one input; on a cluster names are absolute, and are shown as they were given."""
    if record.usage:
        raise ConvError(record.error or "", usage=True)
    if record.trace is not None:
        bar.erase()
        print(record.trace, end="", file=sys.stderr)
    if record.notes or record.error or (record.path and terminal.on_terminal()):
        bar.erase()
    if record.path is not None:
        for path in (record.path, *record.more):
            print_path(Path(path.removeprefix(here)))
        sys.stdout.flush()
    tell(record.source.removeprefix(here), record.notes)
    if record.error is not None:
        error = shortened(record.error.removeprefix(printable(here)))
        print(f"convcli: error: {error}", file=sys.stderr)
    bar.advance(failed=record.error is not None)


def _check_form(request: Request) -> None:
    """Refuse what can only be right for one result."""
    if request.output == "-" or (request.output is None and request.format not in ("auto", "png")):
        got = "-o -" if request.output else f"--format {request.format}"
        raise together(got)


def _absolute(found: list[Source], request: Request) -> tuple[list[Source], Request]:
    """Name files so that workers in another folder find them."""
    there = [source._replace(name=str(Path.cwd() / source.name)) for source in found]
    output = os.path.join(Path.cwd(), request.output or "")  # noqa: PTH118 (it keeps the slash at the end)
    return there, replace(request, output=output)


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
            more = tuple(map(str, delivered.more))
            return Record(job.source, str(delivered.path), delivered.notes, more=more)
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
