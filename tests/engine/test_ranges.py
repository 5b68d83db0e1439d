"""Results into samples, against sums with Python's own numbers."""

from fractions import Fraction

import numpy as np
import pytest

from convcli.engine import ranges
from convcli.engine.correlation import prepare
from convcli.engine.errors import ConvError
from convcli.engine.ranges import RANGES, Clipped, Sampled, clipped_text, to_samples
from convcli.engine.results import Ready

DTYPES = [np.int16, np.int32, np.int64, np.uint8, np.float32, np.float64]


def plainly(value, full, how, low, high):
    """One value, exactly: (sample, whether it was clipped)."""
    if value != value:
        return 0, True
    value = Fraction(value)
    if how == "abs":
        value = abs(value)
    elif how == "offset":
        value = value / 2 + Fraction(full, 2)
    elif how == "stretch":
        value = (value - low) * full / (high - low) if high > low else Fraction(0)
    whole = round(value)  # half to even
    return min(max(whole, 0), full), not 0 <= whole <= full


@pytest.mark.parametrize("how", RANGES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", [np.uint8, np.uint16])
def test_each_value(how, dtype, target):
    values = np.arange(-700, 700).astype(dtype)
    if values.dtype.kind == "f":
        values = np.concatenate([values / 2, [1e5, -1e5, 300.25]]).astype(dtype)
    full = np.iinfo(target).max
    low, high = Fraction(values.min().item()), Fraction(values.max().item())
    pairs = [plainly(v, full, how, low, high) for v in values.tolist()]
    samples, clipped = to_samples(values, target, how)
    assert samples.dtype == target
    if how == "stretch":  # a product in floating point: exact but for ties
        difference = samples.astype(int) - [sample for sample, _ in pairs]
        assert np.abs(difference).max() <= 1
        assert (difference != 0).mean() < 0.01
        assert (samples.min(), samples.max()) == (0, full)
    else:
        assert samples.tolist() == [sample for sample, _ in pairs]
    assert clipped == Clipped(sum(lost for _, lost in pairs), float(low), float(high))


def test_offset_keeps_every_sign():
    for target, full, middle in ((np.uint8, 255, 128), (np.uint16, 65535, 32768)):
        samples, clipped = to_samples(np.array([-full, 0, full]), target, "offset")
        assert samples.tolist() == [0, middle, full]
        assert clipped.count == 0


def test_extremes():
    for how in RANGES:
        samples, clipped = to_samples(np.array([np.iinfo(np.int64).min, 2**62]), np.uint8, how)
        assert samples[1] == 255
        assert samples[0] == (255 if how == "abs" else 0)
        assert clipped.count == (0 if how == "stretch" else 2)
    assert to_samples(np.array([np.inf, -np.inf]), np.uint8)[0].tolist() == [255, 0]
    with pytest.raises(ConvError, match="cannot stretch values from -inf to inf"):
        to_samples(np.array([np.inf, -np.inf]), np.uint8, "stretch")


@pytest.mark.parametrize("how", RANGES)
def test_nan_becomes_0_and_counts(how):
    values = np.array([np.nan, 3.0, 200.0])
    samples, clipped = to_samples(values, np.uint8, how)
    assert samples[0] == 0
    assert clipped == Clipped(1, 3.0, 200.0, 1)
    samples, clipped = to_samples(values[:1], np.uint8, how)
    assert (samples.tolist(), clipped.count, clipped.missing) == ([0], 1, 1)
    assert np.isnan(to_samples(values.astype(np.float32), np.float32)[0][0])


@pytest.mark.parametrize("dtype", [np.int16, np.int64, np.float32])
@pytest.mark.parametrize(
    ("values", "samples", "lost"),
    [([-1, 7], [0, 7], 1), ([7, 256], [7, 255], 1), ([-1, 256], [0, 255], 2), ([0, 255], [0, 255], 0)],
)  # fmt: skip
def test_a_step_past_black_or_white_is_clipped(values, samples, lost, dtype):
    found, told = to_samples(np.array(values, dtype), np.uint8)
    assert (found.tolist(), told.count) == (samples, lost)


def test_a_constant_and_nothing():
    assert to_samples(np.array([7, 7]), np.uint8, "stretch")[0].tolist() == [0, 0]
    assert to_samples(np.zeros((0, 4)), np.uint8)[0].shape == (0, 4)


def test_bands_join():
    values = np.linspace(-300, 300, 101).reshape(101, 1)
    whole, told = to_samples(values, np.uint8, "stretch")
    pieces = [
        to_samples(v, np.uint8, "stretch", low=-300, high=300) for v in np.split(values, [40])
    ]
    np.testing.assert_array_equal(np.concatenate([p for p, _ in pieces]), whole)
    assert sum((c for _, c in pieces), Clipped()) == told


def test_the_input_stays_as_it_is():
    for how in RANGES:
        values = np.array([-1.5, np.nan, 300.0])
        to_samples(values, np.uint8, how)
        np.testing.assert_array_equal(values, [-1.5, np.nan, 300.0])


def test_an_unknown_range():
    with pytest.raises(ConvError, match="unknown range 'clamp', did you mean 'clip'"):
        to_samples(np.zeros(1), np.uint8, "clamp")


@pytest.mark.parametrize(
    ("clipped", "text"),
    [
        (Clipped(0, -5, 5), None),
        (
            Clipped(3, -255, 255),
            "results run from -255 to 255, the picture holds 0 to 255: "
            "3 were clipped (--range abs, stretch or offset keeps them)",
        ),
        (
            Clipped(3, -1020, 5),
            "results run from -1020 to 5, the picture holds 0 to 255: "
            "3 were clipped (--range stretch keeps them)",
        ),
        (
            Clipped(1, 0, np.inf),
            "results run from 0 to inf, the picture holds 0 to 255: "
            "1 were clipped (-o FILE.npy keeps them)",
        ),
        (Clipped(2, 0, 9, 2), "2 were NaN and became 0 (-o FILE.npy keeps them)"),
    ],
)
def test_the_sentence(clipped, text):
    assert clipped_text(clipped, np.uint8) == text


@pytest.mark.parametrize("how", RANGES)
@pytest.mark.parametrize("invert", [False, True])
def test_strips_are_rows_of_the_whole(how, invert):
    values = np.random.default_rng(3).normal(100, 150, (3, 61, 17)).astype(np.float32)
    options = {"invert": invert}
    whole, strips = (Sampled(Ready(values), np.dtype(np.uint8), how, **options) for _ in range(2))
    expected, told = to_samples(values, np.uint8, how)
    expected = 255 - expected if invert else expected
    assert (whole.run() == expected).all()
    assert whole.clipped == told
    found = [strips.rows(top, min(top + 7, 61)) for top in range(0, 61, 7)][::-1]
    assert (np.concatenate(found[::-1], axis=1) == expected).all()
    assert strips.clipped == told


def test_a_map_becomes_black_and_white():
    found = Sampled(Ready(np.eye(3, dtype=bool)), np.dtype(np.uint16), "clip", unit=65535).run()
    assert (found == np.eye(3) * 65535).all()


@pytest.mark.parametrize(
    "kernel", [np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]), np.ones((9, 9), int)]
)
@pytest.mark.parametrize("strategy", ["taps", "banded", "columns"])
def test_whole_numbers_are_whole_in_any_dtype(kernel, strategy):
    """What a picture is made of comes in the strategy's own dtype, with the same numbers."""
    x = np.random.default_rng(4).integers(0, 256, (3, 90, 70), np.uint8)
    result = prepare(x, kernel, padding="same", strategy=strategy)
    made = Sampled(result, np.dtype(np.uint8), "clip")
    expected, told = to_samples(result.run(), np.uint8)
    assert (made.run() == expected).all()
    assert made.clipped == told
    assert result.native.itemsize <= result.dtype.itemsize


@pytest.mark.parametrize(
    ("kernel", "bias", "kept"),
    [
        (np.full((3, 3), 1 / 9), None, True),
        (np.array([[0.5, 0.5]]), 0.2, True),
        (np.array([[0.5, 0.5]]), 1, False),
        (np.array([[1.5, -0.5]]), None, False),
        (np.array([[np.nan, 0.5]]), None, False),
    ],
)
def test_nobody_looks_for_what_cannot_be_clipped(kernel, bias, kept, monkeypatch):
    x = np.random.default_rng(5).choice(np.array([0, 255], np.uint8), (40, 50))
    result = prepare(x, kernel, padding="same", bias=bias)
    expected, told = to_samples(result.run(), np.uint8)
    looked, own = [], ranges.to_samples
    monkeypatch.setattr(ranges, "to_samples", lambda *a, **o: looked.append(1) or own(*a, **o))
    made = Sampled(result, np.dtype(np.uint8), "clip")
    assert (made.run() == expected).all()
    assert made.clipped.count == told.count
    assert bool(looked) != kept


def test_the_limits_of_a_border_that_is_no_sample():
    x = np.zeros((3, 3), np.uint8)
    options = {"padding": 1, "mode": "constant"}
    assert prepare(x, np.ones((1, 1)), value=999.0, **options).ends == (0, 999)
    assert prepare(x, np.array([[2.0, -1.0]]), value=-9.0, **options).ends == (-273, 519)


@pytest.mark.parametrize("dtype", [">i2", "<i2", ">i4", ">u2", "|i1"])
def test_what_is_clipped_is_counted_whatever_the_order_of_bytes(dtype):
    values = np.array([-3, 0, 100, 127] if dtype == "|i1" else [7, 255, 256, 30000], dtype)
    samples, clipped = to_samples(values, np.uint8)
    assert samples.tolist() == np.clip(values.astype(int), 0, 255).tolist()
    assert clipped.count == (1 if dtype == "|i1" else 2)
