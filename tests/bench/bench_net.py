"""Networks forward on one picture: ours against PyTorch, on the same cores, with the layers that `shape --code` writes."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from convcli.nets.architecture.steps import program
from convcli.nets.architecture.torch_code import chain_code
from convcli.nets.model import Model
from convcli.nets.model.initializers import start
from convcli.nets.zoo import network
from tests.bench.pairs import Case

LIMITS = {"lenet": 1.0, "torchvision/resnet18": 1.6, "torchvision/vgg16": 1.6}


def cases() -> Iterator[Case]:
    import torch  # it is in no extra: with all it brings along it takes gigabytes

    torch.set_grad_enabled(False)
    for name, limit in LIMITS.items():
        row = network(name)
        layers = row.build(row.classes)
        model = Model(program(layers, row.input))
        start(model, "he", np.random.default_rng(0))
        x = np.random.default_rng(1).random((1, *row.input), np.float32)
        built: dict[str, torch.nn.Module] = {}
        exec(chain_code(layers, row.input), built)  # our own text
        peer = built["net"].eval()
        rounds = 300 if name == "lenet" else 15
        yield Case(
            f"net predict, {name} at batch 1",
            partial(model.forward, x),
            f"PyTorch {torch.__version__.partition('+')[0]}",
            partial(peer, torch.from_numpy(x)),
            limit,
            rounds,
        )
