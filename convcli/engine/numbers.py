"""How a number is written, wherever one is read: in options, kernels, layers, tables. No NumPy.

A sign or none; digits with a point or none (`5`, `5.`, `.5`); an exponent or none (`1e-3`). Digits are 0 to 9 and
nothing else: no underscores, no digits of other scripts, no hexadecimal, no decimal comma. Blanks around it are passed
over. `nan`, `inf` and `infinity` are numbers only to a reader that asks for them.
"""

import math
import re

from convcli.engine.errors import ConvError, brief

__all__ = ["BLANKS", "REAL", "SPECIAL", "WHOLE", "read_number", "read_real", "read_whole"]

WHOLE = re.compile(r"[+-]?[0-9]+")
"""A whole number."""
REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""A number."""
SPECIAL = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
"""What is written like a number and is none, or not finite."""

BLANKS = " \t\r\n"
"""What may stand around a number."""


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
    >>> read_number("9007199254740993"), read_number(" +.5"), read_number("1E2")
    (9007199254740993, 0.5, 100.0)
    """
    bare = text.strip(BLANKS)
    if len(bare) < 300 and WHOLE.fullmatch(bare):  # most numbers, by far
        return int(bare)
    if REAL.fullmatch(bare):
        value = float(bare)
        if math.isinf(value):
            raise _wrong(text, "numbers up to 1.8e308 are allowed")
        if not WHOLE.fullmatch(bare):
            return value
        size = int(bare.lstrip("+-0") or "0")  # int() refuses thousands of digits, zeros as well
        return -size if bare[0] == "-" else size
    if SPECIAL.fullmatch(bare):
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
    bare = text.strip(BLANKS)
    value = read_number(bare) if WHOLE.fullmatch(bare) else least - 1
    if value < least:
        raise _wrong(text, f"a whole number of at least {least} is needed")
    return int(value)


def _wrong(text: str, allowed: str) -> ConvError:
    return ConvError(f"got '{brief(text, 20)}', {allowed}", usage=True)
