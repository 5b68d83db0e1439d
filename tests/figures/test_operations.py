"""Layers with numbers as scenes: cells, numbers and sums, against plain loops."""

import itertools
import re

import numpy as np
import pytest

from convcli.engine import correlation, pooling
from convcli.engine.borders import BORDERS
from convcli.engine.correlation import corr2d
from convcli.engine.errors import ConvError
from convcli.figures.arithmetic import arithmetic
from convcli.figures.operations import operation_frames, operation_page
from tests.figures.looking import check_texts, lines, numbers_in, tapped

X = np.arange(9).reshape(3, 3)
K = np.arange(4).reshape(2, 2)


def layer(x, kernel, **given):
    options = {
        "padding": 0,
        "stride": 1,
        "dilation": 1,
        "mode": "zero",
        "value": 0.0,
        "bias": None,
        "groups": 1,
        "flip": False,
    }
    return arithmetic(correlation.prepare(np.asarray(x), np.asarray(kernel), **options | given))


def pooled(x, size, mode, **options):
    return arithmetic(pooling.prepare(np.asarray(x), size, mode=mode, **options), mode=mode)


def test_the_chapters_figures():
    page = operation_page(layer(X, K))
    assert lines(page)[-1] == "0×0 + 1×1 + 3×2 + 4×3 = 19"  # 5.1
    assert numbers_in(page, "output") == {
        (0, 0, 0): "19", (0, 0, 1): "25", (0, 1, 0): "37", (0, 1, 1): "43"
    }  # fmt: skip
    assert lines(operation_page(layer(X, K, padding=1)))[-1] == "0×0 + 0×1 + 0×2 + 0×3 = 0"  # 5.2
    strided = layer(X, K, padding=1, stride=(3, 2))  # 5.3
    assert lines(operation_page(strided, (0, 1)))[-1] == "0×0 + 0×1 + 1×2 + 2×3 = 8"
    assert lines(operation_page(strided, (1, 0)))[-1] == "0×0 + 6×1 + 0×2 + 0×3 = 6"
    two = operation_page(layer(np.stack([X, X + 1]), np.stack([K, K + 1])))  # 5.4
    assert lines(two)[-3:] == [
        "channel 0: 0×0 + 1×1 + 3×2 + 4×3 = 19",
        "channel 1: 1×1 + 2×2 + 4×3 + 5×4 = 37",
        "19 + 37 = 56",
    ]
    ones = np.arange(6).reshape(2, 3, 1, 1)  # 5.5
    page = operation_page(layer(np.stack([X, X + 1, X + 2]), ones), (1, 1))
    assert lines(page)[-2:] == ["map 0: 4×0 + 5×1 + 6×2 = 17", "map 1: 4×3 + 5×4 + 6×5 = 62"]
    page = operation_page(pooled(X, 2, "max", stride=1))  # 5.6
    assert lines(page)[-1] == "max(0, 1, 3, 4) = 4"


def evaluated(text):
    """Compute the left side of a line of arithmetic, and return it with the right side."""
    left, _, right = text.rpartition(" = ")
    left = left.rpartition(": ")[2].replace("×", "*").replace("−", "-")
    return eval(left, {"max": max, "min": min}), float(right.replace("−", "-"))


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), ((1, 2), (2, 1))])
@pytest.mark.parametrize("channels", [1, 2])
def test_windows_numbers_and_sums_are_those_of_loops(border, stride, dilation, channels):
    rng = np.random.default_rng(5)
    x = rng.integers(-9, 10, (channels, 5, 4))
    kernel = rng.integers(-3, 4, (channels, 2, 3))
    value = 7.0 if border == "constant" else 0.0
    options = {"stride": stride, "dilation": dilation, "padding": ((1, 2), (2, 1))}
    found = layer(x, kernel, mode=border, value=value, bias=np.array([3]), **options)
    expected = corr2d(x, kernel, border=border, value=value, bias=[3], **options)
    strides, dilations = np.broadcast_to(stride, 2), np.broadcast_to(dilation, 2)
    for unit in itertools.product(*(range(n) for n in expected.shape[-2:])):
        page = operation_page(found, unit)
        taps = {
            (
                unit[0] * strides[0] - 1 + i * dilations[0],
                unit[1] * strides[1] - 2 + j * dilations[1],
            )
            for i in range(2)
            for j in range(3)
        }
        assert tapped(page) == {(c, *at) for c in range(channels) for at in taps}
        for (c, row, column), text in numbers_in(page, "input").items():
            cell = value
            example = {
                "reflect": "symmetric",
                "mirror": "reflect",
                "nearest": "edge",
                "wrap": "wrap",
            }
            if border in example:
                cell = np.pad(x[c], 9 if border != "mirror" else 3, example[border])[
                    row + (9 if border != "mirror" else 3),
                    column + (9 if border != "mirror" else 3),
                ]
            elif 0 <= row < 5 and 0 <= column < 4:
                cell = x[c, row, column]
            assert float(text.replace("−", "-")) == cell
        sums = [evaluated(str(line)) for line in found.words(0, unit)]
        assert all(left == right for left, right in sums)
        assert sums[-1][1] == expected.reshape(expected.shape[-2:])[unit]
    check_texts(page)


@pytest.mark.parametrize("mode", ["max", "min", "avg", "sum"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": 1},
        {"padding": 1, "stride": 1, "ceil": True},
        {"padding": 1, "border": "nearest", "stride": 2},
        {"dilation": 2, "stride": 1, "footprint": "cross"},
    ],
    ids=str,
)
def test_pooling_says_what_it_computes(mode, options):
    x = np.random.default_rng(6).integers(-9, 10, (5, 5))
    found = pooled(x, 3, mode, **options)
    expected = pooling.pool2d(x, 3, mode=mode, **options)
    for unit in np.ndindex(expected.shape):
        (line,) = found.words(0, unit, digits=9)
        left, right = evaluated(str(line).replace("max(", "max([").replace("min(", "min([").replace(") =", "]) =") if mode in ("max", "min") else str(line))  # fmt: skip
        assert left == pytest.approx(right, abs=1e-6)
        assert right == pytest.approx(expected[unit], abs=1e-6)
        check_texts(operation_page(found, unit))


def test_an_average_that_counts_padding_divides_by_it():
    (line,) = pooled(X, 2, "avg", padding=1, include_pad=True).words(0, (0, 0))
    assert str(line) == "(0) / 4 = 0"
    assert str(pooled(X, 2, "avg", padding=1).words(0, (1, 1))[0]) == "(4 + 5 + 7 + 8) / 4 = 6"


@pytest.mark.parametrize("border", ["zero", "constant", "reflect", "wrap"])
@pytest.mark.parametrize("groups", [1, 2])
def test_the_matrix_is_the_layer(border, groups):
    rng = np.random.default_rng(7)
    x = rng.integers(-9, 10, (2, 4, 5))
    kernel = rng.integers(-3, 4, (2, 2 // groups, 3, 2))
    options = {"padding": 1, "stride": (1, 2), "groups": groups}
    matrix = layer(x, kernel, mode=border, **options).matrix()
    expected = corr2d(x, kernel, border=border, **options)
    assert (matrix @ x.ravel()).reshape(expected.shape).tolist() == expected.tolist()


def test_an_animation_fills_the_output_as_it_goes():
    frames = operation_frames(layer(X, K))
    assert [len(numbers_in(page, "output")) for page in frames] == [1, 2, 3, 4]
    assert len({(page.wide, page.high) for page in frames}) == 1
    assert [lines(page)[-1].rpartition(" = ")[2] for page in frames] == ["19", "25", "37", "43"]


@pytest.mark.parametrize(
    ("x", "kernel", "options"),
    [
        (np.random.default_rng(1).normal(size=(7, 7)), np.ones((3, 3)) / 9, {"padding": 1}),
        (np.arange(400).reshape(20, 20) * 10**5, K * 1e-7, {"dilation": 3}),
        (np.full((3, 3), -123456789), K - 9, {}),
        (np.zeros((8, 3, 3), int), np.ones((4, 8, 2, 2), int), {}),
        (np.array([[1e300, -1e-300], [np.inf, np.nan]]), [[1.0]], {}),
        (np.arange(32 * 32).reshape(32, 32), np.ones((5, 5), int), {}),
    ],
)
def test_any_numbers_fit_their_cells(x, kernel, options):
    page = operation_page(layer(x, kernel, **options))
    check_texts(page)
    for g in page.items:
        for box, text in itertools.pairwise(getattr(g, "items", ())):
            if hasattr(box, "at") and hasattr(text, "text"):
                assert text.bounds[0] >= box.x
                assert text.bounds[2] <= box.x + box.wide


def test_too_many_channels_and_batches_are_refused():
    with pytest.raises(ConvError, match="got 9 channels, at most 8 can be drawn"):
        operation_page(layer(np.zeros((9, 3, 3)), np.ones((9, 2, 2))))
    with pytest.raises(ConvError, match=re.escape("batch of 2 (2x1x3x3)")):
        layer(np.zeros((2, 1, 3, 3)), np.ones((1, 1, 2, 2)))
