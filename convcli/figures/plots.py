"""Curves and bars: a panel each, with its axes in numbers."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, isfinite, log10

from convcli.figures.fonts import width
from convcli.figures.scene import Box, Dot, Group, Item, Line, Page, Text

__all__ = ["bars_page", "plot_page"]

_WIDTH, _HEIGHT = 560, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 36, 44
_INKS = ("a", "b", "c", "d")
_SIZE = 13.0


def plot_page(panels: Mapping[str, Mapping[str, Sequence[float]]], across: str) -> Page:
    """Draw panels side by side.

    Parameters
    ----------
    panels : mapping of str to mapping of str to sequence of float
        Title of a panel, name of a curve, its values at 1, 2, 3 …; not finite ones are left out.
    across : str
        What is counted along the horizontal axis.

    Examples
    --------
    >>> page = plot_page({"loss": {"training": [2.3, 0.4]}}, "epoch")
    >>> page.wide, page.high, page.title
    (560, 400, 'loss')
    """
    drawn: list[Item] = [
        Group(title, list(_Panel(i * _WIDTH, curves).items(title, across)))
        for i, (title, curves) in enumerate(panels.items())
    ]
    ends = [
        f"{title}, {name}: {values[-1]:.4g} at the end"
        for title, curves in panels.items()
        for name, values in curves.items()
        if values
    ]
    return Page(_WIDTH * len(panels), _HEIGHT, drawn, ", ".join(panels), "; ".join(ends))


def bars_page(panels: Mapping[str, Mapping[str, float]]) -> Page:
    """Draw panels of bars side by side, the longest across the whole panel; the names stand at the left.

    Parameters
    ----------
    panels : mapping of str to mapping of str to float
        Title of a panel, names and their numbers, of at least 0; the names are those of the first panel.

    Examples
    --------
    >>> bars_page({"MACs": {"a": 2.0, "b": 0.5}}).high
    108
    """
    names = list(next(iter(panels.values())))
    named = max(width(name, _SIZE) for name in names) + 2 * _RIGHT
    wide, line = _WIDTH // 2, 28
    drawn: list[Item] = []
    for i, (title, bars) in enumerate(panels.items()):
        left, most = named + i * wide, max(*bars.values(), 1e-30)
        drawn.append(Text(left, _RIGHT + 5, title, _SIZE, anchor="start"))
        for j, (name, value) in enumerate(bars.items()):
            middle, length = _TOP + 14 + j * line, value / most * (wide - 96)
            ink = _INKS[i % len(_INKS)]
            drawn.append(Box(left, middle - line / 3, length, line / 1.5, ink, name=name))
            drawn.append(Text(left + length + 6, middle, f"{value:.4g}", _SIZE, anchor="start"))
            if not i:
                drawn.append(Text(named - 8, middle, name, _SIZE, anchor="end"))
    told = "; ".join(
        f"{title}: {', '.join(f'{name} {value:.4g}' for name, value in bars.items())}"
        for title, bars in panels.items()
    )
    high = line * len(names) + _TOP + _RIGHT
    return Page(named + wide * len(panels), high, drawn, ", ".join(panels), told)


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers within a range, at most so many.

    >>> _ticks(0.03, 2.31, 5)
    [0.5, 1.0, 1.5, 2.0]
    """
    rough = (high - low) / most
    step = 10.0 ** floor(log10(rough))
    step = next(f * step for f in (1, 2, 5, 10) if f * step >= rough)
    first, last = ceil(low / step), floor(high / step)
    return [float(round(n * step, 12)) for n in range(first, last + 1)]


class _Panel:
    def __init__(self, left: int, curves: Mapping[str, Sequence[float]]) -> None:
        self.left = left
        self.curves = {
            name: [(i, v) for i, v in enumerate(values, 1) if isfinite(v)]
            for name, values in curves.items()
        }
        heights = [v for points in self.curves.values() for _, v in points] or [0.0]
        self.low, self.high = min(heights), max(heights)
        if self.low == self.high:
            self.low, self.high = self.low - 0.5, self.high + 0.5
        self.last = max([2, *(len(values) for values in curves.values())])

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a point on the page."""
        wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        right = (x - 1) / (self.last - 1) * wide
        down = (self.high - y) / (self.high - self.low) * high
        return self.left + _LEFT + right, _TOP + down

    def items(self, title: str, across: str) -> list[Item]:
        """Draw the panel."""
        (left, bottom), (right, top) = self.at(1, self.low), self.at(self.last, self.high)
        found: list[Item] = []
        for tick in _ticks(self.low, self.high, 6):
            y = self.at(1, tick)[1]
            found.append(Line([(left, y), (right, y)], "grid"))
            found.append(Text(left - 6, y, f"{tick:g}", _SIZE, anchor="end"))
        for tick in _ticks(1, self.last, 8):
            if tick == int(tick):
                x = self.at(tick, self.low)[0]
                found.append(Line([(x, bottom), (x, bottom + 4)]))
                found.append(Text(x, bottom + 13, f"{tick:g}", _SIZE))
        found.append(Box(left, top, right - left, bottom - top, line="ink"))
        found.append(Text((left + right) / 2, bottom + 33, across, _SIZE))
        found.append(Text(left, top - 13, title, _SIZE, anchor="start"))
        x = right
        for (name, points), ink in zip(reversed(self.curves.items()), _INKS, strict=False):
            found.append(Text(x, top - 13, name, _SIZE, ink, "end"))
            x -= width(name, _SIZE) + 12
            places = [self.at(*point) for point in points]
            if len(places) > 1:
                found.append(Line(places, ink, 2))
            if len(places) <= 40:  # more would hide the line
                found += [Dot(*place, 3, ink) for place in places]
        return found
