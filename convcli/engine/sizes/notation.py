"""Sizes and padding as people write them, `3x224x224` and `0/1x2`: one reader for options and layer texts.

The errors do not name the option or layer: who asked puts it in front.
"""

import re
from collections.abc import Sequence

from convcli.engine.errors import ConvError, brief, one_of, printable
from convcli.engine.sizes.geometry import WORDS, Padding, size_text

__all__ = [
    "LARGEST",
    "check_dimensions",
    "doubt_about",
    "padding_text",
    "read_padding",
    "read_sizes",
    "read_total_padding",
    "spelled_out",
]

LARGEST = 10**9
"""The largest size that is read: no picture, array or layer has an axis that long."""


def read_sizes(text: str, *, least: int = 1) -> tuple[int, ...]:
    """Read `H`, `HxW`, `CxHxW` …: whole numbers joined by ``x``.

    Parameters
    ----------
    text : str
    least : int
        The smallest number allowed.

    Returns
    -------
    tuple of int

    Raises
    ------
    ConvError

    Examples
    --------
    >>> read_sizes("3x224x224")
    (3, 224, 224)
    """
    return tuple(_number(part, text, least) for part in _axes(text))


def read_padding(text: str) -> Padding:
    """Read rows per side (`1`, `2x1`), before/after (`0/1`, `0/1x1/0`), or a word of `geometry.WORDS`.

    >>> read_padding("0/1x2").pairs
    ((0, 1), (2, 2))
    """
    if re.match(r"\s*[A-Za-z]", text):
        if text not in WORDS:
            raise one_of("padding", text, WORDS)
        return Padding(text)
    pairs = []
    for part in _axes(text):
        ends = [_number(end, text, 0) for end in part.split("/")]
        if len(ends) > 2:
            raise _unreadable(text, "rows per side (1, 2x1), before/after (0/1x0/1)")
        pairs.append((ends[0], ends[-1]))
    return Padding("explicit", tuple(pairs))


def padding_text(pairs: Sequence[tuple[int, int]]) -> str:
    """Write rows before and after each axis as `read_padding` reads them.

    >>> padding_text([(0, 1), (2, 2)])
    '0/1x2'
    """
    return "x".join(str(b) if b == a else f"{b}/{a}" for b, a in pairs)


def read_total_padding(text: str) -> Padding:
    """Read rows of both sides together (the chapter's p_h x p_w); the odd one goes to the start.

    >>> read_total_padding("2x3").pairs
    ((1, 1), (2, 1))
    """
    totals = read_sizes(text, least=0)
    return Padding("explicit", tuple((t - t // 2, t // 2) for t in totals))


FEW = 4
"""Rows up to which a size may well be what it says."""


def spelled_out(size: Sequence[int]) -> str:
    """Say what the numbers of a network's input are.

    >>> spelled_out((224, 224)), spelled_out((3, 224, 224)), spelled_out((10,))
    ('224 channels × length 224', '3 channels × 224x224', '10 numbers')
    """
    channels, *spatial = size
    if not spatial:
        return f"{channels} numbers"
    counted = f"{channels} channel{'s' * (channels != 1)}"
    return f"{counted} × {'length ' * (len(spatial) == 1)}{size_text(spatial)}"


def doubt_about(size: Sequence[int]) -> str | None:
    """Say what was probably meant by a network's input whose numbers are in another order than C×spatial.

    >>> doubt_about((224, 224, 3))
    '224x224x3 is 224 channels × 224x3, channels come first: 3x224x224 was probably meant'
    >>> doubt_about((3, 224, 224)) is None
    True
    """
    meant: Sequence[int] = ()
    if len(size) == 2 and size[0] == size[1] > 1:
        meant, why = (3, *size), "a picture is CxHxW"
    elif len(size) in (3, 4) and size[-1] in (1, 3) and min(size[-3], size[-2]) > FEW:
        meant, why = (size[-1], *size[-3:-1]), "channels come first"
    elif len(size) == 4 and size[1] in (1, 3) and size[2] > 3:
        meant, why = size[1:], "a batch is left out"
    if not meant:
        return None
    said = f"{size_text(size)} is {spelled_out(size)}, {why}"
    return f"{said}: {size_text(meant)} was probably meant"


def check_dimensions(
    shape: Sequence[int], about: str = "", *, least: int = 2, most: int = 4
) -> None:
    """Refuse an array that has too few or too many dimensions, or no cells.

    Parameters
    ----------
    shape : sequence of int
    about : str
        The argument or file it is of, where nobody else puts that in front.
    least, most : int
        Dimensions that are allowed.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> check_dimensions((4,), "bias")
    Traceback (most recent call last):
    convcli.engine.errors.ConvError: bias: got shape 4, a non-empty array of 2 to 4 dimensions is needed: numpy.reshape(a, (1, -1)) makes it one row
    """
    if least <= len(shape) <= most and 0 not in shape:
        return
    got = f"shape {brief(size_text(shape))}" if shape else "a single number"
    allowed = f"{least} to {most}" if least else f"up to {most}"
    row = ": numpy.reshape(a, (1, -1)) makes it one row" if len(shape) == 1 < least else ""
    error = ConvError(f"got {got}, a non-empty array of {allowed} dimensions is needed{row}")
    raise error.about(about) if about else error


def _axes(text: str) -> list[str]:
    return re.split(r"[ \t]*[x×][ \t]*", text.strip())


def _number(part: str, text: str, least: int) -> int:
    # [0-9]: int() would take digits of any script, spaces and underscores
    if not re.fullmatch(r"\+?[0-9]{1,30}", part):
        parts = re.split(r"\s*[X*,;]\s*|\s+", text.strip().strip("()[]"))
        meant = all(re.fullmatch("[0-9]+", part) for part in parts) and len(parts) > 1
        allowed = f"whole numbers of at least {least} (joined by x)"
        raise _unreadable(text, allowed, f": did you mean {'x'.join(parts)}?" if meant else "")
    number = int(part)
    if not least <= number <= LARGEST:
        raise _unreadable(text, f"whole numbers from {least} to {LARGEST}")
    return number


def _unreadable(text: str, allowed: str, hint: str = "") -> ConvError:
    return ConvError(f"got '{printable(text)}', {allowed} are allowed{hint}", usage=True)
