"""Otsu's threshold against every way to part the numbers in two, with the variance between the classes in fractions."""

from fractions import Fraction

import numpy as np
import pytest

from convcli.engine.edges.otsu import BINS, otsu
from convcli.engine.errors import ConvError


def between(values, threshold):
    """Variance between the classes, times the square of the number of values."""
    below = [Fraction(v) for v in values if v <= threshold]
    above = [Fraction(v) for v in values if v > threshold]
    if not below or not above:
        return Fraction(0)
    apart = sum(below) / len(below) - sum(above) / len(above)
    return len(below) * len(above) * apart**2


def parted(values):
    """The least of the numbers that part the others best."""
    values = [float(v) for v in values]
    return max(sorted(set(values)), key=lambda t: between(values, t))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", "float32", "float64"])
def test_whole_numbers_are_parted_as_well_as_can_be(dtype, seed):
    rng = np.random.default_rng(seed)
    low, high = rng.integers(0, 60, 40), rng.integers(40, 120, 25 + seed)
    values = np.concatenate((low, high)).astype(dtype)
    if dtype != "uint8":
        values -= np.array(70).astype(dtype)
    assert otsu(values) == parted(values)
    assert otsu(values.reshape(1, -1, 1)) == parted(values)


@pytest.mark.parametrize("unit", [2.0**-20, 0.25, 2.0**30])
def test_floats_that_are_few_multiples_of_a_power_of_two_are_parted_like_whole_numbers(unit):
    values = np.random.default_rng(3).integers(-300, 500, 70)
    assert otsu(values * unit) == otsu(values) * unit == parted(values) * unit


def test_far_more_numbers_than_bins_are_parted_exactly_up_to_65536():
    few = np.array([0, 1, 2, 65000, 65534, 65535])
    assert otsu(few) == parted(few) == 2
    # one more, and there are but 256 bins: the middle of the last of the lower class
    many = np.array([0, 1, 2, 65000, 65534, 65536])
    assert otsu(many) == 128


@pytest.mark.parametrize("bins", [4, BINS])
def test_real_numbers_are_parted_at_the_middle_of_a_bin(bins):
    rng = np.random.default_rng(9)
    values = np.concatenate((rng.normal(1, 0.3, 60), rng.normal(4, 0.5, 50)))
    found = otsu(values, bins)
    width = np.ptp(values) / bins
    place = (found - values.min()) / width - 0.5
    assert place == pytest.approx(round(place), abs=1e-6)
    # each number stands for the middle of its bin
    at = np.minimum((values - values.min()) // width, bins - 1)
    assert round(place) == parted(at)
    assert otsu(values) != pytest.approx(otsu(values, 4), abs=1e-3)


def test_what_is_not_finite_is_left_out():
    values = np.array([1.0, 2, 2, 9, 9, 10])
    more = np.append(values, [np.nan, np.inf, -np.inf])
    assert otsu(more) == otsu(values) == 2
    with pytest.raises(ConvError, match=r"^threshold otsu: got no finite number"):
        otsu(np.array([np.nan, np.inf]))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32"])
def test_nothing_is_above_the_threshold_of_what_is_all_alike(dtype):
    assert otsu(np.full((3, 4), 7, dtype)) == 7
    values = np.array([7, 7, 10], dtype)
    assert otsu(values, noise=2.9) == 7
    assert otsu(values, noise=3) == otsu(values, noise=3.1) == 10


@pytest.mark.parametrize(
    ("span", "parted"), [(1, False), (255, False), (256, True), (257, True), (10**6, True)]
)
def test_otsu_parts_numbers_that_have_as_many_floats_between_them_as_bins(span, parted):
    """Fewer are the same but for rounding: the threshold is the largest, and nothing is above it."""
    values = 1 + 2.0**-52 * np.array([0, 0, 0, span])
    assert (otsu(values) < values[-1]) == parted
    assert otsu(values) >= 1
    assert (values > otsu(values)).any() == parted


def test_otsu_of_little():
    assert otsu(np.full((3, 3), 7)) == 7
    assert otsu(np.array([1.0, np.nan, np.inf, 1.0])) == 1
    assert 0 <= otsu(np.array([0, 10**9])) < 10**9  # too wide for a bin a value
    assert otsu(np.array([-3, -3, 5], np.int8)) == -3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_otsu_parts_no_rounding(dtype):
    for steps in (1, 7, 255, 300, 1000):
        values = np.array([57.0, 57.0], dtype)
        for _ in range(steps):
            values[1] = np.nextafter(values[1], values.dtype.type(np.inf))
        assert values[0] <= otsu(values) <= values[1]
        assert steps > 255 or otsu(values) == values[1]
