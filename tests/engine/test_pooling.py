"""pool2d against the definition, over modes × windows × strides × padding × dilation × ceil × dtype."""

import itertools
import random

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.engine.pooling import MODES, pool2d, prepare
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
    assert (pool2d(np.full((8, 9), 7), (3, 4), padding=1, mode=row.name) == 7).all()
    x = np.random.default_rng(5).integers(0, 99, (12, 8))
    turned = pool2d(np.rot90(x), (2, 3), mode=row.name)
    assert (turned == np.rot90(pool2d(x, (3, 2), mode=row.name))).all()


def test_minimum_is_the_maximum_of_the_negative():
    x = np.random.default_rng(5).normal(size=(40, 30))
    assert (pool2d(x, 5, padding=2, mode="min") == -pool2d(-x, 5, padding=2)).all()


def test_long_windows_agree_with_short_ones_applied_twice():
    x = np.random.default_rng(5).integers(0, 999, (90, 80))
    short = pool2d(pool2d(x, 20, stride=1), 21, stride=1)
    assert (pool2d(x, 40, stride=1) == short).all()


@pytest.mark.parametrize("mode", MODES)
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
            "unknown pooling mode 'mean', did you mean 'min'? known: max, avg, min",
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
