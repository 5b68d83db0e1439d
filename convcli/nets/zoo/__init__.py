"""The networks by name: one row each. No arrays.

Open: recipes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

from convcli.engine.errors import ConvError, printable
from convcli.nets.architecture.parser import Node
from convcli.nets.zoo import chapter, torchvision
from convcli.nets.zoo.recipes import Recipe

__all__ = ["NETWORKS", "Network", "Preparation", "network"]


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes the input of a network: samples scaled to 0…1, then (x - mean) / std a channel.

    Parameters
    ----------
    mean, std : tuple of float
        One number for all channels, or one a channel.
    resize : int, optional
        Length that the shorter side gets; None: both sides get the input's size, whatever the picture's.
    """

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    resize: int | None = None


@dataclass(frozen=True)
class Network:
    """One network.

    Parameters
    ----------
    name, title : str
    build : callable
        From the number of classes to the layers.
    input : tuple of int
        C×H×W, unless told otherwise.
    classes : int
    preparation : Preparation
        Of pictures.
    ignored : tuple of str
        Beginnings of the names of tensors that a file of weights may hold beside: heads used only in training.
    recipe : Recipe
        One that learns.
    chapters : Recipe, optional
        The chapter's.
    """

    name: str
    title: str
    build: Callable[[int], tuple[Node, ...]]
    input: tuple[int, ...] = (1, 224, 224)
    classes: int = 10
    preparation: Preparation = Preparation()
    ignored: tuple[str, ...] = ()
    recipe: Recipe = Recipe()  # noqa: RUF009  frozen
    chapters: Recipe | None = None


def _chapters(lr: float, batch: int) -> Recipe:
    """Five epochs of plain gradient descent, as the 2019 edition trains all its networks, on Fashion-MNIST."""
    return Recipe(5, batch, lr, "sgd", 0.0, schedule="constant", start="xavier")


_SIGMOIDS = Recipe(15, 16, 0.003, start="xavier-sigmoid")
_NORMED = Recipe(15, 32, 0.003)

_IMAGENET = Preparation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 256)
# its weights were trained by another framework, on samples from -1 to 1
_SYMMETRIC = Preparation((0.5,), (0.5,), 256)


def _published(
    name: str, title: str, build: Callable[[int], tuple[Node, ...]], **more: object
) -> Network:
    row = Network(f"torchvision/{name}", title, build, (3, 224, 224), 1000, _IMAGENET)
    return Network(**{**vars(row), **more})


_SMALL = (1, 28, 28)

_ROWS = (
    Network(
        "lenet",
        "LeNet with sigmoids and max pooling",
        chapter.lenet,
        _SMALL,
        recipe=_SIGMOIDS,
        chapters=_chapters(0.9, 256),
    ),
    Network(
        "lenet-bn",
        "LeNet with batch normalization",
        partial(chapter.lenet, norm="bn"),
        _SMALL,
        recipe=_NORMED,
        chapters=_chapters(1.0, 256),
    ),
    Network(
        "lenet-avg",
        "LeNet of today's edition: padding 2, average pooling",
        partial(chapter.lenet, pool="avgpool:k2", first="k5,p2"),
        _SMALL,
        recipe=_SIGMOIDS,
        chapters=_chapters(0.9, 256),
    ),
    Network("alexnet", "AlexNet in one piece", chapter.alexnet, chapters=_chapters(0.01, 128)),
    *(
        Network(
            f"vgg{depth}",
            f"VGG-{depth}",
            partial(chapter.vgg, depth=depth),
            chapters=_chapters(0.05, 128),
        )
        for depth in chapter.VGG
    ),
    Network("nin", "Network in network", chapter.nin, chapters=_chapters(0.1, 128)),
    Network(
        "googlenet",
        "GoogLeNet, no auxiliary heads",
        chapter.googlenet,
        chapters=_chapters(0.1, 128),
    ),
    Network(
        "resnet18",
        "ResNet-18",
        partial(chapter.resnet, blocks=(2, 2, 2, 2)),
        recipe=_NORMED,
        chapters=_chapters(0.05, 256),
    ),
    Network(
        "densenet",
        "DenseNet, growth 32, four blocks of four",
        partial(chapter.densenet, blocks=(4, 4, 4, 4)),
        recipe=_NORMED,
        chapters=_chapters(0.1, 256),
    ),
    _published("alexnet", "AlexNet", torchvision.alexnet),
    *(
        _published(
            f"vgg{depth}{'_bn' * norm}",
            f"VGG-{depth}{' with batch normalization' * norm}",
            partial(torchvision.vgg, depth=depth, norm=norm),
        )
        for depth in chapter.VGG
        for norm in (False, True)
    ),
    _published(
        "googlenet",
        "GoogLeNet, no auxiliary heads",
        torchvision.googlenet,
        preparation=_SYMMETRIC,
        ignored=("aux1.", "aux2."),
    ),
    *(
        _published(f"resnet{depth}", f"ResNet-{depth}", partial(torchvision.resnet, depth=depth))
        for depth in torchvision.RESNETS
    ),
    *(
        _published(
            f"densenet{depth}", f"DenseNet-{depth}", partial(torchvision.densenet, depth=depth)
        )
        for depth in torchvision.DENSENETS
    ),
)
NETWORKS: dict[str, Network] = {row.name: row for row in _ROWS}
"""The networks by name, the chapter's first."""


def network(name: str) -> Network:
    """Look a network up.

    Raises
    ------
    ConvError
        There is none of this name; the nearest is named.

    Examples
    --------
    >>> network("lenet").input
    (1, 28, 28)
    """
    if name not in NETWORKS:
        near = get_close_matches(name.lower(), NETWORKS, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ConvError(
            f"unknown network '{printable(name)}', {hint}convcli net list names them", usage=True
        )
    return NETWORKS[name]
