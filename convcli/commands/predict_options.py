"""The options of `convcli net predict`."""

import re
from typing import Annotated

import typer

from convcli import options
from convcli.commands.net.options import named
from convcli.engine.errors import ConvError, printable
from convcli.engine.numbers import read_real
from convcli.nets.zoo import NETWORKS

__all__ = ["Floats", "Unit"]


class Floats(tuple[float, ...]):
    """Numbers, one or one a channel."""


class Unit(tuple[int, int]):
    """Row and column of a feature map."""


def _floats(text: str) -> Floats:
    try:
        return Floats(map(read_real, text.split(",")))
    except ConvError as error:
        raise ConvError(
            f"got '{printable(text)}', numbers joined by commas are allowed", usage=True
        ) from error


def _unit(text: str) -> Unit:
    if not re.fullmatch(r"[0-9]{1,6},[0-9]{1,6}", text.replace(" ", "")):
        raise ConvError(f"got '{printable(text)}', ROW,COL is allowed, from 0", usage=True)
    row, column = text.split(",")
    return Unit((int(row), int(column)))


def _maps(ctx: typer.Context, incomplete: str) -> list[str]:
    """Name the layers of a known network that give feature maps."""
    # an option that still waits for its value leaves the arguments unread
    named = [NETWORKS[word] for word in (ctx.params.get("name"), *ctx.args) if word in NETWORKS]
    if not named:
        return []
    row = named[0]
    from convcli.nets.architecture.steps import program

    steps = program(row.build(row.classes), row.input)
    return [s.name for s in steps if len(s.row.output) == 3 and str(s.name).startswith(incomplete)]


_NET, _ANSWER, _PICTURE, _DRAW = options.NETWORK, "Answer", "Pictures", "Look inside"

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE",
        help="A network, or a file of layers, or of weights that say which.",
        autocompletion=named,
    ),
]
Inputs = Annotated[list[str], typer.Argument(metavar="INPUT…", help="Pictures, CSV, NPY, or -.")]
Weights = Annotated[
    str | None,
    options.option(_NET, "-w", "--weights", metavar="FILE", text="Its weights: NPZ, safetensors."),
]
Size = Annotated[
    options.Sizes | None,
    options.option(
        _NET,
        "--input",
        metavar="CxHxW",
        text="Input of a file of layers.",
        parser=options.read_sizes,
    ),
]
Top = Annotated[
    int,
    options.option(
        _ANSWER, "--top", metavar="N", text="Classes to show (5).", min=1, show_default=False
    ),
]
Labels = Annotated[
    str | None,
    options.option(_ANSWER, "--labels", metavar="FILE", text="The classes' names, one a line."),
]
Mean = Annotated[
    Floats | None,
    options.option(
        _PICTURE,
        "--mean",
        metavar="M[,M,M]",
        text="Taken from samples of 0 to 1.",
        parser=options.reads(_floats),
    ),
]
Std = Annotated[
    Floats | None,
    options.option(
        _PICTURE,
        "--std",
        metavar="S[,S,S]",
        text="What they are then divided by.",
        parser=options.reads(_floats),
    ),
]
Resize = Annotated[
    int | None,
    options.option(_PICTURE, "--resize", metavar="N", text="Length of the shorter side.", min=1),
]
Crop = Annotated[
    options.Sizes | None,
    options.option(
        _PICTURE, "--crop", metavar="N|HxW", text="The middle, cut out.", parser=options.read_sizes
    ),
]
Features = Annotated[
    str | None,
    options.option(
        _DRAW,
        "--features",
        metavar="LAYER",
        text="A layer's maps (-o x.npy: raw).",
        autocompletion=_maps,
    ),
]
Field = Annotated[
    Unit | None,
    options.option(
        _DRAW,
        "--receptive-field",
        metavar="ROW,COL",
        text="The box that a unit of it sees.",
        parser=options.reads(_unit),
    ),
]
