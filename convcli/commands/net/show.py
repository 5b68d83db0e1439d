"""`convcli net show`: a network's layers, what they take and what they see."""

import csv
import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from convcli import options, terminal
from convcli.commands.net import options as own
from convcli.commands.net.choose import choose
from convcli.commands.tables import table_form
from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import size_text
from convcli.nets.architecture import onnx_model
from convcli.nets.architecture.counts import rule
from convcli.nets.architecture.summary import Line, Summary, blocks, summary
from convcli.nets.zoo import NETWORKS

__all__ = ["EXAMPLES", "net_show"]

EXAMPLES = (
    "convcli net show lenet",
    "convcli net show torchvision/resnet50 --depth 1",
    "echo 'conv:8,k3 relu gap flatten linear:2' | convcli net show - --input 1x9x9",
)


def net_show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="A network of net list, a file of layers (as shape's), an ONNX model, or -.",
            autocompletion=own.named,
        ),
    ],
    size: own.Size = None,
    classes: own.Classes = None,
    width: own.Width = None,
    depth: own.Depth = None,
    format: options.TableFormat = None,
    as_json: options.JsonFlag = False,
) -> None:
    """Show a network layer by layer: output, parameters, MACs, memory, receptive field.

    A table on a terminal, where blocks stand before their layers and sum them
    up; CSV in a pipe. JSON has all layers.
    """
    form = table_form(format, as_json)
    if name.lower().endswith(".onnx") and name not in NETWORKS:
        if width is not None:
            raise ConvError("--width: an ONNX model is counted as it is", usage=True)
        found = onnx_model.read(name, size, classes)
    else:
        chosen = choose(name, size, classes, width)
        found = summary(chosen.name, chosen.input, chosen.steps)
    if form == "json":
        print(json.dumps(found.record()))
    elif form != "csv":
        _show(found, blocks(found.lines, depth), markdown=form == "md")
    else:
        leaves = blocks(found.lines, depth) if depth else found.lines
        _write([line for line in leaves if line.kind != "block" or line.depth + 1 == depth])


_NUMBERS, _SEEN = ("params", "macs", "activations"), ("rf", "jump", "start")


def _write(lines: Sequence[Line]) -> None:
    write = csv.writer(sys.stdout, lineterminator="\n").writerow
    write(["name", "layer", "output", *_NUMBERS, *_SEEN])
    for line in lines:
        seen = ["" if (v := getattr(line, key)) is None else "x".join(map(str, v)) for key in _SEEN]
        numbers = [getattr(line, key) for key in _NUMBERS]
        write([line.name, line.text or line.kind, size_text(line.output), *numbers, *seen])


def _show(found: Summary, lines: Sequence[Line], *, markdown: bool) -> None:
    heads = [("layer", 0), ("kind", 4), ("kernel", 7), ("stride", 7), ("padding", 6), ("output", 0)]
    columns = [terminal.Column(title, spare) for title, spare in heads]
    columns += [terminal.Column("params"), terminal.Column("MACs"), terminal.Column("bytes", 3)]
    columns += [terminal.Column("rf", 1)]
    total = found.total
    terminal.print_table(
        columns,
        [
            (
                "  " * line.depth + line.name.split(".", line.depth)[-1],
                *(None if line.kind == "block" else line.kind, line.kernel, line.stride),
                *(line.padding, size_text(line.output), line.params),
                *("?" if line.macs is None else line.macs, line.memory, _one(line.rf)),
            )
            for line in lines
        ],
        title=f"{found.name}, input {size_text(found.input)}",
        total=["total", *[None] * 5, total.params, total.macs, total.memory, None],
        foot=_foot(found),
        markdown=markdown,
    )


def _foot(found: Summary) -> list[str]:
    total = found.total
    lines = [rule(), "bytes: the outputs as float32. Blocks sum up what is in them."]
    if total.rf:
        seen = f"Receptive field {_one(total.rf)}, a unit every {_one(total.jump)} rows"
        lines.insert(0, f"{seen}, at the last feature map.")
    if total.buffers:
        lines.append(
            f"Beside the parameters {total.buffers:,} numbers are kept (running statistics)."
        )
    if found.not_counted:
        lines.append(f"Not counted: {', '.join(found.not_counted)}.")
    return lines


def _one(values: Sequence[int | float] | None) -> str | None:
    if not values:
        return None
    return "x".join(map(str, values[:1] if len(set(values)) == 1 else values))
