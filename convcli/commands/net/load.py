"""A network with its weights, and how pictures become its input."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.commands.net.choose import (
    Chosen,
    Overrides,
    check_order,
    choose_by_card,
    refuse_onnx,
)
from convcli.commands.output import tell
from convcli.engine.errors import ConvError, display_name
from convcli.engine.sizes.geometry import size_text
from convcli.files.operands import Operand
from convcli.nets.model import Model, weights
from convcli.nets.model.matching import fit
from convcli.nets.model.preprocessing import normalised, prepared
from convcli.nets.zoo import Preparation

__all__ = ["Loaded", "load_network", "preparation_of"]


@dataclass(frozen=True)
class Loaded:
    """A network, its weights, and what it does with pictures.

    Parameters
    ----------
    chosen : Chosen
    model : Model
    preparation : Preparation
    labels : tuple of str, optional
    white : float
        The value that became 1 in training.
    run : mapping
        What its file says of the training.
    card : mapping
        All that its file says of it.
    """

    chosen: Chosen
    model: Model
    preparation: Preparation
    labels: tuple[str, ...] | None = None
    white: float = 1.0
    run: Mapping[str, Any] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)

    def picture(self, operand: Operand) -> NDArray[np.float32]:
        """Bring a picture to the input's size, 0…1: shape (C, H, W)."""
        assert operand.picture is not None
        try:
            return prepared(
                operand.values,
                operand.picture.full_scale,
                self.chosen.input,
                self.preparation.resize,
            )
        except ConvError as error:
            raise error if error.usage else error.about(display_name(operand.name)) from error

    def batch(self, operand: Operand) -> NDArray[np.float32]:
        """Make the network's input of a picture or an array: shape (N, C, H, W)."""
        if operand.picture is not None:
            return normalised(self.picture(operand), self.preparation)[None]
        x, size = operand.values, self.chosen.input
        shape = (1,) * (4 - x.ndim) + x.shape
        if shape[1:] != size:
            got, needed = size_text(x.shape), size_text(size)
            raise ConvError(
                f"{display_name(operand.name)}: got {got}, {needed} or Nx{needed} is needed"
            )
        return x.reshape(shape).astype(np.float32)


def load_network(
    name: str, file: str | None, asked: Overrides, naming: str = "NAME --weights FILE"
) -> Loaded:
    """Load a network with its weights.

    Parameters
    ----------
    name : str
        A network, a file of layers, or a file of weights that says which network it is of.
    file : str, optional
        The weights, where `name` is not their file.
    asked : Overrides
    naming : str
        How a call names the network of a file that does not say it.

    Raises
    ------
    ConvError
    """
    of_weights = Path(name).suffix.lower().removeprefix(".") in weights.FORMATS
    if of_weights and file is None:
        name, file = "", name
    if file is None:
        check_order(name)
        refuse_onnx(name)
        raise ConvError(
            "--weights: missing, -w FILE takes those of others (safetensors, NPZ), net init makes random ones",
            usage=True,
        )
    with weights.opened(Path(file)) as source:
        try:
            chosen = choose_by_card(name, source.card, asked, naming)
            model = Model(chosen.steps)
            ignored = chosen.row.ignored if chosen.row else ()
            found = fit(source, model.shapes(), ignored)
            model.load(weights.load(source, model.shapes(), names=found.names))
            told = {} if name and source.card.get("network") != name else source.card
            preparation = preparation_of(chosen, told, asked)
        except (TypeError, AttributeError, KeyError) as error:
            raise ConvError("says of itself what cannot be") from error
    tell(file, found.notes)
    labels = told.get("labels")
    return Loaded(
        chosen,
        model,
        preparation,
        tuple(map(str, labels)) if isinstance(labels, list) else None,
        float(told.get("max_value") or 1),
        told["training"] if isinstance(told.get("training"), dict) else {},
        told,
    )


def preparation_of(
    chosen: Chosen, card: Mapping[str, Any], asked: Overrides | None = None
) -> Preparation:
    """Settle how pictures are prepared: as asked for, else as a file of weights says, else as the network's row."""
    told, asked = card.get("preparation"), asked or Overrides()
    found = chosen.row.preparation if chosen.row else Preparation()
    if isinstance(told, dict):
        mean, std = (tuple(float(number) for number in told[key]) for key in ("mean", "std"))
        resize = told.get("resize")
        if not all(std):
            raise ConvError("says of itself what cannot be: a deviation of 0")
        found = Preparation(mean, std, None if resize is None else int(resize))
    counts = {
        len(found.mean) if asked.mean is None else 1,
        len(found.std) if asked.std is None else 1,
    }
    if wrong := counts - {1, chosen.input[0]}:
        raise ConvError(
            f"pictures are normalised in {wrong.pop()} channels, the input has {chosen.input[0]}"
        )
    if asked.mean is not None:
        found = replace(found, mean=asked.mean)
    if asked.std is not None:
        found = replace(found, std=asked.std)
    return replace(found, resize=asked.resize) if asked.resize is not None else found
