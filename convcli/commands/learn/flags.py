"""The options that only `convcli learn` has."""

from collections.abc import Iterable
from typing import Annotated

import typer

from convcli import options

__all__ = [
    "Batch",
    "Bias",
    "Files",
    "Holdout",
    "Log",
    "Method",
    "Momentum",
    "Pairs",
    "Rate",
    "Ridge",
    "Seed",
    "Size",
    "Steps",
]

DESCENT = "Descent (-m sgd)"


def _methods() -> Iterable[str]:
    from convcli.engine.learning import METHODS

    return METHODS


Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="[X Y]...", help="Inputs and answers in turn: pictures or arrays."),
]
Pairs = Annotated[
    str | None,
    options.option(
        options.INPUT, "--pairs", text="More of them: a table of file names x,y.", metavar="CSV"
    ),
]
Size = Annotated[
    options.Sizes | None,
    options.option(
        options.KERNEL,
        "-k",
        "--kernel",
        text="Its size (odd sizes to 15 are tried).",
        parser=options.read_sizes,
        metavar="K|KxK|CxKxK|OxCxKxK",
    ),
]
Method = Annotated[
    str | None,
    options.option(
        options.KERNEL,
        "-m",
        "--method",
        text="lstsq (least squares) or sgd (descent).",
        metavar="METHOD",
        autocompletion=options.words(_methods),
    ),
]
Bias = Annotated[
    bool,
    options.option(options.KERNEL, "--bias", text="Learn an added number, too."),
]
Ridge = Annotated[
    float,
    options.option(
        options.KERNEL,
        "--ridge",
        text="Cost of squared taps, with lstsq (0).",
        metavar="L",
        parser=options.read_real,
        show_default=False,
    ),
]
Holdout = Annotated[
    float,
    options.option(
        options.KERNEL,
        "--holdout",
        text="Share of rows to measure on only (0).",
        metavar="PART",
        parser=options.read_real,
        show_default=False,
    ),
]
Rate = Annotated[
    float | None,
    options.option(
        DESCENT,
        "--lr",
        text="Learning rate (half of the largest stable one).",
        metavar="RATE",
        parser=options.read_real,
    ),
]
Steps = Annotated[int | None, options.option(DESCENT, "--steps", text="Steps (20).", metavar="N")]
Momentum = Annotated[
    float | None,
    options.option(
        DESCENT,
        "--momentum",
        text="Share of the last step kept (0).",
        metavar="M",
        parser=options.read_real,
    ),
]
Batch = Annotated[
    int | None,
    options.option(DESCENT, "--batch", text="Rows a step sees (all).", metavar="ROWS"),
]
Seed = Annotated[
    int | None,
    options.option(
        DESCENT, "--seed", text="Start from N(0, 0.01²), not 0, and shuffle batches.", metavar="N"
    ),
]
Log = Annotated[
    str | None,
    options.option(DESCENT, "--log", text="Write the losses as CSV.", metavar="FILE"),
]
