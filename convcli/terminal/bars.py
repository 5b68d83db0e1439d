"""A line on standard error that tells how far a batch is."""

import sys
import time

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from convcli.terminal.consoles import console

__all__ = ["Bar"]

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
