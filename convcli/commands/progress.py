"""Long work on the command line: lines on standard error, and how far it is where someone watches."""

import sys
from collections.abc import Callable
from typing import TypeVar

from convcli import terminal
from convcli.engine.progress import Work, finished

__all__ = ["say", "watch"]

_T = TypeVar("_T")


def say(text: str) -> None:
    """Print one line on standard error."""
    print(text, file=sys.stderr)


def watch(work: Work[_T], tell: Callable[[str], None] = say) -> _T:
    """Do the work; where standard error is a terminal, draw how far it is. Notes are told."""
    return terminal.follow(work, tell) if terminal.watched() else finished(work, tell)
