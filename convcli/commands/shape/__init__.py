"""`convcli shape`: output sizes of one layer or a chain, and the inverse."""

from convcli import options
from convcli.commands.shape import flags as own
from convcli.commands.shape.flags import Asked, mode_of

__all__ = ["EXAMPLES", "kinds", "shape"]

EXAMPLES = (
    "convcli shape -n 224x224 -k 7 -p 3 -s 2        # 112x112",
    "convcli shape -n 224 --out 56                  # the layers that do it",
    "convcli shape -n 3x224x224 conv:64,k7,s2,p3 '2*( bn relu conv:64,k3 )'",
)


def shape(
    layers: own.Layers = None,
    n: own.Input = None,
    kernel: own.Kernel = None,
    padding: options.PaddingOption = None,
    total: options.TotalPadding = None,
    stride: options.Stride = None,
    dilation: options.Dilation = None,
    ceil: own.Ceil = False,
    transposed: own.Transposed = False,
    output_padding: own.OutputPadding = None,
    output_size: own.OutputSize = None,
    out: own.Out = None,
    max_kernel: own.MaxKernel = None,
    max_stride: own.MaxStride = None,
    max_padding: own.MaxPadding = None,
    file: own.File = None,
    flops: own.Flops = False,
    count: own.Count = None,
    explain: own.Explain = False,
    code: own.Code = None,
    as_json: options.JsonFlag = False,
) -> None:
    """Output size of a layer or a chain of layers; parameters, receptive field.

    Layers: {kinds}
    with ,sS ,pP ,dD ,gG ,opO ,nobias ,ceil ,pad where they make sense;
    3*( … ), residual( … | … ), concat( … | … ), block = ( … ), in quotes.
    A table on a terminal; in a pipe the size alone, a chain as CSV.
    """
    asked = Asked(
        layers=layers,
        n=n,
        kernel=kernel,
        padding=padding,
        total=total,
        stride=stride,
        dilation=dilation,
        ceil=ceil,
        transposed=transposed,
        output_padding=output_padding,
        output_size=output_size,
        out=out,
        max_kernel=max_kernel,
        max_stride=max_stride,
        max_padding=max_padding,
        file=file,
        flops=flops,
        count=count,
        explain=explain,
        code=code,
        as_json=as_json,
    )
    # each question has a module of its own, loaded when it is asked: the short ones stay quick
    match mode_of(asked):
        case "one":
            from convcli.commands.shape.single import run
        case "chain":
            from convcli.commands.shape.chain import run
        case "inverse":
            from convcli.commands.shape.inverse import run
        case _:
            from convcli.commands.shape.csv_rows import run
    run(asked)


def kinds() -> str:
    """Name the kinds of layers for the help, with what each of them needs."""
    from textwrap import fill

    from convcli.nets.architecture.kinds import KINDS, usage

    return fill(" ".join(usage(kind, short=True) for kind in KINDS), 70)
