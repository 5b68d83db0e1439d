"""ONNX models, made here node by node, counted by their own shapes."""

import pytest

from convcli.engine.errors import ConvError
from convcli.nets.architecture import onnx_model
from convcli.nets.architecture.onnx_model import loading

onnx = pytest.importorskip("onnx", reason="the extra convcli[onnx] is not installed")
helper, FLOAT = onnx.helper, onnx.TensorProto.FLOAT


@pytest.fixture
def saved(tmp_path):
    """Save a model of nodes and weights; returns its path."""

    def save(nodes, weights, size=("N", 3, 16, 16), opsets=(("", 17),)):
        graph = helper.make_graph(
            nodes,
            "made here",
            [helper.make_tensor_value_info("x", FLOAT, list(size))],
            [helper.make_tensor_value_info("y", FLOAT, None)],
            [
                helper.make_tensor(name, kind, dims, [0] * _size(dims))
                for name, (kind, dims) in weights.items()
            ],
        )
        versions = [helper.make_opsetid(*pair) for pair in opsets]
        path = tmp_path / "model.onnx"
        onnx.save(helper.make_model(graph, opset_imports=versions), path)
        return str(path)

    return save


def _size(dims):
    size = 1
    for n in dims:
        size *= n
    return size


def small():
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w", "b"], ["c"], name="/stem/conv/Conv", pads=[1] * 4, strides=[2, 2]),
        node("BatchNormalization", ["c", "s", "h", "m", "v"], ["n"], name="/stem/bn/BN"),
        node("Relu", ["n"], ["r"]),
        node("MaxPool", ["r"], ["p"], kernel_shape=[3, 3], auto_pad="SAME_UPPER", strides=[2, 2]),
        node("Conv", ["p", "w2"], ["q"], pads=[1] * 4, group=2),
        node("Add", ["p", "q"], ["a"]),
        node("GlobalAveragePool", ["a"], ["g"]),
        node("Flatten", ["g"], ["f"]),
        node("Gemm", ["f", "w3", "b3"], ["y"], transB=1),
    ]
    weights = {
        "w": (FLOAT, (8, 3, 3, 3)),
        **dict.fromkeys("bshmv", (FLOAT, (8,))),
        "w2": (FLOAT, (8, 4, 3, 3)),
        "w3": (FLOAT, (5, 8)),
        "b3": (FLOAT, (5,)),
    }
    return nodes, weights


def test_a_network(saved):
    found = onnx_model.read(saved(*small()))
    assert found.input == (3, 16, 16)
    assert [(line.kind, line.output, line.params, line.macs) for line in found.layers] == [
        ("Conv", (8, 8, 8), 216 + 8, 64 * 216),
        ("BatchNormalization", (8, 8, 8), 16, 0),
        ("Relu", (8, 8, 8), 0, 0),
        ("MaxPool", (8, 4, 4), 0, 0),
        ("Conv", (8, 4, 4), 288, 16 * 288),
        ("Add", (8, 4, 4), 0, 0),
        ("GlobalAveragePool", (8, 1, 1), 0, 0),
        ("Flatten", (8,), 0, 0),
        ("Gemm", (5,), 45, 40),
    ]
    total = found.total
    assert (total.params, total.macs, total.buffers) == (573, 64 * 216 + 16 * 288 + 40, 16)
    # 3, then 3 + 2*2, then + 2*4; the sum takes the wider of its branches
    assert [line.rf for line in found.layers][3:7] == [(7, 7), (15, 15), (15, 15), None]
    assert (total.rf, total.jump) == ((15, 15), (4, 4))
    assert found.layers[0].name == "stem.conv.Conv"
    assert found.not_counted == []


def test_another_input(saved):
    found = onnx_model.read(saved(*small(), size=("N", 3, "H", "W")), {"": (3, 32, 32)})
    assert found.total.macs == 4 * (64 * 216 + 16 * 288) + 40


def test_a_batch_is_counted_once(saved):
    assert onnx_model.read(saved(*small(), size=(4, 3, 16, 16))).total.macs == 64 * 216 + 4648


def test_what_cannot_be_counted_is_listed(saved):
    node = helper.make_node
    nodes = [
        node("DFT", ["x"], ["e"]),
        node("Strange", ["e"], ["y"], domain="my.own"),
    ]
    path = saved(nodes, {}, opsets=(("", 17), ("my.own", 1)))
    found = onnx_model.read(path)
    assert [line.macs for line in found.layers] == [None, None]
    assert found.not_counted == ["DFT", "my.own.Strange"]
    assert found.record()["not_counted"] == ["DFT", "my.own.Strange"]
    assert found.record()["totals"]["macs"] is None


def test_matmul_and_convtranspose(saved):
    node = helper.make_node
    nodes = [
        node("ConvTranspose", ["x", "w"], ["t"], strides=[2, 2]),
        node("MatMul", ["t", "m"], ["y"]),
    ]
    found = onnx_model.read(saved(nodes, {"w": (FLOAT, (3, 5, 2, 2)), "m": (FLOAT, (32, 7))}))
    assert [(line.output, line.macs) for line in found.layers] == [
        ((5, 32, 32), 3 * 256 * 20),
        ((5, 32, 7), 5 * 32 * 7 * 32),
    ]


def test_tensors_under_another_name_and_constants(saved):
    node = helper.make_node
    value = helper.make_tensor("", FLOAT, (3,), [0] * 3)
    nodes = [
        node("Identity", ["s"], ["h"]),
        node("Constant", [], ["m"], value=value),
        node("BatchNormalization", ["x", "s", "h", "m", "s"], ["n"]),
        node("Constant", [], ["half"], value=helper.make_tensor("", FLOAT, (), [0.5])),
        node("Mul", ["n", "half"], ["y"]),
    ]
    found = onnx_model.read(saved(nodes, {"s": (FLOAT, (3,))}))
    assert [(line.kind, line.params) for line in found.layers] == [
        ("BatchNormalization", 6),
        ("Mul", 0),
    ]


@pytest.mark.parametrize(
    ("size", "asked", "message"),
    [
        (("N", 3, "H", "W"), None, "its input is 3xHxW: --input with numbers is needed"),
        (("N", 3, 16, 16), (16, 16), "--input: got 16x16, the model's is 3x16x16"),
        (("N", 3, 16, 16), (3, 8, 16), "--input: got 3x8x16, the model's is 3x16x16"),
        ((2, 3, 16, 16), (1, 3, 16, 16), "--input: got 1x3x16x16, the model's is 2x3x16x16"),
    ],
)
def test_sizes_that_are_needed(saved, size, asked, message):
    with pytest.raises(ConvError, match=message):
        onnx_model.read(saved(*small(), size=size), {"": asked} if asked else {})


def test_no_model(tmp_path):
    (tmp_path / "x.onnx").write_text("hello")
    with pytest.raises(ConvError, match=r"x\.onnx: is no ONNX model"):
        onnx_model.read(str(tmp_path / "x.onnx"))


def test_the_extra_is_named(monkeypatch, tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"a model")

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(loading, "import_module", missing)
    with pytest.raises(ConvError, match=r"pip install 'convcli\[onnx\]'"):
        onnx_model.read(str(tmp_path / "x.onnx"))
