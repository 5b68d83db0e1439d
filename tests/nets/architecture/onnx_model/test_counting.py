"""What nodes of ONNX come to: work and parameters, where the model does not say its sizes plainly."""

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from tests.nets.architecture.onnx_model.making import model, read

# ruff: noqa: I001
import onnx
from onnx import TensorProto, helper


def ints(*values):
    return np.array(values, np.int64)


def total(text, weights, **more):
    """Return parameters and MACs of a model."""
    found = read(model(text, weights, **more))
    return found.total.params, found.total.macs


CHANNELS = "s = Shape (x) c = Gather <axis = 0> (s, i)"


@pytest.mark.parametrize(
    ("text", "weights", "counted"),
    [
        (  # a half of the channels, computed
            f"{CHANNELS} d = Add (c, i) h = Div (d, t) a = Slice (x, z, h, i) y = Conv (a, w)",
            {"w": (8, 4, 3, 3), "i": ints(1), "t": ints(2), "z": ints(0)},
            (288, 14112),
        ),
        (  # flattened to what is computed, through floats
            f"{CHANNELS} f = Cast <to = 1> (c) g = Mul (f, e) k = Floor (g) l = Cast <to = 7> (k)"
            " q = Concat <axis = 0> (i, l) r = Reshape (x, q) y = MatMul (r, w)",
            {"w": (648, 10), "i": ints(1), "e": np.float32(81.0)},
            (6480, 6480),
        ),
        (
            "w = ConstantOfShape <value = float[1] {0.5}> (s) y = Conv (x, w)",
            {"s": ints(8, 8, 3, 3)},
            (576, 28224),
        ),
        ("e = Expand (c, s) y = Add (x, e)", {"c": (1, 8, 1, 1), "s": ints(1, 8, 9, 9)}, (8, 0)),
        ('y = Einsum <equation = "nchw,cd->ndhw"> (x, w)', {"w": (8, 5)}, (40, 81 * 40)),
        ('y = Einsum <equation = "n...w,wd->n...d"> (x, w)', {"w": (9, 5)}, (45, 72 * 45)),
        (
            "a = Reshape (x, q) b = Transpose <perm = [0,2,1]> (a) y = MatMul (a, b)",
            {"q": ints(1, 8, 81)},
            (0, 8 * 8 * 81),
        ),
        ("a = Mul (x, gamma) y = PRelu (a, slope)", {"gamma": (1,), "slope": (1,)}, (2, 0)),
        ("h = Constant <value = float {0.5}> () y = Mul (x, h)", {}, (0, 0)),
        ("a = Clip (x, lo, hi) y = Pow (a, val_0)", {"lo": (), "hi": (), "val_0": ()}, (0, 0)),
    ],
)
def test_what_is_computed_of_shapes_and_of_constants(text, weights, counted):
    assert total(text, weights, size="1,8,9,9") == counted


def test_as_many_turns_as_it_takes():
    """Each shuffle's sizes are computed of the shape that the one before it gives."""
    one = (
        "s{i} = Shape (x{i}) c{i} = Gather <axis = 0> (s{i}, i1) h{i} = Gather <axis = 0> (s{i}, i2)"
        " q{i} = Div (c{i}, i2) r{i} = Concat <axis = 0> (i1, i2, q{i}, h{i}, h{i}) a{i} = Reshape (x{i}, r{i})"
        " t{i} = Transpose <perm = [0,2,1,3,4]> (a{i}) u{i} = Concat <axis = 0> (i1, c{i}, h{i}, h{i})"
        " v{i} = Reshape (t{i}, u{i}) x{j} = Conv <pads = [1,1,1,1]> (v{i}, w)"
    )
    text = (
        "x0 = Relu (x) " + " ".join(one.format(i=i, j=i + 1) for i in range(5)) + " y = Relu (x5)"
    )
    found = read(model(text, {"w": (8, 8, 3, 3), "i1": ints(1), "i2": ints(2)}, size="1,8,9,9"))
    assert (found.total.macs, found.uncounted, found.total.rf) == (5 * 81 * 576, [], (11, 11))
    assert [layer.kind for layer in found.layers][-1] == "30 nodes"


@pytest.mark.parametrize(
    ("text", "weights", "counted"),
    [
        ("y, h, c = LSTM <hidden_size = 6> (x, w, r, b)", {"w": (1, 24, 5), "r": (1, 24, 6), "b": (1, 48)}, (312, 7 * 24 * 11)),
        ("y, h = GRU <hidden_size = 6, direction = \"bidirectional\"> (x, w, r)", {"w": (2, 18, 5), "r": (2, 18, 6)}, (396, 7 * 2 * 18 * 11)),
        ("y, h = RNN <hidden_size = 6> (x, w, r)", {"w": (1, 6, 5), "r": (1, 6, 6)}, (66, 7 * 6 * 11)),
    ],
)  # fmt: skip
def test_recurrent_layers(text, weights, counted):
    found = read(model(text, weights, size="7,1,5"))
    assert (found.total.params, sum(x.macs for x in found.layers)) == counted


STATES = {
    "LSTM": ("y, a, b = LSTM <hidden_size = 6> (x, w, r, , , {h}, {h})", (1, 24, 5), (1, 24, 6), 264),
    "GRU": ("y, a = GRU <hidden_size = 6> (x, w, r, , , {h})", (1, 18, 5), (1, 18, 6), 198),
    "RNN": ("y, a = RNN <hidden_size = 6> (x, w, r, , , {h})", (1, 6, 5), (1, 6, 6), 66),
}  # fmt: skip


@pytest.mark.parametrize("op", STATES)
def test_states_of_zeros_that_an_exporter_fills_in_are_no_parameters(op):
    text, w, r, params = STATES[op]
    weights = {"w": w, "r": r, "val_9": np.zeros((1, 1, 6), np.float32)}
    assert total(text.format(h="val_9"), weights, size="7,1,5")[0] == params
    weights = {"w": w, "r": r, "start": np.ones((1, 1, 6), np.float32)}
    assert total(text.format(h="start"), weights, size="7,1,5")[0] == params + 6


def test_ones_and_zeros_of_a_group_normalization_are_no_parameters():
    text = "y = InstanceNormalization (x, {s}, {b})"
    given = np.ones(3, np.float32)
    assert (
        total(text.format(s="val_1", b="val_2"), {"val_1": given, "val_2": given}, size="2,3,8,8")[
            0
        ]
        == 0
    )
    assert (
        total(
            text.format(s="scale", b="shift"),
            {"scale": given, "shift": given},
            size="2,3,8,8",
        )[0]
        == 6
    )


@pytest.mark.parametrize("op", ["QLinearAdd", "QLinearMul"])
def test_quantized_constants_that_are_added_or_multiplied_are_parameters(op):
    nodes = f"q = QuantizeLinear (x, s, z) p = com.microsoft.{op} (q, s, z, w, s, z, s, z) y = DequantizeLinear (p, s, z)"
    weights = {"s": np.float32(0.1), "z": np.uint8(3), "w": np.zeros((1, 6, 1, 1), np.uint8)}
    assert read(model(nodes, weights, size="1,6,4,4")).total.params == 6


def test_attention():
    text = "y = Attention <q_num_heads = 2, kv_num_heads = 2> (x, x, x)"
    assert total(text, {}, size="1,9,8", opset=23) == (0, 2 * 9 * 9 * 8)


def quantized(op):
    nodes = {
        "QLinearConv": "q = QuantizeLinear (x, s, z) p = QLinearConv (q, s, z, w, ws, wz, s, z, b) y = DequantizeLinear (p, s, z)",
        "ConvInteger": "q, qs, qz = DynamicQuantizeLinear (x) p = ConvInteger (q, w, qz, wz0) f = Cast <to = 1> (p) y = Mul (f, qs)",
        "dequantized weights": "d = DequantizeLinear <axis = 0> (w, ws, wz) e = DequantizeLinear <axis = 0> (b, ws) y = Conv (x, d, e)",
    }
    weights = {
        "w": np.zeros((4, 3, 3, 3), np.int8),
        "b": np.zeros(4, np.int32),
        "ws": np.ones(4, np.float32),
        "wz": np.zeros(4, np.int8),
        "wz0": np.int8(0),
        "s": np.float32(0.1),
        "z": np.uint8(0),
    }
    return model(nodes[op], weights, size="1,3,8,8")


@pytest.mark.parametrize(
    ("op", "params"), [("QLinearConv", 112), ("ConvInteger", 108), ("dequantized weights", 112)]
)
def test_quantized_weights_count_and_scales_do_not(op, params):
    found = read(quantized(op)).total
    assert (found.params, found.macs) == (params, 36 * 108)


def test_bodies_hold_parameters():
    """An If with weights of their own in both branches, one of which reads the model's as well."""
    made = model("y = Relu (x)", {"w": (4, 4), "cond": np.array(True)}, size="1,4")
    branches = []
    for name, rows in (("then", 4), ("else", 4)):
        kept = helper.make_tensor("v", TensorProto.FLOAT, (rows, 4), [0.0] * rows * 4)
        nodes = [
            helper.make_node("MatMul", ["x", "v"], ["a"]),
            helper.make_node("MatMul", ["a", "w"], ["o"]),
        ]
        out = helper.make_tensor_value_info("o", TensorProto.FLOAT, (1, 4))
        branches.append(helper.make_graph(nodes, name, [], [out], [kept]))
    node = helper.make_node("If", ["cond"], ["y"], then_branch=branches[0], else_branch=branches[1])
    del made.graph.node[:]
    made.graph.node.append(node)
    found = read(made)
    assert found.total.params == 16 + 16 + 16
    assert [(x.kind, x.macs, x.why) for x in found.layers] == [("If", None, "depends on data")]
    record = found.record()
    assert (record["at_least"], record["totals"]["macs"]) == (True, None)
    assert record["uncounted"] == [{"name": "If_1", "kind": "If", "why": "depends on data"}]


def test_what_is_behind_an_unknown_operator_is_counted_if_its_size_is_stated():
    made = model("a = my.Own (x) y = Conv (a, w)", {"w": (4, 3, 3, 3)}, size="1,3,8,8")
    found = read(made)
    assert (found.total.macs, [(x.kind, x.why) for x in found.uncounted]) == (
        None,
        [("my.Own", "unsupported"), ("Conv", "shape unknown")],
    )
    made.graph.value_info.append(
        helper.make_tensor_value_info("a", TensorProto.FLOAT, (1, 3, 8, 8))
    )
    found = read(made, {"": (3, 8, 8)})
    assert (found.total.macs, [x.kind for x in found.uncounted]) == (36 * 108, ["my.Own"])


def test_fused_operators_are_counted_as_what_they_fuse():
    node = helper.make_node(
        "FusedConv", ["x", "w", "b"], ["y"], domain="com.microsoft", activation="Relu", pads=[1] * 4
    )
    made = model("y = Relu (x)", {"w": (4, 3, 3, 3), "b": (4,)}, size="1,3,8,8")
    del made.graph.node[:]
    made.graph.node.append(node)
    found = read(made)
    assert (found.total.params, found.total.macs, found.total.rf) == (112, 64 * 108, (3, 3))


@pytest.mark.parametrize(
    ("text", "weights", "size", "shown", "macs"),
    [
        ("a = Unsqueeze (x, z) y = Conv (a, w)", {"w": (8, 3, 3, 3), "z": ints(0)}, "3,32,32", (3, 32, 32), 194_400),
        ("m = MatMul (a, b) y = MatMul (x, m)", {"a": (10, 10), "b": (10, 10)}, "8,10", (10,), 1100),
        ("y = Conv (x, w)", {"w": (8, 3, 3, 3)}, "4,3,32,32", (3, 32, 32), 194_400),
        ("a = Transpose <perm = [1,0]> (x) y = MatMul (w, a)", {"w": (5, 10)}, "8,10", (10,), 50),
    ],
)  # fmt: skip
def test_the_batch_is_followed(text, weights, size, shown, macs):
    found = read(model(text, weights, size=size))
    assert (found.input, found.total.macs) == (shown, macs)


@pytest.mark.parametrize("kernel", [1, 2, 3])
@pytest.mark.parametrize("pad", [0, 1])
@pytest.mark.parametrize("n", [4, 5, 8])
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_no_window_starts_behind_the_input(op, n, pad, kernel):
    if pad >= kernel:
        pytest.skip("no pooling")
    text = f"y = {op} <kernel_shape = [{kernel},{kernel}], strides = [2,2], ceil_mode = 1, pads = [{pad},{pad},{pad},{pad}]> (x)"
    windows = 1 + -(-(n + 2 * pad - kernel) // 2)
    windows -= (windows - 1) * 2 >= n + pad
    found = read(model(text, {}, size=f"1,1,{n},{n}", opset=17))
    assert found.layers[0].output == (1, windows, windows)


BEHIND = {
    "a convolution": 'y = Conv <auto_pad = "SAME_UPPER", strides = [2,2]> (a, w)',
    "a shape": "s = Shape (a) r = Reshape (a, s) y = Conv <pads = [1,1,1,1], strides = [2,2]> (r, w)",
    "another pooling": 'b = MaxPool <kernel_shape = [1,1], strides = [2,2], ceil_mode = 1> (a) y = Conv <auto_pad = "SAME_LOWER"> (b, w)',
}


@pytest.mark.parametrize("name", BEHIND)
def test_what_is_behind_such_a_window_has_the_size_that_is_left(name):
    """onnx infers 4×4 where 3×3 windows begin in the input."""
    text = (
        "a = MaxPool <kernel_shape = [2,2], strides = [2,2], pads = [1,1,1,1], ceil_mode = 1> (x) "
    )
    made = model(text + BEHIND[name], {"w": (1, 1, 3, 3)}, size="1,1,5,5", opset=17)
    found = read(made)
    assert found.layers[0].output == (1, 3, 3)
    assert found.layers[-1 - (name == "a shape")].output == (1, 2, 2)
    assert found.total.macs == 4 * 9
    stated = model(text + BEHIND[name], {"w": (1, 1, 3, 3)}, size="1,1,5,5", opset=17)
    stated.graph.value_info.append(
        helper.make_tensor_value_info("a", TensorProto.FLOAT, (1, 1, 4, 4))
    )
    assert read(stated).total.macs == 4 * 9


def test_transposed_convolutions_that_keep_the_multiple():
    text = 'y = ConvTranspose <strides = [2,2], auto_pad = "SAME_UPPER", output_padding = [1,1]> (x, w)'
    found = read(model(text, {"w": (1, 1, 3, 3)}, size="1,1,3,3", opset=17))
    assert found.layers[0].output == (1, 6, 6)
    text = "y = ConvTranspose <strides = [3,2], output_shape = [10,8]> (x, w)"
    found = read(model(text, {"w": (1, 2, 3, 3)}, size="1,1,3,3", opset=17))
    assert found.layers[0].output == (2, 10, 8)


@pytest.mark.parametrize(
    ("text", "weights", "size", "message"),
    [
        ("y = Conv (x, w)", {"w": (1, 1, 7, 7)}, "1,1,4,4", "node 1 (Conv): kernel 7 does not fit: it is larger than the input 4 on axis 0 (kernel 7x7, input 4x4)"),
        ("y = Conv (x, w)", {"w": (8, 3, 3, 3)}, "1,1,8,8", "node 1 (Conv): channels do not match: the input has 1, the kernel takes 3 (input 1x8x8, kernel 8x3x3x3)"),
        ("a = Relu (x) y = MaxPool <kernel_shape = [9,9]> (a)", {}, "1,1,8,8", "node 2 (MaxPool): kernel 9 does not fit: it is larger than the input 8 on axis 0 (kernel 9x9, input 8x8)"),
        ("y = Conv (x, w)", {"w": (8, 3, 3)}, "1,3,8,8", "node 1 (Conv): its weights are 8x3x3, its input 1x3x8x8"),
        ("y = Relu (z)", {}, "1,3,8,8", "node 1 (Relu) reads 'z', which no node before it makes"),
        ("a = Add (x, b) b = Relu (a) y = Relu (b)", {}, "1,3,8,8", "node 1 (Add) reads 'b', which no node before it makes"),
    ],
)  # fmt: skip
def test_models_that_cannot_be_are_refused(text, weights, size, message):
    with pytest.raises(ConvError) as caught:
        read(model(text, weights, size=size))
    assert str(caught.value) == f"model.onnx: {message}"


def test_sizes_by_name():
    text = "a = Conv (x, w) y = Add (a, z)"
    made = model(text, {"w": (4, 3, 3, 3)}, size="N,3,H,W")
    made.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, ("N", 4, "P", 6)))
    for asked, free in (
        ({"": (3, 8, 8), "z": (4, 6, 6)}, {}),
        ({"x": (1, 3, 8, 8)}, {"P": 6}),
        ({}, {"H": 8, "W": 8, "P": 6}),
    ):
        assert read(made, asked, free=free).total.macs == 36 * 108
    for asked, free, message in (
        ({"q": (3,)}, {}, "--input: unknown input 'q', known: x, z"),
        ({}, {"Q": 8}, "--axis: unknown axis 'Q', known: H, N, P, W"),
        ({"x": (3, 8, 8)}, {}, "its input z is 4xPx6: --input z=SIZE is needed, or --axis P=N"),
        ({}, {}, "its input is 3xHxW: --input with numbers is needed, or --axis H=N"),
        ({"x": (1, 8, 8)}, {}, "--input: got 1x8x8, the model's is 3xHxW"),
        ({"x": (8, 8)}, {}, "--input: got 8x8, the model's is 3xHxW"),
    ):
        with pytest.raises(ConvError) as caught:
            read(made, asked, free=free)
        assert str(caught.value) == f"model.onnx: {message}"


def test_operands_of_different_rank():
    made = model("y = Add (x, z)", {}, size="1,8,4,4")
    made.graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, (8, 4, 4)))
    assert read(made).layers[0].output == (8, 4, 4)


def test_what_can_be_counted_beside():
    text = (
        "a = Conv (x, w, b) c = BatchNormalization (a, s, s, s, s) d = Relu (c)"
        " e = MaxPool <kernel_shape = [2,2], strides = [2,2]> (d) y = GlobalAveragePool (e)"
    )
    found = read(model(text, {"w": (4, 3, 3, 3), "b": (4,), "s": (4,)}, size="2,3,8,8"))
    layers = [x.extra for x in found.layers]
    assert layers == [{"bias": 144}, {"bn": 144}, {"act": 144}, {"pool": 144}, {"pool": 36}]
    assert found.total.operations(["bias", "pool"], flops=True) == 2 * 36 * 108 + 144 + 180


def test_names_of_exporters_make_no_blocks():
    from convcli.nets.architecture.counts import blocks

    made = model("a = Relu (x) b = Relu (a) y = Relu (b)", {}, size="1,8,4,4")
    for node, name in zip(
        made.graph.node, ("p2o.Relu.61", "p2o.Relu.62", "/a/a.0/Relu"), strict=True
    ):
        node.name = name
    assert [(x.name, x.depth) for x in blocks(read(made).layers)] == [
        ("p2o.Relu.61", 0),
        ("p2o.Relu.62", 0),
        ("a", 0),
        ("a.0", 1),
        ("a.0.Relu", 2),
    ]


def test_claims_cost_nothing():
    """A tensor of a petabyte that the file does not hold is counted, and not read."""
    made = model("y = MatMul (x, w)", {}, size="1,1000000")
    made.graph.initializer.append(
        onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=(10**6, 10**9))
    )
    outside = onnx.TensorProto(name="v", data_type=TensorProto.FLOAT, dims=(4,), data_location=1)
    outside.external_data.add(key="location", value="../../etc/passwd")
    made.graph.initializer.append(outside)
    assert read(made).total.params == 10**15
    grown = model(
        "w = ConstantOfShape (s) y = MatMul (x, w)", {"s": ints(10**6, 10**9)}, size="1,1000000"
    )
    assert read(grown).total.params == 10**15


def test_bodies_within_bodies():
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["o"])], "g", [], [onnx.ValueInfoProto(name="o")]
    )
    for _ in range(1000):
        node = (
            helper.make_node("If", ["c"], ["o"], then_branch=graph, else_branch=graph)
            if False
            else None
        )
        inner = onnx.GraphProto(name="g")
        node = inner.node.add(op_type="If", input=["c"], output=["o"])
        node.attribute.add(name="then_branch", type=onnx.AttributeProto.GRAPH).g.CopyFrom(graph)
        graph = inner
    made = model("y = Relu (x)", {"c": np.array(True)}, size="1,4")
    made.graph.node.add(op_type="If", input=["c"], output=["z"]).attribute.add(
        name="then_branch", type=onnx.AttributeProto.GRAPH
    ).g.CopyFrom(graph)
    with pytest.raises(ConvError, match=r"^model\.onnx: is no ONNX model: "):
        read(made)


def test_names_that_steer_a_terminal_are_escaped():
    made = model("y = Relu (x)", {}, size="1,4")
    made.graph.node[0].op_type = "\x00\x1b[31mRelu"
    made.graph.node[0].domain = "my\n"
    [layer] = read(made).layers
    assert (layer.kind, layer.name) == (
        "my\\x0a.\\x00\\x1b[31mRelu",
        "\\x00\\x1b[31mRelu_1",
    )


@pytest.mark.parametrize(
    ("text", "weights", "peak", "depth"),
    [
        (
            "a = Conv (x, u) b = Relu (a) c, d = Split <axis = 1, num_outputs = 2> (b) e = Conv (c, v) "
            "f = Concat <axis = 1> (e, d) y = Add (f, b)",
            {"u": (4, 1, 1, 1), "v": (2, 2, 1, 1)},
            64 * (4 + 4 + 2 + 4),
            2,
        ),
        (
            "q = MatMul (x, u) k = MatMul (x, v) s = MatMul (q, k) p = Softmax (s) y = MatMul (p, w)",
            {"u": (8, 8), "v": (8, 8), "w": (8, 8)},
            64 * 3,
            2,
        ),
        (
            "u = DequantizeLinear (q, s) a = Conv (x, u) y = Relu (a)",
            {"q": np.ones((3, 1, 1, 1), np.int8), "s": np.float32(1)},
            64 * 6,
            1,
        ),
        ("y = Relu (x)", {}, 128, 0),
    ],
)
def test_what_is_held_at_once_and_the_longest_way(text, weights, peak, depth):
    for batch in (1, 5):
        found = read(model(text, weights, size=f"{batch},1,8,8"))
        assert (found.peak, found.depth) == (peak, depth)
