"""The networks by name: one row each. No arrays.

Open: recipes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
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


def _torch_resnet(classes: int, depth: int, *, groups: int = 1, width: int = 64) -> Nodes:
    from convcli.nets.zoo.torchvision import resnet

    return resnet(classes, depth=depth, groups=groups, width=width)


def _torch_densenet(classes: int, depth: int) -> Nodes:
    from convcli.nets.zoo.torchvision import densenet

    return densenet(classes, depth=depth)


def _squeezenet(classes: int, version: str) -> Nodes:
    from convcli.nets.zoo.torchvision import squeezenet

    return squeezenet(classes, version)


def _inception_v3(classes: int) -> Nodes:
    from convcli.nets.zoo.inception import inception_v3

    return inception_v3(classes)


def _mobilenet_v2(classes: int) -> Nodes:
    from convcli.nets.zoo.mobile import mobilenet_v2

    return mobilenet_v2(classes)


def _mobilenet_v3(classes: int, form: str) -> Nodes:
    from convcli.nets.zoo.mobile import mobilenet_v3

    return mobilenet_v3(classes, form)


def _shufflenet_v2(classes: int) -> Nodes:
    from convcli.nets.zoo.mobile import shufflenet_v2

    return shufflenet_v2(classes)


def _mnasnet(classes: int) -> Nodes:
    from convcli.nets.zoo.mobile import mnasnet

    return mnasnet(classes)


def _efficientnet(classes: int, number: int) -> Nodes:
    from convcli.nets.zoo.mobile import efficientnet

    return efficientnet(classes, number)


def _regnet(classes: int, form: str) -> Nodes:
    from convcli.nets.zoo.regnet import regnet

    return regnet(classes, form)


def _convnext(classes: int, form: str) -> Nodes:
    from convcli.nets.zoo.convnext import convnext

    return convnext(classes, form)


def _unet(classes: int, *, same: bool) -> Nodes:
    from convcli.nets.zoo.unet import unet

    return unet(classes, same=same)


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
_WIDER = {
    "resnext50_32x4d": ("ResNeXt-50, 32 groups", (50, 32, 4), (25_028_904, 4_230_479_872)),
    "resnext101_32x8d": ("ResNeXt-101, 32 groups", (101, 32, 8), (88_791_336, 16_414_015_488)),
    "wide_resnet50_2": ("Wide ResNet-50", (50, 1, 128), (68_883_240, 11_398_021_120)),
    "wide_resnet101_2": ("Wide ResNet-101", (101, 1, 128), (126_886_696, 22_753_050_624)),
}
_EFFICIENTNETS = {
    0: (224, 256, (5_288_548, 385_814_752)),
    1: (240, 256, (7_794_184, 686_802_832)),
    2: (288, 288, (9_109_994, 1_087_529_456)),
    3: (300, 320, (12_233_232, 1_827_141_392)),
    4: (380, 384, (19_341_616, 4_393_771_024)),
    5: (456, 456, (30_389_784, 10_266_384_752)),
    6: (528, 528, (43_040_704, 19_067_593_536)),
    7: (600, 600, (66_347_960, 37_745_884_192)),
}
"""Input, what pictures are resized to, and the counts."""
_CONVNEXTS = {
    "tiny": (236, (28_589_128, 4_455_531_264)),
    "small": (230, (50_223_688, 8_683_712_256)),
    "base": (232, (88_591_464, 15_354_729_472)),
    "large": (232, (197_767_336, 34_361_433_600)),
}

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
    Network(
        "unet",
        "U-Net, unpadded: maps that shrink by 184",
        partial(_unet, same=False),
        (31_030_658, 150_428_424_448),
        (1, 572, 572),
        2,
    ),
    Network(
        "unet-same",
        "U-Net, padded, with batch normalization and upsampling",
        partial(_unet, same=True),
        (31_036_546, 54_538_534_912),
        (1, 256, 256),
        2,
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
    *(
        _published(
            name,
            title,
            partial(_torch_resnet, depth=depth, groups=groups, width=width),
            counted,
        )
        for name, (title, (depth, groups, width), counted) in _WIDER.items()
    ),
    *(
        _published(
            f"squeezenet{version}",
            f"SqueezeNet {version.replace('_', '.')}",
            partial(_squeezenet, version=version),
            counted,
        )
        for version, counted in (
            ("1_0", (1_248_424, 818_924_576)),
            ("1_1", (1_235_496, 349_151_936)),
        )
    ),
    _published(
        "inception_v3",
        "Inception v3, no auxiliary head",
        _inception_v3,
        (23_834_568, 5_713_216_096),
        input=(3, 299, 299),
        preparation=replace(_SYMMETRIC, resize=342),
        ignored=("AuxLogits.",),
    ),
    _published("mobilenet_v2", "MobileNet v2", _mobilenet_v2, (3_504_872, 300_774_272)),
    *(
        _published(
            f"mobilenet_v3_{form}",
            f"MobileNet v3, {form}",
            partial(_mobilenet_v3, form=form),
            counted,
        )
        for form, counted in (
            ("small", (2_542_856, 56_510_400)),
            ("large", (5_483_032, 216_589_760)),
        )
    ),
    _published("shufflenet_v2_x1_0", "ShuffleNet v2", _shufflenet_v2, (2_278_604, 144_907_992)),
    _published("mnasnet1_0", "MnasNet", _mnasnet, (4_383_312, 314_415_872)),
    *(
        _published(
            f"efficientnet_b{number}",
            f"EfficientNet-B{number}",
            partial(_efficientnet, number=number),
            counted,
            input=(3, side, side),
            preparation=replace(_IMAGENET, resize=resize),
        )
        for number, (side, resize, counted) in _EFFICIENTNETS.items()
    ),
    _published(
        "regnet_y_400mf",
        "RegNetY-400MF",
        partial(_regnet, form="y_400mf"),
        (4_344_144, 401_842_848),
    ),
    *(
        _published(
            f"convnext_{form}",
            f"ConvNeXt, {form}",
            partial(_convnext, form=form),
            counted,
            preparation=replace(_IMAGENET, resize=resize),
        )
        for form, (resize, counted) in _CONVNEXTS.items()
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
