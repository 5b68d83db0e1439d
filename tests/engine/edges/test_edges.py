"""Edge detectors: every row of the registry, against kernels written out here and four plain loops."""

import math

import numpy as np
import pytest

import convcli
from convcli.engine.borders import BORDERS
from convcli.engine.correlation import corr2d
from convcli.engine.edges import _found, edges, prepare
from convcli.engine.edges.detectors import DETECTORS, answer_to_a_step
from convcli.engine.errors import ConvError
from convcli.engine.kernels import KERNELS, kernel
from convcli.engine.sizes.geometry import axes
from tests import oracle

P = (0.037659, 0.249153, 0.426375, 0.249153, 0.037659)
D = (-0.109604, -0.276691, 0.0, 0.276691, 0.109604)


def smoothed(weights):
    """Derivative along a row, with these weights across it."""
    return [[-w, 0, w] for w in weights]


def ring(north):
    """The eight turns of a 3x3 ring, from its north row (three cells of a, five of b)."""
    a, b = north
    places = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    turns = []
    for first in range(8):
        taps = [[0] * 3 for _ in range(3)]
        for i, (r, c) in enumerate(places):
            taps[r][c] = a if (i - first) % 8 < 3 else b
        turns.append(taps)
    return turns


def bell(sigma):
    """Laplacian of a Gaussian cut at 4 sigma, as its second differences along both axes say."""
    radius = int(4 * sigma + 0.5)
    g = [math.exp(-(i**2) / (2 * sigma**2)) for i in range(-radius, radius + 1)]
    g = [w / sum(g) for w in g]
    b = [
        w * (i**2 / sigma**4 - 1 / sigma**2)
        for w, i in zip(g, range(-radius, radius + 1), strict=True)
    ]
    b = [w - v * sum(b) for w, v in zip(b, g, strict=True)]
    taps = [
        [b[i] * g[j] + g[i] * b[j] for j in range(2 * radius + 1)] for i in range(2 * radius + 1)
    ]
    columns = [sum(row[j] for row in taps) for j in range(2 * radius + 1)]
    return taps, max(abs(sum(columns[: j + 1])) for j in range(2 * radius + 1))


# name: kernels of x and y (or all), and what they are divided by; written out, not taken from the engine
GRADIENTS = {
    "sobel": (smoothed((1, 2, 1)), 4),
    "scharr": (smoothed((3, 10, 3)), 16),
    "prewitt": (smoothed((1, 1, 1)), 3),
    "farid": ([[p * d for d in D] for p in P], sum(P) * (D[3] + D[4])),
}
PAIRS = {
    name: (np.array(taps), np.array(taps).T, scale) for name, (taps, scale) in GRADIENTS.items()
}
PAIRS["roberts"] = (np.array([[-1, 0], [0, 1]]), np.array([[0, -1], [1, 0]]), 1)
PAIRS["diff"] = (np.array([[1, -1], [0, 0]]), np.array([[1, 0], [-1, 0]]), 1)
SINGLE = [m for m in DETECTORS if m not in PAIRS and m != "canny"]
ANSWERS = [m for m in DETECTORS if m != "canny"]


def correlate(x, taps, **options):
    found = oracle.correlate(x[None, None], np.asarray(taps)[None, None], **options)
    return found[0, 0].astype(float)


def expected(x, method, **options):
    if method in PAIRS:
        gx, gy = (correlate(x, taps, **options) for taps in PAIRS[method][:2])
        return np.sqrt(gx**2 + gy**2) / PAIRS[method][2]
    if method == "kirsch":
        return np.max([correlate(x, taps, **options) for taps in ring((5, -3))], axis=0) / 15
    if method == "laplacian":
        return correlate(x, [[0, 1, 0], [1, -4, 1], [0, 1, 0]], **options)
    taps, scale = bell(1.4)
    return correlate(x, taps, **options) / scale


def picture(dtype="uint8", size=(17, 21), seed=0):
    values = np.random.default_rng(seed).integers(0, 256, size)
    return values.astype(dtype)


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("method", ANSWERS)
def test_values_agree_with_four_loops(method, dtype):
    x = picture(dtype, (13, 15))
    if dtype == "uint16":
        x *= 257
    found = edges(x, method, axis="both" if method == "diff" else None)
    want = expected(x, method)
    assert found.shape == want.shape
    tolerance = 1e-12 if dtype in ("int32", "float64") else 1e-5
    np.testing.assert_allclose(found, want, rtol=tolerance, atol=tolerance * x.max())


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("method", ANSWERS)
def test_padding_same_keeps_the_size_and_takes_the_border(method, border):
    x = picture(size=(9, 8))
    axis = "both" if method == "diff" else None
    found = edges(
        x, method, axis=axis, padding="same", border=border, value=7.0 * (border == "constant")
    )
    want = expected(x, method, padding="same", border=border, value=7 * (border == "constant"))
    assert found.shape == x.shape
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-3)


def test_the_comparison_notices_a_wrong_scale():
    x = picture(size=(9, 8))
    assert not np.allclose(edges(x, "sobel") * 4, expected(x, "sobel"))
    assert not np.allclose(edges(x, "prewitt"), expected(x, "sobel"))


@pytest.mark.parametrize("method", PAIRS)
def test_axes_are_signed(method):
    x = picture("float64")
    for axis, taps in zip(("x", "y"), PAIRS[method][:2], strict=True):
        used = taps[np.ix_(taps.any(axis=1), taps.any(axis=0))] if method == "diff" else taps
        want = correlate(x, used) / PAIRS[method][2]
        np.testing.assert_allclose(edges(x, method, axis=axis), want, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("method", PAIRS)
def test_a_unit_step_is_answered_by_one(method, axis):
    step = np.repeat([0.0, 1.0], 8)[None].repeat(16, axis=0)
    step = step if axis == "x" else step.T
    signed = edges(step, method, axis=axis)
    extreme = signed.flat[np.abs(signed).argmax()]
    assert extreme == pytest.approx(-1 if method == "diff" else 1)  # a rise is +, for diff a fall
    both = edges(step, method, axis="both").max()
    assert both == pytest.approx(math.sqrt(2) if method == "roberts" else 1)


@pytest.mark.parametrize("method", SINGLE)
def test_a_unit_step_is_answered_by_one_at_most(method):
    step = np.repeat([0.0, 1.0], 16)[None].repeat(32, axis=0)
    for x in (step, step.T, 1 - step):
        assert np.abs(edges(x, method)).max() == pytest.approx(1)


@pytest.mark.parametrize("name", [f"{m}-{a}" for m in PAIRS for a in "xy"] + ["kirsch"])
def test_the_scale_is_the_sum_of_the_positive_taps(name):
    assert answer_to_a_step(kernel(name)) == pytest.approx(KERNELS[name].scale)


def test_the_chapter():
    bars = np.ones((6, 8), int)
    bars[:, 2:6] = 0
    found = edges(bars, "diff")
    assert found.tolist() == [[0, 1, 0, 0, 0, -1, 0]] * 6
    assert edges(bars.T, "diff", axis="y").T.tolist() == found.tolist()
    assert edges(bars, "diff", axis="both").shape == (5, 7)
    assert edges(bars, "diff", axis="both").tolist() == [[0, 1, 0, 0, 0, 1, 0]] * 5


@pytest.mark.parametrize(
    ("dtype", "answer", "exact"),
    [
        ("bool", "float32", "int32"),
        ("uint8", "float32", "int32"),
        ("int16", "float32", "int32"),
        ("uint32", "float64", "int64"),
        ("int64", "float64", "int64"),
        ("float16", "float32", "float32"),
        ("float32", "float32", "float32"),
        ("float64", "float64", "float64"),
    ],
)
def test_dtype_of_the_answer(dtype, answer, exact):
    x = np.eye(16).astype(dtype)
    for method in ANSWERS:
        assert edges(x, method).dtype == (exact if method in ("diff", "laplacian") else answer)
        assert edges(x, method, threshold=0.5).dtype == np.bool
    assert edges(x, "canny", sigma=0.6).dtype == np.bool


# --- properties -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", DETECTORS)
def test_a_constant_picture_has_no_edges(method):
    for x in (np.full((40, 30), 137, np.uint8), np.full((40, 30), 0.1), np.zeros((40, 30))):
        found = edges(x, method, padding="same")
        np.testing.assert_allclose(found, 0, atol=1e-5 * x.max())


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("method", [m for m in DETECTORS if m != "diff"])
def test_a_turned_picture_has_turned_edges(method, padding):
    if method == "roberts" and padding == "same":
        pytest.skip("an even kernel pads at the end")
    x = picture(size=(40, 31))
    for turns in (1, 2, 3):
        found = edges(np.rot90(x, turns), method, padding=padding)
        want = np.rot90(edges(x, method, padding=padding), turns)
        np.testing.assert_allclose(
            found.astype(float), want.astype(float), rtol=1e-5, atol=1e-3 * (method != "canny")
        )


@pytest.mark.parametrize("method", [m for m in PAIRS if m != "roberts"])
def test_transposing_swaps_x_and_y(method):
    x = picture()
    found = edges(x.T, method, axis="x")
    np.testing.assert_allclose(found, edges(x, method, axis="y").T, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(
        edges(x.T, method, axis="both"), edges(x, method, axis="both").T, rtol=1e-5, atol=1e-3
    )


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "float16", "float64"])
@pytest.mark.parametrize("method", [m for m, row in DETECTORS.items() if row.together])
def test_kernels_together_answer_as_they_do_one_by_one(method, dtype):
    row = DETECTORS[method]
    black_and_white = np.random.default_rng(8).random((60, 50)) < 0.5  # the largest sums
    x = (black_and_white * (1 if dtype == "bool" else 255)).astype(dtype)
    answers = [corr2d(x, taps.astype(float)) for taps in row.taps(0)]
    scale = answer_to_a_step(row.taps(0)[0])
    want = row.join([a.astype(float) for a in answers]) / scale
    np.testing.assert_allclose(edges(x, method), want, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("border", BORDERS)
def test_kernels_together_take_a_fill_that_is_no_whole_number(border):
    x, value = picture(size=(7, 6)), 7.5 * (border == "constant")
    found = edges(x, "sobel", padding="same", border=border, value=value)
    want = expected(x, "sobel", padding="same", border=border, value=value)
    np.testing.assert_allclose(found, want, rtol=1e-5)


@pytest.mark.parametrize("method", DETECTORS)
def test_each_plane_by_itself(method):
    x = np.stack([picture(seed=i, size=(30, 28)) for i in range(6)]).reshape(2, 3, 30, 28)
    found = edges(x, method)
    for i in range(2):
        np.testing.assert_allclose(edges(x[i], method), found[i], rtol=1e-5, atol=1e-3)
        for j in range(3):
            np.testing.assert_allclose(edges(x[i, j], method), found[i, j], rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("threshold", [None, 40, "otsu"])
@pytest.mark.parametrize("method", DETECTORS)
def test_bands_cover_the_answer(method, threshold):
    x = np.stack([picture(seed=i, size=(90, 23)) for i in range(2)])
    plan = prepare(x, method, padding="same", threshold=None if method == "canny" else threshold)
    whole = plan.run()
    assert plan.shape == whole.shape
    assert plan.dtype == whole.dtype
    assert [axis.out for axis in plan.axes] == [90, 23]
    bands = [plan.rows(a, b) for a, b in plan.bands(elements=200)]
    assert len(bands) > 3
    # bands of floats may differ by rounding
    np.testing.assert_allclose(np.concatenate(bands, axis=-2), whole, rtol=1e-5, atol=1e-3)
    out = np.empty((2, 5, 23), plan.dtype)
    assert plan.rows(7, 12, out) is out
    np.testing.assert_allclose(out, whole[:, 7:12], rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("method", DETECTORS)
def test_nan_and_infinity_are_silent_and_stay_where_they_are(method):
    x = picture("float64", (60, 60))
    x[5, 5], x[8, 3], x[3, 8] = np.nan, np.inf, -np.inf
    found = edges(x, method, padding="same")
    want = edges(np.where(np.isfinite(x), x, 0), method, padding="same")
    assert np.isfinite(found[25:, 25:]).all()
    if method != "canny":
        np.testing.assert_allclose(found[25:, 25:], want[25:, 25:], atol=1e-9)


@pytest.mark.parametrize("row", DETECTORS.values(), ids=lambda row: row.name)
def test_every_row_tells_its_title_and_source(row):
    assert row.title
    assert row.source


def test_the_public_name():
    assert convcli.edges is edges


# --- sizes and masks ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("axis", ["x", "y", "both"])
@pytest.mark.parametrize("size", [3, 5, 7])
def test_sobel_of_more_cells(size, axis, dtype):
    x = (np.random.default_rng(8).random((60, 50)) < 0.5).astype(dtype) * 255
    step = np.zeros((20, 20))
    step[:, 10:] = 1
    taps = [kernel(f"sobel-{name}:{size}").astype(float) for name in "xy"]
    scale = np.abs(corr2d(step, taps[0])).max()
    gx, gy = (corr2d(x, t) / scale for t in taps)
    want = {"x": gx, "y": gy, "both": np.hypot(gx, gy)}[axis]
    found = edges(x, f"sobel:{size}", axis=axis)
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-4)
    assert edges(step, f"sobel:{size}").max() == 1
    assert size > 3 or (found == edges(x, axis=axis)).all()


def disc(size=(40, 36)):
    rows, columns = np.mgrid[: size[0], : size[1]]
    return (rows - 18) ** 2 + (columns - 16) ** 2 < 14**2


@pytest.mark.parametrize("padding", ["valid", "same", ((2, 0), (1, 3))])
@pytest.mark.parametrize("border", ["zero", "reflect", "wrap"])
@pytest.mark.parametrize("method", [*DETECTORS, "sobel:5"])
def test_a_mask_of_ones_changes_nothing(method, border, padding):
    x = picture(size=(40, 36)).astype(float)
    given = {"padding": padding, "border": border}
    if method in ("log", "canny"):
        given["sigma"] = 0.8
    found = edges(x, method, **given, mask=np.ones(x.shape))
    want = edges(x, method, **given)
    assert found.dtype == want.dtype
    np.testing.assert_allclose(found.astype(float), want.astype(float), atol=1e-9)


@pytest.mark.parametrize("method", [*DETECTORS, "sobel:7"])
def test_what_lies_outside_a_mask_does_not_matter_and_its_border_is_no_edge(method):
    x, mask = picture(size=(40, 36)).astype(float), disc()
    given = {"padding": "same", "mask": mask}
    found = edges(x, method, **given)
    for other in (np.nan, 1e9):
        assert np.array_equal(edges(np.where(mask, x, other), method, **given), found)
    assert not found[~mask].any()
    assert found[mask].any()
    flat = edges(np.where(mask, 7.0, 200.0), method, **given)
    np.testing.assert_allclose(flat.astype(float), 0, atol=1e-12)


@pytest.mark.parametrize("method", [m for m in DETECTORS if m != "canny"])
def test_a_window_inside_the_mask_answers_as_without(method):
    x, mask = picture(size=(40, 36)), disc()
    whole = edges(x, method, padding="same")
    found = edges(np.stack((x, x)), method, padding="same", mask=mask)
    reach = max(taps.shape[0] for taps in DETECTORS[method].taps(1.4)) // 2
    rows, columns = np.mgrid[:40, :36]
    inner = (rows - 18) ** 2 + (columns - 16) ** 2 < max(14 - 1.5 * reach, 0) ** 2
    assert (found[:, inner] == whole[inner]).all()
    threshold = edges(x, method, padding="same", mask=mask, threshold=20)
    assert (threshold == (np.abs(found[1]) > 20)).all()


def test_a_threshold_by_otsu_is_chosen_inside_the_mask():
    x = picture(size=(40, 36))
    plan = prepare(x, "sobel", padding="same", threshold="otsu", mask=disc())
    other = prepare(
        np.where(disc(), x, 255), "sobel", padding="same", threshold="otsu", mask=disc()
    )
    assert plan.thresholds == other.thresholds
    nothing = edges(x, "sobel", padding="same", threshold="otsu", mask=np.zeros(x.shape))
    assert not nothing.any()


# --- thresholds -----------------------------------------------------------------------------------


def test_a_threshold_is_passed_by_what_is_larger_of_either_sign():
    x = np.array([[0, 4, 4, 1]])
    assert edges(x, "diff").tolist() == [[-4, 0, 3]]
    assert edges(x, "diff", threshold=3).tolist() == [[True, False, False]]
    assert edges(x, "diff", threshold=2.5).tolist() == [[True, False, True]]
    assert edges(x, "diff", threshold=0).tolist() == [[True, False, True]]


@pytest.mark.parametrize("method", ANSWERS)
def test_otsu_on_the_magnitudes(method):
    x = picture(size=(40, 40))
    x[:, 20:] //= 8
    plan = prepare(x, method, threshold="otsu")
    magnitude = np.abs(edges(x, method))
    ((threshold,),) = plan.thresholds
    assert magnitude.min() <= threshold < magnitude.max()
    assert (plan.run() == (magnitude > threshold)).all()
    assert (plan.run() == edges(x, method, threshold=threshold)).mean() > 0.999  # float32 rounding


# --- errors ---------------------------------------------------------------------------------------

SMALL = np.zeros((5, 5))


@pytest.mark.parametrize(
    ("call", "message", "usage"),
    [
        (
            lambda: edges(SMALL, "sobl"),
            "unknown detector 'sobl', did you mean 'sobel'? known: sobel, scharr, prewitt, roberts, "
            "farid, kirsch, laplacian, log, diff, canny",
            True,
        ),
        (
            lambda: edges(SMALL, axis="z"),
            "unknown axis 'z', known: x, y, both",
            True,
        ),
        (
            lambda: edges(SMALL, "kirsch", axis="x"),
            "axis: kirsch has none, axis is for sobel, scharr, prewitt, roberts, farid, diff",
            True,
        ),
        (
            lambda: edges(SMALL, "canny", axis="both"),
            "axis: canny has none, axis is for sobel, scharr, prewitt, roberts, farid, diff",
            True,
        ),
        (lambda: edges(SMALL, sigma=2), "sigma: sobel has none, sigma is for log, canny", True),
        (lambda: edges(SMALL, "log", low=2), "low: log has none, low is for canny", True),
        (lambda: edges(SMALL, "log", high=2), "high: log has none, high is for canny", True),
        (
            lambda: edges(SMALL, "canny", threshold=2),
            "threshold: canny has none, threshold is for sobel, scharr, prewitt, roberts, farid, "
            "kirsch, laplacian, log, diff",
            True,
        ),
        (lambda: edges(SMALL, "log", sigma=0), "sigma: got 0, a number above 0 is needed", True),
        (
            lambda: edges(SMALL, "log", sigma=0.1),
            "sigma: got 0.1, at least 0.2 is needed with log",
            True,
        ),
        (
            lambda: edges(SMALL, "canny", sigma=math.nan),
            "sigma: got nan, a number above 0 is needed",
            True,
        ),
        (
            lambda: edges(SMALL, threshold=-1),
            "threshold: got -1, a number of at least 0 is needed",
            True,
        ),
        (
            lambda: edges(SMALL, threshold="ostu"),
            "unknown threshold 'ostu', did you mean 'otsu'? known: a number, otsu",
            True,
        ),
        (
            lambda: edges(SMALL, threshold="zero"),
            "unknown threshold 'zero', known: a number, otsu",
            True,
        ),
        (
            lambda: edges(SMALL, "canny", low=3, high=2),
            "low: got 3, at most high (2) is allowed",
            True,
        ),
        (
            lambda: edges(np.ones((99, 99)), "canny", low="90%", high="80%"),
            "low: got 90%, at most high (80%) is allowed",
            True,
        ),
        (
            lambda: edges(np.ones((99, 99)), "canny", low="101%"),
            "low: got '101%', a number or 0% to 100% is allowed",
            True,
        ),
        (
            lambda: edges(np.ones((99, 99)), "canny", high="most"),
            "high: got 'most', a number or 0% to 100% is allowed",
            True,
        ),
        (
            lambda: edges(np.ones((99, 99)), "sobel:4"),
            "detector sobel: got size '4', 3, 5 or 7 is allowed",
            True,
        ),
        (
            lambda: edges(np.ones((99, 99)), "canny:5"),
            "detector canny: got size '5', it has no sizes",
            True,
        ),
        (
            lambda: edges(np.ones((9, 8)), mask=np.ones((8, 9))),
            "mask: got 8x9, the input's 9x8 is needed",
            False,
        ),
        (
            lambda: edges(SMALL, "canny", low=-3),
            "low: got -3, a number of at least 0 is needed",
            True,
        ),
        (
            lambda: edges(SMALL, "canny"),
            "canny with sigma 1.4: window 17 does not fit: it is larger than the input 5 on axis 0 "
            "(window 17x17, input 5x5)",
            False,
        ),
        (
            lambda: edges(SMALL, "log"),
            "kernel 13 does not fit: it is larger than the input 5 on axis 0 (kernel 13x13, input 5x5)",
            False,
        ),
        (
            lambda: edges(SMALL[0]),
            "input: got shape 5, a non-empty array of 2 to 4 dimensions is needed: "
            "numpy.reshape(a, (1, -1)) makes it one row",
            False,
        ),
        (
            lambda: edges(SMALL + 1j),
            "input: got dtype complex128, integers or floats of at most 64 bits are needed",
            False,
        ),
        (
            lambda: edges(SMALL * math.nan, threshold="otsu"),
            "threshold otsu: got no finite number, at least one is needed",
            False,
        ),
        (
            lambda: edges(SMALL, border="refelct"),
            "unknown border 'refelct', did you mean 'reflect'? known: zero, constant, reflect, mirror, "
            "nearest, wrap, symmetric, edge, replicate, circular, reflect-101",
            True,
        ),
    ],
)
def test_errors(call, message, usage):
    with pytest.raises(ConvError) as caught:
        call()
    assert str(caught.value) == message
    assert caught.value.usage == usage


def test_the_map_of_a_single_plane_is_not_copied():
    own = np.eye(4, 5, dtype=bool)
    windows = axes((4, 5), (1, 1))
    for shape in ((4, 5), (1, 4, 5)):
        found = _found(shape, [own], [(1.0,)], windows)
        assert found.result.shape == shape
        assert np.shares_memory(found.result, own)
    several = _found((3, 4, 5), [own, ~own, own], [(1.0,)] * 3, windows)
    np.testing.assert_array_equal(several.result, [own, ~own, own])
