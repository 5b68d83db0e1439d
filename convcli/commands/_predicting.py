"""The answers of `net predict`: computed input by input, shown or written."""

import json
from collections.abc import Sequence

import numpy as np

from convcli import terminal
from convcli.commands.net.load import Loaded
from convcli.commands.output import Request, deliver, print_path, tell
from convcli.commands.progress import say, watch
from convcli.engine.errors import ConvError, printable, shortened
from convcli.engine.progress import Note, Progress, Work
from convcli.engine.results import Ready
from convcli.files.operands import Operand, Reading, load
from convcli.files.text import read_text
from convcli.nets.model import Prediction
from convcli.terminal.streams import row_printer

__all__ = ["answer", "read_labels", "show"]


def answer(loaded: Loaded, names: Sequence[str], how: Reading) -> tuple[list[Prediction], bool]:
    """Answer for each input, and say whether all could be read.

    Raises
    ------
    ConvError
        None of several inputs, or the only one, could be read.
    """
    work = _answers(loaded, names, how)
    found = watch(work, lambda text: say(f"convcli: error: {shortened(text)}"))
    return found, {a.name.split("[")[0] for a in found} >= set(names)


def _answers(loaded: Loaded, names: Sequence[str], how: Reading) -> Work[list[Prediction]]:
    found: list[Prediction] = []
    soft = loaded.chosen.steps[-1].layer.kind == "softmax"
    for done, name in enumerate(names, 1):
        try:
            batch = loaded.batch(load(name, how))
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


def show(
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
