"""A training run: what it starts from, and what is told, saved after every epoch and kept when it is asked to stop."""

import csv
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from convcli import terminal
from convcli.commands.net.choose import Chosen, choose, refuse_onnx
from convcli.commands.net.examples import examples_of
from convcli.commands.net.load import preparation_of
from convcli.commands.output import tell
from convcli.commands.progress import StopRequest, say
from convcli.engine.errors import ConvError, printable
from convcli.engine.progress import Note, Progress, Work
from convcli.figures.drawing import form_of, write
from convcli.figures.plots import plot_page
from convcli.files.datasets import Labelled, classes, listed, read_labelled
from convcli.files.operands import Reading
from convcli.files.output import check_target, writing
from convcli.nets.model import Model, initializers, weights
from convcli.nets.model.matching import fit
from convcli.nets.training import Epoch, Training, best_epoch, frozen_layers
from convcli.nets.training.evaluation import scoring
from convcli.nets.training.examples import Examples
from convcli.nets.training.resume import (
    Checkpoint,
    alone,
    checkpoint_card,
    digest_of_all,
    recipe_of,
    set_aside,
)
from convcli.nets.zoo import NETWORKS

if TYPE_CHECKING:
    from convcli.commands.net.train import TrainOptions

__all__ = ["Outputs", "Setup", "best_of", "runs", "same_scale", "set_up"]


@dataclass(frozen=True, eq=False)
class Setup:
    """What is trained, on what, and what its file says about itself; pictures that could not be read were told."""

    training: Training
    train: Examples
    test: Examples | None
    card: dict[str, Any]
    skipped: int = 0
    anew: bool = False
    """Whether it is a new run, also where it began with the weights of another."""
    asked: bool = False
    """Whether the call says how many epochs."""


def set_up(asked: "TrainOptions") -> Setup:
    """Read the data, choose the network, draw its weights or read those to start from or to go on with.

    Raises
    ------
    ConvError
    """
    if asked.weights and asked.resume:
        raise ConvError("--weights: got --resume too, one of them is allowed", usage=True)
    if asked.holdout is not None and not 0 < asked.holdout < 1:
        raise ConvError(
            f"--holdout: got {asked.holdout:g}, a share between 0 and 1 is allowed", usage=True
        )
    if asked.test and asked.holdout is not None:
        raise ConvError("--holdout: got --test too, one of them is allowed", usage=True)
    refuse_onnx(asked.name)
    begun = Checkpoint.read(Path(asked.resume) if asked.resume else None)
    source = Path(asked.weights) if asked.weights else None
    card = _card_of(source) if source else begun.card
    labelled = read_labelled(asked.data, max_value=asked.max_value, max_pixels=asked.max_pixels)
    known, own = begun.labels(), classes(labelled.texts)
    labels = known if known and set(own) <= set(known) else own
    chosen = _chosen(asked, card, labels, labelled)
    begun.check_network(chosen.card())
    reading = Reading(max_pixels=asked.max_pixels)
    train, skipped = examples_of(labelled, chosen.input, labels=labels, reading=reading)
    whole = digest_of_all(train)
    if begun.path is not None and (labels != known or not begun.began_with(whole)):
        say(
            f"convcli: {printable(begun.path)}: was trained on other data: "
            "a new run starts from its weights"
        )
        source, begun = begun.path, Checkpoint()
        if labels != own:
            chosen = _chosen(asked, card, own, labelled)
            places = np.array([own.index(label) if label in own else -1 for label in labels])
            train, labels = replace(train, y=places[train.y], labels=own), own
            whole = digest_of_all(train)
    if begun.path is not None and asked.freeze is not None:
        raise ConvError("--freeze: got --resume too, the run keeps what it froze", usage=True)
    row, seed = chosen.row, begun.seed(asked.seed)
    recipe = recipe_of(asked.recipe, row, chosen.name, begun, asked.recipe_asked)
    preparation = replace(preparation_of(chosen, card), resize=None)
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
    if test is None and asked.patience is not None:
        raise ConvError("--patience: needs examples to test with, --test or --holdout", usage=True)
    model = Model(chosen.steps)
    initializers.start(model, recipe.start, np.random.default_rng(seed))
    if source is not None:
        _start_from(source, model, chosen, labels)
    frozen = begun.run.get("frozen", ())
    if asked.freeze is not None:
        frozen = frozen_layers(model, asked.freeze)
    training = Training(scoring(model), recipe, chosen.input, preparation, seed, frozen)
    begun.take_up(training, train)
    said = checkpoint_card(chosen.card(), training, train, holdout, whole)
    anew, told = begun.path is None, asked.epochs is not None
    return Setup(training, train, test, said, skipped, anew, told)


def _card_of(path: Path) -> Mapping[str, Any]:
    with weights.opened(path) as source:
        return source.card


def _start_from(path: Path, model: Model, chosen: Chosen, labels: tuple[str, ...]) -> None:
    """Give a network the weights of a file; the last layer stays as it was drawn where it tells other classes apart."""
    shapes, last = model.shapes(), model.last
    with weights.opened(path) as source:
        found = fit(source, shapes, chosen.row.ignored if chosen.row else (), last=last)
        names, theirs = found.names, source.card.get("labels")
        theirs = tuple(map(str, theirs)) if isinstance(theirs, list) else None
        if theirs not in (None, labels):
            names = {n: old for n, old in names.items() if not n.startswith(f"{last}.")}
        model.load(model.tensors() | weights.load(source, shapes, names=names))
    notes = found.notes
    if len(names) < len(shapes):
        there = f"{listed(theirs)} there, " if theirs else ""
        notes += (f"{last} is new, for other classes: {there}{listed(labels)} here",)
    tell(str(path), notes)


def _chosen(
    asked: "TrainOptions", card: Mapping[str, Any], labels: tuple[str, ...], labelled: Labelled
) -> Chosen:
    if len(labels) < 2:
        raise ConvError(
            f"{printable(labelled.name)}: all examples are of the class '{printable(labels[0])}', "
            "two classes or more are needed"
        )
    named = asked.name in NETWORKS
    if named and card.get("network") != asked.name and not asked.resume:
        card = {}
    size = asked.size or tuple(card.get("input") or ()) or None
    width = asked.width if asked.width is not None else card.get("width")
    if size is None and not named and labelled.x is not None:
        size = labelled.x.shape[1:]
    whole = asked.width_all or bool(width and card.get("width_all"))
    chosen = choose(asked.name, size, len(labels) if named else None, width, whole=whole)
    out = chosen.steps[-1].activations
    if out != len(labels):
        raise ConvError(
            f"{printable(asked.name)}: ends in {out} numbers, "
            f"{printable(labelled.name)} has {len(labels)} classes"
        )
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

    def check(self, *, best: bool = False) -> None:
        """Refuse files that may not be written, before the work starts; `best` is whether there is a best epoch's.

        Raises
        ------
        ConvError
        """
        weights.format_of(self.weights)
        if self.plot is not None:
            form_of(self.plot, moving=False)
        for path in (self.weights, self.log, self.plot, best_of(self.weights) if best else None):
            if path is not None:
                check_target(path, force=self.force or path in self.ours)

    def save(self, setup: Setup) -> None:
        """Write the weights and the log, each whole or not at all."""
        run, form = setup.training, weights.format_of(self.weights)
        card = {**setup.card, "training": {**setup.card["training"], **run.record()}}
        best = best_epoch(run.history)
        if best is not None and best is run.history[-1] and not run.seen:
            # before the run's own: a kill between them costs the best epoch nothing
            with self._writing(best_of(self.weights)) as file:
                weights.save(file, form, run.model.tensors(), alone(card, best.epoch))
        with self._writing(self.weights) as file:
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
            write(file, [plot_page(panels, "epoch")], form_of(self.plot, moving=False))

    @contextmanager
    def _writing(self, path: Path) -> Iterator[BinaryIO]:
        with writing(path, force=self.force or path in self.ours) as file:
            yield file
        self.ours.add(path)


def best_of(path: Path) -> Path:
    """Return where the weights of the best epoch go, beside those of the last.

    >>> best_of(Path("runs/lenet.npz")).name
    'lenet-best.npz'
    """
    return path.with_name(f"{path.stem}-best{path.suffix}")


def runs(
    setup: Setup, outputs: Outputs, asked: StopRequest, patience: int | None = None
) -> Work[None]:
    """Train, until all epochs are done or someone asks to stop: the weights are saved either way.

    `patience` is the number of epochs without a better one after which no more are waited for.
    """
    training, count = setup.training, len(setup.train)
    if patience and (text := _enough(training, patience, outputs)):
        yield Note(text)
        return
    if len(training.history) >= training.recipe.epochs:
        outputs.save(setup)
        if setup.asked:
            done = f"{len(training.history)} done already"
            yield Note(
                f"convcli: --epochs {training.recipe.epochs}: {done}, a larger number goes on"
            )
        return
    begun, first = time.monotonic(), len(training.history) * count + training.seen
    losses = [epoch.loss for epoch in training.history]
    for record in training.run(setup.train, setup.test):
        passed = time.monotonic() - begun
        if isinstance(record, Epoch):
            losses.append(record.loss)
            outputs.save(setup)
            speed = (record.epoch * count - first) / passed
            left = (training.recipe.epochs - record.epoch) * count
            yield Note(_line(record, training.recipe.epochs, speed, left, losses))
            if patience and (text := _enough(training, patience, outputs)):
                yield Note(text)
                return
        else:
            stage = f"epoch {record.epoch}/{training.recipe.epochs}"
            speed = (record.done - first) / passed
            stage += f", accuracy {record.accuracy:.4f}, {speed:,.0f}/s"
            yield Progress(stage, record.done, record.total, record.loss)
        if asked.status is not None:
            outputs.save(setup)
            return


def _enough(training: Training, patience: int, outputs: Outputs) -> str:
    """Say so where the best epoch is so many epochs ago."""
    best, done = best_epoch(training.history), len(training.history)
    if best is None or done - best.epoch < patience or done >= training.recipe.epochs:
        return ""
    return (
        f"convcli: stopped after epoch {done}: none was better than epoch {best.epoch}, "
        f"test accuracy {best.test_accuracy:.4f}: {printable(best_of(outputs.weights))}"
    )


def _line(epoch: Epoch, epochs: int, speed: float, left: int, losses: list[float]) -> str:
    """Tell of an epoch; on a terminal, where a bar has the rest, with the course of the loss."""
    text = f"epoch {epoch.epoch}/{epochs}: loss {epoch.loss:.4g}, accuracy {epoch.accuracy:.4f}"
    if terminal.watched():
        if epoch.test_loss is not None:
            text += f", test {epoch.test_loss:.4g}, {epoch.test_accuracy:.4f}"
        return f"{text}  {terminal.sparkline(losses, 16)}"
    if epoch.test_loss is not None:
        text += f", test loss {epoch.test_loss:.4g}, test accuracy {epoch.test_accuracy:.4f}"
    if not speed:  # all examples of this epoch were seen before the run was resumed
        return text
    minutes, seconds = divmod(round(left / speed), 60)
    return f"{text}, {speed:,.0f} examples/s, {minutes}:{seconds:02} left"


def _table(history: list[Epoch]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(field.name for field in fields(Epoch))
    table.writerows(["" if v is None else repr(v) for v in astuple(epoch)] for epoch in history)
    return text.getvalue()
