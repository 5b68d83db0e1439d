"""Options that several commands share: their names, how their text is read, their help."""

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import copy
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, TypeVar, get_args

import typer

from convcli.engine import names, numbers
from convcli.engine.errors import ConvError
from convcli.engine.sizes import notation
from convcli.engine.sizes.geometry import WORDS, Padding

__all__ = [
    "FORMATS",
    "TABLES",
    "AllowNan",
    "Alpha",
    "Background",
    "Border",
    "Cluster",
    "Dilation",
    "DryRun",
    "FailFast",
    "FilesFrom",
    "Force",
    "Format",
    "Frame",
    "Heat",
    "Inputs",
    "Invert",
    "Jobs",
    "JsonFlag",
    "Layout",
    "ListFormat",
    "MaxMemory",
    "MaxPixels",
    "NoPreview",
    "Output",
    "PaddingOption",
    "Quiet",
    "Range",
    "Recursive",
    "Sizes",
    "SkipExisting",
    "Stride",
    "TableFormat",
    "TotalPadding",
    "Update",
    "Value",
    "option",
    "padding_of",
    "read_real",
    "read_sizes",
    "read_whole",
    "reads",
    "takes",
]

_T = TypeVar("_T")

INPUT = "Input"
KERNEL = "Kernel"
NETWORK = "Network"
MANY = "Many inputs"
GEOMETRY = "Windows"
OUTPUT = "Output"

FIGURE = "Figure"

RARER = (MANY, INPUT, FIGURE)
"""Panels that --help leaves to --help-all."""

FORMATS = ("auto", "table", "csv", "json", "npy", "png")
"""What --format takes."""

TABLES = ("table", "csv", "md", "json")
"""What --format takes where the answer is a table of words and numbers."""


class Sizes(tuple[int, ...]):
    """A size as an option reads it. (A class of its own: typer takes a bare tuple for an option of many values.)"""


class Colour(tuple[float, float, float]):
    """A colour as an option reads it: red, green, blue, 0 … 1."""


class Debugging:
    """Whether --debug was given, for the workers of a batch."""

    on = False


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


read_real = reads(lambda text: numbers.read_real(str(text)))
"""The parser of an option that is one finite number. (typer hands a default of its own over, too.)"""


def read_whole(least: int = 0) -> Callable[[str], int]:
    """Make the parser of an option that is one whole number of at least `least`."""
    return reads(lambda text: numbers.read_whole(str(text), least))


def words(choices: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """Complete an option from a registry that is only loaded when a shell asks."""
    return lambda incomplete: [c for c in choices() if c.startswith(incomplete)]


def _bytes(text: str) -> int:
    from convcli.files.memory import read_amount

    return read_amount(text)


def _pixels(text: object) -> int:
    from convcli.files.memory import read_amount

    return read_amount(str(text), "pixels")


def _colour(text: str) -> Colour:
    from convcli.files.pictures import colour_of

    return Colour(colour_of(text))


def takes(
    *, without: Collection[str] = (), defaults: Mapping[str, str] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function of options dataclasses: each of their fields is an option, in that order.

    A field is annotated as a parameter of a typer command is, and its default is the option's. The function is called
    with one instance of each dataclass; parameters of other types are options as they stand.

    Parameters
    ----------
    without : collection of str
        Fields that this command has no options for: they keep their defaults.
    defaults : mapping of str to str, optional
        What the help says of fields that this command gives defaults of its own.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command).parameters.values()
        groups: dict[str, Any] = {p.name: p.annotation for p in own if is_dataclass(p.annotation)}
        parameters = []
        for p in own:
            if p.name not in groups:
                parameters.append(p.replace(kind=p.KEYWORD_ONLY))
                continue
            for field in fields(groups[p.name]):
                if field.name not in without:
                    kind = _said(field.type, (defaults or {}).get(field.name))
                    default = p.empty if field.default is MISSING else field.default
                    parameters.append(
                        inspect.Parameter(
                            field.name, p.KEYWORD_ONLY, default=default, annotation=kind
                        )
                    )

        def called(**values: Any) -> None:
            made = {
                name: kind(**{f.name: values.pop(f.name) for f in fields(kind) if f.name in values})
                for name, kind in groups.items()
            }
            command(**made, **values)

        called.__name__, called.__doc__ = command.__name__, command.__doc__
        called.__module__ = command.__module__
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {p.name: p.annotation for p in parameters}
        return called

    return decorate


def _said(annotation: Any, default: str | None) -> Any:
    """Put a default into the help of an option."""
    if default is None:
        return annotation
    kind, declared = get_args(annotation)[:2]
    declared = copy(declared)
    declared.help = f"{declared.help.rstrip('.')} ({default})."
    return Annotated[kind, declared]


def option(panel: str, *spellings: str, text: str, **more: Any) -> Any:
    """Declare an option: the panel of the help that it stands in, its spellings, its help."""
    return typer.Option(*spellings, help=text, rich_help_panel=panel, **more)


Stride = Annotated[
    Sizes | None,
    option(
        GEOMETRY, "-s", "--stride", text="Step of the window.", parser=read_sizes, metavar="S|SxS"
    ),
]
Dilation = Annotated[
    Sizes | None,
    option(
        GEOMETRY,
        "-d",
        "--dilation",
        text="Distance between the taps.",
        parser=read_sizes,
        metavar="D|DxD",
    ),
]
PaddingOption = Annotated[
    Padding | None,
    option(
        GEOMETRY,
        "-p",
        "--padding",
        text=f"Rows per side, or {names.choices(tuple(WORDS))}.",
        parser=reads(notation.read_padding),
        metavar="P|B/A|WORD",
        autocompletion=words(lambda: WORDS),
    ),
]
TotalPadding = Annotated[
    Padding | None,
    option(
        GEOMETRY,
        "-P",
        "--total-padding",
        text="Of both sides together, as the chapter.",
        parser=reads(notation.read_total_padding),
        metavar="T|TxT",
    ),
]
Border = Annotated[
    str | None,
    option(
        GEOMETRY,
        "--border",
        text="What fills the padding: zero, constant (--value), reflect, mirror (numpy's and "
        "PyTorch's reflect), nearest, wrap.",
        metavar="MODE",
        autocompletion=words(lambda: [*names.BORDERS, *names.BORDER_SYNONYMS]),
    ),
]
Value = Annotated[
    float,
    option(
        GEOMETRY,
        "--value",
        text="The fill of --border constant (0).",
        parser=reads(lambda text: numbers.read_number(str(text), special=True)),
        metavar="V",
        show_default=False,
    ),
]
Output = Annotated[
    str | None,
    option(
        OUTPUT,
        "-o",
        "--output",
        text="The result; its suffix picks the format (.csv, .npy keep signed values); "
        "DIR/ or '{stem}-x.png' for many.",
        metavar="FILE|DIR/|-",
    ),
]
Force = Annotated[bool, option(OUTPUT, "-f", "--force", text="Overwrite an existing file.")]
Format = Annotated[
    str,
    option(
        OUTPUT,
        "--format",
        text=f"{names.choices(FORMATS)}.",
        metavar="FORMAT",
        show_default=False,
        autocompletion=words(lambda: FORMATS),
    ),
]
ListFormat = Annotated[
    str,
    option(
        OUTPUT,
        "--format",
        text="auto, table, csv, json, npy or png; of a list md (Markdown) as well.",
        metavar="FORMAT",
        show_default=False,
        autocompletion=words(lambda: [*FORMATS, "md"]),
    ),
]
TableFormat = Annotated[
    str | None,
    option(
        OUTPUT,
        "--format",
        text="table (drawn, in a pipe too), csv, md (Markdown) or json.",
        metavar="FORMAT",
        autocompletion=words(lambda: list(TABLES)),
    ),
]
JsonFlag = Annotated[bool, option(OUTPUT, "--json", text="Print JSON.")]
Range = Annotated[
    str | None,
    option(
        OUTPUT,
        "--range",
        text="What becomes of values beyond a picture's: clip, abs, stretch, offset.",
        metavar="HOW",
        autocompletion=words(lambda: names.RANGES),
    ),
]
Invert = Annotated[bool, option(OUTPUT, "--invert", text="Swap black and white.")]
Heat = Annotated[
    bool,
    option(OUTPUT, "--heat", text="Colour a table's cells by value."),
]
NoPreview = Annotated[
    bool,
    option(OUTPUT, "--no-preview", text="Do not draw the picture on the terminal."),
]
Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT...", help="Pictures, CSV or NPY files, or -.", show_default=False
    ),
]
Recursive = Annotated[
    bool,
    option(MANY, "-r", "--recursive", text="Of a folder, the files in it and below."),
]
FilesFrom = Annotated[
    str | None,
    option(MANY, "--files-from", text="More inputs, one name a line.", metavar="FILE|-"),
]
Jobs = Annotated[
    int | None,
    option(MANY, "--jobs", text="Files at a time (all cores).", metavar="N", parser=read_whole(1)),
]
FailFast = Annotated[bool, option(MANY, "--fail-fast", text="Stop at the first error.")]
SkipExisting = Annotated[
    bool,
    option(MANY, "--skip-existing", text="Leave outputs that exist: resume."),
]
Update = Annotated[
    bool,
    option(MANY, "--update", text="As --skip-existing, but redo what is older than its input."),
]
DryRun = Annotated[
    bool,
    option(MANY, "--dry-run", text="Print what would be written where, write nothing."),
]
Quiet = Annotated[
    bool,
    option(MANY, "--quiet", text="No notes, no bar, no counts; errors stay."),
]
Cluster = Annotated[
    str | None,
    option(MANY, "--cluster", text="A Dask cluster, as tcp://host:8786.", metavar="ADDRESS"),
]
AllowNan = Annotated[
    bool,
    option(INPUT, "--allow-nan", text="Accept NaN and infinity in a text."),
]
Alpha = Annotated[
    str,
    option(
        INPUT,
        "--alpha",
        text="A picture's alpha: weigh colours by it (auto), or keep it and filter colours alone.",
        metavar="auto|keep",
        show_default=False,
        autocompletion=words(lambda: ["auto", "keep"]),
    ),
]
Background = Annotated[
    Colour | None,
    option(
        INPUT,
        "--background",
        text="What edges, and kernels of sum 0 or less, see through alpha (the picture's own, or white).",
        parser=reads(_colour),
        metavar="COLOUR",
    ),
]
Layout = Annotated[
    str | None,
    option(
        INPUT,
        "--layout",
        text="Where an array's channels stand (chw, first).",
        metavar="|".join(names.LAYOUTS),
        autocompletion=words(lambda: names.LAYOUTS),
    ),
]
Frame = Annotated[
    str | None,
    option(
        INPUT,
        "--frame",
        text="Of an animation or of pages, one (from 0), or all.",
        metavar="N|all",
        autocompletion=words(lambda: ["all"]),
    ),
]
MaxPixels = Annotated[
    int,
    option(
        INPUT,
        "--max-pixels",
        text="The largest picture that is read, all frames together (256M).",
        metavar="N[K|M|G]",
        parser=reads(_pixels),
        show_default=False,
    ),
]
MaxMemory = Annotated[
    int | None,
    option(
        INPUT,
        "--max-memory",
        text="The largest result (most of what is free), or input from a pipe (a quarter).",
        parser=reads(_bytes),
        metavar="N[K|M|G]",
    ),
]


def padding_of(padding: Padding | None, total: Padding | None, default: _T) -> Padding | _T:
    """Settle -p against -P."""
    if padding is not None and total is not None:
        raise ConvError("-p and -P: got both, one of them is allowed", usage=True)
    return padding or total or default
