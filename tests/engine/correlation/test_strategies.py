"""Every strategy, forced, against the definition; and the planner."""

import gc
import itertools
import random
import tracemalloc
import weakref

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from convcli.engine import blas, correlation
from convcli.engine import threads as shares
from convcli.engine.borders import BORDERS
from convcli.engine.correlation import (
    corr2d,
    costs,
    factors,
    fft,
    planewise,
    planner,
    prepare,
    taps,
)
from convcli.engine.correlation.planner import STRATEGIES, _chosen
from convcli.engine.errors import ConvError
from convcli.engine.threads import each
from tests import oracle

PADDINGS = ["valid", "same", "same-lower", "full", ((7, 0), (2, 9))]
STEPS = [(1, 1), (2, 1), (1, 2), (3, 2), (2, 3), (4, 4)]
SIZES = [  # input, kernel
    ((13, 11), (3, 3)),
    ((9, 18), (2, 5)),
    ((1, 9), (1, 4)),
    ((8, 1), (3, 1)),
    ((8, 10), (7, 9)),
    ((10, 17), (1, 1)),
    ((15, 7), (5, 2)),
]
LAYERS = [(1, 1, 1), (3, 3, 3), (2, 4, 2), (4, 2, 2)]  # input channels, output channels, groups
DTYPES = ["uint8", "int16", "int64", "float32", "float64"]
KERNELS = ["any", "rank 1", "sparse"]
PRODUCT = list(
    itertools.product(STRATEGIES, BORDERS, PADDINGS, STEPS, STEPS, LAYERS, SIZES, DTYPES, KERNELS)
)


WAYS = [(name, "avx512") for name in STRATEGIES] + [("banded", "128-bit"), ("separable", "128-bit")]
"""Strategies, and the classes of processors that have them in a way of their own."""


PRODUCTS = [way for way in WAYS if way[0] in ("banded", "separable")]


@pytest.fixture(params=WAYS, ids=" ".join)
def strategy(request, force):
    name, processor = request.param
    force(processor)
    return name


def operands(rng, layer, size, kernel_size, dtype, kind):
    channels, maps, groups = layer
    x = rng.integers(0, 100, (1, channels, *size)) - 50 * (dtype != "uint8")
    k = rng.integers(-9, 10, (maps, channels // groups, *kernel_size))
    if kind == "rank 1":
        k = k[..., :1] * k[..., :1, :] // 9
    elif kind == "sparse":
        k = np.sign(k) * (rng.random(k.shape) < 0.3)
    x = x.astype(dtype)
    if dtype == "int64":
        x *= 2**40  # past what float64 adds up exactly, with some kernels
    if "f" in dtype:
        x, k = x + x.dtype.type(0.25), k * 0.3
    return x, k


def check(case):
    """Whether the strategy took the case (it agrees then)."""
    strategy, border, padding, stride, dilation, layer, (size, kernel_size), dtype, kind = case
    rng = np.random.default_rng(PRODUCT.index(case) % 1000)
    x, k = operands(rng, layer, size, kernel_size, dtype, kind)
    options = {"padding": padding, "stride": stride, "dilation": dilation, "groups": layer[2]}
    options["value"] = 7 if border == "constant" else 0
    expected = oracle.correlate(x, k, border=border, **options)
    try:
        found = prepare(x, k, mode=border, strategy=strategy, **options).run()
    except ConvError:
        reason = f"strategy {strategy}: " if expected.size else "does not fit"
        with pytest.raises(ConvError, match=reason):
            prepare(x, k, mode=border, strategy=strategy, **options)
        return False
    assert found.shape == expected.shape, case
    if found.dtype.kind == "f":
        scale = np.abs(x).max() * np.abs(k).sum(axis=(1, 2, 3)).max()
        tolerance = 1e-6 if found.dtype == np.float32 else 1e-13
        assert np.abs(found - expected.astype(float)).max() <= tolerance * scale, case
    else:
        assert found.tolist() == expected.tolist(), case
    return True


def test_a_sample_of_the_product_agrees_with_four_loops(strategy):
    cases = random.Random(3).sample([case for case in PRODUCT if case[0] == strategy], 40)
    assert sum(check(case) for case in cases) > 5


@pytest.mark.full
@pytest.mark.parametrize("border", BORDERS)
def test_much_of_the_product_agrees_with_four_loops(strategy, border):
    cases = [case for case in PRODUCT if case[:2] == (strategy, border)]
    assert sum(check(case) for case in random.Random(4).sample(cases, 60)) > 8


@pytest.fixture
def tiny(monkeypatch):
    """Parts of a few columns and bands of a few rows, so that small pictures have many of both."""
    for name in ("CACHE", "BESIDE"):
        monkeypatch.setattr(planewise, name, 1)
    monkeypatch.setattr(planewise, "COLUMNS", 7)
    _chosen.cache_clear()
    yield
    _chosen.cache_clear()


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("strategy", PRODUCTS, indirect=True, ids=" ".join)
def test_bands_and_tiles_join(strategy):
    cases = random.Random(5).sample([case for case in PRODUCT if case[0] == strategy], 60)
    assert sum(check(case) for case in cases) > 8


PLANES = [name for name in STRATEGIES if name != "columns"]
"""Strategies that filter plane by plane."""


def forced(strategy, x, k, **options):
    return prepare(x, k, strategy=strategy, **options).run()


# --- values that are not finite, and zeros with a sign --------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("steps", [(1, 1), (2, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_reaches_only_the_windows_that_hold_it(strategy, dtype, steps, bad):
    rng = np.random.default_rng(5)
    x, k = rng.normal(size=(17, 40)).astype(dtype), np.outer([1, 0, 2], [3.0, -1, 0, 1])
    x[8, 21] = bad
    options = {"padding": "same", "stride": steps[0], "dilation": steps[1]}
    clean = np.where(np.isfinite(x), x, 0)
    touched = corr2d(~np.isfinite(x), np.ones(k.shape, int), **options) > 0
    found = forced(strategy, x, k, **options)
    assert (np.isfinite(found) == ~touched).all()
    expected = forced("taps", clean, k, **options)
    np.testing.assert_allclose(found[~touched], expected[~touched], atol=1e-5)


def test_zero_times_infinity_is_no_number(strategy):
    x = np.ones((3, 6))
    x[1, 2] = np.inf
    found = forced(strategy, x, np.array([[1.0, 0.0]]))
    assert np.isnan(found[1, 1])
    assert found[1, 2] == np.inf
    assert np.isfinite(found).sum() == found.size - 2


def test_an_infinite_border(strategy):
    found = forced(
        strategy, np.ones((9, 9)), np.ones((3, 3)), padding=2, mode="constant", value=np.inf
    )
    assert (found[2:-2, 2:-2] == 9).all() if strategy != "spectral" else True
    assert np.isfinite(found[2:-2, 2:-2]).all()
    assert np.isinf(found).sum() == found.size - 49


def test_a_kernel_that_is_not_finite():
    k = np.array([[1.0, np.nan], [2.0, 3.0]])
    assert np.isnan(corr2d(np.ones((40, 40)), k)).all()
    assert prepare(np.ones((40, 40)), k).plan.strategy in ("taps", "columns")


def test_no_zero_has_a_sign(strategy):
    x = np.full((9, 9), -0.0)
    for k in (np.ones((1, 1)), np.ones((3, 3)), -np.ones((3, 3))):
        found = forced(strategy, x, k, padding="same")
        assert (found == 0).all()
        assert not np.signbit(found).any()


def test_large_numbers_that_fit_do_not_overflow_on_the_way(strategy):
    x = np.full((20, 20), 1e30, np.float32)
    k = np.outer([1e7, 1e-7, 1], [1e-7, 1e7, 1]).astype(np.float32) / 1e8
    found = forced(strategy, x, k, padding="same")
    np.testing.assert_allclose(found, forced("taps", x, k, padding="same"), rtol=1e-5)


CORNERS = {
    "most": np.ones((530, 610), int),
    "ends": np.random.default_rng(5).integers(0, 2, (530, 610)),
    "any": np.random.default_rng(5).random((530, 610)),
    "stripes": np.arange(530 * 610).reshape(530, 610) % 2,
}


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize(
    ("dtype", "side", "tap"), [("uint8", 31, 127), ("uint16", 15, 40), ("int64", 5, 9)]
)
def test_transforms_find_every_integer(corner, dtype, side, tap):
    """Sums as large as transforms may have, of numbers and taps that add up, cancel out, and neither."""
    rng = np.random.default_rng(3)
    k = rng.integers(-tap, tap + 1, (side, side))
    k[0] = tap
    tile = fft._side(prepare(np.zeros((530, 610), np.uint8), k, padding="same").problem)
    largest = int(0.25 / fft._error(1, *tile) / np.abs(k).sum())
    most = min(largest, np.iinfo(dtype).max)
    x = (CORNERS[corner] * most).astype(dtype)
    for options in ({}, {"stride": (2, 3), "dilation": (1, 2), "bias": [-7]}):
        found = forced("spectral", x, k, padding="same", mode="reflect", **options)
        expected = forced("taps", x, k, padding="same", mode="reflect", **options)
        assert found.dtype == expected.dtype
        assert (found == expected).all()


def test_transforms_take_integers_up_to_a_bound():
    k = np.ones((3, 3), int)
    tile = fft._side(prepare(np.zeros((9, 9), int), k).problem)
    largest = int(0.25 / fft._error(9, *tile))
    assert (forced("spectral", np.full((9, 9), largest), k) == 9 * largest).all()
    with pytest.raises(ConvError, match="too large for transforms"):
        forced("spectral", np.full((9, 9), largest + 1), k)


def test_large_kernels_of_integers_are_transformed(force):
    force("avx2")
    k = np.random.default_rng(0).integers(-9, 10, (31, 31))
    x = np.zeros((1024, 1024), np.uint8)
    assert prepare(x, k, padding="same").plan.strategy == "spectral"


# --- what holds for every strategy ----------------------------------------------------------------

LARGE = {"integers": (np.uint8, np.int64), "floats": (np.float32, np.float32)}


def large(kind, rank_one=True):
    rng = np.random.default_rng(6)
    x_type, k_type = LARGE[kind]
    x = rng.integers(0, 256, (2, 611, 1203)).astype(x_type)
    k = rng.integers(-9, 10, (5, 7)).astype(k_type)
    return x, k[:, :1] * k[:1] if rank_one else k


@pytest.mark.parametrize("kind", LARGE)
def test_bands_are_rows_of_the_whole(strategy, kind):
    x, k = large(kind)
    plan = prepare(x[:, :151], k, padding="same", mode="mirror", strategy=strategy)
    whole = plan.run()
    for start, stop in ((0, 1), (3, 4), (7, 30), (30, 151), (150, 151)):
        band = plan.rows(start, stop)
        if kind == "integers":
            assert (band == whole[:, start:stop]).all()
        else:
            assert np.abs(band - whole[:, start:stop]).max() <= 1e-6 * 255 * np.abs(k).sum()


@pytest.mark.parametrize("kind", LARGE)
@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_threads_change_nothing(kind, threads, monkeypatch):
    x, k = large(kind)
    options = {"padding": "same", "strategy": "banded", "mode": "reflect"}
    expected = forced("taps", x, k, padding="same", mode="reflect")
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    monkeypatch.setattr(shares, "cores", lambda: 4)
    shares.workers.cache_clear()
    shares._pool.cache_clear()
    try:
        plan = prepare(x, k, **options)
        assert plan.plan.threads == int(threads)
        found = plan.run()
        assert found.tobytes() == plan.run().tobytes()
        assert np.abs(found - expected).max() <= 1e-6 * 255 * np.abs(k).sum()
    finally:
        shares.workers.cache_clear()
        shares._pool.cache_clear()


@pytest.mark.parametrize("kind", LARGE)
@pytest.mark.parametrize("steps", [(1, 1), (2, 1), (1, 3)])
def test_one_thread_by_itself_gives_the_bytes_that_it_gives_beside_others(
    strategy, kind, steps, monkeypatch
):
    x, k = large(kind)
    options = {"padding": 3, "stride": steps[0], "dilation": steps[1], "mode": "mirror"}
    monkeypatch.setattr(planner, "workers", lambda: 1)
    plan = prepare(x, k, strategy=strategy, **options)
    assert plan.plan.threads == 1
    found = []
    for beside in (False, True):
        monkeypatch.setattr(shares._shared, "out", beside, raising=False)
        assert shares.shared() == beside
        found.append(plan.run().tobytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("per", [1, 2])
@pytest.mark.parametrize("cells", [1, 3 * 11 * 13, 10**6])
def test_planes_are_the_same_however_many_are_taken_at_a_time(strategy, per, cells, monkeypatch):
    for module in (taps, planewise):
        monkeypatch.setattr(module, "CACHE", 8 * cells)
        monkeypatch.setattr(module, "BESIDE", 8 * 3 * cells)
    rng = np.random.default_rng(13)
    x, k = rng.integers(0, 9, (2, 7, 11, 13)).astype(float), rng.integers(-3, 4, (7 * per, 1, 3, 2))
    found = forced(strategy, x, k, groups=7, padding="same")
    for n, o in itertools.product(range(2), range(7 * per)):
        alone = corr2d(x[n, o // per].astype(int), k[o, 0], padding="same")
        np.testing.assert_allclose(found[n, o], alone, atol=1e-9)


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("strategy", ["banded", "separable"])
@pytest.mark.parametrize("x_type", [np.uint8, np.uint16])
def test_what_rounds_into_integers_rounds_half_to_even(strategy, x_type, beside, monkeypatch):
    rng = np.random.default_rng(12)
    x = rng.integers(0, np.iinfo(x_type).max + 1, (3, 301, 70)).astype(x_type)
    for k in (np.full((5, 5), 1 / 25), np.array([[0.5, 0.5]])):
        plan = prepare(x, k, padding="same", mode="reflect", strategy=strategy)
        monkeypatch.setattr(shares._shared, "out", beside, raising=False)
        assert plan.rounds
        found = plan.rows(7, 290, np.empty((3, 283, 70), x_type))
        assert (found == np.rint(plan.run())[:, 7:290]).all()


def test_exact_integers_floats_and_other_strategies_do_not_round():
    x, k = np.ones((9, 9), np.uint8), np.full((3, 3), 0.1)
    assert not prepare(x, np.ones((3, 3), int), strategy="banded").rounds
    assert not prepare(x.astype(float), k, strategy="banded").rounds
    assert not any(prepare(x, k, strategy=name).rounds for name in ("taps", "spectral", "columns"))


def test_a_failure_in_a_thread_is_raised():
    def work(take):
        while (item := take()) is not None:
            if item == 7:
                raise MemoryError("full")

    with pytest.raises(MemoryError, match="full"):
        each(work, range(1, 20), 1)


def test_how_the_input_lies_does_not_matter(strategy):
    rng = np.random.default_rng(8)
    base = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    k = rng.integers(-9, 10, (5, 1)) * rng.integers(-9, 10, (1, 5)) / 4
    expected = forced(strategy, np.ascontiguousarray(base.transpose(2, 0, 1)), k)
    base.flags.writeable = False
    assert (forced(strategy, base.transpose(2, 0, 1), k) == expected).all()
    assert (forced(strategy, base.transpose(2, 0, 1)[:, ::-1, ::-1], k[::-1, ::-1]).shape) == (
        expected.shape
    )
    wide = np.ascontiguousarray(base.transpose(2, 0, 1)).astype(">f4")
    assert (forced(strategy, wide, k) == expected).all()
    assert forced(strategy, wide, k).dtype == np.float32
    half = forced(strategy, wide.astype(np.float16), k)
    assert half.dtype == np.float32
    assert (half == expected).all()


def test_a_result_goes_where_it_is_told(strategy):
    rng = np.random.default_rng(9)
    x, k = rng.normal(size=(3, 40, 30)).astype(np.float32), np.ones((3, 3), np.float32)
    plan = prepare(x, k, strategy=strategy)
    holder = np.full((3, 80, 28), 7, np.float32)
    assert plan.rows(0, 38, holder[:, 1:77:2]) is not None
    np.testing.assert_allclose(holder[:, 1:77:2], plan.run(), atol=1e-5)
    assert (holder[:, ::2] == 7).all()
    assert (holder[:, 77:] == 7).all()


def test_scratch_memory_is_small(strategy):
    x = np.zeros((1000, 4000), np.float32)
    k = np.ones((9, 9), np.float32)
    plan = prepare(x, k, padding="same", strategy=strategy)
    out = np.empty(plan.shape, plan.dtype)
    tracemalloc.start()
    plan.rows(200, 400, out[:200])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 * 2**20 * plan.plan.threads / 2 + 2**20


@pytest.mark.parametrize("strategy", PRODUCTS, indirect=True, ids=" ".join)
@pytest.mark.parametrize("size", [(3, 3), (5, 17), (31, 9), (61, 61), (9, 151), (151, 9)])
@pytest.mark.parametrize("steps", [(1, 1), (2, 1), (1, 2)])
def test_no_product_is_so_large_that_blas_would_start_threads(strategy, size, steps, monkeypatch):
    """So that threads of ours can; nor are there many more than that asks for."""
    rng = np.random.default_rng(14)
    x, k = rng.random((320, 500), np.float32), np.outer(*(rng.random(n, np.float32) for n in size))
    result = prepare(x, k, strategy=strategy, stride=steps[0], dilation=steps[1])
    sizes = []

    def watched(a, b, out):
        rows, terms, columns = a.shape[-2], a.shape[-1], b.shape[-1]
        most = blas.SMALL if min(rows, columns) > 1 else blas.SMALL_VECTOR
        sizes.append(rows * terms * columns / most)
        out[...] = 0

    monkeypatch.setattr(np, "matmul", watched)
    result.run()
    assert max(sizes) <= 1
    assert len(sizes) < 1000


@pytest.mark.parametrize("strategy", [("banded", "128-bit")], indirect=True, ids=" ".join)
@pytest.mark.parametrize("size", [(31, 9), (16, 16), (20, 12), (1, 60), (40, 1), (12, 5)])
@pytest.mark.parametrize("steps", [(1, 1), (2, 3), (3, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_rows_of_taps_add_up(strategy, size, steps, dtype):
    """Kernels of several blocks, and parts that are cut into several products, against shifted adds of float64."""
    rng = np.random.default_rng(15)
    x, k = rng.integers(0, 200, (2, 150, 700)).astype(dtype), rng.integers(-9, 10, size)
    if dtype != np.uint8:
        x, k = x + dtype(0.25), k + 0.3
    asked = {"stride": steps[0], "dilation": steps[1], "padding": "same", "mode": "mirror"}
    result = prepare(x, k, strategy=strategy, **asked)
    assert {m.shape[1] for m in result.runner.matrices} == {1}
    blocks = result.runner.blocks
    assert [b.top for b in blocks[1:]] == [b.bottom for b in blocks[:-1]]
    expected = prepare(x.astype(np.float64), k.astype(np.float64), strategy="taps", **asked).run()
    error = np.abs(result.run() - expected).max()
    assert error <= (1e-6 if dtype == np.float32 else 1e-13) * np.abs(k).sum() * 200
    if dtype == np.uint8:
        assert error == 0


@pytest.mark.parametrize("strategy", ["taps", "banded", "spectral"])
def test_a_few_rows_of_a_large_result_are_left_to_one_thread(strategy, monkeypatch):
    monkeypatch.setattr(planner, "workers", lambda: 4)
    counts = []
    monkeypatch.setattr(correlation, "each", lambda *given: counts.append(given[-1]))
    result = prepare(np.zeros((2050, 1200), np.float32), np.ones((5, 5)), strategy=strategy)
    for start, stop in ((0, 2046), (1023, 1025), (0, 2), (0, 1100)):
        result.rows(start, stop)
    assert counts[1:3] == [1, 1]
    assert min(counts[0], counts[3]) > 1


# --- the planner ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "k", "strategy"),
    [
        (np.zeros((600, 600), np.float32), np.random.default_rng(0).normal(size=(7, 7)), "banded"),
        (np.zeros((600, 600), np.uint8), np.random.default_rng(0).integers(1, 9, (5, 5)), "banded"),
        (np.zeros((600, 600), np.float32), np.ones((9, 9)), "separable"),
        (np.zeros((600, 600), np.uint8), np.ones((9, 9), int), "separable"),
        (np.zeros((600, 600), np.int64) + 2**50, np.ones((9, 9), int), "taps"),
        (np.zeros((600, 600)), np.random.default_rng(0).normal(size=(61, 61)), "spectral"),
        (np.zeros((8, 60, 60), np.float32), np.ones((4, 8, 3, 3)), "columns"),
        (np.zeros((64, 1, 28, 28), np.float32), np.ones((6, 1, 5, 5)), "columns"),
    ],
)
def test_what_the_planner_chooses(x, k, strategy, monkeypatch):
    monkeypatch.setattr(costs, "vectors", lambda: "avx512")
    _chosen.cache_clear()
    plan = prepare(x, k).plan
    _chosen.cache_clear()
    assert plan.strategy == strategy
    assert plan.operations > 0
    assert 0 < plan.seconds < 10


def test_what_is_kept_for_a_kind_of_problem_holds_no_numbers_of_another():
    """Plans and buffers serve the next problem: in any order, results are those of the first time."""
    rng = np.random.default_rng(10)
    kernels = [rng.integers(-9, 10, size) for size in ((3, 3), (3, 3), (5, 4), (7, 7))]
    kernels.append(kernels[2][:, :1] * kernels[2][:1])
    pictures = [rng.integers(0, 256, (12, 21)).astype(t) for t in (np.uint8, np.uint8, np.float32)]
    pictures.append(pictures[0][:11])
    calls = []
    for x, k, padding in itertools.product(pictures, kernels, ("same", "valid")):
        for bias, value, mode in ((None, 0, "zero"), ([3], 0, "wrap"), ([4], 9, "constant")):
            options = {"padding": padding, "bias": bias, "value": value, "border": mode}
            calls.append((x, k, options))
    expected = [oracle.correlate(x[None, None], k[None, None], **o)[0, 0] for x, k, o in calls]
    _chosen.cache_clear()
    order = [*range(len(calls)), *rng.permutation(len(calls))]
    for i in order:
        x, k, options = calls[i]
        assert np.abs(corr2d(x, k, **options) - expected[i].astype(float)).max() < 1e-2, i
    assert _chosen.cache_info().hits > 0


@pytest.mark.parametrize("size", [(64, 64), (24, 32)])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_what_is_kept_holds_no_picture(strategy, size, padding):
    x = np.ones(size, np.float32)
    gone = weakref.ref(x)
    forced(strategy, x, np.ones((5, 17), np.float32), padding=padding)
    del x
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("x", "k", "strategy", "message"),
    [
        (
            np.ones((9, 9)),
            np.ones((3, 3)),
            "tap",
            "unknown strategy 'tap', did you mean 'taps'? "
            "known: taps, banded, separable, spectral, columns",
        ),
        (
            np.ones((2, 9, 9)),
            np.ones((2, 3, 3)),
            "banded",
            "strategy banded: it does not add up channels",
        ),
        (
            np.ones((9, 9), int),
            np.eye(3, dtype=int),
            "separable",
            "strategy separable: the kernel is not a column times a row of integers",
        ),
        (
            np.full((9, 9), 2**40),
            np.eye(3, dtype=int),
            "spectral",
            "strategy spectral: its sums are too large for transforms to find the integers",
        ),
        (
            np.ones((300, 9)),
            np.ones((257, 1)),
            "spectral",
            "strategy spectral: the kernel is larger than half a tile of 512",
        ),
        (
            np.ones((9, 9)),
            np.full((3, 3), np.inf),
            "spectral",
            "strategy spectral: the kernel holds a value that is not finite",
        ),
        (
            np.ones((9, 9)),
            np.full((3, 3), np.nan),
            "separable",
            "strategy separable: the kernel holds a value that is not finite",
        ),
        (
            np.full((9, 9), 2**52),
            np.full((3, 3), 2),
            "banded",
            "strategy banded: its sums pass 2**53, products of floats would round them",
        ),
    ],
)
def test_a_strategy_that_cannot_serve_says_why(x, k, strategy, message):
    with pytest.raises(ConvError) as caught:
        prepare(x, k, strategy=strategy)
    assert str(caught.value) == message


@pytest.mark.parametrize("size", [(256, 1), (1, 256), (200, 9)])
def test_transforms_serve_kernels_to_half_of_their_largest_tile(size):
    rng = np.random.default_rng(11)
    x, k = rng.normal(size=(300, 310)), rng.normal(size=size)
    np.testing.assert_allclose(forced("spectral", x, k), forced("taps", x, k), atol=1e-10)


def test_tiles_are_of_sizes_whose_transforms_are_quick():
    """Products of 2, 3 and 5 alone: other prime factors cost several times as much."""
    for side in fft.TILES:
        left = side
        for prime in (2, 3, 5):
            while left % prime == 0:
                left //= prime
        assert left == 1
    assert sorted(set(fft.TILES)) == list(fft.TILES)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [3, 21, 61, 91])
def test_a_column_times_a_row_is_one_term(dtype, k):
    """Singular values would find a second one, where rounding has left something."""
    taps = np.exp(-(np.linspace(-2, 2, k) ** 2)).astype(dtype)
    kernel = np.outer(taps, taps[::-1] * dtype(0.3))
    (term,) = factors.real_factors(kernel, np.dtype(dtype))
    left = np.abs(np.outer(*term).astype(np.float64) - kernel).sum()
    assert left <= 2 * np.finfo(dtype).eps * np.abs(kernel).sum()


@pytest.mark.parametrize(
    "weights",
    [
        np.full((31, 31), 1 / 961),
        np.outer([1.0, -2.0, 0.5, 3.0, 1.0], [0.25, 1.0, -1.0]),
        np.outer([1.0, 0.0, -1.0], [1.0, 2.0, 1.0]),
        np.random.default_rng(4).standard_normal((21, 21)),
    ],
)
@pytest.mark.parametrize("given", [{}, {"stride": (2, 3), "dilation": (1, 2)}])
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_beside_what_is_not_finite_sums_are_as_right_as_elsewhere(weights, given, odd):
    rng = np.random.default_rng(3)
    x = (0.7 + rng.random((2, 150, 140)) / 1000).astype(np.float32)
    x[0, 60, 70] = odd
    x[1, 90, 20:23] = odd, -odd, odd
    extent = [
        (k - 1) * d + 1 for k, d in zip(weights.shape, given.get("dilation", (1, 1)), strict=True)
    ]
    pads = tuple(((e - 1) // 2, e // 2) for e in extent)
    found = prepare(x, weights, padding=pads, mode="reflect", bias=0.5, **given).run()
    wide = np.pad(x.astype(np.float64), ((0, 0), *pads), mode="symmetric")
    (sy, sx), (dy, dx) = given.get("stride", (1, 1)), given.get("dilation", (1, 1))
    views = sliding_window_view(wide, extent, axis=(1, 2))[:, ::sy, ::sx, ::dy, ::dx]
    with np.errstate(invalid="ignore"):
        wanted = (views * np.float32(weights)).sum(axis=(-1, -2)) + 0.5
    assert found.shape == wanted.shape
    assert (np.isnan(found) == np.isnan(wanted)).all()
    good = np.isfinite(wanted)
    assert (found[~good & ~np.isnan(wanted)] == wanted[~good & ~np.isnan(wanted)]).all()
    bound = 1e-6 * np.abs(weights).sum() * 0.701 + 1e-7
    assert np.abs(found[good] - wanted[good]).max() < bound
