"""Many inputs for one command: the same filter on each, on all cores or on a cluster."""

import os
import sys
import time
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import typer

from convcli import terminal
from convcli.commands._work import Filter, is_array, together
from convcli.commands.filters.operation import Operation, filter_input, print_path, tell
from convcli.commands.output import Request
from convcli.engine import threads
from convcli.engine.errors import ConvError, printable, shortened
from convcli.files.batch import Job, Record, planned, run
from convcli.files.inputs import Source, listed, sources
from convcli.files.operands import Reading, check_single_stdin
from convcli.files.output import Attempt, sweep
from convcli.options import Debugging

__all__ = ["Many", "filter_inputs"]


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
    names: list[str] | None, operation: Operation, request: Request, how: Reading, many: Many
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
        filter_input(given[0], operation, request, how)
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
    _run(jobs, operation, request, how, many)


def _run(jobs: list[Job], operation: Operation, request: Request, how: Reading, many: Many) -> None:
    attempt = Attempt(os.urandom(4).hex(), time.time())
    executors = import_module("convcli.files.batch.executors")
    at_once = many.jobs or (0 if many.cluster else threads.cores())
    if many.cluster is None:
        at_once = min(at_once, len(jobs))
        request = replace(request, jobs=at_once)
    request = replace(request, attempt=attempt)
    work = Filter(operation, request, how, many.skip_existing, Debugging.on)
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
        print_path(Path(record.path.removeprefix(here)))
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
