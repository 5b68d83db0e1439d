"""The options of `convcli edge`: which detector, and its thresholds."""

from typing import Annotated

import typer

from convcli import options

__all__ = ["Axis", "High", "Low", "Method", "Sigma", "Threshold"]

DETECTOR = "Detector"

Method = Annotated[
    str,
    typer.Option(
        "-m",
        "--method",
        metavar="METHOD",
        help="sobel, scharr, prewitt, roberts, farid, kirsch, laplacian, log, diff (the chapter's) or canny.",
        autocompletion=options.words(lambda: list(options.registry("edges").DETECTORS)),
        rich_help_panel=DETECTOR,
    ),
]
Axis = Annotated[
    str | None,
    typer.Option(
        "--axis",
        metavar="x|y|both",
        help="The signed derivative along a row (x), down a column (y), or the magnitude (both).",
        autocompletion=options.words(lambda: ["x", "y", "both"]),
        rich_help_panel=DETECTOR,
    ),
]
Sigma = Annotated[
    float | None,
    typer.Option(
        "--sigma",
        metavar="S",
        help="Blur of log and canny, in pixels.",
        rich_help_panel=DETECTOR,
    ),
]
Low = Annotated[
    float | None,
    typer.Option(
        "--low", metavar="T", help="Canny: where an edge may go on.", rich_help_panel=DETECTOR
    ),
]
High = Annotated[
    float | None,
    typer.Option(
        "--high", metavar="T", help="Canny: where an edge begins.", rich_help_panel=DETECTOR
    ),
]
Threshold = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        metavar="T|otsu",
        help="Black and white. Thresholds are 0…1 of full scale for pictures, own units for arrays.",
        autocompletion=options.words(lambda: ["otsu"]),
        rich_help_panel=DETECTOR,
    ),
]
