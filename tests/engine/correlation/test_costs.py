"""What a plan says: operations, counted by hand; predicted times, which grow as the work does; threads, where they pay."""

import re

import numpy as np
import pytest

from convcli.engine.correlation import planner, prepare
from convcli.engine.correlation.planner import ALONE, STRATEGIES, Plan

RNG = np.random.default_rng(12)
DENSE = RNG.uniform(1, 9, (5, 7))
SPARSE = np.array([[0, 1, 0, -1], [0, 0, 0.5, 0], [1, 0, 2, -3]])
LAYER = RNG.uniform(1, 9, (6, 4, 3, 3))


def plan(shape, kernel, strategy=None, dtype=np.float32, **options):
    return prepare(np.zeros(shape, dtype), kernel, strategy=strategy, **options).plan


def alone(*asked, **options):
    """Seconds on one core."""
    found = plan(*asked, **options)
    return found.seconds * found.threads


@pytest.mark.parametrize(
    ("strategy", "kernel", "each"),
    [
        ("taps", DENSE, 2 * 35),  # a product and a sum a tap
        ("taps", SPARSE, 2 * 6 - 3),  # none for a tap of 0, and no product for one of ±1
        ("taps", np.array([[-1, -1, 0.5]]), 2 * 3 - 2),
        ("columns", DENSE, 2 * 35),
        ("columns", LAYER, 2 * 4 * 9),
        # 8 rows of the column's matrix, and 16 - 1 + 7 columns of the row's
        ("separable", np.outer(DENSE[:, 0], DENSE[0]), 2 * (8 + 22)),
    ],
)
@pytest.mark.parametrize("stride", [1, 2])
def test_operations_are_those_of_each_result(strategy, kernel, each, stride):
    shape = 3, 4, 96, 200
    asked = {"padding": "same", "stride": (1, stride)} if strategy != "separable" else {}
    result = prepare(np.zeros(shape, np.float32), kernel, strategy=strategy, **asked)
    assert result.plan.operations == each * np.prod(result.shape)


@pytest.mark.parametrize(
    ("name", "each"),
    [
        # ((4 - 1) + 5) rows of a matrix for 4 results, 7 columns, and one sum of two groups of columns
        ("avx512", 2 * 8 * 8 + 1),
        ("128-bit", 2 * 35),  # rows of taps
    ],
)
def test_operations_of_banded_products_are_those_of_the_shape_that_suits_the_processor(
    name, each, force
):
    force(name)
    result = prepare(np.zeros((3, 4, 96, 200), np.float32), DENSE, strategy="banded")
    assert result.plan.operations == each * np.prod(result.shape)


def test_operations_of_transforms_are_those_of_textbooks():
    """5 N log2 N for a transform of N numbers, of real ones half; one there and one back, and a product between."""
    found = plan((1024, 1024), np.ones((15, 15)), "spectral")
    cells = 1024**2
    assert 5 * cells * np.log2(32**2) < found.operations < 2 * 5 * cells * np.log2(512**2)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_twice_the_results_take_twice_the_time(strategy, dtype):
    kernel = np.full((5, 7), 3)
    rows, columns = (1500, 900) if strategy == "spectral" else (1024, 1024)  # whole parts
    base = 1, 2, rows, columns
    one = plan(base, kernel, strategy, dtype, padding="same")
    for shape in ((1, 2, 2 * rows, columns), (1, 2, rows, 2 * columns)):
        both = plan(shape, kernel, strategy, dtype, padding="same")
        tolerance = 0.06 if strategy == "spectral" else 0.02  # whole tiles
        assert both.operations == pytest.approx(2 * one.operations, rel=tolerance)
        assert both.seconds == pytest.approx(2 * one.seconds, rel=tolerance)
    for shape, more in (
        (base, (2, 2, rows, columns)),
        (base, (1, 4, rows, columns)),
        ((1, 2, 40, 50), (2, 2, 40, 50)),  # what a call costs is paid for each of the smallest, too
    ):
        expected = 2 * alone(shape, kernel, strategy, dtype)
        tolerance = 0.15 if strategy == "spectral" else 0.02  # its kernel is transformed once
        assert alone(more, kernel, strategy, dtype) == pytest.approx(expected, rel=tolerance)


def test_each_term_of_a_kernel_of_low_rank_is_paid_for():
    for side in (7, 12):  # guessed of a small kernel, counted of a large one
        columns, rows = RNG.uniform(1, 9, (2, side)), RNG.uniform(1, 9, (2, side))
        one, two = np.outer(columns[0], rows[0]), columns.T @ rows
        terms = side if side == 7 else 2
        first, both = (plan((1200, 900), kernel, "separable") for kernel in (one, two))
        assert both.operations == pytest.approx(terms * first.operations, rel=0.02)
        assert 0.6 * terms < both.seconds / first.seconds < 1.1 * terms


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_more_work_is_predicted_to_take_longer(strategy):
    shape = (2, 500, 700)
    base = alone(shape, DENSE, strategy)
    longer = [
        alone(shape, DENSE, strategy, np.float64),
        alone((2, 1004, 1404), DENSE, strategy, stride=2),  # the same results, of four times the cells
        alone((2, 501, 701), np.pad(DENSE, ((0, 1), (0, 1)), mode="edge"), strategy),
    ]  # fmt: skip
    if strategy in ("banded", "separable"):
        longer.append(alone(shape, DENSE, strategy, bias=[1.0]))
    if strategy == "taps":
        longer[1] = base * 1.01  # adds go by results
    assert min(longer) > base if strategy not in ("spectral", "columns") else max(longer) > base


@pytest.mark.parametrize("x", [(600, 600), (40, 40), (3, 64, 64)])
@pytest.mark.parametrize("kernel", [DENSE, np.ones((9, 9)), RNG.normal(size=(31, 31))])
def test_the_reason_names_the_others_and_how_much_longer_they_take(x, kernel):
    chosen = plan(x, kernel)
    assert re.match(r"the least predicted time with (avx512|avx2|128-bit) \(", chosen.why)
    others = dict(re.findall(r"(\w+) ([\d.]+)×", chosen.why))
    assert {chosen.strategy, *others} == set(STRATEGIES)
    least = chosen.seconds * chosen.threads
    for name, times in others.items():
        assert float(times) == pytest.approx(alone(x, kernel, name) / least, abs=0.051)
    assert list(map(float, others.values())) == sorted(map(float, others.values()))
    assert plan(x, kernel, "taps").why == "it was asked for"


def test_maps_of_one_input_share_what_is_gathered_for_them():
    each = []
    for maps in (4, 8, 16, 64):
        kernel = np.ones((maps, 3, 5, 5))
        each.append(alone((3, 300, 300), kernel, "columns") / maps)
    assert each == sorted(each, reverse=True)
    assert each[0] > 1.5 * each[-1]


def test_where_nothing_else_serves_the_reason_says_so():
    found = plan((4, 30, 30), LAYER)
    assert (found.strategy, found.why) == ("columns", "nothing else serves")


def test_threads_share_what_is_long_and_leave_what_is_short(monkeypatch):
    monkeypatch.setattr(planner, "workers", lambda: 4)
    short, long = (plan((side, side), DENSE, "banded") for side in (48, 3000))
    assert (short.threads, long.threads) == (1, 4)
    monkeypatch.setattr(planner, "workers", lambda: 1)
    one = plan((3000, 3000), DENSE, "banded")
    assert one.seconds == pytest.approx(4 * long.seconds)
    assert plan((8, 300, 300), np.ones((4, 8, 3, 3))).threads == 1  # BLAS has its own


def test_a_small_share_of_a_result_is_not_worth_threads():
    known = Plan("taps", "", "", 1, seconds=ALONE, threads=4)  # 4 × as long on one core
    assert [known.threads_for(share) for share in (1, 0.5, 0.3, 0.25, 0.1, 0)] == [4, 4, 4, 1, 1, 1]
