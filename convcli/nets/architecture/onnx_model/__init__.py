"""ONNX models, counted by the shapes that they state and imply.

`read` makes the summary of a model, `outputs_by_name` finds a node by its name in it; `looks_like_onnx` tells whether a file is one.
"""

from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

from convcli.engine.errors import ConvError, display_name, printable
from convcli.engine.sizes.receptive_field import Field
from convcli.nets.architecture.counts import LayerRecord
from convcli.nets.architecture.onnx_model.counting import extra, learned, work
from convcli.nets.architecture.onnx_model.loading import (
    Asked,
    inputs_of,
    looks_like_onnx,
    no_model,
    opened,
    parsed,
)
from convcli.nets.architecture.onnx_model.settling import Settled, settled, shown_node
from convcli.nets.architecture.onnx_model.sight import (
    BATCH,
    Along,
    BatchMovedError,
    Mixed,
    Sight,
    State,
    after_node,
)
from convcli.nets.architecture.summary import Summary

__all__ = ["looks_like_onnx", "outputs_by_name", "read"]


def read(
    name: str,
    asked: Asked | None = None,
    classes: int | None = None,
    *,
    free: Mapping[str, int] | None = None,
    source: bytes | None = None,
) -> Summary:
    """Count an ONNX model.

    Parameters
    ----------
    name : str
        The file.
    asked : mapping of str to sizes, optional
        The inputs' sizes, where the model leaves them open; "" is the first input, without its batch axis.
    classes : int, optional
        Refused: the model says itself how many.
    free : mapping of str to int, optional
        How long the axes are that the model gives a name.
    source : bytes, optional
        The file's content, where that was read already.

    Raises
    ------
    ConvError
        The extra is missing, the file is no model, its sizes are not known, or a node cannot be.
    """
    shown = display_name(name)
    if classes is not None:
        raise ConvError(f"--classes: {shown} says itself how many", usage=True)
    model = parsed(Path(name) if source is None else source, shown)
    try:
        opened(model.graph, asked or {}, free or {})
        found = settled(model)
        return _walked(name, found)
    except ConvError as error:
        raise error.about(shown) from error
    except (OSError, MemoryError):
        raise
    except Exception as error:  # protobuf and onnx have error types of their own
        raise no_model(error, shown) from error


def outputs_by_name(name: str, asked: Asked | None = None) -> dict[str, str]:
    """Return the value that each node gives, by the node's name in `read`'s summary.

    Raises
    ------
    ConvError
        As `read`.
    """
    model = parsed(Path(name), display_name(name))
    opened(model.graph, asked or {}, {})
    nodes = settled(model).nodes
    return {_name(node, number): node.output[0] for number, node in enumerate(nodes, 1)}


def _walked(name: str, found: Settled) -> Summary:
    try:
        walk = _Walk(found, batched=True)
    except BatchMovedError:  # its first axis is something else: channels, say
        walk = _Walk(found, batched=False)
    return Summary(name, walk.shown(walk.input), tuple(walk.layers()))


class _Walk:
    """Counts the nodes, in the order they stand in (it is topological)."""

    def __init__(self, found: Settled, *, batched: bool) -> None:
        self.found = found
        self.batched = batched
        inputs = inputs_of(found.model.graph)
        shapes = [found.shapes.get(value.name) or () for value in inputs]
        self.input = shapes[0] if shapes else ()
        self.batch = self.input[0] if self.input and batched else 1
        self.sights: dict[str, Sight] = {}
        for value, shape in zip(inputs, shapes, strict=True):
            same = len(shape) == len(self.input) and shape[2:] == self.input[2:]
            states: list[State] = [None] * len(shape)
            if same:
                states = [Along(i, Field()) for i in range(len(shape))]
            if shape and batched:
                states[0] = BATCH if shape[0] == self.batch else None
            if any(state is not None for state in states):
                self.sights[value.name] = Sight(tuple(states))
        self.seen: set[str] = set()
        self.numbers = dict.fromkeys(self.sights, 0)
        """Of values that depend on the input, by name: the node that gives them."""
        self.spatial = self._spatial()

    def _spatial(self) -> frozenset[int]:
        """Find out which axes of the input are places: those that windows run along."""
        sights = dict(self.sights)
        along: set[int] = set()
        for number, node in enumerate(self.found.nodes, 1):
            if node.output[0] in self.found.windows and node.input[0] in sights:
                states = sights[node.input[0]].states[2:]
                along |= {state.axis for state in states if isinstance(state, Along)}
            sights |= after_node(node, _name(node, number), sights, self.found)
        self.sights = sights
        return frozenset(along)

    def shown(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Leave the batch axis out."""
        return shape[1:] if self.batched and shape[:1] == (self.batch,) else shape

    def layers(self) -> Iterator[LayerRecord]:
        for number, node in enumerate(self.found.nodes, 1):
            try:
                yield self.layer(number, node)
            except (ArithmeticError, LookupError, TypeError, ValueError) as error:
                if isinstance(error, ConvError):
                    raise
                raise ConvError(
                    f"{shown_node(node, number)} has not what its operator needs"
                ) from error
        if self.found.folded:
            nodes = "1 node" if self.found.folded == 1 else f"{self.found.folded} nodes"
            yield LayerRecord((), name="shapes", kind=nodes, flat=True)

    def layer(self, number: int, node: Any) -> LayerRecord:
        found = self.found
        out = node.output[0] if node.output else ""
        output = found.shapes.get(out)
        windows = found.windows.get(out, ())
        sight = self.sights.get(out)
        params, buffers = learned(node, found.tensors, self.seen)
        macs, why = work(node, found.shapes)
        reads = [self.sights[n] for n in node.input if n in self.sights]
        shared = any(s.batched for s in (*reads, *([sight] if sight else [])))
        share = self.batch if shared else 1
        cells = sum(prod(s) for s in map(found.shapes.get, node.output) if s is not None)
        came_from = tuple(dict.fromkeys(self.numbers[n] for n in node.input if n in self.numbers))
        if came_from:
            self.numbers |= dict.fromkeys(node.output, number)
        in_batch = sight is not None and sight.batched
        known = not node.domain or node.domain == "ai.onnx"
        name = _name(node, number)
        fields, whole, lost = self.seen_by(sight, output)
        return LayerRecord(
            () if output is None else self.shown(output),
            windows,
            params=params,
            buffers=buffers,
            macs=None if macs is None else macs // share,
            extra={k: n // share for k, n in extra(node, found.shapes, windows).items()},
            why=why,
            name=name,
            kind=printable(node.op_type if known else f"{node.domain}.{node.op_type}"),
            flat="/" not in node.name,
            activations=cells // (self.batch if in_batch else 1),
            fields=fields,
            whole=whole,
            lost=lost,
            inputs=came_from,
            deep=int(bool(macs) and any(n and n not in self.numbers for n in node.input)),
        )

    def seen_by(
        self, sight: Sight | None, output: tuple[int, ...] | None
    ) -> tuple[tuple[Field, ...] | None, tuple[int | None, ...] | None, str]:
        """Return the fields of a feature map, the sizes of what is seen whole, and where they were lost."""
        axes = sorted(self.spatial)
        if sight is None or not axes:
            return None, None, ""
        along = sight.alongs()
        if any(axis not in along for axis in axes):
            mixed = [s for s in sight.states if isinstance(s, Mixed) and s.axes & self.spatial]
            is_map = output is not None and len(output) == len(self.input)
            return None, None, mixed[0].since if mixed and is_map else ""
        order = sorted(axes, key=lambda axis: along[axis])
        fields = []
        for axis in order:
            state = sight.states[along[axis]]
            assert isinstance(state, Along)
            fields.append(state.field)
        whole = tuple(self.input[axis] if axis in sight.everywhere else None for axis in order)
        return tuple(fields), whole if any(whole) else None, ""


def _name(node: Any, number: int) -> str:
    return _dotted(node.name) or f"{printable(node.op_type)}_{number}"


def _dotted(name: str) -> str:
    """Write a node's name as blocks and layer: exporters say /layer1/layer1.0/conv1/Conv.

    >>> _dotted("/layer1/layer1.0/conv1/Conv"), _dotted("p2o.Conv.61")
    ('layer1.0.conv1.Conv', 'p2o.Conv.61')
    """
    parts: list[str] = []
    full = ""
    for part in filter(None, printable(name).split("/")):
        parts.append(part.removeprefix(f"{full}.") if full else part)
        full = part
    return ".".join(parts)
