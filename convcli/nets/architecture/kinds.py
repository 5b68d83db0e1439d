"""The kinds of layers, a row each, and how one layer is written: `conv:64,k7,s2,p3`. No arrays."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from math import inf
from typing import Any

from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.numbers import is_real
from convcli.engine.sizes import notation
from convcli.engine.sizes.geometry import Padding
from convcli.nets.architecture import counting_rules as rules
from convcli.nets.architecture.layer import Layer

__all__ = ["KINDS", "NAMED", "Kind", "read_layer", "usage"]


@dataclass(frozen=True, eq=False, repr=False)
class Kind:
    """One kind of layer: how it is written, how it is counted, and what PyTorch calls it.

    What computes it is its row of `nets.layers.OPERATIONS`; a new kind needs these two.

    Parameters
    ----------
    usage : str
        Its text; what may be left out stands in brackets. A capital is a number: first a bare one (`_BARE`), then those
        after a letter (``kK``) or a name (``k=K``). The other words are flags.
    summary : str
        What it does, for the help.
    rule : callable
        From a layer and the size of its input to what it comes to.
    torch : str
        PyTorch's module, with {words} that torch_code.py fills in; of convolutions and pooling its name alone.
    local : bool
        Whether each unit of its output sees a part of the input only: False ends the receptive fields.
    whole : bool
        Whether the whole input has a part in each unit all the same, beside the field: through a factor a channel.
    """

    usage: str
    summary: str
    rule: Callable[[Layer, rules.Size], rules.Found]
    torch: str
    local: bool = True
    whole: bool = False

    @property
    def name(self) -> str:
        """The word before the colon."""
        return re.split(r"\W", self.usage)[0]

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """What may be written after its name: ``OUT``, ``k``, ``op``, ``nobias``, ``alpha=``."""
        return _words(self.usage)

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """Which of the arguments have to be there."""
        return _words(_short(self.usage))

    @property
    def weighted(self) -> bool:
        """Whether its output is a weighted sum of its input: conv and linear layers."""
        return "OUT" in self.arguments


def _short(usage: str) -> str:
    return re.sub(r"\[.*?\]", "", usage)


def _words(usage: str) -> tuple[str, ...]:
    words = re.findall(r"[A-Za-z]+=?", re.sub("=[A-Z]", "=", usage))[1:]
    return tuple(w if w.isupper() else re.sub(r"[A-Z]$", "", w) for w in words)


_ROWS = (
    Kind(
        "conv:OUT,kK[,sS][,pP][,dD][,gG][,nobias]",
        "convolution to OUT channels",
        *(rules.conv, "nn.Conv{rank}d"),
    ),
    Kind(
        "dwconv:[OUT,]kK[,sS][,pP][,dD][,nobias]",
        "depthwise convolution, a group each channel",
        *(rules.conv, "nn.Conv{rank}d"),
    ),
    Kind(
        "convt:OUT,kK[,sS][,pP][,dD][,gG][,opO][,nobias]",
        "transposed convolution",
        *(rules.conv, "nn.ConvTranspose{rank}d"),
    ),
    Kind(
        "maxpool:kK[,sS][,pP][,dD][,ceil]",
        "largest value of each window",
        *(rules.pool, "nn.MaxPool{rank}d"),
    ),
    Kind(
        "avgpool:kK[,sS][,pP][,dD][,ceil][,pad]",
        "mean of each window",
        *(rules.pool, "nn.AvgPool{rank}d"),
    ),
    Kind("gap", "global average pooling", rules.global_pool, "nn.AdaptiveAvgPool{rank}d(1)", False),
    Kind(
        "adaptive:CELLS",
        "average pooling to CELLS, whatever the input",
        *(rules.adaptive_pool, "nn.AdaptiveAvgPool{rank}d({cells})"),
    ),
    Kind(
        "lrn[:SIZE][,alpha=A][,beta=B][,k=K]",
        "local response normalization over SIZE channels",
        *(rules.response_norm, "nn.LocalResponseNorm({size}{named})"),
    ),
    Kind(
        "bn[:EPS]",
        "batch normalization",
        *(rules.batch_norm, "nn.BatchNorm{rank}d({inputs}{eps})"),
    ),
    Kind(
        "layernorm[:EPS]",
        "normalization over the channels, each place by itself",
        *(rules.norm, "ChannelsLast(nn.LayerNorm({inputs}{eps}))"),
    ),
    Kind(
        "groupnorm:GROUPS[,eps=E]",
        "normalization over GROUPS groups of channels",
        *(rules.norm, "nn.GroupNorm({groups}, {inputs}{eps})"),
    ),
    Kind(
        "layerscale[:INIT]",
        "a learned factor each channel",
        *(rules.layer_scale, "Scale(nn.Parameter(torch.full(({ones}), {init:g})))"),
    ),
    Kind(
        "se:SQUEEZE[,silu][,hard]",
        "squeeze-and-excitation: channels scaled by what all of the map says",
        *(
            rules.squeeze,
            "SqueezeExcitation(nn.Conv{rank}d, {inputs}, {size}, nn.{act}(), nn.{gate}())",
        ),
        whole=True,
    ),
    Kind(
        "shuffle:GROUPS",
        "channels of GROUPS groups in turns",
        *(rules.shuffle, "nn.ChannelShuffle({groups})"),
    ),
    Kind("part:I/N", "the I-th of N parts of the channels", rules.part_of, "Part({part})"),
    Kind(
        "upsample:SCALE[,bilinear]",
        "each cell SCALE times an axis; nearest, or bilinear",
        *(rules.upsample, 'nn.Upsample(scale_factor={scale}, mode="{mode}")'),
    ),
    Kind(
        "crop:ROWS",
        "ROWS cut off a side, written as padding is",
        *(rules.crop, "nn.ConstantPad{rank}d(({cut}), 0)"),
    ),
    Kind("relu", "max(x, 0)", rules.activation, "nn.ReLU()"),
    Kind("relu6", "min(max(x, 0), 6)", rules.activation, "nn.ReLU6()"),
    Kind("leakyrelu[:SLOPE]", "x, below 0 SLOPE x", rules.activation, "nn.LeakyReLU({slope:g})"),
    Kind("hardswish", "x hardsigmoid(x)", rules.activation, "nn.Hardswish()"),
    Kind("hardsigmoid", "min(max(x + 3, 0), 6)/6", rules.activation, "nn.Hardsigmoid()"),
    Kind("silu", "x sigmoid(x)", rules.activation, "nn.SiLU()"),
    Kind("gelu", "x times the normal distribution at x", rules.activation, "nn.GELU()"),
    Kind("sigmoid", "1/(1 + exp(-x))", rules.activation, "nn.Sigmoid()"),
    Kind("tanh", "hyperbolic tangent", rules.activation, "nn.Tanh()"),
    Kind("softmax", "softmax over the channels", rules.activation, "nn.Softmax(dim=1)"),
    Kind("dropout[:RATE]", "dropout at RATE", rules.dropout, "nn.Dropout({rate:g})"),
    Kind("flatten", "everything in one row", rules.flatten, "nn.Flatten()", False),
    Kind(
        "linear:OUT[,nobias][,each]",
        "fully connected layer to OUT units; each: of every place's channels",
        *(rules.linear, "nn.Linear({inputs}, {outputs}{bias})"),
    ),
)
KINDS: dict[str, Kind] = {row.name: row for row in _ROWS}
"""Every kind of layer, in the order of the help."""

_FLAGS = {
    "nobias": ("bias", False),
    "ceil": ("ceil", True),
    "pad": ("count_padding", True),
    **{name: (name, True) for name in ("each", "bilinear", "silu", "hard")},
}
NAMED = {"alpha": "alpha", "beta": "beta", "k": "offset", "eps": "eps"}
"""The fields of Layer that numbers with a name set; the names are PyTorch's."""
_FIELDS = {"k": "kernel", "GROUPS": "groups", "I": "part", "N": "part", "SCALE": "stride",
           "ROWS": "padding", "CELLS": "cells", "OUT": "out", "SQUEEZE": "out"}  # fmt: skip
"""What arguments that are needed set."""


def usage(kind: str, *, short: bool = False) -> str:
    """Write how a kind of layer is written; `short` leaves out what may be left out.

    >>> usage("conv"), usage("conv", short=True)
    ('conv:OUT,kK[,sS][,pP][,dD][,gG][,nobias]', 'conv:OUT,kK')
    """
    return _short(KINDS[kind].usage) if short else KINDS[kind].usage


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
        if re.fullmatch("[kspdg][0-9][0-9x/]*", text):
            raise ConvError(
                f"is no layer, write it behind the layer it is for without a blank: conv:64,{text}",
                usage=True,
            )
        raise one_of("layer", kind, [*KINDS, *also])
    values: dict[str, Any] = {}
    for i, argument in enumerate(rest.split(",") if colon else []):
        name, value = _argument(kind, argument, i == 0)
        if name in values:
            raise ConvError(f"{name.replace('_', ' ')} is given twice", usage=True)
        values[name] = value
    for needed in KINDS[kind].needs:
        if _FIELDS[needed] not in values:
            raise ConvError(
                f"its {_FIELDS[needed]} is missing, {usage(kind)} is allowed", usage=True
            )
    return Layer(kind, text, line, **values)


def _argument(kind: str, text: str, first: bool) -> tuple[str, Any]:
    """Read one argument: the field of Layer that it sets, and its value."""
    known = KINDS[kind].arguments
    if text in _FLAGS and text in known:
        return _FLAGS[text]
    named, sign, number = text.partition("=")
    if sign and named + sign in known:
        return NAMED[named], _number(named, number)
    bare = known[0] if first and known and known[0].isupper() else ""
    if bare in ("RATE", "EPS", "SLOPE", "INIT") and is_real(text) and 0 <= float(text) < 1:
        return bare.lower(), float(text)
    if bare in _BARE and re.match(r"[0-9]", text):
        field, read = _BARE[bare]
        return field, read(text)
    spelled = re.fullmatch(r"([A-Za-z])[a-z]*=([0-9].*)", text)
    if spelled and spelled[1].lower() in known:
        meant = printable(f"{spelled[1].lower()}{spelled[2]}")
        raise ConvError(
            f"got '{printable(text)}', did you mean '{meant}'? {usage(kind)} is allowed", usage=True
        )
    letter = "op" if text.startswith("op") else text[:1]
    if letter in known and text not in _FLAGS:
        name, read = _READERS[letter]
        return name, read(text.removeprefix(letter))
    raise ConvError(f"got '{printable(text)}', {usage(kind)} is allowed", usage=True)


def _number(name: str, text: str) -> float:
    found = float(text) if is_real(text) else -1.0
    if not 0 <= found < inf or (name == "k" and found == 0):
        least = "above 0" if name == "k" else "of at least 0"
        raise ConvError(f"{name}: got '{printable(text)}', a number {least} is allowed", usage=True)
    return found


def _sizes(what: str, text: str, least: int = 1) -> tuple[int, ...]:
    try:
        return notation.read_sizes(text, least=least)
    except ConvError as error:
        raise error.about(what) from error


def _one(what: str, text: str) -> int:
    numbers = _sizes(what, text)
    if len(numbers) > 1:
        raise ConvError(f"{what}: got '{text}', one number is allowed", usage=True)
    return numbers[0]


def _part(text: str) -> tuple[int, int]:
    which, _, count = text.partition("/")
    found = _one("part", which), _one("part", count)
    if found[0] > found[1]:
        raise ConvError(
            f"part: got '{text}', 1/{found[1]} to {found[1]}/{found[1]} is allowed", usage=True
        )
    return found


def _padding(text: str) -> Padding:
    try:
        return notation.read_padding(text)
    except ConvError as error:
        raise error if "padding" in str(error) else error.about("padding") from error


_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    **{name[0]: (name, partial(_sizes, name)) for name in ("kernel", "stride", "dilation")},
    "p": ("padding", _padding),
    "g": ("groups", partial(_one, "groups")),
    "op": ("output_padding", partial(_sizes, "output padding", least=0)),
}
"""What an argument after a letter sets, and how it is read."""

_BARE: dict[str, tuple[str, Callable[[str], Any]]] = {
    **{name: ("out", partial(_one, name.lower())) for name in ("OUT", "SIZE", "SQUEEZE")},
    "CELLS": ("cells", partial(_sizes, "cells")),
    "GROUPS": ("groups", partial(_one, "groups")),
    "SCALE": ("stride", partial(_sizes, "scale")),
    "ROWS": ("padding", _padding),
    "I": ("part", _part),
}
"""What a bare number sets, and how it is read; RATE, EPS, SLOPE and INIT, from 0 to below 1, set fields of their names."""
