"""`convcli kernels`: the named kernels, and one of them in numbers."""

import csv
import json
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcli import options, terminal
from convcli.commands.tables import table_form
from convcli.engine import names
from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import size_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EXAMPLES", "kernels"]

EXAMPLES = (
    "convcli kernels",
    "convcli kernels gaussian:1.5",
    "convcli kernels sobel-x | convcli corr camera.png -k - -o gx.npy",
)


def kernels(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[KERNEL]",
            help="A name with its parameters, numbers, or a file.",
            autocompletion=options.words(lambda: names.KERNELS),
        ),
    ] = None,
    output: options.Output = None,
    force: options.Force = False,
    format: options.ListFormat = "auto",
    as_json: options.JsonFlag = False,
    draw: Annotated[
        str | None,
        options.option(
            options.OUTPUT, "--draw", text="Draw its taps: .svg or .png.", metavar="FILE"
        ),
    ] = None,
) -> None:
    """List the named kernels, or print one: its taps, and on a terminal what it does.

    NAME:PARAMETERS@ANGLE is a kernel turned clockwise: sobel-x@90 is sobel-y.
    Taps are applied as printed; in a pipe they are CSV.
    """
    if name is None:
        if draw is not None:
            raise ConvError("--draw: goes with a kernel, as convcli kernels sobel-x", usage=True)
        _list(table_form(format, as_json))
        return
    from convcli.commands.kernel_argument import kernel_of
    from convcli.commands.output import Request, deliver, print_path
    from convcli.engine.results import Ready
    from convcli.files.operands import Operand, Reading

    taps = kernel_of(name, Reading())
    if draw is not None:
        from convcli.commands.drawing import draws
        from convcli.figures.kernels import kernels_page

        draws(draw, force=force, moving=False).write([kernels_page(taps, name)])
    request = Request("kernel", output, "json" if as_json else format, force, range_mode="stretch")
    delivered = deliver(Operand(name, taps), Ready(taps), request)
    if delivered.path is not None:
        print_path(delivered.path)
    elif terminal.on_terminal() and request.format in ("auto", "table"):
        _describe(name, taps)


def _list(form: str) -> None:
    from convcli.engine.kernels import KERNELS

    heads = ("kernel", "parameters", "size", "sum", "description", "source")
    rows = [
        (row.name, row.parameters, size_text(taps.shape), _sum(taps), row.title, row.source)
        for row in KERNELS.values()
        for taps in (row.build(""),)
    ]
    if form == "json":
        print(json.dumps([dict(zip(heads, row, strict=True)) for row in rows]))
        return
    if form != "csv":
        columns = [terminal.Column(head, spare=head == "source") for head in heads]
        terminal.print_table(columns, rows, markdown=form == "md")
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows([heads, *rows])


def _describe(name: str, taps: "NDArray[Any]") -> None:
    from convcli.engine.kernels import KERNELS, frequency_response, rank

    order = rank(taps)
    separable = "separable: two 1-D passes do the same" if order == 1 else "not separable"
    print(f"{size_text(taps.shape)}, sum {_sum(taps)}, rank {order} ({separable})")
    row = KERNELS.get(re.split("[:@]", name)[0])
    if row is not None:
        print(f"{row.title}. {row.source}")
    answer = frequency_response(taps, size=32)
    if answer.max() > 0:
        title = "Frequency response (constant in the middle, black is 0):"
        terminal.draw_pictures([answer / answer.max()], title=title)


def _sum(taps: "NDArray[Any]") -> str:
    return f"{round(float(taps.sum()), 12) + 0.0:.6g}"
