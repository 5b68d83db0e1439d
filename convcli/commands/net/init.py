"""`convcli net init`: weights to start from."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from convcli import options
from convcli.commands.net import options as own

if TYPE_CHECKING:  # help needs the options alone
    from convcli.nets.layers.base import Array

__all__ = ["EXAMPLES", "net_init"]

EXAMPLES = (
    "convcli net init lenet --seed 1 -o lenet.npz",
    "convcli net init lenet --input 3x32x32 --classes 100 -o lenet-colour.npz",
    "convcli net init --from lenet.npz -o weights.npz",
)


def _initializers() -> Iterable[str]:
    from convcli.nets.zoo.recipes import INITIALIZERS

    return INITIALIZERS


def net_init(
    output: Annotated[
        str,
        options.option(
            options.OUTPUT, "-o", "--output", text="x.npz or x.safetensors.", metavar="FILE"
        ),
    ],
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|FILE",
            help="A network of net list, or a file of layers.",
            autocompletion=own.named,
            show_default=False,
        ),
    ] = None,
    size: own.Size = None,
    classes: own.Classes = None,
    width: own.Width = None,
    width_all: own.WidthAll = False,
    source: Annotated[
        str | None,
        options.option(
            options.NETWORK,
            "--from",
            text="Weights of this file, alone: of a run, or of NAME by any hub.",
            metavar="FILE",
        ),
    ] = None,
    method: Annotated[
        str | None,
        options.option(
            options.NETWORK,
            "--method",
            text="xavier, the chapter's, he, for relu, or xavier-sigmoid (xavier).",
            metavar="METHOD",
            autocompletion=options.words(_initializers),
        ),
    ] = None,
    seed: Annotated[
        int | None,
        options.option(
            options.NETWORK,
            "--seed",
            text="Random seed (0).",
            parser=options.read_whole(0),
            metavar="N",
        ),
    ] = None,
    force: options.Force = False,
) -> None:
    """Draw random weights for a network, and write them to a file.

    The file's name is printed, in a pipe too. The same seed gives the same
    weights. --from run.npz takes a file's instead, alone.
    """
    import numpy as np

    from convcli.commands.net.choose import choose
    from convcli.engine.errors import ConvError
    from convcli.files.output import check_target, writing
    from convcli.nets.model import Model, initializers, weights

    path = Path(output)
    form = weights.format_of(path)
    check_target(path, force=force)
    if source is not None:
        drawn = {"--method": method, "--seed": seed, "--width": width or width_all or None}
        said = next((option for option, value in drawn.items() if value is not None), None)
        if said is not None:
            raise ConvError(
                f"{said}: got --from too, whose weights are taken as they are", usage=True
            )
        tensors, card = _taken(source, name, size, classes)
    else:
        if name is None:
            raise ConvError("NAME|FILE: missing, a network or --from FILE is needed", usage=True)
        chosen = choose(name, size, classes, width, whole=width_all)
        model = Model(chosen.steps)
        initializers.start(model, method or "xavier", np.random.default_rng(seed or 0))
        tensors, card = model.tensors(), chosen.card()
    with writing(path, force=force) as file:
        weights.save(file, form, tensors, card)
    print(output)


def _taken(
    source: str, name: str | None, size: tuple[int, ...] | None, classes: int | None
) -> "tuple[dict[str, Array], dict[str, Any]]":
    """Return the weights of a file, and what a file of them alone says about itself."""
    from convcli.commands.net.choose import Overrides
    from convcli.commands.net.load import load_network
    from convcli.nets.training.resume import alone

    found = load_network(
        name or source, source if name else None, Overrides(size, classes), "NAME --from FILE"
    )
    return found.model.tensors(), alone({**found.card, **found.chosen.card()})
