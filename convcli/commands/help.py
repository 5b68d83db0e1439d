"""`convcli help`: the manual, page by page."""

import csv
import sys
from typing import Annotated

import typer

from convcli import options, terminal
from convcli.engine.errors import one_of
from convcli.files.bundled_samples import guide_pages

__all__ = ["EXAMPLES", "help"]

EXAMPLES = (
    "convcli help",
    "convcli help borders",
    "convcli help layers | less",
)

_COMMANDS = {
    "shape": "sizes",
    "corr": "kernels",
    "pool": "pooling",
    "edge": "edges",
    "learn": "learning",
    "net": "networks",
}
"""The page that a command's name stands for; `kernels` is a page of its own."""


def help(
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="[TOPIC]",
            help="A page of the manual, or a command; all are listed without one.",
            autocompletion=options.words(lambda: [*guide_pages(), *_COMMANDS]),
        ),
    ] = None,
) -> None:
    """Show the manual: a page, or the list of its pages.

    Formatted on a terminal, as Markdown in a pipe. The options of a command
    are in its --help.
    """
    pages = guide_pages()
    if topic is None:
        rows = [(name, _sentence(path.read_text(encoding="utf-8"))) for name, path in pages.items()]
        if terminal.on_terminal():
            columns = [terminal.Column("topic", style="bold"), terminal.Column("what")]
            terminal.print_table(columns, rows, foot=["convcli help TOPIC shows it."])
        else:
            csv.writer(sys.stdout, lineterminator="\n").writerows([("topic", "what"), *rows])
        return
    name = _COMMANDS.get(topic, topic)
    if name not in pages:
        raise one_of("topic", topic, [*pages, *_COMMANDS])
    text = pages[name].read_text(encoding="utf-8")
    if terminal.on_terminal():
        terminal.print_markdown(text)
    else:
        print(text, end="")


def _sentence(page: str) -> str:
    """The paragraph below a page's title, in one line."""
    return " ".join(page.split("\n\n")[1].split())
