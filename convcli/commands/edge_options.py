"""The options of `convcli edge`: which detector, and its thresholds."""

from typing import Annotated

from convcli import options

__all__ = ["Axis", "High", "Low", "Method", "Sigma", "Threshold"]

DETECTOR = "Detector"

Method = Annotated[
    str,
    options.option(
        DETECTOR,
        "-m",
        "--method",
        text="sobel, scharr, prewitt, roberts, farid, kirsch, laplacian, log, diff (the chapter's) or canny.",
        metavar="METHOD",
        autocompletion=options.words(lambda: list(options.registry("edges").DETECTORS)),
    ),
]
Axis = Annotated[
    str | None,
    options.option(
        DETECTOR,
        "--axis",
        text="The signed derivative along a row (x), down a column (y), or the magnitude (both).",
        metavar="x|y|both",
        autocompletion=options.words(lambda: ["x", "y", "both"]),
    ),
]
Sigma = Annotated[
    float | None,
    options.option(DETECTOR, "--sigma", text="Blur of log and canny, in pixels.", metavar="S"),
]
Low = Annotated[
    float | None,
    options.option(DETECTOR, "--low", text="Canny: where an edge may go on.", metavar="T"),
]
High = Annotated[
    float | None,
    options.option(DETECTOR, "--high", text="Canny: where an edge begins.", metavar="T"),
]
Threshold = Annotated[
    str | None,
    options.option(
        DETECTOR,
        "--threshold",
        text="Black and white. Thresholds are 0…1 of full scale for pictures, own units for arrays.",
        metavar="T|otsu",
        autocompletion=options.words(lambda: ["otsu"]),
    ),
]
