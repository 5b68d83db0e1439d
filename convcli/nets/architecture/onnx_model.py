"""ONNX models, counted by the shapes that they state and imply. Loads `onnx` (the extra `convcli[onnx]`) when asked.

An operator outside of `COUNTED` and `FREE` is listed as not counted: its work is None, never a silent zero.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.geometry import Axis, Padding, axes, size_text
from convcli.engine.sizes.receptive_field import Field
from convcli.engine.sizes.transposed import TransposedAxis, transposed_axes
from convcli.nets.architecture.counts import LayerRecord
from convcli.nets.architecture.steps import Fields, after_join, after_windows
from convcli.nets.architecture.summary import Summary

__all__ = ["COUNTED", "ELEMENTWISE", "FREE", "NOT_LEARNED", "read"]

_FLOATS = frozenset((1, 10, 11, 16))  # TensorProto: float, float16, double, bfloat16

Shape = tuple[int, ...] | None


def read(name: str, size: Sequence[int] | None = None, classes: int | None = None) -> Summary:
    """Count an ONNX model.

    Parameters
    ----------
    name : str
        The file.
    size : sequence of int, optional
        The input without its batch axis, where the model leaves it open, or another than it states.
    classes : int, optional
        Refused: the model says itself how many.

    Raises
    ------
    ConvError
        The extra is missing, the file is no model, or its sizes are not known.
    """
    if classes is not None:
        raise ConvError(f"--classes: {printable(name)} says itself how many", usage=True)
    Path(name).stat()  # a file that is not there is told before an extra that is not
    try:
        onnx = import_module("onnx")
    except ImportError as error:
        raise ConvError(
            f"{printable(name)}: ONNX models are read with pip install 'convcli[onnx]'"
        ) from error
    inliner, inference = import_module("onnx.inliner"), import_module("onnx.shape_inference")
    try:
        model = onnx.load(name, load_external_data=False)
        if model.functions:
            model = inliner.inline_local_functions(model)
        shape = _open(model.graph, size)
        model = inference.infer_shapes(model, data_prop=True)
    except ConvError as error:
        raise error.about(printable(name)) from error
    except OSError:
        raise
    except Exception as error:  # protobuf and onnx have error types of their own
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConvError(f"{printable(name)}: is no ONNX model: {printable(first)}") from error
    walk = _Walk(model.graph, onnx.helper.get_attribute_value)
    try:
        return Summary(name, shape[1:], tuple(walk.layers()))
    except ConvError as error:
        raise error.about(printable(name)) from error


def _open(graph: Any, size: Sequence[int] | None) -> tuple[int, ...]:
    """Settle the size of the input: an open batch axis is 1, the others are what was asked for."""
    held = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in held]
    if not inputs:
        raise ConvError("has no input")
    for value in inputs:
        dims = value.type.tensor_type.shape.dim
        if len(dims) and not dims[0].dim_value:
            dims[0].dim_value = 1
    dims = inputs[0].type.tensor_type.shape.dim
    stated = [d.dim_value or d.dim_param or "?" for d in dims]
    if size is not None:
        if len(size) != len(dims) - 1:
            got = size_text(size)
            raise ConvError(f"--input: got {got}, the model's is {_text(stated[1:])}", usage=True)
        for dim, n in zip(dims[1:], size, strict=True):
            dim.dim_value = n
        # what it stated for its values no longer holds
        del graph.value_info[:]
        for output in graph.output:
            output.type.tensor_type.ClearField("shape")
    found = tuple(d.dim_value for d in dims)
    if not all(found):
        raise ConvError(
            f"its input is {_text(stated[1:])}: --input with numbers is needed", usage=True
        )
    return found


def _text(stated: Sequence[object]) -> str:
    return printable("x".join(map(str, stated)))


class _Walk:
    """Follows shapes and receptive fields through the nodes, in the order they stand in (it is topological)."""

    def __init__(self, graph: Any, value_of: Any) -> None:
        self.graph = graph
        self.value_of = value_of
        self.tensors = {t.name: (tuple(t.dims), t.data_type) for t in graph.initializer}
        self.shapes: dict[str, Shape] = {name: dims for name, (dims, _) in self.tensors.items()}
        for value in (*graph.input, *graph.value_info, *graph.output):
            self.shapes.setdefault(value.name, _shape(value))
        self.fields: dict[str, Fields] = {}
        for value in graph.input:
            shape = self.shapes.get(value.name)
            if value.name not in self.tensors and shape and len(shape) > 2:
                self.fields[value.name] = (Field(),) * (len(shape) - 2)
        first = next((self.shapes[v.name] for v in graph.input if v.name not in self.tensors), None)
        self.batch = first[0] if first else 1
        self.seen: set[str] = set()

    def layers(self) -> Iterator[LayerRecord]:
        for number, node in enumerate(self.graph.node, 1):
            try:
                layer = None if self.holds(node) else self.layer(number, node)
            except (ArithmeticError, LookupError, TypeError, ValueError) as error:
                raise ConvError(
                    f"node {number} ({printable(node.op_type)}) has not what its operator needs"
                ) from error
            if layer is not None:
                yield layer

    def holds(self, node: Any) -> bool:
        """Whether a node only holds a tensor, or gives it another name (exporters join tensors that are equal so)."""
        if node.op_type == "Constant":
            told = {a.name: self.value_of(a) for a in node.attribute}
            if hasattr(told.get("value"), "dims"):
                self.tensors[node.output[0]] = tuple(told["value"].dims), told["value"].data_type
                self.shapes[node.output[0]] = tuple(told["value"].dims)
            return True
        if node.op_type == "Identity" and node.input[0] in self.tensors:
            self.tensors[node.output[0]] = self.tensors[node.input[0]]
            self.shapes[node.output[0]] = self.tensors[node.input[0]][0]
            return True
        return False

    def layer(self, number: int, node: Any) -> LayerRecord:
        told = {a.name: self.value_of(a) for a in node.attribute}
        known = not node.domain or node.domain == "ai.onnx"
        output = self.shapes.get(node.output[0])
        windows = self.windows(node, told)
        fields = self.field(node, windows) if known else None
        if fields is not None:
            self.fields |= dict.fromkeys(node.output, fields)
        params, buffers = self.held(node)
        return LayerRecord(
            output[1:] if output else (),
            windows,
            params=params,
            buffers=buffers,
            macs=self.macs(node, told, output) if known else None,
            name=_dotted(node.name) or f"{node.op_type}_{number}",
            kind=node.op_type if known else f"{node.domain}.{node.op_type}",
            activations=prod(output[1:]) if output else 0,
            fields=fields,
        )

    def macs(self, node: Any, told: dict[str, Any], output: Shape) -> int | None:
        """Count the multiply-accumulates at batch 1; None where they are not known."""
        op = node.op_type
        if op in FREE:
            return 0
        if op not in COUNTED:
            return None
        data, weight = self.shapes.get(node.input[0]), self.shapes.get(node.input[COUNTED[op]])
        if data is None or weight is None or output is None:
            return None
        if op.endswith(("Conv", "ConvInteger")):
            work = prod(output) * prod(weight[1:])
        elif op == "ConvTranspose":
            work = prod(data) * prod(weight[1:])
        else:
            work = prod(output) * data[-2 if op == "Gemm" and told.get("transA") else -1]
        return work // self.batch

    def held(self, node: Any) -> tuple[int, int]:
        """Count the learned numbers, and those kept but not learned, that first appear in a node."""
        params = buffers = 0
        for i, name in enumerate(node.input):
            dims, kind = self.tensors.get(name, ((), 0))
            weight = i == COUNTED.get(node.op_type, 0 if node.op_type == "DequantizeLinear" else -1)
            if name in self.seen or name not in self.tensors or node.op_type in NOT_LEARNED:
                continue
            if kind not in _FLOATS and not weight:
                continue
            if node.op_type in ("Add", "Sub", "Mul", "Div") and prod(dims) == 1:
                continue  # a constant of a formula
            self.seen.add(name)
            if node.op_type == "BatchNormalization" and i > 2:
                buffers += prod(dims)
            else:
                params += prod(dims)
        return params, buffers

    def windows(self, node: Any, told: dict[str, Any]) -> tuple[Axis | TransposedAxis, ...]:
        """Resolve the windows of a convolution or pooling node; none where sizes are not known."""
        op = node.op_type
        data = self.shapes.get(node.input[0]) if node.input else None
        pools = op in ("MaxPool", "AveragePool", "LpPool")
        if data is None or len(data) < 3 or not (pools or (op in COUNTED and "Conv" in op)):
            return ()
        weight = self.shapes.get(node.input[COUNTED[op]]) if op in COUNTED else None
        kernel = told.get("kernel_shape") or (weight[2:] if weight else None)
        if not kernel:
            return ()
        rank = len(data) - 2
        pads = told.get("pads") or [0] * 2 * rank
        word = {b"SAME_UPPER": "same", b"SAME_LOWER": "same-lower"}.get(told.get("auto_pad", b""))
        padding = (
            Padding(word)
            if word
            else Padding("explicit", tuple(zip(pads[:rank], pads[rank:], strict=True)))
        )
        stride, dilation = told.get("strides") or 1, told.get("dilations") or 1
        try:
            if op == "ConvTranspose":
                return transposed_axes(
                    data[2:],
                    kernel,
                    padding=padding,
                    stride=stride,
                    dilation=dilation,
                    output_padding=told.get("output_padding"),
                )
            ceil = bool(told.get("ceil_mode"))
            return axes(
                data[2:], kernel, padding=padding, stride=stride, dilation=dilation, ceil=ceil
            )
        except ConvError:
            return ()

    def field(self, node: Any, windows: tuple[Axis | TransposedAxis, ...]) -> Fields | None:
        """Return the receptive field of a node's units; None where they are no feature map, or not known."""
        before = [self.fields[name] for name in node.input if name in self.fields]
        output = self.shapes.get(node.output[0])
        if not before or output is None or len(output) != len(before[0]) + 2:
            return None
        if windows:
            return after_windows(before[0], windows)
        data = [self.shapes.get(name) for name in node.input if name in self.fields]
        joins = node.op_type == "Concat" and all(d and d[2:] == output[2:] for d in data)
        if not joins and node.op_type not in ELEMENTWISE:
            return None
        return after_join(before, output[2:])


def _shape(value: Any) -> Shape:
    if not value.type.tensor_type.HasField("shape"):
        return None
    dims = [d.dim_value for d in value.type.tensor_type.shape.dim]
    return tuple(dims) if all(dims) else None


def _dotted(name: str) -> str:
    """Write a node's name as blocks and layer: exporters say /layer1/layer1.0/conv1/Conv.

    >>> _dotted("/layer1/layer1.0/conv1/Conv")
    'layer1.0.conv1.Conv'
    """
    parts: list[str] = []
    full = ""
    for part in filter(None, printable(name).split("/")):
        parts.append(part.removeprefix(f"{full}.") if full else part)
        full = part
    return ".".join(parts)


COUNTED = {
    **dict.fromkeys(("Conv", "ConvInteger"), 1),
    **dict.fromkeys(("ConvTranspose", "Gemm", "MatMul", "MatMulInteger"), 1),
    **dict.fromkeys(("QLinearConv", "QLinearMatMul"), 3),
}
"""Operators that multiply and accumulate, and which of their inputs is the weight."""

_ELEMENTWISE = """
Abs Add And BitShift Cast Ceil Celu Clip Cos Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid
HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow
Reciprocal Relu Round Selu Sigmoid Sign Sin Softplus Softsign Sqrt Sub Sum Swish Tan Tanh ThresholdedRelu Where Xor
BatchNormalization Dropout LRN QuantizeLinear DequantizeLinear DynamicQuantizeLinear
"""
_FREE = """
ArgMax ArgMin AveragePool Concat Constant ConstantOfShape DepthToSpace Expand Flatten Gather GlobalAveragePool
GlobalMaxPool GroupNormalization InstanceNormalization LayerNormalization LogSoftmax LpNormalization LpPool MaxPool
MeanVarianceNormalization NonZero OneHot Pad Range ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd
ReduceSum ReduceSumSquare Reshape Resize Shape Size Slice Softmax SpaceToDepth Split Squeeze Tile TopK Transpose
Unsqueeze Upsample
"""
ELEMENTWISE = frozenset(_ELEMENTWISE.split())
"""Operators that leave every cell where it is."""

FREE = ELEMENTWISE | frozenset(_FREE.split())
"""Operators that are known and hold no multiply-accumulates by the counting rule."""

NOT_LEARNED = frozenset(
    ("Clip", "Dropout", "Pad", "Range", "Resize", "Upsample", "Constant", "Pow", "Where", "Expand")
)
"""Operators whose constants are no parameters."""
