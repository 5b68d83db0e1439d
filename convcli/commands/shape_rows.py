"""`convcli shape -`: a CSV of layers on standard input, written back with their output sizes."""

import csv
import sys

from convcli import options, terminal
from convcli.commands.shape_asked import Asked
from convcli.engine.errors import ConvError, printable
from convcli.engine.geometry import Padding
from convcli.engine.rows import Given, answers
from convcli.files.text import standard_input

__all__ = ["run"]


def run(asked: Asked) -> None:
    """Answer line by line; a bad row is told on standard error and left out."""
    given = Given(
        asked.n,
        asked.kernel,
        options.padding_of(asked.padding, asked.total, Padding()),
        asked.stride or (1,),
        asked.dilation or (1,),
        asked.ceil,
    )
    write = csv.writer(_Out(), lineterminator="\n").writerow
    rows = bad = 0
    shown = terminal.on_terminal()  # what else is in a row goes through, but not to a terminal
    try:
        for answer in answers(standard_input(), given):
            if answer.error is None:
                write([printable(c) for c in answer.cells] if shown else answer.cells)
            else:
                bad += 1
                told = answer.error.about(f"-: line {answer.line}")
                print(f"convcli: error: {told}", file=sys.stderr)
            rows += 1
    except ConvError as error:
        raise error.about("-") from error
    if bad:
        raise ConvError(f"-: {bad} of {rows - 1} rows have no answer")


class _Out:
    """Standard output for csv: what came in as no UTF-8 goes out as it was, and a slow source is answered at once."""

    def write(self, text: str) -> None:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
