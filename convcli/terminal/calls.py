"""Calls of the command line, as they stand in a shell."""

from rich.text import Text

from convcli.terminal.consoles import console

__all__ = ["print_call"]


def print_call(call: str, comment: str) -> None:
    """Print a call behind a prompt, under a comment, and flush."""
    out = console()
    out.print(Text(f"# {comment}", style="dim"))
    out.print(Text(f"$ {call}", style="bold"), soft_wrap=True)
    out.file.flush()
