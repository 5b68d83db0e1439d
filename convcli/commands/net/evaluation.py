"""The work of `convcli net eval`: the test, its tables, and what it drew of them."""

import csv
import io
import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from numpy.typing import NDArray

from convcli import terminal
from convcli.commands.net.choose import Overrides
from convcli.commands.net.examples import examples_of
from convcli.commands.net.labels import called, read_labels
from convcli.commands.net.load import Loaded, load_network
from convcli.commands.net.training_run import same_scale
from convcli.commands.progress import say, watch
from convcli.commands.tables import table_form
from convcli.engine.errors import ConvError, display_name, one_of, printable
from convcli.engine.progress import Progress, Work
from convcli.files.datasets import Labelled, Part, read_labelled
from convcli.files.operands import Reading
from convcli.files.output import check_target, writing
from convcli.nets.model.preprocessing import prepared
from convcli.nets.training.evaluation import Evaluation, evaluating, ranked, scoring, summed
from convcli.nets.training.examples import Examples
from convcli.nets.training.resume import split_of

if TYPE_CHECKING:
    from convcli.commands.net.eval import EvalOptions

__all__ = ["evaluate"]

_MOST = 20
"""Classes whose confusion fits on a terminal."""
_TOP = 5
"""Answers of each picture that are told."""


@dataclass(frozen=True, eq=False)
class _Tested:
    """What came out.

    Parameters
    ----------
    summary : Evaluation
    classes : ndarray of int, shape (N, answers)
        The most probable classes of each example.
    probabilities : ndarray, shape (N, answers)
    top : float
        The fraction of examples whose class is one of them.
    """

    summary: Evaluation
    classes: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    top: float


def evaluate(asked: "EvalOptions") -> None:
    """Test a network and tell what came out.

    Raises
    ------
    ConvError
    typer.Exit
        With status 1, where some pictures could not be read.
    """
    form = table_form(asked.format, asked.as_json)
    drawings = [Path(name) for name in (asked.confusion, asked.worst and asked.worst[1]) if name]
    table = Path(asked.output) if asked.output else None
    _check(asked, drawings, table)
    loaded = load_network(
        asked.name,
        asked.weights,
        Overrides(asked.size, asked.classes, asked.mean, asked.std, asked.resize, asked.crop),
    )
    weights = asked.weights or asked.name
    part: Part = "train" if asked.holdout else "test"  # what was set aside is of the former
    labelled = read_labelled(
        asked.data, max_value=asked.max_value, max_pixels=asked.max_pixels, part=part
    )
    labelled = same_scale(labelled, loaded.white, asked.max_value)
    count = loaded.chosen.steps[-1].activations
    own = loaded.labels if loaded.labels and len(loaded.labels) == count else None
    names = read_labels(asked.labels, count) if asked.labels else None
    try:
        way = called(labelled.texts, count, names=names, own=own)
    except ConvError as error:
        raise error.about(display_name(asked.data)) from error
    examples, skipped = examples_of(
        labelled,
        loaded.chosen.input,
        resize=loaded.preparation.resize,
        labels=way,
        reading=Reading(max_pixels=asked.max_pixels),
    )
    examples = _unseen(weights, loaded, asked.data, examples) if asked.holdout else examples
    if not asked.holdout:
        _tell_of_training(weights, loaded, asked.data, examples)
    examples = replace(examples, labels=names or own or way)
    found = watch(_tested(loaded, examples))
    _draw(asked, loaded, examples, found)
    if table is not None:
        text = _pictures(labelled, examples, found, json_=table.suffix.lower() == ".json")
        with writing(table, force=asked.force) as file:
            file.write(text.encode("utf-8", "surrogateescape"))
    summary = found.summary
    if form == "json":
        print(json.dumps(_record(found, examples.labels), allow_nan=False))
    else:
        top = f", top-{_TOP} {found.top:.4f}" if len(examples.labels) > _TOP else ""
        say(
            f"accuracy {summary.accuracy:.4f}{top}, loss {summary.loss:.4f}, "
            f"{summary.examples:,} examples"
        )
        _show(summary, examples.labels, form)
    if skipped:
        raise typer.Exit(1)


def _check(asked: "EvalOptions", drawings: list[Path], table: Path | None) -> None:
    """Refuse files that may not be written, before the work starts."""
    if asked.worst is not None and asked.worst[0] < 1:
        raise ConvError(f"--worst: got {asked.worst[0]}, at least 1 is needed", usage=True)
    if drawings:
        from convcli.files.pictures.formats import format_of

        for path in drawings:
            format_of(path)
    if table is not None and table.suffix.lower() not in (".csv", ".json"):
        raise one_of("suffix", table.suffix, (".csv", ".json")).about(printable(table))
    for path in (*drawings, *([table] if table else [])):
        check_target(path, force=asked.force)


def _split(
    weights: str, loaded: Loaded, examples: Examples
) -> tuple[Examples, Examples | None] | None:
    if not loaded.run:
        return None
    try:
        return split_of(loaded.run, examples)
    except ConvError as error:
        raise error.about(printable(weights)) from error


def _unseen(weights: str, loaded: Loaded, data: str, examples: Examples) -> Examples:
    """Return the examples that the training set aside.

    Raises
    ------
    ConvError
        It set none aside, or they are others.
    """
    if loaded.run.get("holdout") is None:
        raise ConvError(
            f"--holdout: {printable(weights)} set nothing aside, net train --holdout does",
            usage=True,
        )
    split = _split(weights, loaded, examples)
    if split is None or split[1] is None:
        raise ConvError(
            f"--holdout: {printable(weights)} was not trained on {printable(data)}: "
            "what is set aside is a part of the training's data"
        )
    return split[1]


def _tell_of_training(weights: str, loaded: Loaded, data: str, examples: Examples) -> None:
    """Say so where a network is tested on what it has learned from."""
    split = _split(weights, loaded, examples)
    if split is None:
        return
    learned, aside = split
    if aside is None:
        text = f"all {len(learned):,} examples were learned from: this is no test"
    else:
        text = (
            f"{len(learned):,} of {len(examples):,} examples were learned from, "
            f"--holdout tests on the other {len(aside):,}"
        )
    say(f"convcli: {printable(data)}: {text}")


def _tested(loaded: Loaded, examples: Examples) -> Work[_Tested]:
    batches, answers = [], []
    work = evaluating(scoring(loaded.model), examples, loaded.chosen.input, loaded.preparation)
    for done, loss, logits in work:
        answers.append(ranked(logits, _TOP))
        batches.append((loss, logits.argmax(axis=1)))
        yield Progress("test", done, len(examples))
    classes, probabilities = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    among = float((classes == examples.y[:, None]).any(axis=1).mean())
    return _Tested(summed(examples, batches), classes, probabilities, among)


def _draw(asked: "EvalOptions", loaded: Loaded, examples: Examples, found: _Tested) -> None:
    """Draw the confusion, and the mistakes of whose answers the network was the surest."""
    if asked.confusion is None and asked.worst is None:
        return
    from convcli.files.pictures.charts import Tile, confusion_chart, gallery
    from convcli.files.pictures.formats import format_of, write_picture

    labels = examples.labels
    if asked.confusion is not None:
        path = Path(asked.confusion)
        with writing(path, force=asked.force) as file:
            write_picture(file, confusion_chart(found.summary.confusion, labels), format_of(path))
    if asked.worst is not None:
        most, path = asked.worst[0], Path(asked.worst[1])
        wrong = np.flatnonzero(found.classes[:, 0] != examples.y)
        if not len(wrong):
            say("convcli: --worst: there are no mistakes, nothing is drawn")
            return
        surest = wrong[np.argsort(-found.probabilities[wrong, 0], kind="stable")[:most]]
        tiles = []
        for row in surest:
            x = examples.x[row]
            if not examples.ready:
                resize = loaded.preparation.resize
                x = prepared(x, examples.white, loaded.chosen.input, resize)
            answer, share = found.classes[row, 0], found.probabilities[row, 0]
            tiles.append(
                Tile(x, (f"is {labels[examples.y[row]]}", f"{share:.0%} {labels[answer]}"))
            )
        with writing(path, force=asked.force) as file:
            write_picture(file, gallery(tiles), format_of(path))


def _pictures(labelled: Labelled, examples: Examples, found: _Tested, *, json_: bool) -> str:
    """Write a row a picture: its file, its label, the most probable classes and their probabilities."""
    rows = range(len(examples)) if examples.rows is None else examples.rows.tolist()
    names = [
        str(labelled.paths[row]) if labelled.paths else f"{display_name(labelled.name)}[{row}]"
        for row in rows
    ]
    labels = examples.labels
    records: list[dict[str, Any]] = [
        {
            "file": name,
            "label": labels[y],
            "answers": [labels[c] for c in classes],
            "probabilities": shares,
        }
        for name, y, classes, shares in zip(
            names,
            examples.y.tolist(),
            found.classes.tolist(),
            found.probabilities.tolist(),
            strict=True,
        )
    ]
    if json_:
        for record in records:
            record["probabilities"] = [
                p if math.isfinite(p) else None for p in record["probabilities"]
            ]
        return json.dumps(records, allow_nan=False) + "\n"
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    numbers = range(1, found.classes.shape[1] + 1)
    write(
        ["file", "label", *(f"answer{n}" for n in numbers), *(f"probability{n}" for n in numbers)]
    )
    for record in records:
        write([record["file"], record["label"], *record["answers"], *record["probabilities"]])
    return text.getvalue()


def _record(tested: _Tested, labels: tuple[str, ...]) -> dict[str, object]:
    found = tested.summary
    return {
        "accuracy": found.accuracy,
        f"top{_TOP}": tested.top,
        "loss": found.loss if math.isfinite(found.loss) else None,
        "per_class": [None if math.isnan(a) else a for a in found.per_class],
        "confusion": found.confusion.tolist(),
        "labels": list(labels),
        "examples": found.examples,
    }


def _show(found: Evaluation, labels: tuple[str, ...], form: str) -> None:
    counts, shares = found.confusion.tolist(), found.per_class
    head = ["label", "examples", "accuracy", *labels]
    if form == "csv":
        rows = [
            [label, sum(row), "" if math.isnan(share) else repr(share), *row]
            for label, share, row in zip(labels, shares, counts, strict=True)
        ]
        csv.writer(sys.stdout, lineterminator="\n").writerows([head, *rows])
        return
    wide = len(labels) > _MOST
    rows = [
        [
            str(label),
            sum(row),
            None if math.isnan(share) else f"{share:.4f}",
            *([] if wide else (n or None for n in row)),
        ]
        for label, share, row in zip(labels, shares, counts, strict=True)
    ]
    foot = ["A row is a class, a column the class that was answered."]
    if wide:
        foot = [f"Which of {len(labels)} classes was answered: in CSV and --json."]
    answered = [terminal.Column(label, 1, group="which class was answered") for label in labels]
    columns: list[terminal.Column | str] = [*head[:3], *([] if wide else answered)]
    terminal.print_table(columns, rows, foot=foot, markdown=form == "md")
