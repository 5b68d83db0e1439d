"""Arguments as callers give them: numbers of Python or NumPy, and names of registries, checked. No NumPy."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import index
from typing import Any, SupportsFloat, SupportsIndex, TypeAlias, TypeVar

from convcli.engine.errors import ConvError, one_of, printable, shortened

__all__ = ["Whole", "Wholes", "real", "row_of", "several", "shown", "whole", "wholes"]

T = TypeVar("T")

Whole: TypeAlias = SupportsIndex
"""A whole number: an int, one of NumPy's integers, or an array of no dimension."""

Wholes: TypeAlias = Whole | Sequence[Whole]
"""One whole number for all axes, or one an axis: a sequence, or an array of one dimension."""


def whole(what: str, value: object, least: int) -> int:
    """Return a whole number as an int.

    Raises
    ------
    ConvError
        It is below `least`, or no whole number: a float, a bool and a text are none.

    Examples
    --------
    >>> whole("stride", 2, 1)
    2
    """
    if type(value) is int and value >= least:  # the usual case
        return value
    found = _index(value)
    if found is None or found < least:
        raise ConvError(
            f"{what}: got {shown(value)}, a whole number of at least {least} is needed", usage=True
        )
    return found


def wholes(what: str, value: object, least: int) -> tuple[int, ...]:
    """Return the whole numbers of a sequence or an array, or the only one.

    >>> wholes("stride", [2, 1], 1), wholes("stride", 2, 1)
    ((2, 1), (2,))
    """
    items = several(value)
    return tuple([whole(what, v, least) for v in ([value] if items is None else items)])


def several(value: object) -> list[object] | None:
    """Return the items of a sequence or an array; None of anything else, a text and an array of no dimension too."""
    if type(value) is int:  # the usual cases
        return None
    if type(value) is tuple:
        return list(value)
    if isinstance(value, (str, bytes, bytearray)) or _index(value) is not None:
        return None
    array = hasattr(value, "__array__") and getattr(value, "ndim", None) != 0
    if isinstance(value, Sequence) or (array and isinstance(value, Iterable)):
        return list(value)
    return None


def real(
    what: str,
    value: object,
    needed: str = "a number is needed",
    fits: Callable[[float], bool] = lambda _: True,
) -> float:
    """Return a real number, an int as it is, NumPy's as Python's.

    Raises
    ------
    ConvError
        It is no number (a bool and a text are none), or does not fit.

    Examples
    --------
    >>> real("lr", 0.5, "a number above 0 is needed", lambda rate: rate > 0)
    0.5
    """
    found = _float(value)
    if found is None or not fits(found):
        got = shown(value) if found is None else f"{found:g}"
        raise ConvError(f"{what}: got {got}, {needed}", usage=True)
    return found


def row_of(what: str, name: object, rows: Mapping[str, T]) -> T:
    """Return the row of a registry.

    Raises
    ------
    ConvError
        There is none of that name.

    Examples
    --------
    >>> row_of("axis", "x", {"x": 1, "y": 0})
    1
    """
    found = rows.get(name) if isinstance(name, str) else None
    if found is None:
        raise one_of(what, name if isinstance(name, str) else shown(name), rows)
    return found


def shown(value: object) -> str:
    """Write what was got: a text in quotes, anything else as it prints.

    >>> shown("2"), shown(2.0)
    ("'2'", '2.0')
    """
    return shortened(printable(repr(value) if isinstance(value, str | bytes) else value))


def _index(value: Any) -> int | None:
    try:
        return None if isinstance(value, bool) else index(value)
    except TypeError:  # an array has the method, too, and does not always answer
        return None


def _float(value: object) -> float | None:
    if isinstance(value, float):
        return float(value)
    if type(value) is int and value.bit_length() <= 64:
        return value
    found = _index(value)
    if found is not None:
        return found if abs(found) < 2**1024 else None  # more is no float
    kind = getattr(getattr(value, "dtype", None), "kind", "f")
    if isinstance(value, SupportsFloat) and kind == "f" and not getattr(value, "ndim", 0):
        return None if isinstance(value, bool) else float(value)
    return None
