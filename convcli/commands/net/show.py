"""`convcli net show`: a network's layers, what they take and what they see; of a file of weights, its tensors."""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from convcli import options
from convcli.commands.layer_table import layer_cells, print_layers, receptive_field, shared
from convcli.commands.net import options as own
from convcli.commands.net.choose import Chosen
from convcli.commands.net.network_argument import read_network
from convcli.commands.tables import table_form
from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.sizes.geometry import size_text
from convcli.nets.architecture.counts import COUNTED, LayerRecord, blocks, rule
from convcli.nets.architecture.summary import WINDOWS, Summary, as_numbers, csv_rows

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
            help="A network of net list, a file of layers (as shape's), of weights, an ONNX model, or -.",
            autocompletion=own.named,
        ),
    ],
    size: Annotated[
        list[str] | None,
        options.option(
            options.NETWORK,
            "--input",
            text="Input size; of an ONNX model also by name, once an input.",
            metavar="[NAME=]CxHxW",
        ),
    ] = None,
    axis: Annotated[
        list[str] | None,
        options.option(
            options.NETWORK,
            "--axis",
            text="How long an axis is that an ONNX model gives a name.",
            metavar="NAME=N",
        ),
    ] = None,
    classes: own.Classes = None,
    width: own.Width = None,
    width_all: own.WidthAll = False,
    depth: own.Depth = None,
    flops: Annotated[bool, options.option(options.OUTPUT, "--flops", text="2 x MACs.")] = False,
    count: Annotated[
        str | None,
        options.option(
            options.OUTPUT,
            "--count",
            text="Count these as well.",
            metavar="bias,bn,pool,act",
            autocompletion=options.words(lambda: COUNTED),
        ),
    ] = None,
    code: Annotated[
        own.Language | None,
        options.option(
            options.OUTPUT, "--code", text="Print it to be edited: as a file of layers, as PyTorch."
        ),
    ] = None,
    format: options.TableFormat = None,
    as_json: options.JsonFlag = False,
) -> None:
    """Show a network layer by layer: output, parameters, MACs, memory, receptive field.

    A table on a terminal, where blocks stand before their layers and sum them
    up; CSV in a pipe. JSON has all layers. Of a file of weights without a
    network its tensors.
    """
    form = table_form(format, as_json)
    also = [part.strip() for part in (count or "").split(",") if part.strip()]
    for part in also:
        if part not in COUNTED:
            raise one_of("--count", part, COUNTED)
    found = read_network(name, size or [], axis or [], classes, width, whole=width_all)
    if code is not None:
        if not isinstance(found, Chosen):
            raise ConvError(f"--code: {printable(name)} has no layers of the language", usage=True)
        print(_code(found, code), end="")
        return
    if isinstance(found, Chosen):
        found = found.counted()
    if found is None:
        from convcli.commands.net.tensors import show_tensors

        show_tensors(Path(name), form, depth)
        return
    if form == "json":
        import json  # a table needs none

        print(json.dumps(found.record(also, flops=flops)))
    elif form != "csv":
        _show(found, blocks(found.layers, depth), also, flops=flops, markdown=form == "md")
    else:
        listed = blocks(found.layers, depth) if depth else found.layers
        leaves = [x for x in listed if x.kind != "block" or x.depth + 1 == depth]
        keys = [*_KEYS, *["flops"] * flops, *WINDOWS]
        if any(layer.whole for layer in found.layers):
            keys.append("rf_local")
        if found.uncounted:
            keys.append("why")
        rows = csv_rows(leaves, keys, also, fraction=float)
        csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
        if found.uncounted:
            print(f"convcli: {printable(found.name)}: {_missing(found)}", file=sys.stderr)


def _code(chosen: Chosen, language: own.Language) -> str:
    if language == own.Language.torch:
        from convcli.nets.architecture.torch_code import chain_code

        return chain_code(chosen.net, chosen.input)
    from convcli.nets.architecture.layer_code import layer_text

    size = size_text(chosen.input)
    head = f"# {printable(chosen.name)}; convcli net show FILE --input {size}\n"
    return head + layer_text(chosen.net)


_KEYS = ("name", "layer", "output", "params", "macs", "activations", "rf", "jump", "start")


_COLUMNS = (
    *("layer", "kind", "kernel", "stride", "padding", "output"),
    *("params", "MACs", "bytes", "rf"),
)


def _show(
    found: Summary,
    layers: Sequence[LayerRecord],
    also: Sequence[str],
    *,
    flops: bool,
    markdown: bool,
) -> None:
    title = f"{found.name}, input {size_text(found.input)}"
    total = layer_cells(found.total, also, flops=flops)
    rows = (_cells(layer, also, flops=flops) for layer in layers)
    columns = ["FLOPs" if c == "MACs" and flops else c for c in _COLUMNS]
    foot = _foot(found, also, flops=flops)
    print_layers(columns, rows, total, title=title, foot=foot, markdown=markdown)


def _cells(layer: LayerRecord, also: Sequence[str], *, flops: bool) -> dict[str, object]:
    cells = layer_cells(layer, also, flops=flops)
    name = layer.name if layer.flat else layer.name.split(".", layer.depth)[-1]
    if layer.whole:
        cells["rf"] = f"{cells['rf']} ({shared(layer.rf_local)})"
    return {
        **cells,
        "layer": "  " * layer.depth + name,
        "kind": None if layer.kind == "block" else layer.kind,
        # as text, to the left
        **{c: None if cells[c] is None else str(cells[c]) for c in ("kernel", "stride", "rf")},
    }


def _foot(found: Summary, also: Sequence[str], *, flops: bool) -> list[str]:
    total = found.total
    lines = [
        rule(also, flops=flops),
        "bytes: the outputs as float32. Blocks sum up what is in them.",
    ]
    last = found.last_map
    if last is not None and last.lost:
        lines.insert(0, f"The receptive field is not known from {last.lost} on.")
    elif last is not None:
        seen = receptive_field(total)
        steps = shared(as_numbers(total.jump))
        lines.insert(
            0, f"{seen}, a unit every {steps} rows, at the last feature map ({last.name})."
        )
    if total.buffers:
        lines.append(
            f"Beside the parameters {total.buffers:,} numbers are kept (running statistics)."
        )
    if found.uncounted:
        lines.append(_missing(found))
    return lines


_NAMED = 8
"""Layers that are not counted, so many of which are named."""


def _missing(found: Summary) -> str:
    """Say what the total lacks."""
    named = [f"{x.name} ({x.kind}: {x.why})" for x in found.uncounted]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    least = found.total.macs or 0
    return f"MACs are at least {least:,}: not counted: {', '.join(named[:_NAMED])}{more}."
