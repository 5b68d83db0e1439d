"""Options that several commands share: their names, how their text is read, their help."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from convcli.engine import notation
from convcli.engine.errors import ConvError
from convcli.engine.geometry import WORDS, Padding

__all__ = [
    "Dilation",
    "JsonFlag",
    "PaddingOption",
    "Sizes",
    "Stride",
    "TotalPadding",
    "padding_of",
    "reads",
]

_T = TypeVar("_T")

GEOMETRY = "Windows"
OUTPUT = "Output"


class Sizes(tuple[int, ...]):
    """A size as an option reads it. (A class of its own: typer takes a bare tuple for an option of many values.)"""


def reads(read: Callable[[str], _T]) -> Callable[[str], _T]:
    """Turn a reader of text into an option's parser: what is wrong with the text is told with the option's name."""

    def parse(text: str) -> _T:
        try:
            return read(text)
        except ConvError as error:
            raise typer.BadParameter(str(error)) from error

    return parse


read_sizes = reads(lambda text: Sizes(notation.read_sizes(text)))
"""The parser of an option that is a size of at least 1 an axis."""


def words(choices: Callable[[], list[str]]) -> Callable[[str], list[str]]:
    """Complete an option from a registry that is only loaded when a shell asks."""
    return lambda incomplete: [c for c in choices() if c.startswith(incomplete)]


Stride = Annotated[
    Sizes | None,
    typer.Option(
        "-s",
        "--stride",
        parser=read_sizes,
        metavar="S|SxS",
        help="Step of the window.",
        rich_help_panel=GEOMETRY,
    ),
]
Dilation = Annotated[
    Sizes | None,
    typer.Option(
        "-d",
        "--dilation",
        parser=read_sizes,
        metavar="D|DxD",
        help="Distance between the taps.",
        rich_help_panel=GEOMETRY,
    ),
]
PaddingOption = Annotated[
    Padding | None,
    typer.Option(
        "-p",
        "--padding",
        parser=reads(notation.read_padding),
        metavar="P|B/A|WORD",
        help=f"Rows per side, or {', '.join(WORDS)}.",
        autocompletion=words(lambda: list(WORDS)),
        rich_help_panel=GEOMETRY,
    ),
]
TotalPadding = Annotated[
    Padding | None,
    typer.Option(
        "-P",
        "--total-padding",
        parser=reads(notation.read_total_padding),
        metavar="T|TxT",
        help="Rows of both sides together (the chapter's).",
        rich_help_panel=GEOMETRY,
    ),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.", rich_help_panel=OUTPUT)]


def padding_of(padding: Padding | None, total: Padding | None, default: Padding) -> Padding:
    """Settle -p against -P."""
    if padding is not None and total is not None:
        raise ConvError("-p and -P: got both, one of them is allowed", usage=True)
    return padding or total or default
