"""`convcli shape`: output size of one layer."""

import json
import sys
from typing import Annotated

import typer

from convcli import options
from convcli.engine import geometry

__all__ = ["shape"]


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
