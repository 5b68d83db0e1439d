"""The networks by name: one row each. No arrays.

Open: recipes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from convcli.engine.errors import ConvError, did_you_mean, printable
from convcli.nets.zoo.recipes import Recipe

if TYPE_CHECKING:
    from convcli.nets.architecture.parser import Node

Nodes: TypeAlias = "tuple[Node, ...]"

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
    counted : tuple of int
        Parameters and MACs for `input` and `classes`, as published or as `net show` counts them: a list of all networks
        counts none. (A test counts every one.)
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
    build: Callable[[int], Nodes]
    counted: tuple[int, int]
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
    name: str,
    title: str,
    build: Callable[[int], Nodes],
    counted: tuple[int, int],
    **more: object,
) -> Network:
    row = Network(f"torchvision/{name}", title, build, counted, (3, 224, 224), 1000, _IMAGENET)
    return Network(**{**vars(row), **more})


_SMALL = (1, 28, 28)


# a network's layers are loaded when it is built: a list of names needs none


def _lenet(classes: int, *, norm: str = "", pool: str = "maxpool:k2", first: str = "k5") -> Nodes:
    from convcli.nets.zoo.chapter import lenet

    return lenet(classes, norm=norm, pool=pool, first=first)


def _alexnet(classes: int) -> Nodes:
    from convcli.nets.zoo.chapter import alexnet

    return alexnet(classes)


def _vgg(classes: int, depth: int) -> Nodes:
    from convcli.nets.zoo.chapter import vgg

    return vgg(classes, depth=depth)


def _nin(classes: int) -> Nodes:
    from convcli.nets.zoo.chapter import nin

    return nin(classes)


def _googlenet(classes: int) -> Nodes:
    from convcli.nets.zoo.chapter import googlenet

    return googlenet(classes)


def _resnet(classes: int) -> Nodes:
    from convcli.nets.zoo.chapter import resnet

    return resnet(classes, blocks=(2, 2, 2, 2))


def _densenet(classes: int) -> Nodes:
    from convcli.nets.zoo.chapter import densenet

    return densenet(classes, blocks=(4, 4, 4, 4))


def _torch_alexnet(classes: int) -> Nodes:
    from convcli.nets.zoo.torchvision import alexnet

    return alexnet(classes)


def _torch_vgg(classes: int, depth: int, norm: bool) -> Nodes:
    from convcli.nets.zoo.torchvision import vgg

    return vgg(classes, depth=depth, norm=norm)


def _torch_googlenet(classes: int) -> Nodes:
    from convcli.nets.zoo.torchvision import googlenet

    return googlenet(classes)


def _torch_resnet(classes: int, depth: int) -> Nodes:
    from convcli.nets.zoo.torchvision import resnet

    return resnet(classes, depth=depth)


def _torch_densenet(classes: int, depth: int) -> Nodes:
    from convcli.nets.zoo.torchvision import densenet

    return densenet(classes, depth=depth)


_CHAPTER_VGG = {
    11: (128_806_154, 7_547_232_256),
    13: (128_990_666, 11_246_608_384),
    16: (134_300_362, 15_408_406_528),
    19: (139_610_058, 19_570_204_672),
}
_VGG = {
    (11, False): (132_863_336, 7_609_090_048),
    (11, True): (132_868_840, 7_609_090_048),
    (13, False): (133_047_848, 11_308_466_176),
    (13, True): (133_053_736, 11_308_466_176),
    (16, False): (138_357_544, 15_470_264_320),
    (16, True): (138_365_992, 15_470_264_320),
    (19, False): (143_667_240, 19_632_062_464),
    (19, True): (143_678_248, 19_632_062_464),
}
_RESNETS = {
    18: (11_689_512, 1_814_073_344),
    34: (21_797_672, 3_663_761_408),
    50: (25_557_032, 4_089_184_256),
    101: (44_549_160, 7_801_405_440),
    152: (60_192_808, 11_513_626_624),
}
_DENSENETS = {
    121: (7_978_856, 2_834_161_664),
    161: (28_681_000, 7_727_907_072),
    169: (14_149_480, 3_359_843_328),
    201: (20_013_928, 4_291_365_888),
}
"""Parameters and MACs as torchvision publishes them, by depth and whether there is batch normalization."""

_ROWS = (
    Network(
        "lenet",
        "LeNet with sigmoids and max pooling",
        _lenet,
        (44_426, 281_640),
        _SMALL,
        recipe=_SIGMOIDS,
        chapters=_chapters(0.9, 256),
    ),
    Network(
        "lenet-bn",
        "LeNet with batch normalization",
        partial(_lenet, norm="bn"),
        (44_878, 281_640),
        _SMALL,
        recipe=_NORMED,
        chapters=_chapters(1.0, 256),
    ),
    Network(
        "lenet-avg",
        "LeNet of today's edition: padding 2, average pooling",
        partial(_lenet, pool="avgpool:k2", first="k5,p2"),
        (61_706, 416_520),
        _SMALL,
        recipe=_SIGMOIDS,
        chapters=_chapters(0.9, 256),
    ),
    Network(
        "alexnet",
        "AlexNet in one piece",
        _alexnet,
        (46_764_746, 938_146_176),
        chapters=_chapters(0.01, 128),
    ),
    *(
        Network(
            f"vgg{depth}",
            f"VGG-{depth}",
            partial(_vgg, depth=depth),
            counted,
            chapters=_chapters(0.05, 128),
        )
        for depth, counted in _CHAPTER_VGG.items()
    ),
    Network(
        "nin",
        "Network in network",
        _nin,
        (1_992_166, 762_297_352),
        chapters=_chapters(0.1, 128),
    ),
    Network(
        "googlenet",
        "GoogLeNet, no auxiliary heads",
        _googlenet,
        (5_977_530, 1_502_982_144),
        chapters=_chapters(0.1, 128),
    ),
    Network(
        "resnet18",
        "ResNet-18",
        _resnet,
        (11_178_378, 1_734_890_496),
        recipe=_NORMED,
        chapters=_chapters(0.05, 256),
    ),
    Network(
        "densenet",
        "DenseNet, growth 32, four blocks of four",
        _densenet,
        (758_226, 702_742_448),
        recipe=_NORMED,
        chapters=_chapters(0.1, 256),
    ),
    _published("alexnet", "AlexNet", _torch_alexnet, (61_100_840, 714_188_480)),
    *(
        _published(
            f"vgg{depth}{'_bn' * norm}",
            f"VGG-{depth}{' with batch normalization' * norm}",
            partial(_torch_vgg, depth=depth, norm=norm),
            counted,
        )
        for (depth, norm), counted in _VGG.items()
    ),
    _published(
        "googlenet",
        "GoogLeNet, no auxiliary heads",
        _torch_googlenet,
        (6_624_904, 1_498_376_192),
        preparation=_SYMMETRIC,
        ignored=("aux1.", "aux2."),
    ),
    *(
        _published(
            f"resnet{depth}", f"ResNet-{depth}", partial(_torch_resnet, depth=depth), counted
        )
        for depth, counted in _RESNETS.items()
    ),
    *(
        _published(
            f"densenet{depth}", f"DenseNet-{depth}", partial(_torch_densenet, depth=depth), counted
        )
        for depth, counted in _DENSENETS.items()
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
        hint = did_you_mean(name, NETWORKS)
        raise ConvError(
            f"unknown network '{printable(name)}', {hint}convcli net list names them", usage=True
        )
    return NETWORKS[name]
