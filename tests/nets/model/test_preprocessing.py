"""Pictures as inputs of networks, and feature maps and receptive fields as pictures."""

import numpy as np
import pytest
from PIL import Image

from convcli.engine.errors import ConvError
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import program
from convcli.nets.model.feature_maps import box, feature_grid, last_maps, named_step, with_box
from convcli.nets.model.preprocessing import normalised, prepared, resized
from convcli.nets.zoo import Preparation, network


@pytest.mark.parametrize("size", [(7, 5), (30, 41), (64, 48), (20, 90)])
def test_resizing_is_pillows_bilinear(size):
    x = np.random.default_rng(0).random((33, 47), np.float32)
    theirs = Image.fromarray(x).resize(size[::-1], Image.Resampling.BILINEAR)
    assert np.allclose(resized(x, size), np.asarray(theirs), atol=2e-6)


def test_shorter_side_then_the_middle():
    x = np.zeros((40, 80), np.uint8)
    x[:, 40:] = 255
    found = prepared(x, 255, (3, 10, 10), 20)  # 20x40, and its columns 15 to 24
    assert found.shape == (3, 10, 10)
    assert found.dtype == np.float32
    assert np.allclose(found[0, 0], [0] * 5 + [1] * 5, atol=0.3)
    assert np.allclose(found[0, 0, ::9], [0, 1])
    assert prepared(x.T, 255, (1, 10, 10), 20).shape == (1, 10, 10)


def test_both_sides_are_fitted_where_nothing_is_said():
    x = np.repeat(np.array([[0, 255]], np.uint8), 2, axis=0)
    assert prepared(x, 255, (1, 2, 2)).tolist() == [[[0, 1], [0, 1]]]


def test_colours():
    x = np.stack([np.full((4, 4), v, np.uint8) for v in (255, 0, 0)])
    assert np.allclose(prepared(x, 255, (1, 4, 4)), 0.2125)
    assert prepared(x, 255, (3, 4, 4))[:, 0, 0].tolist() == [1, 0, 0]


def test_normalising():
    x = np.ones((3, 1, 1), np.float32)
    found = normalised(x, Preparation((0.5, 0.25, 0), (0.5,)))
    assert found[:, 0, 0].tolist() == [1, 1.5, 2]
    with pytest.raises(ConvError, match="--mean: got 2 numbers, one or 3 are needed"):
        normalised(x, Preparation((0.5, 0.5)))
    with pytest.raises(ConvError, match="--std: got 0"):
        normalised(x, Preparation(std=(0.0,)))


def test_what_cannot_be_an_input():
    with pytest.raises(ConvError, match="--crop: got 30x30, the picture is resized to 20x20"):
        prepared(np.zeros((40, 40)), 1, (1, 30, 30), 20)
    with pytest.raises(ConvError, match="the network's input has 5"):
        prepared(np.zeros((40, 40)), 1, (5, 30, 30))


def test_a_grid_of_maps():
    maps = np.stack([np.full((40, 30), 7.0), np.linspace(-1, 1, 1200).reshape(40, 30)])
    grid = feature_grid(maps)
    assert grid.shape == (4 * 40, 4 * 30 + 2 + 4 * 30)
    assert not grid[:, :122].any()  # a map without contrast, and the gap
    assert (grid[0, 122], grid[-1, -1]) == (0, 255)
    assert (grid == grid[::4].repeat(4, axis=0)).all()
    assert feature_grid(np.zeros((3, 8, 8))).shape == (2 * 96 + 2, 2 * 96 + 2)
    assert feature_grid(np.zeros((1, 4, 4))).shape == (168, 168)
    assert feature_grid(np.zeros((2, 200, 300))).shape == (200, 602)


def test_the_box_is_the_receptive_field():
    row = network("lenet")
    steps = program(row.build(10), row.input)
    assert last_maps(steps).name == "maxpool2"
    assert box(last_maps(steps), (0, 3)) == ((0, 15), (12, 27))
    with pytest.raises(ConvError, match="maxpool2 has rows 0 to 3 and columns 0 to 3"):
        box(last_maps(steps), (4, 0))
    with pytest.raises(ConvError, match="unknown layer or block 'conv3', did you mean"):
        named_step(steps, "conv3")
    steps = program(read_chain("gap"), (1, 4, 4))
    with pytest.raises(ConvError, match="gap: its units have no receptive field of their own"):
        box(steps[0], (0, 0))
    with pytest.raises(ConvError, match="no feature maps"):
        last_maps(steps)


def test_what_a_unit_sees_moves_it():
    """Change one pixel at a time: the units that move are those whose box holds it."""
    from convcli.nets.model import Model

    size = (1, 12, 12)
    steps = program(read_chain("conv:1,k3,s2,p1 relu maxpool:k2,s1 conv:1,k3,d2"), size)
    model = Model(steps)
    model.load({name: np.ones(shape) for name, shape in model.shapes().items()})
    x = np.zeros((1, *size))
    calm = model.forward(x)[0, 0]
    seen = np.zeros((*calm.shape, 12, 12), bool)
    for i, j in np.ndindex(12, 12):
        changed = x.copy()
        changed[0, 0, i, j] = 1
        seen[..., i, j] = model.forward(changed)[0, 0] != calm
    for unit in np.ndindex(calm.shape):
        (top, bottom), (left, right) = box(steps[-1], unit)
        rows, columns = np.nonzero(seen[unit])
        assert (rows.min(), rows.max()) == (max(top, 0), min(bottom, 11))
        assert (columns.min(), columns.max()) == (max(left, 0), min(right, 11))


def test_a_box_on_a_picture():
    found = with_box(np.zeros((1, 5, 6)), ((1, 3), (2, 9)))
    red = found[0] == 255
    assert red.astype(int).tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 1, 1],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 0],
    ]
    assert not found[1:].any()
    large = with_box(np.zeros((1, 5, 6)), ((1, 3), (2, 9)), enlarged=True)
    assert large.shape == (3, 5 * 42, 6 * 42)
    rows, columns = np.nonzero(large[0])
    assert (rows.min(), rows.max()) == (1 * 42, 4 * 42 - 1)
    assert (columns.min(), columns.max()) == (2 * 42, 6 * 42 - 1)
    assert with_box(np.zeros((1, 200, 6)), ((1, 3), (2, 9)), enlarged=True).shape == (3, 200, 6)
    assert not with_box(np.zeros((3, 5, 6)), ((-9, -2), (0, 5))).any()
