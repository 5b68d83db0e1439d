"""What classes are called: in a file of labels, in a file of weights, in data."""

import re
from collections.abc import Sequence

from convcli.engine.errors import ConvError, printable
from convcli.engine.numbers import is_whole
from convcli.files.text import read_text

__all__ = ["called", "read_labels"]

_NUMBER_FIRST = re.compile(r"\s*(?P<number>[0-9]{1,9})\s*[\s,:;]\s*(?P<name>.*\S)\s*")
_NAME_FIRST = re.compile(r"\s*(?P<name>\S.*?)\s*[\s,:;]\s*(?P<number>[0-9]{1,9})\s*")


def read_labels(name: str, count: int) -> tuple[str, ...]:
    """Read a file of the classes' names, one a line, in their order; or with the number of each, before it or behind.

    Raises
    ------
    ConvError
        It has not one a class.
    """
    found: Sequence[str] = read_text(name).splitlines()
    if len(found) != count:
        raise ConvError(f"{printable(name)}: has {len(found)} lines, the network {count} classes")
    for pattern in (_NUMBER_FIRST, _NAME_FIRST):
        rows = [match for line in found if (match := pattern.fullmatch(line))]
        named = {int(row["number"]): row["name"] for row in rows}
        if len(rows) == count and named.keys() == set(range(count)):
            return tuple(named[number] for number in range(count))
    return tuple(found)


def called(
    texts: Sequence[str], count: int, *, names: Sequence[str] | None, own: Sequence[str] | None
) -> tuple[str, ...]:
    """Choose how data call a network's classes: by name, as in its training, or by their numbers from 0.

    Parameters
    ----------
    texts : sequence of str
        The label of each example.
    count : int
        Classes of the network.
    names : sequence of str, optional
        What a file of labels calls them.
    own : sequence of str, optional
        What the file of weights calls them.

    Returns
    -------
    tuple of str
        One a class. Where none of the ways knows all labels, the first.

    Raises
    ------
    ConvError
        Data name a class that two are called; nothing says what the classes are, and the labels are no numbers of them.

    Examples
    --------
    >>> called(["cat"], 2, names=["cat", "dog"], own=None), called(["1"], 2, names=["cat", "dog"], own=None)
    (('cat', 'dog'), ('0', '1'))
    """
    numbers = tuple(map(str, range(count)))
    ways = [tuple(way) for way in (names, own) if way]
    if not any(all(map(is_whole, way)) for way in ways):
        ways.append(numbers)
    seen = set(texts)
    way = next((way for way in ways if seen <= set(way)), None)
    if way is None and len(ways) == 1 and ways[0] is numbers:
        other = printable(min(seen - set(numbers)))
        raise ConvError(
            f"got the label '{other}', and nothing says what the network's {count} classes are called: "
            "--labels FILE names them, one a line"
        )
    twice = sorted(name for name in seen if way and way.count(name) > 1)
    if twice:
        raise ConvError(f"two of the network's classes are called '{printable(twice[0])}'")
    return way or ways[0]
