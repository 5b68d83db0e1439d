"""The options of the commands of `net`: those that several share, and those of training and prediction."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import typer

from convcli import options
from convcli.engine import numbers
from convcli.engine.errors import ConvError, printable
from convcli.files.memory import MAX_PIXELS

__all__ = [
    "Classes",
    "Data",
    "Depth",
    "MaxValue",
    "PredictOptions",
    "Size",
    "TrainOptions",
    "Width",
    "named",
]


def _networks() -> Iterable[str]:
    from convcli.nets.zoo import NETWORKS

    return NETWORKS


def _optimizers() -> Iterable[str]:
    from convcli.nets.zoo.recipes import OPTIMIZERS

    return OPTIMIZERS


def _schedules() -> Iterable[str]:
    from convcli.nets.zoo.recipes import SCHEDULES

    return SCHEDULES


named = options.words(_networks)
"""Completes a network's name."""


read_real = options.read_real

Size = Annotated[
    options.Sizes | None,
    options.option(
        options.NETWORK, "--input", text="Input size.", metavar="CxHxW", parser=options.read_sizes
    ),
]
Classes = Annotated[
    int | None,
    options.option(
        options.NETWORK, "--classes", text="Classes it tells apart.", metavar="N", min=1
    ),
]


Width = Annotated[
    float | None,
    options.option(
        options.NETWORK,
        "--width",
        metavar="W",
        text="Scales the channels of convolutions, as 0.25.",
        parser=options.read_real,
    ),
]
Depth = Annotated[
    int | None,
    options.option(options.OUTPUT, "--depth", text="Levels of blocks to show.", metavar="D", min=1),
]
_DATA, _RUN = "Data", "Run"
_ANSWER, _PICTURE, _DRAW = "Answer", "Pictures", "Look inside"

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A folder of pictures per class, MNIST's IDX files, CSV with a column label, NPZ with x, y.",
    ),
]
MaxValue = Annotated[
    float | None,
    options.option(
        _DATA,
        "--max-value",
        metavar="V",
        text="The value that becomes 1 (by dtype and data).",
        parser=options.read_real,
    ),
]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TrainOptions:
    """One call of `convcli net train`; None is what it leaves to the network, or to the run that it goes on with."""

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="A network of net list, or a file of layers.",
            autocompletion=named,
        ),
    ]
    data: Data
    output: Annotated[
        str | None,
        options.option(
            options.OUTPUT,
            "-o",
            "--output",
            metavar="FILE",
            text="The weights, .npz or .safetensors (NAME.npz), after every epoch.",
        ),
    ] = None
    test: Annotated[
        str | None, options.option(_DATA, "--test", metavar="DATA", text="Data to test with.")
    ] = None
    holdout: Annotated[
        float | None,
        options.option(
            _DATA,
            "--holdout",
            metavar="PART",
            text="Share of each class to test with, as 0.1.",
            parser=options.read_real,
        ),
    ] = None
    max_value: MaxValue = None
    max_pixels: options.MaxPixels = MAX_PIXELS
    size: Annotated[
        options.Sizes | None,
        options.option(
            options.NETWORK,
            "--input",
            metavar="CxHxW",
            text="What pictures are resized to.",
            parser=options.read_sizes,
        ),
    ] = None
    width: Width = None
    recipe: Annotated[
        str | None,
        options.option(
            _RUN,
            "--recipe",
            metavar="WHICH",
            text="own, one that learns, or chapter, the chapter's; the options below change it.",
            autocompletion=options.words(lambda: ["own", "chapter"]),
        ),
    ] = None
    epochs: Annotated[
        int | None,
        options.option(_RUN, "--epochs", metavar="N", text="Times to see every example.", min=1),
    ] = None
    batch: Annotated[
        int | None, options.option(_RUN, "--batch", metavar="N", text="Examples a step.", min=1)
    ] = None
    lr: Annotated[
        float | None,
        options.option(
            _RUN, "--lr", metavar="RATE", text="Learning rate.", parser=options.read_real
        ),
    ] = None
    optimizer: Annotated[
        str | None,
        options.option(
            _RUN,
            "--optimizer",
            metavar="WHICH",
            text="adam or sgd.",
            autocompletion=options.words(_optimizers),
        ),
    ] = None
    momentum: Annotated[
        float | None,
        options.option(_RUN, "--momentum", metavar="M", text="Of sgd.", parser=options.read_real),
    ] = None
    decay: Annotated[
        float | None,
        options.option(
            _RUN,
            "--weight-decay",
            metavar="L",
            text="Weight decay: the L2 penalty.",
            parser=options.read_real,
        ),
    ] = None
    schedule: Annotated[
        str | None,
        options.option(
            _RUN,
            "--schedule",
            metavar="WHICH",
            text="How the rate falls: constant, step, step:N,F or cosine.",
            autocompletion=options.words(_schedules),
        ),
    ] = None
    seed: Annotated[
        int | None, options.option(_RUN, "--seed", metavar="N", text="Random seed (0).", min=0)
    ] = None
    resume: Annotated[
        str | None,
        options.option(
            _RUN, "--resume", metavar="FILE", text="Go on with a run that was broken off."
        ),
    ] = None
    log: Annotated[
        str | None,
        options.option(
            options.OUTPUT, "--log", metavar="CSV", text="Loss and accuracy, an epoch a line."
        ),
    ] = None
    plot: Annotated[
        str | None,
        options.option(options.OUTPUT, "--plot", metavar="PNG", text="The same as a picture."),
    ] = None
    force: options.Force = False

    @property
    def recipe_asked(self) -> dict[str, int | float | str | None]:
        """What is asked for in place of the recipe's own, by the names of `recipes.Recipe`."""
        return {
            "epochs": self.epochs,
            "batch": self.batch,
            "lr": self.lr,
            "optimizer": self.optimizer,
            "momentum": self.momentum,
            "weight_decay": self.decay,
            "schedule": self.schedule,
        }


class Floats(tuple[float, ...]):
    """Numbers, one or one a channel."""


class Unit(tuple[int, int]):
    """Row and column of a feature map."""


def _floats(text: str) -> Floats:
    try:
        return Floats(map(numbers.read_real, text.split(",")))
    except ConvError as error:
        raise ConvError(
            f"got '{printable(text)}', numbers joined by commas are allowed", usage=True
        ) from error


def _unit(text: str) -> Unit:
    if not re.fullmatch(r"[0-9]{1,6},[0-9]{1,6}", text.replace(" ", "")):
        raise ConvError(f"got '{printable(text)}', ROW,COL is allowed, from 0", usage=True)
    row, column = text.split(",")
    return Unit((int(row), int(column)))


def _maps(ctx: typer.Context, incomplete: str) -> list[str]:
    """Name the layers of a known network that give feature maps."""
    from convcli.nets.architecture.steps import program
    from convcli.nets.zoo import NETWORKS

    # an option that still waits for its value leaves the arguments unread
    named = [NETWORKS[word] for word in (ctx.params.get("name"), *ctx.args) if word in NETWORKS]
    if not named:
        return []
    row = named[0]
    steps = program(row.build(row.classes), row.input)
    return [s.name for s in steps if len(s.output) == 3 and str(s.name).startswith(incomplete)]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PredictOptions:
    """One call of `convcli net predict`."""

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="A network, or a file of layers, or of weights that say which.",
            autocompletion=named,
        ),
    ]
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT…", help="Pictures, CSV, NPY, or -.")]
    weights: Annotated[
        str | None,
        options.option(
            options.NETWORK,
            "-w",
            "--weights",
            metavar="FILE",
            text="Its weights: NPZ, safetensors.",
        ),
    ] = None
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
    top: Annotated[
        int,
        options.option(
            _ANSWER, "--top", metavar="N", text="Classes to show (5).", min=1, show_default=False
        ),
    ] = 5
    labels: Annotated[
        str | None,
        options.option(_ANSWER, "--labels", metavar="FILE", text="The classes' names, one a line."),
    ] = None
    mean: Annotated[
        Floats | None,
        options.option(
            _PICTURE,
            "--mean",
            metavar="M[,M,M]",
            text="Taken from samples of 0 to 1.",
            parser=options.reads(_floats),
        ),
    ] = None
    std: Annotated[
        Floats | None,
        options.option(
            _PICTURE,
            "--std",
            metavar="S[,S,S]",
            text="What they are then divided by.",
            parser=options.reads(_floats),
        ),
    ] = None
    resize: Annotated[
        int | None,
        options.option(
            _PICTURE, "--resize", metavar="N", text="Length of the shorter side.", min=1
        ),
    ] = None
    crop: Annotated[
        options.Sizes | None,
        options.option(
            _PICTURE,
            "--crop",
            metavar="N|HxW",
            text="The middle, cut out.",
            parser=options.read_sizes,
        ),
    ] = None
    features: Annotated[
        str | None,
        options.option(
            _DRAW,
            "--features",
            metavar="LAYER",
            text="A layer's maps (-o x.npy: raw).",
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
    output: options.Output = None
    force: options.Force = False
    format: options.Format = "auto"
    as_json: options.JsonFlag = False
    allow_nan: options.AllowNan = False
    layout: options.Layout = None
    max_pixels: options.MaxPixels = MAX_PIXELS
