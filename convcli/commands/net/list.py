"""`convcli net list`: the networks that have a name."""

import csv
import json
import sys

from convcli import options, terminal
from convcli.commands.tables import table_form
from convcli.engine.sizes.geometry import size_text
from convcli.nets.architecture.counts import rule
from convcli.nets.architecture.steps import program
from convcli.nets.architecture.summary import Line, summary
from convcli.nets.zoo import NETWORKS, Network

__all__ = ["EXAMPLES", "net_list"]

EXAMPLES = (
    "convcli net list",
    "convcli net list | grep resnet",
    "convcli net list --json",
)

_HEAD = ("name", "input", "classes", "params", "macs", "title")


def net_list(format: options.TableFormat = None, as_json: options.JsonFlag = False) -> None:
    """List the networks: the chapter's, and those whose weights torchvision publishes.

    A table on a terminal, CSV in a pipe.
    """
    form = table_form(format, as_json)
    rows = [(row, _total(row)) for row in NETWORKS.values()]
    if form == "json":
        print(json.dumps([_record(row, total) for row, total in rows]))
        return
    cells = [
        (row.name, size_text(row.input), row.classes, total.params, total.macs, row.title)
        for row, total in rows
    ]
    if form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows([_HEAD, *cells])
        return
    columns = [
        terminal.Column("name", style="bold"),
        *(terminal.Column(head, spare) for head, spare in (("input", 2), ("classes", 3))),
        *(terminal.Column("params"), terminal.Column("MACs"), terminal.Column("what", 1)),
    ]
    foot = [rule(), "convcli net show NAME: its layers."]
    terminal.print_table(columns, cells, foot=foot, markdown=form == "md")


def _total(row: Network) -> Line:
    return summary(row.name, row.input, program(row.build(row.classes), row.input)).total


def _record(row: Network, total: Line) -> dict[str, object]:
    return {
        "name": row.name,
        "title": row.title,
        "input": list(row.input),
        "classes": row.classes,
        "params": total.params,
        "macs": total.macs,
    }
