"""`convcli net show`: a network's layers, what they take and what they see."""

import csv
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from convcli import options
from convcli.commands.layer_table import layer_cells, print_layers, shared
from convcli.commands.net import options as own
from convcli.commands.net.choose import choose
from convcli.commands.tables import table_form
from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import size_text
from convcli.nets.architecture.counts import LayerRecord, blocks, rule
from convcli.nets.architecture.summary import WINDOWS, Summary, as_numbers, csv_rows
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
    width_all: own.WidthAll = False,
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
        if width is not None or width_all:
            raise ConvError("--width: an ONNX model is counted as it is", usage=True)
        from convcli.nets.architecture import onnx_model

        found = onnx_model.read(name, size, classes)
    else:
        chosen = choose(name, size, classes, width, whole=width_all)
        found = Summary(chosen.name, chosen.input, tuple(chosen.steps))
    if form == "json":
        import json  # a table needs none

        print(json.dumps(found.record()))
    elif form != "csv":
        _show(found, blocks(found.layers, depth), markdown=form == "md")
    else:
        shown = blocks(found.layers, depth) if depth else found.layers
        leaves = [x for x in shown if x.kind != "block" or x.depth + 1 == depth]
        rows = csv_rows(leaves, _KEYS, fraction=float)
        csv.writer(sys.stdout, lineterminator="\n").writerows(rows)


_KEYS = (
    *("name", "layer", "output", "params", "macs", "activations", "rf", "jump", "start"),
    *WINDOWS,
)


_COLUMNS = [
    "layer",
    "kind",
    "kernel",
    "stride",
    "padding",
    "output",
    "params",
    "MACs",
    "bytes",
    "rf",
]


def _show(found: Summary, layers: Sequence[LayerRecord], *, markdown: bool) -> None:
    title = f"{found.name}, input {size_text(found.input)}"
    total = layer_cells(found.total)
    rows = map(_cells, layers)
    print_layers(_COLUMNS, rows, total, title=title, foot=_foot(found), markdown=markdown)


def _cells(layer: LayerRecord) -> dict[str, object]:
    cells = layer_cells(layer)
    return {
        **cells,
        "layer": "  " * layer.depth + layer.name.split(".", layer.depth)[-1],
        "kind": None if layer.kind == "block" else layer.kind,
        # as text, to the left
        **{c: None if cells[c] is None else str(cells[c]) for c in ("kernel", "stride", "rf")},
    }


def _foot(found: Summary) -> list[str]:
    total = found.total
    lines = [rule(), "bytes: the outputs as float32. Blocks sum up what is in them."]
    if total.rf:
        seen = f"Receptive field {shared(total.rf)}, a unit every {shared(as_numbers(total.jump))} rows"
        lines.insert(0, f"{seen}, at the last feature map.")
    if total.buffers:
        lines.append(
            f"Beside the parameters {total.buffers:,} numbers are kept (running statistics)."
        )
    if found.not_counted:
        lines.append(f"Not counted: {', '.join(found.not_counted)}.")
    return lines
