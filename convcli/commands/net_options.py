"""The options that the commands of `net` share: which network, for which input, for how many classes."""

from typing import Annotated

from convcli import options
from convcli.nets.networks import NETWORKS

__all__ = ["Classes", "Size"]

named = options.words(lambda: list(NETWORKS))
"""Completes a network's name."""

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
