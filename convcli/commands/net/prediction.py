"""The work of `convcli net predict`: answers, feature maps, and the box that a unit sees."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from numpy.typing import NDArray

from convcli import terminal
from convcli.commands.net.choose import Overrides
from convcli.commands.net.load import Loaded, load_network
from convcli.commands.output import Request, deliver, print_path, tell
from convcli.commands.progress import say, watch
from convcli.engine.errors import ConvError, printable, shortened
from convcli.engine.progress import Note, Progress, Work
from convcli.engine.results import Ready
from convcli.files.operands import Operand, Reading, check_single_stdin, load
from convcli.files.pictures.picture import Picture
from convcli.files.text import read_text
from convcli.nets.model import Prediction
from convcli.nets.model.feature_maps import box, feature_grid, last_maps, named_step, with_box
from convcli.terminal.streams import row_printer

if TYPE_CHECKING:
    from convcli.commands.net.predict import PredictOptions

__all__ = ["predict"]


def predict(asked: "PredictOptions") -> None:
    """Prediction for each input, or draw what a layer or a unit sees of one.

    Raises
    ------
    ConvError
    typer.Exit
        With status 1, where some of several inputs could not be read.
    """
    check_single_stdin(*asked.inputs)
    drawing = asked.features is not None or asked.field is not None
    if drawing and len(asked.inputs) > 1:
        raise ConvError(f"--features: got {len(asked.inputs)} inputs, one is allowed", usage=True)
    command = "field" if asked.field else "features" if asked.features else "predict"
    form = "json" if asked.as_json else asked.format
    request = Request(command, asked.output, form, asked.force)
    loaded = load_network(
        asked.name,
        asked.weights,
        Overrides(asked.size, asked.classes, asked.mean, asked.std, asked.resize, asked.crop),
    )
    reading = Reading(asked.allow_nan, asked.layout, asked.max_pixels)
    if asked.field is not None:
        draw_field(loaded, load(asked.inputs[0], reading), asked.features, asked.field, request)
    elif asked.features is not None:
        draw_features(loaded, load(asked.inputs[0], reading), asked.features, request)
    else:
        count = loaded.chosen.steps[-1].activations
        names = read_labels(asked.labels, count) if asked.labels else loaded.labels
        answers, whole = _predictions_of(loaded, asked.inputs, reading)
        _show(answers, names if names and len(names) == count else None, request, asked.top)
        if not whole:
            raise typer.Exit(1)


def _predictions_of(
    loaded: Loaded, names: Sequence[str], reading: Reading
) -> tuple[list[Prediction], bool]:
    """Prediction for each input, and say whether all could be read.

    Raises
    ------
    ConvError
        None of several inputs, or the only one, could be read.
    """
    work = _predicted(loaded, names, reading)
    found = watch(work, lambda text: say(f"convcli: error: {shortened(text)}"))
    return found, {a.name.split("[")[0] for a in found} >= set(names)


def _predicted(loaded: Loaded, names: Sequence[str], reading: Reading) -> Work[list[Prediction]]:
    found: list[Prediction] = []
    soft = loaded.chosen.steps[-1].layer.kind == "softmax"
    for done, name in enumerate(names, 1):
        try:
            batch = loaded.batch(load(name, reading))
        except ConvError as error:
            if error.usage or len(names) == 1:
                raise
            yield Note(str(error))
            continue
        for i in range(len(batch)):
            logits = loaded.model.forward(batch[i : i + 1])[0].reshape(-1)
            found.append(Prediction(f"{name}[{i}]" if len(batch) > 1 else name, logits, soft))
        yield Progress("predict", done, len(names))
    return found


def _show(
    answers: Sequence[Prediction], labels: Sequence[str] | None, request: Request, top: int
) -> None:
    """Show the most probable classes, or write all logits where -o says."""
    if request.output is not None and answers:
        logits = np.stack([a.logits for a in answers])
        delivered = deliver(Operand(answers[0].name, logits), Ready(logits), request)
        tell(answers[0].name, delivered.notes)
        if delivered.path is not None:
            print_path(delivered.path)
        return
    rows = [
        (
            a.name,
            rank,
            c,
            labels[c] if labels else str(c),
            float(a.probabilities[c]),
            float(a.logits[c]),
        )
        for a in answers
        for rank, c in enumerate(a.best(top), 1)
    ]
    head = ("input", "rank", "class", "label", "probability", "logit")
    if request.format == "json":
        print(json.dumps([_record(a, labels, top) for a in answers]))
    elif request.format == "table" or (request.format == "auto" and terminal.on_terminal()):
        terminal.print_table(list(head), rows)
    else:
        write = row_printer()
        for row in (head, *rows):
            write(row)


def _record(found: Prediction, labels: Sequence[str] | None, top: int) -> dict[str, object]:
    best = [
        {
            "class": c,
            "label": labels[c] if labels else str(c),
            "probability": float(found.probabilities[c]),
            "logit": float(found.logits[c]),
        }
        for c in found.best(top)
    ]
    return {"input": found.name, "top": best}


def read_labels(name: str, count: int) -> tuple[str, ...]:
    """Read a file of one label a line.

    Raises
    ------
    ConvError
        It has not one a class.
    """
    found: Sequence[str] = read_text(name).splitlines()
    if len(found) != count:
        raise ConvError(f"{printable(name)}: has {len(found)} lines, the network {count} classes")
    return tuple(found)


Array = NDArray[Any]


def draw_features(loaded: Loaded, operand: Operand, layer: str, request: Request) -> None:
    """Draw a layer's feature maps as a grid, or write them as they are to an NPY file."""
    step = named_step(loaded.chosen.steps, layer)
    loaded.model.forward(loaded.batch(operand)[:1], keep=[step.name])
    maps = loaded.model.kept[step.name][0]
    raw = request.format == "npy" or (request.output or "").lower().endswith((".npy", ".csv"))
    if raw:
        _put(Operand(operand.name, maps), maps, request)
        return
    grid = feature_grid(maps)
    _put(Operand(operand.name, grid, Picture(grid)), grid, request)


def draw_field(
    loaded: Loaded, operand: Operand, layer: str | None, unit: tuple[int, int], request: Request
) -> None:
    """Draw the box that a unit sees on the network's input."""
    steps = loaded.chosen.steps
    where = box(named_step(steps, layer) if layer else last_maps(steps), unit)
    if operand.picture is None:
        raise ConvError(f"{printable(operand.name)}: is an array, the box is drawn on a picture")
    planes = with_box(loaded.picture(operand), where)
    (top, bottom), (left, right) = where
    tell(operand.name, (f"the unit sees rows {top} to {bottom}, columns {left} to {right}",))
    _put(Operand(operand.name, planes, Picture(planes)), planes, request)


def _put(operand: Operand, values: Array, request: Request) -> None:
    delivered = deliver(operand, Ready(values), request)
    tell(operand.name, delivered.notes)
    if delivered.path is not None:
        if delivered.picture is not None and terminal.on_terminal() and request.preview:
            terminal.draw_pictures([delivered.picture])
        print_path(delivered.path)
