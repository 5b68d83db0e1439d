"""Named kernels: every row of the registry, and the language they are written in."""

import math

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.engine.kernels import KERNELS, gaussian_row, kernel, read_numbers

SMOOTHING = ["identity", "box", "gaussian", "disk", "sharpen", "emboss"]


@pytest.mark.parametrize("row", KERNELS.values(), ids=KERNELS)
def test_every_row_builds_and_tells_its_source(row):
    taps = kernel(row.name)
    assert taps.ndim == 2
    assert np.isfinite(taps).all()
    assert row.title
    assert row.source
    assert kernel(row.example or row.name).ndim == 2


@pytest.mark.parametrize("name", KERNELS)
def test_sums(name):
    """A smoothing kernel keeps a constant, a derivative answers 0 to it."""
    assert kernel(name).sum() == pytest.approx(float(name in SMOOTHING), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("sobel-x", 4),
        ("scharr-y", 16),
        ("prewitt-x", 3),
        ("roberts-x", 1),
        ("diff-x", 1),
        ("kirsch", 15),
    ],
)
def test_scales(name, scale):
    assert KERNELS[name].scale == scale


@pytest.mark.parametrize("family", ["sobel", "scharr", "prewitt", "farid"])
def test_y_is_x_turned_clockwise(family):
    assert (kernel(f"{family}-x@90") == kernel(f"{family}-y")).all()
    assert (kernel(f"{family}-x") == kernel(f"{family}-y").T).all()


def test_directions_rise_to_the_right_and_down():
    step = np.repeat([0, 0, 0, 1, 1, 1], 3).reshape(6, 3)
    for family in ("sobel", "scharr", "prewitt"):
        assert (kernel(f"{family}-y") * step[1:4]).sum() > 0
        assert (kernel(f"{family}-x") * step[1:4].T).sum() > 0


def test_kirsch_turns_in_eight_directions():
    seen = {kernel(f"kirsch@{angle}").tobytes() for angle in range(0, 360, 45)}
    assert len(seen) == 8
    assert (kernel("kirsch@45") == [[-3, 5, 5], [-3, 0, 5], [-3, -3, -3]]).all()
    assert (kernel("kirsch@-45") == kernel("kirsch@315")).all()


def test_gaussian_is_cut_at_four_sigma():
    assert kernel("gaussian:1.5").shape == (13, 13)
    assert kernel("gaussian:1.5,9").shape == (9, 9)
    assert gaussian_row(2.0).sum() == pytest.approx(1)
    ratio = gaussian_row(2.0)
    assert ratio[10] / ratio[8] == pytest.approx(np.exp(-0.5))


@pytest.mark.parametrize("sigma", [1.5, 3.0])  # smaller ones show that they are sampled
@pytest.mark.parametrize("order", range(5))
def test_derivatives_of_a_gaussian_are_those_of_a_polynomial(sigma, order):
    """Correlated with x**n / n!, whose n-th derivative is 1 everywhere, blurred or not; lower powers answer 0."""
    row = gaussian_row(sigma, radius=int(9 * sigma), order=order)
    cells = (np.arange(len(row)) - len(row) // 2).astype(float)
    answers = [(row * cells**n).sum() / math.factorial(n) for n in range(order + 1)]
    assert answers == pytest.approx([0] * order + [1], abs=1e-6)


def test_options_of_a_gaussian():
    both = kernel("gaussian:1.5x3,order=1x0,truncate=2")
    down = gaussian_row(1.5, 3, order=1)
    assert both.shape == (7, 13)
    assert (both == np.outer(down, gaussian_row(3.0, 6))).all()
    assert (kernel("gaussian:2,order=2") == kernel("gaussian:2x2,truncate=4,order=2x2")).all()
    assert kernel("gaussian:1x2,9,order=0x1").shape == (9, 9)
    assert (kernel("gaussian:2,order=1x0") == kernel("gaussian:2,order=0x1").T).all()
    assert (kernel("gaussian:1.5,truncate=4") == kernel("gaussian:1.5")).all()


@pytest.mark.parametrize(
    ("size", "blur", "slope"),
    [
        (3, [1, 2, 1], [-1, 0, 1]),
        (5, [1, 4, 6, 4, 1], [-1, -2, 0, 2, 1]),
        (7, [1, 6, 15, 20, 15, 6, 1], [-1, -4, -5, 0, 5, 4, 1]),
    ],
)
def test_sobel_has_opencvs_larger_sizes(size, blur, slope):
    """The values of cv2.getDerivKernels(1, 0, size)."""
    assert kernel(f"sobel-x:{size}").tolist() == np.outer(blur, slope).tolist()
    assert kernel(f"sobel-y:{size}").tolist() == np.outer(slope, blur).tolist()
    assert kernel(f"sobel-x:{size}").dtype == np.int64


def test_disk_is_round():
    assert np.count_nonzero(kernel("disk:3")) == 29  # lattice points with x² + y² ≤ 9


def test_a_kernel_is_not_shared():
    kernel("sobel-x")[0, 0] = 99
    assert kernel("sobel-x")[0, 0] == -1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sobl-x", "unknown kernel 'sobl-x', did you mean 'sobel-x'? known: identity, "),
        ("scharr-x:3", "kernel scharr-x: got parameters '3', this kernel takes none"),
        ("sobel-x:4", "kernel sobel-x: got '4', 3, 5 or 7 (cells a side) is allowed"),
        ("gaussian:-1", "kernel gaussian: got '-1', numbers above 0 are allowed"),
        ("gaussian:0", "kernel gaussian: got '0', numbers above 0 are allowed"),
        (
            "gaussian:nan",
            "kernel gaussian: got 'nan', SIGMA|SIGMAxSIGMA[,SIZE][,order=N|NxN][,truncate=T] is allowed",
        ),
        (
            "gaussian:1x2x3",
            "kernel gaussian: got '1x2x3', SIGMA|SIGMAxSIGMA[,SIZE][,order=N|NxN][,truncate=T] is allowed",
        ),
        (
            "gaussian:1,5,7",
            "kernel gaussian: got '1,5,7', SIGMA|SIGMAxSIGMA[,SIZE][,order=N|NxN][,truncate=T] is allowed",
        ),
        (
            "gaussian:1,ordr=1",
            "kernel gaussian: got '1,ordr=1', SIGMA|SIGMAxSIGMA[,SIZE][,order=N|NxN][,truncate=T] is allowed",
        ),
        (
            "gaussian:1,order=1,order=2",
            "kernel gaussian: got '1,order=1,order=2', each name is allowed once",
        ),
        (
            "gaussian:1,order=-1",
            "kernel gaussian: got order '-1', one digit or ROWSxCOLUMNS is allowed: ",
        ),
        ("gaussian:1,truncate=0", "kernel gaussian: got '0', numbers above 0 are allowed"),
        (
            "gaussian:1,5,truncate=3",
            "kernel gaussian: got '1,5,truncate=3', a size or truncate=T is allowed",
        ),
        ("gaussian:100,truncate=50", "kernel gaussian: got sigma 100, at most 40.96 is allowed"),
        ("gaussian:1,4", "kernel gaussian: got size 4, an odd whole number to 4097 is allowed"),
        ("gaussian:9999", "kernel gaussian: got sigma 9999, at most 512 is allowed"),
        ("box:0", "kernel box: got '0', whole numbers from 1 to 1000000000 are allowed"),
        ("box:2x2x2", "kernel box: got '2x2x2', ROWSxCOLUMNS to 4097 is allowed"),
        ("laplacian:5", "kernel laplacian: got '5', 4 or 8 (neighbours) is allowed"),
        ("kirsch@30", "kernel kirsch: got angle '30', a multiple of 45 is allowed"),
        ("roberts-x@45", "kernel roberts-x: got angle '45', a multiple of 90 is allowed"),
        ("log:0.1", "kernel log: got sigma 0.1, at least 0.2 is allowed"),
        ("dog:1", "kernel dog: got '1', SIGMA,SIGMA is allowed"),
    ],
)
def test_errors(text, message):
    with pytest.raises(ConvError) as caught:
        kernel(text)
    assert str(caught.value).startswith(message)
    assert caught.value.usage


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("0 1; 2 3", [[0, 1], [2, 3]]),
        ("1 -1", [[1, -1]]),
        ("-1,0,1", [[-1, 0, 1]]),
        ("1;-1", [[1], [-1]]),
        ("3", [[3]]),
        (" 1, 2 ;3 ,4; ", [[1, 2], [3, 4]]),
        ("1\n2\n", [[1], [2]]),
        ("-.5 1e-3", [[-0.5, 0.001]]),
    ],
)
def test_numbers(text, rows):
    assert read_numbers(text).tolist() == rows


def test_whole_numbers_stay_integers():
    assert read_numbers("1 2").dtype == np.int64
    assert read_numbers("1. 2").dtype == np.float64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2; 3", "row 2 has 1 numbers, the first has 2"),
        ("1 a", "row 1, number 2: got 'a', a number is needed"),
        ("", "row 1, number 1: got '', a number is needed"),
        ("1 nan", "row 1, number 2: got 'nan', a finite number is needed"),
        ("1 ٣", "row 1, number 2: got '٣', a number is needed"),
        ("1 1e999", "row 1, number 2: got '1e999', numbers up to 1.8e308 are allowed"),
        ("99999999999999999999", "got '99999999999999999999', numbers that fit 64 bits are needed"),
    ],
)
def test_numbers_that_are_none(text, message):
    with pytest.raises(ConvError) as caught:
        read_numbers(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "taps"),
    [
        ("[[0,1],[2,3]]", [[0, 1], [2, 3]]),
        ("[1, -1]", [[1, -1]]),
        ("[[0 1] [2 3]]", [[0, 1], [2, 3]]),
        ("[[[0, 1], [2, 3]], [[1, 2], [3, 4]]]", [[[0, 1], [2, 3]], [[1, 2], [3, 4]]]),
        ("[[[[1]], [[2]]]]", [[[[1]], [[2]]]]),
        ("1/4", [[0.25]]),
        ("1/2 -1/2; 1/8 1", [[0.5, -0.5], [0.125, 1.0]]),
        ("[[1/2, 1/2]]", [[0.5, 0.5]]),
        ("0, 1; 2, 3", [[0, 1], [2, 3]]),
        ("0 ,1;2 ,3", [[0, 1], [2, 3]]),
    ],
)
def test_kernels_are_read_as_people_write_them(text, taps):
    found = read_numbers(text)
    assert found.tolist() == taps
    assert found.dtype.kind == (
        "i" if all(isinstance(v, int) for v in np.ravel(taps).tolist()) else "f"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 1, 2 3", "blanks and commas mixed: '0 1; 2 3' has rows, '0 1 2 3' is one row of 4"),
        ("[[1,2],[3]]", "rows of one length are needed"),
        ("[[1,2]", "brackets that match are needed"),
        ("[1]]", "brackets that match are needed"),
        ("[1][2]", "one list in brackets is needed"),
        ("[[[[[1]]]]]", "at most 4 dimensions are allowed"),
        ("[" * 5000, "at most 4 dimensions are allowed"),
        ("[[1, [2]]]", "rows of one length are needed"),
        ("[]", "rows of one length are needed"),
        ("1/0", "nothing is divided by 0"),
        ("1/2/3", "a number is needed"),
        ("[9223372036854775808]", "numbers that fit 64 bits are needed"),
    ],
)
def test_what_is_no_kernel_is_told(text, said):
    with pytest.raises(ConvError) as told:
        read_numbers(text)
    assert said in str(told.value)
