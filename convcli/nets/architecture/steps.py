"""A network as steps in the order of computation: each counted, with a name of its own, and where its inputs are from.

Every step writes one value, numbered like the step: value 0 is the network's input, value i is what step i gives.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import NamedTuple

from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.geometry import Axis, size_text
from convcli.engine.sizes.receptive_field import Field
from convcli.engine.sizes.transposed import TransposedAxis
from convcli.nets.architecture.counting_rules import Found, Size
from convcli.nets.architecture.counts import LayerRecord
from convcli.nets.architecture.kinds import KINDS
from convcli.nets.architecture.layer import Layer
from convcli.nets.architecture.parser import Join, Node, Repeat

__all__ = ["Fields", "Step", "after_join", "after_windows", "program"]

Fields = tuple[Field, ...]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Step(LayerRecord):
    """One layer of a network, or the joining of branches: counted, and in its place.

    Parameters
    ----------
    layer : Layer or Join
    number : int
        From 1, in the order of computation, repeats written out: that of the value it gives.
    path : tuple of str
        The blocks and branches it is in, from the outside.
    input : tuple of int
        C×spatial, or one number once everything is in a row.
    """

    layer: Layer | Join
    number: int
    path: tuple[str, ...]
    input: Size


def program(net: Iterable[Node], size: Sequence[int]) -> list[Step]:
    """Write a network out as steps, and count each.

    What has a name keeps it; a layer without one is called by its kind. Where a name comes twice within a block, each
    gets a number.

    Parameters
    ----------
    net : iterable of Node
        What `parser.read_chain` reads.
    size : sequence of int
        The input, C×spatial or one number.

    Returns
    -------
    list of Step
        One a layer, repeats written out; branches come one after the other, then the step that joins them.

    Raises
    ------
    ConvError
        A layer that cannot be: its number, its text, and its input.

    Examples
    --------
    >>> from convcli.nets.architecture.parser import read_chain
    >>> conv, pool = program(read_chain("conv:6,k5 maxpool:k2"), (1, 28, 28))
    >>> conv.output, conv.params, conv.macs, pool.output, pool.fields[0].size
    ((6, 24, 24), 156, 86400, (6, 12, 12), 6)
    >>> steps = program(read_chain("unit = ( conv:8,k3,p1 bn ) unit residual( 2*unit ) relu"), (8, 9, 9))
    >>> [step.name for step in steps][2:]
    ['unit2.conv', 'unit2.bn', 'unit3.conv', 'unit3.bn', 'add', 'relu']
    >>> steps[6].inputs
    (6, 2)
    """
    net, size = tuple(net), tuple(size)
    if len(size) > 4:
        raise ConvError(
            f"input: got {size_text(size)}, C, CxL, CxHxW or CxDxHxW is allowed", usage=True
        )
    walk = _Walk(size[1:])
    fields = (Field(),) * (len(size) - 1) or None
    walk.through(net, _Value(0, size, fields), _Block((), "", iter(_names(net))))
    return walk.steps


def after_windows(fields: Fields, windows: Sequence[Axis | TransposedAxis]) -> Fields | None:
    """Return the receptive fields after a layer with these windows; None where they are not known."""
    after = [
        seen.after_transposed(axis) if isinstance(axis, TransposedAxis) else seen.after(axis)
        for seen, axis in zip(fields, windows, strict=True)
    ]
    known = tuple(seen for seen in after if seen is not None)
    return known if len(known) == len(after) else None


def after_join(branches: Sequence[Fields], output: Size) -> Fields:
    """Return the receptive fields where branches come together, `output` its spatial size."""
    return reduce(
        lambda one, other: tuple(
            a.joined(b, out) for a, b, out in zip(one, other, output, strict=True)
        ),
        branches,
    )


class _Value(NamedTuple):
    """What a step gives: its number, its size, and what its units see."""

    number: int
    size: Size
    fields: Fields | None
    whole: bool = False


class _Block(NamedTuple):
    """Where in the tree the walk is: blocks and branches, the beginning of the names in it, and the names to come."""

    path: tuple[str, ...]
    prefix: str
    names: Iterator[str]

    def name(self) -> str:
        return self.prefix + next(self.names)


class _Walk:
    """Follows sizes and receptive fields through the tree and leaves a step at every layer."""

    def __init__(self, spatial: Size) -> None:
        self.spatial = spatial
        self.steps: list[Step] = []

    def through(self, nodes: Iterable[Node], value: _Value, block: _Block) -> _Value:
        for node in nodes:
            if isinstance(node, Layer):
                value = self.layer(node, value, block.path, block.name())
            elif isinstance(node, Join):
                value = self.join(node, value, block)
            elif isinstance(node, Repeat):
                for _ in range(node.times):
                    value = self.through(node.items, value, block)
            else:
                name, path = block.name(), (*block.path, node.name)
                only = node.items[0] if len(node.items) == 1 else None
                if isinstance(only, Layer):  # the layer's own name
                    value = self.layer(only, value, path, name)
                else:
                    inner = _Block(path, f"{name}.", iter(_names(node.items)))
                    value = self.through(node.items, value, inner)
        return value

    def layer(self, layer: Layer, value: _Value, path: tuple[str, ...], name: str) -> _Value:
        try:
            kind = KINDS[layer.kind]
            found = kind.rule(layer, value.size)
        except ConvError as error:
            raise self.wrong(layer, f"input {size_text(value.size)}", error) from error
        fields = None if value.fields is None else _after(layer, value.size, found, value.fields)
        return self.step(
            layer,
            found,
            fields,
            whole=value.whole or kind.whole,
            name=name,
            path=path,
            size=value.size,
            inputs=(value.number,),
        )

    def join(self, join: Join, value: _Value, block: _Block) -> _Value:
        ends = [
            self.through(branch, value, block._replace(path=(*block.path, f"{join.kind} {i}")))
            for i, branch in enumerate(join.branches, 1)
        ]
        sizes = [end.size for end in ends]
        first = sizes[0]
        what = "size"
        match join.kind:
            case "residual":
                agree, output = len(set(sizes)) == 1, first
            case "multiply":
                what = "size, or 1 an axis,"
                output = tuple(map(max, zip(*sizes, strict=False)))
                agree = all(
                    len(size) == len(output)
                    and all(n in (1, out) for n, out in zip(size, output, strict=True))
                    for size in sizes
                )
            case _:
                what = "spatial size"
                agree = len({size[1:] for size in sizes}) == 1
                output = (sum(size[0] for size in sizes), *first[1:])
        if not agree:
            problem = ConvError(f"its branches end in different sizes, one {what} is needed")
            raise self.wrong(join, f"inputs {' and '.join(map(size_text, sizes))}", problem)
        # factors of one cell stand beside the fields of the maps that they scale
        maps = [end for end in ends if end.size[1:] == output[1:]]
        seen = [end.fields for end in maps if end.fields is not None]
        return self.step(
            join,
            Found(output),
            after_join(seen, output[1:]) if len(seen) == len(maps) else None,
            whole=len(maps) < len(ends) or any(end.whole for end in ends),
            name=block.name(),
            path=block.path,
            size=value.size,
            inputs=tuple(end.number for end in ends),
        )

    def step(
        self,
        layer: Layer | Join,
        found: Found,
        fields: Fields | None,
        *,
        whole: bool,
        name: str,
        path: tuple[str, ...],
        size: Size,
        inputs: tuple[int, ...],
    ) -> _Value:
        """Leave a step, and return the value it gives."""
        step = Step(
            **vars(found),
            name=name,
            kind=layer.kind,
            text=layer.text,
            activations=prod(found.output),
            fields=fields,
            whole=self.spatial if whole and fields is not None else None,
            layer=layer,
            number=len(self.steps) + 1,
            path=path,
            input=size,
            inputs=inputs,
        )
        self.steps.append(step)
        return _Value(step.number, step.output, fields, whole)

    def wrong(self, layer: Layer | Join, given: str, error: ConvError) -> ConvError:
        line = f" (line {layer.line})" if layer.line > 1 else ""
        number = len(self.steps) + 1
        return ConvError(f"layer {number} '{printable(layer.text)}'{line}, {given}: {error}")


def _after(layer: Layer, size: Size, found: Found, fields: Fields) -> Fields | None:
    """Return the receptive fields after a layer."""
    if not KINDS[layer.kind].local:
        return None
    if found.axes:
        return after_windows(fields, found.axes)
    if found.output[1:] == size[1:]:
        return fields
    return tuple(
        f.after_parts(n, parts)
        for f, n, parts in zip(fields, size[1:], found.output[1:], strict=True)
    )


def _names(nodes: Iterable[Node]) -> list[str]:
    """Name what stands in one block, in the order of computation; branches and repeats are part of it."""
    plain = list(_plain_names(nodes))
    often = Counter(plain)
    taken = {name for name in plain if often[name] == 1}
    numbers: Counter[str] = Counter()
    names = []
    for name in plain:
        full = name
        while often[name] > 1 and (full == name or full in taken):
            numbers[name] += 1
            full = f"{name}{'_' * name[-1:].isdigit()}{numbers[name]}"
        taken.add(full)
        names.append(full)
    return names


def _plain_names(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Repeat):
            yield from list(_plain_names(node.items)) * node.times
        elif isinstance(node, Join):
            for branch in node.branches:
                yield from _plain_names(branch)
            yield "add" if node.kind == "residual" else node.kind
        else:
            yield node.kind if isinstance(node, Layer) else node.name
