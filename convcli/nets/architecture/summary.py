"""A counted network as data: its layers as CSV rows and JSON, whatever it was read from, and their sums."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from operator import attrgetter
from typing import TypeVar

from convcli.engine.sizes.notation import padding_text
from convcli.nets.architecture.counts import LayerRecord, summed

__all__ = ["WINDOWS", "Summary", "as_numbers", "csv_rows", "json_object", "last_uses"]


_T = TypeVar("_T")

WINDOWS = ("kernel", "stride", "padding", "rf_h", "rf_w")
"""Columns of a layer's windows, and of its receptive field an axis each."""


def as_numbers(values: Sequence[int | Fraction] | None) -> list[int | float] | None:
    """Write fractions as floats."""
    return None if values is None else [v if isinstance(v, int) else float(v) for v in values]


def json_object(
    layer: LayerRecord, keys: Sequence[str], also: Collection[str] = ()
) -> dict[str, object]:
    """Return what JSON says about a layer, or about the sums of a network.

    Parameters
    ----------
    layer : LayerRecord
    keys : sequence of str
        Attributes of the record, ``"layer"``, ``"macs"`` or ``"flops"``.
    also : collection of str
        What of `counts.COUNTED` is counted in MACs and FLOPs as well.
    """
    found = {key: _value(key, also)(layer) for key in keys}
    return {k: as_numbers(v) if isinstance(v, tuple) else v for k, v in found.items()}


def csv_rows(
    layers: Sequence[LayerRecord],
    keys: Sequence[str],
    also: Collection[str] = (),
    *,
    fraction: Callable[[Fraction], object] = str,
) -> Iterator[list[object]]:
    """Write the head and a row a layer; what it does not say is blank, sizes are joined by x.

    Parameters
    ----------
    layers, keys, also
        As `json_object` takes them.
    fraction : callable
        How a number that is not whole is written: 1/2 or 0.5.
    """
    yield list(keys)
    # blocks and operators of ONNX have no text of their own
    values = [_named if key == "layer" else _value(key, also) for key in keys]
    for layer in layers:
        cells = [value(layer) for value in values]
        yield [_joined(cell, fraction) if isinstance(cell, tuple) else cell for cell in cells]


def _value(key: str, also: Collection[str]) -> Callable[[LayerRecord], object]:
    """Return what finds a value in a record."""
    match key:
        case "layer":
            return attrgetter("text")
        case "macs" | "flops":
            return lambda layer: layer.operations(also, flops=key == "flops")
        case "kernel":
            return lambda layer: _shared([a.k for a in layer.axes])
        case "stride":
            return lambda layer: _shared([a.s for a in layer.axes])
        case "padding":
            return lambda layer: padding_text(_shared([(a.before, a.after) for a in layer.axes]))
        case "rf_h":
            return lambda layer: layer.rf[-2] if layer.rf and len(layer.rf) > 1 else None
        case "rf_w":
            return lambda layer: layer.rf[-1] if layer.rf else None
    return attrgetter(key)


def _shared(values: Sequence[_T]) -> tuple[_T, ...]:
    """Return one value for all axes where they agree."""
    return tuple(values[:1] if len(set(values)) == 1 else values)


def _named(layer: LayerRecord) -> str:
    return layer.text or layer.kind


def _joined(values: Iterable[int | Fraction], fraction: Callable[[Fraction], object]) -> str:
    return "x".join([str(v if isinstance(v, int) else fraction(v)) for v in values])


def last_uses(layers: Sequence[LayerRecord]) -> list[list[int]]:
    """Return, for each layer in the order of computation, the values that nothing reads after it.

    >>> from convcli.nets.architecture.parser import read_chain
    >>> from convcli.nets.architecture.steps import program
    >>> last_uses(program(read_chain("residual( relu ) relu"), (1, 2, 2)))
    [[], [0, 1], [2]]
    """
    last: dict[int, int] = {}
    for i, layer in enumerate(layers):
        last |= dict.fromkeys(layer.inputs, i)
    freed: list[list[int]] = [[] for _ in layers]
    for value in sorted(last):
        freed[last[value]].append(value)
    return freed


_LAYER = ("name", "kind", "layer", "output", "params", "macs", "buffers", "activations")
_SUMS = ("params", "macs", "buffers", "activations")
_SEEN = ("rf", "jump", "start")


@dataclass(frozen=True, eq=False, repr=False)
class Summary:
    """A network.

    Parameters
    ----------
    name : str
    input : tuple of int
    layers : tuple of LayerRecord
        In the order of computation.
    """

    name: str
    input: tuple[int, ...]
    layers: tuple[LayerRecord, ...]

    @cached_property
    def total(self) -> LayerRecord:
        """The sums of the columns; its output is the last layer's, its receptive field that of the last feature map."""
        return summed(self.layers)

    @property
    def peak(self) -> int:
        """How many numbers there are at once at most, when what nothing reads any more is let go.

        A layer's output stands beside its input: none is written over another.
        """
        held = {0: prod(self.input)}
        now = most = held[0]
        for number, (layer, dead) in enumerate(
            zip(self.layers, last_uses(self.layers), strict=True), 1
        ):
            if layer.inputs:  # what is made of weights alone stands with them
                held[number] = layer.activations
                now += layer.activations
            most = max(most, now)
            now -= sum(held.pop(value, 0) for value in dead)
        return most

    @property
    def depth(self) -> int:
        """Convolutions and linear layers on the longest way through the network."""
        ways = [0]
        for layer in self.layers:
            ways.append(max((ways[value] for value in layer.inputs), default=0) + layer.deep)
        return max(ways)

    @property
    def last_map(self) -> LayerRecord | None:
        """The last feature map: its receptive field is known, or lost."""
        maps = (x for x in reversed(self.layers) if x.fields is not None or x.lost)
        return next(maps, None)

    @property
    def not_counted(self) -> list[str]:
        """Kinds of layers whose work is not known."""
        return sorted({layer.kind for layer in self.uncounted})

    @property
    def uncounted(self) -> list[LayerRecord]:
        """Layers whose work is not known: the total is at least what it says."""
        return [layer for layer in self.layers if layer.macs is None]

    def record(self, also: Collection[str] = (), *, flops: bool = False) -> dict[str, object]:
        """Return what JSON says about it: the layers are leaves, whose columns add up to the totals."""
        work = ("flops",) * flops
        whole = ("rf_local",) * any(layer.whole for layer in self.layers)
        keys = (*_LAYER, *work, *_SEEN, *whole)
        shown: dict[str, object] = {
            "name": self.name,
            "input": list(self.input),
            "layers": [json_object(layer, keys, also) for layer in self.layers],
            "totals": json_object(self.total, (*_SUMS, *work), also),
            "receptive_field": as_numbers(self.total.rf),
            "stride": as_numbers(self.total.jump),
        }
        if self.total.whole is not None:
            shown["receptive_field_local"] = as_numbers(self.total.rf_local)
        if self.total.lost:
            shown["receptive_field_lost"] = self.total.lost
        if self.uncounted:
            named = [{"name": x.name, "kind": x.kind, "why": x.why} for x in self.uncounted]
            shown |= {"at_least": True, "not_counted": self.not_counted, "uncounted": named}
        return shown
