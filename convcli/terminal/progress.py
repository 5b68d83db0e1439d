"""Long work, watched on standard error: a bar, and the course of the loss as a line of blocks."""

import math
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from convcli.engine.errors import printable
from convcli.engine.records import Note
from convcli.engine.records import Progress as Record
from convcli.terminal.consoles import console

__all__ = ["follow", "sparkline"]

_T = TypeVar("_T")

BLOCKS = "▁▂▃▄▅▆▇█"
PATIENCE = 0.4
"""Seconds of work before a bar appears."""
WIDTH = 24
"""Blocks of a sparkline."""


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Draw values as blocks, on a logarithmic scale where they are all above 0; the last of each part counts.

    >>> sparkline([10000, 1000, 100, 10, 1])
    '█▆▄▂▁'
    """
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return ""
    count = min(width, len(finite))
    picked = [finite[(i + 1) * len(finite) // count - 1] for i in range(count)]
    heights = [math.log10(v) for v in picked] if min(picked) > 0 else picked
    low, high = min(heights), max(heights)
    steps = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[int((h - low) * steps)] for h in heights)


def follow(work: Generator[Record | Note, None, _T], tell: Callable[[str], None]) -> _T:
    """Do the work, and draw how far it is once it takes a while; nothing of it stays on the screen.

    Parameters
    ----------
    work : generator of records
    tell : callable
        Prints a note.

    Returns
    -------
    object
        What the work returns.
    """
    begun, losses = time.monotonic(), list[float]()
    task: TaskID | None = None
    with ExitStack() as stack:
        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[line]}", markup=False),
            console=console(sys.stderr),
            transient=True,
        )
        while True:
            try:
                record = next(work)
            except StopIteration as end:
                result: _T = end.value
                return result
            if isinstance(record, Note):
                tell(record.text)
                continue
            if record.loss is not None:
                losses.append(record.loss)
            if task is None and time.monotonic() - begun < PATIENCE:
                continue
            shown: dict[str, Any] = {
                "description": printable(record.stage),
                "completed": record.done,
                "total": record.total,
                "line": f"{sparkline(losses)} {losses[-1]:.4g}" if losses else "",
            }
            if task is None:
                task = bar.add_task(**shown)
                stack.enter_context(bar)
            else:
                bar.update(task, **shown)
