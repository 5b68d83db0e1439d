"""`convcli net list`: the networks that have a name."""

import csv
import json
import sys

from convcli import options, terminal
from convcli.engine.sizes.geometry import size_text
from convcli.nets.zoo import NETWORKS, Network

__all__ = ["EXAMPLES", "net_list"]

EXAMPLES = (
    "convcli net list",
    "convcli net list | grep resnet",
    "convcli net list --json",
)

_HEAD = ("name", "input", "classes", "params", "macs", "title")


def net_list(as_json: options.JsonFlag = False) -> None:
    """List the networks: the chapter's, and those whose weights torchvision publishes.

    A table on a terminal, CSV in a pipe.
    """
    rows = NETWORKS.values()
    if as_json:
        print(json.dumps([_record(row) for row in rows]))
        return
    cells = [(row.name, size_text(row.input), row.classes, *row.counted, row.title) for row in rows]
    if not terminal.on_terminal():
        csv.writer(sys.stdout, lineterminator="\n").writerows([_HEAD, *cells])
        return
    columns = [
        terminal.Column("name", style="bold"),
        *(terminal.Column(head, spare) for head, spare in (("input", 2), ("classes", 3))),
        *(terminal.Column("params"), terminal.Column("MACs"), terminal.Column("what", 1)),
    ]
    from convcli.nets.architecture.counts import rule

    foot = [rule(), "convcli net show NAME: its layers."]
    terminal.print_table(columns, cells, foot=foot)


def _record(row: Network) -> dict[str, object]:
    return {
        "name": row.name,
        "title": row.title,
        "input": list(row.input),
        "classes": row.classes,
        **dict(zip(("params", "macs"), row.counted, strict=True)),
    }
