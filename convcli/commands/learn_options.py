"""The options that only `convcli learn` has."""

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

Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="[X Y]...", help="Inputs and answers in turn: pictures or arrays."),
]
Pairs = Annotated[
    str | None,
    typer.Option("--pairs", metavar="CSV", help="More of them: a table of file names x,y."),
]
Size = Annotated[
    options.Sizes | None,
    typer.Option(
        "-k",
        "--kernel",
        parser=options.read_sizes,
        metavar="K|KxK|CxKxK|OxCxKxK",
        help="Its size. Unless given, odd sizes to 15 are tried.",
    ),
]
Method = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--method",
        metavar="METHOD",
        help="lstsq, least squares, or sgd, gradient descent.",
        autocompletion=options.words(lambda: list(options.registry("fitting").METHODS)),
    ),
]
Bias = Annotated[bool, typer.Option("--bias", help="Learn an added number, too.")]
Ridge = Annotated[
    float, typer.Option("--ridge", metavar="L", help="Cost of the sum of squared taps (lstsq).")
]
Holdout = Annotated[
    float, typer.Option("--holdout", metavar="PART", help="Share of rows to measure on only.")
]
Rate = Annotated[
    float | None,
    typer.Option(
        "--lr",
        metavar="RATE",
        help="Learning rate (half of the largest stable one).",
        rich_help_panel=DESCENT,
    ),
]
Steps = Annotated[
    int | None, typer.Option("--steps", metavar="N", help="Steps (20).", rich_help_panel=DESCENT)
]
Momentum = Annotated[
    float | None,
    typer.Option(
        "--momentum", metavar="M", help="Share of the last step kept (0).", rich_help_panel=DESCENT
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(
        "--batch", metavar="ROWS", help="Rows a step sees (all).", rich_help_panel=DESCENT
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        help="Start from N(0, 0.01²), not 0, and shuffle batches.",
        rich_help_panel=DESCENT,
    ),
]
Log = Annotated[
    str | None,
    typer.Option("--log", metavar="FILE", help="Write the losses as CSV.", rich_help_panel=DESCENT),
]
