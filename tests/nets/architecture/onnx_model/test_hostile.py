"""Models that want to do harm: each is told in one line or counted, without what it claims taking memory."""

import pytest

onnx = pytest.importorskip("onnx", reason="the extra convcli[onnx] is not installed")
# ruff: noqa: E402
from onnx import TensorProto, helper

from convcli.engine.errors import ConvError
from convcli.nets.architecture import onnx_model
from tests.nets.architecture.onnx_model.making import model, read


def tensor(kind, *dims, where=""):
    found = TensorProto(name="w", data_type=kind, dims=dims)
    if where:
        found.data_location = TensorProto.EXTERNAL
        entry = found.external_data.add()
        entry.key, entry.value = "location", where
    return found


def test_a_cycle():
    made = model("b = Relu (x) a = Relu (b) y = Add (a, b)")
    made.graph.node[0].input[0] = "a"
    with pytest.raises(
        ConvError, match=r"node 1 \(Relu\) reads 'a', which no node before it makes"
    ):
        read(made)


def test_subgraphs_a_thousand_deep():
    def field(number, data):
        head, size = bytes([number << 3 | 2]), len(data)
        while size > 127:
            head += bytes([size & 127 | 128])
            size >>= 7
        return head + bytes([size]) + data

    graph = field(1, field(1, b"x") + field(2, b"y") + field(4, b"Relu"))
    for _ in range(1000):
        graph = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, graph)))
    with pytest.raises(ConvError, match=r"^model\.onnx: is no ONNX model: [^\n]*$"):
        onnx_model.read("model.onnx", source=b"\x08\x08" + field(7, graph))


def test_terabytes_are_counted_and_not_taken():
    made = model("y = Conv (x, w)", size="1,3,8,8")
    made.graph.initializer.append(tensor(TensorProto.FLOAT, 1 << 40, 3, 3, 3))
    assert read(made).total.params == 27 << 40


@pytest.mark.parametrize(
    "op", ["ConstantOfShape (s)", "Expand (o, s)", "Tile (o, s)", "Range (z, r, i)"]
)
def test_what_would_be_computed_of_shapes_is_not_if_it_is_large(op):
    made = model(f"w = {op} y = Reshape (x, w)", size="1,3,8,8")
    for name, value, dims in (
        ("s", 1 << 40, [1]),
        ("o", 1, [1]),
        ("r", 1 << 40, []),
        ("z", 0, []),
        ("i", 1, []),
    ):
        made.graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, dims, [value]))
    assert read(made).layers[-1].output == ()


@pytest.mark.parametrize("where", ["../secret", "/etc/hostname", "gone.bin"])
def test_files_beside_a_model_are_not_opened(where):
    made = model("y = Reshape (x, w)", size="1,3,8,8")
    made.graph.initializer.append(tensor(TensorProto.INT64, 4, where=where))
    assert read(made).layers[-1].output == ()
