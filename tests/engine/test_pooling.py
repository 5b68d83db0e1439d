"""pool2d against the definition, over modes × windows × strides × padding × dilation × ceil × dtype."""

import itertools
import random

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from convcli.engine import ranks
from convcli.engine.correlation import corr2d
from convcli.engine.errors import ConvError
from convcli.engine.footprints import FOOTPRINTS
from convcli.engine.pooling import MODES, pool2d, prepare
from convcli.engine.threads import workers
from tests import oracle

KINDS = [("max", False), ("avg", False), ("avg", True), ("min", False)]
PADDINGS = ["valid", "same", "same-lower", "full", "causal", ((1, 1), (1, 1)), ((0, 2), (3, 1))]
WINDOWS = [(2, 2), (3, 1), (2, 5)]
STRIDES = [None, (1, 1), (2, 3)]
DILATIONS = [(1, 1), (2, 1), (1, 3)]
SIZES = [(6, 7), (5, 4), (1, 9)]
DTYPES = ["uint8", "int64", "float32", "float64"]
PRODUCT = list(
    itertools.product(KINDS, PADDINGS, WINDOWS, STRIDES, DILATIONS, (False, True), SIZES, DTYPES)
)
AVERAGES = {"float32": "float32", "float64": "float64"}


def written(row):
    return row.written.replace("Q", "30")


def at_most_half(size, window, padding, stride, dilation):
    """PyTorch's condition on padding: what it then pools has an answer, of windows without a cell -inf."""
    return all(
        max(oracle.split(n, k, s, d, padding if isinstance(padding, str) else padding[i]))
        <= (d * (k - 1) + 1) // 2
        for i, (n, k, s, d) in enumerate(zip(size, window, stride or window, dilation, strict=True))
    )


def check(case):
    (mode, include_pad), padding, window, stride, dilation, ceil, size, dtype = case
    rng = np.random.default_rng(len(str(case)))
    x = (rng.integers(0, 100, (1, 2, *size)) - 50 * (dtype != "uint8")).astype(dtype)
    options = {
        "mode": mode,
        "padding": padding,
        "stride": stride,
        "dilation": dilation,
        "ceil": ceil,
        "include_pad": include_pad,
    }
    expected = oracle.pool(x, window, **options)
    if mode != "avg" and at_most_half(size, window, padding, stride, dilation):
        ends = (-np.inf, np.inf)
        if not dtype.startswith("float"):
            ends = np.iinfo(dtype).min, np.iinfo(dtype).max
        empty = ends[mode == "min"]
        expected[np.equal(expected, None)] = empty
    if expected.size == 0 or any(v is None for v in expected.flat):
        with pytest.raises(ConvError, match=r"does not fit|holds no cell of the input"):
            pool2d(x, window, **options)
        return False
    found = pool2d(x, window, **options)
    assert found.shape == expected.shape, case
    if mode == "avg":
        assert found.dtype == AVERAGES.get(dtype, "float64")
        tolerance = 1e-6 if dtype == "float32" else 1e-13
        np.testing.assert_allclose(
            found, expected.astype(float), rtol=tolerance, atol=tolerance, err_msg=str(case)
        )
    else:
        assert found.dtype == dtype
        assert found.tolist() == expected.tolist(), case
    return True


def test_a_sample_of_the_product_agrees_with_plain_loops():
    cases = random.Random(3).sample(PRODUCT, 200)
    assert sum(check(case) for case in cases) > 100  # most of them fit


@pytest.mark.full
@pytest.mark.parametrize(("mode", "include_pad"), KINDS)
def test_all_of_the_product_agrees_with_plain_loops(mode, include_pad):
    cases = [case for case in PRODUCT if case[0] == (mode, include_pad)]
    assert sum(check(case) for case in cases) > len(cases) // 3


def test_long_windows_agree_with_plain_loops():
    """Windows that are long against their stride are joined from runs of 1, 2, 4, … cells."""
    long = itertools.product(
        KINDS, PADDINGS, [(13, 14)], STRIDES, DILATIONS, (False, True), [(30, 31)], DTYPES
    )
    assert sum(check(case) for case in random.Random(3).sample(list(long), 12)) > 6


def test_the_oracle_itself_notices_a_wrong_answer():
    x = np.arange(9).reshape(1, 1, 3, 3)
    assert oracle.pool(x, (2, 2), stride=(1, 1))[0, 0].tolist() == [[4, 5], [7, 8]]
    assert oracle.pool(x, (2, 2), stride=(1, 1), mode="min")[0, 0].tolist() != [[4, 5], [7, 8]]


# --- the chapter ----------------------------------------------------------------------------------

NINE = np.arange(9).reshape(3, 3)
SIXTEEN = np.arange(16.0).reshape(4, 4)


@pytest.mark.parametrize(
    ("x", "size", "options", "expected"),
    [
        (NINE, 2, {"stride": 1}, [[4, 5], [7, 8]]),
        (NINE, 2, {"stride": 1, "mode": "avg"}, [[2, 3], [5, 6]]),
        (SIXTEEN, 3, {}, [[10]]),
        (SIXTEEN, 3, {"padding": 1, "stride": 2}, [[5, 7], [13, 15]]),
        (SIXTEEN, (2, 3), {"padding": (1, 2), "stride": (2, 3)}, [[0, 3], [8, 11], [12, 15]]),
    ],
)
def test_values_of_the_chapter(x, size, options, expected):
    assert pool2d(x, size, **options).tolist() == expected


def test_each_channel_by_itself():
    x = np.stack((SIXTEEN, SIXTEEN + 1))
    assert pool2d(x, 3, padding=1, stride=2).tolist() == [[[5, 7], [13, 15]], [[6, 8], [14, 16]]]
    assert pool2d(x[None], 3).shape == (1, 2, 1, 1)


# --- padding, NaN, dtypes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int64", "uint64", "float16", "float64", "bool"]
)
def test_padding_never_wins(dtype):
    kind = np.dtype(dtype).kind
    ends = [np.finfo(dtype).min, np.finfo(dtype).max] if kind == "f" else [0, 1]
    if kind in "iu":
        ends = [np.iinfo(dtype).min, np.iinfo(dtype).max]
    for mode, end in zip(("max", "min"), ends, strict=True):
        x = np.full((3, 3), end, dtype)
        found = pool2d(x, 3, stride=1, padding=1, mode=mode)
        assert found.dtype == dtype
        assert (found == x).all()


@pytest.mark.parametrize("mode", ["max", "min", "avg"])
@pytest.mark.parametrize("size", [3, 31])
def test_nan_reaches_only_the_windows_that_hold_it(mode, size):
    x = np.zeros((99, 90))
    x[44, 50] = np.nan
    found = np.isnan(pool2d(x, size, stride=1, padding="same", mode=mode))
    assert found.sum() == size * size
    assert found[44 - size // 2 : 45 + size // 2, 50 - size // 2 : 51 + size // 2].all()


def test_infinities_are_silent():
    x = np.array([[np.inf, 1.0], [-np.inf, 1.0]])
    assert pool2d(x, 2).tolist() == [[np.inf]]
    assert np.isnan(pool2d(x, 2, mode="avg")).all()


@pytest.mark.parametrize(
    ("dtype", "average"),
    [("bool", "float64"), ("uint8", "float64"), ("int64", "float64"), ("float16", "float32")],
)
def test_dtype_of_averages(dtype, average):
    assert pool2d(np.ones((4, 4), dtype), 2, mode="avg").dtype == average


def test_averages_of_integers_do_not_wrap():
    for dtype in ("uint8", "uint16", "int16", "int32", "uint64"):
        x = np.full((300, 300), np.iinfo(dtype).max, dtype)
        assert pool2d(x, 300, mode="avg").tolist() == [[pytest.approx(np.iinfo(dtype).max)]]


def test_what_an_average_divides_by():
    ones = np.ones((4, 4))
    assert (pool2d(ones, 3, stride=2, padding=1, mode="avg") == 1).all()
    counted = pool2d(ones, 3, stride=2, padding=1, mode="avg", include_pad=True)
    assert (counted * 9).tolist() == [[4, 6], [6, 9]]
    # the last windows hang over the padding by one row: 6 of their 9 cells down and across count
    over = pool2d(ones, 3, stride=2, padding=(1, 0), mode="avg", include_pad=True, ceil=True)
    assert over.shape == (3, 2)
    assert over[:, 0].tolist() == [pytest.approx(6 / 9), 1, pytest.approx(3 / 6)]


def test_windows_that_hold_padding_only_may_count_it():
    x = np.ones((5, 6))
    for size, padding in ((2, 7), (40, 100)):  # by taps, and by runs of 1, 2, 4, … cells
        found = pool2d(x, size, stride=1, padding=padding, mode="avg", include_pad=True)
        want = (
            oracle.pool(
                x[None, None],
                (size, size),
                stride=(1, 1),
                padding=((padding, padding),) * 2,
                mode="avg",
                include_pad=True,
            )[0, 0]
            if size == 2
            else None
        )
        assert found[0, 0] == found[-1, -1] == 0
        assert found.sum() == pytest.approx(
            30
        )  # each cell is in size² windows, and counts 1/size² in each
        if want is not None:
            np.testing.assert_allclose(found, want.astype(float))


# --- orders, sums, borders, footprints --------------------------------------------------------------

ORDERS = ["median", "percentile:0", "percentile:30", "percentile:99.5", "percentile:100"]
MORE = list(
    itertools.product(
        [*ORDERS, "max", "min", "sum", "avg"],
        PADDINGS,
        [(2, 2), (3, 3), (4, 5), (1, 6)],
        [None, (1, 1), (2, 1), (1, 3)],
        DILATIONS,
        (False, True),
        ["uint8", "int16", "int64", "float32", "float64", "bool"],
        [None, "zero", "constant", "reflect", "mirror", "nearest", "wrap"],
        FOOTPRINTS,
    )
)


def check_more(case):
    mode, padding, window, stride, dilation, ceil, dtype, border, footprint = case
    rng = np.random.default_rng(len(str(case)))
    x = rng.integers(-50 if "f" in dtype or dtype == "int16" else 0, 60, (1, 2, 7, 9)).astype(dtype)
    value = 1 if border == "constant" else 0
    options = {
        "mode": mode,
        "padding": padding,
        "stride": stride,
        "dilation": dilation,
        "ceil": ceil,
        "border": border,
        "value": value,
    }
    mask = np.zeros(window, int)
    for column, (start, stop) in enumerate(FOOTPRINTS[footprint].columns(*window)):
        mask[start:stop, column] = 1
    given = x.astype(int) if dtype == "bool" else x
    expected = oracle.pool(given, window, **options, footprint=mask.tolist())
    if expected.size == 0 or any(v is None for v in expected.flat):
        with pytest.raises(ConvError, match=r"does not fit|holds no cell of the input"):
            pool2d(x, window, **options, footprint=footprint)
        return False
    found = pool2d(x, window, **options, footprint=footprint)
    if mode == "avg" or (mode == "sum" and "f" in dtype):
        np.testing.assert_allclose(found, expected.astype(float), rtol=1e-5, err_msg=str(case))
    else:
        assert found.tolist() == expected.tolist(), case
        halves = mode == "median" and any(v % 1 for v in expected.flat)
        kept = mode != "sum" and (mode != "median" or "f" in dtype)
        assert (found.dtype == dtype) if kept else (not halves or found.dtype == "float64")
    return True


def test_a_sample_of_orders_and_borders_agrees_with_plain_loops():
    cases = random.Random(7).sample(MORE, 400)
    assert sum(check_more(case) for case in cases) > 200


@pytest.mark.full
def test_much_of_orders_and_borders_agrees_with_plain_loops():
    assert sum(check_more(case) for case in random.Random(8).sample(MORE, 12000)) > 6000


def plainly(x, size, rank):
    """The cell of a rank of each window, all of it inside: whatever the strategy."""
    views = np.lib.stride_tricks.sliding_window_view(x, size)
    return np.sort(views.reshape(*views.shape[:2], -1), axis=-1)[..., rank]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "bool", "uint16", "float32", "float64"])
@pytest.mark.parametrize("size", [(3, 3), (5, 5), (9, 9), (15, 15), (2, 13), (23, 23), (24, 40)])
def test_networks_counts_and_partitions_find_the_same(size, dtype):
    x = (np.random.default_rng(9).normal(size=(60, 70)) * 40).clip(-99, 99).astype(dtype)
    x[20:40, 20:50] = x[0, 0]
    count = size[0] * size[1]
    ends = [plainly(x, size, rank).astype(float) for rank in ((count - 1) // 2, count // 2)]
    found = pool2d(x, size, stride=1, mode="median")
    assert (found == (sum(ends) / 2).astype(found.dtype)).all()
    for share in (0, 7, 100):
        want = plainly(x, size, min(count * share // 100, count - 1))
        found = pool2d(x, size, stride=1, mode=f"percentile:{share}")
        assert found.dtype == x.dtype
        assert (found == want).all()


@pytest.mark.parametrize("strategy", ["counted", "_parted"])
@pytest.mark.parametrize("footprint", FOOTPRINTS)
@pytest.mark.parametrize("stride", [1, 2, (3, 1)])
def test_every_strategy_serves_every_window(strategy, footprint, stride, monkeypatch):
    x = np.random.default_rng(9).integers(0, 256, (2, 40, 50)).astype(np.uint8)
    given = {"stride": stride, "dilation": (1, 2), "footprint": footprint, "mode": "percentile:40"}
    want = pool2d(x, 6, **given)
    monkeypatch.setattr(ranks.Network, "run", None)
    monkeypatch.setattr(ranks, "LONGEST", 0)
    monkeypatch.setattr(ranks, "COUNTED", 0)
    used = getattr(ranks, strategy)
    monkeypatch.setattr(ranks, "counted", used)
    monkeypatch.setattr(ranks, "_parted", used)
    assert (pool2d(x, 6, **given) == want).all()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "bool"])
@pytest.mark.parametrize("mode", ["median", "percentile:35"])
@pytest.mark.parametrize("size", [(19, 18), (40, 9)])
def test_windows_that_hang_over_are_counted_as_they_are_sorted(size, mode, dtype):
    x = np.random.default_rng(9).integers(0, 256, (2, 30, 25)).astype(np.uint8).astype(dtype)
    for given in (
        {"padding": "same"},
        {"padding": "full"},
        {"padding": "same", "footprint": "disk"},
    ):
        found = pool2d(x, size, stride=1, mode=mode, **given)
        wide = pool2d(x.astype(int), size, stride=1, mode=mode, **given)  # sorted: not of 8 bits
        assert (found == wide).all()


@pytest.mark.parametrize("tile", [5, 16, 192])
@pytest.mark.parametrize("together", [1, 3, 8])
@pytest.mark.parametrize("footprint", ["box", "disk"])
@pytest.mark.parametrize("stride", [1, 2])
def test_windows_are_counted_tile_by_tile(tile, together, footprint, stride, monkeypatch):
    # dark, bright and flat corners: tiles whose answers are all alike, and such that have every number
    x = np.random.default_rng(5).integers(0, 256, (2, 61, 70))
    x[:, :25, :30] = 7
    x[:, 35:, :30] //= 16
    x[:, :25, 40:] = 255
    given = {"stride": stride, "footprint": footprint, "padding": "same", "mode": "percentile:70"}
    want = pool2d(x, 9, **given)  # sorted: not of 8 bits
    monkeypatch.setattr(ranks, "TILE", tile)
    monkeypatch.setattr(ranks, "TOGETHER", together)
    monkeypatch.setattr(ranks, "COUNTED", 0)
    for dtype in (np.uint8, np.int8):
        shift = 128 if dtype == np.int8 else 0
        found = pool2d((x - shift).astype(dtype), 9, **given)
        if footprint == "box" and stride == 1:
            whole = sliding_window_view(x, (9, 9), axis=(1, 2)).reshape(2, 53, 62, 81)
            inner = np.sort(whole, axis=-1)[..., 56]
            assert (found[:, 4:-4, 4:-4].astype(int) + shift == inner).all()
        assert (found.astype(int) + shift == want).all()


@pytest.mark.parametrize("mode", ["median", "percentile:10", "sum"])
@pytest.mark.parametrize("size", [3, 8, 31])
@pytest.mark.parametrize("border", [None, "reflect"])
def test_nan_of_a_window_is_its_answer(mode, size, border):
    x = np.zeros((99, 90), np.float32)
    x[44, 50] = np.nan
    found = pool2d(x, size, stride=1, padding="same-lower", mode=mode, border=border)
    assert np.isnan(found).sum() == size * size


@pytest.mark.parametrize("mode", ["median", "percentile:10", "percentile:100", "sum", "max", "avg"])
@pytest.mark.parametrize("at", [(0, 0), (1, 11), (8, 3)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_of_a_window_that_hangs_over_is_its_answer_too(mode, at, dtype):
    x = np.random.default_rng(6).normal(size=(9, 12)).astype(dtype)
    x[at] = np.nan
    near = np.abs(np.indices(x.shape) - np.reshape(at, (2, 1, 1))).max(axis=0)
    for size, padding in ((3, 1), (5, 2)):
        found = pool2d(x, size, stride=1, padding=padding, mode=mode)
        assert (np.isnan(found) == (near <= padding)).all()


@pytest.mark.parametrize("mode", ["median", "percentile:0", "percentile:90"])
@pytest.mark.parametrize(("size", "stride"), [(9, 3), (43, 1)])  # too large for a network
def test_nan_of_a_large_window_is_its_answer(mode, size, stride):
    x = np.random.default_rng(6).normal(size=(60, 70))
    x[5, 9] = np.nan
    found = pool2d(x, size, stride=stride, mode=mode)
    holds = np.lib.stride_tricks.sliding_window_view(np.isnan(x), (size, size))[::stride, ::stride]
    assert (np.isnan(found) == holds.any(axis=(2, 3))).all()
    assert 0 < np.isnan(found).sum() < found.size


@pytest.mark.parametrize("mode", ["max", "avg", "median", "percentile:20"])
def test_memory_is_that_of_a_few_rows(mode):
    import tracemalloc

    x = np.zeros((6000, 500), np.float32)
    result = prepare(x, 3, stride=1, mode=mode, padding="same")
    out = np.empty(result.shape, result.dtype)
    tracemalloc.start()
    result.rows(0, 6000, out)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < workers() * 6 << 20
    assert not out.any()


def test_dtypes_of_orders_and_sums():
    x = np.ones((6, 6), np.uint8)
    assert pool2d(x, 3, mode="median").dtype == np.uint8
    assert pool2d(x, 3, stride=1, padding=1, mode="median", border="wrap").dtype == np.uint8
    assert pool2d(x, 3, stride=1, padding=1, mode="median").dtype == np.float64  # corners have four
    assert pool2d(x, 2, mode="median").dtype == np.float64
    assert pool2d(x, 2, mode="percentile:50").dtype == np.uint8
    assert pool2d(x.astype(np.float16), 2, mode="median").dtype == np.float16
    assert pool2d(x, 2, mode="sum").dtype == np.int32
    assert pool2d(x.astype(np.int32), 2, mode="sum").dtype == np.int64
    assert pool2d(x.astype(np.float32), 2, mode="sum").dtype == np.float32
    assert pool2d(x.astype(">i2"), 3, mode="median").tolist() == [[1, 1], [1, 1]]
    largest = np.full((2, 2), np.iinfo(np.int64).max)
    assert pool2d(largest, 2, mode="median").tolist() == [[float(2**63)]]
    with pytest.raises(ConvError, match="sums could pass int64"):
        pool2d(largest, 2, mode="sum")


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float32", "float64"])
def test_a_sum_is_a_correlation_with_ones(dtype):
    x = np.random.default_rng(2).integers(0, 200, (3, 20, 30)).astype(dtype)
    for border in ("reflect", "zero", "wrap"):
        given = {"stride": 1, "padding": "same", "border": border}
        ones = np.ones((3, 4), int if "f" not in dtype else dtype)
        want = corr2d(x, ones, **given)
        found = pool2d(x, (3, 4), mode="sum", **given)
        assert found.dtype == want.dtype
        assert (found == want).all()


def test_opening_leaves_what_the_footprint_fits_into():
    x = np.zeros((30, 30), np.uint8)
    x[5:20, 5:20] = 9
    x[25, 2:28] = 5  # a line, too thin for a disk
    given = {"stride": 1, "padding": "same", "footprint": "disk"}
    opened = pool2d(pool2d(x, 5, mode="min", **given), 5, mode="max", **given)
    assert not opened[24:].any()
    assert (opened <= x).all()
    assert (opened[5:20, 5:20] == 9).sum() == 15 * 15 - 4 * 3  # all but what the corners lack


def test_footprints_are_drawn_as_told():
    drawn = {}
    for name, row in FOOTPRINTS.items():
        assert row.title
        drawn[name] = [pool2d(cells, 5, mode="sum", footprint=name).item() for cells in
                       (np.eye(25, dtype=int)[i].reshape(5, 5) for i in range(25))]  # fmt: skip
    assert drawn["disk"] == [0,0,1,0,0, 0,1,1,1,0, 1,1,1,1,1, 0,1,1,1,0, 0,0,1,0,0]  # fmt: skip
    assert drawn["cross"] == [0,0,1,0,0, 0,0,1,0,0, 1,1,1,1,1, 0,0,1,0,0, 0,0,1,0,0]  # fmt: skip
    assert drawn["box"] == [1] * 25
    four = [FOOTPRINTS[name].columns(4, 4) for name in ("disk", "cross")]
    assert four == [((1, 3), (0, 4), (0, 4), (1, 3))] * 2


def test_a_window_without_a_cell_is_pytorchs_minus_infinity():
    one = np.ones((1, 1))
    hollow = {"padding": 1, "dilation": 2}
    assert pool2d(one, 2, **hollow).tolist() == [[-np.inf]]
    assert pool2d(one, 2, mode="min", **hollow).tolist() == [[np.inf]]
    assert pool2d(one.astype(np.int8), 2, **hollow).tolist() == [[-128]]
    assert pool2d(one, 2, mode="avg", include_pad=True, **hollow).tolist() == [[0]]
    with pytest.raises(ConvError, match="holds no cell"):
        pool2d(one, 2, mode="avg", **hollow)


# --- properties -----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", MODES.values(), ids=lambda row: row.name)
def test_every_mode_keeps_a_constant_and_turns_with_the_input(row):
    assert row.title
    assert row.source
    mode, sevens = written(row), np.full((8, 9), 7)
    found = pool2d(sevens, (3, 4), padding=1, mode=mode)
    if row.name == "sum":
        found = found / pool2d(np.ones_like(sevens), (3, 4), padding=1, mode=mode)
    assert (found == 7).all()
    x = np.random.default_rng(5).integers(0, 99, (12, 8))
    turned = pool2d(np.rot90(x), (2, 3), mode=mode)
    assert (turned == np.rot90(pool2d(x, (3, 2), mode=mode))).all()


def test_minimum_is_the_maximum_of_the_negative():
    x = np.random.default_rng(5).normal(size=(40, 30))
    assert (pool2d(x, 5, padding=2, mode="min") == -pool2d(-x, 5, padding=2)).all()


def test_long_windows_agree_with_short_ones_applied_twice():
    x = np.random.default_rng(5).integers(0, 999, (90, 80))
    short = pool2d(pool2d(x, 20, stride=1), 21, stride=1)
    assert (pool2d(x, 40, stride=1) == short).all()


@pytest.mark.parametrize("mode", [written(row) for row in MODES.values()])
def test_bands_cover_the_result(mode):
    x = np.random.default_rng(4).integers(0, 99, (3, 70, 11))
    plan = prepare(x, (5, 3), stride=1, mode=mode, padding="same")
    bands = [plan.rows(a, b) for a, b in plan.bands(elements=100)]
    assert len(bands) > 3
    assert (np.concatenate(bands, axis=-2) == plan.run()).all()


def test_a_view_is_not_copied_nor_changed():
    x = np.random.default_rng(4).integers(0, 99, (30, 20))[::2, ::-1]
    before = x.copy()
    assert np.shares_memory(prepare(x, 2).x, x)
    assert (pool2d(x, 2) == pool2d(before, 2)).all()
    assert (x == before).all()


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: pool2d(NINE, 4),
            "window 4 does not fit: it is larger than the input 3 on axis 0 (window 4x4, input 3x3)",
        ),
        (
            lambda: pool2d(NINE, 2, mode="mean"),
            "unknown pooling mode 'mean', did you mean 'avg'? "
            "known: max, avg, min, sum, median, percentile:Q",
        ),
        (
            lambda: pool2d(NINE, 2, padding=((0, 0), (0, 3)), stride=1),
            "padding: window 3 on axis 1 holds no cell of the input (window 2, input 3, padding 0/3), "
            "every window needs one",
        ),
        (
            lambda: pool2d(NINE[:1], (2, 1), padding=(2, 0), dilation=3, mode="avg"),
            "padding: window 0 on axis 0 holds no cell of the input (window 2, dilation 3, input 1, "
            "padding 2/2), every window needs one",
        ),
        (
            lambda: pool2d(NINE[:1], (2, 1), padding=(3, 0), dilation=3),
            "padding: window 1 on axis 0 holds no cell of the input (window 2, dilation 3, input 1, "
            "padding 3/3), every window needs one",
        ),
        (
            lambda: pool2d(NINE, 2, include_pad=True),
            "include_pad: got it with mode max, only avg divides by a number of cells",
        ),
        (
            lambda: pool2d(NINE, (1, 2, 3)),
            "window: got 1x2x3 for 2 axes, one number or 2 are needed",
        ),
        (
            lambda: pool2d(NINE, 2, mode="percentile"),
            "percentile: got no number, percentile:Q with Q from 0 to 100 is allowed",
        ),
        (
            lambda: pool2d(NINE, 2, mode="percentile:101"),
            "percentile: got '101', percentile:Q with Q from 0 to 100 is allowed",
        ),
        (lambda: pool2d(NINE, 2, mode="max:3"), "max: got '3', it takes no parameter"),
        (
            lambda: pool2d(NINE, 2, footprint="round"),
            "unknown footprint 'round', known: box, disk, cross",
        ),
        (
            lambda: pool2d(NINE, 2, value=3),
            "value: got 3 without a border, only border constant has a value",
        ),
        (
            lambda: pool2d(NINE.astype(np.uint8), 2, border="constant", value=0.5, padding=1),
            "value: got 0.5, a number that uint8 holds is needed",
        ),
        (
            lambda: pool2d(NINE, 2, mode="avg", include_pad=True, border="zero"),
            "include_pad: got it with border zero, whose cells always count",
        ),
        (
            lambda: pool2d(NINE, 3, padding=2, stride=1, footprint="cross"),
            "padding: a cross of 3x3 holds no cell of the input, every window needs one",
        ),
        (lambda: pool2d(NINE, 0), "window: got 0, a whole number of at least 1 is needed"),
        (
            lambda: pool2d(NINE, 2, stride=0),
            "stride: got 0, a whole number of at least 1 is needed",
        ),
        (
            lambda: pool2d(NINE[0], 2),
            "input: got shape 3, a non-empty array of 2 to 4 dimensions is needed: "
            "numpy.reshape(a, (1, -1)) makes it one row",
        ),
        (
            lambda: pool2d(NINE + 1j, 2),
            "input: got dtype complex128, integers or floats of at most 64 bits are needed",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ConvError) as caught:
        call()
    assert str(caught.value) == message
