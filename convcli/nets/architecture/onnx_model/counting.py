"""What a node of ONNX comes to: multiply-accumulates, and the numbers of the model that first appear in it.

An operator outside of `WORK` and `FREE` is not counted: its work is None with the reason, never a silent zero.
"""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any, TypeAlias

from convcli.nets.architecture.onnx_model.settling import (
    CONVOLUTIONS,
    POOLS,
    Shape,
    Tensor,
    Windows,
    attributes,
)

__all__ = ["FREE", "WORK", "Work", "bodies", "extra", "learned", "work"]

Work: TypeAlias = "tuple[int | None, str]"
"""Multiply-accumulates of all examples, or None and why they are not known."""

UNSUPPORTED = "unsupported"
UNKNOWN = "shape unknown"


def work(node: Any, shapes: dict[str, Shape]) -> Work:
    """Count the multiply-accumulates of a node, bias not counted.

    Parameters
    ----------
    node : NodeProto
    shapes : dict
    """
    op = node.op_type
    if node.domain not in ("", "ai.onnx", "com.microsoft"):
        return None, UNSUPPORTED
    if op in ("If", "Loop", "Scan", "SequenceMap"):
        return _of_bodies(node)
    if op in FREE:
        return 0, ""
    rule = WORK.get(op)
    if rule is None:
        return None, UNSUPPORTED
    inputs = [shapes.get(name) if name else () for name in node.input]
    output = shapes.get(node.output[0])
    try:
        found = rule(_Given(inputs, output, attributes(node), op))
    except (IndexError, TypeError, ValueError, KeyError):
        found = None
    return (found, "") if found is not None else (None, UNKNOWN)


def extra(node: Any, shapes: dict[str, Shape], windows: Windows) -> dict[str, int]:
    """Count what `counts.COUNTED` can add to the work of a node."""
    op = node.op_type
    cells = prod(shapes.get(node.output[0]) or (0,))
    if op in WORK:
        at = 8 if op == "QLinearConv" else 2
        biased = op in ("Conv", "ConvTranspose", "Gemm", "QLinearConv") and len(node.input) > at
        return {"bias": cells} if biased and node.input[at] else {}
    if op == "BatchNormalization":
        return {"bn": cells}
    if op in POOLS:
        return {"pool": cells * prod(axis.k for axis in windows)}
    if op in ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"):
        return {"pool": prod(shapes.get(node.input[0]) or (0,))}
    return {"act": cells} if op in _ACTIVATIONS else {}


class _Given:
    """The shapes around a node and its attributes; what is not known raises TypeError where it is used."""

    def __init__(
        self, inputs: Sequence[Shape], output: Shape, told: dict[str, Any], op: str
    ) -> None:
        self.inputs, self.output, self.told, self.op = inputs, output, told, op

    def size(self, at: int) -> tuple[int, ...]:
        shape = self.inputs[at]
        if shape is None:
            raise TypeError("unknown")
        return shape

    @property
    def cells(self) -> int:
        if self.output is None:
            raise TypeError("unknown")
        return prod(self.output)


def _of_bodies(node: Any) -> Work:
    """Work that depends on data, unless there is none in any branch."""
    free = all(
        inner.op_type in FREE or inner.op_type == "Constant" or _of_bodies(inner)[0] == 0
        for body in bodies(node)
        for inner in body.node
        if inner.op_type not in ("If", "Loop", "Scan")
    ) and all(
        _of_bodies(inner)[0] == 0
        for body in bodies(node)
        for inner in body.node
        if inner.op_type in ("If", "Loop", "Scan")
    )
    has = any(True for _ in bodies(node))
    return (0, "") if free and has else (None, "depends on data")


def bodies(node: Any) -> Iterator[Any]:
    """Yield the graphs that a node holds."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _conv(given: _Given) -> int:
    weight = given.size(CONVOLUTIONS[given.op])
    return given.cells * prod(weight[1:])


def _conv_transpose(given: _Given) -> int:
    return prod(given.size(0)) * prod(given.size(1)[1:])


def _matmul(given: _Given) -> int:
    at = {"QLinearMatMul": (0, 3), "QGemm": (0, 3)}.get(given.op, (0, 1))
    a, b = given.size(at[0]), given.size(at[1])
    turned = given.op in ("Gemm", "FusedMatMul", "QGemm") and given.told.get("transA")
    inner = a[-2 if turned else -1]
    flipped = given.op in ("Gemm", "FusedMatMul", "QGemm") and given.told.get("transB")
    if len(b) > 1 and b[-1 if flipped else -2] != inner:
        raise ValueError("inner sizes differ")
    return given.cells * inner


def _matmul_bits(given: _Given) -> int:
    return prod(given.size(0)) * int(given.told["N"])


def _einsum(given: _Given) -> int:
    """Every product of two operands, at each combination of indices."""
    equation = given.told["equation"].decode().replace(" ", "")
    terms = equation.partition("->")[0].split(",")
    sizes: dict[str, int] = {}
    dots: tuple[int, ...] = ()
    for at, term in enumerate(terms):
        shape = given.size(at)
        head, dotted, tail = term.partition("...")
        if dotted:
            middle = shape[len(head) : len(shape) - len(tail)]
            dots = max(dots, middle, key=len)
        letters = dict(zip(head, shape, strict=False)) | dict(
            zip(tail, shape[len(shape) - len(tail) :], strict=True)
        )
        for letter, n in letters.items():
            sizes[letter] = max(sizes.get(letter, 1), n)
    return (len(terms) - 1) * prod(sizes.values()) * prod(dots)


_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1, "DynamicQuantizeLSTM": 4}


def _recurrent(given: _Given) -> int:
    x = given.size(0)
    hidden = int(given.told["hidden_size"])
    directions = 2 if given.told.get("direction") == b"bidirectional" else 1
    return x[0] * x[1] * directions * _GATES[given.op] * hidden * (x[2] + hidden)


def _attention(given: _Given) -> int:
    """Both products of attention: queries by keys, and their weights by values."""
    q, k, v = given.size(0), given.size(1), given.size(2)
    heads_k = k[1] if len(k) == 4 else int(given.told.get("kv_num_heads", 1))
    if len(q) == 4:
        batch, heads, rows, depth = q
        columns, width = k[2], v[3]
    else:
        batch, rows, whole = q
        heads = int(given.told.get("q_num_heads") or given.told["num_heads"])
        depth, columns = whole // heads, k[1]
        width = v[2] // max(heads_k if given.told.get("kv_num_heads") else heads, 1)
    past = given.inputs[4] if given.op == "Attention" and len(given.inputs) > 4 else ()
    if past is None:
        raise TypeError("unknown")
    columns += past[2] if past else 0
    return batch * heads * rows * columns * (depth + width)


def _packed_attention(given: _Given) -> int:
    """Attention of com.microsoft: the three projections, then both products."""
    batch, rows, _ = given.size(0)
    weight = given.size(1)
    parts = [int(n) for n in given.told.get("qkv_hidden_sizes") or ()] or [weight[1] // 3] * 3
    return batch * rows * prod(weight) + batch * rows * rows * (parts[0] + parts[2])


def _any_attention(given: _Given) -> int:
    packed = len(given.size(0)) == 3 and len(given.size(1)) == 2
    return _packed_attention(given) if packed else _attention(given)


_Rule: TypeAlias = Callable[[_Given], int]
WORK: dict[str, _Rule] = {
    **dict.fromkeys((op for op in CONVOLUTIONS if op != "ConvTranspose"), _conv),
    "ConvTranspose": _conv_transpose,
    **dict.fromkeys(
        (
            *(
                "Gemm",
                "MatMul",
                "MatMulInteger",
                "QLinearMatMul",
                "QGemm",
                "FusedMatMul",
                "FusedGemm",
            ),
            *("DynamicQuantizeMatMul", "MatMulIntegerToFloat"),
        ),
        _matmul,
    ),
    "MatMulNBits": _matmul_bits,
    "Einsum": _einsum,
    **dict.fromkeys(_GATES, _recurrent),
    **dict.fromkeys(("Attention", "QAttention"), _any_attention),
    "MultiHeadAttention": _attention,
}
"""Operators that multiply and accumulate, and how often."""

_WEIGHTS: dict[str, tuple[int, ...]] = {
    **{op: (at, at + 1) for op, at in CONVOLUTIONS.items()},
    "DeformConv": (1, 3),
    "QLinearConv": (3, 8),
    "ConvInteger": (1,),
    "QLinearMatMul": (0, 3),
    "QGemm": (0, 3, 6),
    "MatMulInteger": (0, 1),
    "MatMulIntegerToFloat": (0, 1, 6),
    "DynamicQuantizeMatMul": (1, 4),
    "MatMulNBits": (1, 5),
    "DynamicQuantizeLSTM": (1, 2, 3, 5, 6, 7),
    "QAttention": (1, 2),
    "QuantizeLinear": (0,),
    "DequantizeLinear": (0,),
    "QLinearAdd": (0, 3),
    "QLinearMul": (0, 3),
    "Gather": (0,),
    "Expand": (0,),
    "Tile": (0,),
    "Reshape": (0,),
    "Transpose": (0,),
    "Unsqueeze": (0,),
    "Squeeze": (0,),
    "Slice": (0,),
    "Split": (0,),
    "Cast": (0,),
    "Resize": (0,),
    "Pad": (0,),
    "Concat": tuple(range(64)),
}
"""Of operators whose other inputs are no parameters (sizes, scales, zero points), which are."""

_ANY_KIND = frozenset(
    ("ConvInteger", "QLinearConv", "QLinearMatMul", "QGemm", "MatMulInteger", "MatMulIntegerToFloat",
     "DynamicQuantizeMatMul", "MatMulNBits", "DynamicQuantizeLSTM", "QAttention", "DequantizeLinear",
     "QLinearAdd", "QLinearMul")
)  # fmt: skip
"""Operators whose weights are integers."""

_FILLED_IN: dict[str, tuple[int, ...]] = {
    "GRU": (5,),
    "LSTM": (5, 6),
    "RNN": (5,),
    "InstanceNormalization": (1, 2),
}
"""Inputs that exporters fill in where a layer has none: states of zeros, and a group normalization's ones and zeros."""

_FORMULAS = frozenset(
    ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Where", "Mod", "Equal", "Less", "Greater", "LessOrEqual",
     "GreaterOrEqual", "Sum", "Mean")
)  # fmt: skip
"""Operators whose constants of one number are part of a formula, if an exporter named them."""

_NEVER = frozenset(
    (
        "Clip",
        "Dropout",
        "Range",
        "ConstantOfShape",
        "Shape",
        "OneHot",
        "TopK",
        "NonMaxSuppression",
        "Upsample",
    )
)
"""Operators whose constants are no parameters."""


def learned(node: Any, tensors: dict[str, Tensor], seen: set[str]) -> tuple[int, int]:
    """Count the learned numbers, and those kept but not learned, that first appear in a node.

    Parameters
    ----------
    node : NodeProto
    tensors : dict
        What the model holds.
    seen : set of str
        Those that were counted already; grows.
    """
    params = buffers = 0
    for i, name in enumerate(node.input):
        tensor = tensors.get(name)
        if tensor is None or name in seen or not _counts(node, i, tensor):
            continue
        seen.add(name)
        if node.op_type == "BatchNormalization" and i > 2:
            buffers += prod(tensor.dims)
        elif node.op_type == "MatMulNBits" and i == 1:
            told = attributes(node)
            params += int(told["K"]) * int(told["N"])
        else:
            params += prod(tensor.dims)
    for body in bodies(node):
        own = {t.name: Tensor(tuple(t.dims), t.data_type) for t in body.initializer}
        inside = {**tensors, **own}
        counted = (
            seen - own.keys()
        )  # names of a body are its own: another branch may use them again
        for inner in body.node:
            if inner.op_type == "Constant":
                value: Any = attributes(inner).get("value")
                if hasattr(value, "dims"):
                    inside[inner.output[0]] = Tensor(tuple(value.dims), value.data_type, True)
                    counted.discard(inner.output[0])
                continue
            more = learned(inner, inside, counted)
            params, buffers = params + more[0], buffers + more[1]
        seen |= counted & tensors.keys()
    return params, buffers


def _counts(node: Any, at: int, tensor: Tensor) -> bool:
    op = node.op_type
    if op in _NEVER:
        return False
    if op in _WEIGHTS:
        return at in _WEIGHTS[op] and (tensor.floats or op in _ANY_KIND)
    if not tensor.floats:
        return False
    told = prod(tensor.dims) == 1 if op in _FORMULAS else at in _FILLED_IN.get(op, ())
    return not (told and tensor.generated)


_ELEMENTWISE = """
Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu
Clip Cos Cosh Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN
LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Shrink Sigmoid
Sign Sin Sinh Softplus Softsign Sqrt Sub Sum Swish Tan Tanh ThresholdedRelu Where Xor BatchNormalization Dropout LRN
QuantizeLinear DequantizeLinear DynamicQuantizeLinear FastGelu QuickGelu QLinearAdd QLinearMul QLinearSigmoid
QLinearLeakyRelu BiasGelu
"""
_OTHERS = """
ArgMax ArgMin AveragePool Bernoulli BitCast BlackmanWindow CenterCropPad Col2Im Compress Concat ConcatFromSequence Constant
ConstantOfShape CumProd CumSum DepthToSpace EyeLike Expand Flatten Gather GatherElements GatherND GlobalAveragePool GlobalLpPool
GlobalMaxPool GridSample GroupNormalization HammingWindow HannWindow Hardmax ImageDecoder InstanceNormalization
LayerNormalization LogSoftmax LpNormalization LpPool MaxPool MaxRoiPool MaxUnpool MeanVarianceNormalization
NonMaxSuppression NonZero OneHot Optional OptionalGetElement OptionalHasElement Pad QLinearAveragePool QLinearConcat
QLinearGlobalAveragePool RMSNormalization RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range ReduceL1
ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Reshape Resize
ReverseSequence RoiAlign RotaryEmbedding Scatter ScatterElements ScatterND SequenceAt SequenceConstruct SequenceEmpty
SequenceErase SequenceInsert SequenceLength Shape SimplifiedLayerNormalization Size SkipLayerNormalization
SkipSimplifiedLayerNormalization Slice Softmax SpaceToDepth Split SplitToSequence Squeeze TensorScatter Tile TopK
Transpose Trilu Unique Unsqueeze Upsample SwiGLU StringNormalizer StringConcat StringSplit RegexFullMatch TfIdfVectorizer
NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss EmbedLayerNormalization
"""
_ACTIVATIONS = frozenset(
    ("Celu", "Clip", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "LogSoftmax", "Mish", "PRelu", "Relu", "Selu",
     "Sigmoid", "Softmax", "Softplus", "Softsign", "Swish", "Tanh", "ThresholdedRelu", "FastGelu", "QuickGelu")
)  # fmt: skip

FREE = frozenset((*_ELEMENTWISE.split(), *_OTHERS.split()))
"""Operators that are known and hold no multiply-accumulates by the counting rule."""
