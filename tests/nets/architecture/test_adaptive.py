"""Adaptive pooling: what it gives, and what its units see."""

import pytest

from convcli.engine.errors import ConvError
from convcli.engine.sizes.receptive_field import Field, part
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import program


def test_sizes_and_receptive_fields():
    rows = program(read_chain("conv:4,k3,s2 adaptive:7x2"), (3, 29, 29))
    assert rows[1].output == (4, 7, 2)
    assert rows[1].rf == (5, 15)  # 2 of 14 rows, a step of 2 apart; 7 of 14
    assert rows[1].jump == (4, 14)


@pytest.mark.parametrize(("n", "cells"), [(5, 3), (7, 4), (13, 6), (3, 5), (224, 7), (1, 1)])
def test_parts_cover_every_row(n, cells):
    seen = set()
    for i in range(cells):
        first, end = part(i, n, cells)
        assert 0 <= first < end <= n
        seen |= set(range(first, end))
        assert Field().after_parts(n, cells).sees(i) == (first, end - 1)
    assert seen == set(range(n))


def test_the_same_size_changes_nothing():
    field = Field((-3,), (9,), 4)
    assert field.after_parts(8, 8) == field


def test_errors():
    with pytest.raises(ConvError, match="adaptive needs channels x spatial axes"):
        program(read_chain("adaptive:2"), (12,))
    with pytest.raises(ConvError, match="cells: got 2x2 for 1 axis"):
        program(read_chain("adaptive:2x2"), (3, 12))
