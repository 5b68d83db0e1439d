"""The one place where a rich console is made."""

import sys
from typing import NoReturn, TextIO

from rich.console import Console
from rich.text import Text

__all__ = ["console", "print_call", "print_markdown"]


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError  # rich would exit with status 1; cli.py answers for a reader that went away


def console(stream: TextIO | None = None) -> Console:
    """Make a console that writes to `stream` (standard output, unless told).

    Text is never read as markup or emoji. Colour and cursor control are used only where the stream is a terminal,
    whatever the environment asks for, and no colour where NO_COLOR is set.
    """
    stream = stream or sys.stdout
    made = _Console(
        file=stream, force_terminal=stream.isatty(), markup=False, emoji=False, highlight=False
    )
    if made.width < 1:  # COLUMNS=0 says that nobody knows
        made.width = 80
    return made


def print_call(call: str, comment: str) -> None:
    """Print a call behind a prompt, under a comment, and flush."""
    out = console()
    out.print(Text(f"# {comment}", style="dim"))
    out.print(Text(f"$ {call}", style="bold"), soft_wrap=True)
    out.file.flush()


def print_markdown(text: str) -> None:
    """Print a page of Markdown."""
    from rich.markdown import Markdown  # a third of rich's whole start, for this alone

    console().print(Markdown(text, code_theme="bw", hyperlinks=False))
