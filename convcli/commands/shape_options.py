"""The options of `convcli shape`."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from convcli import options
from convcli.engine import notation

__all__ = ["Language"]


class Language(StrEnum):
    """What --code can write."""

    torch = "torch"


def _size(*names: str, text: str, panel: str, metavar: str = "N|NxN") -> Any:
    return typer.Option(
        *names, parser=options.read_sizes, metavar=metavar, help=text, rich_help_panel=panel
    )


def _bound(name: str, text: str, least: int = 1) -> Any:
    return typer.Option(name, min=least, metavar="N", help=text, rich_help_panel=_INVERSE)


_INVERSE = "Inverse: what is left out of -n -k -p -s is solved for"
_CHAIN = "Chains"

Layers = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="LAYER...",
        help="A chain, or - for a CSV of n,k,p,s,d,ceil.",
        show_default=False,
        autocompletion=options.words(lambda: list(options.registry("kinds", "nets").KINDS)),
    ),
]
Input = Annotated[
    options.Sizes | None,
    _size("-n", "--input", text="Input size; C×H×W before a chain.", panel=options.GEOMETRY),
]
Kernel = Annotated[
    options.Sizes | None,
    _size("-k", "--kernel", text="Kernel size.", panel=options.GEOMETRY, metavar="K|KxK"),
]
Ceil = Annotated[
    bool,
    typer.Option(
        "--ceil",
        help="Round up, as pooling layers can.",
        rich_help_panel=options.GEOMETRY,
    ),
]
Transposed = Annotated[
    bool,
    typer.Option("--transposed", help="Transposed convolution.", rich_help_panel=options.GEOMETRY),
]
OutputPadding = Annotated[
    options.Sizes | None,
    typer.Option(
        "--output-padding",
        parser=options.reads(lambda text: options.Sizes(notation.read_sizes(text, least=0))),
        metavar="N|NxN",
        help="Rows added to a transposed result.",
        rich_help_panel=options.GEOMETRY,
    ),
]
OutputSize = Annotated[
    options.Sizes | None,
    _size("--output-size", text="Size of a transposed result.", panel=options.GEOMETRY),
]
Out = Annotated[options.Sizes | None, _size("--out", text="Output size.", panel=_INVERSE)]
MaxKernel = Annotated[int | None, _bound("--max-kernel", "Largest kernel tried (11).")]
MaxStride = Annotated[int | None, _bound("--max-stride", "Largest stride tried (8).")]
MaxPadding = Annotated[int | None, _bound("--max-padding", "Most rows per side tried (k'//2).", 0)]
File = Annotated[
    str | None,
    typer.Option(
        "--layers",
        metavar="FILE|-",
        help="Read the layers from a file.",
        rich_help_panel=_CHAIN,
    ),
]
Flops = Annotated[bool, typer.Option("--flops", help="Count 2 x MACs.", rich_help_panel=_CHAIN)]
Count = Annotated[
    str | None,
    typer.Option(
        "--count",
        metavar="bias,bn,pool,act",
        help="Count these as well.",
        autocompletion=options.words(lambda: list(options.registry("counts", "nets").COUNTED)),
        rich_help_panel=_CHAIN,
    ),
]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="The formula step by step, and a drawing.",
        rich_help_panel=options.OUTPUT,
    ),
]
Code = Annotated[
    Language | None,
    typer.Option("--code", help="Print it as PyTorch.", rich_help_panel=options.OUTPUT),
]
