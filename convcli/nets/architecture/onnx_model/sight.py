"""What the units of a value see of the input, axis by axis, through the operators of ONNX.

Each axis of a value that depends on the input runs along an axis of the input (`Along`, with the receptive field), is
the batch, is a mixture of axes (`Mixed`: flattened, say), or runs along none (None: channels). Beside that, whole axes of
the input may be seen by every unit: after global pooling, a softmax, a dense layer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor, prod
from typing import Any, TypeAlias

from convcli.engine.sizes.geometry import Axis
from convcli.engine.sizes.receptive_field import Field
from convcli.engine.sizes.transposed import TransposedAxis
from convcli.nets.architecture.onnx_model.settling import (
    CONVOLUTIONS,
    POOLS,
    Settled,
    attributes,
)

__all__ = ["Along", "Batch", "BatchMovedError", "Mixed", "Sight", "after_node"]


class BatchMovedError(Exception):
    """The first axis of the input is no batch axis: a convolution finds it in another place."""


class Batch:
    """The axis of examples."""


@dataclass(frozen=True)
class Along:
    """An axis whose units see a part of an axis of the input."""

    axis: int
    field: Field


@dataclass(frozen=True)
class Mixed:
    """An axis that runs along several axes of the input, or along one in an order that is not known."""

    axes: frozenset[int]
    batch: bool = False
    since: str = field(default="", compare=False)
    """The node that mixed them."""


State: TypeAlias = "Along | Mixed | Batch | None"
BATCH = Batch()


@dataclass(frozen=True)
class Sight:
    """What a value's units see.

    Parameters
    ----------
    states : tuple
        One an axis of the value.
    everywhere : frozenset of int
        Axes of the input that each unit sees the whole of.
    """

    states: tuple[State, ...]
    everywhere: frozenset[int] = frozenset()

    def alongs(self) -> dict[int, int]:
        """Return the axes of the value by the axes of the input that they run along."""
        return {s.axis: i for i, s in enumerate(self.states) if isinstance(s, Along)}

    def collapsed(self, axis: int) -> frozenset[int]:
        """Return the axes of the input that are seen whole when an axis of the value is summed over."""
        state = self.states[axis]
        if isinstance(state, Along):
            return frozenset((state.axis,))
        return state.axes if isinstance(state, Mixed) else frozenset()

    @property
    def batched(self) -> bool:
        """Whether it has the batch in it."""
        return any(s is BATCH or (isinstance(s, Mixed) and s.batch) for s in self.states)


_Shape: TypeAlias = tuple[int, ...]


def after_node(
    node: Any, name: str, sights: dict[str, Sight], settled: Settled
) -> dict[str, Sight]:
    """Return what the units of a node's outputs see; nothing of what does not depend on the input.

    Parameters
    ----------
    node : NodeProto
    name : str
        What to call it.
    sights : dict
        Of the values so far.
    settled : Settled
    """
    seen = [sights.get(n) for n in node.input]
    if not any(seen):
        return {}
    shapes = settled.shapes
    inputs = [shapes.get(n) for n in node.input]
    outputs = {n: shapes.get(n) for n in node.output if n}
    found: dict[str, Sight] = {}
    call = _Call(node, seen, inputs, settled)
    known = node.domain in ("", "ai.onnx", "com.microsoft")
    rule = _RULES.get(node.op_type) if known else None
    for at, (out, shape) in enumerate(outputs.items()):
        sight = None
        if (
            rule is not None
            and shape is not None
            and all(i is not None for i, s in zip(inputs, seen, strict=True) if s)
        ):
            sight = rule(replace(call, output=shape, at=at))
        rank = 1 if shape is None else len(shape)  # one that stands for all, where it is not known
        if sight is None or len(sight.states) != rank:
            sight = _unknown(seen, rank)
        states = tuple(
            replace(s, since=name) if isinstance(s, Mixed) and not s.since else s
            for s in sight.states
        )
        found[out] = replace(sight, states=states)
    return found


def _unknown(seen: Sequence[Sight | None], rank: int) -> Sight:
    held = [s for s in seen if s]
    axes = frozenset(a for s in held for i in range(len(s.states)) for a in s.collapsed(i))
    before = [state for s in held for state in s.states if isinstance(state, Mixed)]
    since = before[0].since if before else ""
    state = Mixed(axes, any(s.batched for s in held), since)
    everywhere = frozenset[int]().union(*(s.everywhere for s in held))
    return Sight((state,) * rank, everywhere)


@dataclass(frozen=True, eq=False)
class _Call:
    """A node, with what is known of its inputs and of the one of its outputs that is asked about."""

    node: Any
    seen: Sequence[Sight | None]
    inputs: Sequence[_Shape | None]
    settled: Settled
    output: _Shape = ()
    at: int = 0

    @property
    def data(self) -> tuple[Sight | None, _Shape]:
        return self.seen[0], self.inputs[0] or ()

    def told(self, name: str, default: Any = None) -> Any:
        return attributes(self.node).get(name, default)

    def values(self, at: int) -> list[float] | None:
        """Return the numbers of an input that is a small tensor; [] where it is left out."""
        if at >= len(self.node.input) or not self.node.input[at]:
            return []
        held = self.settled.values.get(self.node.input[at])
        return None if held is None else [v.item() for v in held.reshape(-1)]

    def axis(self, default: int) -> int:
        return int(self.told("axis", default)) % max(len(self.inputs[0] or ()), 1)


def _same(call: _Call) -> Sight | None:
    return call.data[0]


def _elementwise(call: _Call) -> Sight | None:
    """Put inputs of one size together, or of sizes that are broadcast to one."""
    rank = len(call.output)
    states: list[State] = [None] * rank
    everywhere = frozenset[int]().union(*(s.everywhere for s in call.seen if s))
    for sight, shape in zip(call.seen, call.inputs, strict=True):
        if sight is None or shape is None:
            continue
        for i, (state, n) in enumerate(zip(sight.states, shape, strict=True), rank - len(shape)):
            if n == 1 and call.output[i] > 1:  # broadcast: the same for all units
                everywhere |= sight.collapsed(i - rank + len(shape))
                continue
            states[i] = _together(states[i], state, call.output[i])
    return Sight(tuple(states), everywhere)


def _together(one: State, other: State, n: int) -> State:
    if one is None or other is None or one == other:
        return other if one is None else one
    if isinstance(one, Along) and isinstance(other, Along) and one.axis == other.axis:
        return Along(one.axis, one.field.joined(other.field, n))
    axes = frozenset(
        a
        for s in (one, other)
        for a in ((s.axis,) if isinstance(s, Along) else s.axes if isinstance(s, Mixed) else ())
    )
    batch = any(s is BATCH or (isinstance(s, Mixed) and s.batch) for s in (one, other))
    since = next((s.since for s in (one, other) if isinstance(s, Mixed)), "")
    return Mixed(axes, batch, since)


def _windows(call: _Call) -> Sight | None:
    """Convolutions and pooling."""
    sight, shape = call.data
    windows = call.settled.windows.get(call.node.output[0])
    if sight is None:  # weights that depend on the input
        return None
    if windows is None or len(windows) != len(shape) - 2:
        return None
    pools = call.node.op_type in POOLS
    if any(s is BATCH for s in sight.states[1:]):
        raise BatchMovedError
    everywhere = sight.everywhere if pools else sight.everywhere | sight.collapsed(1)
    for other in call.seen[1:]:
        if (
            other is not None
        ):  # offsets or weights that depend on the input, as in deformable convolution
            axes = (a for i in range(len(other.states)) for a in other.collapsed(i))
            everywhere |= other.everywhere | frozenset(axes)
    states: list[State] = [sight.states[0], sight.states[1] if pools else None]
    for state, window in zip(sight.states[2:], windows, strict=True):
        states.append(_after_window(state, window))
    return Sight(tuple(states), everywhere)


def _after_window(state: State, window: Axis | TransposedAxis) -> State:
    if not isinstance(state, Along):
        return state
    after = (
        state.field.after_transposed(window)
        if isinstance(window, TransposedAxis)
        else state.field.after(window)
    )
    return _along(state.axis, after)


def _along(axis: int, seen: Field | None) -> State:
    return Mixed(frozenset((axis,))) if seen is None else Along(axis, seen)


def _over(call: _Call, axes: Sequence[int], *, keep: bool = True) -> Sight | None:
    """Let every unit see the whole of some axes of the value."""
    sight, shape = call.data
    if sight is None:
        return None
    over = {a % len(shape) for a in axes}
    everywhere = sight.everywhere.union(*(sight.collapsed(a) for a in over))
    states = [s if keep or i not in over else None for i, s in enumerate(sight.states)]
    return Sight(tuple(states), everywhere)


def _reduced(call: _Call) -> Sight | None:
    sight, shape = call.data
    axes = call.told("axes") or call.values(1)
    if axes is None or sight is None:
        return None
    if call.node.op_type in ("ArgMax", "ArgMin"):
        axes = [call.told("axis", 0)]
    over = {int(a) % len(shape) for a in axes} or set(range(len(shape)))
    found = _over(call, sorted(over), keep=False)
    if found is None or call.told("keepdims", 1):
        return found
    return replace(found, states=tuple(s for i, s in enumerate(found.states) if i not in over))


def _global(call: _Call) -> Sight | None:
    return _over(call, range(2, len(call.data[1])), keep=False)


def _normalised(call: _Call) -> Sight | None:
    """Normalization by what each example holds: over channels and places, or over the last axes."""
    rank = len(call.data[1])
    if "Layer" in call.node.op_type or "RMS" in call.node.op_type:
        return _over(call, range(call.axis(-1), rank))
    return _over(call, range(1 if call.node.op_type.startswith("Group") else 2, rank))


def _softmax(call: _Call) -> Sight | None:
    return _over(call, [call.axis(-1)])


def _transposed(call: _Call) -> Sight | None:
    sight, shape = call.data
    order = call.told("perm") or list(range(len(shape)))[::-1]
    return sight and replace(sight, states=tuple(sight.states[i] for i in order))


def _reshaped(call: _Call) -> Sight | None:
    """Follow axes through a change of shape: kept, split in two, or joined."""
    sight, shape = call.data
    if sight is None:
        return None
    states: list[State] = []
    for old, new in _groups(shape, call.output):
        parts = [(shape[i], sight.states[i]) for i in old]
        states += _regrouped(parts, [call.output[i] for i in new])
    return replace(sight, states=tuple(states))


def _groups(before: _Shape, after: _Shape) -> list[tuple[list[int], list[int]]]:
    """Pair the axes of two shapes, in as small groups of one product as can be."""
    found: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(before) or j < len(after):
        old, new = [], []
        one = other = 1
        if i < len(before):
            old, one, i = [i], before[i], i + 1
        if j < len(after):
            new, other, j = [j], after[j], j + 1
        while one != other and (i < len(before) or j < len(after)):
            if (one < other and i < len(before)) or j == len(after):
                old, one, i = [*old, i], one * before[i], i + 1
            else:
                new, other, j = [*new, j], other * after[j], j + 1
        found.append((old, new))
    return found


def _regrouped(parts: Sequence[tuple[int, State]], sizes: Sequence[int]) -> list[State]:
    """Say what the axes are that a group of axes becomes."""
    if [n for n, _ in parts] == list(sizes):
        return [state for _, state in parts]
    real = [(n, state) for n, state in parts if n > 1]
    wide = [i for i, n in enumerate(sizes) if n > 1]
    states: list[State] = [None] * len(sizes)
    marked = [state for _, state in real if state is not None] or [
        state for _, state in parts if state is BATCH
    ]
    if not marked:
        return states
    if len(real) == 1 and len(wide) == 1:
        states[wide[0]] = real[0][1]
    elif len(real) == 1 and isinstance(real[0][1], Along) and wide:  # split: the outer one runs on
        step = prod(sizes[i] for i in wide[1:])
        along = real[0][1]
        states[wide[0]] = Along(along.axis, along.field.after(Axis(step, step, step, 1, 0, 0, 1)))
    elif (
        len(wide) == 1 and len(marked) == 1 and isinstance(real[0][1], Along)
    ):  # joined to units in it
        times = Fraction(prod(n for n, _ in real[1:]))
        along = real[0][1]
        joined = along.field.stretched(times, lambda u: (u // times.numerator,) * 2)
        states[wide[0]] = _along(along.axis, joined)
    elif not real and sizes:  # axes of one unit: the batch is the first
        states[0] = marked[0] if marked[0] is BATCH else None
    elif len(real) == 1 and real[0][1] is BATCH and wide:
        states[wide[0]] = BATCH
    else:
        mixed: State = marked[0]
        for state in marked[1:]:
            mixed = _together(mixed, state, 1)
        if not isinstance(mixed, Mixed):
            axes = frozenset((mixed.axis,)) if isinstance(mixed, Along) else frozenset[int]()
            mixed = Mixed(axes, mixed is BATCH)
        for i in wide:
            states[i] = mixed
    return states


def _concatenated(call: _Call) -> Sight | None:
    axis = int(call.told("axis", 0)) % len(call.output)
    found = _elementwise(replace(call, output=tuple(n for n in call.output)))
    if found is None:
        return None
    states = list(found.states)
    held = [s.states[axis] for s in call.seen if s]
    if any(isinstance(state, Along | Mixed) for state in held) and len(call.node.input) > 1:
        axes = frozenset(a for s in call.seen if s for a in s.collapsed(axis))
        states[axis] = Mixed(axes)
    else:
        states[axis] = None if held and held[0] is not BATCH else BATCH
    return Sight(tuple(states), found.everywhere)


def _cut(call: _Call, axis: int, start: int, step: int = 1) -> Sight | None:
    sight, _ = call.data
    if sight is None:
        return None
    states = list(sight.states)
    state = states[axis]
    if isinstance(state, Along):
        if step < 1:
            states[axis] = Mixed(frozenset((state.axis,)))
        else:
            states[axis] = Along(state.axis, state.field.shifted(start, step))
    return replace(sight, states=tuple(states))


def _split(call: _Call) -> Sight | None:
    axis = call.axis(0)
    parts = [call.settled.shapes.get(n) for n in call.node.output[: call.at]]
    if any(p is None for p in parts):
        return None
    return _cut(call, axis, sum(p[axis] for p in parts if p))


def _sliced(call: _Call) -> Sight | None:
    _, shape = call.data
    starts = call.told("starts") or call.values(1)
    if starts is None or call.seen[0] is None:
        return None
    axes = call.told("axes") or call.values(3) or list(range(len(starts)))
    steps = call.values(4) or [1] * len(starts)
    found: Sight | None = call.seen[0]
    for start, axis, step in zip(starts, axes, steps, strict=True):
        at = int(axis) % len(shape)
        first = int(start) + shape[at] * (start < 0)
        cut = _cut(replace(call, seen=[found]), at, min(max(first, 0), shape[at]), int(step))
        found = cut
    return found


def _padded(call: _Call) -> Sight | None:
    _, shape = call.data
    pads = call.told("pads") or call.values(1)
    if not pads:
        return None
    axes = call.values(3) or list(range(len(shape)))
    found = call.seen[0]
    for axis, before in zip(axes, pads[: len(pads) // 2], strict=True):
        found = _cut(replace(call, seen=[found]), int(axis) % len(shape), -int(before))
    return found


def _gathered(call: _Call) -> Sight | None:
    sight, _ = call.data
    axis = call.axis(0)
    if sight is None or any(call.seen[1:]) or call.inputs[1] is None:
        return None
    state = sight.states[axis]
    one: State = state
    if isinstance(state, Along):
        one = Mixed(frozenset((state.axis,)))
    several = [one] * len(call.inputs[1])
    everywhere = sight.everywhere if several else sight.everywhere | sight.collapsed(axis)
    states = (*sight.states[:axis], *several, *sight.states[axis + 1 :])
    return Sight(states, everywhere)


def _resized(call: _Call) -> Sight | None:
    sight, shape = call.data
    if sight is None or call.told("coordinate_transformation_mode") == b"tf_crop_and_resize":
        return None
    states = list(sight.states)
    for i, (state, n, out) in enumerate(zip(states, shape, call.output, strict=True)):
        if isinstance(state, Along) and n != out:
            states[i] = _along(state.axis, _stretched(call, state.field, n, out))
    return replace(sight, states=tuple(states))


def _stretched(call: _Call, seen: Field, n: int, out: int) -> Field | None:
    mode = call.told("mode", b"nearest")
    upsample = call.node.op_type == "Upsample"
    default = b"asymmetric" if upsample else b"half_pixel"
    where = call.told("coordinate_transformation_mode", default)
    corners = where == b"align_corners" and out > 1 and n > 1
    scale = Fraction(out - 1, n - 1) if corners else Fraction(out, n)
    half = Fraction(1, 2)
    shrink = max(1 / scale, Fraction(1)) if call.told("antialias") else Fraction(1)

    def reach(unit: int) -> tuple[int, int]:
        plain = where == b"asymmetric" or corners
        x = unit / scale if plain else (unit + half) / scale - half
        if mode == b"nearest":
            near = call.told("nearest_mode", b"floor" if upsample else b"round_prefer_floor")
            at = _nearest(x, near)
            return at, at
        if mode == b"cubic":
            wide = 2 * shrink
            return floor(x - wide) + 1, -floor(-(x + wide)) - 1
        first = floor(x - shrink) + 1
        return first, max(-floor(-(x + shrink)) - 1, first)

    return seen.stretched(scale, reach)


def _nearest(x: Fraction, how: bytes) -> int:
    if how == b"floor":
        return floor(x)
    if how == b"ceil":
        return -floor(-x)
    if how == b"round_prefer_ceil":
        return floor(x + Fraction(1, 2))
    return -floor(-(x - Fraction(1, 2)))


def _to_space(call: _Call) -> Sight | None:
    sight, _ = call.data
    size = int(call.told("blocksize", 1))
    if sight is None:
        return None
    states = list(sight.states)
    for i in range(2, len(states)):
        state = states[i]
        if not isinstance(state, Along):
            continue
        after: Field | None
        if call.node.op_type == "SpaceToDepth":
            after = state.field.after(Axis(size, size, size, 1, 0, 0, 1))
        else:
            after = state.field.stretched(Fraction(size), lambda u: (u // size,) * 2)
        states[i] = _along(state.axis, after)
    return replace(sight, states=tuple(states))


def _expanded(call: _Call) -> Sight | None:
    return _elementwise(replace(call, seen=call.seen[:1], inputs=call.inputs[:1]))


def _tiled(call: _Call) -> Sight | None:
    sight, shape = call.data
    if sight is None:
        return None
    states = [
        Mixed(sight.collapsed(i)) if n != out and isinstance(s, Along) else s
        for i, (s, n, out) in enumerate(zip(sight.states, shape, call.output, strict=True))
    ]
    return replace(sight, states=tuple(states))


def _multiplied(call: _Call) -> Sight | None:
    """Products of matrices: what is summed over is seen whole."""
    one, other = call.seen[0], call.seen[1]
    a, b = call.inputs[0] or (), call.inputs[1] or ()
    rank = len(call.output)
    if len(a) < 2 or len(b) < 2:
        return None
    turned = call.node.op_type == "Gemm" and call.told("transA")
    states: list[State] = [None] * rank
    everywhere: frozenset[int] = frozenset()
    if one is not None:
        summed, rows = (-2, -1) if turned else (-1, -2)
        everywhere |= one.everywhere | one.collapsed(summed % len(a))
        states[-2] = one.states[rows]
        for i in range(len(a) - 2):
            states[rank - len(a) + i] = one.states[i]
    if other is not None:
        everywhere |= other.everywhere | other.collapsed(len(b) - 2)
        states[-1] = other.states[-1]
        for i in range(len(b) - 2):
            at = rank - len(b) + i
            states[at] = _together(states[at], other.states[i], call.output[at])
    return Sight(tuple(states), everywhere)


def _summed_products(call: _Call) -> Sight | None:
    """Einstein's sums: the letters that the output lacks are seen whole."""
    equation = call.told("equation", b"").decode().replace(" ", "")
    left, arrow, right = equation.partition("->")
    if not arrow or "." in equation:
        return None
    states: dict[str, State] = {}
    everywhere: frozenset[int] = frozenset()
    for letters, sight in zip(left.split(","), call.seen, strict=True):
        if sight is None:
            continue
        everywhere |= sight.everywhere
        for i, letter in enumerate(letters):
            if letter in right:
                states[letter] = _together(states.get(letter), sight.states[i], 1)
            else:
                everywhere |= sight.collapsed(i)
    return Sight(tuple(states.get(letter) for letter in right), everywhere)


def _recurrent(call: _Call) -> Sight | None:
    """Steps in time, all of which the last has seen."""
    sight, _ = call.data
    if sight is None or len(sight.states) != 3:
        return None
    steps, batch = (1, 0) if call.told("layout") else (0, 1)
    if sight.states[steps] is BATCH:
        raise BatchMovedError
    everywhere = sight.everywhere | sight.collapsed(steps) | sight.collapsed(2)
    time, examples = sight.states[steps], sight.states[batch]
    states: tuple[State, ...] = (None, examples, None) if batch else (examples, None, None)
    if call.at == 0:
        states = (time, None, examples, None) if batch else (examples, time, None, None)
    return Sight(states, everywhere)


_Rule: TypeAlias = Callable[[_Call], Sight | None]
_UNARY = """
Abs Cast CastLike Ceil Celu Clip Cos Dropout Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu
Log Mish Neg Not Reciprocal Relu Round Selu Sigmoid Sign Sin Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu
BatchNormalization LRN QuantizeLinear DequantizeLinear DynamicQuantizeLinear Shrink Acos Asin Atan Cosh Sinh Asinh Acosh
Atanh BitwiseNot FastGelu QuickGelu QLinearSigmoid QLinearLeakyRelu
"""
_SEVERAL = """
Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or
PRelu Pow Sub Sum Where Xor
"""
_REDUCING = """
ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare ArgMax
ArgMin
"""
_RULES: dict[str, _Rule] = {
    **dict.fromkeys(_UNARY.split(), _same),
    **dict.fromkeys(_SEVERAL.split(), _elementwise),
    **dict.fromkeys((*CONVOLUTIONS, *POOLS), _windows),
    **dict.fromkeys(_REDUCING.split(), _reduced),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), _global),
    **dict.fromkeys(
        (
            "InstanceNormalization",
            "GroupNormalization",
            "LayerNormalization",
            "SimplifiedLayerNormalization",
            "RMSNormalization",
            "MeanVarianceNormalization",
        ),
        _normalised,
    ),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax", "LpNormalization", "CumSum"), _softmax),
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshaped),
    **dict.fromkeys(("Resize", "Upsample"), _resized),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _to_space),
    **dict.fromkeys(("MatMul", "Gemm", "MatMulInteger", "FusedMatMul"), _multiplied),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
    "Transpose": _transposed,
    "Concat": _concatenated,
    "Split": _split,
    "Slice": _sliced,
    "Pad": _padded,
    "Gather": _gathered,
    "Expand": _expanded,
    "Tile": _tiled,
    "Einsum": _summed_products,
}
"""What each operator does to what is seen; what is not here loses it."""
