"""What a person at a terminal sees; the only place that knows rich.

The names below are loaded when they are first used: a command may import this package and, in a pipe, never pay for rich. Its modules have plural names: a module `console` would hide
the function of that name.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convcli.terminal.consoles import console, print_call, print_markdown
    from convcli.terminal.matrices import draw_matrix
    from convcli.terminal.pictures import draw_pictures
    from convcli.terminal.progress import Bar, follow, sparkline
    from convcli.terminal.tables import Column, print_table

_HOMES = {
    "Bar": "convcli.terminal.progress",
    "Column": "convcli.terminal.tables",
    "console": "convcli.terminal.consoles",
    "draw_matrix": "convcli.terminal.matrices",
    "draw_pictures": "convcli.terminal.pictures",
    "follow": "convcli.terminal.progress",
    "print_call": "convcli.terminal.consoles",
    "print_markdown": "convcli.terminal.consoles",
    "print_table": "convcli.terminal.tables",
    "sparkline": "convcli.terminal.progress",
}

__all__ = [
    "Bar",
    "Column",
    "console",
    "draw_matrix",
    "draw_pictures",
    "follow",
    "on_terminal",
    "print_call",
    "print_markdown",
    "print_table",
    "sparkline",
    "watched",
]


def on_terminal() -> bool:
    """Whether standard output is a terminal: tables and pictures for a person, not data for a program."""
    return sys.stdout is not None and sys.stdout.isatty()


def watched() -> bool:
    """Whether standard error is a terminal: progress has someone to see it."""
    return sys.stderr is not None and sys.stderr.isatty()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'convcli.terminal' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
