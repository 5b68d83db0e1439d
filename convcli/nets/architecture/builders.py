"""What networks are built of: layers in a row, joined branches, and names. No arrays.

A part is a text of the layer language (text.py), or what one of these functions returned.
"""

from collections.abc import Iterable
from typing import TypeAlias

from convcli.nets.architecture.parser import Block, Join, Node, read_chain

__all__ = ["Part", "concat", "named", "numbered", "residual", "serial"]

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
    """Name each layer of these parts by its place, 0, 1, 2 …"""
    return tuple(named(str(i), node) for i, node in enumerate(serial(*parts)))


def concat(*branches: Part) -> Join:
    """Join the branches' channels; an empty branch, `()`, is the input as it is."""
    return Join("concat", tuple(serial(b) for b in branches))


def residual(*branches: Part) -> Join:
    """Add the branches up; one alone is added to the input."""
    ends = tuple(serial(b) for b in branches)
    return Join("residual", ends if len(ends) > 1 else (*ends, ()))
