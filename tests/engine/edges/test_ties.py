"""Equal values are ties: what a detector decides hangs neither on the dtype nor on a turn, a mirror or a scale."""

import numpy as np
import pytest

from convcli.engine.edges import edges
from convcli.engine.edges.detectors import DETECTORS
from convcli.engine.edges.rounding import fits_float32, multiples

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


def test_multiples():
    assert multiples(np.array([1.5, -3, 0]), 0.5)
    assert not multiples(np.array([1.5, 0.25]), 0.5)
    assert not multiples(np.array([np.nan]), 0.5)
    late = np.zeros(5000)
    late[-1] = 0.1
    assert not multiples(late, 1.0)
