"""The options that several commands of `net` share: which network, for which input, on which data."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from convcli import options
from convcli.engine import numbers
from convcli.engine.errors import ConvError, printable

__all__ = [
    "DATA",
    "Classes",
    "Crop",
    "Data",
    "Depth",
    "Labels",
    "Language",
    "MaxValue",
    "Mean",
    "Resize",
    "Size",
    "Std",
    "Weights",
    "Width",
    "WidthAll",
    "named",
]


class Language(StrEnum):
    """What --code of net show can write."""

    layers = "layers"
    torch = "torch"


def _networks() -> Iterable[str]:
    from convcli.nets.zoo import NETWORKS

    return NETWORKS


named = options.words(_networks)
"""Completes a network's name."""


read_real = options.read_real

Size = Annotated[
    options.Sizes | None,
    options.option(
        options.NETWORK, "--input", text="Input size.", metavar="CxHxW", parser=options.read_sizes
    ),
]
Classes = Annotated[
    int | None,
    options.option(
        options.NETWORK,
        "--classes",
        text="Classes it tells apart.",
        metavar="N",
        parser=options.read_whole(1),
    ),
]


Weights = Annotated[
    str | None,
    options.option(
        options.NETWORK,
        "-w",
        "--weights",
        metavar="FILE",
        text="Its weights: NPZ, safetensors.",
    ),
]
Labels = Annotated[
    str | None,
    options.option(
        options.NETWORK,
        "--labels",
        metavar="FILE",
        text="The classes' names, one a line, or with their numbers.",
    ),
]
Width = Annotated[
    float | None,
    options.option(
        options.NETWORK,
        "--width",
        metavar="W",
        text="Scales the channels of convolutions, as 0.25.",
        parser=options.read_real,
    ),
]
WidthAll = Annotated[
    bool,
    options.option(
        options.NETWORK, "--width-all", text="With --width: fully connected layers as well."
    ),
]
Depth = Annotated[
    int | None,
    options.option(
        options.OUTPUT,
        "--depth",
        text="Levels of blocks to show.",
        metavar="D",
        parser=options.read_whole(1),
    ),
]
DATA = "Data"
PICTURES = "Pictures"


class Floats(tuple[float, ...]):
    """Numbers, one or one a channel."""


def _floats(text: str) -> Floats:
    try:
        return Floats(map(numbers.read_real, text.split(",")))
    except ConvError as error:
        raise ConvError(
            f"got '{printable(text)}', numbers joined by commas are allowed", usage=True
        ) from error


Mean = Annotated[
    Floats | None,
    options.option(
        PICTURES,
        "--mean",
        metavar="M[,M,M]",
        text="Taken from samples of 0 to 1.",
        parser=options.reads(_floats),
    ),
]
Std = Annotated[
    Floats | None,
    options.option(
        PICTURES,
        "--std",
        metavar="S[,S,S]",
        text="What they are then divided by.",
        parser=options.reads(_floats),
    ),
]
Resize = Annotated[
    int | None,
    options.option(
        PICTURES,
        "--resize",
        metavar="N",
        text="Length of the shorter side.",
        parser=options.read_whole(1),
    ),
]
Crop = Annotated[
    options.Sizes | None,
    options.option(
        PICTURES,
        "--crop",
        metavar="N|HxW",
        text="The middle, cut out.",
        parser=options.read_sizes,
    ),
]

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A folder of pictures per class, MNIST's IDX files, CSV with a column label, NPZ with x, y.",
    ),
]
MaxValue = Annotated[
    float | None,
    options.option(
        DATA,
        "--max-value",
        metavar="V",
        text="The value that becomes 1 (by dtype and data).",
        parser=options.read_real,
    ),
]
