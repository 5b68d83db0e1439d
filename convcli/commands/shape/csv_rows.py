"""`convcli shape -`: a CSV of layers on standard input, written back with their output sizes."""

import sys

from convcli import options
from convcli.commands.shape.flags import ShapeOptions
from convcli.engine.errors import ConvError
from convcli.engine.sizes.csv_rows import Defaults, output_rows
from convcli.engine.sizes.geometry import Padding
from convcli.files.text import standard_input
from convcli.terminal.streams import row_printer

__all__ = ["run"]


def run(asked: ShapeOptions) -> None:
    """Answer line by line; a bad row is told on standard error and left out."""
    given = Defaults(
        asked.n,
        asked.kernel,
        options.padding_of(asked.padding, asked.total, Padding()),
        asked.stride or (1,),
        asked.dilation or (1,),
        asked.ceil,
    )
    write = row_printer()
    rows = bad = 0
    try:
        for answer in output_rows(standard_input(), given):
            if answer.error is None:
                write(answer.cells)
            else:
                bad += 1
                told = answer.error.about(f"-: line {answer.line}")
                print(f"convcli: error: {told}", file=sys.stderr)
            rows += 1
    except ConvError as error:
        raise error.about("-") from error
    if bad:
        raise ConvError(f"-: {bad} of {rows - 1} rows have no answer")
