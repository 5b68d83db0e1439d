"""`convcli net list`: the networks that have a name."""

import csv
import json
import sys

from convcli import options, terminal
from convcli.commands.tables import short_count, table_form
from convcli.engine.sizes.geometry import size_text
from convcli.nets.zoo import NETWORKS, Network

__all__ = ["EXAMPLES", "net_list"]

EXAMPLES = (
    "convcli net list",
    "convcli net list | grep mobilenet",
    "convcli net list --json",
)

_HEAD = ("name", "input", "classes", "params", "macs", "title")


def net_list(format: options.TableFormat = None, as_json: options.JsonFlag = False) -> None:
    """List the networks: the chapter's, U-Net, and those of torchvision.

    A table on a terminal, CSV in a pipe.
    """
    form = table_form(format, as_json)
    rows = NETWORKS.values()
    if form == "json":
        print(json.dumps([_record(row) for row in rows]))
        return
    cells: list[tuple[object, ...]] = [
        (row.name, size_text(row.input), row.classes, *row.counted, row.title) for row in rows
    ]
    if form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows([_HEAD, *cells])
        return
    columns = [
        terminal.Column("name", style="bold"),
        *(terminal.Column(head, spare) for head, spare in (("input", 2), ("classes", 3))),
        *(terminal.Column(head, right=True) for head in ("params", "MACs")),
        terminal.Column("what", 1, folds=_FOLDED),
    ]
    if form == "table":
        cells = [(*c[:3], short_count(c[3]), short_count(c[4]), *c[5:]) for c in cells]
    from convcli.nets.architecture.counts import rule

    foot = [rule(), "convcli net show NAME: its layers."]
    terminal.print_table(columns, cells, foot=foot, markdown=form == "md")


_FOLDED = 20
"""Cells that what a network is gets at least."""


def _record(row: Network) -> dict[str, object]:
    return {
        "name": row.name,
        "title": row.title,
        "input": list(row.input),
        "classes": row.classes,
        **dict(zip(("params", "macs"), row.counted, strict=True)),
    }
