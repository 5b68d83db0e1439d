"""corr2d against the definition, over borders × padding × stride × dilation × groups × dtype."""

import itertools
import random

import numpy as np
import pytest

from convcli.engine.borders import BORDERS
from convcli.engine.correlation import corr2d, prepare
from convcli.engine.errors import ConvError
from tests import oracle

PADDINGS = ["valid", "same", "same-lower", "full", "causal", ((1, 2), (0, 3)), ((7, 0), (2, 9))]
STRIDES = [(1, 1), (2, 1), (3, 2)]
DILATIONS = [(1, 1), (2, 1), (1, 3)]
LAYERS = [  # input channels, output channels, groups
    (1, 1, 1),
    (3, 2, 1),
    (4, 4, 4),
    (4, 6, 2),
]
SIZES = [((6, 7), (3, 3)), ((5, 4), (2, 3)), ((1, 9), (1, 4)), ((8, 1), (3, 1)), ((4, 5), (4, 5))]
DTYPES = ["uint8", "int16", "int32", "int64", "float32", "float64"]
PRODUCT = list(itertools.product(BORDERS, PADDINGS, STRIDES, DILATIONS, LAYERS, SIZES, DTYPES))


def check(case):
    border, padding, stride, dilation, (channels, maps, groups), (size, kernel_size), dtype = case
    rng = np.random.default_rng(PRODUCT.index(case) % 1000)
    x = rng.integers(0, 100, (1, channels, *size))
    k = rng.integers(-9, 10, (maps, channels // groups, *kernel_size))
    x, k = (
        (x - 50 * (dtype != "uint8")).astype(dtype),
        k.astype("float64" if "f" in dtype else "int64"),
    )
    if k.dtype.kind == "f":
        x, k = x + x.dtype.type(0.25), k * 0.3
    options = {
        "padding": padding,
        "stride": stride,
        "dilation": dilation,
        "groups": groups,
        "border": border,
    }
    options["value"] = 7 if border == "constant" else 0
    expected = oracle.correlate(x, k, **options)
    if expected.size == 0:
        with pytest.raises(ConvError, match="does not fit"):
            corr2d(x, k, **options)
        return False
    found = corr2d(x, k, **options)
    assert found.shape == expected.shape, case
    if k.dtype.kind == "f":
        scale = np.abs(x).max() * np.abs(k).sum() / len(k)
        np.testing.assert_allclose(
            found, expected.astype(float), rtol=1e-5, atol=1e-6 * scale, err_msg=str(case)
        )
        assert found.dtype == (np.float32 if dtype == "float32" else np.float64)
    else:
        assert found.dtype in (np.int32, np.int64)
        assert found.tolist() == expected.tolist(), case
    return True


def test_a_sample_of_the_product_agrees_with_four_loops():
    cases = random.Random(7).sample(PRODUCT, 300)
    assert sum(check(case) for case in cases) > 200  # most of them fit


@pytest.mark.full
@pytest.mark.parametrize("border", BORDERS)
def test_all_of_the_product_agrees_with_four_loops(border):
    cases = [case for case in PRODUCT if case[0] == border]
    assert sum(check(case) for case in cases) > len(cases) // 2


def test_the_oracle_itself_notices_a_wrong_answer():
    x, k = np.arange(9).reshape(1, 1, 3, 3), np.array([[[[0, 1], [2, 3]]]])
    right = oracle.correlate(x, k)
    assert right[0, 0].tolist() == [[19, 25], [37, 43]]
    assert oracle.correlate(x, k, flip=True).tolist() != right.tolist()


# --- shapes ---------------------------------------------------------------------------------------

x2, x3, x4 = (
    np.arange(30).reshape(5, 6),
    np.arange(90).reshape(3, 5, 6),
    np.arange(180).reshape(2, 3, 5, 6),
)


@pytest.mark.parametrize(
    ("x", "kernel", "shape"),
    [
        (x2, (2, 3), (4, 4)),
        (x3, (2, 3), (3, 4, 4)),
        (x4, (2, 3), (2, 3, 4, 4)),
        (x2, (1, 2, 3), (4, 4)),
        (x3, (3, 2, 3), (4, 4)),
        (x4, (3, 2, 3), (2, 1, 4, 4)),
        (x2, (7, 1, 2, 3), (7, 4, 4)),
        (x3, (7, 3, 2, 3), (7, 4, 4)),
        (x4, (7, 3, 2, 3), (2, 7, 4, 4)),
    ],
)
def test_dimensions_of_the_result(x, kernel, shape):
    assert corr2d(x, np.ones(kernel, int)).shape == shape


def test_multi_input_and_multi_output_of_the_chapter():
    x = np.array([[[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]])
    k = np.array([[[0, 1], [2, 3]], [[1, 2], [3, 4]]])
    assert corr2d(x, k).tolist() == [[56, 72], [104, 120]]
    stacked = corr2d(x, np.stack((k, k + 1, k + 2)))
    assert stacked.tolist() == [
        [[56, 72], [104, 120]],
        [[76, 100], [148, 172]],
        [[96, 128], [192, 224]],
    ]


def test_a_one_by_one_kernel_is_a_product_over_channels():
    rng = np.random.default_rng(0)
    x, k = rng.normal(size=(3, 4, 5)), rng.normal(size=(2, 3, 1, 1))
    np.testing.assert_allclose(corr2d(x, k), np.einsum("oc,chw->ohw", k[:, :, 0, 0], x), rtol=1e-12)


# --- dtypes and exactness -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "kernel", "result"),
    [
        ("uint8", [[1, -1]], "int32"),
        ("uint8", [[2**23, 2**23]], "int64"),
        ("uint16", [[1, 2]], "int32"),
        ("int32", [[1]], "int64"),  # |-2**31| is already 2**31
        ("int64", [[1]], "int64"),
        ("uint8", [[0.5]], "float32"),
        ("int16", [[0.5]], "float32"),
        ("int32", [[0.5]], "float64"),
        ("int64", [[0.5]], "float64"),
        ("float32", [[0.5]], "float32"),
        ("float32", [[1]], "float32"),
        ("float64", [[1]], "float64"),
        ("float16", [[1]], "float32"),
        ("bool", [[1]], "int32"),
    ],
)
def test_dtype_of_the_result(dtype, kernel, result):
    assert corr2d(np.ones((3, 3), dtype), np.array(kernel)).dtype == result


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "uint64"]
)
def test_integers_never_wrap(dtype):
    info = np.iinfo(dtype)
    top = min(info.max, 2**62 // 3)
    x = np.array([[info.min if info.min > -(2**62) else -top, top], [top, top]], dtype)
    k = np.array([[1, -1], [1, -1]]) if top < 2**60 else np.array([[1, 0], [0, -1]])
    assert corr2d(x, k).tolist() == oracle.correlate(x[None, None], k[None, None])[0, 0].tolist()


def test_past_int64_is_an_error():
    x = np.full((2, 2), 2**62)
    with pytest.raises(ConvError, match="results could pass int64"):
        corr2d(x, [[1, 1], [1, 1]])
    assert corr2d(x, [[1]]).tolist() == x.tolist()


@pytest.mark.parametrize(
    "taps", [[2**62] * 4, [2**62, -(2**62)] * 2, [-(2**63), 1], [2**63 - 1, 2**63 - 1]]
)
def test_a_kernel_whose_own_sum_passes_int64_is_not_taken_for_less(taps):
    """Added up as int64, some of these would be 0, and the results would wrap."""
    most, one = sum(map(abs, taps)), np.array([taps])
    message = rf"the sum of \|kernel\| is {most} and the largest \|input\| 255: results could pass"
    for kernel in (one, np.stack((np.ones_like(one), one))[:, None]):  # the second map's, too
        with pytest.raises(ConvError, match=message):
            corr2d(np.ones((4, 4), np.uint8), kernel)


def test_float32_is_within_1e_5_of_float64():
    rng = np.random.default_rng(3)
    x, k = rng.normal(size=(4, 40, 50)), rng.normal(size=(5, 4, 7, 7))
    exact = corr2d(x, k)
    found = corr2d(x.astype(np.float32), k.astype(np.float32))
    assert np.abs(found - exact).max() / np.abs(exact).max() < 1e-5


def test_nan_reaches_only_the_windows_that_hold_it():
    x = np.zeros((9, 30))
    x[4, 10] = np.nan
    found = np.isnan(corr2d(x, np.ones((3, 3)), padding=1))
    assert found.sum() == 9
    assert found[3:6, 9:12].all()


# --- properties -----------------------------------------------------------------------------------


@pytest.mark.parametrize("border", BORDERS)
def test_linearity(border):
    rng = np.random.default_rng(1)
    a, b, k = (
        rng.integers(-50, 50, (2, 9, 8)),
        rng.integers(-50, 50, (2, 9, 8)),
        rng.integers(-5, 6, (3, 3)),
    )

    def layer(x):
        return corr2d(x, k, padding="same", border=border)

    assert (layer(3 * a - 2 * b) == 3 * layer(a) - 2 * layer(b)).all()


def test_a_shift_of_the_input_shifts_the_output():
    rng = np.random.default_rng(2)
    x, k = rng.integers(0, 99, (12, 11)), rng.integers(-5, 6, (3, 4))
    assert (
        corr2d(np.roll(x, (2, 3), (0, 1)), k, padding="same", border="wrap")
        == np.roll(corr2d(x, k, padding="same", border="wrap"), (2, 3), (0, 1))
    ).all()


def test_flipping_twice_is_no_flip():
    rng = np.random.default_rng(2)
    x, k = rng.integers(0, 99, (12, 11)), rng.integers(-5, 6, (3, 4))
    assert (corr2d(x, k[::-1, ::-1], flip=True) == corr2d(x, k)).all()


def test_separable_equals_two_dimensional():
    rng = np.random.default_rng(2)
    x, column, row = (
        rng.integers(0, 99, (12, 11)),
        rng.integers(-5, 6, (3, 1)),
        rng.integers(-5, 6, (1, 5)),
    )
    assert (corr2d(corr2d(x, column), row) == corr2d(x, column @ row)).all()


def test_a_stride_keeps_every_sth_window():
    rng = np.random.default_rng(2)
    x, k = rng.integers(0, 99, (13, 11)), rng.integers(-5, 6, (3, 4))
    assert (corr2d(x, k, stride=(3, 2)) == corr2d(x, k)[::3, ::2]).all()


def test_bands_cover_the_result():
    rng = np.random.default_rng(4)
    plan = prepare(
        rng.integers(0, 99, (3, 40, 11)), rng.integers(-5, 6, (3, 4)), padding="same", mode="mirror"
    )
    bands = [plan.rows(a, b) for a, b in plan.bands(elements=100)]
    assert len(bands) > 3
    assert (np.concatenate(bands, axis=-2) == plan.run()).all()


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: corr2d(x2, np.ones((6, 2))),
            "kernel 6 does not fit: it is larger than the input 5 on axis 0 (kernel 6x2, input 5x6)",
        ),
        (
            lambda: corr2d(x3, np.ones((4, 2, 2))),
            "channels do not match: the input has 3, the kernel takes 4 (input 3x5x6, kernel 4x2x2)",
        ),
        (
            lambda: corr2d(x3, np.ones((4, 1, 2, 2)), groups=2),
            "groups: 2 does not divide 3 input and 4 output channels (input 3x5x6, kernel 4x1x2x2)",
        ),
        (
            lambda: corr2d(x2, np.ones((2, 2)), bias=[1, 2]),
            "bias: got 2 numbers, 1 is needed",
        ),
        (
            lambda: corr2d(x2, np.ones(3)),
            "kernel: got shape 3, a non-empty array of 2 to 4 dimensions is needed: "
            "numpy.reshape(a, (1, -1)) makes it one row",
        ),
        (
            lambda: corr2d(x2 + 1j, np.ones((2, 2))),
            "input: got dtype complex128, integers or floats of at most 64 bits are needed",
        ),
        (
            lambda: corr2d(x2, np.ones((2, 2)), stride=0),
            "stride: got 0, a whole number of at least 1 is needed",
        ),
        (
            lambda: corr2d(x2, np.ones((2, 2)), value=3),
            "value: got 3 with border zero, only border constant has a value",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ConvError) as caught:
        call()
    assert str(caught.value) == message
