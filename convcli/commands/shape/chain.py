"""`convcli shape -n CxHxW LAYERS…`: a chain of layers, counted."""

import csv
import json
import sys
from collections.abc import Sequence
from fractions import Fraction

from convcli import terminal
from convcli.commands.shape_asked import Asked
from convcli.commands.shape_chain_table import show
from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.sizes.geometry import size_text
from convcli.files.text import read_text
from convcli.nets.architecture.counts import COUNTED, Row, count, totals
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.torch_code import chain_code

__all__ = ["run"]

_HEAD = ("layer", "output", "params", "macs", "rf", "jump", "start")


def run(asked: Asked) -> None:
    """Read the layers, count them, show them."""
    if asked.n is None:
        raise ConvError("--input: missing, the chain needs C, CxL, CxHxW or CxDxHxW", usage=True)
    if asked.file and asked.layers:
        raise ConvError("--layers: got layers in the call as well, one is allowed", usage=True)
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
    elif asked.as_json:
        print(json.dumps(_record(asked, rows, also)))
    elif terminal.on_terminal():
        show(rows, also, flops=asked.flops)
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


def _record(asked: Asked, rows: list[Row], also: list[str]) -> dict[str, object]:
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
