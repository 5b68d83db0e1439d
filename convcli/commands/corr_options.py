"""The options that only `convcli corr` has: the kernel, and what is done to it."""

from typing import Annotated

from convcli import options
from convcli.options import KERNEL, option

__all__ = ["Bias", "Flip", "Groups", "Kernel", "Plan", "Scale"]

Kernel = Annotated[
    list[str],
    option(
        KERNEL,
        "-k",
        "--kernel",
        text="A name of convcli kernels, numbers '0 1; 2 3', a file or -; several stack.",
        metavar="KERNEL",
        autocompletion=options.words(lambda: list(options.registry("kernels").KERNELS)),
    ),
]
Flip = Annotated[bool, option(KERNEL, "--flip", text="Flip it: true convolution.")]
Scale = Annotated[
    str | None, option(KERNEL, "--scale", text="Divide it by N or by its sum.", metavar="N|sum")
]
Bias = Annotated[
    str | None,
    option(KERNEL, "--bias", text="Added: a number, one a channel, or a file.", metavar="B"),
]
Plan = Annotated[bool, option(KERNEL, "--plan", text="Tell how it was computed.")]
Groups = Annotated[
    int,
    option(
        KERNEL,
        "--groups",
        text="Groups of channels that do not mix (1).",
        min=1,
        metavar="N",
        show_default=False,
    ),
]
