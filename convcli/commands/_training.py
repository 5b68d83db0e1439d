"""A training run around its steps: what is told, saved after every epoch, and kept when it is asked to stop."""

import csv
import io
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path
from typing import BinaryIO

from convcli import terminal
from convcli.commands.net.training_run import Ready
from convcli.commands.progress import Asked
from convcli.engine.progress import Note, Progress, Work
from convcli.files.output import check_target, writing
from convcli.files.pictures.formats import format_of, write_picture
from convcli.files.pictures.plots import plotted
from convcli.nets.model import weights
from convcli.nets.training import Epoch

__all__ = ["Outputs", "runs"]


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

    def save(self, ready: Ready) -> None:
        """Write the weights and the log, each whole or not at all."""
        run = ready.training
        card = {**ready.card, "training": {**ready.card["training"], **run.record()}}
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


def runs(ready: Ready, outputs: Outputs, asked: Asked) -> Work[None]:
    """Train, until all epochs are done or someone asks to stop: the weights are saved either way."""
    training, count = ready.training, len(ready.train)
    begun, first = time.monotonic(), len(training.history) * count + training.seen
    losses = [epoch.loss for epoch in training.history]
    for record in training.run(ready.train, ready.test):
        passed = time.monotonic() - begun
        if isinstance(record, Epoch):
            losses.append(record.loss)
            outputs.save(ready)
            done = record.epoch * count - first
            left = passed / done * (training.recipe.epochs - record.epoch) * count
            yield Note(_line(record, training.recipe.epochs, done / passed, left, losses))
        else:
            stage = f"epoch {record.epoch}/{training.recipe.epochs}"
            speed = (record.done - first) / passed
            stage += f", accuracy {record.accuracy:.4f}, {speed:,.0f}/s"
            yield Progress(stage, record.done, record.total, record.loss)
        if asked.status is not None:
            outputs.save(ready)
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
