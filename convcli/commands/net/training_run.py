"""A training run: what it starts from, and what is told, saved after every epoch and kept when it is asked to stop."""

import csv
import io
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from convcli import terminal
from convcli.commands.net.choose import Chosen, choose
from convcli.commands.net.examples import examples_of
from convcli.commands.progress import StopRequest
from convcli.engine.errors import ConvError, printable
from convcli.engine.progress import Note, Progress, Work
from convcli.files.datasets import Labelled, classes, read_labelled
from convcli.files.operands import Reading
from convcli.files.output import check_target, writing
from convcli.files.pictures.formats import format_of, write_picture
from convcli.files.pictures.plots import plotted
from convcli.nets.model import Model, initializers, weights
from convcli.nets.training import Epoch, Training
from convcli.nets.training.evaluation import scoring
from convcli.nets.training.examples import Examples
from convcli.nets.training.resume import (
    Checkpoint,
    checkpoint_card,
    digest_of_all,
    recipe_of,
    set_aside,
)
from convcli.nets.zoo import NETWORKS, Preparation

if TYPE_CHECKING:
    from convcli.commands.net.train import TrainOptions

__all__ = ["Outputs", "Setup", "runs", "same_scale", "set_up"]


@dataclass(frozen=True, eq=False)
class Setup:
    """What is trained, on what, and what its file says about itself; pictures that could not be read were told."""

    training: Training
    train: Examples
    test: Examples | None
    card: dict[str, Any]
    skipped: int = 0


def set_up(asked: "TrainOptions") -> Setup:
    """Read the data, choose the network, draw its weights or read those to go on with.

    Raises
    ------
    ConvError
    """
    begun = Checkpoint.read(Path(asked.resume) if asked.resume else None)
    seed = begun.seed(asked.seed)
    if asked.holdout is not None and not 0 < asked.holdout < 1:
        raise ConvError(
            f"--holdout: got {asked.holdout:g}, a share between 0 and 1 is allowed", usage=True
        )
    if asked.test and asked.holdout is not None:
        raise ConvError("--holdout: got --test too, one of them is allowed", usage=True)
    labelled = read_labelled(asked.data, max_value=asked.max_value, max_pixels=asked.max_pixels)
    labels = begun.labels() or classes(labelled.texts)
    chosen = _chosen(asked, begun, labels, labelled)
    row = chosen.row
    recipe = recipe_of(asked.recipe, row, chosen.name, begun, asked.recipe_asked)
    preparation = replace(row.preparation, resize=None) if row else Preparation()
    reading = Reading(max_pixels=asked.max_pixels)
    train, skipped = examples_of(labelled, chosen.input, labels=labels, reading=reading)
    whole = digest_of_all(train)
    holdout = None if asked.test else begun.run.get("holdout")
    if asked.holdout is not None:
        holdout = asked.holdout
    test = None
    if asked.test:
        found = read_labelled(
            asked.test, max_value=asked.max_value, max_pixels=asked.max_pixels, part="test"
        )
        found = same_scale(found, train.white, asked.max_value)
        test, more = examples_of(found, chosen.input, labels=labels, reading=reading)
        skipped += more
    elif holdout:
        train, test = set_aside(train, holdout, seed)
    model = Model(chosen.steps)
    initializers.start(model, recipe.start, np.random.default_rng(seed))
    training = Training(scoring(model), recipe, chosen.input, preparation, seed)
    begun.take_up(training, train)
    card = checkpoint_card(chosen.card(), training, train, holdout, whole)
    return Setup(training, train, test, card, skipped)


def _chosen(
    asked: "TrainOptions", begun: Checkpoint, labels: tuple[str, ...], labelled: Labelled
) -> Chosen:
    size = asked.size or begun.input()
    width = asked.width if asked.width is not None else begun.card.get("width")
    if len(labels) < 2:
        raise ConvError(
            f"{printable(labelled.name)}: all examples are of the class '{printable(labels[0])}', "
            "two classes or more are needed"
        )
    named = asked.name in NETWORKS
    if size is None and not named and labelled.x is not None:
        size = labelled.x.shape[1:]
    chosen = choose(asked.name, size, len(labels) if named else None, width)
    out = chosen.steps[-1].activations
    if out != len(labels):
        raise ConvError(
            f"{printable(asked.name)}: ends in {out} numbers, "
            f"{printable(labelled.name)} has {len(labels)} classes"
        )
    begun.check_network(chosen.card())
    return chosen


def same_scale(labelled: Labelled, white: float, asked: float | None) -> Labelled:
    """Give data the scale of those that a network was trained on, if they fit in it and nothing else was asked for.

    (A few digits of 0…16 may have no 16 among them.)
    """
    if labelled.x is None or asked is not None or labelled.x.max() > white:
        return labelled
    return replace(labelled, white=min(white, labelled.white or white))


@dataclass
class Outputs:
    """Where a run goes: the weights, and the course of loss and accuracy as a table and a picture.

    Parameters
    ----------
    weights : Path
    log, plot : Path, optional
    force : bool
        Whether files that exist are overwritten.
    ours : set of Path
        Files of this run, which are overwritten all the same.
    """

    weights: Path
    log: Path | None = None
    plot: Path | None = None
    force: bool = False
    ours: set[Path] = field(default_factory=set)

    def check(self) -> None:
        """Refuse files that may not be written, before the work starts.

        Raises
        ------
        ConvError
        """
        weights.format_of(self.weights)
        if self.plot is not None:
            format_of(self.plot)
        for path in (self.weights, self.log, self.plot):
            if path is not None:
                check_target(path, force=self.force or path in self.ours)

    def save(self, setup: Setup) -> None:
        """Write the weights and the log, each whole or not at all."""
        run = setup.training
        card = {**setup.card, "training": {**setup.card["training"], **run.record()}}
        with self._writing(self.weights) as file:
            form = weights.format_of(self.weights)
            weights.save(file, form, run.model.tensors(), card, run.tensors())
        if self.log is not None:
            with self._writing(self.log) as file:
                file.write(_table(run.history).encode())

    def draw(self, history: Sequence[Epoch]) -> None:
        """Draw loss and accuracy, in training and in the test, as far as they go."""
        if self.plot is None or not history:
            return
        panels = {
            "loss": {"training": [e.loss for e in history]},
            "accuracy": {"training": [e.accuracy for e in history]},
        }
        tests = [e for e in history if e.test_loss is not None and e.test_accuracy is not None]
        if len(tests) == len(history):
            panels["loss"]["test"] = [e.test_loss or 0.0 for e in tests]
            panels["accuracy"]["test"] = [e.test_accuracy or 0.0 for e in tests]
        with self._writing(self.plot) as file:
            write_picture(file, plotted(panels, "epoch"), format_of(self.plot))

    @contextmanager
    def _writing(self, path: Path) -> Iterator[BinaryIO]:
        with writing(path, force=self.force or path in self.ours) as file:
            yield file
        self.ours.add(path)


def runs(setup: Setup, outputs: Outputs, asked: StopRequest) -> Work[None]:
    """Train, until all epochs are done or someone asks to stop: the weights are saved either way."""
    training, count = setup.training, len(setup.train)
    begun, first = time.monotonic(), len(training.history) * count + training.seen
    losses = [epoch.loss for epoch in training.history]
    for record in training.run(setup.train, setup.test):
        passed = time.monotonic() - begun
        if isinstance(record, Epoch):
            losses.append(record.loss)
            outputs.save(setup)
            done = record.epoch * count - first
            left = passed / done * (training.recipe.epochs - record.epoch) * count
            yield Note(_line(record, training.recipe.epochs, done / passed, left, losses))
        else:
            stage = f"epoch {record.epoch}/{training.recipe.epochs}"
            speed = (record.done - first) / passed
            stage += f", accuracy {record.accuracy:.4f}, {speed:,.0f}/s"
            yield Progress(stage, record.done, record.total, record.loss)
        if asked.status is not None:
            outputs.save(setup)
            return


def _line(epoch: Epoch, epochs: int, speed: float, left: float, losses: list[float]) -> str:
    """Tell of an epoch; on a terminal, where a bar has the rest, with the course of the loss."""
    text = f"epoch {epoch.epoch}/{epochs}: loss {epoch.loss:.4g}, accuracy {epoch.accuracy:.4f}"
    if terminal.watched():
        if epoch.test_loss is not None:
            text += f", test {epoch.test_loss:.4g}, {epoch.test_accuracy:.4f}"
        return f"{text}  {terminal.sparkline(losses, 16)}"
    if epoch.test_loss is not None:
        text += f", test loss {epoch.test_loss:.4g}, test accuracy {epoch.test_accuracy:.4f}"
    minutes, seconds = divmod(round(left), 60)
    return f"{text}, {speed:,.0f} examples/s, {minutes}:{seconds:02} left"


def _table(history: list[Epoch]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(field.name for field in fields(Epoch))
    table.writerows(["" if v is None else repr(v) for v in astuple(epoch)] for epoch in history)
    return text.getvalue()
