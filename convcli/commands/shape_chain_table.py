"""The table of a chain of layers on a terminal."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from convcli import terminal
from convcli.engine.sizes.geometry import size_text
from convcli.engine.sizes.notation import padding_text
from convcli.nets.architecture.counts import BYTES, Row, rule, totals

__all__ = ["show"]


def show(rows: list[Row], also: Sequence[str], *, flops: bool) -> None:
    """Print a row a layer, the totals, and the rule they were counted by."""
    sums = totals(rows, also)
    columns = [
        terminal.Column("#", 4, "dim"),
        terminal.Column("layer"),
        terminal.Column("kernel", 6),
        terminal.Column("stride", 6),
        terminal.Column("padding", 5),
        terminal.Column("output", style="bold"),
        terminal.Column("params"),
        terminal.Column("FLOPs" if flops else "MACs"),
        terminal.Column("bytes", 3),
        terminal.Column("rf", 1),
        terminal.Column("jump", 2),
        terminal.Column("start", 7),
    ]
    work = sums.flops if flops else sums.macs
    terminal.print_table(
        columns,
        [
            (
                row.number,
                "  " * len(row.path) + row.layer.text,
                _one([a.k for a in row.axes]),
                _one([a.s for a in row.axes]),
                _pad([(a.before, a.after) for a in row.axes]),
                size_text(row.output),
                row.params,
                row.operations(also, flops=flops),
                row.activations * BYTES,
                _one(row.rf),
                _one(row.jump),
                _one(row.start),
            )
            for row in rows
        ],
        total=[
            *(None, "total", None, None, None, None),
            *(sums.params, work, sums.activations * BYTES),
            *(None, None, None),
        ],
        foot=[
            *_seen(rows),
            rule(also, flops=flops),
            "bytes: the output as float32. rf, jump, start: input rows that a unit sees, from one "
            "unit to the next, and where the first begins.",
        ],
    )


def _seen(rows: list[Row]) -> Iterator[str]:
    for row in [row for row in rows if row.fields is not None][-1:]:
        yield (
            f"Receptive field {_one(row.rf)}, jump {_one(row.jump)}, "
            f"after layer {row.number} ({row.layer.text})."
        )


def _one(values: Sequence[int | Fraction] | None) -> int | str | None:
    """Show one number for all axes where they agree."""
    if not values:
        return None
    if len(set(values)) == 1 and isinstance(values[0], int):
        return values[0]
    return "x".join(map(str, values[:1] if len(set(values)) == 1 else values))


def _pad(pairs: Sequence[tuple[int, int]]) -> str | None:
    if not pairs:
        return None
    return padding_text(pairs[:1] if len(set(pairs)) == 1 else pairs)
