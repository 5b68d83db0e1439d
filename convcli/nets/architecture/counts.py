"""What a network comes to, without running it: shapes, parameters, multiply-accumulates, receptive fields. No NumPy.

MACs are the multiply-accumulates of convolutions and linear layers at batch 1, bias not counted: what torchvision
publishes as GFLOPs. `COUNTED` names what else can be added.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.geometry import Axis, size_text
from convcli.engine.sizes.receptive_field import Field
from convcli.engine.sizes.transposed import TransposedAxis
from convcli.nets.architecture.counting_rules import RULES, Found, Size
from convcli.nets.architecture.kinds import Layer
from convcli.nets.architecture.parser import Join, Node, Repeat

__all__ = ["BYTES", "COUNTED", "Row", "Totals", "count", "rule", "totals"]

BYTES = 4
"""Memory of one number: float32."""


@dataclass(frozen=True)
class Counted:
    """Work that is counted only where it is asked for.

    Parameters
    ----------
    summary : str
    flops : int
        Floating-point operations of one of them; a multiply-accumulate has two.
    """

    summary: str
    flops: int


COUNTED: dict[str, Counted] = {
    "bias": Counted("one addition each output of a layer with bias", 1),
    "bn": Counted("one multiply-accumulate each cell (scale and shift)", 2),
    "pool": Counted("one operation each cell of every pooling window", 1),
    "act": Counted("one operation each cell of an activation", 1),
}
"""What `count` can add to the MACs of convolutions and linear layers."""


@dataclass(frozen=True)
class Row:
    """One layer of a network, counted.

    Parameters
    ----------
    number : int
        From 1, in the order of computation, repeats written out.
    layer : Layer or Join
    path : tuple of str
        The blocks and branches it is in, from the outside.
    input, output : tuple of int
        C×spatial, or one number once everything is in a row.
    axes : tuple of Axis or of TransposedAxis
        The windows of a convolution or pooling layer.
    params, buffers, macs : int
        Learned numbers; numbers that are kept but not learned (running statistics); multiply-accumulates.
    extra : dict of str to int
        Operations that `COUNTED` names.
    fields : tuple of Field, optional
        Receptive field an axis; None after flatten and global pooling.
    """

    number: int
    layer: Layer | Join
    path: tuple[str, ...]
    input: Size
    output: Size
    axes: tuple[Axis | TransposedAxis, ...] = ()
    params: int = 0
    buffers: int = 0
    macs: int = 0
    extra: dict[str, int] = field(default_factory=dict)
    fields: tuple[Field, ...] | None = None

    @property
    def activations(self) -> int:
        """Numbers in the output."""
        return prod(self.output)

    @property
    def rf(self) -> tuple[int, ...] | None:
        """Receptive field, an axis each: rows of the input that a unit sees."""
        return None if self.fields is None else tuple(f.size for f in self.fields)

    @property
    def jump(self) -> tuple[int | Fraction, ...] | None:
        """Rows of the input from one unit to the next; a fraction after a transposed convolution."""
        if self.fields is None:
            return None
        return tuple(f.jump if f.jump.denominator > 1 else int(f.jump) for f in self.fields)

    @property
    def start(self) -> tuple[int, ...] | None:
        """First row that the first unit sees, negative in the padding."""
        return None if self.fields is None else tuple(f.start for f in self.fields)

    def operations(self, also: Collection[str] = (), *, flops: bool = False) -> int:
        """Return the MACs with what is named in `also`, or as floating-point operations."""
        found = self.macs * (2 if flops else 1)
        for name in also:
            found += self.extra.get(name, 0) * (COUNTED[name].flops if flops else 1)
        return found


@dataclass(frozen=True)
class Totals:
    """The sums of the rows, and the receptive field at the last spatial layer.

    Parameters
    ----------
    params, buffers, macs, activations : int
        `macs` with what was asked to be counted as well; `activations` in numbers, `BYTES` each.
    flops : int
    fields : tuple of Field
        At the last layer before flatten or global pooling.
    """

    params: int
    buffers: int
    macs: int
    flops: int
    activations: int
    fields: tuple[Field, ...]


def count(net: Iterable[Node], size: Sequence[int]) -> list[Row]:
    """Count a network layer by layer.

    Parameters
    ----------
    net : iterable of Node
        What `text.read_chain` reads.
    size : sequence of int
        The input, C×spatial or one number.

    Returns
    -------
    list of Row
        One a layer, repeats written out; branches come one after the other, then the row that joins them.

    Raises
    ------
    ConvError
        A layer that cannot be: its number, its text, and the size that reached it.

    Examples
    --------
    >>> from convcli.nets.architecture.parser import read_chain
    >>> conv, pool = count(read_chain("conv:6,k5 maxpool:k2"), (1, 28, 28))
    >>> conv.output, conv.params, conv.macs, pool.output, pool.fields[0].size
    ((6, 24, 24), 156, 86400, (6, 12, 12), 6)
    """
    size = tuple(size)
    if len(size) > 4:
        raise ConvError(
            f"input: got {size_text(size)}, C, CxL, CxHxW or CxDxHxW is allowed", usage=True
        )
    walk = _Walk()
    walk.through(net, (size, (Field(),) * (len(size) - 1) or None), ())
    return walk.rows


def totals(rows: Sequence[Row], also: Collection[str] = ()) -> Totals:
    """Sum the rows."""
    seen = [row.fields for row in rows if row.fields is not None]
    return Totals(
        params=sum(row.params for row in rows),
        buffers=sum(row.buffers for row in rows),
        macs=sum(row.operations(also) for row in rows),
        flops=sum(row.operations(also, flops=True) for row in rows),
        activations=sum(row.activations for row in rows),
        fields=seen[-1] if seen else (),
    )


def rule(also: Collection[str] = (), *, flops: bool = False) -> str:
    """State the counting rule in one line.

    >>> rule(["bias", "bn", "pool"], flops=True)[-72:]
    'pool: one operation each cell of every pooling window. Not counted: act.'
    """
    what = "FLOPs: 2 x the multiply-accumulates" if flops else "MACs: multiply-accumulates"
    plus = "".join(f"; {name}: {COUNTED[name].summary}" for name in also)
    rest = [name for name in COUNTED if name not in also]
    left_out = f" Not counted: {', '.join(rest)}." if rest else ""
    return f"{what} of conv and linear layers at batch 1{plus}.{left_out}"


_State = tuple[Size, tuple[Field, ...] | None]


class _Walk:
    """Follows the size and the receptive field through the tree and leaves a row at every layer."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def through(self, nodes: Iterable[Node], state: _State, path: tuple[str, ...]) -> _State:
        for node in nodes:
            if isinstance(node, Layer):
                state = self.layer(node, state, path)
            elif isinstance(node, Join):
                state = self.join(node, state, path)
            elif isinstance(node, Repeat):
                for _ in range(node.times):
                    state = self.through(node.items, state, path)
            else:
                state = self.through(node.items, state, (*path, node.name))
        return state

    def layer(self, layer: Layer, state: _State, path: tuple[str, ...]) -> _State:
        size, fields = state
        try:
            found = RULES[layer.kind](layer, size)
        except ConvError as error:
            raise self.wrong(layer, size_text(size), error) from error
        fields = _seen(layer, size, found, fields)
        row = Row(
            len(self.rows) + 1,
            layer,
            path,
            size,
            found.output,
            found.axes,
            found.params,
            found.buffers,
            found.macs,
            found.extra,
            fields,
        )
        self.rows.append(row)
        return found.output, fields

    def join(self, join: Join, state: _State, path: tuple[str, ...]) -> _State:
        ends = [
            self.through(branch, state, (*path, f"{join.kind} {i}"))
            for i, branch in enumerate(join.branches, 1)
        ]
        sizes = [size for size, _ in ends]
        first = sizes[0]
        if join.kind == "residual":
            agree, output = len(set(sizes)) == 1, first
        else:
            agree = len({size[1:] for size in sizes}) == 1
            output = (sum(size[0] for size in sizes), *first[1:])
        if not agree:
            what = "size" if join.kind == "residual" else "spatial size"
            problem = ConvError(f"its branches end in different sizes, one {what} is needed")
            raise self.wrong(join, " and ".join(map(size_text, sizes)), problem)
        fields = ends[0][1]
        for _, other in ends[1:]:
            if fields is None or other is None:
                fields = None
                break
            fields = tuple(
                a.joined(b, out) for a, b, out in zip(fields, other, output[1:], strict=True)
            )
        row = Row(len(self.rows) + 1, join, path, state[0], output, fields=fields)
        self.rows.append(row)
        return output, fields

    def wrong(self, layer: Layer | Join, reached: str, error: ConvError) -> ConvError:
        line = f" (line {layer.line})" if layer.line > 1 else ""
        return ConvError(
            f"layer {len(self.rows) + 1} '{printable(layer.text)}'{line}, input {reached}: {error}"
        )


def _seen(
    layer: Layer,
    size: Size,
    found: Found,
    fields: tuple[Field, ...] | None,
) -> tuple[Field, ...] | None:
    """Return the receptive fields after a layer."""
    if fields is None or layer.kind in ("flatten", "gap"):
        return None
    if layer.kind == "adaptive":
        return tuple(
            f.after_parts(n, cells)
            for f, n, cells in zip(fields, size[1:], found.output[1:], strict=True)
        )
    windows = found.axes
    if not windows:
        return fields
    after: list[Field | None] = []
    for seen, axis in zip(fields, windows, strict=True):
        if isinstance(axis, TransposedAxis):
            after.append(seen.after_transposed(axis))
        else:
            after.append(seen.after(axis))
    known = tuple(f for f in after if f is not None)
    return known if len(known) == len(after) else None
