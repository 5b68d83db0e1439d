"""`convcli net train`: a network learns to tell labelled pictures apart."""

from pathlib import Path

import typer

from convcli import options
from convcli.commands.net.options import TrainOptions
from convcli.commands.net.training_run import Outputs, runs, set_up
from convcli.commands.output import print_path
from convcli.commands.progress import say, stopping, watch
from convcli.engine.errors import printable

__all__ = ["EXAMPLES", "net_train"]

EXAMPLES = (
    "convcli net train lenet digits.csv.gz --holdout 0.2 --epochs 2",
    "convcli net train lenet-bn digits.csv.gz --width 2 --input 1x32x32 --epochs 1",
    "convcli net train lenet digits.csv.gz --resume lenet.npz --epochs 3",
)


@options.takes()
def net_train(asked: TrainOptions) -> None:
    """Train a network on labelled pictures, and write its weights.

    The weights are written after every epoch and their file's name is
    printed at the end, in a pipe too. Ctrl-C saves and leaves, --resume goes
    on as if nothing had been.
    """
    taken = Path(asked.resume) if asked.resume else None
    path = Path(asked.output) if asked.output else taken or Path(f"{Path(asked.name).stem}.npz")
    log, plot = (Path(name) if name else None for name in (asked.log, asked.plot))
    outputs = Outputs(path, log, plot, asked.force)
    if taken is not None:
        outputs.ours.add(taken)
    outputs.check()
    setup = set_up(asked)
    training = setup.training
    with stopping() as stop:
        watch(runs(setup, outputs, stop))
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
