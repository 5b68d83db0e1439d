"""Receptive fields: which rows of the input a unit of a feature map depends on. Pure integers, no NumPy.

Source: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from convcli.engine.sizes.geometry import Axis
from convcli.engine.sizes.transposed import TransposedAxis

__all__ = ["Field", "part"]

_MOST_PHASES = 4096


@dataclass(frozen=True)
class Field:
    """The input rows that the units of one axis of a feature map see, padding counted as rows.

    After convolutions and pooling, unit u sees rows start + u*jump to start + u*jump + size - 1. A transposed
    convolution makes the units take turns: `q` phases, after which everything repeats `step` rows further.

    Parameters
    ----------
    firsts, lasts : tuple of int
        First and last row that units 0 … q-1 see.
    step : int
        Rows from unit u to unit u + q.

    Examples
    --------
    >>> from convcli.engine.sizes.geometry import axes
    >>> field = Field()
    >>> for n, k, s in [(32, 5, 1), (28, 2, 2), (14, 5, 1)]:
    ...     field = field.after(axes((n,), (k,), stride=s)[0])
    >>> field.size, int(field.jump), field.start
    (14, 2, 0)
    """

    firsts: tuple[int, ...] = (0,)
    lasts: tuple[int, ...] = (0,)
    step: int = 1

    @property
    def size(self) -> int:
        """The receptive field: rows that a unit sees, of the unit that sees the most."""
        return max(last - first + 1 for first, last in zip(self.firsts, self.lasts, strict=True))

    @property
    def jump(self) -> Fraction:
        """Rows of the input from one unit to the next."""
        return Fraction(self.step, len(self.firsts))

    @property
    def start(self) -> int:
        """First row that unit 0 sees; negative where it lies in the padding."""
        return self.firsts[0]

    def sees(self, unit: int) -> tuple[int, int]:
        """Return the first and the last row that a unit sees."""
        turns, phase = divmod(unit, len(self.firsts))
        return self.firsts[phase] + turns * self.step, self.lasts[phase] + turns * self.step

    def after(self, axis: Axis) -> "Field":
        """Return the field of the units that a layer with these windows makes."""
        phases = lcm(len(self.firsts), axis.s) // axis.s
        windows = [u * axis.s - axis.before for u in range(phases)]
        return Field(
            tuple(self.sees(w)[0] for w in windows),
            tuple(self.sees(w + axis.extent - 1)[1] for w in windows),
            phases * axis.s * self.step // len(self.firsts),
        )

    def after_transposed(self, axis: TransposedAxis) -> "Field | None":
        """Return the field of the units that a transposed convolution makes, None if it has too many phases."""
        phases = len(self.firsts) * axis.s
        if phases > _MOST_PHASES:
            return None
        reach = [u + axis.before for u in range(phases)]
        return Field(
            tuple(self.sees(-((axis.extent - 1 - r) // axis.s))[0] for r in reach),
            tuple(self.sees(r // axis.s)[1] for r in reach),
            self.step,
        )

    def after_parts(self, n: int, parts: int) -> "Field":
        """Return the field of units that each pool one `part` of all n rows."""
        if n % parts == 0:
            return self.after(Axis(n, n // parts, n // parts, 1, 0, 0, parts))
        rows = [part(i, n, parts) for i in range(parts)]
        return Field(
            tuple(self.sees(first)[0] for first, _ in rows),
            tuple(self.sees(end - 1)[1] for _, end in rows),
            max(round(n * self.jump), 1),
        )

    def stretched(
        self, factor: Fraction, reach: Callable[[int], tuple[int, int]]
    ) -> "Field | None":
        """Return the field of the units that interpolation makes, None if it has too many phases.

        Parameters
        ----------
        factor : Fraction
            Units after it to units before it.
        reach : callable
            From a unit after it to the first and the last unit before it that it is made of.
        """
        turns = len(self.firsts) // gcd(factor.denominator, len(self.firsts))
        phases = factor.numerator * turns
        if phases > _MOST_PHASES:
            return None
        ends = [reach(u) for u in range(phases)]
        return Field(
            tuple(self.sees(first)[0] for first, _ in ends),
            tuple(self.sees(last)[1] for _, last in ends),
            factor.denominator * turns * self.step // len(self.firsts),
        )

    def shifted(self, units: int, step: int = 1) -> "Field":
        """Return the field of every `step`-th unit from unit number `units` on."""
        return self.after(Axis(1, 1, step, 1, -units, 0, 1))

    def joined(self, other: "Field", out: int) -> "Field":
        """Return the union with another branch's field, for a feature map of `out` units."""
        if self.jump == other.jump:
            phases = lcm(len(self.firsts), len(other.firsts))
            pairs = [(self.sees(u), other.sees(u)) for u in range(phases)]
            step = int(self.jump * phases)
        else:
            # branches that agree in size but not in their steps (on maps of one unit, say): the widest unit stands
            # for all, and it is one of the two at the ends
            ends = [(self.sees(u), other.sees(u)) for u in (0, out - 1)]
            pairs = [max(ends, key=lambda p: max(p[0][1], p[1][1]) - min(p[0][0], p[1][0]))]
            step = max(self.step // len(self.firsts), other.step // len(other.firsts), 1)
        return Field(
            tuple(min(a[0], b[0]) for a, b in pairs),
            tuple(max(a[1], b[1]) for a, b in pairs),
            step,
        )


def part(i: int, n: int, parts: int) -> tuple[int, int]:
    """Return the half-open range of rows that part i of n rows takes; neighbours overlap where they do not divide.

    >>> [part(i, 5, 3) for i in range(3)]
    [(0, 2), (1, 4), (3, 5)]
    """
    return i * n // parts, -(-(i + 1) * n // parts)
