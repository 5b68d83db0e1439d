"""Layers as scenes: which cells there are and which lie in the window, against plain loops."""

import itertools

import pytest

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import axes
from convcli.engine.sizes.transposed import transposed_axes
from convcli.figures.layers import layer_frames, layer_page
from tests.figures.looking import boxes, check_texts, lines, named, tapped

PLAIN = [
    {"padding": p, "stride": s, "dilation": d, "ceil": c}
    for p, s, d, c in itertools.product(
        (0, 1, [(0, 2), (1, 0)], "same", "same-lower", "full", "causal"),
        (1, 2, (3, 2)),
        (1, (2, 1)),
        (False, True),
    )
]


def read_by(axis, unit):
    """Rows of the input's own count that a window reads, by the definition of the layer."""
    return [unit * axis.s - axis.before + tap * axis.d for tap in range(axis.k)]


@pytest.mark.parametrize("options", PLAIN, ids=str)
def test_the_window_reads_what_loops_read(options):
    found = axes((7, 6), (3, 2), **options)
    ever = set()
    for row in range(found[0].out):
        for column in range(found[1].out):
            page = layer_page(found, (row, column))
            rows, columns = read_by(found[0], row), read_by(found[1], column)
            expected = set(itertools.product(rows, columns))
            ever |= expected
            assert tapped(page) == expected
            assert tapped(page, "output") == {(row, column)}
            check_texts(page)
    own = set(itertools.product(range(7), range(6)))
    assert named(page, "unread") == own - ever
    assert named(page, "input") == own & ever
    (up, down), (left, right) = ((a.before, a.after) for a in found)
    padded = set(itertools.product(range(-up, 7 + down), range(-left, 6 + right))) - own
    assert named(page, "padding") == padded
    assert named(page, "beyond") >= ever - padded - own
    assert len(boxes(page, "output")) == found[0].out * found[1].out


@pytest.mark.parametrize(
    "options",
    [
        {"padding": p, "stride": s, "dilation": d, "output_padding": e}
        for p, s, d, e in itertools.product(
            (0, 1, [(0, 1), (2, 0)], 3), (1, 2, 3), (1, 2), (None, 1)
        )
        if (e is None or s > 1 or d > 1) and (p != 3 or s > 1)
    ],
    ids=str,
)
def test_a_transposed_layer_is_drawn_over_its_input_with_zeros_between(options):
    found = transposed_axes((3, 4), (3, 3), **options)
    for unit in itertools.product(*(range(a.out) for a in found)):
        page = layer_page(found, unit)
        # unit o gets input row i where o = i*s + d*t - before for a tap t
        reached = [
            {i for i in range(a.n) for t in range(a.k) if i * a.s + a.d * t - a.before == o}
            for a, o in zip(found, unit, strict=True)
        ]
        inputs = {
            (r // found[0].s, c // found[1].s) for r, c in tapped(page) & named(page, "input")
        }
        assert inputs == set(itertools.product(*reached))
        assert len(tapped(page)) == 9
    check_texts(page)
    assert len(named(page, "input") | named(page, "unread")) == 12
    between = ((3 - 1) * found[0].s + 1) * ((4 - 1) * found[1].s + 1) - 12
    assert len(named(page, "inserted")) == between


def test_one_axis_is_rows():
    found = axes((10,), (3,), stride=2, padding="same")
    page = layer_page(found, (4,), "same")
    assert tapped(page) == {(0, 8), (0, 9), (0, 10)}
    assert named(page, "padding") == {(0, 10)}
    assert {"input 10", "output 5", "kernel 3, stride 2, padding 0/1 (same)"} <= set(lines(page))
    check_texts(page)


def test_rows_that_no_window_reads_are_told():
    page = layer_page(axes((10, 9), (3, 3), stride=2))
    assert "1 row of the input is never read" in lines(page)
    assert named(page, "unread") == {(9, c) for c in range(9)}


def test_frames_go_through_the_output_in_reading_order():
    frames = layer_frames(axes((4, 5), (3, 3)))
    walked = [next(iter(tapped(page, "output"))) for page in frames]
    assert walked == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert len({(page.wide, page.high) for page in frames}) == 1


@pytest.mark.parametrize("size", [6, pytest.param(32, marks=pytest.mark.full)])
def test_there_is_a_frame_for_every_place(size):
    assert len(layer_frames(axes((size, size), (3, 3), padding=1))) == size**2


def test_what_is_too_large_is_refused():
    with pytest.raises(ConvError, match="at most 48x48 cells"):
        layer_page(axes((47, 47), (3, 3), padding=1))
    with pytest.raises(ConvError, match="at most 1024 frames"):
        layer_frames(axes((33, 33), (2, 2), padding="same"))
    with pytest.raises(ConvError, match="0,0 to 2,2 are allowed"):
        layer_page(axes((5, 5), (3, 3)), (3, 0))
    with pytest.raises(ConvError, match="3 axes, 1 or 2"):
        layer_page(axes((5, 5, 5), (3, 3, 3)))
