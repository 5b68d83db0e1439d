"""What the layers of a network come to, without running it: the record of a layer, sums, and what is counted. No NumPy.

MACs are the multiply-accumulates of convolutions and linear layers at batch 1, bias not counted: what torchvision
publishes as GFLOPs. `COUNTED` names what else can be added.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from convcli.engine.sizes.receptive_field import Field
from convcli.nets.architecture.counting_rules import Found

__all__ = ["BYTES", "COUNTED", "LayerRecord", "blocks", "rule", "summed"]

BYTES = 4
"""Memory of one number: float32."""


@dataclass(frozen=True, eq=False, repr=False)
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


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LayerRecord(Found):
    """One layer, counted, whatever its network was read from; or a block, with the sums of its layers.

    Parameters
    ----------
    name : str
        Blocks, from the outside, and the layer in them, joined by dots: unique in the network.
    kind, text : str
        What it is, and how the layer language writes it; ``"block"`` and nothing for a block.
    activations : int
        Numbers in its outputs; of a block, in those of all its layers.
    fields : tuple of Field, optional
        Receptive field an axis; None after flatten and global pooling.
    whole : tuple of int or None, optional
        The input's size an axis where global branches let each unit see all of it; `fields` are those without them.
    lost : str
        Of a feature map whose receptive field is not known: the layer from which on it is not.
    why : str
        Why its multiply-accumulates are not known; of a block, how many of its layers are not counted.
    flat : bool
        Whether dots in the name part no blocks.
    inputs : tuple of int
        The values it reads: 0 is the network's input, value i is what layer number i gives.
    """

    name: str
    kind: str
    text: str = ""
    activations: int = 0
    fields: tuple[Field, ...] | None = None
    whole: tuple[int | None, ...] | None = None
    lost: str = ""
    why: str = ""
    flat: bool = False
    inputs: tuple[int, ...] = ()

    @property
    def depth(self) -> int:
        """Blocks that it is in."""
        return 0 if self.flat else self.name.count(".")

    @property
    def rf(self) -> tuple[int, ...] | None:
        """Receptive field, an axis each: rows of the input that a unit sees."""
        local = self.rf_local
        if local is None or self.whole is None:
            return local
        return tuple(n or size for n, size in zip(self.whole, local, strict=True))

    @property
    def rf_local(self) -> tuple[int, ...] | None:
        """The same without global branches."""
        return None if self.fields is None else tuple(f.size for f in self.fields)

    @property
    def jump(self) -> tuple[int | Fraction, ...] | None:
        """Rows of the input from one unit to the next; a fraction after a transposed convolution."""
        if self.fields is None:
            return None
        steps = [f.jump for f in self.fields]
        return tuple(int(jump) if jump.denominator == 1 else jump for jump in steps)

    @property
    def start(self) -> tuple[int, ...] | None:
        """First row that the first unit sees, negative in the padding."""
        if self.fields is None:
            return None
        seen = self.whole or (None,) * len(self.fields)
        return tuple(0 if n else f.start for n, f in zip(seen, self.fields, strict=True))

    def operations(self, also: Collection[str] = (), *, flops: bool = False) -> int | None:
        """Return the MACs with what is named in `also`, or as floating-point operations; None where not known."""
        if self.macs is None:
            return None
        found = self.macs * (2 if flops else 1)
        for name in also:
            found += self.extra.get(name, 0) * (COUNTED[name].flops if flops else 1)
        return found


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


def summed(layers: Sequence[LayerRecord], name: str = "total") -> LayerRecord:
    """Sum layers up in a block; its output is the last layer's, its receptive field that of the last feature map."""
    macs = [layer.macs for layer in layers if layer.macs is not None]
    extra: dict[str, int] = {}
    for layer in layers:
        for what, work in layer.extra.items():
            extra[what] = extra.get(what, 0) + work
    missing = [layer for layer in layers if layer.macs is None]
    last = next((x for x in reversed(layers) if x.fields is not None or x.lost), None)
    whole = [layer for layer in layers if layer.output]
    return LayerRecord(
        whole[-1].output if whole else (),
        params=sum(layer.params for layer in layers),
        buffers=sum(layer.buffers for layer in layers),
        macs=sum(macs) if macs or not layers else None,
        extra=extra,
        name=name,
        kind="block",
        activations=sum(layer.activations for layer in layers),
        fields=last.fields if last else None,
        whole=last.whole if last else None,
        lost=last.lost if last else "",
        why=f"{len(missing)} of {len(layers)} not counted" if missing else "",
    )


def blocks(layers: Sequence[LayerRecord], depth: int | None = None) -> list[LayerRecord]:
    """Put a record for every block before its layers.

    Parameters
    ----------
    layers : sequence of LayerRecord
    depth : int, optional
        Levels to show; blocks at the last one stand for all that is in them.

    Examples
    --------
    >>> found = [LayerRecord((1,), name="a.x", kind="relu"), LayerRecord((1,), params=2, name="a.y", kind="bn")]
    >>> [(layer.name, layer.params) for layer in blocks(found)]
    [('a', 2), ('a.x', 0), ('a.y', 2)]
    >>> [(layer.name, layer.params) for layer in blocks(found, 1)]
    [('a', 2)]
    """
    return list(_with_blocks(layers, 0, depth))


def _with_blocks(
    layers: Iterable[LayerRecord], level: int, depth: int | None
) -> Iterator[LayerRecord]:
    def block(layer: LayerRecord) -> str | None:
        parts = [layer.name] if layer.flat else layer.name.split(".")
        return ".".join(parts[: level + 1]) if len(parts) > level + 1 else None

    for name, group in groupby(layers, block):
        if name is None:
            yield from group
            continue
        inside = list(group)
        yield summed(inside, name)
        if depth is None or level + 1 < depth:
            yield from _with_blocks(inside, level + 1, depth)
