"""ONNX's operators: which multiply and accumulate, and which are known to hold no such work. No arrays."""

__all__ = ["COUNTED", "ELEMENTWISE", "FREE", "NOT_LEARNED"]

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
