"""`convcli net train`: a network learns to tell labelled pictures apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from convcli import options
from convcli.commands.net.options import DATA, Data, MaxValue, Width, WidthAll, named
from convcli.engine.errors import printable
from convcli.files.memory import MAX_PIXELS

__all__ = ["EXAMPLES", "net_train"]

EXAMPLES = (
    "convcli net train lenet digits.csv.gz --holdout 0.2 --epochs 2",
    "convcli net train lenet-bn digits.csv.gz --width 2 --input 1x32x32 --epochs 1",
    "convcli net train lenet digits.csv.gz --resume lenet.npz --epochs 3",
    "convcli net train lenet digits.csv.gz -w lenet.npz --epochs 1 -o more.npz",
)


_RUN = "Run"


def _optimizers() -> Iterable[str]:
    from convcli.nets.zoo.recipes import OPTIMIZERS

    return OPTIMIZERS


def _schedules() -> Iterable[str]:
    from convcli.nets.zoo.recipes import SCHEDULES

    return SCHEDULES


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
        str | None, options.option(DATA, "--test", metavar="DATA", text="Data to test with.")
    ] = None
    holdout: Annotated[
        float | None,
        options.option(
            DATA,
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
    width_all: WidthAll = False
    weights: Annotated[
        str | None,
        options.option(
            options.NETWORK,
            "-w",
            "--weights",
            metavar="FILE",
            text="Weights to start from; other classes get a new last layer.",
        ),
    ] = None
    freeze: Annotated[
        str | None,
        options.option(
            options.NETWORK,
            "--freeze",
            metavar="A,B…",
            text="Layers that stay as they are: beginnings of names, or all-but-last.",
            autocompletion=options.words(lambda: ["all-but-last"]),
        ),
    ] = None
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
        options.option(
            _RUN,
            "--epochs",
            metavar="N",
            text="Times to see every example.",
            parser=options.read_whole(1),
        ),
    ] = None
    batch: Annotated[
        int | None,
        options.option(
            _RUN, "--batch", metavar="N", text="Examples a step.", parser=options.read_whole(1)
        ),
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
    patience: Annotated[
        int | None,
        options.option(
            _RUN,
            "--patience",
            metavar="N",
            text="Stop after N epochs that did no better on the test.",
            parser=options.read_whole(1),
        ),
    ] = None
    seed: Annotated[
        int | None,
        options.option(
            _RUN, "--seed", metavar="N", text="Random seed (0).", parser=options.read_whole(0)
        ),
    ] = None
    resume: Annotated[
        str | None,
        options.option(
            _RUN,
            "--resume",
            metavar="FILE",
            text="Go on with a run; on other data, begin a new one with its weights.",
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
        options.option(options.OUTPUT, "--plot", metavar="PNG|SVG", text="The same as a picture."),
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


@options.takes()
def net_train(asked: TrainOptions) -> None:
    """Train a network on labelled pictures, and write its weights.

    Weights are written after every epoch, the best of --test or --holdout also to NAME-best.npz; the
    name is printed, in a pipe too. Ctrl-C saves and leaves, --resume goes on.
    """
    from convcli.commands.net.training_run import Outputs, best_of, runs, set_up
    from convcli.commands.output import print_path
    from convcli.commands.progress import say, stopping, watch

    taken = Path(asked.resume) if asked.resume else None
    path = Path(asked.output) if asked.output else taken or Path(f"{Path(asked.name).stem}.npz")
    log, plot = (Path(name) if name else None for name in (asked.log, asked.plot))
    tested = asked.test is not None or asked.holdout is not None
    outputs = Outputs(path, log, plot, asked.force)
    if taken is not None:
        outputs.ours |= {taken, best_of(taken)}
    outputs.check(best=tested)
    setup = set_up(asked)
    if taken is not None and setup.anew:  # its file is another run's
        outputs.ours -= {taken, best_of(taken)}
        path = Path(asked.output) if asked.output else Path(f"{Path(asked.name).stem}.npz")
        outputs.weights = path
        outputs.check(best=tested)
    training = setup.training
    with stopping() as stop:
        watch(runs(setup, outputs, stop, asked.patience))
    outputs.draw(training.history)
    if stop.status is not None:
        done = len(training.history)
        say(
            f"convcli: stopped after {done} of {training.recipe.epochs} epochs: {printable(path)}; "
            f"--resume {printable(path)} goes on"
        )
        raise typer.Exit(stop.status)
    print_path(path)
    if setup.skipped:
        raise typer.Exit(1)
