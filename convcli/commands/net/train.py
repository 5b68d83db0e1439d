"""`convcli net train`: a network learns to tell labelled pictures apart."""

from pathlib import Path

import typer

from convcli import options
from convcli.commands import train_options as own
from convcli.commands._training import Outputs, runs
from convcli.commands.net.options import Width
from convcli.commands.net.training_run import Given, made_ready
from convcli.commands.output import print_path
from convcli.commands.progress import say, stopping, watch
from convcli.engine.errors import printable
from convcli.files.pictures.picture import MAX_PIXELS

__all__ = ["EXAMPLES", "net_train"]

EXAMPLES = (
    "convcli net train lenet digits.csv.gz --holdout 0.2 --epochs 2",
    "convcli net train lenet-bn digits.csv.gz --width 2 --input 1x32x32 --epochs 1",
    "convcli net train lenet digits.csv.gz --resume lenet.npz --epochs 3",
)


def net_train(
    name: own.Name,
    data: own.Data,
    output: own.Output = None,
    test: own.Test = None,
    holdout: own.Holdout = None,
    max_value: own.MaxValue = None,
    max_pixels: options.MaxPixels = MAX_PIXELS,
    size: own.Size = None,
    width: Width = None,
    recipe: own.RecipeName = None,
    epochs: own.Epochs = None,
    batch: own.Batch = None,
    lr: own.Rate = None,
    optimizer: own.Optimizer = None,
    momentum: own.Momentum = None,
    decay: own.Decay = None,
    schedule: own.Schedule = None,
    seed: own.Seed = None,
    resume: own.Resume = None,
    log: own.Log = None,
    plot: own.Plot = None,
    force: options.Force = False,
) -> None:
    """Train a network on labelled pictures, and write its weights.

    The weights are written after every epoch and their file's name is
    printed at the end, in a pipe too. Ctrl-C saves and leaves, --resume goes
    on as if nothing had been.
    """
    asked = {
        "epochs": epochs,
        "batch": batch,
        "lr": lr,
        "optimizer": optimizer,
        "momentum": momentum,
        "weight_decay": decay,
        "schedule": schedule,
    }
    taken = Path(resume) if resume else None
    path = Path(output) if output else taken or Path(f"{Path(name).stem}.npz")
    outputs = Outputs(path, Path(log) if log else None, Path(plot) if plot else None, force)
    if taken is not None:
        outputs.ours.add(taken)
    outputs.check()
    given = Given(
        *(name, data, test, holdout, max_value, size, width, recipe, asked, seed, taken, max_pixels)
    )
    ready = made_ready(given)
    with stopping() as stop:
        watch(runs(ready, outputs, stop))
    outputs.draw(ready.training.history)
    if stop.status is not None:
        done = len(ready.training.history)
        say(
            f"convcli: stopped after {done} of {ready.training.recipe.epochs} epochs: {printable(path)}"
        )
        raise typer.Exit(stop.status)
    print_path(path)
    if ready.skipped:
        raise typer.Exit(1)
