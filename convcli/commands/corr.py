"""`convcli corr`: a kernel on a picture or an array."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer
from numpy.typing import NDArray

from convcli import options
from convcli.commands._batch import Many, filter_inputs
from convcli.commands._deliver import Request
from convcli.commands._filter import Operation
from convcli.commands._kernels import bias_of, depthwise, kernel_of, scaled, stacked
from convcli.engine import correlate
from convcli.engine.geometry import Padding
from convcli.files.operands import Operand, Reading, check_single_stdin
from convcli.files.samples import MAX_PIXELS

__all__ = ["EXAMPLES", "corr"]

EXAMPLES = (
    "convcli corr matrix.csv -k '0 1; 2 3'",
    "convcli corr coffee.png -k gaussian:3 -o blurred.png",
    "convcli corr bars.png -k '1 -1' -o edges.csv  # signed values",
)


@dataclass(frozen=True, eq=False)
class Correlate(Operation):
    """The operation, on any operand."""

    kernel: NDArray[Any]
    several: bool
    padding: Padding | None
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    border: str | None
    value: float
    bias: NDArray[Any] | None
    groups: int
    flip: bool

    def __call__(self, operand: Operand) -> correlate.Correlation:
        """Plan it: on pictures with padding 'same' and border reflect unless told."""
        x, pictured = operand.values, operand.picture is not None
        channels = x.shape[-3] if x.ndim > 2 else 1
        return correlate.prepare(
            x,
            depthwise(self.kernel, channels) if self.several else self.kernel,
            padding=self.padding or Padding("same" if pictured else "valid"),
            stride=self.stride,
            dilation=self.dilation,
            mode=self.border or ("reflect" if pictured else "zero"),
            value=self.value,
            bias=self.bias,
            groups=channels if self.several else self.groups,
            flip=self.flip,
        )


def corr(
    kernel: Annotated[
        list[str],
        typer.Option(
            "-k",
            "--kernel",
            metavar="KERNEL",
            help="A name (convcli kernels lists them), numbers '0 1; 2 3', a file or -. Several of one shape stack.",
            autocompletion=options.words(lambda: list(options.registry("kernels").KERNELS)),
        ),
    ],
    sources: options.Inputs = None,
    flip: Annotated[
        bool, typer.Option("--flip", help="Flip the kernel: true convolution.")
    ] = False,
    scale: Annotated[
        str | None,
        typer.Option("--scale", metavar="N|sum", help="Divide the kernel by N or by its sum."),
    ] = None,
    bias: Annotated[
        str | None,
        typer.Option(
            "--bias", metavar="B", help="Added to the result: a number, one a channel, or a file."
        ),
    ] = None,
    groups: Annotated[
        int, typer.Option("--groups", min=1, help="Groups of channels that do not mix.")
    ] = 1,
    padding: options.PaddingOption = None,
    total: options.TotalPadding = None,
    stride: options.Stride = None,
    dilation: options.Dilation = None,
    border: options.Border = None,
    value: options.Value = 0.0,
    output: options.Output = None,
    force: options.Force = False,
    format: options.Format = "auto",
    as_json: options.JsonFlag = False,
    how: options.Range = None,
    heat: options.Heat = False,
    no_preview: options.NoPreview = False,
    allow_nan: options.AllowNan = False,
    layout: options.Layout = None,
    max_pixels: options.MaxPixels = MAX_PIXELS,
    max_memory: options.MaxMemory = None,
    recursive: options.Recursive = False,
    files_from: options.FilesFrom = None,
    jobs: options.Jobs = None,
    fail_fast: options.FailFast = False,
    skip_existing: options.SkipExisting = False,
    cluster: options.Cluster = None,
) -> None:
    """Cross-correlate a picture or an array with a kernel, as a convolution layer does.

    Arrays print (a table on a terminal, CSV in a pipe), pictures are written to NAME-corr.png.
    """
    reading = Reading(allow_nan, layout, max_pixels)
    check_single_stdin(*(sources or []), files_from or "", *kernel, bias or "")
    weights, several = stacked([scaled(kernel_of(text, reading), scale) for text in kernel])
    operation = Correlate(
        weights,
        several,
        options.padding_of(padding, total, None),
        stride or (1,),
        dilation or (1,),
        border,
        value,
        bias_of(bias, reading),
        groups,
        flip,
    )
    request = Request(
        "corr",
        output,
        "json" if as_json else format,
        force,
        how or "clip",
        heat=heat,
        preview=not no_preview,
        max_memory=max_memory,
    )
    many = Many(recursive, files_from, jobs, fail_fast, skip_existing, cluster)
    filter_inputs(sources, operation, request, reading, many)
