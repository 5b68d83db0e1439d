"""What a training run keeps of itself, and how it goes on: seed, split, recipe and the card of its checkpoint."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from convcli.engine.errors import ConvError, printable
from convcli.nets.model import weights
from convcli.nets.training import Training
from convcli.nets.training.examples import Examples, stratified
from convcli.nets.zoo import Network
from convcli.nets.zoo.recipes import Recipe

__all__ = [
    "Checkpoint",
    "alone",
    "checkpoint_card",
    "digest_of_all",
    "recipe_of",
    "set_aside",
    "split_of",
]

_NETWORK = ("network", "layers", "input", "width", "width_all")
"""What a file says of its network that a run has to agree in."""
_SPLIT_KNOWN = ("data", "holdout", "whole", "seed", "epoch")
"""What it says of a run that tells what was learned from."""
_SPLIT = 3
"""The seed's stream that sets examples aside."""


@dataclass(frozen=True)
class Checkpoint:
    """A run that a file of weights holds, or none: then there is nothing to go on with.

    Parameters
    ----------
    path : Path or None
    card : mapping
        What the file says of its network, its labels and its run.
    """

    path: Path | None = None
    card: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | None) -> "Checkpoint":
        """Read what a file says of its run.

        Raises
        ------
        ConvError
            It cannot be read, or holds no run.
        """
        if path is None:
            return cls()
        with weights.opened(path) as source:
            told = source.card.get("training")
            if not isinstance(told, dict) or "steps" not in told:
                raise ConvError(
                    "holds weights alone, --weights starts from them"
                    if isinstance(told, dict)
                    else "holds no run that could go on, net train writes such files"
                )
            kinds = {"data": dict, "recipe": dict, "history": list, "sums": list, "steps": int}
            if (
                not all(isinstance(told.get(key), kind) for key, kind in kinds.items())
                or not isinstance(told.get("frozen", []), list)
                or not all(isinstance(source.card.get(key), list) for key in ("labels", "input"))
            ):
                raise ConvError("says of itself what cannot be")
            return cls(path, source.card)

    @property
    def run(self) -> Mapping[str, Any]:
        """What it says of the run alone."""
        found: Mapping[str, Any] = self.card.get("training", {})
        return found

    def seed(self, asked: int | None) -> int:
        """Return the seed: the one asked for, else the run's, else 0."""
        return asked if asked is not None else int(self.run.get("seed", 0))

    def labels(self) -> tuple[str, ...] | None:
        """Return the classes it tells apart; None where there is no run."""
        return tuple(map(str, self.card["labels"])) if self.card else None

    def input(self) -> tuple[int, ...] | None:
        """Return its input size C×H×W; None where there is no run."""
        return tuple(self.card["input"]) if self.card else None

    def check_network(self, own: Mapping[str, Any]) -> None:
        """Refuse to go on with another network.

        Parameters
        ----------
        own : mapping
            What a file of weights of the network at hand would say about it.

        Raises
        ------
        ConvError
        """
        theirs = {k: self.card.get(k) for k in _NETWORK}
        if self.card and any(own.get(k) != v for k, v in theirs.items()):
            told = ", ".join(f"{k} {v}" for k, v in theirs.items() if v not in (None, own.get(k)))
            raise ConvError(f"{printable(self.path)}: is a run of another network ({told})")

    def began_with(self, whole: Mapping[str, int]) -> bool:
        """Whether it began with these data, by what `digest_of_all` says of them; files that do not know may have."""
        return self.run.get("whole") in (None, whole)

    def take_up(self, training: Training, examples: Examples) -> None:
        """Put a run where it was broken off: weights, state of the optimizer, place in the epoch, history.

        Raises
        ------
        ConvError
            The examples are not those it was trained on; the file is damaged.
        """
        if self.path is None:
            return
        data, held = _digest(examples), self.run["data"]
        if held != data:
            same = held.get("examples") == data["examples"]
            raise ConvError(
                f"{printable(self.path)}: was trained on {held.get('examples')} examples, these are "
                f"{data['examples']}{', others' * same}: "
                "the same data, --holdout and --seed go on with it"
            )
        with weights.opened(self.path) as source:
            training.model.load(weights.load(source, training.model.shapes()))
            training.resume(self.run, weights.remembered(source))


def recipe_of(
    name: str | None, row: Network | None, shown: str, begun: Checkpoint, asked: Mapping[str, Any]
) -> Recipe:
    """Choose the recipe of a run.

    Parameters
    ----------
    name : str or None
        "own", the network's, one that learns; "chapter", the chapter's; None is own.
    row : Network or None
        The network's row, if it has one.
    shown : str
        What the network is called.
    begun : Checkpoint
        A run that is gone on with keeps its own.
    asked : mapping
        What is asked for in place of single numbers; None leaves them.

    Raises
    ------
    ConvError
        There is no such recipe, or a number is out of range.
    """
    if name not in (None, "own", "chapter"):
        raise ConvError(
            f"--recipe: got '{printable(name)}', own and chapter are allowed", usage=True
        )
    recipe = row.recipe if row else Recipe()
    if begun.run:
        recipe = Recipe.of(begun.run["recipe"])
    elif name == "chapter":
        if row is None or row.chapters is None:
            raise ConvError(f"--recipe: the chapter trains no {printable(shown)}", usage=True)
        recipe = row.chapters
    return recipe.told(**asked)


def set_aside(examples: Examples, share: float, seed: int) -> tuple[Examples, Examples]:
    """Split examples into those to train on and a share (0 … 1) of each class to test with."""
    kept, aside = stratified(examples.y, share, np.random.default_rng([seed, _SPLIT]))
    return examples.taken(kept), examples.taken(aside)


def split_of(run: Mapping[str, Any], examples: Examples) -> tuple[Examples, Examples | None] | None:
    """Split examples as a run split them, if they are those that it was given.

    Parameters
    ----------
    run : mapping
        What a file of weights says of its run. Files that do not know the whole of their data are told by the number
        and the labels of what they learned from.
    examples : Examples

    Returns
    -------
    learned, aside : Examples
        `aside` is None where nothing was set aside. None in place of both: they are other examples.

    Raises
    ------
    ConvError
        The file is damaged.
    """
    try:
        whole, holdout, seed = run.get("whole"), run.get("holdout"), int(run["seed"])
        learned = run["data"]
        if not len(examples) or (whole is not None and whole != digest_of_all(examples)):
            return None
        if holdout is None:
            return (examples, None) if learned == _digest(examples) else None
        if whole is None and not learned["examples"] < len(examples):
            return None
        kept, aside = set_aside(examples, float(holdout), seed)
        return (kept, aside) if learned == _digest(kept) else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConvError("says of itself what cannot be") from error


def checkpoint_card(
    network: Mapping[str, Any],
    training: Training,
    train: Examples,
    holdout: float | None,
    whole: Mapping[str, int],
) -> dict[str, Any]:
    """Return what a file of weights says about itself before the first step; `Training.record` adds how far it is."""
    preparation = training.preparation
    return {
        **network,
        "labels": list(train.labels),
        "preparation": {
            "mean": list(preparation.mean),
            "std": list(preparation.std),
            "resize": preparation.resize,
        },
        "max_value": train.white,
        "training": {"data": _digest(train), "holdout": holdout, "whole": dict(whole)},
    }


def alone(card: Mapping[str, Any], epoch: int | None = None) -> dict[str, Any]:
    """Return what a file says about itself that holds weights alone: not how a run would go on.

    Parameters
    ----------
    card : mapping
        Of the run.
    epoch : int, optional
        Whose weights they are.
    """
    told = card.get("training")
    run = {k: v for k, v in told.items() if k in _SPLIT_KNOWN} if isinstance(told, dict) else {}
    found = {k: v for k, v in card.items() if k != "training"}
    if run:
        found["training"] = run if epoch is None else {**run, "epoch": epoch}
    return found


def digest_of_all(examples: Examples) -> dict[str, int]:
    """Return what tells data from others, before a part of it is set aside: its pictures and their classes."""
    pictures = np.ascontiguousarray(examples.x)
    return {**_digest(examples), "pictures": zlib.crc32(pictures.reshape(-1).view(np.uint8).data)}


def _digest(examples: Examples) -> dict[str, int]:
    return {"examples": len(examples), "labels": zlib.crc32(examples.y.tobytes())}
