"""The kinds of layers, and how one layer is written: `conv:64,k7,s2,p3`. No arrays."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.sizes import notation
from convcli.engine.sizes.geometry import Padding

__all__ = ["KINDS", "NAMED", "Kind", "Layer", "read_layer", "usage"]


@dataclass(frozen=True)
class Kind:
    """One kind of layer: what it is and what its text may say.

    Parameters
    ----------
    summary : str
        What it does, for the help.
    first : str
        What its first argument, a bare number, means: ``"out"``, ``"size"``, ``"cells"`` (a size an axis), ``"rate"``,
        ``"eps"``, or ``""`` for none.
    needs : str
        Which of ``o`` (the bare number) and ``k`` have to be there.
    takes : str
        Which of the letters ``k s p d g`` (and ``o``, written ``op``) may be there.
    flags : tuple of str
        Words that may be there.
    activation : str
        PyTorch's module, for kinds that only change each cell (or weigh the channels): they are counted alike.
    named : tuple of str
        Numbers that may be there as ``name=number``, a key of `NAMED` each.
    """

    summary: str
    first: str = ""
    needs: str = ""
    takes: str = ""
    flags: tuple[str, ...] = ()
    activation: str = ""
    named: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "conv": Kind("convolution to OUT channels", "out", "ok", "kspdg", ("nobias",)),
    "dwconv": Kind("depthwise convolution, a group each channel", "out", "k", "kspd", ("nobias",)),
    "convt": Kind("transposed convolution", "out", "ok", "kspdgo", ("nobias",)),
    "maxpool": Kind("largest value of each window", "", "k", "kspd", ("ceil",)),
    "avgpool": Kind("mean of each window", "", "k", "kspd", ("ceil", "pad")),
    "gap": Kind("global average pooling"),
    "adaptive": Kind("average pooling to CELLS, whatever the input", "cells", "c"),
    "lrn": Kind(
        "local response normalization over SIZE channels", "size", named=("alpha", "beta", "k")
    ),
    "bn": Kind("batch normalization", "eps"),
    "relu": Kind("max(x, 0)", activation="nn.ReLU()"),
    "sigmoid": Kind("1/(1 + exp(-x))", activation="nn.Sigmoid()"),
    "tanh": Kind("hyperbolic tangent", activation="nn.Tanh()"),
    "softmax": Kind("softmax over the channels", activation="nn.Softmax(dim=1)"),
    "dropout": Kind("dropout at RATE", "rate"),
    "flatten": Kind("everything in one row"),
    "linear": Kind("fully connected layer to OUT units", "out", "o", "", ("nobias",)),
}
"""Every kind of layer, in the order of the help."""

_LETTERS = {"k": "kernel", "s": "stride", "p": "padding", "d": "dilation", "g": "groups"}


@dataclass(frozen=True)
class Layer:
    """One layer as it was written; what the text leaves out is None, or stands at its default.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    text : str
        As it was written.
    line : int
        Its line in the text, from 1.
    out : int, optional
        Channels or units of the output; the number of channels an LRN looks at.
    kernel, stride, dilation, output_padding : tuple of int, optional
        One number, or one an axis. A stride of None is 1, for pooling the kernel.
    padding : Padding
    groups : int
    bias, ceil, count_padding : bool
    rate : float
        Of dropout.
    eps : float
        Of batch normalization: what is added to the variance.
    cells : tuple of int, optional
        Of adaptive pooling: the output, one number or one an axis.
    alpha, beta, offset : float
        Of local response normalization: x / (offset + alpha * mean square of the channels near)**beta.
    """

    kind: str
    text: str
    line: int = 1
    out: int | None = None
    kernel: tuple[int, ...] | None = None
    stride: tuple[int, ...] | None = None
    dilation: tuple[int, ...] = (1,)
    output_padding: tuple[int, ...] | None = None
    padding: Padding = Padding()  # noqa: RUF009  frozen
    groups: int = 1
    bias: bool = True
    ceil: bool = False
    count_padding: bool = False
    rate: float = 0.5
    eps: float = 1e-5
    cells: tuple[int, ...] | None = None
    alpha: float = 1e-4
    beta: float = 0.75
    offset: float = 1.0

    leaves = 1
    depth = 1


NAMED = {"alpha": "alpha", "beta": "beta", "k": "offset"}
"""The fields of Layer that numbers with a name set; all are PyTorch's names."""

_FLAGS = {"nobias": ("bias", False), "ceil": ("ceil", True), "pad": ("count_padding", True)}


def usage(kind: str, *, short: bool = False) -> str:
    """Write how a kind of layer is written; `short` leaves out what may be left out.

    >>> usage("conv"), usage("conv", short=True)
    ('conv:OUT,kK[,sS][,pP][,dD][,gG][,nobias]', 'conv:OUT,kK')
    >>> usage("convt")
    'convt:OUT,kK[,sS][,pP][,dD][,gG][,opO][,nobias]'
    >>> usage("dwconv")
    'dwconv:[OUT,]kK[,sS][,pP][,dD][,nobias]'
    """
    if short:
        return re.sub(r"\[.*?\]", "", usage(kind))
    row = KINDS[kind]
    if row.first == "cells":
        return f"{kind}:{row.first.upper()}"
    if row.first and not row.needs:
        named = "".join(f"[,{name}={name[0].upper()}]" for name in row.named)
        return f"{kind}[:{row.first.upper()}]{named}"
    parts = []
    if row.first:
        parts.append(row.first.upper() if "o" in row.needs else f"[{row.first.upper()},]")
    for letter in row.takes:
        word = "opO" if letter == "o" else letter + letter.upper()
        needed = letter in row.needs and letter != "o"  # there it is the bare number
        parts.append(word if needed else f"[,{word}]")
    text = "".join(f",{p}" if i and "[" not in parts[i - 1] + p else p for i, p in enumerate(parts))
    text += "".join(f"[,{flag}]" for flag in row.flags)
    return f"{kind}:{text}" if text else kind


def read_layer(text: str, *, line: int = 1, also: Iterable[str] = ()) -> Layer:
    """Read one layer, `kind:argument,argument…`.

    Parameters
    ----------
    text : str
    line : int
        The line it stands on.
    also : iterable of str
        What else may stand in its place, for the error about an unknown kind.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> read_layer("maxpool:k3,s2,ceil").stride
    (2,)
    """
    kind, colon, rest = text.partition(":")
    if kind not in KINDS:
        raise one_of("layer", kind, [*KINDS, *also])
    values: dict[str, Any] = {}
    for i, argument in enumerate(rest.split(",") if colon else []):
        name, value = _argument(kind, argument, i == 0)
        if name in values:
            raise ConvError(f"{name.replace('_', ' ')} is given twice", usage=True)
        values[name] = value
    for needed, name in (("o", "out"), ("k", "kernel"), ("c", "cells")):
        if needed in KINDS[kind].needs and name not in values:
            raise ConvError(f"its {name} is missing, {usage(kind)} is allowed", usage=True)
    return Layer(kind, text, line, **values)


def _argument(kind: str, text: str, first: bool) -> tuple[str, Any]:
    """Read one argument: the field of Layer that it sets, and its value."""
    row = KINDS[kind]
    if text in row.flags:
        return _FLAGS[text]
    name, sign, number = text.partition("=")
    if sign and name in row.named:
        return NAMED[name], _number(name, number)
    if first and row.first == "rate" and re.fullmatch(r"0?\.[0-9]{1,15}|0", text):
        return "rate", float(text)
    if first and row.first == "eps" and re.fullmatch(r"0?\.[0-9]{1,15}|1e-[0-9]{1,2}", text):
        return "eps", float(text)
    if first and row.first == "cells" and re.match(r"[0-9]", text):
        return "cells", _told("cells", text, 1)
    if first and row.first in ("out", "size") and re.match(r"[0-9]", text):
        return "out", _one(row.first, text)
    letter, value = (text[:2], text[2:]) if text.startswith("op") else (text[:1], text[1:])
    if letter[:1] in row.takes and text not in _FLAGS and letter:
        if letter == "op":
            return "output_padding", _told("output padding", value, 0)
        if letter == "p":
            return "padding", _padding(value)
        if letter == "g":
            return "groups", _one("groups", value)
        return _LETTERS[letter], _told(_LETTERS[letter], value, 1)
    raise ConvError(f"got '{printable(text)}', {usage(kind)} is allowed", usage=True)


def _number(name: str, text: str) -> float:
    number = re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+)(e-?[0-9]{1,2})?", text)
    if number is None or (name == "k" and float(text) == 0):
        least = "above 0" if name == "k" else "of at least 0"
        raise ConvError(f"{name}: got '{printable(text)}', a number {least} is allowed", usage=True)
    return float(text)


def _told(what: str, text: str, least: int) -> tuple[int, ...]:
    try:
        return notation.read_sizes(text, least=least)
    except ConvError as error:
        raise error.about(what) from error


def _one(what: str, text: str) -> int:
    numbers = _told(what, text, 1)
    if len(numbers) > 1:
        raise ConvError(f"{what}: got '{text}', one number is allowed", usage=True)
    return numbers[0]


def _padding(text: str) -> Padding:
    try:
        return notation.read_padding(text)
    except ConvError as error:
        raise error if "padding" in str(error) else error.about("padding") from error
