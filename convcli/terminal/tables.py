"""Tables on a terminal: numbers to the right and never broken over lines, whatever the width."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convcli.engine.errors import printable
from convcli.terminal.consoles import console

__all__ = ["Column", "print_table"]

_GAP = 2
"""Blank cells between two columns."""
_NARROWEST = 12
"""Cells that a column of text keeps when it has to be folded."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    title : str
        Its head.
    spare : int
        0: always shown. Otherwise it may be left out on a narrow terminal, the largest number first.
    style : str
        A rich style for its cells, such as ``"bold"`` or ``"dim"``.
    right : bool
        Whether its text stands to the right and is never folded, as numbers are.
    folds : int
        How far it is folded before others are left out; 0: only when none is left that could be.
    group : str
        Columns of one group are left out together, and told by its name.
    front : int
        To how few cells its text is shortened from the front before other columns are left out; 0: it is not.
    """

    title: str
    spare: int = 0
    style: str = ""
    right: bool = False
    folds: int = 0
    group: str = ""
    front: int = 0


def print_table(
    columns: Sequence[Column | str],
    rows: Sequence[Sequence[object]],
    *,
    title: str | None = None,
    total: Sequence[object] | None = None,
    foot: Sequence[str] = (),
    to: Console | None = None,
    markdown: bool = False,
) -> None:
    """Print a table: on a terminal as wide as that is, elsewhere as wide as it needs.

    Parameters
    ----------
    columns : sequence of Column or str
    rows : sequence of sequence
        A cell each column: integers get thousands separators, floats six digits, None is blank, text is shown as it
        is (never as markup, with what a terminal would act on escaped). Columns without text stand to the right.
    title : str, optional
    total : sequence, optional
        A last row, set off by a line.
    foot : sequence of str
        Lines of text below.
    to : rich.console.Console, optional
        Where to, standard output unless told.
    markdown : bool
        Write it in GitHub's Markdown, whole.
    """
    to = to or console()
    heads = [c if isinstance(c, Column) else Column(c) for c in columns]
    every = [*rows, total] if total is not None else list(rows)
    cells = [[_cell(value) for value in row] for row in every]
    widths = [
        max([cell_len(head.title), *(cell_len(row[i]) for row in cells)])
        for i, head in enumerate(heads)
    ]
    numbers = [
        head.right or (bool(every) and not any(isinstance(r[i], str) for r in every))
        for i, head in enumerate(heads)
    ]
    if markdown:
        sums = cells.pop() if total is not None else None
        lines = _markdown([h.title for h in heads], cells, numbers, sums)
        above = [f"**{_escaped(title)}**", ""] if title else []
        below = ["", *(f"{_escaped(line)}  " for line in foot)] if foot else []
        for line in (*above, *lines, *below):
            to.print(Text(line), soft_wrap=True)
        return
    least = [w if number else min(w, _NARROWEST) for w, number in zip(widths, numbers, strict=True)]
    folded = [min(w, h.folds or h.front or w) for h, w in zip(heads, widths, strict=True)]
    shown = _fitting(heads, folded, to.width)
    for i in shown:
        if heads[i].front:
            others = _width([0 if at == i else widths[at] for at in range(len(widths))], shown)
            room = max(to.width - others, heads[i].front)
            for row in cells:
                row[i] = _end_of(row[i], room)
            least[i] = min(least[i], room)
    table = Table(box=_BOX, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for i in shown:
        table.add_column(
            Text(heads[i].title),
            justify="right" if numbers[i] else "left",
            style=heads[i].style,
            no_wrap=numbers[i],
            overflow="fold",
            min_width=least[i],
        )
    for at, row in enumerate(cells):
        if total is not None and at == len(cells) - 1:
            table.add_section()
        table.add_row(*(Text(row[i]) for i in shown))
    if title:
        to.print(Text(printable(title), style="bold"))
    # on the narrowest terminals lines run on: better than a number that has lost its digits, or a column that is gone
    room = to.width
    to.width = max(room, _width(least, shown))
    try:
        to.print(table, crop=False)
    finally:
        to.width = room
    left_out = dict.fromkeys(h.group or h.title for i, h in enumerate(heads) if i not in shown)
    if left_out:
        foot = [*foot, f"Too narrow for: {', '.join(left_out)}."]
    for line in foot:
        to.print(Text(printable(line), style="dim"))


def _markdown(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Sequence[bool],
    total: Sequence[str] | None,
) -> list[str]:
    """Write a table as GitHub reads it, and in columns for those who read the text."""
    below = [] if total is None else [[cell and f"**{_escaped(cell)}**" for cell in total]]
    lines = [[_escaped(cell) for cell in row] for row in (heads, *rows)] + below
    widths = [max(3, *(cell_len(line[i]) for line in lines)) for i in range(len(heads))]
    rule = ["-" * (w - number) + ":" * number for w, number in zip(widths, numbers, strict=True)]
    aligned = [
        [
            " " * (w - cell_len(cell)) + cell if number else cell + " " * (w - cell_len(cell))
            for cell, w, number in zip(line, widths, numbers, strict=True)
        ]
        for line in lines
    ]
    return [f"| {' | '.join(line)} |" for line in (aligned[0], rule, *aligned[1:])]


def _escaped(text: str) -> str:
    r"""Escape what Markdown would act on; blanks that set a block's layers in stay.

    >>> print(_escaped("  block1_1 *|*"))
    &nbsp;&nbsp;block1_1 \*\|\*
    """
    inner = text.lstrip(" ")
    marked = re.sub(r"([\\|*`<>\[\]~]|(?<!\w)_|_(?!\w))", r"\\\1", printable(inner))
    return "&nbsp;" * (len(text) - len(inner)) + marked


# a line under the head and above the total, no edges, a blank between columns
_BOX = box.Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")


def _fitting(heads: Sequence[Column], widths: Sequence[int], width: int) -> list[int]:
    """Choose the columns that fit side by side; the spare ones go first, and at worst text is folded."""
    shown = list(range(len(heads)))
    while _width(widths, shown) > width:
        spare = max(shown, key=lambda i: (heads[i].spare, i))
        if not heads[spare].spare:
            break
        group = heads[spare].group
        shown = [i for i in shown if i != spare and not (group and heads[i].group == group)]
    return shown


def _end_of(text: str, room: int) -> str:
    """Shorten a text from the front; blanks that set it in stay.

    >>> _end_of("  encoder.layers.0.attention", 14)
    '  …0.attention'
    """
    bare = text.lstrip(" ")
    indent = min(len(text) - len(bare), max(room - _NARROWEST, 0))
    if cell_len(text) <= room:
        return text
    while cell_len(bare) > room - indent - 1:
        bare = bare[1:]
    return f"{' ' * indent}…{bare}"


def _width(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[i] + _GAP for i in shown) - _GAP


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else printable(value)
