"""`convcli net predict`: what a network answers, and what it sees on the way."""

import re
from dataclasses import dataclass
from typing import Annotated

import typer

from convcli import options
from convcli.commands.net.options import (
    Classes,
    Crop,
    Labels,
    Mean,
    Resize,
    Std,
    Weights,
    named,
)
from convcli.engine.errors import ConvError, printable
from convcli.files.memory import MAX_PIXELS

__all__ = ["EXAMPLES", "net_predict"]

EXAMPLES = (
    "convcli net init lenet -o w.npz && convcli net predict w.npz camera.png",
    "convcli net predict w.npz camera.png --features conv1 -o maps.png",
    "convcli net predict w.npz camera.png --receptive-field 3,3",
)


_ANSWER, _DRAW = "Answer", "Look inside"


class Unit(tuple[int, int]):
    """Row and column of a feature map."""


def _unit(text: str) -> Unit:
    if not re.fullmatch(r"[0-9]{1,6},[0-9]{1,6}", text.replace(" ", "")):
        raise ConvError(f"got '{printable(text)}', ROW,COL is allowed, from 0", usage=True)
    row, column = text.split(",")
    return Unit((int(row), int(column)))


def _maps(ctx: typer.Context, incomplete: str) -> list[str]:
    """Name the layers and blocks of a known network."""
    from convcli.nets.architecture.counts import blocks
    from convcli.nets.architecture.steps import program
    from convcli.nets.zoo import NETWORKS

    # an option that still waits for its value leaves the arguments unread
    named = [NETWORKS[word] for word in (ctx.params.get("name"), *ctx.args) if word in NETWORKS]
    if not named:
        return []
    row = named[0]
    steps = blocks(program(row.build(row.classes), row.input))
    return [s.name for s in steps if s.name.startswith(incomplete)]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PredictOptions:
    """One call of `convcli net predict`."""

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="A network, a file of layers or of weights that say which, or an ONNX model.",
            autocompletion=named,
        ),
    ]
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT…",
            help="Pictures, CSV, NPY, or -; pictures in NPZ and IDX.",
            show_default=False,
        ),
    ] = None
    weights: Weights = None
    size: Annotated[
        options.Sizes | None,
        options.option(
            options.NETWORK,
            "--input",
            metavar="CxHxW",
            text="Input of a file of layers.",
            parser=options.read_sizes,
        ),
    ] = None
    classes: Classes = None
    labels: Labels = None
    top: Annotated[
        int | None,
        options.option(
            _ANSWER,
            "--top",
            metavar="N",
            text="Classes to show (5).",
            parser=options.read_whole(1),
        ),
    ] = None
    logits: Annotated[
        str | None,
        options.option(
            _ANSWER, "--logits", metavar="FILE", text="All numbers too, raw (.npy, .csv)."
        ),
    ] = None
    mean: Mean = None
    std: Std = None
    resize: Resize = None
    crop: Crop = None
    features: Annotated[
        str | None,
        options.option(
            _DRAW,
            "--features",
            metavar="BLOCK",
            text="What a layer or block gives (-o x.npy: raw, of all inputs).",
            autocompletion=_maps,
        ),
    ] = None
    field: Annotated[
        Unit | None,
        options.option(
            _DRAW,
            "--receptive-field",
            metavar="ROW,COL",
            text="The box that a unit of it sees.",
            parser=options.reads(_unit),
        ),
    ] = None
    on_picture: Annotated[
        bool,
        options.option(
            _DRAW,
            "--on-picture",
            text="That box on the picture itself, not on the network's input.",
        ),
    ] = False
    kernels: Annotated[
        str | None,
        options.option(
            _DRAW, "--kernels", metavar="FILE", text="Draw its first kernels: .svg or .png."
        ),
    ] = None
    recursive: options.Recursive = False
    files_from: options.FilesFrom = None
    output: Annotated[
        str | None,
        options.option(
            options.OUTPUT,
            "-o",
            "--output",
            metavar="FILE|-",
            text="The answers (.csv, .json), or the drawing.",
        ),
    ] = None
    force: options.Force = False
    format: options.ListFormat = "auto"
    as_json: options.JsonFlag = False
    allow_nan: options.AllowNan = False
    layout: options.Layout = None
    max_pixels: options.MaxPixels = MAX_PIXELS


@options.takes()
def net_predict(asked: PredictOptions) -> None:
    """Classify pictures and arrays, or draw a layer's feature maps and receptive fields.

    Pictures, also those in NPZ and IDX, are resized, cropped and normalised
    as the network expects; CSV and NPY go in as they are. Answers print (a
    table on a terminal, CSV in a pipe) or go to -o, drawings are written and
    their name is printed.
    """
    from convcli.commands.net.prediction import predict  # help needs the options alone

    predict(asked)
