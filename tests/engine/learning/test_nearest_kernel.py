"""Which named kernel one is like: parameters are found again, and what is told of how near it is."""

import numpy as np
import pytest

from convcli.engine.kernels import kernel
from convcli.engine.learning.nearest_kernel import Likeness, nearest, rank_one_error


@pytest.mark.parametrize(
    ("scale", "distance", "text"),
    [
        (1, 0.0, "box, exactly"),
        (1, 1e-6, "box, exactly"),
        (-1, 1.1e-6, "-1 × box, within 0.00011 %"),
        (0.12345, 0.0099, "0.123 × box, within 0.99 %"),
        (2, 0.0495, "2 × box, within 5 %"),
    ],
)
def test_the_text_has_the_multiple_and_the_distance_in_percent(scale, distance, text):
    assert Likeness("box", scale, distance).text == text


def test_every_disk_is_called_by_a_radius_that_gives_its_cells():
    squares = {a * a + b * b for a in range(7) for b in range(a + 1)}
    for square in sorted(s for s in squares if 1 <= s <= 36):
        disk = kernel(f"disk:{square**0.5 + 0.01:.2f}")
        found = nearest(disk)
        again = kernel(found.name)
        assert found.text == f"{found.name}, exactly"
        assert again.shape == disk.shape
        assert (again == disk).all(), square
        # a disk that has all its cells is a box
        assert found.name.split(":")[0] == ("box" if (disk > 0).all() else "disk"), square


@pytest.mark.parametrize(
    "name",
    [
        *("box:2", "box:4", "box:9", "box:1x4", "box:7x2", "identity:3", "laplacian:4", "laplacian:8"),
        *("gaussian:0.3", "gaussian:0.45", "gaussian:0.999", "gaussian:1.41", "gaussian:2.07", "gaussian:2.88"),
        *("log:0.36", "log:0.51", "log:0.7", "log:1.41", "log:2.05", "log:2.19"),
        *("dog:0.33,0.528", "dog:0.84,1.34", "dog:1,1.6", "dog:1.95,3.12"),
        *("sobel-x", "sobel-x:5", "sobel-x:7", "sobel-y:5", "sobel-y:7"),
    ],
)  # fmt: skip
def test_parameters_are_found_again_to_their_third_digit(name):
    assert nearest(kernel(name)).text == f"{name.replace('identity:3', 'identity:1')}, exactly"


@pytest.mark.parametrize("name", ["gaussian:0.8,3", "gaussian:2.5,5", "gaussian:1.7,9"])
def test_a_gaussian_that_is_cut_is_told_with_its_size(name):
    assert nearest(kernel(name)).text == f"{name}, exactly"


@pytest.mark.parametrize("turn", [0, 45, 90, 135, 180, 225, 270, 315])
def test_a_kernel_that_is_cut_at_its_light_side_is_known_by_the_rest(turn):
    """Of Kirsch's nine cells two rows hold most, or two columns; on a diagonal, a corner of four."""
    name = "kirsch" if turn == 0 else f"kirsch@{turn}"
    whole = kernel(name)
    rows = (
        slice(0, 2)
        if turn in (0, 45, 315)
        else slice(1, 3)
        if turn in (135, 180, 225)
        else slice(0, 3)
    )
    columns = slice(0, 2) if turn in (225, 270, 315) else slice(1, 3) if turn in (45, 90, 135) else slice(0, 3)  # fmt: skip
    part = whole[rows, columns]
    assert 2 * (part**2).sum() > (whole**2).sum()
    assert nearest(part).distance < 1e-6
    assert nearest(part).name == name


def test_a_named_kernel_in_a_frame_of_zeros_keeps_its_name():
    for name in ("sobel-x", "roberts-x", "box:2"):
        for top, left in ((1, 1), (0, 1), (1, 0)):
            framed = np.pad(kernel(name), ((top, 1), (left, 1)))
            assert nearest(framed).text == f"{name}, exactly", (name, top, left)


def test_zeros_and_a_single_tap_are_like_nothing():
    assert nearest(np.zeros((3, 3))) is None
    assert nearest(np.array([[2.0]])) is None
    assert nearest(np.array([[1.0, np.nan]])) is None
    assert nearest(np.array([[1.0, np.inf]])) is None


def test_a_rounding_is_no_multiple():
    """A kernel that is nearly the named one is called so, as far as it is; only far from it a factor is told."""
    near = nearest(kernel("sobel-x") * 1.009)
    assert (near.name, near.scale) == ("sobel-x", 1)
    assert near.distance == pytest.approx(0.009 / 1.009)
    far = nearest(kernel("sobel-x") * 1.02)
    assert (far.name, far.scale) == ("sobel-x", pytest.approx(1.02))
    assert far.distance < 1e-6


@pytest.mark.parametrize("name", ["sobel-x", "prewitt-x", "prewitt-y", "emboss"])
def test_a_negative_with_noise_is_the_negative_of_the_plain_one(name):
    taps = kernel(name)
    noise = np.random.default_rng(2).normal(size=taps.shape)
    for size in (0, 1e-4, 1e-2):
        found = nearest(-taps + size * np.abs(taps).max() * noise)
        assert found.name == name
        assert found.scale == pytest.approx(-1, abs=0.02)


def test_the_part_that_no_column_times_a_row_gives():
    rng = np.random.default_rng(0)
    outer = np.outer(rng.normal(size=4), rng.normal(size=3))
    assert rank_one_error(outer) < 1e-15
    assert rank_one_error(np.zeros((3, 3))) == 0
    # two columns and rows at right angles, of norms 3 and 4: 3 is left of 5
    both = 3 * np.outer([1, 0, 0], [0, 1]) + 4 * np.outer([0, 1, 0], [1, 0])
    assert rank_one_error(both) == pytest.approx(0.6)
    assert rank_one_error(np.stack([outer[:3, :2], both, np.zeros((3, 2))])) == pytest.approx(0.6)
