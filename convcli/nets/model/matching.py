"""Whose tensors are whose: the names in a file of weights against those of a network.

A file's names are taken as they are; without the beginning that all of them share; by the rows of `RENAMES`; and where
names say nothing, by the order of the layers and the shapes of their tensors.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias

from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.geometry import size_text
from convcli.nets.model.weights import NEVER_NEEDED, Shape, Source, check

__all__ = ["RENAMES", "Fit", "agrees", "fit"]

Shapes: TypeAlias = Mapping[str, Shape]
_Names: TypeAlias = dict[str, str]


@dataclass(frozen=True)
class Fit:
    """What belongs to what.

    Parameters
    ----------
    names : dict of str to str
        From the network's tensors to those of the file.
    notes : tuple of str
        How they were found, where not by their own names.
    """

    names: _Names
    notes: tuple[str, ...] = ()


def _stage(found: re.Match[str]) -> str:
    return f"layer{int(found[1]) + 1}.{found[2]}."


def _inner(found: re.Match[str]) -> str:
    return f"{'conv' if found[2] == 'convolution' else 'bn'}{int(found[1]) + 1}."


def _shortcut(found: re.Match[str]) -> str:
    return f"downsample.{int(found[1] == 'normalization')}."


RENAMES: dict[str, tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]] = {
    "DenseNet as torchvision publishes it": (
        (r"(denselayer[0-9]+\.(?:norm|conv))\.([12])\.", r"\1\2."),
    ),
    "VGG as timm saves it": (
        (r"^pre_logits\.fc1\.", "classifier.0."),
        (r"^pre_logits\.fc2\.", "classifier.3."),
        (r"^head\.fc\.", "classifier.6."),
    ),
    "ResNet as transformers saves it": (
        (r"^(?:resnet\.)?embedder\.embedder\.convolution\.", "conv1."),
        (r"^(?:resnet\.)?embedder\.embedder\.normalization\.", "bn1."),
        (r"^(?:resnet\.)?encoder\.stages\.([0-9]{1,4})\.layers\.([0-9]{1,4})\.", _stage),
        (r"(?<=\.)layer\.([0-9]{1,4})\.(convolution|normalization)\.", _inner),
        (r"(?<=\.)shortcut\.(convolution|normalization)\.", _shortcut),
        (r"^classifier\.1\.", "fc."),
    ),
}
"""How others name what torchvision's state dicts hold: patterns, and what takes their place."""


def agrees(got: Shape, needed: Shape) -> bool:
    """Whether a tensor can be taken: of this shape, or of a convolution that is as good as fully connected.

    >>> agrees((9, 4, 7, 7), (9, 196)), agrees((9, 4), (9, 4, 1, 1)), agrees((4, 9), (9, 4))
    (True, True, False)
    """
    if got == needed:
        return True
    kinds = sorted((len(got), len(needed)))
    alike = kinds == [2, 4] and got[0] == needed[0] and prod(got) == prod(needed)
    return alike and (len(needed) == 2 or needed[2:] == (1, 1))


def fit(
    source: Source, needed: Shapes, ignored: tuple[str, ...] = (), *, last: str | None = None
) -> Fit:
    """Find a network's tensors in a file.

    Parameters
    ----------
    source : Source
    needed : mapping of str to tuple of int
        Shapes by name, in the order of computation.
    ignored : tuple of str
        Beginnings of names that may be there beside.
    last : str, optional
        A layer, the network's last with weights, that may be missing or of another shape: then it is not found.

    Raises
    ------
    ConvError
        They do not fit: the tensors that are missing, too many and misshapen, or, where no name is known, the first
        layer that differs.
    """
    held = {n: s for n, s in source.shapes.items() if not n.endswith(NEVER_NEEDED)}
    ways = list(_spellings(list(held), needed))
    wholes = [(needed, "")]
    if last is not None:
        wholes.append(
            ({n: s for n, s in needed.items() if not n.startswith(f"{last}.")}, f"{last}.")
        )
    for wanted, left in wholes:
        beside = (*ignored, left) if left else ignored
        for way in ways:
            known = {new: held[old] for new, old in way.names.items()}
            if all(n in known and agrees(known[n], s) for n, s in wanted.items()) and all(
                n in wanted or n.startswith(beside) for n in known
            ):
                return replace(way, names={n: way.names[n] for n in wanted})
    plain = {n: s for n, s in held.items() if not n.startswith(ignored or "\0")}
    wrong = ""
    for wanted, left in wholes:
        found = _in_order(plain, wanted, spare=bool(left))
        if isinstance(found, dict):
            one = next(n for n, old in found.items() if n != old)
            note = f"its names are others, taken by order and shape: {found[one]} is {one}"
            return Fit(found, (printable(note),))
        wrong = wrong or found
    best = max(ways, key=lambda way: len(needed.keys() & way.names.keys()))
    if needed.keys() & best.names.keys():
        check(replace(source, shapes={n: held[o] for n, o in best.names.items()}), needed, ignored)
    raise ConvError(f"does not fit the network, by name or in order: {wrong}")


def _spellings(names: list[str], needed: Shapes) -> Iterator[Fit]:
    """Ways to spell the names of a file, the plainest first."""
    own: _Names = {name: name for name in names}
    notes: tuple[str, ...] = ()
    yield Fit(own)
    shared = _shared(own)
    if shared and not all(name.startswith(shared) for name in needed):
        dropped = ""
        while shared:
            dropped += shared
            own = {name.removeprefix(shared): old for name, old in own.items()}
            notes = (f"{printable(dropped)} before all names is dropped",)
            yield Fit(own, notes)
            shared = _shared(own)
    for whose, rows in RENAMES.items():
        spelled: _Names = {}
        for name, old in own.items():
            for pattern, instead in rows:
                name = re.sub(pattern, instead, name)
            spelled[name] = old
        if spelled.keys() != own.keys() and len(spelled) == len(own):
            yield Fit(spelled, (*notes, f"names of {whose} are read as torchvision's"))


def _shared(names: Mapping[str, str]) -> str:
    """Return what all names begin with, up to a stop: the first of their blocks."""
    first = {name.partition(".")[0] for name in names}
    if len(first) != 1 or not all(name.count(".") > 1 for name in names):
        return ""
    return f"{first.pop()}."


def _layers(shapes: Shapes) -> dict[str, dict[str, Shape]]:
    """Put the tensors of a layer together, layers in the order in which they come."""
    found: dict[str, dict[str, Shape]] = {}
    for name, shape in shapes.items():
        layer, _, part = name.rpartition(".")
        found.setdefault(layer, {})[part] = shape
    return found


def _in_order(held: Shapes, needed: Shapes, *, spare: bool) -> _Names | str:
    """Match layer for layer; else say what differs first. With `spare`, the file has one more at its end."""
    theirs, ours = _layers(held), _layers(needed)
    if list(held) == sorted(held):  # safetensors sorts names: numbers in them tell the order
        theirs = {layer: theirs[layer] for layer in sorted(theirs, key=_natural)}
        if doubt := _doubtful(theirs):
            return doubt
    pairs = list(zip(theirs, ours, strict=False))
    for layer, own in pairs:
        for part, shape in ours[own].items():
            got = theirs[layer].get(part)
            told = f"{printable(own)}.{part} {size_text(shape)} is needed"
            if got is None:
                has = ", ".join(map(printable, theirs[layer]))
                return f"{printable(layer) or 'its first layer'} has {has}, {told}"
            if not agrees(got, shape):
                return f"{printable(layer)}.{part} is {size_text(got)}, {told}"
        more = [part for part in theirs[layer] if part not in ours[own]]
        if more:
            return f"{printable(own)} has no {printable(more[0])}, {printable(layer)} has"
    if len(theirs) - spare != len(ours):
        return f"it has {len(theirs)} layers with weights, the network {len(ours)}"
    names = {name.rpartition(".")[::2]: name for name in held}
    return {f"{own}.{part}": names[layer, part] for layer, own in pairs for part in ours[own]}


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort by the numbers in a name as numbers, however long.

    >>> sorted(["a10", "a9", "b"], key=_natural)
    ['a9', 'a10', 'b']
    """
    parts = re.split(r"([0-9]+)", name)  # text and number take turns
    parts[1::2] = [number.lstrip("0") for number in parts[1::2]]
    return [(len(part) if i % 2 else 0, part) for i, part in enumerate(parts)]


def _doubtful(layers: Mapping[str, Mapping[str, Shape]]) -> str:
    """Say which layers might change places, if the order of a file's names says nothing: neither shape nor number."""
    seen: dict[str, tuple[str, str]] = {}
    for layer, parts in layers.items():
        pattern = re.sub("[0-9]+", "#", layer)
        other, before = seen.setdefault(repr(sorted(parts.items())), (layer, pattern))
        if before != pattern:
            shape = size_text(next(iter(parts.values())))
            return (
                f"its names are sorted, and {printable(other)} and {printable(layer)}, both {shape}, "
                "might change places"
            )
    return ""
