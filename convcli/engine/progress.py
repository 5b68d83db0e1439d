"""What long work yields while it runs. Whoever watches draws it; the engine does not know that anyone does."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

__all__ = ["Note", "Progress", "Work", "finished", "numbered"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class Progress:
    """How far a stage of the work is.

    Parameters
    ----------
    stage : str
        What is done, in a word or two.
    done, total : int
        In rows, steps, or what the stage counts.
    loss : float or None
        Of the step just done.
    """

    stage: str
    done: int
    total: int
    loss: float | None = None


@dataclass(frozen=True)
class Note:
    """What a person should know before the work is done."""

    text: str


Work: TypeAlias = Generator[Progress | Note, None, _T]
"""Work that yields records, and returns its result."""


def numbered(stage: str, total: int, counting: Generator[int, None, _T]) -> Work[_T]:
    """Turn numbers of what is done into records of a stage."""
    while True:
        try:
            done = next(counting)
        except StopIteration as end:
            result: _T = end.value
            return result
        yield Progress(stage, done, total)


def finished(work: Generator[object, None, _T], tell: Callable[[str], None] | None = None) -> _T:
    """Do the work with nobody watching, and return its result; notes are told, if someone listens."""
    while True:
        try:
            record = next(work)
        except StopIteration as end:
            result: _T = end.value
            return result
        if tell is not None and isinstance(record, Note):
            tell(record.text)
