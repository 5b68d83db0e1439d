"""The options that the commands of `net` share: which network, for which input, for how many classes."""

from typing import Annotated

from convcli import options
from convcli.nets.zoo import NETWORKS

__all__ = ["Classes", "Depth", "Size", "Width", "named", "read_real"]

named = options.words(lambda: list(NETWORKS))
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
        options.NETWORK, "--classes", text="Classes it tells apart.", metavar="N", min=1
    ),
]


Width = Annotated[
    float | None,
    options.option(
        options.NETWORK,
        "--width",
        metavar="W",
        text="Scales the channels of convolutions, as 0.25.",
        parser=read_real,
    ),
]
Depth = Annotated[
    int | None,
    options.option(options.OUTPUT, "--depth", text="Levels of blocks to show.", metavar="D", min=1),
]
