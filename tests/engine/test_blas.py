"""Products in pieces: the same numbers, and no piece that would start threads."""

import numpy as np
import pytest

from convcli.engine import blas
from convcli.engine.blas import product


@pytest.mark.parametrize(
    "shape",
    [(6, 25, 30000), (30000, 25, 6), (6, 30000, 25), (200, 300, 101), (1, 500, 90), (90, 3000, 1)],
)
@pytest.mark.parametrize("stack", [(), (3,)])
@pytest.mark.parametrize("given", [False, True])
def test_a_product_in_pieces(monkeypatch, shape, stack, given):
    monkeypatch.setattr(blas, "LARGE", 64)
    m, k, n = shape
    chance = np.random.default_rng(0)
    a, b = chance.normal(size=(*stack, m, k)), chance.normal(size=(*stack, k, n))
    whole, calls = np.matmul, []

    def watched(a, b, **more):
        calls.append(a.shape[-2] * a.shape[-1] * b.shape[-1])
        return whole(a, b, **more)

    out = np.full((*stack, m, n), np.nan) if given else None
    monkeypatch.setattr(np, "matmul", watched)
    found = product(a, b, out)
    assert found is out or not given
    assert np.allclose(found, whole(a, b), rtol=1e-12, atol=1e-9)
    small = blas.SMALL if min(m, n) > 1 else blas.SMALL_VECTOR
    assert sum(calls) == m * k * n
    assert len(calls) > 1
    assert max(calls) <= small


@pytest.mark.parametrize("shape", [(4, 4, 4), (2000, 2000, 2000), (600, 600, 9)])
def test_small_and_large_ones_stay_whole(monkeypatch, shape):
    m, k, n = shape
    calls, whole = [], np.matmul
    monkeypatch.setattr(
        np, "matmul", lambda a, b, out=None: calls.append(1) or whole(a, b, out=out)
    )
    assert product(np.ones((m, k), np.float32), np.ones((k, n), np.float32))[0, 0] == k
    assert len(calls) == 1


@pytest.mark.parametrize("shape", [(15, 40000, 225), (1, 225, 40000), (49, 40000, 1)])
def test_flat_ones_may_have_no_threads_however_large(monkeypatch, shape):
    m, k, n = shape
    calls, whole = [], np.matmul

    def watched(a, b, **more):
        calls.append(a.shape[-2] * a.shape[-1] * b.shape[-1])
        return whole(a, b, **more)

    monkeypatch.setattr(np, "matmul", watched)
    a, b = np.ones((m, k)), np.ones((k, n))
    assert (product(a, b) == k).all()
    assert calls == [m * k * n]
    calls.clear()
    assert (product(a, b, threads=False) == k).all()
    assert sum(calls) == m * k * n
    assert max(calls) <= (blas.SMALL if min(m, n) > 1 else blas.SMALL_VECTOR)
