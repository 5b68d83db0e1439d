"""Equal values are ties: what a detector decides hangs neither on the dtype nor on a turn, a mirror or a scale."""

import numpy as np
import pytest

from convcli.engine.edges import edges
from convcli.engine.edges.detectors import DETECTORS
from convcli.engine.edges.rounding import fits_float32, largest_of, multiples, noise_of, not_above

DTYPES = ("uint8", "int16", "uint32", "int64", "float16", "float32", "float64")
WAYS = {
    "a quarter": np.rot90,
    "a half": lambda a: np.rot90(a, 2),
    "three quarters": lambda a: np.rot90(a, 3),
    "left to right": np.fliplr,
    "top to bottom": np.flipud,
    "transposed": np.transpose,
}


def pictures():
    rng = np.random.default_rng(16)
    corner = np.zeros((100, 100))
    corner[:50, :50] = 1
    rows, columns = np.mgrid[:64, :58]
    boxes = np.zeros((60, 61))
    for _ in range(5):
        top, left = rng.integers(0, 50, 2)
        boxes[top : top + rng.integers(3, 30), left : left + rng.integers(3, 30)] += 40
    return {
        "corner": corner,
        "disc": ((rows - 31.5) ** 2 + (columns - 30) ** 2 < 400) * 200.0,
        "ramp": (rows * 2.0 + columns),
        "diagonal": (rows + columns > 70) * 90.0,
        "checks": (rows // 8 + columns // 8) % 2 * 255.0,
        "boxes": boxes,
        "noise": rng.integers(0, 256, (41, 37)).astype(float),
    }


PICTURES = pictures()
CALLS = [
    ("canny", {}),
    ("canny", {"sigma": 0.6}),
    ("canny", {"low": 5.0, "high": 20.0}),
    *((m, {"threshold": t}) for m in DETECTORS if m != "canny" for t in (0, 1.0, 25.0, "otsu")),
]


def found(x, method, options):
    padding = "valid" if method in ("roberts", "diff") else "same"
    axis = {"axis": "both"} if method == "diff" else {}
    return edges(x, method, padding=padding, border="reflect", **axis, **options)


@pytest.mark.parametrize(("method", "options"), CALLS, ids=str)
@pytest.mark.parametrize("name", PICTURES)
def test_edges_are_those_of_the_picture(name, method, options):
    x = PICTURES[name]
    want = found(x, method, options)
    for dtype in DTYPES:
        if (x.astype(dtype) == x).all():
            assert (found(x.astype(dtype), method, options) == want).all(), dtype
    if method != "diff":  # which looks one way only
        for way, turn in WAYS.items():
            assert (found(turn(x), method, options) == turn(want)).all(), way
    for scale in (0.5, 2, 16):
        more = {k: v if v == "otsu" or k == "sigma" else v * scale for k, v in options.items()}
        assert (found(x * scale, method, more) == want).all(), scale


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sigma", [0.6, 1.4, 9.0])
def test_canny_of_real_numbers_turns_to_the_bit(dtype, sigma):
    """Also where float32 does not hold the numbers, and for a Gaussian that is applied in two steps."""
    x = (np.random.default_rng(3).random((90, 81)) + PICTURES["disc"][:1, :1]).astype(dtype)
    x[20:60, 30:70] += 0.1
    want = edges(x, "canny", sigma=sigma, padding="same")
    assert want.any()
    for way, turn in WAYS.items():
        assert (edges(turn(x), "canny", sigma=sigma, padding="same") == turn(want)).all(), way


@pytest.mark.parametrize("method", [m for m in DETECTORS if m != "canny"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_a_constant_picture_is_black(method, dtype):
    sigmas = [{"sigma": s} for s in (0.3, 1.4, 5.0)] if method == "log" else [{}]
    for level in (1, 137, 200.3, 255):
        x = np.full((70, 61), level, dtype)
        for options in sigmas:
            for threshold in (0, "otsu"):
                assert not edges(x, method, threshold=threshold, padding="same", **options).any()


def test_small_steps_on_a_high_level_are_not_rounded_away():
    x = np.full((40, 40), 1e6)
    x[:, 20:] += 0.5
    assert not fits_float32(x)
    for method in ("sobel", "log", "laplacian"):
        assert edges(x, method, threshold=0.1).any()
        assert edges(x, method, threshold="otsu").any()
    assert edges(x, "canny").any()


@pytest.mark.parametrize(
    ("dtype", "values", "fits"),
    [
        # what needs no more digits than float32 has, whatever it holds
        ("bool", [0, 1], True),
        ("uint8", [254, 255], True),
        ("int16", [-32768, 32767], True),
        ("float16", [100.5, 101], True),
        ("float32", [1e6, 1e6 + 0.5], True),
        ("float32", [0.1, np.nan], True),
        # the others, by their numbers
        ("int32", [0, 2**24], True),
        ("int32", [0, 2**24 + 1], False),
        ("int64", [-(2**24) - 1, 0], False),
        ("int64", [2**62, 2**62 + 1], False),
        ("int64", [65534, 65535], True),
        ("int64", [65535, 65536], False),
        ("int64", [-65536, -65535], False),
        ("float64", [100, 100.5], False),
        ("float64", [100, 100.5, 0], True),
        ("float64", [15, 16.0], True),
        ("float64", [16.5, 17.5], False),
        ("float64", [16, 17], True),
        ("float64", [0, 1.5, np.nan, np.inf], True),
        ("float64", [0, 0.1, np.nan], False),
        ("float64", [np.nan, np.inf], True),
    ],
)
def test_which_numbers_are_computed_in_float32(dtype, values, fits):
    row = np.array(values).astype(dtype)
    assert fits_float32(row[None]) == fits
    assert fits_float32(np.tile(row[::-1], (3, 2))) == fits
    late = np.zeros((2000, 300), dtype) + row[0]
    late[-1, -len(row) :] = row
    assert fits_float32(late) == fits


def test_the_largest_magnitude_is_that_of_what_is_finite():
    assert largest_of(np.array([-3.0, 2])) == 3
    assert largest_of(np.array([-3.0, 2, np.nan, np.inf, 5])) == 5
    assert largest_of(np.array([np.nan, -np.inf])) == 0


@pytest.mark.parametrize(
    ("kernel", "plane", "value", "exact"),
    [
        ([[1, -2]], [[3, 4]], 0, True),
        ([[1, -2]], [[3, 4.25]], 0, True),
        ([[1, -2]], [[3, 4.25]], 0.5, True),
        ([[1, -2]], [[3, 0.1]], 0, False),
        ([[1, -2]], [[3, 4]], 0.1, False),
        ([[1.0, -2.0]], [[3, 4]], 0, False),
        ([[1, -2]], [[3, 2**40]], 0, True),
        ([[1, -2]], [[2.0**-30, 2**30]], 0, False),
    ],
)
def test_sums_that_a_float_holds_have_no_noise_and_others_as_much_as_their_terms(
    kernel, plane, value, exact
):
    planes = np.array([plane, np.zeros((1, 2))])[:, None]
    found, nothing = noise_of(planes, np.array(kernel)[None, None], np.dtype(float), value)
    # two roundings of the sum of the kernel's taps times the largest number
    bound = 3 * max(abs(value), np.abs(plane).max()) * 2 * 2.0**-52
    assert found == (0 if exact else pytest.approx(bound))
    assert (nothing == 0) == (value == 0 or exact)
    assert not noise_of(planes, np.array(kernel)[None, None], np.dtype(int), value).any()


def test_a_limit_that_a_float_does_not_hold_is_rounded_down():
    limits = np.array([0.1, 0.3, 1.0, 2**24 + 1, 2**24 + 3])
    near = not_above(limits, np.dtype(np.float32))
    assert near.dtype == np.float32
    assert (near.astype(float) <= limits).all()
    assert (np.nextafter(near, np.float32(np.inf)).astype(float) > limits).all()
    assert not_above(limits, np.dtype(int)) is limits


def test_multiples():
    assert multiples(np.array([1.5, -3, 0]), 0.5)
    assert not multiples(np.array([1.5, 0.25]), 0.5)
    assert not multiples(np.array([np.nan]), 0.5)
    late = np.zeros(5000)
    late[-1] = 0.1
    assert not multiples(late, 1.0)
