"""The options of `convcli shape`."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from convcli import options
from convcli.engine.sizes import notation

__all__ = ["Language"]


class Language(StrEnum):
    """What --code can write."""

    torch = "torch"


def _size(*names: str, text: str, panel: str, metavar: str = "N|NxN") -> Any:
    return options.option(panel, *names, text=text, parser=options.read_sizes, metavar=metavar)


def _bound(name: str, text: str, least: int = 1) -> Any:
    return options.option(_INVERSE, name, text=text, min=least, metavar="N")


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
    options.option(options.GEOMETRY, "--ceil", text="Round up, as pooling layers can."),
]
Transposed = Annotated[
    bool,
    options.option(options.GEOMETRY, "--transposed", text="Transposed convolution."),
]
OutputPadding = Annotated[
    options.Sizes | None,
    options.option(
        options.GEOMETRY,
        "--output-padding",
        text="Rows added to a transposed result.",
        parser=options.reads(lambda text: options.Sizes(notation.read_sizes(text, least=0))),
        metavar="N|NxN",
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
    options.option(_CHAIN, "--layers", text="Read the layers from a file.", metavar="FILE|-"),
]
Flops = Annotated[bool, options.option(_CHAIN, "--flops", text="Count 2 x MACs.")]
Count = Annotated[
    str | None,
    options.option(
        _CHAIN,
        "--count",
        text="Count these as well.",
        metavar="bias,bn,pool,act",
        autocompletion=options.words(lambda: list(options.registry("counts", "nets").COUNTED)),
    ),
]
Explain = Annotated[
    bool,
    options.option(options.OUTPUT, "--explain", text="The formula step by step, and a drawing."),
]
Code = Annotated[
    Language | None,
    options.option(options.OUTPUT, "--code", text="Print it as PyTorch."),
]
