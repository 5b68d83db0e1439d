"""Which network a call means: a name, or a file that describes one."""

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convcli.engine.errors import ConvError, display_name, printable
from convcli.engine.sizes.geometry import size_text
from convcli.engine.sizes.notation import doubt_about
from convcli.files.inputs import kind_of
from convcli.files.sniff import HEAD
from convcli.files.text import read_text
from convcli.nets.architecture.builders import scaled
from convcli.nets.architecture.parser import Node, read_chain
from convcli.nets.architecture.steps import Step, program
from convcli.nets.architecture.summary import Summary
from convcli.nets.zoo import NETWORKS, Network, network

__all__ = [
    "Chosen",
    "Overrides",
    "check_order",
    "choose",
    "choose_by_card",
    "is_onnx",
    "refuse_onnx",
]

_WIDEST = 64


@dataclass(frozen=True)
class Overrides:
    """What the options say about a network; None is what they leave to it."""

    size: tuple[int, ...] | None = None
    classes: int | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    resize: int | None = None
    crop: tuple[int, ...] | None = None
    width: float | None = None
    whole: bool = False


@dataclass(frozen=True)
class Chosen:
    """A network, ready to be counted or run.

    Parameters
    ----------
    name : str
    input : tuple of int
    steps : list of Step
    row : Network or None
        Its row, if it has one.
    text : str or None
        Its layers, if it was read from a file.
    width : float
        What the channels of its convolutions are multiplied by.
    net : tuple of Node
        Its layers, their channels multiplied.
    whole : bool
        Whether its fully connected layers are as well.
    """

    name: str
    input: tuple[int, ...]
    steps: list[Step]
    row: Network | None = None
    text: str | None = None
    width: float = 1.0
    net: tuple[Node, ...] = ()
    whole: bool = False

    def counted(self) -> Summary:
        """Return its layers with their sums."""
        return Summary(self.name, self.input, tuple(self.steps))

    def card(self) -> dict[str, object]:
        """Return what a file of weights says about it."""
        told: dict[str, object] = {"layers": self.text}
        if self.row is not None:
            told = {"network": self.row.name}
        if self.width != 1:
            told["width"] = self.width
            told |= {"width_all": True} if self.whole else {}
        return told | {"input": list(self.input), "classes": self.steps[-1].output[0]}


def choose(
    name: str,
    size: tuple[int, ...] | None,
    classes: int | None,
    width: float | None = None,
    text: str | None = None,
    *,
    whole: bool = False,
) -> Chosen:
    """Find a network by its name, or read it from a chain file.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`, a file of the layer language, ``-``, or layers themselves.
    size : tuple of int, optional
        What it is asked for; a file needs it.
    classes : int, optional
        Of a network with a name.
    width : float, optional
        What the channels of its convolutions are multiplied by.
    text : str, optional
        What standard input held, where that was read already.
    whole : bool
        Whether its fully connected layers are as well.

    Raises
    ------
    ConvError
    """
    wide = 1.0 if width is None else width
    if whole and width is None:
        raise ConvError("--width-all: is of --width, which is missing", usage=True)
    if not 0 < wide <= _WIDEST:
        raise ConvError(
            f"--width: got {wide:g}, above 0 and up to {_WIDEST} is allowed", usage=True
        )
    row = NETWORKS.get(name)
    if row is not None:
        size = size or row.input
        if doubt := doubt_about(size):
            print(f"convcli: note: --input {doubt}", file=sys.stderr)
        if len(size) != len(row.input):
            raise ConvError(
                f"--input: got {size_text(size)}, CxHxW is needed ({size_text(row.input)} is usual)",
                usage=True,
            )
        try:
            net = _widened(row.build(classes or row.classes), wide, whole)
            return Chosen(name, size, program(net, size), row, None, wide, net, whole)
        except ConvError as error:
            raise error.about(name) from error
    written = _is_layers(name)
    if name != "-" and not written and not Path(name).exists():
        try:
            network(name)
        except ConvError as error:
            raise ConvError(f"{error}, and there is no such file", usage=True) from error
    shown = printable(" ".join(name.split())) if written else display_name(name)
    if not written:
        check_order(name)
    if classes is not None:
        raise ConvError(f"--classes: {shown} says itself how many", usage=True)
    if size is None:
        raise ConvError(f"--input: missing, {shown} needs CxHxW", usage=True)
    if text is None:
        text = name if written else read_text(name)
    net = _widened(read_chain(text, name=None if written else shown), wide, whole)
    try:
        return Chosen(shown, size, program(net, size), None, text, wide, net, whole)
    except ConvError as error:
        raise error.about(shown) from error


def _is_layers(name: str) -> bool:
    """Whether it is layers themselves, not the name of a file of layers."""
    longest = 255  # of a file's name
    return bool(re.search(r"[\s:(]", name)) and (len(name) > longest or not Path(name).exists())


def is_onnx(name: str, data: bytes = b"") -> bool:
    """Whether a file, or what standard input held, is an ONNX model, by its name or its first bytes."""
    if name in NETWORKS:
        return False
    head = data
    with suppress(OSError, ValueError):
        path = Path(name)
        if not data and path.is_file():
            with path.open("rb") as file:
                head = file.read(HEAD)
    from convcli.nets.architecture.onnx_model.loading import looks_like_onnx

    return name.lower().endswith(".onnx") or looks_like_onnx(head)


def check_order(name: str) -> None:
    """Refuse a picture in the place of a network."""
    if name != "-" and name not in NETWORKS and kind_of(name) == "picture":
        raise ConvError(
            f"{display_name(name)}: is a picture, the network comes first: net predict lenet {display_name(name)}",
            usage=True,
        )


def refuse_onnx(name: str) -> None:
    """Refuse an ONNX model where a network is needed whose weights can be set."""
    if is_onnx(name):
        raise ConvError(
            f"{display_name(name)}: is an ONNX model, which net show, compare, draw and predict take",
            usage=True,
        )


def choose_by_card(
    name: str, card: Mapping[str, Any], asked: Overrides, naming: str = "NAME --weights FILE"
) -> Chosen:
    """Find a network with the help of what its file of weights says; without a name, it has to say which.

    `naming` is how a call names the network of a file that does not.

    Raises
    ------
    ConvError
    """
    known = name if name in NETWORKS else card.get("network") if not name else None
    told: Mapping[str, Any] = card if not name or card.get("network") == name else {}
    size = asked.size or tuple(told.get("input") or ()) or None
    if size is None and known in NETWORKS:
        size = NETWORKS[known].input
    if asked.crop and size:
        crop = asked.crop if len(asked.crop) == 2 else asked.crop * 2
        size = (size[0], *crop)
    width = asked.width or told.get("width")
    whole = asked.whole or bool(width and told.get("width_all"))
    if name or known:
        classes = told.get("classes") if known in NETWORKS else None
        return choose(name or str(known), size, asked.classes or classes, width, whole=whole)
    if not card.get("layers") or size is None:
        raise ConvError(f"does not say which network it is of: {naming} does", usage=True)
    text = str(card["layers"])
    width = width or 1.0
    net = _widened(read_chain(text, name="layers"), width, whole)
    return Chosen("layers", size, program(net, size), None, text, width, net, whole)


def _widened(net: tuple[Node, ...], width: float, whole: bool) -> tuple[Node, ...]:
    return net if width == 1 else scaled(net, width, whole=whole)
