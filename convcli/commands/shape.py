"""`convcli shape`: output size of one layer."""

import json
import sys
from typing import Annotated

import typer

from convcli import options
from convcli.engine import geometry

__all__ = ["EXAMPLES", "shape"]

EXAMPLES = (
    "convcli shape -n 224x224 -k 7 -p 3 -s 2  # 112x112",
    "convcli shape -n 8 -k 5 -p same --json",
    "convcli shape -n 8x8 -k 3x5 -p 0x1 -s 3x4  # 2x2",
)


def shape(
    n: Annotated[
        options.Sizes,
        typer.Option(
            "-n", "--input", parser=options.read_sizes, metavar="N|NxN", help="Input size."
        ),
    ],
    kernel: Annotated[
        options.Sizes,
        typer.Option(
            "-k", "--kernel", parser=options.read_sizes, metavar="K|KxK", help="Kernel size."
        ),
    ],
    padding: options.PaddingOption = None,
    total: options.TotalPadding = None,
    stride: options.Stride = None,
    dilation: options.Dilation = None,
    as_json: options.JsonFlag = False,
) -> None:
    """Output size of a convolution or pooling layer, from input, kernel, padding and stride."""
    axes = geometry.axes(
        n,
        kernel,
        padding=options.padding_of(padding, total, geometry.Padding()),
        stride=stride or 1,
        dilation=dilation or 1,
    )
    if as_json:
        print(
            json.dumps(
                {
                    "input": list(n),
                    "kernel": [a.k for a in axes],
                    "stride": [a.s for a in axes],
                    "dilation": [a.d for a in axes],
                    "padding": [[a.before, a.after] for a in axes],
                    "output": [a.out for a in axes],
                    "unused": [a.unused for a in axes],
                }
            )
        )
        return
    sys.stdout.write(geometry.size_text([a.out for a in axes]) + "\n")
