"""Which network a call means: a name, or a file that describes one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convcli.engine.errors import ConvError, printable
from convcli.engine.geometry import size_text
from convcli.files.text import read_text
from convcli.nets.networks import NETWORKS, Network, network
from convcli.nets.program import Step, program
from convcli.nets.text import read_chain

__all__ = ["Asked", "Chosen", "choose", "choose_by_card"]


@dataclass(frozen=True)
class Asked:
    """What the options say about a network; None is what they leave to it."""

    size: tuple[int, ...] | None = None
    classes: int | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    resize: int | None = None
    crop: tuple[int, ...] | None = None


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
    """

    name: str
    input: tuple[int, ...]
    steps: list[Step]
    row: Network | None = None
    text: str | None = None

    def card(self) -> dict[str, object]:
        """Return what a file of weights says about it."""
        told: dict[str, object] = {"layers": self.text}
        if self.row is not None:
            told = {"network": self.row.name}
        return told | {"input": list(self.input), "classes": self.steps[-1].row.output[0]}


def choose(name: str, size: tuple[int, ...] | None, classes: int | None) -> Chosen:
    """Find a network by its name, or read it from a chain file.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`, a file of the layer language, or ``-``.
    size : tuple of int, optional
        What it is asked for; a file needs it.
    classes : int, optional
        Of a network with a name.

    Raises
    ------
    ConvError
    """
    row = NETWORKS.get(name)
    if row is not None:
        size = size or row.input
        if len(size) != len(row.input):
            raise ConvError(
                f"--input: got {size_text(size)}, CxHxW is needed ({size_text(row.input)} is usual)",
                usage=True,
            )
        try:
            return Chosen(name, size, program(row.build(classes or row.classes), size), row)
        except ConvError as error:
            raise error.about(name) from error
    if name != "-" and not Path(name).exists():
        try:
            network(name)
        except ConvError as error:
            raise ConvError(f"{error}, and there is no such file", usage=True) from error
    shown = "standard input" if name == "-" else name
    if classes is not None:
        raise ConvError(f"--classes: {printable(shown)} says itself how many", usage=True)
    if size is None:
        raise ConvError(f"--input: missing, {printable(shown)} needs CxHxW", usage=True)
    text = read_text(name)
    net = read_chain(text, name=shown)
    try:
        return Chosen(shown, size, program(net, size), text=text)
    except ConvError as error:
        raise error.about(printable(shown)) from error


def choose_by_card(name: str, card: Mapping[str, Any], asked: Asked) -> Chosen:
    """Find a network with the help of what its file of weights says; without a name, it has to say which.

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
    if name or known:
        classes = told.get("classes") if known in NETWORKS else None
        return choose(name or str(known), size, asked.classes or classes)
    if not card.get("layers") or size is None:
        raise ConvError("does not say which network it is of: NAME --weights FILE does", usage=True)
    text = str(card["layers"])
    return Chosen("layers", size, program(read_chain(text, name="layers"), size), text=text)
