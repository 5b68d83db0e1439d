"""Training: ours against PyTorch, on the same cores, with the layers that `shape --code` writes.

A LeNet epoch is whole steps of `net train`, from the examples to the changed weights, on 4,096 random pictures; of
ResNet-18 it is forward, loss and backward on one batch.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from convcli.nets.architecture.steps import program
from convcli.nets.architecture.torch_code import chain_code
from convcli.nets.model import Model
from convcli.nets.model.initializers import start
from convcli.nets.training import Training
from convcli.nets.training.evaluation import cross_entropy
from convcli.nets.training.examples import Examples
from convcli.nets.zoo import network
from convcli.nets.zoo.recipes import Recipe
from tests.bench.pairs import Case

EXAMPLES, BATCH = 4096, 256


def networks(name: str, size: tuple[int, ...]) -> tuple[Model, Any]:
    """Return a network of ours and PyTorch's with the same weights, in training."""
    import torch

    row = network(name)
    layers = row.build(row.classes)
    model = Model(program(layers, size))
    start(model, "he", np.random.default_rng(0))
    built: dict[str, Any] = {}
    exec(chain_code(layers, size), built)  # our own text
    peer = built["net"].train()
    theirs = [p for n, p in peer.state_dict().items() if not n.endswith("num_batches_tracked")]
    for target, array in zip(theirs, model.tensors().values(), strict=True):
        target.copy_(torch.from_numpy(array))
    return model, peer


def cases() -> Iterator[Case]:
    import torch  # it is in no extra: with all it brings along it takes gigabytes

    name = f"PyTorch {torch.__version__.partition('+')[0]}"
    torch.set_grad_enabled(True)
    loss_of = torch.nn.functional.cross_entropy
    rng = np.random.default_rng(1)
    yield _lenet(name, rng, torch, loss_of)
    for network_name, channels in (("resnet18", 1), ("torchvision/resnet18", 3)):
        size = (channels, 96, 96)
        model, peer = networks(network_name, size)
        x = rng.random((8, *size), np.float32)
        y = rng.integers(0, 10, 8)
        there = torch.from_numpy(x), torch.from_numpy(y)

        def ours(model: Model, x: np.ndarray, y: np.ndarray) -> None:
            _, _, gradient = cross_entropy(model.forward(x, training=True), y)
            model.backward(gradient)

        def theirs(peer: Any, x: Any, y: Any) -> None:
            peer.zero_grad()
            loss_of(peer(x), y).backward()

        yield Case(
            f"{network_name} at 96², batch 8, forward and backward",
            partial(ours, model, x, y),
            name,
            partial(theirs, peer, *there),
            2.0,
            rounds=11,
        )


def _lenet(name: str, rng: np.random.Generator, torch: Any, loss_of: Any) -> Case:
    row = network("lenet")
    model, peer = networks("lenet", row.input)
    x = rng.integers(0, 256, (EXAMPLES, *row.input), np.uint8)
    y = rng.integers(0, row.classes, EXAMPLES)
    train = Examples(x, y, tuple("0123456789"), 255.0)
    recipe = Recipe(epochs=1, batch=BATCH, lr=0.001, optimizer="adam")
    optimizer = torch.optim.Adam(peer.parameters(), recipe.lr)
    there = torch.from_numpy(x), torch.from_numpy(y)

    def ours() -> None:
        for _ in Training(model, recipe, row.input, row.preparation).run(train):
            pass

    def theirs() -> None:
        order = torch.randperm(EXAMPLES)
        for rows in order.split(BATCH):
            optimizer.zero_grad()
            loss_of(peer(there[0][rows].float() / 255), there[1][rows]).backward()
            optimizer.step()

    return Case(f"LeNet epoch, batch {BATCH}", ours, name, theirs, 1.3)
