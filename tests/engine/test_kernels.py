"""Named kernels: every row of the registry, and the language they are written in."""

import math
import re

import numpy as np
import pytest

from convcli.engine.correlation import corr2d
from convcli.engine.errors import ConvError
from convcli.engine.kernels import (
    KERNELS,
    LARGEST,
    frequency_response,
    gaussian_row,
    kernel,
    named,
    radius_of,
    rank,
    read_numbers,
)

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


@pytest.mark.parametrize(
    ("text", "blur", "slope"),
    [
        ("scharr-x", [3, 10, 3], [-1, 0, 1]),
        ("prewitt-x", [1, 1, 1], [-1, 0, 1]),
        ("diff-x", [1], [1, -1]),
        (
            "farid-x",
            [0.037659, 0.249153, 0.426375, 0.249153, 0.037659],
            [-0.109604, -0.276691, 0, 0.276691, 0.109604],
        ),
    ],
)
def test_a_derivative_is_a_mean_across_and_a_difference_along(text, blur, slope):
    assert kernel(text).tolist() == np.outer(blur, slope).tolist()
    assert rank(kernel(text)) == 1


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("laplacian", 4),  # second differences across and down
        ("laplacian:4", 4),
        ("laplacian:8", 12),  # and along both diagonals, whose steps are longer
        ("log:1.5", 4),
        ("log:3", 4),
    ],
)
def test_laplacians_answer_to_a_bowl_alone(text, answer):
    """The Laplacian of x² + y² is 4 everywhere, of a plane 0."""
    taps = kernel(text)
    y, x = (np.arange(n) - n // 2 for n in taps.shape)
    y = y[:, None]
    answers = [(taps * shape).sum() for shape in (x + 0 * y, y + 0 * x, x * y, x**2 + y**2)]
    assert answers == pytest.approx([0, 0, 0, answer], abs=2e-2)
    assert taps[y.size // 2, x.size // 2] == taps.min() < 0


def test_a_difference_of_gaussians_is_one():
    small, large = gaussian_row(0.8, 8), gaussian_row(2.0, 8)
    expected = np.outer(small, small) - np.outer(large, large)
    assert kernel("dog:0.8,2").shape == (17, 17)  # both are cut where the larger one is
    assert np.allclose(kernel("dog:0.8,2"), expected, atol=1e-15)
    assert np.allclose(kernel("dog:2,0.8"), -expected, atol=1e-15)
    assert kernel("dog").tolist() == kernel("dog:1,1.6").tolist()


def test_to_sharpen_is_to_take_the_laplacian_away():
    assert (kernel("sharpen") == kernel("identity") - kernel("laplacian")).all()
    assert kernel("emboss").tolist() == [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]


def test_a_roberts_kernel_is_blind_to_the_other_diagonal():
    falling = np.array([[0, 1], [-1, 0]])  # constant along the falling diagonal
    assert (
        (kernel("roberts-x") * falling).sum() == (kernel("roberts-y") * falling.T[::-1]).sum() == 0
    )
    assert (kernel("roberts-x") * [[0, 1], [1, 2]]).sum() == 2
    assert (kernel("roberts-y") * [[1, 0], [2, 1]]).sum() == 2


@pytest.mark.parametrize("radius", ["1", "1.5", "2.9", "6"])
def test_a_disk_is_the_mean_of_what_is_no_farther_than_its_radius(radius):
    taps, far = kernel(f"disk:{radius}"), float(radius)
    side = 2 * int(far) + 1
    near = [
        [math.hypot(i - side // 2, j - side // 2) <= far for j in range(side)] for i in range(side)
    ]
    assert (taps > 0).tolist() == near
    assert np.unique(taps[taps > 0]).tolist() == pytest.approx([1 / np.sum(near)])


@pytest.mark.parametrize("size", ["1", "3", "4", "2x5", "6x1"])
def test_a_box_is_a_mean_and_an_identity_changes_nothing_whatever_its_size(size):
    x = np.random.default_rng(3).integers(0, 99, (9, 8))
    rows, _, columns = size.partition("x")
    shape = int(rows), int(columns or rows)
    assert kernel(f"identity:{size}").shape == kernel(f"box:{size}").shape == shape
    assert (corr2d(x, kernel(f"identity:{size}"), padding="same") == x).all()
    means = np.lib.stride_tricks.sliding_window_view(x, shape).mean(axis=(2, 3))
    assert np.allclose(corr2d(x, kernel(f"box:{size}")), means)


def test_a_named_kernel_has_at_most_so_many_cells_a_side():
    assert kernel(f"box:1x{LARGEST}").shape == (1, LARGEST)
    assert radius_of(512.1) == radius_of(1024.2, 2.0) == LARGEST // 2
    for text, said in (
        (f"box:1x{LARGEST + 1}", "ROWSxCOLUMNS to 4097 is allowed"),
        (f"identity:{LARGEST + 1}x1", "ROWSxCOLUMNS to 4097 is allowed"),
        ("gaussian:1,4099", "an odd whole number to 4097 is allowed"),
        ("gaussian:512.13", "at most 512 is allowed"),
        ("gaussian:1024.3,truncate=2", "at most 1024 is allowed"),
        ("log:600", "at most 512 is allowed"),
        ("dog:600,1", "at most 512 is allowed"),
        ("disk:2049", "got radius 2049, at most 2048 is allowed"),
    ):
        with pytest.raises(ConvError, match=said):
            kernel(text)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("emboss@90", np.rot90(kernel("emboss"), -1)),
        ("emboss@-90", np.rot90(kernel("emboss"))),
        ("emboss@360", kernel("emboss")),
        ("emboss@-450", np.rot90(kernel("emboss"))),
        ("box:1x2@90", np.full((2, 1), 0.5)),
        ("roberts-x@180", kernel("roberts-x")[::-1, ::-1]),
        ("kirsch@999945", kernel("kirsch@225")),
    ],
)
def test_angles_are_clockwise_and_go_round(text, same):
    assert kernel(text).tolist() == same.tolist()


@pytest.mark.parametrize("angle", ["", "9O", "1000035", "45.0", "+45", "-", "22"])
def test_what_is_no_angle(angle):
    with pytest.raises(ConvError) as caught:
        kernel(f"kirsch@{angle}")
    said = f"kernel kirsch: got angle '{angle}', a multiple of 45 is allowed"
    assert (str(caught.value), caught.value.usage) == (said, True)


@pytest.mark.parametrize(
    ("text", "is_name"),
    [("box", True), ("box:3", True), ("kirsch@45", True), ("boxes", False), ("0 1", False), ("", False)],
)  # fmt: skip
def test_a_name_is_told_from_numbers(text, is_name):
    assert named(text) == is_name


@pytest.mark.parametrize(
    ("taps", "number"),
    [
        (np.zeros((3, 3)), 0),
        (np.ones((3, 5)), 1),
        (np.eye(4), 4),
        (np.outer([1, 2], [3, 4]) + np.outer([1, 0], [0, 1e-9]), 2),
    ],
)
def test_how_many_separable_kernels_add_up_to_one(taps, number):
    assert rank(taps) == number


@pytest.mark.parametrize("size", [8, 9, 64])
def test_the_answer_to_each_frequency_is_a_fourier_transform(size):
    taps = np.random.default_rng(4).normal(size=(3, 5))
    expected = np.fft.fftshift(np.abs(np.fft.fft2(taps, (size, size))))
    found = frequency_response(taps, size)
    assert np.allclose(found, expected, atol=1e-12)
    assert found[size // 2, size // 2] == pytest.approx(abs(taps.sum()))
    assert frequency_response(taps).shape == (64, 64)


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
        ("dog:1,2,3", "kernel dog: got '1,2,3', SIGMA,SIGMA is allowed"),
        ("disk:1,2", "kernel disk: got '1,2', RADIUS is allowed"),
        ("gaussian:1,order=10", "kernel gaussian: got order '10', one digit or ROWSxCOLUMNS"),
        (["box"], "kernel: got ['box'], a name is needed"),
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[[[[1]]]]]", "at most 4 dimensions are allowed"),
        ("[[1, 2]", "brackets that match are needed"),
        ("[1]]", "brackets that match are needed"),
        ("[1] 2", "brackets that match are needed"),
        ("[1] [2]", "one list in brackets is needed"),
        ("[[1], [2, 3]]", "rows of one length are needed"),
        ("[9223372036854775808]", "numbers that fit 64 bits are needed"),
        ("1/0", "nothing is divided by 0"),
        ("1 2; 3", "row 2 has 1"),
        ("1 x", "'x'"),
    ],
)
def test_kernels_in_numbers_that_are_none_are_a_misuse(text, said):
    with pytest.raises(ConvError, match=re.escape(said)) as caught:
        read_numbers(text)
    assert caught.value.usage
