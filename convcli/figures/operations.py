"""A correlation or a pooling with its numbers: input, kernel, output, and the arithmetic of the unit at hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError
from convcli.figures.arithmetic import Arithmetic, Calculation
from convcli.figures.drawing import check_frames
from convcli.figures.fonts import width
from convcli.figures.grids import Grid, kinds, leads, numbers, side_of
from convcli.figures.scene import Box, Group, Item, Line, Page, Text
from convcli.figures.windows import check_size, unit_of, units

__all__ = ["operation_frames", "operation_page"]

MOST_SHEETS = 8
"""Channels, of the input or the output, that can be drawn."""
_MARGIN, _WORDS, _STEP = 24.0, 14.0, 22.0
_MOST_LINES = 12
_Colours = Callable[[NDArray[np.generic]], list[list[str]]]


@dataclass(frozen=True)
class _Stack:
    """Sheets one behind another, pulled apart so that every number is seen; the first one lies in front, lowest."""

    title: str
    sheets: list[Grid]
    wide: float
    high: float


def operation_page(
    layer: Arithmetic, at: Sequence[int] | None = None, colours: _Colours | None = None
) -> Page:
    """Draw a layer with its numbers and one output unit at hand.

    Parameters
    ----------
    layer : Arithmetic
    at : sequence of int, optional
        Row and column of the output unit, the first unless told.
    colours : callable, optional
        Gives the colours of planes, shape (1 or 3, H, W), as rows of ``#rrggbb``: pictures are drawn in their own.

    Raises
    ------
    ConvError
        It is too large to be drawn, or has no such unit.
    """
    _check(layer, colours)
    row, column = unit_of(at, layer.output.shape[1:])
    return _Operation(layer, colours, [(row, column)]).page((row, column), growing=False)


def operation_frames(layer: Arithmetic, colours: _Colours | None = None) -> list[Page]:
    """Draw a layer once for each output unit, in reading order; the output fills as it goes."""
    _check(layer, colours)
    shape = layer.output.shape[1:]
    check_frames(prod(shape))
    walk = [(r, c) for r, c in units(shape)]
    drawn = _Operation(layer, colours, walk)
    return [drawn.page(unit, growing=True) for unit in walk]


def _check(layer: Arithmetic, colours: _Colours | None) -> None:
    spans = [row.span[1] - row.span[0] for row in layer.rows]
    kernel = () if layer.kernel is None else layer.kernel.shape[2:]
    check_size([*spans, *kernel, *layer.output.shape[1:]])
    sheets = max(len(layer.planes), len(layer.output)) if colours is None else 1
    if sheets > MOST_SHEETS:
        raise ConvError(f"--draw: got {sheets} channels, at most {MOST_SHEETS} can be drawn")


class _Operation:
    def __init__(
        self, layer: Arithmetic, colours: _Colours | None, walk: list[tuple[int, int]]
    ) -> None:
        self.layer, self.walk = layer, walk
        rows, cols = layer.rows
        spans = rows.span[1] - rows.span[0], cols.span[1] - cols.span[0]
        outs = rows.out, cols.out
        self.side = side_of(max(*spans, *outs), numbers=True)
        self.faces = _faces(layer, colours)
        depth = 1 if self.faces else len(layer.planes)
        maps = 1 if self.faces else len(layer.output)
        first = rows.span[0], cols.span[0]
        sizes = f"{rows.n}×{cols.n}"
        inputs = self._stack(f"input {sizes}", spans, depth, first)
        outputs = self._stack(f"output {outs[0]}×{outs[1]}", outs, maps, (0, 0))
        stacks, signs = [inputs], []
        self.kernels = self._different()
        for i, kernel in enumerate(self.kernels):
            shape = kernel.shape[1], kernel.shape[2]
            name = f"kernel {i}" if len(self.kernels) > 1 else f"kernel {shape[0]}×{shape[1]}"
            stacks.append(self._stack(name, shape, len(kernel), (0, 0)))
            signs.append("∗" if i == 0 else "")
        self.input_texts, self.input_size = self._texts(layer.planes)
        self.output_texts, self.output_size = self._texts(layer.output)
        if self.kernels:
            self.kernel_texts, self.kernel_size = self._texts(np.stack(self.kernels))
        if layer.bias is not None:
            stacks.append(self._stack("bias", (len(layer.bias), 1), 1, (0, 0)))
            signs.append("+")
        stacks.append(outputs)
        signs.append("=" if layer.kernel is not None else "")
        self._place(stacks, signs)
        self._write()

    def _different(self) -> list[NDArray[np.generic]]:
        """The kernels that differ: one, where each channel is filtered by the same."""
        kernel = self.layer.kernel
        if kernel is None:
            return []
        same = kernel.shape[1] == 1 and (kernel == kernel[:1]).all() and self.layer.groups > 1
        return list(kernel[:1] if same else kernel)

    def _texts(self, values: NDArray[np.generic]) -> tuple[NDArray[np.object_], float]:
        """Write the numbers of a stack of grids alike."""
        size = 15.0 if self.side >= 34 else 12.5 if self.side >= 28 else 11.0
        texts, fit = numbers(values.astype(np.float64).ravel().tolist(), self.side - 6, size)
        return np.array(texts, object).reshape(values.shape), fit

    def _stack(
        self, title: str, shape: tuple[int, int], count: int, first: tuple[int, int]
    ) -> _Stack:
        side = self.side
        dx, dy = (side * 0.4, shape[0] * side + 22) if count > 1 else (0.0, 0.0)
        sheets = [Grid(i * dx, (count - 1 - i) * dy, side, first, shape) for i in range(count)]
        wide = max(shape[1] * side + (count - 1) * dx, width(title, 14))
        return _Stack(title, sheets, wide, shape[0] * side + (count - 1) * dy)

    def _place(self, stacks: list[_Stack], signs: list[str]) -> None:
        """Stand the stacks side by side, their middles on one line."""
        high = max(s.high for s in stacks)
        named = {0, len(stacks) - 1}  # whose sheets have names of their own
        lifts = [36.0 if i in named and len(s.sheets) > 1 else 18.0 for i, s in enumerate(stacks)]
        gaps = [(44.0 if sign else 64.0 if not self.kernels else 20.0) for sign in signs]
        row = sum(s.wide for s in stacks) + sum(gaps)
        self.texts: list[Item] = []
        terms = max(self._lines(u) for u in self.walk)
        self.wide = max(row, min(terms, max(row, 620.0))) + 2 * _MARGIN
        x = (self.wide - row) / 2
        top = _MARGIN + max(lifts) + 10
        self.placed: list[_Stack] = []
        for i, stack in enumerate(stacks):
            if i:
                if signs[i - 1]:
                    self.texts.append(Text(x + gaps[i - 1] / 2, top + high / 2, signs[i - 1], 24))
                x += gaps[i - 1]
            left = min(g.x for g in stack.sheets)
            real = max(g.x + g.wide for g in stack.sheets) - left
            dx, dy = x + (stack.wide - real) / 2, top + (high - stack.high) / 2
            sheets = [Grid(g.x + dx, g.y + dy, g.side, g.first, g.shape) for g in stack.sheets]
            self.placed.append(_Stack(stack.title, sheets, stack.wide, stack.high))
            # where lines lead from grid to grid, what is above them stays free
            y = (dy if self.kernels else top) - lifts[i]
            self.texts.append(Text(x + stack.wide / 2, y, stack.title, 14))
            x += stack.wide
        self.bottom = top + high

    def _lines(self, unit: tuple[int, int]) -> float:
        return max(width(text, _WORDS) for line in self._words(unit) for text in [str(line)])

    def _words(self, unit: tuple[int, int]) -> list[Calculation]:
        """The lines of a unit: of all output channels, as far as they have room."""
        found: list[Calculation] = []
        count = len(self.layer.output)
        names = ("red", "green", "blue") if self.faces and count == 3 else None
        for output in range(count):
            lines = self.layer.words(output, unit)
            if count > 1:
                head = names[output] if names else f"map {output}"
                last = lines[-1]
                lines[-1] = Calculation(
                    f"{head}: {last.before}", last.terms, last.between, last.after
                )
            if found and len(found) + len(lines) > _MOST_LINES:
                break
            found += lines
        return found

    def _write(self) -> None:
        """Break the arithmetic of all units into lines of the page's width, and settle its height."""
        room = self.wide - 2 * _MARGIN
        self.lines = {
            unit: [text for line in self._words(unit) for text in _broken(line, room)]
            for unit in self.walk
        }
        most = max(map(len, self.lines.values()))
        self.high = self.bottom + 18 + most * _STEP + _MARGIN * 0.75

    def page(self, unit: tuple[int, int], *, growing: bool) -> Page:
        layer, (inputs, *_, outputs) = self.layer, self.placed
        frames: list[Box] = []
        items: list[Item] = []
        for stack in self.placed:
            items += _ties(stack)
        taps = layer.rows[0].taps(unit[0]), layer.rows[1].taps(unit[1])
        for c, grid in reversed(list(enumerate(inputs.sheets))):
            items.append(Group(f"input channel {c}", self._input(grid, c, taps)))
            frames.append(grid.frame(taps[0], taps[1], "window_line"))
        for i, stack in enumerate(self.placed[1 : 1 + len(self.kernels)]):
            for c, grid in enumerate(stack.sheets):
                cells: list[Item] = []
                for (r, q), text in np.ndenumerate(self.kernel_texts[i][c]):
                    cells += grid.cell("kernel", (i, c, r, q), text, size=self.kernel_size)
                items.append(Group(f"kernel {i} channel {c}", cells))
        if layer.bias is not None:
            grid = self.placed[-2].sheets[0]
            texts, size = self._texts(layer.bias)
            for i, text in enumerate(texts):
                items += grid.cell("kernel", (i, 0), text, size=size)
        marks = []
        for c, grid in reversed(list(enumerate(outputs.sheets))):
            items.append(Group(f"output map {c}", self._output(grid, c, unit, growing)))
            marks.append(grid.frame([unit[0]], [unit[1]], "unit_line"))
        if layer.kernel is None and len(inputs.sheets) == 1:
            items.append(leads(frames[0], marks[0]))
        if self.faces:  # a frame is seen on any picture
            items += [replace(f, line="paper", stroke=6.0, name="") for f in (*frames, *marks)]
        items += [*frames, *marks, *self.texts]
        for stack, word in ((inputs, "channel"), (outputs, "map")):
            if len(stack.sheets) > 1:
                items += [
                    Text(g.x + self.side * 0.4 + 4, g.y - 10, f"{word} {c}", 11, "faint", "start")
                    for c, g in enumerate(stack.sheets)
                ]
        for i, text in enumerate(self.lines[unit]):
            y = self.bottom + 18 + (i + 0.5) * _STEP
            items.append(Text(self.wide / 2, y, text, _WORDS))
        titles = [s.title for s in self.placed]
        title = f"{layer.mode or 'cross-correlation'}: {', '.join(titles)}"
        told = (
            f"Output unit {unit[0]},{unit[1]}: {'; '.join(str(line) for line in self._words(unit))}"
        )
        return Page(self.wide, self.high, items, title, told)

    def _input(self, grid: Grid, channel: int, taps: tuple[list[int], list[int]]) -> list[Item]:
        layer, (top, left) = self.layer, grid.first
        inside = {
            (r, c) for i, r in enumerate(taps[0]) for j, c in enumerate(taps[1]) if layer.mask[i, j]
        }
        drawn: list[list[Item]] = [[], [], []]  # as in layers
        for (i, j), holds in np.ndenumerate(layer.holds):
            at = (i + top, j + left)
            kind, tapped = kinds(layer.rows, at), at in inside
            face = self.faces[0][i][j] if self.faces and holds else None
            shown = holds and (not self.faces or len(layer.planes) == 1)
            text = self.input_texts[channel, i, j] if shown else None
            size = self.input_size
            cell = grid.cell(kind, (channel, *at), text, tapped=tapped, size=size, face=face)
            drawn[2 if tapped else int(kind in ("input", "unread"))] += cell
        return [item for depth in drawn for item in depth]

    def _output(self, grid: Grid, channel: int, unit: tuple[int, int], growing: bool) -> list[Item]:
        found: list[Item] = []
        for (r, c), text in np.ndenumerate(self.output_texts[channel]):
            known = not growing or (r, c) <= unit
            face = self.faces[1][r][c] if self.faces and known else None
            text = text if known and (not self.faces or len(self.layer.output) == 1) else None
            size, tapped = self.output_size, (r, c) == unit
            found += grid.cell("output", (channel, r, c), text, tapped=tapped, size=size, face=face)
        return found


def _faces(
    layer: Arithmetic, colours: _Colours | None
) -> tuple[list[list[str]], list[list[str]]] | None:
    if colours is None or len(layer.planes) not in (1, 3) or len(layer.output) not in (1, 3):
        return None
    return colours(layer.planes), colours(layer.output)


def _ties(stack: _Stack) -> list[Item]:
    """Draw what holds sheets together: lines from corner to corner."""
    return [
        Line([(a.x + x * a.wide, a.y), (b.x + x * b.wide, b.y + b.high)], "pad_line", 1.0)
        for a, b in zip(stack.sheets, stack.sheets[1:], strict=False)
        for x in (0, 1)
    ]


def _broken(line: Calculation, room: float) -> list[str]:
    """Break a line of arithmetic between its terms, where it is wider than its room."""
    found, text = [], line.before
    for i, term in enumerate(line.terms):
        last = i == len(line.terms) - 1
        piece = term + (line.after if last else line.between)
        if text and width((text + piece).rstrip(), _WORDS) > room and text != line.before:
            found.append(text.rstrip())
            text = ""
        text += piece
    return [*found, (text + ("" if line.terms else line.after)).rstrip()]
