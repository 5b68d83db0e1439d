"""What networks are built of: layers in a row, joined branches, and names. No arrays.

A part is a text of the layer language (parser.py), or what one of these functions returned.
"""

from collections.abc import Iterable
from dataclasses import replace
from math import lcm
from typing import TypeAlias

from convcli.nets.architecture.kinds import KINDS
from convcli.nets.architecture.layer import Layer
from convcli.nets.architecture.parser import Block, Join, Node, Repeat, read_chain

__all__ = ["Part", "concat", "multiply", "named", "numbered", "residual", "scaled", "serial"]

Part: TypeAlias = "str | Node | Iterable[Part]"


def serial(*parts: Part) -> tuple[Node, ...]:
    """Put parts one after the other.

    >>> [node.leaves for node in serial("conv:6,k5 relu", residual("bn"))]
    [1, 1, 2]
    """
    nodes: list[Node] = []
    for part in parts:
        if isinstance(part, str):
            nodes += read_chain(part)
        elif isinstance(part, Iterable):
            nodes += serial(*part)
        else:
            nodes.append(part)
    return tuple(nodes)


def named(name: str, *parts: Part) -> Block:
    """Give a part a name: of a block, or of a single layer."""
    return Block(name, serial(*parts))


def numbered(*parts: Part) -> tuple[Block, ...]:
    """Name each layer of these parts by its place, 0, 1, 2 …, and each block without a name."""
    return tuple(
        named(str(i), node.items if type(node) is Block and not node.name else node)
        for i, node in enumerate(serial(*parts))
    )


def concat(*branches: Part) -> Join:
    """Join the branches' channels; an empty branch, `()`, is the input as it is."""
    return Join("concat", tuple(serial(b) for b in branches))


def residual(*branches: Part) -> Join:
    """Add the branches up; one alone is added to the input."""
    ends = tuple(serial(b) for b in branches)
    return Join("residual", ends if len(ends) > 1 else (*ends, ()))


def multiply(*branches: Part) -> Join:
    """Multiply the branches; one alone is multiplied with the input."""
    return replace(residual(*branches), kind="multiply")


def scaled(net: Iterable[Node], width: float, *, whole: bool = False) -> tuple[Node, ...]:
    """Scale the channels of every convolution, as the chapter does for VGG; fully connected layers stay.

    The last part that has weights tells the classes apart, and stays as it is.

    Parameters
    ----------
    net : iterable of Node
    width : float
        Above 0. Channels are rounded to the nearest whole number, at least 1; to a multiple of the groups where some
        convolution makes or reads as many of them in groups, so that what is added up later still fits. Where each
        channel is a group, it stays one.
    whole : bool
        Whether fully connected layers are scaled too, all but the last.

    Examples
    --------
    >>> from convcli.nets.architecture.parser import read_chain
    >>> [node.text for node in scaled(read_chain("conv:64,k3 relu conv:7,k1,g2 gap flatten linear:9"), 0.25)]
    ['conv:16,k3', 'relu', 'conv:2,k1,g2', 'gap', 'flatten', 'linear:9']
    >>> [node.text for node in scaled(read_chain("conv:8,k3 flatten linear:64 linear:9"), 0.25, whole=True)]
    ['conv:2,k3', 'flatten', 'linear:16', 'linear:9']
    """
    nodes = tuple(net)
    kinds = _LINEAR | _WINDOWED if whole else _WINDOWED
    units: dict[int, int] = {}
    _collect(nodes, None, units)
    last = _last_weighted(nodes)
    found = [_scaled(node, width, kinds, units) for node in nodes]
    found[last : last + 1] = [
        _but_last(node, width) if whole else node for node in nodes[last : last + 1]
    ]
    return tuple(found)


_LINEAR = frozenset({"linear"})
_WINDOWED = frozenset(name for name, kind in KINDS.items() if kind.weighted) - _LINEAR


def _last_weighted(nodes: tuple[Node, ...]) -> int:
    return max((i for i, node in enumerate(nodes) if _weighted(node)), default=0)


def _but_last(node: Node, width: float) -> Node:
    """Scale the fully connected layers in the part that tells the classes apart, but the last."""
    if not isinstance(node, Block) or isinstance(node, Repeat):
        return node
    last = _last_weighted(node.items)
    items = (
        _but_last(n, width) if i == last else _scaled(n, width, _LINEAR, {})
        for i, n in enumerate(node.items)
    )
    return replace(node, items=tuple(items))


def _weighted(node: Node) -> bool:
    if isinstance(node, Layer):
        return KINDS[node.kind].weighted
    if isinstance(node, Join):
        return any(_weighted(inner) for branch in node.branches for inner in branch)
    return any(map(_weighted, node.items))


def _collect(nodes: Iterable[Node], read: int | None, units: dict[int, int]) -> int | None:
    """Collect which numbers of channels are made or read in groups, and what they are a multiple of therefore.

    `read` is how many channels the first node reads, as far as that is known; the last one makes what is returned.
    """
    for node in nodes:
        if isinstance(node, Join):
            for branch in node.branches:
                _collect(branch, read, units)
            read = None
        elif not isinstance(node, Layer):
            read = _collect(node.items, read, units)
        elif KINDS[node.kind].weighted and node.out is not None:
            for count in {node.out, read or node.out} if 1 < node.groups < node.out else ():
                units[count] = lcm(units.get(count, 1), node.groups)
            read = node.out
    return read


def _scaled(node: Node, width: float, kinds: frozenset[str], units: dict[int, int]) -> Node:
    if isinstance(node, Join):
        branches = (tuple(_scaled(n, width, kinds, units) for n in b) for b in node.branches)
        return replace(node, branches=tuple(branches))
    if not isinstance(node, Layer):
        return replace(node, items=tuple(_scaled(n, width, kinds, units) for n in node.items))
    if node.out is None or not (node.kind in kinds or node.each):
        return node
    unit = units.get(node.out, 1)
    out = unit * max(int(width * node.out / unit + 0.5), 1)
    text = node.text.replace(f":{node.out}", f":{out}", 1)
    if 1 < node.groups == node.out:  # each channel by itself
        text = text.replace(f",g{node.groups}", f",g{out}", 1)
        return replace(node, out=out, groups=out, text=text)
    return replace(node, out=out, text=text)
