"""`convcli pool`: max, average and min pooling of pictures and arrays."""

from dataclasses import dataclass
from typing import Annotated

import typer

from convcli import options
from convcli.commands._filter import Operation
from convcli.commands._filtering import Given, filtering
from convcli.engine import pooling
from convcli.engine.errors import ConvError
from convcli.engine.geometry import Padding
from convcli.files.operands import Operand

__all__ = ["EXAMPLES", "pool"]

EXAMPLES = (
    "convcli pool matrix.csv -k 2 -s 1",
    "convcli pool coffee.png -k 4 -m avg -o small.png",
    "convcli corr matrix.csv -k '0 1; 2 3' | convcli pool - -k 2",
)


@dataclass(frozen=True)
class Pool(Operation):
    """The operation, on any operand; a size of None is the whole plane."""

    size: tuple[int, ...] | None
    mode: str
    stride: tuple[int, ...] | None
    padding: Padding
    dilation: tuple[int, ...]
    ceil: bool
    include_pad: bool

    def __call__(self, operand: Operand) -> pooling.Pooling:
        """Plan it."""
        return pooling.prepare(
            operand.values,
            self.size or operand.values.shape[-2:],
            mode=self.mode,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            ceil=self.ceil,
            include_pad=self.include_pad,
        )


@filtering(without=("border", "value", "how"))
def pool(
    given: Given,
    size: Annotated[
        options.Sizes | None,
        typer.Option(
            "-k", "--kernel", parser=options.read_sizes, metavar="K|KxK", help="The window."
        ),
    ] = None,
    mode: Annotated[
        str,
        typer.Option(
            "-m",
            "--mode",
            metavar="MODE",
            help="max, avg or min.",
            autocompletion=options.words(lambda: list(options.registry("pooling").MODES)),
        ),
    ] = "max",
    everywhere: Annotated[
        bool, typer.Option("--global", help="One window, the whole plane.")
    ] = False,
    ceil: Annotated[
        bool,
        typer.Option(
            "--ceil",
            help="Keep a last window that hangs over the end.",
            rich_help_panel=options.GEOMETRY,
        ),
    ] = False,
    include_pad: Annotated[
        bool,
        typer.Option(
            "--include-pad",
            help="An average counts padding as zeros.",
            rich_help_panel=options.GEOMETRY,
        ),
    ] = False,
) -> None:
    """Pool a picture or an array: the largest, mean or smallest cell of each window.

    The stride is the window's size unless told. Padding never wins a maximum. Results go where those of corr go.
    """
    if (size is None) != everywhere:
        got = "neither" if size is None else "both"
        raise ConvError(f"-k and --global: got {got}, one of them is needed", usage=True)
    operation = Pool(
        size,
        mode,
        given.stride,
        given.padding or Padding(),
        given.dilation or (1,),
        ceil,
        include_pad,
    )
    given.run(operation)
