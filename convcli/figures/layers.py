"""One layer without numbers: the input, its padding and the window on it, and the output, of any call of `shape`."""

from collections.abc import Sequence
from itertools import product

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Axis
from convcli.engine.sizes.transposed import TransposedAxis
from convcli.figures.grids import Grid, kinds, leads, side_of
from convcli.figures.scene import Group, Item, Page, Text
from convcli.figures.windows import Row, rows_of, unit_of, units

__all__ = ["layer_frames", "layer_page"]

_MARGIN, _GAP, _LINE = 24.0, 72.0, 26.0
_ALONE = Row(1, 1, 0, 0, 0, 1, 1, 1, 1)
"""The second axis of a layer of one."""


def layer_page(
    axes: Sequence[Axis | TransposedAxis], at: Sequence[int] | None = None, words: str = ""
) -> Page:
    """Draw a layer with one output unit at hand.

    Parameters
    ----------
    axes : sequence of Axis or TransposedAxis, 1 or 2
    at : sequence of int, optional
        The output unit, the first unless told.
    words : str
        How the padding was asked for, if by a word.

    Raises
    ------
    ConvError
        It is too large to be drawn, or has no such unit.
    """
    _check(axes)
    unit = unit_of(at, [a.out for a in axes])
    return _Layer(axes, words).page(unit)


def layer_frames(axes: Sequence[Axis | TransposedAxis], words: str = "") -> list[Page]:
    """Draw a layer once for each output unit, in reading order."""
    from math import prod

    from convcli.figures.drawing import check_frames

    _check(axes)
    check_frames(prod(a.out for a in axes))
    drawn = _Layer(axes, words)
    return [drawn.page(unit) for unit in units([a.out for a in axes])]


def _check(axes: Sequence[Axis | TransposedAxis]) -> None:
    if len(axes) > 2:
        raise ConvError(f"--draw: got {len(axes)} axes, 1 or 2 can be drawn", usage=True)


def _times(sizes: Sequence[int]) -> str:
    return "×".join(map(str, sizes))


class _Layer:
    def __init__(self, axes: Sequence[Axis | TransposedAxis], words: str) -> None:
        self.axes, found = axes, rows_of(axes)
        self.flat = len(axes) == 1
        self.rows: tuple[Row, Row] = (_ALONE, found[0]) if self.flat else (found[0], found[1])
        spans = [row.span for row in self.rows]
        shape = tuple(stop - start for start, stop in spans)
        outs = tuple(row.out for row in self.rows)
        side = side_of(max(*shape, *outs), numbers=False)
        self.titles = (
            f"input {_times([a.n for a in axes])}",
            f"output {_times([a.out for a in axes])}",
        )
        self.caption = self._caption(words)
        first = spans[0][0], spans[1][0]
        sizes = (shape[0], shape[1]), (outs[0], outs[1])
        wide = [
            max(s[1] * side, Text(0, 0, t).wide) for s, t in zip(sizes, self.titles, strict=True)
        ]
        top = _MARGIN + _LINE
        if self.flat:
            across = max(*wide, *(Text(0, 0, c, 13).wide for c in self.caption))
            self.wide = across + 2 * _MARGIN
            below = top + side + _GAP * 0.75
            self.source = Grid((self.wide - sizes[0][1] * side) / 2, top, side, first, sizes[0])
            self.target = Grid((self.wide - sizes[1][1] * side) / 2, below, side, (0, 0), sizes[1])
            bottom = below + side + _LINE
        else:
            high = max(sizes[0][0], sizes[1][0]) * side
            row = wide[0] + _GAP + wide[1]
            self.wide = max(row, *(Text(0, 0, c, 13).wide for c in self.caption)) + 2 * _MARGIN
            left = (self.wide - row) / 2
            self.source = Grid(
                left + (wide[0] - sizes[0][1] * side) / 2,
                top + (high - sizes[0][0] * side) / 2,
                side,
                first,
                sizes[0],
            )
            self.target = Grid(
                left + wide[0] + _GAP + (wide[1] - sizes[1][1] * side) / 2,
                top + (high - sizes[1][0] * side) / 2,
                side,
                (0, 0),
                sizes[1],
            )
            bottom = top + high
        self.bottom = bottom
        self.high = bottom + 12 + _LINE * len(self.caption) + _MARGIN / 2

    def _caption(self, words: str) -> list[str]:
        axes = self.axes

        def said(name: str, values: Sequence[object], plain: object) -> list[str]:
            if all(v == plain for v in values):
                return []
            texts = [str(v) for v in values]
            return [f"{name} {texts[0] if len(set(texts)) == 1 else '×'.join(texts)}"]

        parts = [f"kernel {_times([a.k for a in axes])}"]
        parts += said("stride", [a.s for a in axes], 1)
        parts += said("dilation", [a.d for a in axes], 1)
        pairs = [str(a.before) if a.before == a.after else f"{a.before}/{a.after}" for a in axes]
        parts += said("padding", pairs, "0")
        if words not in ("", "explicit", "valid"):
            parts[-1:] = [f"{parts[-1]} ({words})"]
        if isinstance(axes[0], TransposedAxis):
            extra = [a.extra for a in axes if isinstance(a, TransposedAxis)]
            parts += said("output padding", extra, 0)
            parts[0] = "transposed, " + parts[0]
        lines = [", ".join(parts)]
        names = ("columns",) if self.flat else ("rows", "columns")
        lost = [a.unused if isinstance(a, Axis) else 0 for a in axes]
        unread = [
            f"{n} {name if n > 1 else name[:-1]}" for n, name in zip(lost, names, strict=True) if n
        ]
        if unread:
            lines.append(
                f"{' and '.join(unread)} of the input {'is' if sum(lost) == 1 else 'are'} never read"
            )
        return lines

    def page(self, unit: tuple[int, ...]) -> Page:
        rows = self.rows
        here = (0, *unit) if self.flat else (unit[0], unit[1])
        taps = rows[0].taps(here[0]), rows[1].taps(here[1])
        inside = {(r, c) for r in taps[0] for c in taps[1]}
        drawn: list[list[Item]] = [
            [],
            [],
            [],
        ]  # edges of the input lie on those of padding, the window's on both
        for at in product(range(*rows[0].span), range(*rows[1].span)):
            kind, tapped = kinds(rows, at), at in inside
            depth = 2 if tapped else int(kind in ("input", "unread"))
            drawn[depth] += self.source.cell(kind, at, tapped=tapped)
        cells = [cell for layer in drawn for cell in layer]
        outputs: list[Item] = []
        for r in range(rows[0].out):
            for c in range(rows[1].out):
                outputs += self.target.cell("output", (r, c), tapped=(r, c) == here)
        frame = self.source.frame(taps[0], taps[1], "window_line")
        mark = self.target.frame([here[0]], [here[1]], "unit_line")
        items: list[Item] = [
            Group("input", cells),
            Group("output", outputs),
            leads(frame, mark, down=self.flat),
            frame,
            mark,
        ]
        for grid, title, below in zip(
            (self.source, self.target), self.titles, (False, self.flat), strict=True
        ):
            y = grid.y + grid.high + 18 if below else _MARGIN + _LINE - 18
            items.append(Text(grid.x + grid.wide / 2, y, title, 14))
        for i, line in enumerate(self.caption):
            items.append(Text(self.wide / 2, self.bottom + 24 + _LINE * i, line, 13, "faint"))
        title = f"{self.titles[0]}, {self.caption[0]}, {self.titles[1]}"
        told = f"Output unit {','.join(map(str, unit))} reads "
        spans = [
            f"{name} {', '.join(map(str, t))}"
            for name, t in zip(("rows", "columns"), taps, strict=True)
        ]
        told += " and ".join(spans[1:] if self.flat else spans)
        return Page(
            self.wide, self.high, items, title, f"{told} of the input, counted from its first cell."
        )
