"""`convcli net eval`: how well a trained network does on labelled pictures."""

import csv
import json
import math
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from convcli import options, terminal
from convcli.commands.net import options as own
from convcli.commands.tables import table_form
from convcli.engine.errors import ConvError, printable
from convcli.files.memory import MAX_PIXELS

if TYPE_CHECKING:  # help needs the options alone
    from convcli.commands.net.load import Loaded
    from convcli.engine.progress import Work
    from convcli.nets.training.evaluation import Evaluation
    from convcli.nets.training.examples import Examples

__all__ = ["EXAMPLES", "net_eval"]

EXAMPLES = (
    "convcli net train lenet digits.csv.gz --holdout 0.2 --epochs 2",
    "convcli net eval lenet.npz digits.csv.gz --holdout",
    "convcli net eval lenet.npz digits.csv.gz --holdout --json",
)

_MOST = 20
"""Classes whose confusion fits on a terminal."""


def net_eval(
    weights: Annotated[
        str, typer.Argument(metavar="WEIGHTS", help="A file of weights that net train wrote.")
    ],
    data: own.Data,
    holdout: Annotated[
        bool,
        options.option(
            own.DATA,
            "--holdout",
            text="Of the data of its training, what net train --holdout set aside.",
        ),
    ] = False,
    max_value: own.MaxValue = None,
    max_pixels: options.MaxPixels = MAX_PIXELS,
    format: options.TableFormat = None,
    as_json: options.JsonFlag = False,
) -> None:
    """Test a trained network: accuracy, loss, and which classes it takes for which.

    A row a class: its examples, the share that was found, and how often each class was answered. A pipe gets CSV.
    """
    from convcli.commands.net.choose import Overrides
    from convcli.commands.net.examples import examples_of
    from convcli.commands.net.load import load_network
    from convcli.commands.net.training_run import same_scale
    from convcli.commands.progress import say, watch
    from convcli.files.datasets import Part, read_labelled
    from convcli.files.operands import Reading

    form = table_form(format, as_json)
    loaded = load_network(weights, None, Overrides())
    if loaded.labels is None:
        raise ConvError(f"{printable(weights)}: names no labels, net train writes files that do")
    part: Part = "train" if holdout else "test"  # what was set aside is of the former
    labelled = read_labelled(data, max_value=max_value, max_pixels=max_pixels, part=part)
    labelled = same_scale(labelled, loaded.white, max_value)
    examples, skipped = examples_of(
        labelled,
        loaded.chosen.input,
        resize=loaded.preparation.resize,
        labels=loaded.labels,
        reading=Reading(max_pixels=max_pixels),
    )
    examples = _unseen(weights, loaded, data, examples) if holdout else examples
    if not holdout:
        _tell_of_training(weights, loaded, data, examples)
    found = watch(_tested(loaded, examples))
    if form == "json":
        print(json.dumps(_record(found, loaded.labels), allow_nan=False))
    else:
        say(f"accuracy {found.accuracy:.4f}, loss {found.loss:.4f}, {found.examples:,} examples")
        _show(found, loaded.labels, form)
    if skipped:
        raise typer.Exit(1)


def _split(
    weights: str, loaded: "Loaded", examples: "Examples"
) -> "tuple[Examples, Examples | None] | None":
    from convcli.nets.training.resume import split_of

    if not loaded.run:
        return None
    try:
        return split_of(loaded.run, examples)
    except ConvError as error:
        raise error.about(printable(weights)) from error


def _unseen(weights: str, loaded: "Loaded", data: str, examples: "Examples") -> "Examples":
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


def _tell_of_training(weights: str, loaded: "Loaded", data: str, examples: "Examples") -> None:
    """Say so where a network is tested on what it has learned from."""
    from convcli.commands.progress import say

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


def _tested(loaded: "Loaded", examples: "Examples") -> "Work[Evaluation]":
    from convcli.engine.progress import Progress
    from convcli.nets.training.evaluation import evaluating, scoring, summed

    batches = []
    work = evaluating(scoring(loaded.model), examples, loaded.chosen.input, loaded.preparation)
    for done, loss, found in work:
        batches.append((loss, found))
        yield Progress("test", done, len(examples))
    return summed(examples, batches)


def _record(found: "Evaluation", labels: tuple[str, ...]) -> dict[str, object]:
    return {
        "accuracy": found.accuracy,
        "loss": found.loss if math.isfinite(found.loss) else None,
        "per_class": [None if math.isnan(a) else a for a in found.per_class],
        "confusion": found.confusion.tolist(),
        "labels": list(labels),
        "examples": found.examples,
    }


def _show(found: "Evaluation", labels: tuple[str, ...], form: str) -> None:
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
