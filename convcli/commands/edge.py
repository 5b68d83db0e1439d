"""`convcli edge`: edge detection on pictures and arrays."""

from dataclasses import dataclass
from typing import Annotated

import typer

from convcli import options
from convcli.commands._batch import Many, filter_inputs
from convcli.commands._deliver import Request
from convcli.commands._filter import Operation
from convcli.commands._kernels import number_of
from convcli.engine import edges
from convcli.engine.errors import ConvError
from convcli.engine.geometry import Padding
from convcli.engine.grey import grey
from convcli.engine.plan import Plan
from convcli.files.operands import Operand, Reading
from convcli.files.samples import MAX_PIXELS

__all__ = ["EXAMPLES", "edge"]

EXAMPLES = (
    "convcli edge coffee.png",
    "convcli edge camera.png -m canny --sigma 2 -o outline.png",
    "convcli edge *.png -o edges/  # as many as there are, on all cores",
    "convcli edge bars.csv -m diff  # the chapter's [1, -1]",
)

THRESHOLDS = "Detector"


@dataclass(frozen=True)
class Edge(Operation):
    """The operation, on any operand; thresholds are fractions of full scale for pictures."""

    method: str
    axis: str | None
    sigma: float | None
    low: float | None
    high: float | None
    threshold: float | str | None
    padding: Padding | None
    border: str | None
    value: float

    def __call__(self, operand: Operand) -> Plan:
        """Plan it: on the brightness of a picture, with padding 'same' unless told."""
        picture = operand.picture
        full = picture.full_scale if picture else 1.0
        return edges.prepare(
            grey(operand.values) if picture else operand.values,
            self.method,
            axis=self.axis,
            sigma=self.sigma,
            low=None if self.low is None else self.low * full,
            high=None if self.high is None else self.high * full,
            threshold=self.threshold * full
            if isinstance(self.threshold, float)
            else self.threshold,
            padding=self.padding or Padding("same" if picture else "valid"),
            border=self.border or ("reflect" if picture else "zero"),
            value=self.value,
        )

    def notes(self, operand: Operand, plan: Plan) -> tuple[str, ...]:
        """Tell the thresholds that were chosen from the input."""
        chosen = self.threshold == "otsu" or (
            self.method == "canny" and (self.low is None or self.high is None)
        )
        if not chosen or not isinstance(plan, edges.Found):
            return ()
        full = operand.picture.full_scale if operand.picture else 1.0
        names = ("--low", "--high") if self.method == "canny" else ("--threshold",)
        return tuple(
            "chosen: "
            + " ".join(
                f"{name} {value / full:.3g}" for name, value in zip(names, found, strict=True)
            )
            for found in plan.thresholds
        )


def _threshold(text: str | None) -> float | str | None:
    return text if text in (None, "otsu") else number_of(text, "--threshold", "a number or otsu")


def edge(
    sources: options.Inputs = None,
    method: Annotated[
        str,
        typer.Option(
            "-m",
            "--method",
            metavar="METHOD",
            help="sobel, scharr, prewitt, roberts, farid, kirsch, laplacian, log, diff (the chapter's) or canny.",
            autocompletion=options.words(lambda: list(options.registry("edges").DETECTORS)),
            rich_help_panel=THRESHOLDS,
        ),
    ] = "sobel",
    axis: Annotated[
        str | None,
        typer.Option(
            "--axis",
            metavar="x|y|both",
            help="The signed derivative along a row (x), down a column (y), or the magnitude (both).",
            rich_help_panel=THRESHOLDS,
        ),
    ] = None,
    sigma: Annotated[
        float | None,
        typer.Option(
            "--sigma",
            metavar="S",
            help="Blur of log and canny, in pixels.",
            rich_help_panel=THRESHOLDS,
        ),
    ] = None,
    low: Annotated[
        float | None,
        typer.Option(
            "--low", metavar="T", help="Canny: where an edge may go on.", rich_help_panel=THRESHOLDS
        ),
    ] = None,
    high: Annotated[
        float | None,
        typer.Option(
            "--high", metavar="T", help="Canny: where an edge begins.", rich_help_panel=THRESHOLDS
        ),
    ] = None,
    threshold: Annotated[
        str | None,
        typer.Option(
            "--threshold",
            metavar="T|otsu",
            help="Black and white. Thresholds are 0…1 of full scale for pictures, own units for arrays.",
            rich_help_panel=THRESHOLDS,
        ),
    ] = None,
    invert: Annotated[
        bool, typer.Option("--invert", help="Dark edges on white.", rich_help_panel=options.OUTPUT)
    ] = False,
    padding: options.PaddingOption = None,
    total: options.TotalPadding = None,
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
    """Find the edges of a picture or an array; photo.jpg gives photo-edge.png.

    A unit step answers 1 with every detector. Colour becomes grey first, alpha is carried over.
    """
    if low is not None and high is not None and low > high:
        raise ConvError(f"--low: got {low:g}, at most --high ({high:g}) is allowed", usage=True)
    operation = Edge(
        method,
        axis,
        sigma,
        low,
        high,
        _threshold(threshold),
        options.padding_of(padding, total, None),
        border,
        value,
    )
    request = Request(
        "edge",
        output,
        "json" if as_json else format,
        force,
        how or "abs",
        invert=invert,
        heat=heat,
        preview=not no_preview,
        max_memory=max_memory,
        fields={"method": method},
    )
    many = Many(recursive, files_from, jobs, fail_fast, skip_existing, cluster)
    filter_inputs(sources, operation, request, Reading(allow_nan, layout, max_pixels), many)
