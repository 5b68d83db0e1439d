"""`convcli net eval`: how well a trained network does on labelled pictures."""

from dataclasses import dataclass
from typing import Annotated

import typer

from convcli import options
from convcli.commands.net import options as own
from convcli.files.memory import MAX_PIXELS

__all__ = ["EXAMPLES", "net_eval"]

EXAMPLES = (
    "convcli net train lenet digits.csv.gz --holdout 0.2 --epochs 2",
    "convcli net eval lenet.npz digits.csv.gz --holdout",
    "convcli net eval lenet.npz digits.csv.gz --holdout --json",
)

_LOOK = "Look inside"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EvalOptions:
    """One call of `convcli net eval`."""

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="Weights that net train wrote; or a network or a file of layers, with -w.",
            autocompletion=own.named,
        ),
    ]
    data: own.Data
    weights: own.Weights = None
    size: own.Size = None
    classes: own.Classes = None
    labels: own.Labels = None
    holdout: Annotated[
        bool,
        options.option(
            own.DATA,
            "--holdout",
            text="Of the data of its training, what net train --holdout set aside.",
        ),
    ] = False
    max_value: own.MaxValue = None
    mean: own.Mean = None
    std: own.Std = None
    resize: own.Resize = None
    crop: own.Crop = None
    max_pixels: options.MaxPixels = MAX_PIXELS
    confusion: Annotated[
        str | None,
        options.option(
            _LOOK, "--confusion", metavar="PNG", text="Which class is taken for which, drawn."
        ),
    ] = None
    worst: Annotated[
        tuple[int, str] | None,
        options.option(
            _LOOK, "--worst", metavar="N PNG", text="The N surest mistakes, drawn with labels."
        ),
    ] = None
    output: Annotated[
        str | None,
        options.option(
            options.OUTPUT,
            "-o",
            "--output",
            metavar="FILE",
            text="A row a picture, .csv or .json: file, label, answers, probabilities.",
        ),
    ] = None
    force: options.Force = False
    format: options.TableFormat = None
    as_json: options.JsonFlag = False


@options.takes()
def net_eval(asked: EvalOptions) -> None:
    """Test a trained network: accuracy, loss, and which classes it takes for which.

    A row a class: its examples, the share that was found, and how often each class was answered. A pipe gets CSV.
    Data name classes as the training did, by --labels, or by number from 0.
    """
    from convcli.commands.net.evaluation import evaluate  # help needs the options alone

    evaluate(asked)
