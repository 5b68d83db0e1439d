"""The options of `convcli shape`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from convcli import options
from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes import notation

__all__ = ["Language", "ShapeOptions", "mode_of"]


class Language(StrEnum):
    """What --code can write."""

    torch = "torch"


def _size(*names: str, text: str, panel: str, metavar: str = "N|NxN") -> Any:
    return options.option(panel, *names, text=text, parser=options.read_sizes, metavar=metavar)


def _bound(name: str, text: str, least: int = 1) -> Any:
    return options.option(_INVERSE, name, text=text, parser=options.read_whole(least), metavar="N")


_INVERSE = "Inverse: what is left out of -n -k -p -s is solved for"
_CHAIN = "Chains"


def _kinds() -> Iterable[str]:
    from convcli.nets.architecture.kinds import KINDS

    return KINDS


def _counted() -> Iterable[str]:
    from convcli.nets.architecture.counts import COUNTED

    return COUNTED


@dataclass(frozen=True, eq=False, repr=False)  # each of these costs every start
class ShapeOptions:
    """One call of `convcli shape`: None, False or empty is what was not asked."""

    layers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LAYER...",
            help="A chain, or - for a CSV of n,k,p,s,d,ceil.",
            show_default=False,
            autocompletion=options.words(_kinds),
        ),
    ] = None
    n: Annotated[
        options.Sizes | None,
        _size("-n", "--input", text="Input size; C×H×W before a chain.", panel=options.GEOMETRY),
    ] = None
    kernel: Annotated[
        options.Sizes | None,
        _size("-k", "--kernel", text="Kernel size.", panel=options.GEOMETRY, metavar="K|KxK"),
    ] = None
    padding: options.PaddingOption = None
    total: options.TotalPadding = None
    stride: options.Stride = None
    dilation: options.Dilation = None
    ceil: Annotated[
        bool,
        options.option(options.GEOMETRY, "--ceil", text="Round up, as pooling layers can."),
    ] = False
    transposed: Annotated[
        bool,
        options.option(options.GEOMETRY, "--transposed", text="Transposed convolution."),
    ] = False
    output_padding: Annotated[
        options.Sizes | None,
        options.option(
            options.GEOMETRY,
            "--output-padding",
            text="Rows added to a transposed result.",
            parser=options.reads(lambda text: options.Sizes(notation.read_sizes(text, least=0))),
            metavar="N|NxN",
        ),
    ] = None
    output_size: Annotated[
        options.Sizes | None,
        _size("--output-size", text="Size of a transposed result.", panel=options.GEOMETRY),
    ] = None
    out: Annotated[
        options.Sizes | None,
        _size("--out", text="Output size; of a chain that of its maps.", panel=_INVERSE),
    ] = None
    max_kernel: Annotated[int | None, _bound("--max-kernel", "Largest kernel tried (11).")] = None
    max_stride: Annotated[int | None, _bound("--max-stride", "Largest stride tried (8).")] = None
    max_padding: Annotated[
        int | None, _bound("--max-padding", "Most rows per side tried (k'//2).", 0)
    ] = None
    file: Annotated[
        str | None,
        options.option(_CHAIN, "--layers", text="Read the layers from a file.", metavar="FILE|-"),
    ] = None
    flops: Annotated[bool, options.option(_CHAIN, "--flops", text="Count 2 x MACs.")] = False
    count: Annotated[
        str | None,
        options.option(
            _CHAIN,
            "--count",
            text="Count these as well.",
            metavar="bias,bn,pool,act",
            autocompletion=options.words(_counted),
        ),
    ] = None
    explain: Annotated[
        bool,
        options.option(
            options.OUTPUT, "--explain", text="The formula step by step, and a drawing."
        ),
    ] = False
    code: Annotated[
        Language | None,
        options.option(options.OUTPUT, "--code", text="Print it as PyTorch."),
    ] = None
    format: options.TableFormat = None
    as_json: options.JsonFlag = False
    force: Annotated[
        bool, options.option(options.FIGURE, "-f", "--force", text="Overwrite an existing file.")
    ] = False


_NAMES = {
    "n": "--input",
    "total": "--total-padding",
    "file": "--layers",
    "as_json": "--json",
    "layers": "LAYERS",
}
_LAYER = frozenset({"n", "kernel", "padding", "total", "stride", "dilation", "ceil"})
_MODES = {
    "rows": ("a CSV on standard input", _LAYER | {"layers"}),
    "chain": ("layers", {"layers", "n", "file", "flops", "count", "code", "as_json", "format"}),
    "inputs": ("layers with --out", {"layers", "n", "file", "out", "as_json", "format"}),
    "inverse": (
        "--out",
        _LAYER | {"out", "max_kernel", "max_stride", "max_padding", "as_json", "format"},
    ),
    "one": (
        "one operation",
        _LAYER
        | {"transposed", "output_padding", "output_size", "explain", "code", "as_json", "format"}
        | {"force"},
    ),
}


def _misplaced(layers: list[str], n: tuple[int, ...] | None) -> str | None:
    """Say where the first of what stands in the place of layers belongs, if it is none."""
    first = layers[0]
    if n is None and re.fullmatch("[0-9]+([xX×*,][0-9]+)*", first):
        size = re.sub("[X×*,]", "x", first)
        return f"got the size {first}, -n {size} says what the input is"
    if re.fullmatch(r"[\w.+/-]+", first) and Path(first).is_file():
        return f"got the file {printable(first)}, --layers {printable(first)} reads layers from it"
    return None


def mode_of(asked: ShapeOptions) -> str:
    """Tell which of the five questions is asked; an option that has no part in it is an error."""
    if asked.layers == ["-"]:
        mode = "rows"
    elif asked.layers and (hint := _misplaced(asked.layers, asked.n)):
        raise ConvError(f"LAYER: {hint}", usage=True)
    elif asked.layers or asked.file:
        mode = "chain" if asked.out is None else "inputs"
    else:
        mode = "one" if asked.out is None else "inverse"
    name, allowed = _MODES[mode]
    for field in fields(asked):
        if field.name not in allowed and getattr(asked, field.name) not in (None, False, []):
            option = _NAMES.get(field.name, "--" + field.name.replace("_", "-"))
            raise ConvError(f"{option}: does not go with {name}", usage=True)
    return mode
