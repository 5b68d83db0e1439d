"""Receptive fields of ONNX graphs, measured: one input column is changed, and the outputs that move are looked at."""

import numpy as np
import pytest

from tests.nets.architecture.onnx_model.making import measured, model, read

CONV = "Conv <pads = [1,1,1,1]>"
W1, W4 = (4, 1, 3, 3), (4, 4, 3, 3)


def ints(*values):
    return np.array(values, np.int64)


GRAPHS = {
    "two convolutions": (f"a = {CONV} (x, w) y = {CONV} (a, v)", {"w": W1, "v": W4}),
    "strides and dilation": (
        "a = Conv <strides = [2,2]> (x, w) y = Conv <dilations = [2,2]> (a, v)",
        {"w": W1, "v": W4},
    ),
    "a join of two": (f"a = {CONV} (x, w) b = {CONV} (a, v) y = Add (a, b)", {"w": W1, "v": W4}),
    "nearest, twice as large": (
        f'a = {CONV} (x, w) b = Resize <mode = "nearest"> (a, , s) y = {CONV} (b, v)',
        {"w": W1, "v": W4, "s": np.float32([1, 1, 2, 2])},
    ),
    "linear, twice as large": (
        f'a = {CONV} (x, w) b = Resize <mode = "linear"> (a, , s) y = {CONV} (b, v)',
        {"w": W1, "v": W4, "s": np.float32([1, 1, 2, 2])},
    ),
    "linear, aligned corners": (
        "a = Conv <strides = [2,2], pads = [1,1,1,1]> (x, w) y = Resize "
        '<mode = "linear", coordinate_transformation_mode = "align_corners"> (a, , , n)',
        {"w": W1, "n": ints(1, 4, 39, 39)},
    ),
    "nearest, smaller": (
        f'a = {CONV} (x, w) b = Resize <mode = "nearest"> (a, , s) y = {CONV} (b, v)',
        {"w": W1, "v": W4, "s": np.float32([1, 1, 0.5, 0.5])},
    ),
    "cubic": (
        f'a = {CONV} (x, w) y = Resize <mode = "cubic"> (a, , s)',
        {"w": W1, "s": np.float32([1, 1, 2, 2])},
    ),
    "a pyramid": (
        f"a = Conv <pads=[1,1,1,1], strides=[2,2]> (x, w) b = Conv <pads=[1,1,1,1], strides=[2,2]> (a, v)"
        f' c = {CONV} (b, v) d = Resize <mode = "nearest"> (c, , s) y = Add (a, d)',
        {"w": W1, "v": W4, "s": np.float32([1, 1, 2, 2])},
    ),
    "split and concat": (
        f"a = {CONV} (x, w) b, c = Split <axis = 1, num_outputs = 2> (a)"
        " d = Conv <pads=[3,3,3,3]> (c, v) y = Concat <axis = 1> (a, b, d)",
        {"w": W1, "v": (2, 2, 7, 7)},
    ),
    "slices of channels": (
        f"a = {CONV} (x, w) b = Slice (a, z, t, i) y = Conv (b, v)",
        {"w": W1, "v": (2, 2, 5, 5), "z": ints(0), "t": ints(2), "i": ints(1)},
    ),
    "every second column": (
        "a = Slice (x, z, t, i, k) b = Conv (a, w) y = Conv (b, v)",
        {"w": W1, "v": W4, "z": ints(1), "t": ints(40), "i": ints(3), "k": ints(2)},
    ),
    "pads": (
        "a = Pad (x, p) b = Conv (a, w) y = Conv (b, v)",
        {"w": W1, "v": W4, "p": ints(0, 0, 2, 2, 0, 0, 2, 2)},
    ),
    "channels last and back": (
        f"a = Transpose <perm = [0,2,3,1]> (x) b = Relu (a) c = Transpose <perm = [0,3,1,2]> (b)"
        f" y = {CONV} (c, w)",
        {"w": W1},
    ),
    "a channel shuffle": (
        f"a = {CONV} (x, w) b = Reshape (a, r) c = Transpose <perm = [0,2,1,3,4]> (b)"
        f" d = Reshape (c, q) y = {CONV} (d, v)",
        {"w": W1, "v": W4, "r": ints(1, 2, 2, 40, 40), "q": ints(1, 4, 40, 40)},
    ),
    "space to depth and back": (
        f"a = SpaceToDepth <blocksize = 2> (x) b = {CONV} (a, v) y = DepthToSpace <blocksize = 2> (b)",
        {"v": W4},
    ),
    "space to depth by reshaping": (
        "a = Reshape (x, r) b = Transpose <perm = [0,1,3,5,2,4]> (a) c = Reshape (b, q)"
        f" y = {CONV} (c, v)",
        {"v": W4, "r": ints(1, 1, 20, 2, 20, 2), "q": ints(1, 4, 20, 20)},
    ),
    "depth to space by reshaping": (
        "a = Conv <strides = [2,2], pads=[1,1,1,1]> (x, w) b = Reshape (a, r)"
        f" c = Transpose <perm = [0,1,4,2,5,3]> (b) d = Reshape (c, q) y = {CONV} (d, v)",
        {"w": W1, "v": (1, 1, 3, 3), "r": ints(1, 1, 2, 2, 20, 20), "q": ints(1, 1, 40, 40)},
    ),
    "focus: four slices of columns": (
        "a = Slice (x, z, t, i, k) b = Slice (x, u, t, i, k) c = Concat <axis = 1> (a, b)"
        f" y = {CONV} (c, v)",
        {
            "v": (1, 2, 3, 3),
            **{"z": ints(0), "u": ints(1), "t": ints(40), "i": ints(3), "k": ints(2)},
        },
    ),
    "a transposed convolution": (
        "a = Conv <strides = [2,2]> (x, w) y = ConvTranspose <strides = [2,2]> (a, v)",
        {"w": W1, "v": (4, 2, 3, 3)},
    ),
    "pooling that rounds up": (
        f"a = MaxPool <kernel_shape=[3,3], strides=[2,2], ceil_mode=1> (x) y = {CONV} (a, w)",
        {"w": W1},
    ),
    "a mean over channels": (
        f"a = {CONV} (x, w) y = ReduceMean <keepdims = 1> (a, i)",
        {"w": W1, "i": ints(1)},
    ),
    "an upsampling by expanding": (
        f"a = {CONV} (x, w) b = Reshape (a, r) c = Expand (b, e) d = Reshape (c, q) y = {CONV} (d, v)",
        {
            **{"w": W1, "v": W4, "r": ints(1, 4, 40, 1, 40, 1), "e": ints(1, 4, 40, 2, 40, 2)},
            "q": ints(1, 4, 80, 80),
        },
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("axis", [2, 3])
def test_what_a_unit_sees_is_what_moves_it(name, axis):
    text, weights = GRAPHS[name]
    made = model(text, weights)
    found = read(made)
    assert found.total.rf is not None
    assert found.total.rf[axis - 2] == measured(made, axis)
    assert not found.uncounted


GLOBAL = {
    "squeeze and excitation": "g = GlobalAveragePool (a) s = Sigmoid (g) y = Mul (a, s)",
    "a mean over the places": "g = ReduceMean <keepdims = 1> (a, i) y = Sub (a, g)",
    "a softmax along rows": "y = Softmax <axis = 3> (a)",
    "instance normalization": "y = InstanceNormalization (a, s1, s2)",
    "by way of a dense layer": "g = GlobalAveragePool (a) f = Flatten (g) d = Gemm (f, m) r = Reshape (d, q) y = Mul (a, r)",
}


@pytest.mark.parametrize("name", GLOBAL)
def test_global_branches_are_told_apart(name):
    weights = {"w": W1, "i": ints(2, 3), "s1": (4,), "s2": (4,), "m": (4, 4), "q": ints(1, 4, 1, 1)}
    made = model(f"a = {CONV} (x, w) {GLOBAL[name]}", weights, size="1,1,20,20")
    found = read(made)
    assert measured(made) == 20
    assert found.total.rf[1] == 20
    assert found.total.rf_local == (3, 3)
    assert found.record()["receptive_field_local"] == [3, 3]
    after = model(f"a = {CONV} (x, w) {GLOBAL[name].replace('y =', 'z =')} y = {CONV} (z, v)", {**weights, "v": W4}, size="1,1,20,20")  # fmt: skip
    assert (read(after).total.rf[1], read(after).total.rf_local) == (20, (5, 5))


LOST = {
    "an operator that nobody knows": "b = my.Own (a) y = Relu (b)",
    "columns in an order of their own": "y = Gather <axis = 3> (a, o)",
    "two maps side by side": "y = Concat <axis = 3> (a, a)",
    "columns reversed": "y = Slice (a, z, t, i, k)",
}


@pytest.mark.parametrize("name", LOST)
def test_where_it_is_lost_is_said(name):
    weights = {
        **{"w": W1, "o": ints(*range(39, -1, -1)), "z": ints(-1), "t": ints(-1000), "i": ints(3)},
        **{"k": ints(-1), "v": W4},
    }
    text = f"a = {CONV} (x, w) {LOST[name]}"
    found = read(model(text, weights, output="1,4,40,80" if "side" in name else "1,4,40,40"))
    assert found.total.rf is None
    lost = found.last_map.lost
    assert lost == found.layers[1].name
    assert found.record()["receptive_field_lost"] == lost
    joined = text.replace("y =", "e =") + f" c = {CONV} (e, v) y = Add (c, c)"
    if "nobody" not in name:
        assert read(model(joined, weights)).last_map.lost == lost


def test_a_join_with_a_lost_branch_is_lost():
    text = f"a = {CONV} (x, w) b = Gather <axis = 3> (a, o) y = Add (a, b)"
    found = read(model(text, {"w": W1, "o": ints(*range(39, -1, -1))}))
    assert (found.total.rf, found.last_map.lost) == (None, "Gather_2")
