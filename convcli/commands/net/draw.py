"""`convcli net draw`: a network as a picture, its feature maps or its graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from convcli import options
from convcli.commands.layer_table import shared
from convcli.commands.net import options as own
from convcli.engine.errors import ConvError, printable
from convcli.nets.architecture.counts import LayerRecord

if TYPE_CHECKING:
    from convcli.figures.graphs import Part

__all__ = ["EXAMPLES", "net_draw"]

EXAMPLES = (
    "convcli net draw lenet -o lenet.svg",
    "convcli net draw googlenet -o googlenet.png",
    "convcli net draw 'conv:8,k3 gap flatten linear:9' --input 1x28x28 -o m.svg",
)

_LARGEST = 2e7
"""Points of a drawing in pixels, each of which becomes four."""
_FEW = 20
"""Layers up to which feature maps are drawn unless told."""


class Style(StrEnum):
    """What --style can draw."""

    maps = "maps"
    blocks = "blocks"


@dataclass(frozen=True, eq=False, repr=False)
class DrawingOptions:
    """One call of `convcli net draw`."""

    output: Annotated[
        str,
        options.option(
            options.OUTPUT, "-o", "--output", text="The drawing.", metavar="FILE.svg|.png"
        ),
    ]
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|LAYERS|FILE",
            help="A network of net list, layers in quotes, a file of layers or weights, an ONNX model, or -.",
            autocompletion=own.named,
            show_default=False,
        ),
    ] = None
    layers: Annotated[
        str | None,
        options.option(
            options.NETWORK, "--layers", text="Read the layers from a file.", metavar="FILE|-"
        ),
    ] = None
    size: Annotated[
        list[str] | None,
        options.option(options.NETWORK, "--input", text="Input size.", metavar="[NAME=]CxHxW"),
    ] = None
    axis: Annotated[
        list[str] | None,
        options.option(
            options.NETWORK, "--axis", text="A named axis of an ONNX model.", metavar="NAME=N"
        ),
    ] = None
    classes: own.Classes = None
    width: own.Width = None
    style: Annotated[
        Style | None,
        options.option(
            options.OUTPUT,
            "--style",
            text=f"Feature maps in perspective (up to {_FEW} layers in a row unless told), or the graph.",
        ),
    ] = None
    theme: Annotated[
        str | None,
        options.option(
            options.OUTPUT,
            "--theme",
            text="light or dark (light).",
            metavar="THEME",
            autocompletion=options.words(lambda: ("light", "dark")),
        ),
    ] = None
    force: options.Force = False


@options.takes()
def net_draw(asked: DrawingOptions) -> None:
    """Draw a network: its feature maps in perspective, or its graph.

    Repeats are drawn once, with how often they come; sizes are C×H×W. In a
    pipe as on a terminal the drawing's name is printed.
    """
    from convcli.commands.drawing import draws
    from convcli.commands.net.choose import Chosen
    from convcli.commands.net.network_argument import read_network
    from convcli.commands.output import print_path

    if (asked.name is None) == (asked.layers is None):
        got = "neither" if asked.name is None else "both"
        raise ConvError(f"NAME and --layers: got {got}, one of them is needed", usage=True)
    figure = draws(asked.output, force=asked.force, theme=asked.theme, moving=False)
    name = asked.layers or asked.name or ""
    found = read_network(name, asked.size or [], asked.axis or [], asked.classes, asked.width)
    if found is None:
        raise ConvError(f"{printable(name)}: says nothing of the network its tensors are of")
    summary = found.counted() if isinstance(found, Chosen) else found
    parts = _parts(summary.layers)
    if not parts:
        raise ConvError(f"{printable(name)}: has no layers to be drawn")
    style = asked.style or _usual(parts, summary.input)
    title = summary.name.rpartition("/")[2] if summary.name.endswith(".onnx") else summary.name
    if style == Style.maps:
        from convcli.figures.feature_maps import maps_page

        page = maps_page(title, summary.input, parts)
    else:
        from convcli.figures.blocks import blocks_page

        page = blocks_page(title, summary.input, parts)
    if figure.form == "png" and page.wide * page.high > _LARGEST:
        raise ConvError(
            f"{printable(asked.output)}: the drawing has {page.wide:.0f}x{page.high:.0f} points, "
            f"{_LARGEST:.0e} points are allowed in a .png: .svg has no limit"
        )
    figure.write([page])
    print_path(figure.path)


def _usual(parts: "Sequence[Part]", size: tuple[int, ...]) -> Style:
    """Return the style of a network: maps where few layers stand in a row; small ones go with others."""
    from convcli.figures.graphs import gathered

    forked = any(part.family == "join" or not part.size for part in parts)
    return Style.blocks if forked or len(gathered(parts, size)) > _FEW else Style.maps


def _parts(layers: Sequence[LayerRecord]) -> "list[Part]":
    """Leave out what does not depend on the input: constants on their way."""
    from convcli.figures.graphs import Part

    numbers = {0: 0}
    found: list[Part] = []
    for number, layer in enumerate(layers, 1):
        inputs = tuple(numbers[value] for value in layer.inputs if value in numbers)
        if inputs:
            numbers[number] = len(found) + 1
            found.append(
                Part(
                    _label(layer),
                    _family(layer, len(inputs)),
                    tuple(layer.output),
                    inputs,
                    layer.name,
                    tuple(axis.k for axis in layer.axes),
                )
            )
    return found


_POOLS = (
    "maxpool",
    "averagepool",
    "avgpool",
    "lppool",
    "gap",
    "adaptive",
    "globalaveragepool",
    "globalmaxpool",
)
_DENSE = ("linear", "gemm", "matmul")
_MOVED = ("crop", "upsample")
"""Layers of the language with windows and without weights or pooling."""


def _family(layer: LayerRecord, inputs: int) -> str:
    kind = layer.kind.lower()
    if inputs > 1 or kind in ("residual", "concat", "multiply"):
        return "join"
    if kind in _POOLS:
        return "pool"
    if kind in _DENSE:
        return "dense"
    if layer.axes and kind not in _MOVED:
        return "weighted"
    return "norm" if "norm" in kind or kind in ("bn", "lrn") else "plain"


def _label(layer: LayerRecord) -> str:
    """Say what a layer does, for a box."""
    kind = layer.kind
    words = [kind]
    if kind in _MOVED:
        words[0] = layer.text.replace(":", " ", 1)
    elif layer.axes:
        words[0] += f" {_window(layer)}"
        if layer.kind.lower() not in _POOLS and layer.output:
            words.append(str(layer.output[0]))
        stride, pools = shared([a.s for a in layer.axes]), layer.kind.lower() in _POOLS
        if stride != (shared([a.k for a in layer.axes]) if pools else 1):
            words.append(f"stride {stride}")
    elif kind.lower() in _DENSE and layer.output:
        # of each place's channels it gives maps, in ONNX the last axis is that of the units
        words[0] += f" {layer.output[0 if kind == 'linear' else -1]}"
    return ", ".join(words)


def _window(layer: LayerRecord) -> str:
    return "×".join(str(a.k) for a in layer.axes)
