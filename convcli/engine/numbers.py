"""How a number is written, wherever one is read: in options, kernels, layers, tables. No NumPy.

A sign or none; digits with a point or none (`5`, `5.`, `.5`); an exponent or none (`1e-3`). Digits are 0 to 9 and
nothing else: no underscores, no digits of other scripts, no hexadecimal, no decimal comma. Blanks around it are passed
over, and the minus sign of prose (−) is one. `nan`, `inf` and `infinity` are numbers only to a reader that asks for them.
"""

import math
import re

from convcli.engine.errors import ConvError, brief

__all__ = [
    "BLANKS",
    "MINUS",
    "is_real",
    "is_special",
    "is_whole",
    "read_number",
    "read_real",
    "read_whole",
]

BLANKS = " \t\r\n"
"""What may stand around a number."""
MINUS = "\u2212"
"""What books and pages print in front of a negative number."""


# patterns are compiled when the first number comes: most calls have none, and each would pay for them


def is_whole(text: str) -> bool:
    """Whether a text is a whole number, without blanks around it."""
    return re.fullmatch(r"[+-]?[0-9]+", text) is not None


def is_real(text: str) -> bool:
    """Whether a text is a number, without blanks around it."""
    return re.fullmatch(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", text) is not None


def is_special(text: str) -> bool:
    """Whether a text is written like a number and is none, or not finite."""
    return text.lower().lstrip("+-") in ("nan", "inf", "infinity") and text[1:2] not in ("+", "-")


def read_number(text: str, *, special: bool = False) -> int | float:
    """Read one number; a whole one stays an int, so that no digit is lost.

    Parameters
    ----------
    text : str
    special : bool
        Whether ``nan`` and ``inf`` are read.

    Raises
    ------
    ConvError
        It is none, or larger than a float can be.

    Examples
    --------
    >>> read_number("9007199254740993"), read_number(" +.5"), read_number("1E2"), read_number("\u22121")
    (9007199254740993, 0.5, 100.0, -1)
    """
    bare = text.strip(BLANKS).replace(MINUS, "-")
    if len(bare) < 300 and is_whole(bare):  # most numbers, by far
        return int(bare)
    if is_real(bare):
        value = float(bare)
        if math.isinf(value):
            raise _wrong(text, "numbers up to 1.8e308 are allowed")
        if not is_whole(bare):
            return value
        size = int(bare.lstrip("+-0") or "0")  # int() refuses thousands of digits, zeros as well
        return -size if bare[0] == "-" else size
    if is_special(bare):
        if not special:
            raise _wrong(text, "a finite number is needed")
        return float(bare)
    raise _wrong(text, "a number is needed")


def read_real(text: str) -> float:
    """Read one finite number as a float.

    >>> read_real("2")
    2.0
    """
    return float(read_number(text))


def read_whole(text: str, least: int = 0) -> int:
    """Read one whole number, of at least so much.

    >>> read_whole("+2")
    2
    """
    bare = text.strip(BLANKS).replace(MINUS, "-")
    value = read_number(bare) if is_whole(bare) else least - 1
    if value < least:
        raise _wrong(text, f"a whole number of at least {least} is needed")
    return int(value)


def _wrong(text: str, allowed: str) -> ConvError:
    return ConvError(f"got '{brief(text, 20)}', {allowed}", usage=True)
