"""The networks that torchvision publishes weights for, with the names of its state dicts. No arrays.

Layers, names and hyperparameters follow torchvision.models, so that its weights fit and its published counts come out.
Those made for phones stand in mobile.py, Inception v3 in inception.py, the latest ones in convnext.py and regnet.py.
"""

from dataclasses import dataclass
from itertools import pairwise

from convcli.nets.architecture.builders import Part, concat, named, numbered, residual, serial
from convcli.nets.architecture.parser import Block, Node
from convcli.nets.zoo.chapter import INCEPTIONS, VGG

__all__ = [
    *("DENSENETS", "RESNETS", "alexnet", "densenet", "googlenet", "normed", "resnet"),
    *("squeezenet", "vgg"),
]

Nodes = tuple[Node, ...]


@dataclass(frozen=True, eq=False, repr=False)
class ResNet:
    """A row of He et al., arXiv:1512.03385, table 1: blocks in each stage, and whether they are bottlenecks."""

    blocks: tuple[int, int, int, int]
    bottleneck: bool


RESNETS = {
    18: ResNet((2, 2, 2, 2), False),
    34: ResNet((3, 4, 6, 3), False),
    50: ResNet((3, 4, 6, 3), True),
    101: ResNet((3, 4, 23, 3), True),
    152: ResNet((3, 8, 36, 3), True),
}


@dataclass(frozen=True, eq=False, repr=False)
class DenseNet:
    """A row of Huang et al., arXiv:1608.06993, table 1: layers in each block, growth, channels of the stem."""

    blocks: tuple[int, int, int, int]
    growth: int = 32
    stem: int = 64


DENSENETS = {
    121: DenseNet((6, 12, 24, 16)),
    161: DenseNet((6, 12, 36, 24), growth=48, stem=96),
    169: DenseNet((6, 12, 32, 32)),
    201: DenseNet((6, 12, 48, 32)),
}


def alexnet(classes: int) -> Nodes:
    """AlexNet as in Krizhevsky, arXiv:1404.5997."""
    return serial(
        named(
            "features",
            numbered(
                "conv:64,k11,s4,p2 relu maxpool:k3,s2 conv:192,k5,p2 relu maxpool:k3,s2",
                "conv:384,k3,p1 relu conv:256,k3,p1 relu conv:256,k3,p1 relu maxpool:k3,s2",
            ),
        ),
        named("avgpool", "adaptive:6"),
        "flatten",
        named(
            "classifier",
            numbered(
                f"dropout linear:4096 relu dropout linear:4096 relu linear:{classes}",
            ),
        ),
    )


def vgg(classes: int, depth: int, *, norm: bool = False) -> Nodes:
    """VGG with or without batch normalization."""
    channels = (64, 128, 256, 512, 512)
    conv = "conv:{},k3,p1 bn relu" if norm else "conv:{},k3,p1 relu"
    return serial(
        named(
            "features",
            numbered(
                " ".join([conv.format(out)] * count) + " maxpool:k2"
                for count, out in zip(VGG[depth], channels, strict=True)
            ),
        ),
        named("avgpool", "adaptive:7"),
        "flatten",
        named(
            "classifier",
            numbered(f"linear:4096 relu dropout linear:4096 relu dropout linear:{classes}"),
        ),
    )


def googlenet(classes: int) -> Nodes:
    """GoogLeNet with batch normalization and without auxiliary heads; the branch called 5×5 in the paper is 3×3."""
    halve = "maxpool:k3,s2,ceil"
    return serial(
        _conv("conv1", "conv:64,k7,s2,p3,nobias"),
        named("maxpool1", halve),
        _conv("conv2", "conv:64,k1,nobias"),
        _conv("conv3", "conv:192,k3,p1,nobias"),
        named("maxpool2", halve),
        [_inception(name) for name in ("3a", "3b")],
        named("maxpool3", halve),
        [_inception(name) for name in ("4a", "4b", "4c", "4d", "4e")],
        named("maxpool4", "maxpool:k2,s2,ceil"),
        [_inception(name) for name in ("5a", "5b")],
        "gap flatten dropout:0.2",
        named("fc", f"linear:{classes}"),
    )


def _conv(name: str, text: str) -> Block:
    return named(name, named("conv", text), named("bn", "bn:0.001"), "relu")


def _inception(name: str) -> Block:
    one, three_in, three, five_in, five, pooled = INCEPTIONS[name]

    def conv(name: str, out: int, k: int = 1) -> Block:
        return _conv(name, f"conv:{out},k{k},p{k // 2},nobias")

    return named(
        f"inception{name}",
        concat(
            conv("branch1", one),
            named("branch2", conv("0", three_in), conv("1", three, 3)),
            named("branch3", conv("0", five_in), conv("1", five, 3)),
            named("branch4", named("0", "maxpool:k3,s1,p1,ceil"), conv("1", pooled)),
        ),
    )


def normed(name: str, conv: str, act: str = "relu", *, norm: str = "bn") -> Block:
    """Build torchvision's Conv2dNormActivation: convolution, normalization and activation, named 0, 1, 2."""
    bias = "" if norm.startswith("layernorm") else ",nobias"
    return named(name, numbered(f"{conv}{bias} {norm} {act}"))


def squeezenet(classes: int, version: str) -> Nodes:
    """SqueezeNet. Iandola et al., arXiv:1602.07360; 1_1 pools earlier."""

    def fire(squeezed: int, out: int) -> Nodes:
        return serial(
            named("squeeze", f"conv:{squeezed},k1"),
            "relu",
            concat(
                [named("expand1x1", f"conv:{out},k1"), "relu"],
                [named("expand3x3", f"conv:{out},k3,p1"), "relu"],
            ),
        )

    fires = [fire(16 * i, 64 * i) for i in (1, 1, 2, 2, 3, 3, 4, 4)]
    first = "conv:96,k7,s2 relu" if version == "1_0" else "conv:64,k3,s2 relu"
    cuts = (0, 3, 7, 8) if version == "1_0" else (0, 2, 4, 8)
    parts: list[Part] = [first]
    for low, high in pairwise(cuts):
        parts += ["maxpool:k3,s2,ceil" if low < 8 else (), *(named("", f) for f in fires[low:high])]
    return serial(
        named("features", numbered(parts)),
        named("classifier", numbered(f"dropout conv:{classes},k1 relu gap")),
        "flatten",
    )


def resnet(classes: int, depth: int, *, groups: int = 1, width: int = 64) -> Nodes:
    """ResNet; a bottleneck's stride is that of its 3×3 convolution.

    `groups` of `width` channels make a ResNeXt (Xie et al., arXiv:1611.05431), a width of 128 alone a wide ResNet
    (Zagoruyko and Komodakis, arXiv:1605.07146).
    """
    row = RESNETS[depth]
    wide = 4 if row.bottleneck else 1
    channels = 64
    stages = []
    for stage, count in enumerate(row.blocks):
        blocks = []
        for i in range(count):
            planes, stride = 64 << stage, 2 if stage and not i else 1
            inner = planes * width // 64 * groups
            path = _basic(planes, stride)
            if row.bottleneck:
                path = _bottleneck(inner, stride, planes * wide, groups)
            shortcut: Part = ()
            if stride > 1 or channels != planes * wide:
                shortcut = named(
                    "downsample", numbered(f"conv:{planes * wide},k1,s{stride},nobias bn")
                )
            blocks.append(named(str(i), residual(path, shortcut), "relu"))
            channels = planes * wide
        stages.append(named(f"layer{stage + 1}", blocks))
    return serial(
        *(named("conv1", "conv:64,k7,s2,p3,nobias"), named("bn1", "bn"), "relu"),
        *("maxpool:k3,s2,p1", stages, "gap flatten", named("fc", f"linear:{classes}")),
    )


def _basic(width: int, stride: int) -> Nodes:
    return _convolutions(f"{width},k3,s{stride},p1", f"{width},k3,p1")


def _bottleneck(width: int, stride: int, out: int, groups: int) -> Nodes:
    grouped = f",g{groups}" if groups > 1 else ""
    return _convolutions(f"{width},k1", f"{width},k3,s{stride},p1{grouped}", f"{out},k1")


def _convolutions(*texts: str) -> Nodes:
    """Put convolutions in a row, batch normalization after each, relu between."""
    parts: list[Part] = []
    for i, text in enumerate(texts, 1):
        parts += [named(f"conv{i}", f"conv:{text},nobias"), named(f"bn{i}", "bn"), "relu"]
    return serial(parts[:-1])


def densenet(classes: int, depth: int) -> Nodes:
    """DenseNet with bottlenecks of four times the growth."""
    row = DENSENETS[depth]
    channels = row.stem
    parts: list[Part] = [
        named("conv0", f"conv:{row.stem},k7,s2,p3,nobias"),
        named("norm0", "bn"),
        named("relu0", "relu"),
        named("pool0", "maxpool:k3,s2,p1"),
    ]
    for i, count in enumerate(row.blocks, 1):
        layers = [_dense_layer(f"denselayer{j}", row.growth) for j in range(1, count + 1)]
        parts.append(named(f"denseblock{i}", layers))
        channels += count * row.growth
        if i < len(row.blocks):
            channels //= 2
            halving = f"conv:{channels},k1,nobias"
            parts.append(
                named(
                    f"transition{i}",
                    *(named("norm", "bn"), named("relu", "relu"), named("conv", halving)),
                    named("pool", "avgpool:k2"),
                )
            )
    return serial(
        named("features", parts, named("norm5", "bn")),
        "relu gap flatten",
        named("classifier", f"linear:{classes}"),
    )


def _dense_layer(name: str, growth: int) -> Node:
    path = named(
        name,
        *(named("norm1", "bn"), named("relu1", "relu")),
        named("conv1", f"conv:{4 * growth},k1,nobias"),
        *(named("norm2", "bn"), named("relu2", "relu")),
        named("conv2", f"conv:{growth},k3,p1,nobias"),
    )
    return concat((), path)
