"""`convcli net init`: weights to start from."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from convcli import options
from convcli.commands.net import options as own

__all__ = ["EXAMPLES", "net_init"]

EXAMPLES = (
    "convcli net init lenet --seed 1 -o lenet.npz",
    "convcli net init lenet --input 3x32x32 --classes 100 -o lenet-colour.npz",
    "convcli net init resnet18 --input 1x96x96 --method he -o resnet.npz",
)


def _initializers() -> Iterable[str]:
    from convcli.nets.zoo.recipes import INITIALIZERS

    return INITIALIZERS


def net_init(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="A network of net list, or a file of layers.",
            autocompletion=own.named,
        ),
    ],
    output: Annotated[
        str,
        options.option(
            options.OUTPUT, "-o", "--output", text="x.npz or x.safetensors.", metavar="FILE"
        ),
    ],
    size: own.Size = None,
    classes: own.Classes = None,
    width: own.Width = None,
    method: Annotated[
        str,
        options.option(
            options.NETWORK,
            "--method",
            text="xavier, the chapter's, he, for relu, or xavier-sigmoid (xavier).",
            metavar="METHOD",
            show_default=False,
            autocompletion=options.words(_initializers),
        ),
    ] = "xavier",
    seed: Annotated[
        int,
        options.option(
            options.NETWORK,
            "--seed",
            text="Random seed (0).",
            parser=options.read_whole(0),
            metavar="N",
            show_default=False,
        ),
    ] = 0,
    force: options.Force = False,
) -> None:
    """Draw random weights for a network, and write them to a file.

    The file's name is printed, in a pipe too. The same seed gives the same
    weights.
    """
    import numpy as np

    from convcli.commands.net.choose import choose
    from convcli.files.output import check_target, writing
    from convcli.nets.model import Model, initializers, weights

    path = Path(output)
    form = weights.format_of(path)
    check_target(path, force=force)
    chosen = choose(name, size, classes, width)
    model = Model(chosen.steps)
    initializers.start(model, method, np.random.default_rng(seed))
    with writing(path, force=force) as file:
        weights.save(file, form, model.tensors(), chosen.card())
    print(output)
