"""What every result shares: bands that cover it, the whole, and that it can go to another process."""

import itertools
import pickle

import numpy as np
import pytest

from convcli.engine import correlation, edges, pooling
from convcli.engine.errors import ConvError
from convcli.engine.results import Ready, Result, Timed, check_cells

X = np.arange(2 * 3 * 40 * 9, dtype=np.float32).reshape(2, 3, 40, 9)

RESULTS = {
    "corr": lambda: correlation.prepare(X, np.ones((3, 3), np.float32), padding=1),
    "depthwise": lambda: correlation.prepare(X, np.ones((4, 3, 3, 3))),
    "integers": lambda: correlation.prepare(X.astype(np.int16), np.ones((7, 7), int)),
    "pool": lambda: pooling.prepare(X, 2, mode="avg"),
    "answer": lambda: edges.prepare(X, "laplacian"),
    "canny": lambda: edges.prepare(X[0, :, :20], "canny", padding="same"),
    "otsu": lambda: edges.prepare(X, "sobel", threshold="otsu"),
    "ready": lambda: Ready(X),
    "timed": lambda: Timed(Ready(X)),
}


@pytest.mark.parametrize("name", RESULTS)
def test_bands_cover_the_result(name):
    result = RESULTS[name]()
    whole = result.run()
    assert isinstance(result, Result)
    assert (whole.shape, whole.dtype) == (result.shape, result.dtype)
    assert tuple(axis.out for axis in result.axes) == result.shape[-2:]
    assert list(result.bands()) == [(0, result.shape[-2])]
    assert result.height >= 1
    row = whole.size // result.shape[-2]
    for elements in (1, row, 3 * row, whole.size):
        spans = list(result.bands(elements))
        assert spans[0][0] == 0
        assert spans[-1][1] == result.shape[-2]
        assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))
        assert max(stop - start for start, stop in spans) == max(elements // row, 1)
    parts = [result.rows(*span) for span in result.bands(3 * row)]
    assert np.allclose(np.concatenate(parts, -2), whole, rtol=1e-6)


@pytest.mark.parametrize("name", RESULTS)
def test_rows_go_where_they_are_asked_to(name):
    result = RESULTS[name]()
    out = np.empty((*result.shape[:-2], 2, result.shape[-1]), result.dtype)
    assert result.rows(1, 3, out) is out
    assert np.allclose(out, result.run()[..., 1:3, :], rtol=1e-6)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_goes_to_another_process(name):
    result = RESULTS[name]()
    again = pickle.loads(pickle.dumps(result))
    assert (again.shape, again.dtype, again.axes) == (result.shape, result.dtype, result.axes)
    assert np.array_equal(again.run(), result.run())


def test_time_is_added_up():
    timed = Timed(RESULTS["corr"]())
    for span in timed.bands(50):
        timed.rows(*span)
    assert timed.seconds > 0


def test_a_result_without_rows_is_none():
    with pytest.raises(TypeError, match="abstract"):
        type("Half", (Result,), {})()


def test_what_no_memory_holds_is_refused_before_anything_is_computed():
    check_cells("result", (1 << 20, 1 << 20))
    with pytest.raises(ConvError) as caught:
        check_cells("window", (3, 1 << 39))
    assert str(caught.value) == "window: got 3x549755813888, at most 2^40 cells are allowed"
    one = np.ones((1, 1), np.uint8)
    huge = 1 << 24
    for name, call in (
        ("result", lambda: correlation.corr2d(one, np.ones((1, 1)), padding=huge)),
        ("result", lambda: pooling.pool2d(one, 1, padding=huge, stride=1, border="wrap")),
        ("window", lambda: pooling.pool2d(one, huge, padding=huge, stride=huge, border="wrap")),
        ("stride", lambda: pooling.pool2d(one, 1, stride=1 << 41)),
        ("dilation", lambda: pooling.pool2d(one, 1, dilation=1 << 41)),
    ):
        with pytest.raises(ConvError, match=rf"{name}: got .*, at most 2\^40 cells are allowed"):
            call()
