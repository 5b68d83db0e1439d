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
from convcli.files.inputs import Source, kind_of
from convcli.files.output import fixed_folder, target_of
from convcli.files.sniff import PICTURE_SUFFIXES

__all__ = ["Crew", "CrewLostError", "Job", "Record", "planned", "run", "without_results"]

HELD = 1024
"""Jobs that are started but not reported: more than any pool needs, few enough that memory stays flat."""

TICK = 0.25
"""Seconds after which a run that has nothing to report says so."""


class CrewLostError(ConvError):
    """Those who did the work are out of reach, in the middle of it."""


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
    path : str
        Its result; ``.*`` at the end stands for a suffix that is not known before the input is read.
    dir : str
        What ``{dir}`` of a template stands for.
    """

    source: str
    output: str | None
    folder: str = "."
    path: str = ""
    dir: str = ""


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
    usage : str or None
        The error without the file's name if the call may be to blame: then it will be every file's.
    skipped : bool
        Whether the result was there before, and was left.
    exists : str or None
        What was there before, where that is the error.
    trace : str or None
        The traceback of the error, where it was asked for.
    more : tuple of str
        Further files of the result.
    """

    source: str
    path: str | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None
    usage: str | None = None
    skipped: bool = False
    exists: str | None = None
    trace: str | None = None
    more: tuple[str, ...] = ()


class Crew(Protocol):
    """Who does the jobs: an executor of the standard library's kind, wherever its workers are."""

    executor: Executor
    ahead: int
    """Jobs to have started at a time."""

    def renew(self) -> None:
        """Put a new executor in place of one that broke.

        Raises
        ------
        CrewLostError
            There can be none.
        """

    def check(self) -> None:
        """Look, where nothing has come for a moment, whether the workers are still within reach.

        Raises
        ------
        CrewLostError
            They are not: what they were given last may never come back.
        """


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
    writers: dict[str, Source] = {}
    given = list(sources)
    places = _Places(command, output, suffix or _ANY, fields or {})
    if output is not None and not places.folder and "{" not in output and len(given) > 1:
        example = "" if Path(output).suffix else f" ({printable(output)}/)"
        raise ConvError(
            f"-o {printable(output)}: is one file for {len(given)} inputs, a folder with a slash at its end{example} "
            f"or a template such as '{{stem}}-x.png' is needed",
            usage=True,
        )
    for source in given:
        own, path, key = places.of(source)
        if key in writers:
            raise _twice(writers[key], source, path, given, places)
        writers[key] = source
        jobs.append(Job(source.name, own, os.path.dirname(key), str(path), source.dir))  # noqa: PTH120
    if force:
        _check_inputs({key: source.name for key, source in writers.items()})
    return jobs


def without_results(
    sources: Iterable[Source],
    command: str,
    output: str | None,
    *,
    suffix: str = "",
    fields: Mapping[str, str] | None = None,
) -> tuple[list[Source], dict[str, str]]:
    """Leave out the inputs that are results: those whose name is what another input will write.

    Where a run writes among its inputs, the next one finds what it wrote: ``a.png`` gives ``a-edge.png``, so that
    ``a-edge.png`` is none to filter, and what an earlier run may have made of it neither. An input that is its own
    result is no such one: that two would write it is an error of the call.

    Parameters
    ----------
    sources, command, output, suffix, fields
        As of `planned`.

    Returns
    -------
    sources : list of Source
        Those that are left.
    results : dict of str to str
        The names that were left out, with those of the inputs that they are results of.

    Examples
    --------
    >>> found = [Source("a.jpg"), Source("a-edge.png"), Source("b-edge.png")]
    >>> left, results = without_results(found, "edge", None)
    >>> [source.name for source in left], results
    (['a.jpg', 'b-edge.png'], {'a-edge.png': 'a.jpg'})
    """
    given = list(sources)
    places = _Places(command, output, suffix or _ANY, fields or {})
    if output is not None and not places.folder and "{" not in output:
        return given, {}
    keys = [places.of(source)[2] for source in given]
    writers: dict[str, tuple[str, bool]] = {}
    for key, source in zip(keys, given, strict=True):
        for path in _possible(key):
            writers.setdefault(path, (source.name, path == key))
    left: list[Source] = []
    results: dict[str, str] = {}
    for key, source in zip(keys, given, strict=True):
        here = places.real(Path(source.name))
        writer, sure = writers.get(here, ("", False))
        if not writer or here in _possible(key) or not (sure or _natural(here, writer)):
            left.append(source)
        else:
            results[source.name] = writer
    return left, results


def _natural(path: str, writer: str) -> bool:
    """Whether the result of an input may be this file: what a picture gives is no CSV, what an array gives no picture."""
    kind = kind_of(writer)
    return kind == "unknown" or not path.endswith(".csv" if kind == "picture" else ".png")


class _Places:
    """Where results go, with the folders that were looked up on the way."""

    def __init__(
        self, command: str, output: str | None, suffix: str, fields: Mapping[str, str]
    ) -> None:
        self.command, self.output, self.suffix, self.fields = command, output, suffix, fields
        self.folder = output is not None and (
            output.endswith(("/", os.sep)) or Path(output).is_dir()
        )
        self._real: dict[str, str] = {}

    def of(self, source: Source) -> tuple[str | None, Path, str]:
        """Return what ``-o`` is for this input, its result, and the same without links on the way."""
        own = self.output
        if self.folder and "{dir}" not in (own or ""):
            own = str(Path(own or "", source.below)) + os.sep
        fields = {**self.fields, "dir": source.dir}
        path = target_of(source.name, self.command, own, suffix=self.suffix, fields=fields).path
        if path is None:
            raise ConvError(
                "-o -: the results of several inputs cannot be told apart on standard output, "
                "-o DIR/ is needed",
                usage=True,
            )
        return own, path, self.real(path)

    def real(self, path: Path) -> str:
        parent = str(path.parent)
        if parent not in self._real:
            self._real[parent] = os.path.realpath(parent)
        return str(Path(self._real[parent], path.name))


_ANY = ".*"
"""The suffix of a name that is made up, as long as it is not known."""


def _twice(
    first: Source, second: Source, path: Path, given: list[Source], places: _Places
) -> ConvError:
    """Say which two meet, and what keeps all of them apart: it was tried."""
    one, two = printable(first.name), printable(second.name)
    if os.path.realpath(first.name) == os.path.realpath(second.name):
        return ConvError(f"{two}: is given twice", usage=True)
    folder = (fixed_folder(places.output) or "DIR").rstrip("/")
    pictures = all(s.name.lower().endswith(PICTURE_SUFFIXES) for s in (first, second))
    end = path.suffix if path.suffix not in ("", _ANY) else ".png" if pictures else ".npy"
    tried = [f"{folder}/{form}{end}" for form in _APART]
    able = next((template for template in tried if _apart(given, template, places)), None)
    hint = (
        f"-o '{printable(able)}' tells them apart"
        if able
        else f"-r on the folder above both with -o '{printable(tried[-1])}' keeps them apart"
    )
    return ConvError(f"{one} and {two} would both write {printable(path)}, {hint}", usage=True)


_APART = ("{name}", "{dir}/{stem}", "{dir}/{name}")
"""Templates that keep apart what others do not, the plainest first."""


def _apart(given: list[Source], template: str, places: _Places) -> bool:
    """Whether a template gives every input a result of its own, which is no other input."""
    tried = _Places(places.command, template, places.suffix, places.fields)
    return len({tried.of(source)[2] for source in given}) == len(given)


def _check_inputs(writers: Mapping[str, str]) -> None:
    """Refuse results that would overwrite another job's input, before or after it is read."""
    inputs = {os.path.realpath(name): name for name in writers.values()}
    for key, name in writers.items():
        for path in _possible(key):
            if inputs.get(path, name) != name:
                raise ConvError(
                    f"{printable(name)} would overwrite {printable(inputs[path])}, which is an input too",
                    usage=True,
                )


def _possible(key: str) -> tuple[str, ...]:
    """What a result may be called whose suffix is not known."""
    stem = key.removesuffix(_ANY)
    return (key,) if stem == key else tuple(f"{stem}{suffix}" for suffix in _NATURAL)


_NATURAL = (".png", ".csv", ".npy")


@dataclass(slots=True, eq=False)
class _Turn:
    """A job that waits for its report."""

    job: Job
    future: "Future[Record] | None" = None
    alone: bool = False
    """Whether it ran with nothing beside it: then it is to blame if the executor broke."""
    record: Record | None = None
    """What became of it, once that is settled."""


def run(
    work: Callable[[Job], Record],
    jobs: Iterable[Job],
    crew: Crew,
    *,
    fail_fast: bool = False,
    settled: Callable[[Record], None] = lambda _: None,
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
    settled : callable
        Is told of every record at once, in whatever order they come: one slow file in front keeps no count waiting.

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
            crew.check()
            yield None
            continue
        running -= 1
        broken = isinstance(_raised(turn), BrokenExecutor | CancelledError)
        if broken and not running:
            crew.renew()
        if broken and not turn.alone:
            again.append(turn)
            continue
        alone = False
        turn.record = _record(turn)
        settled(turn.record)
        failed = fail_fast and turn.record.error is not None
        while turns and (failed or turns[0].record):
            first = turns.popleft()
            if first.record:
                yield first.record
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
