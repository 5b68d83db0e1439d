"""The networks of the chapter, as the 2019 edition of "Dive into Deep Learning" defines them. No arrays.

Zhang, Lipton, Li and Smola, "Dive into Deep Learning", chapter "Convolutional Neural Networks". Its convolutions have
a bias, beside batch normalization too.
"""

from collections.abc import Sequence

from convcli.nets.architecture.builders import concat, named, residual, serial
from convcli.nets.architecture.parser import Block, Node

__all__ = ["INCEPTIONS", "VGG", "alexnet", "densenet", "googlenet", "lenet", "nin", "resnet", "vgg"]

Nodes = tuple[Node, ...]

VGG = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Convolutions in each of VGG's five blocks. Simonyan and Zisserman, arXiv:1409.1556, table 1."""

INCEPTIONS: dict[str, tuple[int, ...]] = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Channels: 1×1; 3×3 reduced, 3×3; 5×5 reduced, 5×5; after pooling. Szegedy et al., arXiv:1409.4842, table 1."""


def lenet(classes: int, *, norm: str = "", pool: str = "maxpool:k2", first: str = "k5") -> Nodes:
    """LeNet with sigmoids. LeCun et al., "Gradient-based learning applied to document recognition", 1998."""
    return serial(
        f"conv:6,{first} {norm} sigmoid {pool}",
        f"conv:16,k5 {norm} sigmoid {pool}",
        f"flatten linear:120 {norm} sigmoid linear:84 {norm} sigmoid linear:{classes}",
    )


def alexnet(classes: int) -> Nodes:
    """AlexNet in one piece. Krizhevsky, Sutskever and Hinton, NIPS 2012."""
    return serial(
        "conv:96,k11,s4 relu maxpool:k3,s2",
        "conv:256,k5,p2 relu maxpool:k3,s2",
        "2*( conv:384,k3,p1 relu ) conv:256,k3,p1 relu maxpool:k3,s2",
        f"flatten 2*( linear:4096 relu dropout:0.5 ) linear:{classes}",
    )


def vgg(classes: int, depth: int) -> Nodes:
    """VGG: blocks of 3×3 convolutions, each ends by halving the map."""
    channels = (64, 128, 256, 512, 512)
    return serial(
        named(f"block{i}", f"{count}*( conv:{out},k3,p1 relu ) maxpool:k2")
        for i, (count, out) in enumerate(zip(VGG[depth], channels, strict=True), 1)
    ) + serial(f"flatten 2*( linear:4096 relu dropout:0.5 ) linear:{classes}")


def nin(classes: int) -> Nodes:
    """Network in network. Lin, Chen and Yan, arXiv:1312.4400."""

    def block(name: str, conv: str, out: int) -> Block:
        return named(name, f"conv:{out},{conv} relu 2*( conv:{out},k1 relu )")

    return serial(
        *(block("nin1", "k11,s4", 96), "maxpool:k3,s2"),
        *(block("nin2", "k5,p2", 256), "maxpool:k3,s2"),
        *(block("nin3", "k3,p1", 384), "maxpool:k3,s2 dropout:0.5"),
        *(block("nin4", "k3,p1", classes), "gap flatten"),
    )


def googlenet(classes: int) -> Nodes:
    """GoogLeNet: nine Inception blocks, without auxiliary heads."""
    halve = "maxpool:k3,s2,p1"
    # the 2019 text gave the second stage's convolutions no activation at first; the paper's all have one
    return serial(
        f"conv:64,k7,s2,p3 relu {halve}",
        f"conv:64,k1 relu conv:192,k3,p1 relu {halve}",
        *((inception(name) for name in ("3a", "3b")), halve),
        *((inception(name) for name in ("4a", "4b", "4c", "4d", "4e")), halve),
        *((inception(name) for name in ("5a", "5b")), f"gap flatten linear:{classes}"),
    )


def inception(name: str) -> Block:
    """Build one Inception block."""
    one, three_in, three, five_in, five, pooled = INCEPTIONS[name]
    return named(
        f"inception{name}",
        concat(
            f"conv:{one},k1 relu",
            f"conv:{three_in},k1 relu conv:{three},k3,p1 relu",
            f"conv:{five_in},k1 relu conv:{five},k5,p2 relu",
            f"maxpool:k3,s1,p1 conv:{pooled},k1 relu",
        ),
    )


_STEM = "conv:64,k7,s2,p3 bn relu maxpool:k3,s2,p1"


def resnet(classes: int, blocks: Sequence[int]) -> Nodes:
    """ResNet. He, Zhang, Ren and Sun, arXiv:1512.03385. Its shortcuts have no batch normalization here."""
    stages = [
        named(f"block{stage}_{i}", _basic(64 << stage - 1, halves=stage > 1 and i == 1))
        for stage, count in enumerate(blocks, 1)
        for i in range(1, count + 1)
    ]
    return serial(_STEM, stages, f"gap flatten linear:{classes}")


def _basic(out: int, *, halves: bool) -> Nodes:
    stride = 2 if halves else 1
    path = f"conv:{out},k3,s{stride},p1 bn relu conv:{out},k3,p1 bn"
    return serial(residual(path, f"conv:{out},k1,s2" if halves else ()), "relu")


def densenet(classes: int, blocks: Sequence[int], *, growth: int = 32) -> Nodes:
    """DenseNet without bottlenecks. Huang, Liu, van der Maaten and Weinberger, arXiv:1608.06993."""
    channels = 64
    stages: list[Block] = []
    for i, count in enumerate(blocks, 1):
        stages.append(
            named(f"dense{i}", [concat((), f"bn relu conv:{growth},k3,p1") for _ in range(count)])
        )
        channels += count * growth
        if i < len(blocks):
            channels //= 2
            stages.append(named(f"transition{i}", f"bn relu conv:{channels},k1 avgpool:k2"))
    return serial(_STEM, stages, f"bn relu gap flatten linear:{classes}")
