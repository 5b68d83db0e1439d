"""Long work on the command line: lines on standard error, and how far it is where someone watches."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from convcli import terminal
from convcli.engine.progress import Work, finished

__all__ = ["StopRequest", "say", "stopping", "watch"]

_T = TypeVar("_T")


def say(text: str) -> None:
    """Print one line on standard error."""
    print(text, file=sys.stderr)


def watch(work: Work[_T], tell: Callable[[str], None] = say) -> _T:
    """Do the work; where standard error is a terminal, draw how far it is. Notes are told."""
    return terminal.follow(work, tell) if terminal.watched() else finished(work, tell)


class StopRequest:
    """Whether someone asked to stop.

    Attributes
    ----------
    status : int or None
        The exit status then: 130 for SIGINT, 143 for SIGTERM.
    """

    status: int | None = None

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Note a first signal; a second one is not waited for."""
        if self.status is not None:
            raise KeyboardInterrupt
        self.status = 128 + number


@contextmanager
def stopping(stop_request: StopRequest | None = None) -> Iterator[StopRequest]:
    """Catch SIGINT and SIGTERM for the length of a block."""
    stop_request = stop_request or StopRequest()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, stop_request.hear) for number in numbers]
    try:
        yield stop_request
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
