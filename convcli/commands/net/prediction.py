"""The work of `convcli net predict`: answers, feature maps, and the box that a unit sees."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from numpy.typing import NDArray

from convcli import terminal
from convcli.commands.net.choose import Overrides, is_onnx
from convcli.commands.net.labels import read_labels
from convcli.commands.net.load import Loaded, load_network
from convcli.commands.output import Request, deliver, print_path, tell
from convcli.commands.progress import say, watch
from convcli.engine.errors import ConvError, display_name, one_of, printable, shortened
from convcli.engine.progress import Note, Progress, Work
from convcli.engine.results import Ready
from convcli.engine.sizes.geometry import size_text
from convcli.files.inputs import listed, sources
from convcli.files.operands import Operand, Reading, check_single_stdin, load
from convcli.files.output import check_target, writing, written_through
from convcli.files.pictures.picture import Picture
from convcli.nets.architecture.steps import Step
from convcli.nets.model import Model, Prediction
from convcli.nets.model.feature_maps import (
    box,
    cut,
    feature_grid,
    last_maps,
    named_step,
    on_picture,
    with_box,
)
from convcli.nets.model.preprocessing import placed
from convcli.terminal.streams import row_printer

if TYPE_CHECKING:
    from convcli.commands.net.predict import PredictOptions

__all__ = ["outputs", "predict", "put_features", "put_logits", "show"]

Array = NDArray[Any]

_TOP = 5
_CELLS = 1 << 24
"""Numbers in the largest feature maps of a batch."""
_HEAD = ("input", "rank", "class", "label", "probability", "logit")


def predict(asked: "PredictOptions") -> None:
    """Prediction for each input, or draw what a layer or a unit sees of one.

    Raises
    ------
    ConvError
    typer.Exit
        With status 1, where some of several inputs could not be read.
    """
    inputs = _inputs(asked)
    drawing = asked.features is not None or asked.field is not None
    _check(asked, drawing)
    command = "field" if asked.field else "features" if asked.features else "predict"
    form = "json" if asked.as_json else asked.format
    markdown = form == "md" and not drawing and asked.output is None
    request = Request(command, asked.output, "table" if markdown else form, asked.force)
    _check_outputs(asked, request)
    if is_onnx(asked.name):
        from convcli.commands.net.onnx_prediction import predict_onnx

        predict_onnx(asked, inputs, request)
        return
    loaded = load_network(
        asked.name,
        asked.weights,
        Overrides(asked.size, asked.classes, asked.mean, asked.std, asked.resize, asked.crop),
    )
    if asked.kernels is not None:
        draw_kernels(loaded, asked.kernels, force=asked.force)
    reading = Reading(asked.allow_nan, asked.layout, asked.max_pixels)
    if asked.field is not None:
        if len(inputs) > 1:
            raise _one("--receptive-field", inputs)
        draw_field(
            loaded, load(inputs[0], reading), asked.features, asked.field, request, asked.on_picture
        )
    elif asked.features is not None:
        if not draw_features(loaded, inputs, reading, asked.features, request):
            raise typer.Exit(1)
    else:
        last = loaded.chosen.steps[-1]
        if any(n > 1 for n in last.output[1:]):
            raise ConvError(
                f"{printable(loaded.chosen.name)}: ends in maps, {size_text(last.output)}, and not in a score "
                f"a class: --features {printable(last.name)} draws them, with -o x.npy as numbers",
                usage=True,
            )
        count = last.activations
        names = read_labels(asked.labels, count) if asked.labels else loaded.labels
        soft = last.layer.kind == "softmax"
        named, logits, whole = outputs(loaded, loaded.model, inputs, reading)
        answers = [Prediction(n, x.reshape(-1), soft) for n, x in zip(named, logits, strict=True)]
        if answers:
            labels = names if names and len(names) == count else None
            show(answers, labels, request, asked.top, markdown)
        if asked.logits is not None and answers:
            put_logits(answers, replace(request, output=asked.logits, format="auto"))
        if not whole:
            raise typer.Exit(1)


def _inputs(asked: "PredictOptions") -> list[str]:
    given = list(asked.inputs or [])
    check_single_stdin(*given, asked.files_from or "")
    if asked.files_from is not None:
        given += listed(asked.files_from)
    if not given:
        got = "none" if asked.files_from is None else f"none from {printable(asked.files_from)}"
        raise ConvError(f"INPUT: got {got}, at least one file is needed", usage=True)
    return [source.name for source in sources(given, recursive=asked.recursive)]


def _check(asked: "PredictOptions", drawing: bool) -> None:
    """Refuse options that would have no part in what is asked for."""
    if drawing:
        idle = {"--top": asked.top, "--labels": asked.labels, "--logits": asked.logits}
        said = next((name for name, value in idle.items() if value is not None), None)
        if said is not None:
            by = "--receptive-field" if asked.field is not None else "--features"
            raise ConvError(f"{said}: is of answers, {by} gives none", usage=True)
    elif _of_logits(asked.output) and asked.top is not None:
        raise ConvError(
            f"--top: {printable(asked.output)} holds the logits of all classes, "
            "a .csv or .json file the answers",
            usage=True,
        )
    if asked.on_picture and asked.field is None:
        raise ConvError("--on-picture: is of --receptive-field, which is missing", usage=True)


def _of_logits(output: str | None) -> bool:
    return (output or "").lower().endswith(".npy")


def _check_outputs(asked: "PredictOptions", request: Request) -> None:
    """Refuse files that may not be written, before the work starts."""
    drawing = request.command != "predict"
    for name in (asked.logits, None if drawing or asked.output == "-" else asked.output):
        if name is not None:
            check_target(Path(name), force=asked.force)
    if drawing or asked.output in (None, "-") or request.format != "auto":
        return
    path = Path(str(asked.output))
    known = (".csv", ".json", ".npy")
    if path.suffix.lower() not in known and not written_through(path):
        raise one_of("suffix", path.suffix, known).about(printable(path))


def _one(option: str, inputs: Sequence[str]) -> ConvError:
    return ConvError(
        f"{option}: got {len(inputs)} inputs, one is drawn at a time"
        + (", -o FILE.npy takes all" if option == "--features" else ""),
        usage=True,
    )


def outputs(
    loaded: Loaded, model: Model, names: Sequence[str], reading: Reading
) -> tuple[list[str], list[Array], bool]:
    """Return what a network gives for each picture of each input, and whether all could be read.

    Raises
    ------
    ConvError
        None of several inputs, or the only one, could be read.
    """
    work = _computed(loaded, model, names, reading)
    return watch(work, lambda text: say(f"convcli: error: {shortened(text)}"))


def _computed(
    loaded: Loaded, model: Model, names: Sequence[str], reading: Reading
) -> Work[tuple[list[str], list[Array], bool]]:
    named: list[str] = []
    found: list[Array] = []
    whole = True
    largest = max(step.activations for step in model.steps)
    most = min(max(_CELLS // largest, 1), 256)
    for done, name in enumerate(names, 1):
        first = len(found)
        try:
            for batch in _batches(loaded, name, reading, most):
                found += list(model.forward(batch))
                yield Progress("predict", done - 1, len(names))
        except ConvError as error:
            if error.usage or len(names) == 1:
                raise
            yield Note(str(error))
            whole = False
        count = len(found) - first
        named += [name] if count == 1 else [f"{name}[{i}]" for i in range(count)]
        yield Progress("predict", done, len(names))
    return named, found, whole


def _batches(loaded: Loaded, name: str, reading: Reading, most: int) -> Iterator[Array]:
    """Make the network's input of what a file holds, so many at a time."""
    from convcli.files.datasets import read_unlabelled

    pictures = read_unlabelled(name, max_pixels=reading.max_pixels)
    if pictures is None:
        x = loaded.batch(load(name, reading))
        yield from (x[i : i + most] for i in range(0, len(x), most))
        return
    from convcli.commands.net.training_run import same_scale
    from convcli.nets.training.examples import Examples

    tell(name, pictures.notes)
    pictures = same_scale(pictures, loaded.white, None)
    assert pictures.x is not None
    count = len(pictures)
    examples = Examples(pictures.x, np.zeros(count, np.int64), ("",), pictures.white or 1)
    for i in range(0, count, most):
        try:
            yield examples.batch(slice(i, i + most), loaded.chosen.input, loaded.preparation)
        except ConvError as error:
            raise error if error.usage else error.about(display_name(name)) from error


def show(
    answers: Sequence[Prediction],
    labels: Sequence[str] | None,
    request: Request,
    top: int | None,
    markdown: bool,
) -> None:
    """Show the most probable classes, or put them where -o says."""
    if _of_logits(request.output):
        print_path(put_logits(answers, request))
        return
    top = top or _TOP
    path = None if request.output in (None, "-") else Path(str(request.output))
    form = request.format
    if form == "auto" and path is not None:
        form = "json" if path.suffix.lower() == ".json" else "csv"
    records = [_record(a, labels, top) for a in answers]
    if form == "json":
        text = json.dumps(records)
    if path is None and form == "json":
        print(text)
        return
    rows = [
        (r["input"], rank, *best.values()) for r in records for rank, best in enumerate(r["top"], 1)
    ]
    if path is not None:
        if form not in ("csv", "json"):
            raise ConvError(
                f"--format {form}: got -o as well, csv or json goes to a file", usage=True
            )
        if form == "csv":
            table = io.StringIO()
            csv.writer(table, lineterminator="\n").writerows([_HEAD, *rows])
            text = table.getvalue().removesuffix("\n")
        with writing(path, force=request.force) as file:
            file.write(text.encode("utf-8", "surrogateescape") + b"\n")
        print_path(path)
    elif form == "table" or (form == "auto" and not request.output and terminal.on_terminal()):
        terminal.print_table(list(_HEAD), rows, markdown=markdown)
    else:
        write = row_printer()
        for row in (_HEAD, *rows):
            write(row)


def _record(found: Prediction, labels: Sequence[str] | None, top: int) -> dict[str, Any]:
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


def put_logits(answers: Sequence[Prediction], request: Request) -> Path:
    """Write all numbers of all answers, a row each."""
    logits = np.stack([a.logits for a in answers])
    delivered = deliver(Operand(answers[0].name, logits), Ready(logits), request)
    tell(answers[0].name, delivered.notes)
    assert delivered.path is not None
    return delivered.path


def draw_features(
    loaded: Loaded, inputs: Sequence[str], reading: Reading, layer: str, request: Request
) -> bool:
    """Draw what a layer or block gives for a picture as a grid, or put it as numbers where -o says, for all inputs.

    Returns
    -------
    bool
        Whether all inputs could be read.

    Raises
    ------
    ConvError
    """
    step = named_step(loaded.chosen.steps, layer)
    maps, drawn = len(step.output) == 3, not _raw(request)
    if maps and drawn and len(inputs) > 1:
        raise _one("--features", inputs)
    named, found, whole = outputs(loaded, _up_to(loaded, step), inputs, reading)
    if not named:
        return False
    put_features(inputs, named, found, request)
    return whole


def put_features(
    inputs: Sequence[str], named: Sequence[str], found: Sequence[Array], request: Request
) -> None:
    """Put what a layer gives where it belongs: maps of one picture as a grid, else numbers.

    Raises
    ------
    ConvError
    """
    maps = found[0].ndim == 3
    if maps and not _raw(request):
        if len(named) > 1:
            raise _one("--features", named)
        grid = feature_grid(found[0])
        _put(Operand(inputs[0], grid, Picture(grid)), grid, request)
        return
    values = found[0] if maps and len(found) == 1 else np.stack(found)
    shown = values if maps else values.reshape(len(values), -1)
    _put(Operand(inputs[0], shown), shown, request)


def _up_to(loaded: Loaded, step: Step) -> Model:
    """Return the part of a network that ends in a step; the weights are shared."""
    part = Model(loaded.chosen.steps[: step.number])
    part.load(loaded.model.tensors())
    return part


def draw_kernels(loaded: Loaded, name: str, *, force: bool) -> None:
    """Draw the kernels of the first convolution, of three channels in colour.

    Raises
    ------
    ConvError
        The network has none, or they are too many.
    """
    from convcli.commands.drawing import draws
    from convcli.figures.kernels import kernels_page

    figure = draws(name, force=force, moving=False)
    tensors = loaded.model.tensors().items()
    found = next(((n, t) for n, t in tensors if n.endswith("weight") and t.ndim == 4), None)
    if found is None:
        raise ConvError("--kernels: the network has no convolution", usage=True)
    layer = found[0].removesuffix("weight").rstrip("._")
    try:
        figure.write([kernels_page(found[1], f"kernels of {layer}", colours=True)])
    except ConvError as error:
        raise error.about("--kernels") from error


def _raw(request: Request) -> bool:
    """Whether values are wanted, not a picture."""
    return request.format == "npy" or (request.output or "").lower().endswith((".npy", ".csv"))


def draw_field(
    loaded: Loaded,
    operand: Operand,
    layer: str | None,
    unit: tuple[int, int],
    request: Request,
    whole: bool = False,
) -> None:
    """Draw the box that a unit sees on the network's input, or, with `whole`, on the picture; what is outside is cut."""
    steps = loaded.chosen.steps
    where = box(named_step(steps, layer) if layer else last_maps(steps), unit)
    if operand.picture is None:
        raise ConvError(f"{printable(operand.name)}: is an array, the box is drawn on a picture")
    planes = loaded.picture(operand)
    size, said = planes.shape[1:], ""
    notes = [f"the unit sees {_spoken(where)}"]
    if whole:
        picture = operand.values.shape[-2:]
        resized, start = placed(picture, size, loaded.preparation.resize)
        where, size = on_picture(where, resized, start, picture), picture
        planes = np.asarray(operand.values, np.float32) / np.float32(operand.picture.full_scale)
        planes = planes.reshape(-1, *size)
        notes[0] += f" of the input of {size_text(loaded.chosen.input[1:])}"
        notes.append(f"of the picture of {size_text(size)} {_spoken(where)}")
    inside = cut(where, size)
    if inside != where:
        said = f", cut to {_spoken(inside)}"
    notes[-1] += said
    drawn = with_box(planes, inside, enlarged=not _raw(request))
    tell(operand.name, tuple(notes))
    _put(replace(operand, values=drawn, picture=Picture(drawn)), drawn, request)


def _spoken(where: tuple[tuple[int, int], tuple[int, int]]) -> str:
    (top, bottom), (left, right) = where
    return f"rows {top} to {bottom}, columns {left} to {right}"


def _put(operand: Operand, values: Array, request: Request) -> None:
    delivered = deliver(operand, Ready(values), request)
    tell(operand.name, delivered.notes)
    if delivered.path is not None:
        if delivered.picture is not None and terminal.on_terminal() and request.preview:
            terminal.draw_pictures([delivered.picture])
        print_path(delivered.path)
