"""A network written in the layer language, to be edited: what parser.py reads. No arrays."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from convcli.nets.architecture.layer import Layer
from convcli.nets.architecture.parser import Join, Node, Repeat

__all__ = ["layer_text"]

_WIDTH = 100
_DEEPEST = 2
"""Levels of blocks whose names are told."""


def layer_text(net: Iterable[Node]) -> str:
    """Write a network as lines; names of blocks become comments, blocks that are alike repeats.

    Parameters
    ----------
    net : iterable of Node

    Examples
    --------
    >>> from convcli.nets.architecture.builders import named, residual
    >>> print(layer_text([named("stem", "conv:8,k3 bn"), residual("conv:8,k3,p1 relu"), named("fc", "linear:2")]))
    # stem
    conv:8,k3 bn
    residual( conv:8,k3,p1 relu | ) linear:2
    <BLANKLINE>
    """
    return "\n".join(_lines(net, "")) + "\n"


class _Piece(NamedTuple):
    """Layers in a row, a block or a join: its name, and its lines."""

    name: str
    lines: tuple[str, ...]


def _lines(nodes: Iterable[Node], prefix: str) -> list[str]:
    """Write nodes: what has neither name nor lines of its own goes on in the same line."""
    found: list[str] = []
    running = False  # whether the last line may go on
    for lines, alike in groupby(_pieces(nodes, prefix), lambda piece: piece.lines):
        pieces = list(alike)
        names = [piece.name for piece in pieces if piece.name]
        times = len(pieces)
        if names:
            last = f" to {names[-1].rpartition('.')[2]}" if times > 1 else ""
            found.append(f"# {names[0]}{last}")
        block = [*lines]
        if times > 1:
            block = _wrapped(f"{times}*(", [block])
        if names or len(block) > 1:
            found += block
        elif running and len(found[-1]) + len(block[0]) < _WIDTH:
            found[-1] += f" {block[0]}"
        else:
            found += block
        running = not names and len(block) == 1
    return found


def _pieces(nodes: Iterable[Node], prefix: str) -> Iterator[_Piece]:
    for node in nodes:
        if isinstance(node, Layer):
            yield _Piece("", (node.text,))
        elif isinstance(node, Join):
            branches = [_lines(branch, prefix) for branch in node.branches]
            yield _Piece("", tuple(_wrapped(f"{node.kind}(", branches)))
        elif isinstance(node, Repeat):
            yield _Piece("", tuple(_wrapped(f"{node.times}*(", [_lines(node.items, prefix)])))
        else:
            name = f"{prefix}{node.name}"
            told = node.leaves > 1 and name.count(".") < _DEEPEST
            yield _Piece(name if told else "", tuple(_lines(node.items, f"{name}.")))


def _wrapped(head: str, branches: list[list[str]]) -> list[str]:
    """Put branches in parentheses: in one line if they fit."""
    flat = [line for branch in branches for line in branch]
    if all(len(branch) <= 1 for branch in branches) and sum(map(len, flat)) < _WIDTH - 20:
        inside = " | ".join(" ".join(branch) for branch in branches)
        return [" ".join(f"{head} {inside} )".split())]
    found = [head]
    for i, branch in enumerate(branches):
        found += ["|"] if i else []
        found += [f"    {line}" for line in branch]
    return [*found, ")"]
