"""Options that several commands share: their names, how their text is read, their help."""

from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, TypeVar

import typer

from convcli.engine import notation
from convcli.engine.errors import ConvError
from convcli.engine.geometry import WORDS, Padding

__all__ = [
    "FORMATS",
    "AllowNan",
    "Border",
    "Cluster",
    "Dilation",
    "FailFast",
    "FilesFrom",
    "Force",
    "Format",
    "Heat",
    "Inputs",
    "Invert",
    "Jobs",
    "JsonFlag",
    "Layout",
    "MaxMemory",
    "MaxPixels",
    "NoPreview",
    "Output",
    "PaddingOption",
    "Range",
    "Recursive",
    "Sizes",
    "SkipExisting",
    "Stride",
    "TotalPadding",
    "Value",
    "padding_of",
    "reads",
]

_T = TypeVar("_T")

INPUT = "Input"
MANY = "Many inputs"
GEOMETRY = "Windows"
OUTPUT = "Output"

FORMATS = ("auto", "table", "csv", "json", "npy", "png")
"""What --format takes."""


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


def registry(name: str, package: str = "engine") -> Any:
    """Load a module when it is asked for: no command pays for it at its start."""
    return import_module(f"convcli.{package}.{name}")


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
Border = Annotated[
    str | None,
    typer.Option(
        "--border",
        metavar="MODE",
        help="What the padding holds: zero, constant (--value), reflect (d c b a | a b c d | d c b a), mirror "
        "(d c b | a b c d | c b a: numpy's and PyTorch's reflect), nearest (a a | a b c d | d d), wrap.",
        autocompletion=words(lambda: [*registry("padding").BORDERS, *registry("padding").SYNONYMS]),
        rich_help_panel=GEOMETRY,
    ),
]
Value = Annotated[
    float,
    typer.Option(
        "--value",
        parser=reads(lambda text: notation.read_number(str(text))),  # the default comes as a number
        metavar="V",
        help="The fill of --border constant.",
        rich_help_panel=GEOMETRY,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE|DIR/|-",
        help="Where the result goes; the suffix picks the format (.csv and .npy keep signed values). "
        "DIR/ and '{stem}-x.png' name it after the input, - is standard output.",
        rich_help_panel=OUTPUT,
    ),
]
Force = Annotated[
    bool, typer.Option("-f", "--force", help="Overwrite an existing file.", rich_help_panel=OUTPUT)
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="auto, table, csv, json, npy or png.",
        autocompletion=words(lambda: list(FORMATS)),
        rich_help_panel=OUTPUT,
    ),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.", rich_help_panel=OUTPUT)]
Range = Annotated[
    str | None,
    typer.Option(
        "--range",
        metavar="HOW",
        help="How a result that a picture cannot hold becomes one: clip, abs, stretch or offset.",
        autocompletion=words(lambda: list(registry("ranges").RANGES)),
        rich_help_panel=OUTPUT,
    ),
]
Invert = Annotated[
    bool, typer.Option("--invert", help="Swap black and white.", rich_help_panel=OUTPUT)
]
Heat = Annotated[
    bool,
    typer.Option("--heat", help="Colour a table's cells by value.", rich_help_panel=OUTPUT),
]
NoPreview = Annotated[
    bool,
    typer.Option(
        "--no-preview", help="Do not draw the picture on the terminal.", rich_help_panel=OUTPUT
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT...", help="Pictures, CSV or NPY files, or -.", show_default=False
    ),
]
Recursive = Annotated[
    bool,
    typer.Option(
        "-r",
        "--recursive",
        help="Of a folder take the files in it and below; -o DIR/ keeps its structure.",
        rich_help_panel=MANY,
    ),
]
FilesFrom = Annotated[
    str | None,
    typer.Option(
        "--files-from",
        metavar="FILE|-",
        help="More inputs, one name a line.",
        rich_help_panel=MANY,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", metavar="N", min=1, help="Files at a time (all cores).", rich_help_panel=MANY
    ),
]
FailFast = Annotated[
    bool, typer.Option("--fail-fast", help="Stop at the first error.", rich_help_panel=MANY)
]
SkipExisting = Annotated[
    bool,
    typer.Option("--skip-existing", help="Leave outputs that exist: resume.", rich_help_panel=MANY),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Work on a Dask cluster that sees the same files, as tcp://host:8786.",
        rich_help_panel=MANY,
    ),
]
AllowNan = Annotated[
    bool,
    typer.Option("--allow-nan", help="Accept NaN and infinity in a text.", rich_help_panel=INPUT),
]
Layout = Annotated[
    str | None,
    typer.Option(
        "--layout",
        metavar="chw|hwc",
        help="Where the channels of an array stand (chw, first).",
        autocompletion=words(lambda: ["chw", "hwc"]),
        rich_help_panel=INPUT,
    ),
]
MaxPixels = Annotated[
    int,
    typer.Option(
        "--max-pixels",
        metavar="N",
        min=1,
        help="The largest picture that is read (2^28 pixels).",
        rich_help_panel=INPUT,
    ),
]
MaxMemory = Annotated[
    int | None,
    typer.Option(
        "--max-memory",
        parser=reads(lambda text: registry("memory", "files").read_bytes_text(text)),
        metavar="N[K|M|G]",
        help="The largest result (most of what is free).",
        rich_help_panel=INPUT,
    ),
]


def padding_of(padding: Padding | None, total: Padding | None, default: _T) -> Padding | _T:
    """Settle -p against -P."""
    if padding is not None and total is not None:
        raise ConvError("-p and -P: got both, one of them is allowed", usage=True)
    return padding or total or default
