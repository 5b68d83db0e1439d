"""Long work, watched on standard error: a bar, and the course of the loss as a line of blocks."""

import math
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from rich.cells import cell_len
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from convcli.engine.errors import printable
from convcli.engine.progress import Note
from convcli.engine.progress import Progress as Record
from convcli.terminal.consoles import console

__all__ = ["Bar", "follow", "sparkline"]

_T = TypeVar("_T")

BLOCKS = "▁▂▃▄▅▆▇█"
PATIENCE = 0.4
"""Seconds of work before a bar appears."""
PAUSE = 0.1
"""Seconds from one drawing of the bar to the next."""
WIDTH = 24
"""Blocks of a sparkline."""


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Draw values as blocks, on a logarithmic scale where they are all above 0; the last of each part counts.

    >>> sparkline([10000, 1000, 100, 10, 1])
    '█▆▄▂▁'
    """
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return ""
    count = min(width, len(finite))
    picked = [finite[(i + 1) * len(finite) // count - 1] for i in range(count)]
    heights = [math.log10(v) for v in picked] if min(picked) > 0 else picked
    low, high = min(heights), max(heights)
    steps = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[int((h - low) * steps)] for h in heights)


class _Course:
    """The course of a loss, thinned out evenly as it gets long: a line of blocks has no room for all of it."""

    most = 32 * WIDTH

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.last: float | None = None
        self._every, self._seen = 1, 0

    def add(self, loss: float) -> None:
        self.last = loss
        if self._seen % self._every == 0:
            self.losses.append(loss)
        self._seen += 1
        if len(self.losses) == self.most:
            self.losses, self._every = self.losses[::2], 2 * self._every

    def __str__(self) -> str:
        return self.line(WIDTH)

    def line(self, room: int) -> str:
        """Draw it in so many cells; the last loss alone where there is no room for more."""
        if self.last is None:
            return ""
        text = f"{self.last:.4g}"
        width = min(room - len(text) - 1, WIDTH)
        return f"{sparkline(self.losses, width)} {text}" if width > 0 else text


def follow(work: Generator[Record | Note, None, _T], tell: Callable[[str], None]) -> _T:
    """Do the work, and draw how far it is once it takes a while; nothing of it stays on the screen.

    Parameters
    ----------
    work : generator of records
    tell : callable
        Prints a note.

    Returns
    -------
    object
        What the work returns.
    """
    begun, course = time.monotonic(), _Course()
    drawn = begun
    task: TaskID | None = None
    with ExitStack() as stack:
        to, blocks = console(sys.stderr), BarColumn()
        bar = Progress(
            TextColumn("{task.description}", markup=False),
            blocks,
            TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[line]}", markup=False),
            console=to,
            transient=True,
        )
        while True:
            try:
                record = next(work)
            except StopIteration as end:
                result: _T = end.value
                return result
            if isinstance(record, Note):
                tell(record.text)
                continue
            if record.loss is not None:
                course.add(record.loss)
            now = time.monotonic()
            if now - begun < PATIENCE or (now - drawn < PAUSE and record.done < record.total):
                continue
            drawn = now
            counts = f"{record.done:,.0f} of {record.total:,.0f}"
            stage, line, blocks.bar_width = _fitted(
                printable(record.stage), cell_len(counts) + _CLOCK, course, to.width
            )
            shown: dict[str, Any] = {
                "description": stage,
                "completed": record.done,
                "total": record.total,
                "line": line,
            }
            if task is None:
                task = bar.add_task(**shown)
                stack.enter_context(bar)
            else:
                bar.update(task, **shown)


_CLOCK = 8
"""Cells of the time left, and the blank before it."""
_BAR = 8, 40
"""Cells of the bar, at least and at most."""


def _fitted(stage: str, others: int, course: _Course, width: int) -> tuple[str, str, int]:
    """Fit a line: the course of the loss shrinks first, then the bar, then the stage loses its last words.

    Returns
    -------
    stage, course : str
    bar : int
        Cells.
    """
    gaps = 4
    least = len(course.line(0))
    while ", " in stage and len(stage) + _BAR[0] + others + least + gaps > width:
        stage = stage.rpartition(", ")[0]
    room = width - len(stage) - others - gaps
    line = course.line(room - _BAR[0])
    return stage, line, max(1, min(_BAR[1], room - len(line)))


_EVERY = 0.1
"""Seconds between two drawings."""

_ERASE = "\r\x1b[K"


class Bar:
    """Draws done and total, rate and time left, if standard error is a terminal; else nothing.

    The line is erased before anything else is printed (`erase`), since both may go to one terminal.
    """

    def __init__(self, total: int) -> None:
        self._console = console(sys.stderr) if sys.stderr is not None else None
        self._live = (
            self._console is not None
            and self._console.is_terminal
            and not self._console.is_dumb_terminal
        )
        self._line = ""
        self._drawn = 0.0
        self._failed = 0
        if self._live:
            self._progress = Progress(
                BarColumn(24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(elapsed_when_finished=True),
                TextColumn("{task.fields[failed]}", style="red"),
                console=self._console,
                auto_refresh=False,
            )
            self._task = self._progress.add_task("", total=total, rate="", failed="")

    def advance(self, *, failed: bool = False) -> None:
        """Count one file."""
        self._failed += failed
        if self._live:
            self._progress.advance(self._task)
            self.draw()

    def draw(self, *, now: bool = False) -> None:
        """Draw the line again; what it says changes a few times a second, not with every file."""
        if not self._live:
            return
        moment = time.monotonic()
        if now or moment - self._drawn >= _EVERY:
            self._drawn = moment
            self._line = self._rendered()
        sys.stderr.write(_ERASE + self._line)
        sys.stderr.flush()

    def _rendered(self) -> str:
        assert self._console is not None
        task = self._progress.tasks[0]
        speed = task.finished_speed or task.speed
        self._progress.update(
            self._task,
            rate="" if speed is None else f"{speed:.{0 if speed >= 10 else 1}f}/s",
            failed=f"{self._failed} failed" if self._failed else "",
        )
        with self._console.capture() as captured:
            self._console.print(self._progress.get_renderable(), end="", soft_wrap=True)
        return captured.get().split("\n")[0]

    def erase(self) -> None:
        """Make room for something else."""
        if self._live:
            sys.stderr.write(_ERASE)
            sys.stderr.flush()

    def finish(self) -> None:
        """Leave the line as it is at the end."""
        if self._live:
            self.draw(now=True)
            sys.stderr.write("\n")
