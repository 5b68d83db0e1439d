"""Sizes of all values of a graph: onnx's inference, with the windows of this project's geometry and what is computed of
shapes computed.

onnx infers what follows from stated shapes. It does not look at what nodes compute of shapes (Shape → Gather → Div →
Reshape), and counts windows that start in the padding behind the input under ceil_mode. So, in turns: infer; compute
the nodes that read nothing but small numbers known by now; write every window out as plain padding, as
`geometry.axes` resolves it. Until nothing changes.
"""

from collections.abc import Sequence
from importlib import import_module
from math import prod
from typing import Any, NamedTuple

from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.geometry import Axis, Padding, axes, size_text
from convcli.engine.sizes.transposed import TransposedAxis, transposed_axes

__all__ = [
    "CONVOLUTIONS",
    "POOLS",
    "Settled",
    "Shape",
    "Tensor",
    "Windows",
    "attributes",
    "settled",
    "shown_node",
]

_SMALL = 4096
"""Cells up to which a tensor is taken for part of what is computed of shapes."""
_FEW = 64
"""The same of floats, which are rarely that."""
_ROUNDS = 200
_FLOATS = frozenset((1, 10, 11, 16))  # TensorProto: float, float16, double, bfloat16
_INTEGERS = frozenset((2, 3, 4, 5, 6, 7, 9, 12, 13))

POOLS = frozenset(("MaxPool", "AveragePool", "LpPool"))
CONVOLUTIONS = {
    **dict.fromkeys(("Conv", "ConvInteger", "ConvTranspose", "DeformConv", "FusedConv"), 1),
    "QLinearConv": 3,
}
"""Operators with windows and weights, and which of their inputs the weights are."""
_SAME = {b"SAME_UPPER": "same", b"SAME_LOWER": "same-lower"}
_GROW = {"ConstantOfShape", "Expand", "Tile", "Range"}
_NEVER = {"If", "Loop", "Scan", "DequantizeLinear", "Constant"}

Shape = tuple[int, ...] | None
Windows = tuple[Axis | TransposedAxis, ...]


class Tensor(NamedTuple):
    """A tensor that is part of the model."""

    dims: tuple[int, ...]
    kind: int
    """Its type, by ONNX's number."""
    generated: bool = False
    """Whether an exporter gave it its name: then a single number is a constant of a formula."""

    @property
    def floats(self) -> bool:
        """Whether it holds floats."""
        return self.kind in _FLOATS


class Settled(NamedTuple):
    """A graph with all the sizes that could be found out."""

    model: Any
    nodes: list[Any]
    """In the order of computation, without those that compute shapes or give a tensor another name."""
    shapes: dict[str, Shape]
    tensors: dict[str, Tensor]
    values: dict[str, Any]
    """Of small tensors, NumPy's arrays."""
    windows: dict[str, Windows]
    """Of a node with windows, by the name of its output."""
    folded: int
    """Nodes that only compute shapes."""


def settled(model: Any) -> Settled:
    """Find out the sizes of all values.

    Raises
    ------
    ConvError
        A node that cannot be: its kernel does not fit its input, or its channels do not match.
    """
    return _Settling(model).run()


def attributes(node: Any) -> dict[str, Any]:
    """Return a node's attributes by name."""
    value_of = import_module("onnx").helper.get_attribute_value
    return {a.name: value_of(a) for a in node.attribute}


def shown_node(node: Any, number: int) -> str:
    """Name a node in a message."""
    return f"node {printable(node.name) or number} ({printable(node.op_type)})"


class _Settling:
    def __init__(self, model: Any) -> None:
        self.model = model
        self.values: dict[str, Any] = {}
        self.tensors: dict[str, Tensor] = {}
        self.windows: dict[str, Windows] = {}
        self.folded = 0
        self.outdated = False
        """Whether a window has another size than was inferred: then what was inferred behind it does not hold."""
        self.shapes: dict[str, Shape] = {}
        self.stated = [_copy(value) for value in model.graph.value_info]
        self.outputs = [_copy(value) for value in model.graph.output]

    def run(self) -> Settled:
        graph = self.model.graph
        for tensor in graph.initializer:
            self.hold(tensor.name, tensor, generated=_generated(tensor.name))
        _check_order(graph)
        _as_standard(graph)
        for _ in range(_ROUNDS):
            self.infer()
            if not self.turn():
                break
        nodes = [node for node in self.model.graph.node if not self.names(node)]
        return Settled(
            self.model, nodes, self.shapes, self.tensors, self.values, self.windows, self.folded
        )

    def infer(self) -> None:
        graph = self.model.graph
        for held, stated in ((graph.value_info, self.stated), (graph.output, self.outputs)):
            del held[:]  # what was inferred before may have changed
            held.extend(stated)
        inference = import_module("onnx.shape_inference")
        self.model = inference.infer_shapes(self.model, data_prop=True)
        graph = self.model.graph
        self.shapes = {name: tensor.dims for name, tensor in self.tensors.items()}
        for value in (*graph.input, *graph.value_info, *graph.output):
            if self.shapes.get(value.name) is None:
                self.shapes[value.name] = _shape(value)

    def hold(self, name: str, tensor: Any, *, generated: bool) -> None:
        """Keep a tensor of the model, and its values if they are few and may be of shapes."""
        dims = tuple(tensor.dims)
        self.tensors[name] = Tensor(dims, tensor.data_type, generated)
        size = prod(dims)
        few = (tensor.data_type in _INTEGERS and size <= _SMALL) or (
            tensor.data_type in _FLOATS and (size <= 1 or (generated and size <= _FEW))
        )
        if few and not tensor.external_data:
            try:
                self.values[name] = import_module("onnx").numpy_helper.to_array(tensor)
            except (ValueError, TypeError):  # it claims more than it holds
                return

    def turn(self) -> bool:
        """Compute what can be computed by now, and settle the windows; say whether anything has changed."""
        graph = self.model.graph
        kept, changed = [], False
        self.outdated = False
        for number, node in enumerate(graph.node, 1):
            if self.outdated:  # what follows waits for the sizes that it really has
                kept.append(node)
                continue
            if self.fold(node):
                own = (
                    node.op_type in ("Constant", "Identity") or self.tensors[node.output[0]].floats
                )
                self.folded += not own
                changed = True
                continue
            kept.append(node)
            changed |= self.settle(node, number)
        if len(kept) < len(graph.node):
            copies = [_copy(node) for node in kept]
            del graph.node[:]
            graph.node.extend(copies)
        return changed

    def names(self, node: Any) -> bool:
        """Whether a node only holds a tensor, or gives it another name (exporters join tensors that are equal so)."""
        if node.op_type == "Constant":
            told = attributes(node)
            if hasattr(told.get("value"), "dims"):
                self.hold(node.output[0], told["value"], generated=True)
                self.shapes[node.output[0]] = self.tensors[node.output[0]].dims
            return True
        if node.op_type == "Identity" and node.input[0] in self.tensors:
            self.tensors[node.output[0]] = self.tensors[node.input[0]]
            self.shapes[node.output[0]] = self.tensors[node.input[0]].dims
            return True
        if node.op_type == "ConstantOfShape":
            dims = self.shapes.get(node.output[0])
            value: Any = attributes(node).get("value")
            if dims is not None:
                kind = value.data_type if hasattr(value, "data_type") else 1
                self.tensors[node.output[0]] = Tensor(dims, kind, True)
            return dims is not None
        return False

    def fold(self, node: Any) -> bool:
        """Compute a node of which all that it reads is known, and put what it gives among the tensors."""
        if node.domain not in ("", "ai.onnx"):
            return False
        if node.op_type == "Constant":
            return self.constant(node)
        if node.op_type in _NEVER:
            return False
        numpy = import_module("numpy")
        if node.op_type in ("Shape", "Size"):
            shape = self.shapes.get(node.input[0])
            if shape is None:
                return False
            told = attributes(node)
            found = (
                numpy.array(shape[told.get("start") or 0 : told.get("end")], numpy.int64)
                if node.op_type == "Shape"
                else numpy.array(prod(shape), numpy.int64)
            )
            return self.put(node, [found])
        read = [name for name in node.input if name]
        if not read or any(name not in self.values for name in read):
            return False
        if node.op_type in _GROW and self.grown(node, read) > _SMALL:
            return False
        return self.put(node, self.computed(node, read))

    def constant(self, node: Any) -> bool:
        told = attributes(node)
        helper, numpy = import_module("onnx").helper, import_module("numpy")
        if hasattr(told.get("value"), "dims"):
            self.hold(node.output[0], told["value"], generated=True)
            known = node.output[0] in self.values
            if known:
                self.added(node.output[0])
            return known
        for key, dtype in (("value_int", "int64"), ("value_ints", "int64"), ("value_float", "float32"), ("value_floats", "float32")):  # fmt: skip
            if key in told:
                made = numpy.array(told[key], dtype)
                kind = helper.np_dtype_to_tensor_dtype(made.dtype)
                self.tensors[node.output[0]] = Tensor(made.shape, kind, True)
                self.values[node.output[0]] = made
                self.added(node.output[0])
                return True
        return False

    def grown(self, node: Any, read: Sequence[str]) -> float:
        """Say how many cells a node will give that can give more than it reads."""
        given = [self.values[name] for name in read]
        if node.op_type == "Range":
            start, limit, delta = (float(v.reshape(-1)[0]) for v in given[:3])
            return abs(limit - start) / max(abs(delta), 1e-9)
        wanted = [max(int(n), 1) for n in given[-1].reshape(-1)]
        return prod(wanted) * (given[0].size if node.op_type != "ConstantOfShape" else 1)

    def computed(self, node: Any, read: Sequence[str]) -> list[Any] | None:
        onnx, helper = import_module("onnx"), import_module("onnx").helper
        reference = import_module("onnx.reference")
        kinds = {n: helper.np_dtype_to_tensor_dtype(self.values[n].dtype) for n in read}
        inputs = [
            helper.make_tensor_value_info(n, kinds[n], self.values[n].shape)
            for n in dict.fromkeys(read)
        ]
        outputs = [onnx.ValueInfoProto(name=name) for name in node.output if name]
        graph = helper.make_graph([node], "one", inputs, outputs)
        single = helper.make_model(graph, opset_imports=self.model.opset_import)
        try:
            found: list[Any] = reference.ReferenceEvaluator(single).run(
                None, {n: self.values[n] for n in read}
            )
        except Exception:  # whatever it cannot do is simply not known
            return None
        return found

    def put(self, node: Any, found: Sequence[Any] | None) -> bool:
        numpy, helper = import_module("numpy"), import_module("onnx").helper
        names = [name for name in node.output if name]
        if found is None or len(found) != len(names):
            return False
        made = [numpy.asarray(array) for array in found]
        if any(array.size > _SMALL or array.dtype.kind not in "biuf" for array in made):
            return False
        for name, array in zip(names, made, strict=True):
            self.values[name] = array
            kind = helper.np_dtype_to_tensor_dtype(array.dtype)
            self.tensors[name] = Tensor(array.shape, kind, True)
            self.shapes[name] = array.shape
            self.added(name)
        return True

    def added(self, name: str) -> None:
        tensor = import_module("onnx").numpy_helper.from_array(self.values[name], name)
        self.model.graph.initializer.append(tensor)

    def settle(self, node: Any, number: int) -> bool:
        """Write the windows of a node out as plain padding; say whether that changed it."""
        op, out = node.op_type, node.output[0]
        data = self.shapes.get(node.input[0]) if node.input else None
        if data is None or (op not in POOLS and op not in CONVOLUTIONS) or out in self.windows:
            return False
        try:
            found = self.resolved(node, data)
        except ConvError as error:
            raise error.about(shown_node(node, number)) from error
        if found is None:
            return False
        self.windows[out] = found
        size = self.shapes.get(out)
        self.outdated = size is not None and size[2:] != tuple(a.out for a in found)
        if self.outdated:
            self.stated = []  # the model itself has it from an inference that counts otherwise
            for value in self.outputs:
                value.type.tensor_type.ClearField("shape")
        told = attributes(node)
        if not told.get("ceil_mode") and told.get("auto_pad", b"NOTSET") in (b"NOTSET", b""):
            return self.outdated
        plain = {"pads": [a.before for a in found] + [_end(a) for a in found]}
        if op == "ConvTranspose":
            plain["output_padding"] = [a.extra for a in found if isinstance(a, TransposedAxis)]
        helper = import_module("onnx").helper
        gone = {"ceil_mode", "auto_pad", "pads", "output_padding", "output_shape"}
        kept = [a for a in node.attribute if a.name not in gone]
        kept += [helper.make_attribute(name, value) for name, value in plain.items()]
        copies = [_copy(a) for a in kept]
        del node.attribute[:]
        node.attribute.extend(copies)
        return True

    def resolved(self, node: Any, data: tuple[int, ...]) -> Windows | None:
        told, op = attributes(node), node.op_type
        weight: Shape = None
        if op in CONVOLUTIONS:
            weight = self.shapes.get(node.input[CONVOLUTIONS[op]])
        kernel = told.get("kernel_shape") or (weight[2:] if weight else None)
        if not kernel:
            return None
        rank = len(data) - 2
        if rank < 1:
            raise ConvError(f"got an input of {size_text(data)}, NxCx… is needed")
        if weight is not None:
            _check_channels(op, data, weight, told.get("group") or 1)
        pads = told.get("pads") or [0] * 2 * rank
        if len(pads) != 2 * rank:
            raise ConvError(f"got {len(pads)} pads for {rank} axes, {2 * rank} are needed")
        if min(pads) < 0:
            return None
        pairs = tuple(zip(pads[:rank], pads[rank:], strict=True))
        word = _SAME.get(told.get("auto_pad", b""))
        padding = Padding(word) if word else Padding("explicit", pairs)
        stride, dilation = told.get("strides") or 1, told.get("dilations") or 1
        if op == "ConvTranspose":
            return self.transposed(data[2:], tuple(kernel), padding, told)
        ceil = bool(told.get("ceil_mode"))
        return axes(data[2:], kernel, padding=padding, stride=stride, dilation=dilation, ceil=ceil)

    def transposed(
        self,
        sizes: tuple[int, ...],
        kernel: tuple[int, ...],
        padding: Padding,
        told: dict[str, Any],
    ) -> Windows:
        """Resolve a transposed convolution as runtimes do: SAME gives n*s rows, whatever the output padding."""
        rank = len(sizes)
        strides = list(told.get("strides") or [1] * rank)
        dilations = list(told.get("dilations") or [1] * rank)
        extra = list(told.get("output_padding") or [0] * rank)
        wanted = list(told.get("output_shape") or [])[-rank:]
        same = padding.word in ("same", "same-lower")
        if same and not wanted:
            wanted = [n * s for n, s in zip(sizes, strides, strict=True)]
        if not wanted:
            return transposed_axes(
                sizes,
                kernel,
                padding=padding,
                stride=strides,
                dilation=dilations,
                output_padding=extra,
            )
        found = []
        for n, k, s, d, more, out in zip(
            sizes, kernel, strides, dilations, extra, wanted, strict=True
        ):
            whole = s * (n - 1) + more + d * (k - 1) + 1
            total = whole - out
            if total < 0:  # more rows than the kernel reaches: zeros behind
                more, total = more - total, 0
            half = total // 2
            before = half if padding.word == "same" else total - half
            found.append(TransposedAxis(n, k, s, d, before, total - before, more, out))
        return tuple(found)


def _end(axis: Axis | TransposedAxis) -> int:
    """Rows of padding at the end so that rounding down gives the output's size."""
    if isinstance(axis, TransposedAxis):
        return axis.after
    covered = (axis.out - 1) * axis.s + axis.extent
    return max(axis.after, covered - axis.n - axis.before) if axis.out > 0 else axis.after


def _check_channels(op: str, data: tuple[int, ...], weight: tuple[int, ...], groups: int) -> None:
    if len(weight) != len(data):
        raise ConvError(f"its weights are {size_text(weight)}, its input {size_text(data)}")
    taken = weight[0] if op == "ConvTranspose" else weight[1] * groups
    if data[1] != taken:
        raise ConvError(
            f"channels do not match: the input has {data[1]}, the kernel takes {taken} "
            f"(input {size_text(data[1:])}, kernel {size_text(weight)}"
            + (f", {groups} groups)" if groups > 1 else ")")
        )


def _check_order(graph: Any) -> None:
    """Refuse a graph whose nodes read what is made later, or never: it may have circles."""
    made = {t.name for t in graph.initializer} | {v.name for v in graph.input}
    made |= {t.values.name for t in graph.sparse_initializer}
    for number, node in enumerate(graph.node, 1):
        for name in node.input:
            if name and name not in made:
                raise ConvError(
                    f"{shown_node(node, number)} reads '{printable(name)}', which no node before it makes"
                )
        made.update(node.output)


def _as_standard(graph: Any) -> None:
    """Give fused operators the name of the standard one that has their sizes, so that these can be inferred."""
    for node in graph.node:
        if node.domain == "com.microsoft" and node.op_type == "FusedConv":
            node.op_type, node.domain = "Conv", ""
            kept = [_copy(a) for a in node.attribute if not a.name.startswith("activation")]
            del node.attribute[:]
            node.attribute.extend(kept)
            del node.input[3:]
        elif node.domain == "com.microsoft" and node.op_type == "FusedGemm":
            node.op_type, node.domain = "Gemm", ""
            kept = [_copy(a) for a in node.attribute if not a.name.startswith("activation")]
            del node.attribute[:]
            node.attribute.extend(kept)


def _generated(name: str) -> bool:
    """Whether a tensor's name was made up by an exporter.

    >>> [_generated(n) for n in ("onnx::Mul_12", "/a/Constant_output_0", "val_3", "layer1.scale", "7")]
    [True, True, True, False, True]
    """
    bare = name.rpartition("/")[2]
    return (
        name.startswith(("onnx::", "/"))
        or bare.isdigit()
        or bare.lower().startswith(("const", "_const", "val_", "_val_", "scalar"))
    )


def _copy(message: Any) -> Any:
    made = type(message)()
    made.CopyFrom(message)
    return made


def _shape(value: Any) -> Shape:
    if not value.type.tensor_type.HasField("shape"):
        return None
    dims = [
        d.dim_value if d.HasField("dim_value") else -1 for d in value.type.tensor_type.shape.dim
    ]
    return tuple(dims) if all(n >= 0 for n in dims) else None
