"""The arithmetic of one output unit, in words: the products and sums of a correlation, the cells of a pooling."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convcli.engine.borders import BORDERS, Border, cells, read_window
from convcli.engine.correlation import Correlation
from convcli.engine.errors import ConvError
from convcli.engine.pooling import Pooling
from convcli.engine.results import Result
from convcli.engine.sizes.geometry import size_text
from convcli.figures.windows import Row, laid_out

__all__ = ["Arithmetic", "Calculation", "arithmetic", "said"]

MOST_CELLS = 1 << 22
"""Numbers of a matrix that a layer is printed as."""
_MOST = 25
"""Terms of a sum that are written out; of more the first and the last ones."""


@dataclass(frozen=True)
class Calculation:
    """One line of arithmetic: `before`, the terms with `between` them, `after`."""

    before: str
    terms: tuple[str, ...]
    between: str
    after: str

    def __str__(self) -> str:
        return self.before + self.between.join(self.terms) + self.after


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """A layer with its numbers.

    Parameters
    ----------
    rows : (Row, Row)
    planes : ndarray, shape (C, rows, columns)
        The input with all around it that is drawn, from the first positions of `rows` on.
    holds : ndarray of bool, shape (rows, columns)
        Which of these cells have a number.
    kernel : ndarray, shape (O, C / groups, kh, kw), or None
        Of a correlation, as it is applied.
    bias : ndarray, shape (O,), or None
    groups : int
    output : ndarray, shape (O, H, W)
    mode : str
        Of a pooling.
    mask : ndarray of bool, shape (kh, kw)
        Cells of the window that count.
    divisors : ndarray, shape (H, W), or None
        What an average divides by.
    sources : ndarray of int, shape (rows, columns)
        The cell of the input, counted row by row, that each of these cells repeats; -1 where a constant stands.
    """

    rows: tuple[Row, Row]
    planes: NDArray[np.generic]
    holds: NDArray[np.bool]
    output: NDArray[np.generic]
    mask: NDArray[np.bool]
    kernel: NDArray[np.generic] | None = None
    bias: NDArray[np.generic] | None = None
    groups: int = 1
    mode: str = ""
    divisors: NDArray[np.generic] | None = None
    sources: NDArray[np.intp] = field(default_factory=lambda: np.zeros((0, 0), np.intp))

    def window(self, channel: int, unit: tuple[int, int]) -> NDArray[np.generic]:
        """Return the cells that a unit's window reads of a channel, shape (kh, kw)."""
        places = self._places(unit)
        found: NDArray[np.generic] = self.planes[channel][np.ix_(*places)]
        return found

    def _places(self, unit: tuple[int, int]) -> tuple[list[int], list[int]]:
        down, across = (
            [at - row.span[0] for at in row.taps(i)] for row, i in zip(self.rows, unit, strict=True)
        )
        return down, across

    def channels(self, output: int) -> range:
        """Input channels that an output channel reads."""
        if self.kernel is None:
            return range(output, output + 1)
        depth = self.kernel.shape[1]
        group = output // (len(self.kernel) // self.groups)
        return range(group * depth, (group + 1) * depth)

    def matrix(self) -> NDArray[np.generic]:
        """Return the correlation as the matrix that it is: result = matrix @ input + bias, both read row by row.

        Returns
        -------
        ndarray, shape (O * H' * W', C * H * W)

        Raises
        ------
        ConvError
            The border repeats no cell and is not zero, or the matrix is too large.
        """
        kernel, (down, across) = self.kernel, self.rows
        assert kernel is not None
        cells = len(self.planes) * down.n * across.n
        if self.output.size * cells > MOST_CELLS:
            raise ConvError(
                f"--matrix: got {self.output.size}x{cells}, at most {MOST_CELLS} numbers are printed"
            )
        found = np.zeros((*self.output.shape, len(self.planes), down.n * across.n), kernel.dtype)
        for output, row, column in np.ndindex(self.output.shape):
            places = self._places((row, column))
            sources = self.sources[np.ix_(*places)]
            for i, channel in enumerate(self.channels(output)):
                for at, tap in zip(sources.flat, kernel[output, i].flat, strict=True):
                    if at >= 0:
                        found[output, row, column, channel, at] += tap
        return found.reshape(self.output.size, cells)

    def words(self, output: int, unit: tuple[int, int], digits: int = 4) -> list[Calculation]:
        """Write how a unit of an output channel comes about, a line a channel, and a last one that adds them up."""
        result = f" = {said(self.output[output][unit], digits)}"
        if self.kernel is None:
            return [self._pooled(output, unit, result, digits)]
        bias = [] if self.bias is None else [self.bias[output]]
        lines, parts = [], []
        for i, channel in enumerate(self.channels(output)):
            cells, taps = self.window(channel, unit), self.kernel[output, i]
            terms = [
                f"{_factor(a, digits)}×{_factor(b, digits)}"
                for a, b in zip(cells.flat, taps.flat, strict=True)
            ]
            lines.append(terms)
            with np.errstate(all="ignore"):  # infinities of the input
                parts.append((cells * taps).sum())
        added = _signed(["", *(said(b, digits) for b in bias)])
        if len(lines) == 1 or self.kernel[0, 0].size == 1:
            terms = [t for line in lines for t in line]
            return [Calculation("", _shortened(terms), " + ", added + result)]
        found = [
            Calculation(f"channel {c}: ", _shortened(terms), " + ", f" = {said(part, digits)}")
            for c, terms, part in zip(self.channels(output), lines, parts, strict=True)
        ]
        total = _signed([said(p, digits) for p in (*parts, *bias)])
        return [*found, Calculation("", (total,), " ", result)]

    def _pooled(self, output: int, unit: tuple[int, int], result: str, digits: int) -> Calculation:
        counts = self.holds[np.ix_(*self._places(unit))] & self.mask
        cells = [said(v, digits) for v in self.window(output, unit)[counts]]
        name, _, share = self.mode.partition(":")
        if name in ("avg", "sum"):
            terms = _shortened([c if i == 0 else _parted(c) for i, c in enumerate(cells)])
            if self.divisors is None:
                return Calculation("", terms, " + ", result)
            return Calculation(
                "(", terms, " + ", f") / {said(self.divisors[unit], digits)}{result}"
            )
        head = f"percentile {share} of (" if share else f"{name}("
        return Calculation(head, _shortened(cells), ", ", ")" + result)


def _parted(text: str) -> str:
    return f"({text})" if text.startswith("−") else text


def _factor(value: np.generic, digits: int) -> str:
    return _parted(said(value, digits))


def _signed(texts: Sequence[str]) -> str:
    """Join terms by their signs.

    >>> _signed(["19", "−3", "2"])
    '19 − 3 + 2'
    """
    return "".join(
        t if i == 0 else f" − {t[1:]}" if t.startswith("−") else f" + {t}"
        for i, t in enumerate(texts)
    )


def _shortened(terms: Sequence[str]) -> tuple[str, ...]:
    return tuple(terms) if len(terms) <= _MOST else (*terms[:8], "…", *terms[-2:])


def said(value: object, digits: int = 4) -> str:
    """Write a number for people: whole ones whole, others to some digits.

    >>> said(-3), said(2.0), said(1 / 3)
    ('−3', '2', '0.3333')
    """
    number = float(value)  # type: ignore[arg-type]
    whole = abs(number) < 1e9 and number == int(number)
    text = str(int(number)) if whole else f"{number:.{digits}g}"
    return text.replace("-", "−")


def arithmetic(result: Result, *, mode: str = "") -> Arithmetic:
    """Take a correlation or a pooling apart, and compute it.

    Raises
    ------
    ConvError
        It is no plain one, or too large for a figure.
    """
    if isinstance(result, Correlation):
        problem = result.problem
        x, value = problem.x, problem.value
        look: Border | None = problem.mode
        mask = np.ones(problem.kernel, bool)
    elif isinstance(result, Pooling):
        x, look, value = result.x, result.border, result.value
        mask = np.zeros((result.axes[0].k, result.axes[1].k), bool)
        counted = result.windows.mask
        mask[: counted.shape[0], : counted.shape[1]] = counted
    else:
        raise ConvError(
            "--draw, --explain: got a picture with transparency, an opaque one is needed (--background COLOUR)"
        )
    if len(x) > 1:
        raise ConvError(
            f"--draw, --explain: got a batch of {len(x)} ({size_text(x.shape)}), one is allowed"
        )
    rows = laid_out(result.axes)
    (top, bottom), (left, right) = rows[0].span, rows[1].span
    held = x[0].astype(np.int64) if x.dtype == bool else x[0]
    size = x.shape[1], bottom - top, right - left
    # what a border fills in may be no number of the input's type
    planes = np.zeros(size, held.dtype if value == 0 else np.result_type(held, np.float64))
    read_window(held, (top, bottom), (left, right), look or BORDERS["zero"], value, planes)
    holds = np.ones(planes.shape[1:], bool)
    if look is None:
        holds[:] = False
        holds[-top : x.shape[2] - top, -left : x.shape[3] - left] = True
    across = cells(look or BORDERS["zero"], left, right, x.shape[3])
    down = cells(look or BORDERS["zero"], top, bottom, x.shape[2])[:, None]
    sources = np.where((down < 0) | (across < 0), -1, down * x.shape[3] + across)
    output = result.run().reshape(-1, rows[0].out, rows[1].out)
    if isinstance(result, Correlation):
        return Arithmetic(
            rows,
            planes,
            holds,
            output,
            mask,
            problem.weights.astype(_exact(problem.weights)),
            None if problem.bias is None else problem.bias.astype(_exact(problem.bias)),
            problem.groups,
            sources=sources,
        )
    divisors = result.cells[0].T @ result.cells[1] if result.mode.divides else None
    return Arithmetic(rows, planes, holds, output, mask, mode=mode, divisors=divisors)


def _exact(values: NDArray[np.generic]) -> type[np.generic]:
    """Return the type that holds numbers as they were given: whole ones, though they are multiplied as floats."""
    whole = values.dtype.kind in "iu" or (
        (np.abs(values) < 2**53).all() and (values == np.rint(values)).all()
    )
    return np.int64 if whole else np.float64
