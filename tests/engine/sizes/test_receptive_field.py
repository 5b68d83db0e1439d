"""Receptive fields against following every unit back to the input, row by row."""

import random
from fractions import Fraction

import numpy as np
import pytest

from convcli.engine.sizes.geometry import axes
from convcli.engine.sizes.receptive_field import Field
from convcli.engine.sizes.transposed import transposed_axes


def sees(layers, unit):
    """Return the rows of the input that a unit depends on; padding counts as rows of its own."""
    rows = {unit}
    for axis, transposed in reversed(layers):
        taps = range(0, axis.d * axis.k, axis.d)
        if transposed:
            rows = {
                (u + axis.before - t) // axis.s
                for u in rows
                for t in taps
                if (u + axis.before - t) % axis.s == 0
            }
        else:
            rows = {u * axis.s - axis.before + t for u in rows for t in taps}
    return rows


def chain(seed):
    rng = random.Random(seed)
    layers, field, n = [], Field(), 60
    for _ in range(rng.randint(1, 4)):
        s = rng.randint(1, 3)
        k, p = rng.randint(s, s + 3), rng.randint(0, 1)
        if rng.random() < 0.4:
            axis, transposed = transposed_axes((n,), (k,), stride=s, padding=p)[0], True
            field = field.after_transposed(axis)
        else:
            d = rng.randint(1, 2)
            axis, transposed = axes((n,), (k,), stride=s, padding=[(p, 0)], dilation=d)[0], False
            field = field.after(axis)
        layers.append((axis, transposed))
        n = axis.out
        if n < 12:
            break
    return layers, field, n


@pytest.mark.parametrize("seed", range(60))
def test_fields_equal_the_rows_followed_back(seed):
    layers, field, n = chain(seed)
    for unit in range(min(n, 40)):
        rows = sees(layers, unit)
        assert field.sees(unit) == (min(rows), max(rows))
    period = len(field.firsts)
    widest = max(len(range(min(r), max(r) + 1)) for r in (sees(layers, u) for u in range(period)))
    assert field.size == widest
    assert field.start == min(sees(layers, 0))


def test_the_following_back_is_able_to_fail():
    layers = [(axes((20,), (3,), stride=2, padding=1)[0], False)]
    assert sees(layers, 0) == {-1, 0, 1}
    assert sees(layers, 3) == {5, 6, 7}


def test_a_join_is_the_union():
    narrow = Field().after(axes((9,), (1,))[0])
    wide = Field().after(axes((9,), (5,), padding=2)[0])
    both = narrow.joined(wide, 9)
    assert (both.size, both.start, both.jump) == (5, -2, 1)
    ahead = Field().after(axes((9,), (3,), padding=[(2, 0)])[0])
    behind = Field().after(axes((9,), (3,), padding=[(0, 2)])[0])
    assert (ahead.joined(behind, 9).size, ahead.joined(behind, 9).start) == (5, -2)


def test_branches_of_other_steps_join_on_a_map_of_one_unit():
    one = Field().after(axes((1,), (3,), stride=2, padding=1)[0])
    other = Field().after(axes((1,), (1,))[0])
    assert (one.joined(other, 1).size, one.joined(other, 1).start) == (3, -1)


def test_branches_of_other_steps_go_on_by_the_larger_one_and_by_a_row_at_least():
    once = Field().after(axes((9,), (1,))[0])
    twice = Field().after(axes((9,), (1,), stride=2)[0])
    half, quarter = (
        Field().after_transposed(transposed_axes((9,), (s,), stride=s)[0]) for s in (2, 4)
    )
    assert once.joined(once, 1).jump == 1
    assert half.joined(half, 1).jump == Fraction(1, 2)
    for a, b, jump in [(once, twice, 2), (once, half, 1), (half, quarter, 1), (twice, quarter, 2)]:
        assert (a.joined(b, 1).jump, b.joined(a, 1).jump) == (jump, jump)


def test_too_many_phases_are_not_counted():
    assert Field().after_transposed(transposed_axes((4,), (2,), stride=10**6)[0]) is None


def test_of_branches_with_other_steps_the_widest_unit_at_an_end_counts():
    rng = np.random.default_rng(3)
    for _ in range(200):
        (a, b), (c, d) = (sorted(rng.integers(-9, 10, 2).tolist()) for _ in range(2))
        one, step, out = *rng.permutation(np.arange(1, 9))[:2].tolist(), int(rng.integers(1, 9))
        joined = Field((a,), (b,), one).joined(Field((c,), (d,), step), out)
        ends = [
            (min(a + u * one, c + u * step), max(b + u * one, d + u * step)) for u in (0, out - 1)
        ]
        first, last = max(ends, key=lambda end: end[1] - end[0])
        assert (joined.start, joined.size) == (first, last - first + 1)
        assert joined.jump == max(one, step)
