"""`convcli shape --out …`: what is left out of input, kernel, padding and stride is solved for."""

import csv
import json
import sys

from convcli import options, terminal
from convcli.commands.shape.flags import ShapeOptions
from convcli.commands.tables import table_form
from convcli.engine.sizes.geometry import Axis, Padding, size_text
from convcli.engine.sizes.inverse import Bounds, Solution, solve
from convcli.engine.sizes.notation import padding_text

__all__ = ["run"]

_MOST_INPUTS = 1000
"""Input sizes that one solution lists."""
_MOST_ROWS = 20
"""Solutions that a terminal shows."""


def run(asked: ShapeOptions) -> None:
    """Search, and show what was found."""
    assert asked.out
    usual = Bounds()
    bounds = Bounds(
        asked.max_kernel or usual.kernel, asked.max_stride or usual.stride, asked.max_padding
    )
    known = asked.padding is not None or asked.total is not None
    found = solve(
        asked.out,
        sizes=asked.n,
        kernel=asked.kernel,
        padding=options.padding_of(asked.padding, asked.total, Padding()) if known else None,
        stride=asked.stride,
        dilation=asked.dilation or (1,),
        ceil=asked.ceil,
        bounds=bounds,
    )
    if found.stopped:
        print(f"convcli: note: the search stopped at {found.stopped}", file=sys.stderr)
    form = table_form(asked.format, asked.as_json)
    if form == "json":
        layers = (axes for solution in found for axes in solution.layers(_MOST_INPUTS))
        print(json.dumps({"solutions": [_record(axes) for axes in layers]}))
    elif form != "csv":
        _table(found, asked, bounds, markdown=form == "md")
    else:
        # columns that `convcli shape -` reads
        write = csv.writer(sys.stdout, lineterminator="\n").writerow
        write(["n", "k", "p", "s", "d", *(["ceil"] if asked.ceil else [])])
        for solution in found:
            for axes in solution.layers(_MOST_INPUTS):
                write(
                    [
                        size_text([a.n for a in axes]),
                        size_text([a.k for a in axes]),
                        padding_text([(a.before, a.after) for a in axes]),
                        size_text([a.s for a in axes]),
                        size_text([a.d for a in axes]),
                        *([1] if asked.ceil else []),
                    ]
                )


def _record(axes: tuple[Axis, ...]) -> dict[str, object]:
    return {
        "input": [a.n for a in axes],
        "kernel": [a.k for a in axes],
        "padding": [[a.before, a.after] for a in axes],
        "stride": [a.s for a in axes],
        "dilation": [a.d for a in axes],
    }


def _table(found: list[Solution], asked: ShapeOptions, bounds: Bounds, *, markdown: bool) -> None:
    rows = []
    for solution in found[:_MOST_ROWS]:
        first, last = solution.layers(1)[0], solution.layers(_MOST_INPUTS)[-1]
        ends = [size_text([a.n for a in axes]) for axes in (first, last)]
        rows.append(
            (
                ends[0] if ends[0] == ends[1] else " to ".join(ends),
                size_text([a.k for a in first]),
                padding_text([(a.before, a.after) for a in first]),
                size_text([a.s for a in first]),
                size_text([a.d for a in first]),
            )
        )
    more = len(found) - len(rows)
    terminal.print_table(
        ["input", "kernel", "padding", "stride", "dilation"],
        rows,
        title=f"Layers with output {size_text(asked.out or ())}, the commonest first",
        foot=[
            *([f"{more} more: in a pipe and with --json all are listed."] if more else []),
            f"Searched: {bounds}; --max-kernel, --max-stride, --max-padding widen it.",
        ],
        markdown=markdown,
    )
