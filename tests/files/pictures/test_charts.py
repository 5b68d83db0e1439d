"""Confusion charts and galleries: what stands where, found again in the picture by looking at it."""

import numpy as np
import pytest

from convcli.files.pictures.charts import Tile, confusion_chart, gallery

WHITE = 255


def cells(picture, classes, side):
    """Cut out the cells (3, H, W), which end at the last pixel that is not white; and where they begin."""
    drawn = (picture.planes != WHITE).any(axis=0)
    bottom, right = (np.flatnonzero(drawn.any(axis=axis))[-1] + 1 for axis in (1, 0))
    top, left = bottom - side * classes, right - side * classes
    return picture.planes[:, top:bottom, left:right].astype(int), top, left


def inside(found, row, column, side):
    """Return a cell without the line at its top and its left."""
    place = (slice(at * side + 1, (at + 1) * side) for at in (row, column))
    return found[(slice(None), *place)]


def ink(part):
    """Return the first and last row, and the first and last column, of what is not white; None if there is nothing."""
    drawn = (part != WHITE).any(axis=0)
    if not drawn.any():
        return None
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    return rows[0], rows[-1], columns[0], columns[-1]


@pytest.mark.parametrize(
    ("classes", "side"), [(2, 40), (30, 40), (31, 38), (75, 16), (85, 14), (100, 12), (1201, 1)]
)
def test_a_cell_is_as_dark_as_its_share_of_the_row(classes, side):
    counts = np.random.default_rng(classes).integers(0, 9, (classes, classes))
    counts[0] = 0  # a class without an example
    counts[-1] = [0] * (classes - 1) + [3]
    found, top, left = cells(confusion_chart(counts, ["x"] * classes), classes, side)
    pure = cells(confusion_chart(np.eye(2, dtype=int), "ab"), 2, 40)[0][:, 39, 39]
    assert pure.mean() < WHITE / 2
    shares = counts / np.maximum(counts.sum(axis=1), 1)[:, None]
    expected = WHITE + shares * (pure[:, None, None] - WHITE)
    last = found[:, side - 1 :: side, side - 1 :: side]  # the corner of each cell, free of numbers
    assert np.abs(last - expected).max() <= 0.5
    assert top == left  # as much room for names above as beside
    blocks = found.reshape(3, classes, side, classes, side).transpose(0, 1, 3, 2, 4)
    if side <= 16:  # there are no lines, which would be much of so small a cell
        assert (blocks == last[..., None, None]).all()
    elif side < 40:
        assert (blocks[..., 1:, 1:] == last[..., None, None]).all()
        assert len(np.unique(found[:, ::side])) == len(np.unique(found[:, :, ::side])) == 1


def test_numbers_stand_in_the_middle_of_large_cells_in_an_ink_that_is_seen():
    counts = np.array([[3, 1, 0, 4], [0, 2, 2, 0], [0, 0, 0, 0], [12, 0, 88, 0]])
    found, _, _ = cells(confusion_chart(counts, "abcd"), 4, 40)
    for (row, column), count in np.ndenumerate(counts):
        cell = inside(found, row, column, 40)
        ground = cell[:, -1, -1]
        drawn = (cell != ground[:, None, None]).any(axis=0)
        assert drawn.any() == (count > 0)
        if count:
            strokes = cell[:, drawn].mean(axis=0) - ground.mean()
            light = count / counts[row].sum() > 0.5
            assert (strokes > 0).all() if light else (strokes < 0).all()
            assert abs(strokes).max() > 100
            for axis in (0, 1):
                at = np.flatnonzero(drawn.any(axis=axis))
                assert abs((at[0] + at[-1]) / 2 - 19) <= 2
    shown = [inside(found, *place, 40) for place in ((0, 1), (1, 1), (1, 2), (3, 0))]
    assert (shown[1] == shown[2]).all()
    widths = [
        np.ptp(np.flatnonzero((s.min(axis=0) < 60).any(axis=0))) for s in (shown[1], shown[3])
    ]
    assert widths[0] < widths[1]  # 2 and 12


@pytest.mark.parametrize(
    ("classes", "side", "named"), [(3, 40, True), (85, 14, True), (86, 13, False)]
)
def test_names_stand_beside_their_row_and_above_their_column(classes, side, named):
    counts = np.ones((classes, classes), int)
    bare = confusion_chart(counts, [""] * classes)
    names = ["", "bd", *[""] * (classes - 2)]
    picture = confusion_chart(counts, names)
    _, top, left = cells(picture, classes, side)
    assert picture.size == bare.size
    added = np.where(picture.planes == bare.planes, WHITE, picture.planes)
    assert (ink(added) is not None) == named
    if not named:
        return
    assert ink(added[:, :top, :left]) is None  # the corner has a text of its own
    assert ink(added[:, top:, left:]) is None
    first, last, _, end = ink(added[:, :, :left])
    assert top + side <= first <= last < top + 2 * side
    assert abs((first + last) / 2 - (top + 1.5 * side)) <= 3
    assert 4 <= left - end <= 12
    _, end, first, last = ink(added[:, :top])
    assert left + side <= first <= last < left + 2 * side
    assert abs((first + last) / 2 - (left + 1.5 * side)) <= 3
    assert 4 <= top - end <= 12  # it reads upwards, and begins at the cells


@pytest.mark.parametrize("name", ["W" * 24, "a"])
def test_there_is_room_for_the_longest_name_and_for_the_corner(name):
    picture = confusion_chart(np.eye(2, dtype=int), [name, "b"])
    _, top, left = cells(picture, 2, 40)
    height, width = picture.size
    assert picture.planes.dtype == np.uint8
    assert 4 <= height - (top + 80) <= 12
    assert 4 <= width - (left + 80) <= 12
    first_row, _, first, _ = ink(picture.planes)
    assert 4 <= first <= 12
    assert (4 <= first_row <= 16) == (name != "a")
    # which way to read it: rows are classes, columns answers
    first_row, last_row, first, last = ink(picture.planes[:, :top, :left])
    assert 4 <= first <= last < left - 4
    assert top - 24 <= first_row <= last_row < top - 4


def test_names_are_cut_and_what_cannot_be_printed_is_a_question_mark():
    def same(one, other):
        first, second = (confusion_chart(np.eye(2, dtype=int), [n, "b"]) for n in (one, other))
        return np.array_equal(first.planes, second.planes)

    assert same("a" * 30, "a" * 23 + "…")
    assert same("a" * 25, "a" * 30)
    assert not same("a" * 24, "a" * 25)
    assert not same("a" * 24, "a" * 23 + "…")
    assert same("a\x1b\n", "a??")


def runs(mask):
    """Return where each run of True begins and ends."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask, [0]])))
    return edges.reshape(-1, 2).tolist()


@pytest.mark.parametrize(
    ("size", "factor"),
    [((28, 28), 4), ((5, 4), 23), ((4, 56), 2), ((112, 9), 1), ((113, 3), 1), ((300, 200), 1)],
)
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize(("count", "across", "down"), [(1, 1, 1), (2, 2, 1), (5, 3, 2), (7, 3, 3)])
def test_tiles_stand_in_rows_and_are_enlarged_by_a_whole_factor(
    size, factor, colours, count, across, down
):
    values = np.random.default_rng(count).uniform(0, 0.9, (count, colours, *size))
    values[:, 0, 1, 1], values[:, 0, 2, 1] = -0.5, 1.5  # beyond black and white
    picture = gallery([Tile(v, ("", "")) for v in values])
    drawn = (picture.planes != WHITE).any(axis=0)
    rows, columns = (runs(drawn.any(axis=axis)) for axis in (1, 0))
    assert (len(columns), len(rows)) == (across, down)
    assert {b - a for a, b in rows} == {size[0] * factor}
    assert {b - a for a, b in columns} == {size[1] * factor}
    around = columns[0][0], rows[0][0], picture.size[1] - columns[-1][1]
    assert 4 <= min(around) <= max(around) <= 12
    for at, planes in enumerate(values):
        top, left = rows[at // across][0], columns[at % across][0]
        block = picture.planes[:, top : top + size[0] * factor, left : left + size[1] * factor]
        expected = np.rint(np.clip(planes, 0, 1) * 255).repeat(factor, 1).repeat(factor, 2)
        np.testing.assert_array_equal(block, np.broadcast_to(expected, block.shape))
    assert drawn.sum() <= count * size[0] * size[1] * factor**2  # and nothing else


@pytest.mark.parametrize("at", range(4))
def test_lines_stand_below_their_own_tile(at):
    def made(*lines):
        return gallery(
            [Tile(np.zeros((1, 28, 28)), lines if i == at else ("", "")) for i in range(4)]
        )

    bare = made("", "")
    drawn = (bare.planes != WHITE).any(axis=0)
    rows, columns = (runs(drawn.any(axis=axis)) for axis in (1, 0))
    (_, below), (left, right) = rows[at // 2], columns[at % 2]
    end = rows[1][0] if at < 2 else bare.size[0]
    places = []
    for lines in (("Eg", ""), ("", "Eg")):
        picture = made(*lines)
        assert picture.size == bare.size
        added = np.where(picture.planes == bare.planes, WHITE, picture.planes)
        first, last, begin, stop = ink(added)
        assert below <= first <= last < end
        assert left <= begin <= left + 3
        assert stop < right
        places.append((first, last))
    assert places[0][1] < places[1][0] <= places[0][0] + 24  # one below the other


def test_a_long_line_makes_room_for_itself():
    tiles = [Tile(np.zeros((1, 28, 28)), ("W" * 24,)), Tile(np.zeros((1, 28, 28)), ("",))]
    for order in (tiles, tiles[::-1]):
        picture = gallery(order)
        drawn = (picture.planes != WHITE).any(axis=0)
        (top, bottom), *_ = runs(drawn.all(axis=1) | (drawn.sum(axis=1) >= 224))
        (_, _), (second, _) = runs(drawn[top:bottom].any(axis=0))
        _, _, begin, end = ink(picture.planes[:, bottom + 1 :])
        if order is tiles:
            assert end < second
        else:
            assert begin >= second
            assert end < picture.size[1] - 4
    cut = [gallery([Tile(np.zeros((1, 8, 8)), (text,))]) for text in ("a" * 40, "a" * 23 + "…")]
    np.testing.assert_array_equal(cut[0].planes, cut[1].planes)
