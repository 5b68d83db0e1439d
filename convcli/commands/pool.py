"""`convcli pool`: pooling, rank filters, erosion and dilation of pictures and arrays."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from convcli import options
from convcli.commands.drawing import DrawOptions
from convcli.commands.filters.operation import Operation
from convcli.commands.filters.options import FilterOptions
from convcli.engine import names
from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Padding

if TYPE_CHECKING:
    from convcli.commands.filters.operation import Transparency
    from convcli.engine.results import Result
    from convcli.files.operands import Operand

__all__ = ["EXAMPLES", "pool"]

EXAMPLES = (
    "convcli pool matrix.csv -k 2 -s 1",
    "convcli pool camera.png -k 4 -m avg -o small.png",
    "convcli pool camera.png -k 5 -m median -s 1 -p same  # noise goes, edges stay",
    "convcli corr matrix.csv -k '0 1; 2 3' | convcli pool - -k 2",
)


@dataclass(frozen=True, eq=False, repr=False)
class PoolOptions:
    """The options that only pool has: the window, and what is taken from it."""

    size: Annotated[
        options.Sizes | None,
        options.option(
            options.GEOMETRY,
            "-k",
            "--kernel",
            text="The window.",
            parser=options.read_sizes,
            metavar="K|KxK",
        ),
    ] = None
    mode: Annotated[
        str,
        options.option(
            options.GEOMETRY,
            "-m",
            "--mode",
            text=f"{names.choices(names.POOLING_MODES)} (max).",
            metavar="MODE",
            show_default=False,
            autocompletion=options.words(lambda: names.POOLING_MODES),
        ),
    ] = "max"
    footprint: Annotated[
        str,
        options.option(
            options.GEOMETRY,
            "--footprint",
            text=f"The window's cells that count: {names.choices(names.FOOTPRINTS)} (box).",
            metavar="SHAPE",
            show_default=False,
            autocompletion=options.words(lambda: names.FOOTPRINTS),
        ),
    ] = "box"
    everywhere: Annotated[
        bool,
        options.option(options.GEOMETRY, "--global", text="One window, the whole plane."),
    ] = False
    ceil: Annotated[
        bool,
        options.option(
            options.GEOMETRY, "--ceil", text="Keep a last window that hangs over the end."
        ),
    ] = False
    include_pad: Annotated[
        bool,
        options.option(
            options.GEOMETRY, "--include-pad", text="An average counts padding as zeros."
        ),
    ] = False
    told: Annotated[
        bool,
        options.option(options.OUTPUT, "--explain", text="How each output unit comes about."),
    ] = False


@dataclass(frozen=True, eq=False, repr=False)
class Pool(Operation):
    """The operation, on any operand; a size of None is the whole plane."""

    size: tuple[int, ...] | None
    mode: str
    stride: tuple[int, ...] | None
    padding: Padding
    dilation: tuple[int, ...]
    ceil: bool
    include_pad: bool
    border: str | None
    value: float
    footprint: str
    transparency: "Transparency"

    def load(self) -> None:
        """Import what it computes with."""
        import convcli.engine.pooling  # noqa: F401

    def __call__(self, operand: "Operand") -> "Result":
        """Plan it: averages of a picture weigh colours by alpha, unless a border or a footprint is named."""
        from convcli.engine.pooling import prepare

        size = self.size or operand.values.shape[-2:]
        options: dict[str, Any] = {
            "stride": self.stride,
            "padding": self.padding,
            "dilation": self.dilation,
            "ceil": self.ceil,
            "include_pad": self.include_pad,
        }
        alpha = None if operand.picture is None else operand.picture.alpha
        plain = self.border is None and not self.value and self.footprint == "box"
        if self.mode == "avg" and plain and alpha is not None and self.transparency.counts(operand):
            from convcli.engine.weighted import averaged  # few pictures need it

            return averaged(operand.values, alpha, size, **options)
        return prepare(
            operand.values,
            size,
            mode=self.mode,
            border=self.border,
            value=self.value,
            footprint=self.footprint,
            **options,
        )


@options.takes(
    without=("background",),
    defaults={"padding": "0", "stride": "the window", "dilation": "1", "border": "none"},
)
def pool(own: PoolOptions, shared: FilterOptions, drawn: DrawOptions) -> None:
    """Pool a picture or an array: the largest, mean, middle or smallest cell of each window.

    The stride is the window's size unless told; padding counts only with a
    --border. Arrays print (a table on a terminal, CSV in a pipe), pictures are
    written to NAME-pool.png. min and max at -s 1 -p same erode and dilate.
    """
    shared.begin(__name__, "convcli.engine.pooling")
    if (own.size is None) != own.everywhere:
        got = "neither" if own.size is None else "both"
        raise ConvError(f"-k and --global: got {got}, one of them is needed", usage=True)
    if own.size is not None:
        shared.check_quotes("x".join(map(str, own.size)), "x")
    operation = Pool(
        own.size,
        own.mode,
        shared.stride,
        shared.pads() or Padding(),
        shared.dilation or (1,),
        own.ceil,
        own.include_pad,
        shared.border,
        shared.value,
        own.footprint,
        shared.transparency,
    )
    shared.run_drawn("pool", operation, drawn, told=own.told, mode=own.mode)
