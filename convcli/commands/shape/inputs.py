"""`convcli shape --out … LAYERS…`: the inputs of a chain that give maps of a size."""

import csv
import json
import sys
from itertools import islice, product

from convcli import terminal
from convcli.commands.shape.flags import ShapeOptions
from convcli.commands.tables import table_form
from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.geometry import size_text
from convcli.files.text import read_text
from convcli.nets.architecture.inverse import inputs_for, runs
from convcli.nets.architecture.parser import read_chain

__all__ = ["run"]

_MOST = 1000
"""Sizes that are listed, an axis and in all."""
_USUAL = 3
"""Channels, unless -n says how many."""


def run(asked: ShapeOptions) -> None:
    """Search, and show what was found."""
    assert asked.out
    form = table_form(asked.format, asked.as_json)
    if asked.file and asked.layers:
        raise ConvError("--layers: got layers in the call as well, one is allowed", usage=True)
    if asked.n is not None and len(asked.n) != 1:
        raise ConvError(
            f"--input: got {size_text(asked.n)}, with --out and layers the channels alone are needed",
            usage=True,
        )
    text = read_text(asked.file) if asked.file else " ".join(asked.layers or [])
    net = read_chain(text, name=asked.file or None)
    channels = asked.n[0] if asked.n else _USUAL
    try:
        found = inputs_for(net, asked.out, channels=channels, most=_MOST)
    except ConvError as error:
        raise error.about(printable(asked.file)) if asked.file else error from error
    sizes = [list(size) for size in islice(product(*found), _MOST)]
    if form == "json":
        print(json.dumps({"inputs": sizes}))
    elif form == "csv":
        write = csv.writer(sys.stdout, lineterminator="\n").writerow
        write(["n"])
        for size in sizes:
            write([size_text(size)])
    else:
        rows = [(axis, _told(numbers)) for axis, numbers in enumerate(found)]
        terminal.print_table(
            ["axis", "input"],
            rows,
            title=f"Inputs of {channels} channels whose maps end as {size_text(asked.out)}",
            markdown=form == "md",
        )


def _told(numbers: list[int]) -> str:
    told = [f"{a} to {b}" if b > a else str(a) for a, b in runs(numbers)]
    return ", ".join(told) + (" …" if len(numbers) == _MOST else "")
