"""`convcli corr`: a kernel on a picture or an array."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from convcli import options
from convcli.commands.drawing import DrawOptions
from convcli.commands.filters.operation import Operation
from convcli.commands.filters.options import FilterOptions
from convcli.engine import names
from convcli.engine.sizes.geometry import Padding
from convcli.options import KERNEL, option

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convcli.commands.filters.operation import Transparency
    from convcli.engine.results import Result
    from convcli.files.operands import Operand

__all__ = ["EXAMPLES", "corr"]

EXAMPLES = (
    "convcli corr matrix.csv -k '0 1; 2 3'",
    "convcli corr camera.png -k gaussian:3 -o blurred.png",
    "convcli corr bars.png -k '1 -1' -o edges.csv  # signed values",
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CorrOptions:
    """The options that only corr has: the kernel, and what is done to it."""

    kernel: Annotated[
        list[str],
        option(
            KERNEL,
            "-k",
            "--kernel",
            text="A name of convcli kernels, numbers '0 1; 2 3', a file or -; several stack.",
            metavar="KERNEL",
            autocompletion=options.words(lambda: names.KERNELS),
        ),
    ]
    flip: Annotated[bool, option(KERNEL, "--flip", text="Flip it: true convolution.")] = False
    scale: Annotated[
        str | None, option(KERNEL, "--scale", text="Divide it by N or by its sum.", metavar="N|sum")
    ] = None
    bias: Annotated[
        str | None,
        option(KERNEL, "--bias", text="Added: a number, one a channel, or a file.", metavar="B"),
    ] = None
    plan: Annotated[bool, option(KERNEL, "--plan", text="Tell how it was computed.")] = False
    told: Annotated[
        bool, option(options.OUTPUT, "--explain", text="The sum of each output unit, in words.")
    ] = False
    matrix: Annotated[
        bool, option(options.OUTPUT, "--matrix", text="The layer as a matrix, no result.")
    ] = False
    groups: Annotated[
        int,
        option(
            KERNEL,
            "--groups",
            text="Groups of channels that do not mix (1).",
            parser=options.read_whole(1),
            metavar="N",
            show_default=False,
        ),
    ] = 1


@dataclass(frozen=True, eq=False, repr=False)
class Correlate(Operation):
    """The operation, on any operand."""

    kernel: "NDArray[Any]"
    several: bool
    padding: Padding | None
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    border: str | None
    value: float
    bias: "NDArray[Any] | None"
    groups: int
    flip: bool
    explain: bool
    transparency: "Transparency"

    def load(self) -> None:
        """Import what it computes with."""
        import convcli.engine.correlation  # noqa: F401

    def seen(self, operand: "Operand") -> "Operand":
        """Lay a picture over the background where the kernel does not smooth."""
        from convcli.engine.alpha import smooths

        return operand if smooths(self.kernel) else self.transparency.over(operand)

    def __call__(self, operand: "Operand") -> "Result":
        """Plan it: on pictures with padding 'same' and border reflect unless told."""
        from convcli.commands.kernel_argument import depthwise
        from convcli.engine.correlation import prepare
        from convcli.engine.results import Timed

        x, pictured = operand.values, operand.picture is not None
        channels = x.shape[-3] if x.ndim > 2 else 1
        kernel = depthwise(self.kernel, channels) if self.several else self.kernel
        options: dict[str, Any] = {
            "padding": self.padding or Padding("same" if pictured else "valid"),
            "stride": self.stride,
            "dilation": self.dilation,
            "mode": self.border or ("reflect" if pictured else "zero"),
            "value": self.value,
            "bias": self.bias,
            "groups": channels if self.several else self.groups,
            "flip": self.flip,
        }
        alpha = None if operand.picture is None else operand.picture.alpha
        prepared: Result
        if alpha is not None and self.transparency.counts(operand):
            from convcli.engine.weighted import smoothed  # few pictures need it

            prepared = smoothed(x, alpha, kernel, **options)
        else:
            prepared = prepare(x, kernel, **options)
        return Timed(prepared) if self.explain else prepared

    def notes(self, operand: "Operand", result: "Result") -> tuple[str, ...]:  # noqa: ARG002
        """Tell how it was computed, if that was asked for."""
        from convcli.engine.alpha import Weighted
        from convcli.engine.correlation import Correlation
        from convcli.engine.results import Timed

        made = result.result if isinstance(result, Timed) else None
        made = made.plain if isinstance(made, Weighted) else made
        if not isinstance(result, Timed) or not isinstance(made, Correlation):
            return ()
        chosen = made.plan
        return (
            f"plan: {chosen.strategy}, {chosen.method}; {chosen.why}; {chosen.operations:.3g} operations, "
            f"{chosen.threads} thread{'s' * (chosen.threads != 1)}; predicted {chosen.seconds:.3g} s, took {result.seconds:.3g} s",
        )


@options.takes(
    defaults={
        "padding": "0; pictures same",
        "stride": "1",
        "dilation": "1",
        "border": "zero; pictures reflect",
    }
)
def corr(own: CorrOptions, shared: FilterOptions, drawn: DrawOptions) -> None:
    """Cross-correlate a picture or an array with a kernel, as a convolution layer does.

    Arrays print (a table on a terminal, CSV in a pipe), pictures are written
    to NAME-corr.png.
    """
    shared.begin(__name__, "convcli.engine.correlation")
    from convcli.commands.kernel_argument import bias_of, kernel_of, scaled, stacked

    shared.check_stdin(*own.kernel, own.bias or "")
    last = own.kernel[-1]
    named = last.partition(":")[0].partition("@")[0] in names.KERNELS
    shared.check_quotes(last, ":" if named else " ")
    reading = shared.reading
    weights, several = stacked([scaled(kernel_of(text, reading), own.scale) for text in own.kernel])
    operation = Correlate(
        weights,
        several,
        shared.pads(),
        shared.stride or (1,),
        shared.dilation or (1,),
        shared.border,
        shared.value,
        bias_of(own.bias, reading),
        own.groups,
        own.flip,
        own.plan,
        shared.transparency,
    )
    shared.run_drawn("corr", operation, drawn, told=own.told, matrix=own.matrix)
