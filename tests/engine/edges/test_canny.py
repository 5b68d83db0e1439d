"""Canny against plain loops, and what its parts promise."""

import math
from collections import deque

import numpy as np
import pytest

from convcli.engine.edges import canny as module
from convcli.engine.edges.canny import RATIO, canny, connected_to
from tests.oracle import source


def slow_canny(x, sigma, low, high, border):
    """The definition, cell by cell, on a plane of floats; the result has the plane's size."""
    radius = int(4 * sigma + 0.5)
    reach = radius + 2
    g = [math.exp(-(i**2) / (2 * sigma**2)) for i in range(-radius, radius + 1)]
    g = [w / sum(g) for w in g]
    height, width = x.shape
    at_row = [source(i, height, border) for i in range(-reach, height + reach)]
    at_column = [source(j, width, border) for j in range(-reach, width + reach)]
    wide = [[0.0 if r is None or c is None else x[r, c] for c in at_column] for r in at_row]
    blurred = [
        [sum(g[k] * row[j + k] for k in range(len(g))) for j in range(width + 4)] for row in wide
    ]
    blurred = [
        [sum(g[k] * blurred[i + k][j] for k in range(len(g))) for j in range(width + 4)]
        for i in range(height + 4)
    ]

    def gradient(i, j):
        def cell(u, v):
            return blurred[i + u][j + v]

        gx = cell(0, 2) + 2 * cell(1, 2) + cell(2, 2) - cell(0, 0) - 2 * cell(1, 0) - cell(2, 0)
        gy = cell(2, 0) + 2 * cell(2, 1) + cell(2, 2) - cell(0, 0) - 2 * cell(0, 1) - cell(0, 2)
        return gx / 4, gy / 4

    slopes = [[gradient(i, j) for j in range(width + 2)] for i in range(height + 2)]
    m = [[math.hypot(*slope) for slope in row] for row in slopes]
    crest = [[0.0] * width for _ in range(height)]
    for i in range(1, height + 1):
        for j in range(1, width + 1):
            gx, gy = slopes[i][j]
            across = abs(gx) >= abs(gy)
            down, right = (1 if gy > 0 else -1), (1 if gx > 0 else -1)
            larger = max(abs(gx), abs(gy))
            if larger < 1e-9:
                continue
            share = min(abs(gx), abs(gy)) / larger
            ahead, behind = (
                (1 - share) * (m[i][j + way * right] if across else m[i + way * down][j])
                + share * m[i + way * down][j + way * right]
                for way in (1, -1)
            )
            if m[i][j] >= max(ahead, behind) * (1 - 1e-12):
                crest[i - 1][j - 1] = m[i][j]
    found = np.zeros((height, width), bool)
    queue = deque((i, j) for i in range(height) for j in range(width) if crest[i][j] >= high)
    while queue:
        i, j = queue.popleft()
        if 0 <= i < height and 0 <= j < width and not found[i, j] and crest[i][j] >= low:
            found[i, j] = True
            queue.extend((i + u, j + v) for u in (-1, 0, 1) for v in (-1, 0, 1))
    return found


def blobs(seed, size=(23, 19)):
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(6, 6))
    return np.kron(coarse, np.ones((4, 4)))[: size[0], : size[1]] * 40 + rng.normal(size=size)


@pytest.mark.parametrize("border", ["reflect", "mirror", "nearest", "wrap", "zero"])
@pytest.mark.parametrize("sigma", [0.7, 1.4])
def test_agrees_with_plain_loops(border, sigma):
    x = blobs(int(sigma * 10))
    want = slow_canny(x, sigma, 4.0, 12.0, border)
    found = canny(x, sigma, low=4.0, high=12.0, padding="same", border=border)
    assert 20 < want.sum() < 200
    assert (found.map == want).all()


def test_the_loops_notice_a_wrong_threshold_and_a_wrong_blur():
    x = blobs(7)
    right = canny(x, 0.7, low=4.0, high=12.0, padding="same").map
    assert (right != slow_canny(x, 0.7, 4.0, 30.0, "reflect")).any()
    assert (right != slow_canny(x, 0.8, 4.0, 12.0, "reflect")).any()


def test_a_gradient_exactly_at_a_threshold_passes_it():
    x = np.zeros((32, 20))
    x[:16, 10:], x[16:, 10:] = 64, 32  # gradients 64 and 32: so small a sigma blurs nothing
    more = 1 + 2.0**-23
    for low, high, rows in ((32, 64, 32), (32 * more, 64, 17), (32, 64 * more, 0)):
        found = canny(x, 0.1, low=low, high=high, padding="same").map
        assert found[:, 9:11].any(axis=1).sum() == rows
        assert (found == slow_canny(x, 0.1, low, high, "reflect")).all()


def test_nothing_is_padded_unless_told():
    x = blobs(3, (24, 24))
    reach = int(4 * 0.7 + 0.5) + 2
    inner = canny(x, 0.7, low=4, high=12)
    assert inner.map.shape == (24 - 2 * reach, 24 - 2 * reach)
    assert [axis.k for axis in inner.axes] == [2 * reach + 1] * 2
    # with low = high no edge comes in from outside
    alone = canny(x, 0.7, low=8, high=8).map
    padded = canny(x, 0.7, low=8, high=8, padding="same").map
    assert (alone == padded[reach:-reach, reach:-reach]).all()
    shifted = canny(x, 0.7, low=8, high=8, padding=[(1, 0), (0, 2)]).map
    assert shifted.shape == (alone.shape[0] + 1, alone.shape[1] + 2)
    assert (shifted[1:, :-2] == alone).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_a_step_gives_one_line_where_it_is(dtype):
    x = np.zeros((30, 31), dtype)
    x[:, 15] = 100
    x[:, 16:] = 200
    found = canny(x, 1.4, padding="same")
    assert found.map.sum() == 30
    assert found.map[:, 15].all()


def test_a_steep_line_is_thin_and_whole():
    """Four directions in place of interpolation would break or double it."""
    at = np.arange(64)
    for slope in (0.2, 0.45, 0.8, 1.7):
        x = 255 / (1 + np.exp(-(at[None, :] - 32 - slope * (at[:, None] - 32)) * 0.8))
        found = canny(x, 1.4, padding="same").map[8:-8, 8:-8]
        spans = [row.nonzero()[0] for row in (found if slope < 1 else found.T)]
        crossed = [s for s in spans if len(s)]
        assert len(crossed) > 20
        assert all(len(s) <= 2 for s in crossed)


def test_a_dark_line_between_two_equal_cells_keeps_both():
    x = np.zeros((20, 20), np.uint8)
    x[:, 10:] = 255
    found = canny(x, 1.4, padding="same").map
    assert found.any(axis=0).nonzero()[0].tolist() == [9, 10]


def test_low_thresholds_follow_strong_edges():
    x = np.zeros((41, 60))
    x[:20, 30:] = np.linspace(100, 20, 20)[:, None]
    few = canny(x, 1.0, low=20, high=20, padding="same").map
    more = canny(x, 1.0, low=10, high=20, padding="same").map
    assert (more | few == more).all()
    assert more.sum() > few.sum()
    assert not canny(x, 1.0, low=10, high=1000, padding="same").map.any()


def test_thresholds_that_are_not_given():
    x = blobs(5)
    chosen = canny(x, 1.0, padding="same")
    assert chosen.low == pytest.approx(RATIO * chosen.high)
    again = canny(x, 1.0, low=chosen.low, high=chosen.high, padding="same")
    assert (again.map == chosen.map).all()
    assert canny(x, 1.0, high=10, padding="same").low == 4
    assert canny(x, 1.0, low=4, padding="same").high == 10
    scaled = canny(x * 16, 1.0, padding="same")
    assert scaled.high == pytest.approx(16 * chosen.high)
    assert (scaled.map == chosen.map).all()


def test_a_drawing_keeps_its_weaker_lines():
    x = np.zeros((60, 60))
    x[10:30, 10:30] = 255
    x[40:55, 40:55] = 110
    found = canny(x, 1.4, padding="same").map
    assert found[:35, :35].sum() > 70
    assert found[35:, 35:].sum() > 50


def test_noise_gives_no_more_edges_than_the_square_in_it():
    rng = np.random.default_rng(0)
    x = rng.normal(100, 2, (80, 80))
    x[20:60, 20:60] += 80
    found = canny(x, 1.4, padding="same").map
    ring = np.zeros((80, 80), bool)
    ring[18:62, 18:62] = True
    ring[22:58, 22:58] = False
    assert found[ring].sum() > 140
    assert not found[~ring].any()


def test_nan_makes_no_edges_and_no_warning():
    x = blobs(5)
    x[3, 4] = np.nan
    found = canny(x, 0.7, low=4, high=12, padding="same").map
    want = canny(np.nan_to_num(x), 0.7, low=4, high=12, padding="same").map
    assert not found[2:5, 3:6].any()
    assert (found[14:, 14:] == want[14:, 14:]).all()


def test_infinities_are_silent():
    x = blobs(5)
    x[3, 4], x[10, 2] = np.inf, -np.inf
    assert canny(x, 0.7, low=4, high=12, padding="same").map.any()


# --- regions --------------------------------------------------------------------------------------


def flood(weak, strong):
    kept = np.zeros_like(weak)
    queue = deque(map(tuple, np.argwhere(strong)))
    while queue:
        i, j = queue.popleft()
        inside = 0 <= i < weak.shape[0] and 0 <= j < weak.shape[1]
        if inside and weak[i, j] and not kept[i, j]:
            kept[i, j] = True
            queue.extend((i + u, j + v) for u in (-1, 0, 1) for v in (-1, 0, 1))
    return kept


@pytest.mark.parametrize("share", [0.05, 0.2, 0.35, 0.5, 0.9])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (37, 29), (2, 3)])
def test_regions_agree_with_a_flood(share, size):
    rng = np.random.default_rng(int(share * 100))
    for _ in range(5):
        weak = rng.random(size) < share
        strong = weak & (rng.random(size) < 0.05)
        assert (connected_to(weak, strong) == flood(weak, strong)).all()


def test_regions_touch_at_corners_but_not_around_the_border():
    weak = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], bool)
    strong = np.zeros((4, 4), bool)
    strong[0, 0] = True
    assert connected_to(weak, strong).sum() == 3
    assert connected_to(weak, np.zeros((4, 4), bool)).sum() == 0


def spiral(n):
    """One line of cells that winds inwards, its turns one cell apart."""
    found = np.zeros((n, n), bool)
    top, left, bottom, right = 0, 0, n - 1, n - 1
    while top <= bottom and left <= right:
        found[top, left : right + 1] = found[top : bottom + 1, right] = True
        found[bottom, left : right + 1] = found[top + 2 : bottom + 1, left] = True
        found[top + 2 : top + 3, left : left + 2] = True
        top, left, bottom, right = top + 2, left + 2, bottom - 2, right - 2
    return found


@pytest.mark.parametrize("few", [0, 1])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("levels", [(20, 60), (0, 0), (40.0, None), ("70%", "90%"), (None, None)])
@pytest.mark.parametrize("masked", [False, True])
def test_bands_and_single_cells_change_nothing(few, dtype, levels, masked, monkeypatch):
    """Bands of some rows, with regions across their seams, thinned cell by cell or all together: the whole, at once."""
    rng = np.random.default_rng(11)
    x = np.cumsum(rng.normal(0, 20, (73, 90)), axis=0) + 40 * rng.random((73, 90)) + 128
    x = x.clip(0, 255).astype(dtype)
    options = {"low": levels[0], "high": levels[1], "padding": "same"}
    if masked:
        options["mask"] = rng.random(x.shape) > 0.001
    whole = canny(x, 1.0, **options)
    monkeypatch.setattr(module, "FEW", few)
    monkeypatch.setattr(module, "BAND", 11 * 90)
    monkeypatch.setattr(module, "CACHE", 3 * 90)
    found = canny(x, 1.0, **options)
    assert (found.map == whole.map).all()
    assert (found.low, found.high) == (whole.low, whole.high)
    assert 0.02 < found.map.mean() < 0.9


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_line_goes_on_through_bands_that_hold_one_run_a_row(rows, monkeypatch):
    """Strong at its top alone, and gone for some rows."""
    x = np.zeros((41, 20))
    x[:, 10:] = np.linspace(100, 20, 41)[:, None]
    x[30:34] = 0
    options = {"low": 10, "high": 70, "padding": "same"}
    whole = canny(x, 0.5, **options).map
    assert whole[:28].any(axis=1).all()
    assert not whole[34:].any()
    monkeypatch.setattr(module, "BAND", 20 * rows)
    monkeypatch.setattr(module, "CACHE", 20 * rows)
    assert (canny(x, 0.5, **options).map == whole).all()


def test_a_spiral_is_one_region():
    weak = spiral(401)  # 40000 cells long: rounds that walk it cell by cell would take minutes
    strong = np.zeros_like(weak)
    strong[0, 0] = True
    assert (connected_to(weak, strong) == weak).all()
    weak[0, 200] = False
    assert (connected_to(weak, strong) == flood(weak, strong)).all()


# --- masks and shares -----------------------------------------------------------------------------


def test_shares_of_the_gradients_are_thresholds():
    x = np.random.default_rng(4).normal(size=(50, 60)).cumsum(0).cumsum(1)
    taps = np.exp(-(np.arange(-6, 7) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()
    wide = np.pad(x, 8, mode="symmetric")
    blurred = np.apply_along_axis(np.convolve, 0, wide, taps, "valid")
    blurred = np.apply_along_axis(np.convolve, 1, blurred, taps, "valid")
    down = blurred[:-2] + 2 * blurred[1:-1] + blurred[2:]
    across = blurred[:, :-2] + 2 * blurred[:, 1:-1] + blurred[:, 2:]
    sizes = np.hypot(down[:, 2:] - down[:, :-2], across[2:] - across[:-2])[1:-1, 1:-1] / 4
    mask = np.zeros(x.shape, bool)
    mask[12:40, 12:50] = True
    for low, high in (("80%", "90%"), ("50%", "99.5%"), ("0%", "100%")):
        found = canny(x, 1.5, low=low, high=high, padding="same")
        assert found.low == pytest.approx(np.quantile(sizes, float(low[:-1]) / 100))
        assert found.high == pytest.approx(np.quantile(sizes, float(high[:-1]) / 100))
        again = canny(x, 1.5, low=found.low, high=found.high, padding="same")
        assert (again.map == found.map).all()
    found = canny(x, 1.5, high="90%", padding="same")
    assert found.low == pytest.approx(RATIO * found.high)
    part = canny(x, 1.5, high="90%", padding="same", mask=mask)
    assert part.high != found.high
    none = canny(x, 1.5, high="90%", padding="same", mask=np.zeros(x.shape, bool))
    assert not none.map.any()


@pytest.mark.parametrize("border", ["reflect", "wrap", "zero"])
def test_a_mask_far_from_an_edge_leaves_it(border):
    x = np.zeros((60, 70))
    x[:, 30:] = 1
    mask = np.zeros(x.shape, bool)
    mask[5:50, 8:60] = True
    whole = canny(x, 1.0, low=0.05, high=0.1, padding="same", border=border).map
    inner = x * mask  # as `edges` hands it over
    found = canny(inner, 1.0, low=0.05, high=0.1, padding="same", border=border, mask=mask).map
    assert (found[6:49] == whole[6:49] * mask[6:49]).all()
    assert found.sum() == whole[6:49].sum(axis=0)[29:31].sum()
    assert not found[:6].any()
    assert not found[49:].any()
