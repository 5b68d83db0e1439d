"""Many files: what each job writes, settled before anything starts, and the run on an executor, in order.

Open: executors.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

from convcli.engine.errors import ConvError, printable, told
from convcli.files.inputs import Source
from convcli.files.output import target_of

__all__ = ["Crew", "Job", "Record", "planned", "run"]

HELD = 1024
"""Jobs that are started but not reported: more than any pool needs, few enough that memory stays flat."""

TICK = 0.25
"""Seconds after which a run that has nothing to report says so."""


@dataclass(frozen=True, slots=True)
class Job:
    """One input of a batch.

    Parameters
    ----------
    source : str
        The input, as it was given.
    output : str or None
        What ``-o`` is for this input.
    folder : str
        Where its result and its temporary file will lie.
    """

    source: str
    output: str | None
    folder: str = "."


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one input: a result, or an error.

    Parameters
    ----------
    source : str
    path : str or None
        The result.
    notes : tuple of str
        What a person should be told.
    error : str or None
        One line that names the file.
    usage : bool
        Whether the error is one of the call, and would be every file's.
    skipped : bool
        Whether the result was there before.
    trace : str or None
        The traceback of the error, where it was asked for.
    more : tuple of str
        Further files of the result.
    """

    source: str
    path: str | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None
    usage: bool = False
    skipped: bool = False
    trace: str | None = None
    more: tuple[str, ...] = ()


class Crew(Protocol):
    """Who does the jobs: an executor of the standard library's kind, wherever its workers are."""

    executor: Executor
    ahead: int
    """Jobs to have started at a time."""

    def renew(self) -> None:
        """Put a new executor in place of one that broke."""


def planned(
    sources: Iterable[Source],
    command: str,
    output: str | None,
    *,
    suffix: str = "",
    fields: Mapping[str, str] | None = None,
    force: bool = False,
) -> list[Job]:
    """Settle where each result goes.

    Parameters
    ----------
    sources : iterable of Source
    command, output, fields
        As of `target_of`. Below a folder that ends with a slash, or exists, the structure of the inputs is kept.
    suffix : str
        The suffix of names that are made up, if it is known. Else files that differ in nothing but the suffix count as
        one: what a result is, is not known before its input is read.
    force : bool
        Whether existing files are overwritten: then a result must not be another input.

    Raises
    ------
    ConvError
        Two inputs would write one output, or `output` is one file.

    Examples
    --------
    >>> jobs = planned([Source("in/a.png"), Source("in/b/c.png", "b")], "edge", "out/")
    >>> [job.output for job in jobs]
    ['out/', 'out/b/']
    """
    jobs: list[Job] = []
    writers: dict[str, str] = {}
    folders: dict[str, str] = {}
    given = list(sources)
    folder = output is not None and (output.endswith(("/", os.sep)) or Path(output).is_dir())
    if output is not None and not folder and "{" not in output and len(given) > 1:
        raise ConvError(
            f"-o {printable(output)}: is one file for {len(given)} inputs, a folder with a slash at its end or "
            "a template such as '{stem}-x.png' is needed",
            usage=True,
        )
    for source in given:
        own = str(Path(output or "", source.below)) + os.sep if folder else output
        path = target_of(source.name, command, own, suffix=suffix or _ANY, fields=fields).path
        if path is None:
            raise ConvError(
                "-o -: the results of several inputs cannot be told apart on standard output, "
                "-o DIR/ is needed",
                usage=True,
            )
        parent = str(path.parent)
        if parent not in folders:
            folders[parent] = os.path.realpath(parent)
        key = str(Path(folders[parent], path.name))
        if key in writers:
            raise _twice(writers[key], source.name, path)
        writers[key] = source.name
        jobs.append(Job(source.name, own, folders[parent]))
    if force:
        _check_inputs(writers)
    return jobs


_ANY = ".*"
"""The suffix of a name that is made up, as long as it is not known."""


def _twice(first: str, second: str, path: Path) -> ConvError:
    if os.path.realpath(first) == os.path.realpath(second):
        return ConvError(f"{printable(second)}: is given twice", usage=True)
    apart = Path(first).name != Path(second).name
    hint = (
        ", -o 'DIR/{name}.png' tells them apart"
        if apart
        else ", -r on the folder above both keeps theirs"
    )
    return ConvError(
        f"{printable(first)} and {printable(second)} would both write {printable(path)}{hint}",
        usage=True,
    )


def _check_inputs(writers: Mapping[str, str]) -> None:
    """Refuse results that would overwrite another job's input, before or after it is read."""
    inputs = {os.path.realpath(name): name for name in writers.values()}
    for key, name in writers.items():
        stem = key.removesuffix(_ANY)
        for path in (key,) if stem == key else (f"{stem}{s}" for s in _NATURAL):
            if inputs.get(path, name) != name:
                raise ConvError(
                    f"{printable(name)} would overwrite {printable(inputs[path])}, which is an input too",
                    usage=True,
                )


_NATURAL = (".png", ".csv", ".npy")


@dataclass(slots=True, eq=False)
class _Turn:
    """A job that waits for its report."""

    job: Job
    future: "Future[Record] | None" = None
    alone: bool = False
    """Whether it ran with nothing beside it: then it is to blame if the executor broke."""
    settled: bool = False


def run(
    work: Callable[[Job], Record], jobs: Iterable[Job], crew: Crew, *, fail_fast: bool = False
) -> Iterator[Record | None]:
    """Run jobs, and yield their records in the order of the jobs, as they come.

    A worker that dies takes the executor of its process pool with it. What was running then is run again, one by one on
    a new executor; the job that breaks that as well gets the error, and the rest goes on.

    Parameters
    ----------
    work : callable
        Can be sent to another process. What it raises is that job's error.
    jobs : iterable of Job
    crew : Crew
    fail_fast : bool
        Whether the first error ends the run; what was finished by then is still reported.

    Yields
    ------
    Record or None
        None when nothing has come for a moment, so that who watches can move a clock.
    """
    left = iter(jobs)
    turns: deque[_Turn] = deque()
    again: deque[_Turn] = deque()
    finished: SimpleQueue[_Turn] = SimpleQueue()
    running = 0
    more = True
    alone = False

    def start(turn: _Turn) -> None:
        try:
            turn.future = crew.executor.submit(work, turn.job)
        except BrokenExecutor:  # it broke since the last report
            crew.renew()
            turn.future = crew.executor.submit(work, turn.job)
        turn.future.add_done_callback(lambda _: finished.put(turn))

    while True:
        while more and not again and not alone and running < crew.ahead and len(turns) < HELD:
            job = next(left, None)
            if job is None:
                more = False
                break
            turns.append(_Turn(job))
            start(turns[-1])
            running += 1
        if again and not running:
            turn = again.popleft()
            turn.alone = alone = True
            start(turn)
            running += 1
        if not turns:
            return
        try:
            turn = finished.get(timeout=TICK)
        except Empty:
            yield None
            continue
        running -= 1
        broken = isinstance(_raised(turn), BrokenExecutor)
        if broken and not running:
            crew.renew()
        if broken and not turn.alone:
            again.append(turn)
            continue
        alone = False
        turn.settled = True
        failed = fail_fast and _record(turn).error is not None
        while turns and (failed or turns[0].settled):
            first = turns.popleft()
            if first.settled:
                yield _record(first)
        if failed:
            return


def _raised(turn: _Turn) -> BaseException | None:
    assert turn.future is not None
    try:
        return turn.future.exception(timeout=0)
    except CancelledError as error:
        return error


def _record(turn: _Turn) -> Record:
    """Return the record of a job that is done, whatever it raised."""
    error = _raised(turn)
    if error is None and turn.future is not None:
        return turn.future.result(timeout=0)
    return Record(turn.job.source, error=f"{printable(turn.job.source)}: {_why(error)}")


def _why(error: BaseException | None) -> str:
    if isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker":
        return "its worker was killed (not enough memory? --jobs 1 needs the least)"
    if isinstance(error, CancelledError):
        return "was cancelled"
    text = told(error) if isinstance(error, Exception) else type(error).__name__
    return f"{text} (alone, with --debug, it shows where)" if text.startswith("a bug") else text
