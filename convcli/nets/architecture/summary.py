"""What is told about a network: a line a layer, its sums, and the receptive field of its last feature map. No arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from convcli.engine.sizes.geometry import Axis, size_text
from convcli.engine.sizes.notation import padding_text
from convcli.engine.sizes.receptive_field import Field
from convcli.engine.sizes.transposed import TransposedAxis
from convcli.nets.architecture.counts import BYTES
from convcli.nets.architecture.steps import Step

__all__ = ["Line", "Summary", "Windows", "blocks", "summary", "window_texts"]

Windows = Sequence[Axis | TransposedAxis]


@dataclass(frozen=True)
class Line:
    """One layer, or a block of layers.

    Parameters
    ----------
    name : str
        Blocks and layer, joined by dots.
    kind, text : str
        What it is, and how the layer language writes it; ``"block"`` and nothing for a block.
    output : tuple of int
        Empty where it is not known.
    kernel, stride, padding : str
        As options write them; empty where there are none.
    params, buffers : int
        Learned numbers; numbers that are kept but not learned.
    macs : int or None
        Multiply-accumulates; None is not counted.
    activations : int
        Numbers in the output; of a block, in all its outputs.
    fields : tuple of Field, optional
        Receptive field an axis.
    depth : int
        Blocks that it is in.
    """

    name: str
    kind: str
    text: str
    output: tuple[int, ...]
    kernel: str = ""
    stride: str = ""
    padding: str = ""
    params: int = 0
    buffers: int = 0
    macs: int | None = 0
    activations: int = 0
    fields: tuple[Field, ...] | None = None
    depth: int = 0

    @property
    def rf(self) -> tuple[int, ...] | None:
        """Receptive field, an axis each."""
        return None if self.fields is None else tuple(f.size for f in self.fields)

    @property
    def jump(self) -> tuple[int | float, ...] | None:
        """Rows of the input from one unit to the next."""
        return None if self.fields is None else tuple(_plain(f.jump) for f in self.fields)

    @property
    def start(self) -> tuple[int, ...] | None:
        """First row that the first unit sees."""
        return None if self.fields is None else tuple(f.start for f in self.fields)

    @property
    def memory(self) -> int:
        """Bytes of the activations as float32."""
        return self.activations * BYTES

    def record(self) -> dict[str, object]:
        """Return what JSON says about it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "layer": self.text,
            "output": list(self.output),
            "params": self.params,
            "macs": self.macs,
            "buffers": self.buffers,
            "activations": self.activations,
            "rf": _listed(self.rf),
            "jump": _listed(self.jump),
            "start": _listed(self.start),
        }


@dataclass(frozen=True)
class Summary:
    """A network.

    Parameters
    ----------
    name : str
    input : tuple of int
    lines : tuple of Line
        Layers in the order of computation.
    """

    name: str
    input: tuple[int, ...]
    lines: tuple[Line, ...]

    @property
    def total(self) -> Line:
        """The sums of the columns; its output and fields are those of the last feature map."""
        return _summed("total", self.lines)

    @property
    def not_counted(self) -> list[str]:
        """Kinds of layers whose work is not known."""
        return sorted({line.kind for line in self.lines if line.macs is None})

    def record(self) -> dict[str, object]:
        """Return what JSON says about it: the layers are leaves, whose columns add up to the totals."""
        total = self.total
        shown = {
            "name": self.name,
            "input": list(self.input),
            "layers": [line.record() for line in self.lines],
            "totals": {
                "params": total.params,
                "macs": total.macs,
                "buffers": total.buffers,
                "activations": total.activations,
            },
            "receptive_field": _listed(total.rf),
            "stride": _listed(total.jump),
        }
        return shown | ({"not_counted": self.not_counted} if self.not_counted else {})


def summary(name: str, size: Sequence[int], steps: Iterable[Step]) -> Summary:
    """Summarize a network that is written out."""
    return Summary(name, tuple(size), tuple(map(_line, steps)))


def _line(step: Step) -> Line:
    row = step.row
    return Line(
        step.name,
        step.layer.kind,
        step.layer.text,
        row.output,
        *window_texts(row.axes),
        params=row.params,
        buffers=row.buffers,
        macs=row.macs,
        activations=row.activations,
        fields=row.fields,
        depth=step.name.count("."),
    )


def window_texts(axes: Windows) -> tuple[str, str, str]:
    """Write kernel, stride and padding as options do, one number where it serves all axes.

    >>> from convcli.engine.sizes.geometry import axes
    >>> window_texts(axes((9, 9), (3, 5), padding=(1, 1), stride=2))
    ('3x5', '2', '1')
    """
    if not axes:
        return "", "", ""
    pairs = [(a.before, a.after) for a in axes]
    shared = pairs[:1] if len(set(pairs)) == 1 else pairs
    return _one([a.k for a in axes]), _one([a.s for a in axes]), padding_text(shared)


def blocks(lines: Sequence[Line], depth: int | None = None) -> list[Line]:
    """Put a line for every block before its layers.

    Parameters
    ----------
    lines : sequence of Line
    depth : int, optional
        Levels to show; blocks at the last one stand for all that is in them.

    Examples
    --------
    >>> found = [Line("a.x", "relu", "relu", (1,), depth=1), Line("a.y", "bn", "bn", (1,), params=2, depth=1)]
    >>> [(line.name, line.params) for line in blocks(found)]
    [('a', 2), ('a.x', 0), ('a.y', 2)]
    >>> [(line.name, line.params) for line in blocks(found, 1)]
    [('a', 2)]
    """
    shown: list[Line] = []
    _put(list(lines), 0, depth, shown)
    return shown


def _put(lines: list[Line], level: int, depth: int | None, shown: list[Line]) -> None:
    at = 0
    while at < len(lines):
        parts = lines[at].name.split(".")
        if lines[at].depth <= level:
            shown.append(lines[at])
            at += 1
            continue
        block = ".".join(parts[: level + 1])
        end = at
        while end < len(lines) and lines[end].name.startswith(f"{block}."):
            end += 1
        inside = lines[at:end]
        shown.append(_summed(block, inside, level))
        if depth is None or level + 1 < depth:
            _put(inside, level + 1, depth, shown)
        at = end


def _summed(name: str, lines: Sequence[Line], depth: int = 0) -> Line:
    seen = [line for line in lines if line.fields is not None]
    counted = [line.macs for line in lines if line.macs is not None]
    return Line(
        name,
        "block",
        "",
        lines[-1].output if lines else (),
        params=sum(line.params for line in lines),
        buffers=sum(line.buffers for line in lines),
        macs=sum(counted) if counted or not lines else None,
        activations=sum(line.activations for line in lines),
        fields=seen[-1].fields if seen else None,
        depth=depth,
    )


def _one(values: Sequence[int]) -> str:
    return size_text(values[:1] if len(set(values)) == 1 else values)


def _plain(number: Fraction) -> int | float:
    return int(number) if number.denominator == 1 else float(number)


def _listed(values: Sequence[int | float] | None) -> list[int | float] | None:
    return None if values is None else list(values)
