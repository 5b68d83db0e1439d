"""Labelled examples as they are stored, and the classes that their labels name."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, printable
from convcli.engine.numbers import is_whole

__all__ = ["Labelled", "classes", "listed", "numbered"]

_DIGITS = 18
"""Characters of a label that is put in its place as a number."""
_SHOWN = 12
"""Names that a message lists."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Examples with their labels: arrays as they are stored, or pictures that are still to be read.

    Parameters
    ----------
    name : str
        What was read.
    texts : tuple of str
        The label of each example.
    x : ndarray, shape (N, C, H, W), or None
        C is 1 or 3; None for a folder of pictures.
    paths : tuple of Path
        The pictures of a folder, in the order of `texts`; else none.
    white : float or None
        The value of `x` that becomes 1; None: the full scale of each picture.
    notes : tuple of str
        What people should be told.
    """

    name: str
    texts: tuple[str, ...]
    x: NDArray[Any] | None = None
    paths: tuple[Path, ...] = ()
    white: float | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)


def classes(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the labels that occur: whole numbers in their order, else texts in that of the alphabet.

    >>> classes(["10", "9", "9"]), classes(["10", "9", "nine"])
    (('9', '10'), ('10', '9', 'nine'))
    """
    found = set(texts)
    if all(len(text) <= _DIGITS and is_whole(text) for text in found):
        return tuple(sorted(found, key=lambda text: (int(text), text)))
    return tuple(sorted(found))


def numbered(texts: Sequence[str], labels: Sequence[str]) -> NDArray[np.int64]:
    """Return the number of each label.

    Parameters
    ----------
    texts : sequence of str
        The label of each example.
    labels : sequence of str
        Those that are known, one a class.

    Returns
    -------
    ndarray of int64, shape (N,)
        Indices into `labels`.

    Raises
    ------
    ConvError
        A label is not known.

    Examples
    --------
    >>> numbered(["dog", "cat", "dog"], ["cat", "dog"])
    array([1, 0, 1])
    """
    numbers = {label: number for number, label in enumerate(labels)}
    unknown = Counter(text for text in texts if text not in numbers)
    if unknown:
        count = sum(unknown.values())
        examples = "1 example has" if count == 1 else f"{count} examples have"
        raise ConvError(
            f"{examples} a label that is none of the network's: got {listed(classes(unknown))}; known: {listed(labels)}"
        )
    return np.array([numbers[text] for text in texts], np.int64)


def listed(names: Sequence[str]) -> str:
    """Put names into a message, not more than a line holds.

    >>> listed([str(n) for n in range(20)])
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … (20 in all)'
    """
    shown = ", ".join(printable(name[:40]) for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown}, … ({len(names)} in all)"
