"""`convcli net init`: weights to start from."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from convcli import options
from convcli.commands._networks import choose
from convcli.files.output import check_target, writing
from convcli.nets import starting, weights
from convcli.nets.networks import NETWORKS
from convcli.nets.running import Model

__all__ = ["EXAMPLES", "net_init"]

EXAMPLES = (
    "convcli net init lenet --seed 1 -o lenet.npz",
    "convcli net init resnet18 --input 1x96x96 --method he -o resnet.npz",
)


def net_init(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="A network of net list, or a file of layers.",
            autocompletion=options.words(lambda: list(NETWORKS)),
        ),
    ],
    output: Annotated[
        str,
        typer.Option("-o", "--output", metavar="FILE", help="x.npz or x.safetensors."),
    ],
    size: Annotated[
        options.Sizes | None,
        typer.Option("--input", parser=options.read_sizes, metavar="CxHxW", help="Input size."),
    ] = None,
    classes: Annotated[
        int | None, typer.Option("--classes", min=1, metavar="N", help="Classes it tells apart.")
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="METHOD",
            help="xavier, the chapter's, or he, for deep networks with relu.",
            autocompletion=options.words(lambda: list(starting.METHODS)),
        ),
    ] = "xavier",
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Of chance.")] = 0,
    force: options.Force = False,
) -> None:
    """Draw weights for a network by chance, and write them to a file."""
    path = Path(output)
    form = weights.format_of(path)
    check_target(path, force=force)
    chosen = choose(name, size, classes)
    model = Model(chosen.steps)
    starting.start(model, method, np.random.default_rng(seed))
    with writing(path, force=force) as file:
        weights.save(file, form, model.tensors(), chosen.card())
    print(output)
