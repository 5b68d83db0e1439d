"""What a training run starts from: the data, the network for them, its weights, or those of a run to go on with."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from convcli.commands.net.choose import Chosen, choose
from convcli.commands.net.examples import examples_of
from convcli.engine.errors import ConvError, display_name, printable
from convcli.files.datasets import Labelled, classes, read_labelled
from convcli.files.operands import Reading
from convcli.nets.model import Model, initializers, weights
from convcli.nets.training import Training
from convcli.nets.training.evaluation import scoring
from convcli.nets.training.examples import Examples, stratified
from convcli.nets.zoo import NETWORKS, Preparation
from convcli.nets.zoo.recipes import Recipe

__all__ = ["Given", "Ready", "made_ready", "same_scale"]

_SPLIT = 3
"""The seed's stream that sets examples aside."""


@dataclass(frozen=True)
class Given:
    """What a call says; None is what it leaves to the network, or to the run that it goes on with."""

    name: str
    data: str
    test: str | None = None
    holdout: float | None = None
    max_value: float | None = None
    size: tuple[int, ...] | None = None
    width: float | None = None
    recipe: str | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    resume: Path | None = None
    max_pixels: int = Reading.max_pixels


@dataclass(frozen=True, eq=False)
class Ready:
    """What is trained, on what, and what its file says about itself; pictures that could not be read were told."""

    training: Training
    train: Examples
    test: Examples | None
    card: dict[str, Any]
    skipped: int = 0


def made_ready(given: Given) -> Ready:
    """Read the data, choose the network, draw its weights or read those to go on with.

    Raises
    ------
    ConvError
    """
    card = _card(given.resume)
    begun = card.get("training", {})
    seed = given.seed if given.seed is not None else begun.get("seed", 0)
    if given.holdout is not None and not 0 < given.holdout < 1:
        raise ConvError(
            f"--holdout: got {given.holdout:g}, a share between 0 and 1 is allowed", usage=True
        )
    if given.test and given.holdout is not None:
        raise ConvError("--holdout: got --test too, one of them is allowed", usage=True)
    labelled = read_labelled(given.data, max_value=given.max_value, max_pixels=given.max_pixels)
    labels = classes(labelled.texts) if not card else tuple(card["labels"])
    chosen = _chosen(given, card, labels, labelled)
    recipe = _recipe(given, chosen, begun)
    row = chosen.row
    how = replace(row.preparation, resize=None) if row else Preparation()
    reading = Reading(max_pixels=given.max_pixels)
    train, skipped = examples_of(labelled, chosen.input, labels=labels, how=reading)
    holdout = None if given.test else begun.get("holdout")
    if given.holdout is not None:
        holdout = given.holdout
    test = None
    if given.test:
        found = read_labelled(
            given.test, max_value=given.max_value, max_pixels=given.max_pixels, part="test"
        )
        found = same_scale(found, train.white, given.max_value)
        test, more = examples_of(found, chosen.input, labels=labels, how=reading)
        skipped += more
    elif holdout:
        kept, aside = stratified(train.y, holdout, np.random.default_rng([seed, _SPLIT]))
        train, test = train.taken(kept), train.taken(aside)
    model = Model(chosen.steps)
    initializers.start(model, recipe.start, np.random.default_rng(seed))
    training = Training(scoring(model), recipe, chosen.input, how, seed)
    data = {"examples": len(train), "labels": zlib.crc32(train.y.tobytes())}
    if given.resume is not None:
        _take_up(training, given.resume, begun, data)
    shown = {"mean": list(how.mean), "std": list(how.std), "resize": how.resize}
    about = {"labels": list(labels), "preparation": shown, "max_value": train.white}
    run = {"data": data, "holdout": holdout}
    card = {**chosen.card(), **about, "training": run}
    return Ready(training, train, test, card, skipped)


def same_scale(labelled: Labelled, white: float, asked: float | None) -> Labelled:
    """Give data the scale of those that a network was trained on, if they fit in it and nothing else was asked for.

    (A few digits of 0…16 may have no 16 among them.)
    """
    if labelled.x is None or asked is not None or labelled.x.max() > white:
        return labelled
    return replace(labelled, white=min(white, labelled.white or white))


def _card(path: Path | None) -> Mapping[str, Any]:
    if path is None:
        return {}
    with weights.opened(path) as source:
        if not isinstance(source.card.get("training"), dict):
            raise ConvError("holds no run that could go on, net train writes such files")
        return source.card


def _chosen(
    given: Given, card: Mapping[str, Any], labels: tuple[str, ...], labelled: Labelled
) -> Chosen:
    size = given.size or (tuple(card["input"]) if card else None)
    width = given.width if given.width is not None else card.get("width")
    if len(labels) < 2:
        raise ConvError(
            f"{display_name(labelled.name)}: all examples are of the class '{printable(labels[0])}', "
            "two classes or more are needed"
        )
    named = given.name in NETWORKS
    if size is None and not named and labelled.x is not None:
        size = labelled.x.shape[1:]
    chosen = choose(given.name, size, len(labels) if named else None, width)
    out = chosen.steps[-1].row.activations
    if out != len(labels):
        raise ConvError(
            f"{display_name(given.name)}: ends in {out} numbers, "
            f"{display_name(labelled.name)} has {len(labels)} classes"
        )
    mine, theirs = chosen.card(), {k: card.get(k) for k in ("network", "layers", "input", "width")}
    if card and any(mine.get(k) != v for k, v in theirs.items()):
        told = ", ".join(f"{k} {v}" for k, v in theirs.items() if v not in (None, mine.get(k)))
        raise ConvError(f"{printable(given.resume)}: is a run of another network ({told})")
    return chosen


def _recipe(given: Given, chosen: Chosen, begun: Mapping[str, Any]) -> Recipe:
    if given.recipe not in (None, "own", "chapter"):
        raise ConvError(
            f"--recipe: got '{printable(given.recipe)}', own and chapter are allowed", usage=True
        )
    recipe = chosen.row.recipe if chosen.row else Recipe()
    if begun:
        recipe = Recipe.of(begun["recipe"])
    elif given.recipe == "chapter":
        if chosen.row is None or chosen.row.chapters is None:
            raise ConvError(f"--recipe: the chapter trains no {printable(chosen.name)}", usage=True)
        recipe = chosen.row.chapters
    return recipe.told(**given.asked)


def _take_up(
    training: Training, path: Path, begun: Mapping[str, Any], data: Mapping[str, int]
) -> None:
    if begun["data"] != data:
        raise ConvError(
            f"{printable(path)}: was trained on {begun['data']['examples']} examples, these are "
            f"{data['examples']}{', others' * (begun['data']['examples'] == data['examples'])}: "
            "the same data, --holdout and --seed go on with it"
        )
    with weights.opened(path) as source:
        training.model.load(weights.load(source, training.model.shapes()))
        training.resume(begun, weights.remembered(source))
