"""A network as steps in the order of computation: each with a name of its own, and where its inputs are from. No arrays.

Every step writes one value, numbered like its row: value 0 is the network's input, value i is what step i gives.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from convcli.nets.architecture.counts import Row, count
from convcli.nets.architecture.kinds import Layer
from convcli.nets.architecture.parser import Join, Node, Repeat

__all__ = ["Step", "last_uses", "program"]


@dataclass(frozen=True)
class Step:
    """One layer, or the joining of branches.

    Parameters
    ----------
    name : str
        Blocks, from the outside, and the layer in them, joined by dots: unique in the network.
    row : Row
        The layer, counted; its number is that of the value it gives.
    inputs : tuple of int
        The values it reads: one, or one a branch.
    """

    name: str
    row: Row
    inputs: tuple[int, ...]

    @property
    def layer(self) -> Layer | Join:
        """The layer."""
        return self.row.layer


def program(net: Iterable[Node], size: Sequence[int]) -> list[Step]:
    """Write a network out as steps.

    What has a name keeps it; a layer without one is called by its kind. Where a name comes twice within a block, each
    gets a number.

    Parameters
    ----------
    net : iterable of Node
    size : sequence of int
        The input, C×spatial or one number.

    Raises
    ------
    ConvError
        A layer that cannot be.

    Examples
    --------
    >>> from convcli.nets.architecture.parser import read_chain
    >>> steps = program(read_chain("unit = ( conv:8,k3,p1 bn ) unit residual( 2*unit ) relu"), (8, 9, 9))
    >>> [step.name for step in steps][2:]
    ['unit2.conv', 'unit2.bn', 'unit3.conv', 'unit3.bn', 'add', 'relu']
    >>> steps[6].inputs
    (6, 2)
    """
    net = tuple(net)
    rows = iter(count(net, size))
    steps: list[Step] = []
    _walk(net, 0, "", iter(_names(net)), rows, steps)
    return steps


def last_uses(steps: Sequence[Step]) -> list[list[int]]:
    """Return, for each step, the values that nothing reads after it.

    >>> from convcli.nets.architecture.parser import read_chain
    >>> last_uses(program(read_chain("residual( relu ) relu"), (1, 2, 2)))
    [[], [0, 1], [2]]
    """
    last: dict[int, int] = {}
    for i, step in enumerate(steps):
        last |= dict.fromkeys(step.inputs, i)
    freed: list[list[int]] = [[] for _ in steps]
    for value in sorted(last):
        freed[last[value]].append(value)
    return freed


def _walk(
    nodes: Iterable[Node],
    value: int,
    prefix: str,
    names: Iterator[str],
    rows: Iterator[Row],
    steps: list[Step],
) -> int:
    """Append the steps of some nodes that read `value`; return the value they end in."""
    for node in nodes:
        if isinstance(node, Repeat):
            for _ in range(node.times):
                value = _walk(node.items, value, prefix, names, rows, steps)
            continue
        if isinstance(node, Join):
            ends = [_walk(b, value, prefix, names, rows, steps) for b in node.branches]
            steps.append(Step(prefix + next(names), next(rows), tuple(ends)))
        elif isinstance(node, Layer):
            steps.append(Step(prefix + next(names), next(rows), (value,)))
        else:
            name = prefix + next(names)
            if len(node.items) == 1 and isinstance(node.items[0], Layer):  # the layer's own name
                steps.append(Step(name, next(rows), (value,)))
            else:
                inner = iter(_names(node.items))
                value = _walk(node.items, value, f"{name}.", inner, rows, steps)
                continue
        value = len(steps)
    return value


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
            for _ in range(node.times):
                yield from _plain_names(node.items)
        elif isinstance(node, Join):
            for branch in node.branches:
                yield from _plain_names(branch)
            yield "add" if node.kind == "residual" else node.kind
        else:
            yield node.kind if isinstance(node, Layer) else node.name
