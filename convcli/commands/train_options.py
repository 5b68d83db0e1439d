"""The options of `convcli net train` and `convcli net eval`."""

from collections.abc import Iterable
from typing import Annotated

import typer

from convcli import options
from convcli.commands.net.options import named, read_real
from convcli.nets.zoo.recipes import SCHEDULES

__all__ = [
    "Batch", "Data", "Decay", "Epochs", "Holdout", "Log", "MaxValue", "Momentum", "Name", "Optimizer", "Output", "Plot",
    "Rate", "RecipeName", "Resume", "Schedule", "Seed", "Size", "Test",
]  # fmt: skip

_DATA, _RUN = "Data", "Run"

FORMS = "a folder of pictures per class, MNIST's IDX files, CSV with a column label, NPZ with x, y"


def _optimizers() -> Iterable[str]:
    from convcli.nets.training.optimizers import OPTIMIZERS

    return OPTIMIZERS


Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE",
        help="A network of net list, or a file of layers.",
        autocompletion=named,
    ),
]
Data = Annotated[str, typer.Argument(metavar="DATA", help=f"Labelled pictures: {FORMS}.")]
Test = Annotated[
    str | None, options.option(_DATA, "--test", metavar="DATA", text="Data to test with.")
]
Holdout = Annotated[
    float | None,
    options.option(
        _DATA,
        "--holdout",
        metavar="PART",
        text="Share of each class to test with, as 0.1.",
        parser=read_real,
    ),
]
MaxValue = Annotated[
    float | None,
    options.option(
        _DATA,
        "--max-value",
        metavar="V",
        text="The value that becomes 1 (by dtype and data).",
        parser=read_real,
    ),
]
Size = Annotated[
    options.Sizes | None,
    options.option(
        options.NETWORK,
        "--input",
        metavar="CxHxW",
        text="What pictures are resized to.",
        parser=options.read_sizes,
    ),
]
RecipeName = Annotated[
    str | None,
    options.option(
        _RUN,
        "--recipe",
        metavar="WHICH",
        text="own, one that learns, or chapter, the chapter's; the options below change it.",
        autocompletion=options.words(lambda: ["own", "chapter"]),
    ),
]
Epochs = Annotated[
    int | None,
    options.option(_RUN, "--epochs", metavar="N", text="Times to see every example.", min=1),
]
Batch = Annotated[
    int | None, options.option(_RUN, "--batch", metavar="N", text="Examples a step.", min=1)
]
Rate = Annotated[
    float | None,
    options.option(_RUN, "--lr", metavar="RATE", text="Learning rate.", parser=read_real),
]
Optimizer = Annotated[
    str | None,
    options.option(
        _RUN,
        "--optimizer",
        metavar="WHICH",
        text="adam or sgd.",
        autocompletion=options.words(_optimizers),
    ),
]
Momentum = Annotated[
    float | None, options.option(_RUN, "--momentum", metavar="M", text="Of sgd.", parser=read_real)
]
Decay = Annotated[
    float | None,
    options.option(
        _RUN, "--weight-decay", metavar="L", text="Pull of weights to 0.", parser=read_real
    ),
]
Schedule = Annotated[
    str | None,
    options.option(
        _RUN,
        "--schedule",
        metavar="WHICH",
        text="How the rate falls: constant, step, step:N,F or cosine.",
        autocompletion=options.words(lambda: list(SCHEDULES)),
    ),
]
Seed = Annotated[
    int | None, options.option(_RUN, "--seed", metavar="N", text="Of chance (0).", min=0)
]
Resume = Annotated[
    str | None,
    options.option(_RUN, "--resume", metavar="FILE", text="Go on with a run that was broken off."),
]
Output = Annotated[
    str | None,
    options.option(
        options.OUTPUT,
        "-o",
        "--output",
        metavar="FILE",
        text="The weights, x.npz or x.safetensors (NAME.npz), written after every epoch.",
    ),
]
Log = Annotated[
    str | None,
    options.option(
        options.OUTPUT, "--log", metavar="CSV", text="Loss and accuracy, an epoch a line."
    ),
]
Plot = Annotated[
    str | None,
    options.option(options.OUTPUT, "--plot", metavar="PNG", text="The same as a picture."),
]
