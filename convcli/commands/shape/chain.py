"""`convcli shape -n CxHxW LAYERS…`: a chain of layers, counted."""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction

from convcli import terminal
from convcli.commands.shape.flags import ShapeOptions
from convcli.commands.tables import table_form
from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.sizes.geometry import size_text
from convcli.engine.sizes.notation import padding_text
from convcli.files.text import read_text
from convcli.nets.architecture.counts import BYTES, COUNTED, Row, count, rule, totals
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.torch_code import chain_code

__all__ = ["run", "show"]

_HEAD = ("layer", "output", "params", "macs", "rf", "jump", "start")


def run(asked: ShapeOptions) -> None:
    """Read the layers, count them, show them."""
    if asked.n is None:
        raise ConvError("--input: missing, the chain needs C, CxL, CxHxW or CxDxHxW", usage=True)
    if asked.file and asked.layers:
        raise ConvError("--layers: got layers in the call as well, one is allowed", usage=True)
    form = table_form(asked.format, asked.as_json)
    also = [name.strip() for name in (asked.count or "").split(",") if name.strip()]
    for name in also:
        if name not in COUNTED:
            raise one_of("--count", name, COUNTED)
    if asked.file:
        net = read_chain(read_text(asked.file), name=asked.file)
    else:
        net = read_chain(" ".join(asked.layers or []))
    try:
        rows = count(net, asked.n)
    except ConvError as error:
        if asked.file:
            raise error.about(printable(asked.file)) from error
        raise
    if asked.code:
        print(chain_code(net, asked.n), end="")
    elif form == "json":
        print(json.dumps(_record(asked, rows, also)))
    elif form != "csv":
        show(rows, also, flops=asked.flops, markdown=form == "md")
    else:
        write = csv.writer(sys.stdout, lineterminator="\n").writerow
        write([*_HEAD, *(["flops"] if asked.flops else [])])
        for row in rows:
            write(
                [
                    row.layer.text,
                    size_text(row.output),
                    row.params,
                    row.operations(also),
                    *map(_joined, (row.rf, row.jump, row.start)),
                    *([row.operations(also, flops=True)] if asked.flops else []),
                ]
            )


def _joined(values: Sequence[Fraction | int] | None) -> str:
    return "" if values is None else "x".join(map(str, values))


def _numbers(values: Sequence[Fraction | int] | None) -> list[float] | None:
    if values is None:
        return None
    return [float(v) if isinstance(v, Fraction) else v for v in values]


def _record(asked: ShapeOptions, rows: list[Row], also: list[str]) -> dict[str, object]:
    layers = [
        {
            "layer": row.layer.text,
            "kind": row.layer.kind,
            "output": list(row.output),
            "params": row.params,
            "macs": row.operations(also),
            **({"flops": row.operations(also, flops=True)} if asked.flops else {}),
            "rf": _numbers(row.rf),
            "jump": _numbers(row.jump),
            "start": _numbers(row.start),
        }
        for row in rows
    ]
    sums = totals(rows, also)
    total = {"params": sums.params, "macs": sums.macs}
    total |= {"flops": sums.flops} if asked.flops else {}
    total |= {"buffers": sums.buffers, "activations": sums.activations}
    return {"input": list(asked.n or ()), "layers": layers, "totals": total}


def show(rows: list[Row], also: Sequence[str], *, flops: bool, markdown: bool = False) -> None:
    """Print a row a layer, the totals, and the rule they were counted by."""
    sums = totals(rows, also)
    columns = [
        terminal.Column("#", 4, "dim"),
        terminal.Column("layer"),
        terminal.Column("kernel", 6),
        terminal.Column("stride", 6),
        terminal.Column("padding", 5),
        terminal.Column("output", style="bold"),
        terminal.Column("params"),
        terminal.Column("FLOPs" if flops else "MACs"),
        terminal.Column("bytes", 3),
        terminal.Column("rf", 1),
        terminal.Column("jump", 2),
        terminal.Column("start", 7),
    ]
    work = sums.flops if flops else sums.macs
    terminal.print_table(
        columns,
        [
            (
                row.number,
                "  " * len(row.path) + row.layer.text,
                _one([a.k for a in row.axes]),
                _one([a.s for a in row.axes]),
                _pad([(a.before, a.after) for a in row.axes]),
                size_text(row.output),
                row.params,
                row.operations(also, flops=flops),
                row.activations * BYTES,
                _one(row.rf),
                _one(row.jump),
                _one(row.start),
            )
            for row in rows
        ],
        total=[
            *(None, "total", None, None, None, None),
            *(sums.params, work, sums.activations * BYTES),
            *(None, None, None),
        ],
        foot=[
            *_seen(rows),
            rule(also, flops=flops),
            "bytes: the output as float32. rf, jump, start: input rows that a unit sees, from one "
            "unit to the next, and where the first begins.",
        ],
        markdown=markdown,
    )


def _seen(rows: list[Row]) -> Iterator[str]:
    for row in [row for row in rows if row.fields is not None][-1:]:
        yield (
            f"Receptive field {_one(row.rf)}, jump {_one(row.jump)}, "
            f"after layer {row.number} ({row.layer.text})."
        )


def _one(values: Sequence[int | Fraction] | None) -> int | str | None:
    """Show one number for all axes where they agree."""
    if not values:
        return None
    if len(set(values)) == 1 and isinstance(values[0], int):
        return values[0]
    return "x".join(map(str, values[:1] if len(set(values)) == 1 else values))


def _pad(pairs: Sequence[tuple[int, int]]) -> str | None:
    if not pairs:
        return None
    return padding_text(pairs[:1] if len(set(pairs)) == 1 else pairs)
