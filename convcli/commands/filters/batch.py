"""Many inputs for one command: the same filter on each, on all cores or on a cluster."""

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import format_exc

import typer

from convcli.commands.filters.batch_report import Report, print_plan
from convcli.commands.filters.operation import PRELOAD, Operation, aimed, filtered
from convcli.commands.output import Request, form_of
from convcli.engine import threads
from convcli.engine.errors import ConvError, printable, told
from convcli.files.batch import CrewLostError, Job, Record, planned, run, without_results
from convcli.files.inputs import kind_of, listed, sources
from convcli.files.operands import Reading, check_single_stdin
from convcli.files.output import Attempt, ExistsError, fixed_folder, sweep, target_of
from convcli.options import Debugging

__all__ = ["Filter", "Many", "filter_inputs"]


@dataclass(frozen=True)
class Many:
    """What the options of the panel 'Many inputs' say."""

    recursive: bool = False
    files_from: str | None = None
    jobs: int | None = None
    fail_fast: bool = False
    skip_existing: bool = False
    update: bool = False
    dry_run: bool = False
    quiet: bool = False
    cluster: str | None = None

    @property
    def goes_on(self) -> bool:
        """Whether results that are there are left."""
        return self.skip_existing or self.update

    @property
    def single(self) -> bool:
        """Whether nothing that is asked for needs a batch."""
        return self == Many(
            jobs=self.jobs, fail_fast=self.fail_fast, dry_run=self.dry_run, quiet=self.quiet
        )


def filter_inputs(
    names: list[str] | None, operation: Operation, request: Request, reading: Reading, many: Many
) -> None:
    """Filter what a call names, as a batch.

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
    if many.goes_on and request.force:
        option = "--skip-existing" if many.skip_existing else "--update"
        raise ConvError(f"{option} and -f: got both, one of them is allowed", usage=True)
    if len(given) == 1 and many.single:  # a dry run: otherwise one input needs nothing of all this
        for i, target in enumerate(aimed(given[0], operation, request, reading)):
            print_plan(given[0], "-" if target.path is None else str(target.path), head=i == 0)
        return
    if "-" in given:
        raise ConvError("-: got standard input among several inputs, it must be alone", usage=True)
    _check_form(request)
    found = sources(given, recursive=many.recursive, but=fixed_folder(request.output))
    known = "" if request.format == "auto" else f".{request.format}"
    found, results = without_results(
        found, request.command, request.output, suffix=known, fields=request.fields
    )
    for source in found if request.output is None else ():
        if is_array(source.name):
            raise together(source.name)
    jobs = planned(
        found,
        request.command,
        request.output,
        suffix=known,
        fields=request.fields,
        force=request.force,
    )
    wrong = _unwritable(jobs, request)
    here = ""
    if many.cluster is not None:
        here = str(Path.cwd()) + os.sep
        jobs = [_absolute(job) for job in jobs]
    report = Report(
        len(jobs),
        goes_on=many.goes_on,
        force=request.force,
        dry_run=many.dry_run,
        quiet=many.quiet,
        alike=lambda: len({is_array(job.source) for job in jobs}) == 1,
        here=here,
    )
    for name in given:
        if name in results:
            report.note(name, f"is a result of this call, of {printable(results[name])}: left out")
    for job, error in zip(jobs, wrong, strict=True):
        if error is not None:
            report.refuse(Record(job.source, error=error))
            if many.fail_fast:
                report.finish()
                raise typer.Exit(1)
    able = [job for job, error in zip(jobs, wrong, strict=True) if error is None]
    _run(able, operation, request, reading, many, report)


def _run(
    jobs: list[Job],
    operation: Operation,
    request: Request,
    reading: Reading,
    many: Many,
    report: Report,
) -> None:
    attempt = Attempt(os.urandom(4).hex(), time.time())
    from convcli.files.batch import executors

    at_once = many.jobs or (0 if many.cluster else threads.cores())
    if many.cluster is None:
        at_once = min(at_once, len(jobs))
        request = replace(request, jobs=max(1, at_once))
    request = replace(request, attempt=attempt)
    work = Filter(
        operation, request, reading, many.goes_on, Debugging.on, many.update, many.dry_run
    )
    crew = executors.crew(
        at_once, address=many.cluster, preload=(*PRELOAD, type(operation).__module__)
    )
    try:
        with crew:
            for record in run(work, jobs, crew, fail_fast=many.fail_fast, settled=report.settled):
                if record is None:
                    report.draw()
                else:
                    report.show(record)
    except (KeyboardInterrupt, SystemExit, CrewLostError):
        report.interrupted()
        raise
    except BaseException:
        report.erase()
        raise
    finally:
        for folder in {job.folder for job in jobs}:
            sweep(Path(folder), attempt.mark)
    report.finish()
    if report.failed:
        raise typer.Exit(1)


def _check_form(request: Request) -> None:
    """Refuse what can only be right for one result."""
    if request.output == "-" or (request.output is None and request.format not in ("auto", "png")):
        got = "-o -" if request.output else f"--format {request.format}"
        raise ConvError(f"{got}: got several inputs, {_TOGETHER}", usage=True)


def _unwritable(jobs: list[Job], request: Request) -> list[str | None]:
    """Say of each job what is wrong with its result's name, so far as that is known; raise what is wrong with all."""
    wrong: list[str | None] = [None] * len(jobs)
    if request.format != "auto":
        return wrong
    for i, job in enumerate(jobs):
        try:
            form_of(
                Path(job.path.removesuffix(".*") + ".png" if job.path.endswith(".*") else job.path)
            )
        except ConvError as error:
            if len({Path(other.path).suffix for other in jobs}) == 1:
                raise
            wrong[i] = f"{printable(job.source)}: {error}"
    return wrong


def _absolute(job: Job) -> Job:
    """Name files so that workers in another folder find them."""
    output = os.path.join(Path.cwd(), job.output or "")  # noqa: PTH118 (it keeps the slash at the end)
    return replace(job, source=str(Path.cwd() / job.source), output=output)


@dataclass(frozen=True)
class Filter:
    """The work of a batch, on one input. (It is sent to other processes, and so is all that it holds.)"""

    operation: Operation
    request: Request
    reading: Reading
    skip: bool
    debug: bool = False
    update: bool = False
    """Whether a result that is there is made again if it is older than its input."""
    dry_run: bool = False

    def __call__(self, job: Job) -> Record:
        """Filter one input; what can go wrong with a file is told in the record."""
        request = replace(
            self.request, output=job.output, fields={**self.request.fields, "dir": job.dir}
        )
        try:
            return self._filtered(job.source, request)
        except (ConvError, OSError, MemoryError) as error:
            return Record(
                job.source,
                error=_named(told(error), job.source, request),
                usage=str(error) if isinstance(error, ConvError) and error.usage else None,
                trace=format_exc() if self.debug else None,
            )
        except Exception as error:
            if not self.debug:
                raise
            named = f"{printable(job.source)}: {told(error)}"
            return Record(job.source, error=named, trace=format_exc())

    def _filtered(self, name: str, request: Request) -> Record:
        path = _there(name, request)
        if self.skip and path is not None:
            if not self._redone(path, name):
                return Record(name, str(path), skipped=True)
            request = replace(request, force=True)
        if request.output is None and is_array(name):
            raise together(name)
        try:
            return self._made(name, request)
        except ExistsError as error:
            if not self.skip:
                return Record(name, error=str(error), exists=str(error.path))
            if not self._redone(error.path, name):
                return Record(name, str(error.path), skipped=True)
            return self._made(name, replace(request, force=True))

    def _made(self, name: str, request: Request) -> Record:
        if self.dry_run:
            targets = aimed(name, self.operation, request, self.reading)
            path, *more = (str(target.path) for target in targets)
            return Record(name, path, more=tuple(more))
        _, delivered = filtered(name, self.operation, request, self.reading)
        return Record(
            name, str(delivered.path), delivered.notes, more=tuple(map(str, delivered.more))
        )

    def _redone(self, path: Path, name: str) -> bool:
        """Whether a result that is there is made again."""
        return self.update and path.stat().st_mtime_ns < Path(name).stat().st_mtime_ns


def together(name: str) -> ConvError:
    """Say that standard output is no place for several results."""
    return ConvError(
        f"{printable(name)}: got an array among several inputs, {_TOGETHER}", usage=True
    )


_TOGETHER = "results on standard output cannot be told apart: -o DIR/ is needed"


def is_array(name: str) -> bool:
    """Whether a file is read as an array; what cannot be read is not known to be one."""
    return kind_of(name) not in ("picture", "unknown")


def _there(name: str, request: Request) -> Path | None:
    """Return the output of an input if it exists, so far as its name is known without reading the input."""
    suffix = "" if request.format == "auto" else f".{request.format}"
    if not suffix and kind_of(name) == "picture":
        suffix = ".png"
    path = target_of(
        name, request.command, request.output, suffix=suffix or ".*", fields=request.fields
    ).path
    return path if path is not None and path.suffix != ".*" and path.is_file() else None


def _named(text: str, name: str, request: Request) -> str:
    """Put the input's name in front of what is wrong, unless its name or its output's is there."""
    target = target_of(name, request.command, request.output, suffix="", fields=request.fields)
    own = (printable(name), printable(target.path))
    return text if text.startswith(own) else f"{own[0]}: {text}"
