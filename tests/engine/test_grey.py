"""Brightness, against weights that add up to one."""

import numpy as np
import pytest

from convcli.engine import grey as module
from convcli.engine.grey import ALONE, REC709, grey

RNG = np.random.default_rng(11)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(
    "size", [(1, 1), (7, 5), (500, 301), (3, 70000)], ids=lambda size: "x".join(map(str, size))
)
def test_each_colour_counts_by_its_weight(dtype, size):
    planes = (RNG.random((3, *size)) * 255).astype(dtype)
    found = grey(planes)
    assert (found.shape, found.dtype) == (size, np.float32)
    exact = np.einsum("c,chw->hw", np.array(REC709), planes.astype(np.float64))
    assert np.abs(found - exact).max() <= 255 * 3e-7


def test_the_weights_are_those_of_rec_709_and_white_stays_white():
    assert np.allclose(REC709, (0.2126, 0.7152, 0.0722), atol=2e-4)
    assert sum(REC709) == pytest.approx(1, abs=1e-12)
    assert grey(np.full((3, 2, 2), 65535, np.uint16)).tolist() == [[65535, 65535]] * 2


def test_a_grey_plane_stays_as_it_is_and_a_batch_keeps_its_axes():
    plane = RNG.integers(0, 256, (4, 5), np.uint8)
    assert grey(plane) is plane
    batch = RNG.integers(0, 256, (2, 3, 4, 5), np.uint8)
    found = grey(batch)
    assert found.shape == (2, 1, 4, 5)
    for one, each in zip(batch, found, strict=True):
        assert (each[0] == grey(one)).all()


def test_threads_change_nothing(monkeypatch):
    planes = RNG.integers(0, 256, (3, 600, ALONE // 500), np.uint8)  # more than one thread's work
    monkeypatch.setattr(module, "workers", lambda: 1)
    alone = grey(planes)
    monkeypatch.undo()
    assert grey(planes).tobytes() == alone.tobytes()
