"""Networks of inverted residuals and shuffled channels, as torchvision defines them: made for phones. No arrays."""

from collections.abc import Sequence
from math import ceil

from convcli.nets.architecture.builders import Part, concat, named, numbered, residual, serial
from convcli.nets.architecture.parser import Node
from convcli.nets.zoo.torchvision import normed

__all__ = [
    *("EFFICIENTNETS", "MOBILENETS_V3", "efficientnet", "mnasnet", "mobilenet_v2"),
    *("mobilenet_v3", "shufflenet_v2"),
]

Nodes = tuple[Node, ...]


def _divisible(channels: float) -> int:
    """Round to a multiple of 8, down by a tenth at most."""
    found = max(8, int(channels + 4) // 8 * 8)
    return found + 8 if found < 0.9 * channels else found


def _joined(same: bool, path: Part) -> Nodes:
    return serial(residual(path) if same else path)


def mobilenet_v2(classes: int) -> Nodes:
    """MobileNet v2. Sandler et al., arXiv:1801.04381, table 2."""
    channels = 32
    parts: list[Part] = [normed("", "conv:32,k3,s2,p1", "relu6")]
    rows = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1))
    for factor, out, count, first in (*rows, (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(count):
            stride = 1 if i else first
            wide = channels * factor
            path = numbered(
                normed("", f"conv:{wide},k1", "relu6") if factor > 1 else (),
                normed("", f"dwconv:k3,s{stride},p1", "relu6"),
                f"conv:{out},k1,nobias bn",
            )
            same = stride == 1 and channels == out
            parts.append(named("", _joined(same, named("conv", path))))
            channels = out
    parts.append(normed("", "conv:1280,k1", "relu6"))
    return serial(
        named("features", numbered(parts)),
        "gap flatten",
        named("classifier", numbered(f"dropout:0.2 linear:{classes}")),
    )


def _inverted(
    channels: int, wide: int, out: int, window: str, *, act: str, norm: str = "bn", se: str = ""
) -> Nodes:
    """Expand, filter by channel, squeeze and excite, project: torchvision's block, its parts by number."""
    parts = numbered(
        normed("", f"conv:{wide},k1", act, norm=norm) if wide != channels else (),
        normed("", f"dwconv:{window}", act, norm=norm),
        se or (),
        normed("", f"conv:{out},k1", "", norm=norm),
    )
    return _joined(",s2" not in window and channels == out, named("block", parts))


MOBILENETS_V3: dict[str, tuple[int, tuple[tuple[int, int, int, bool, bool, int], ...]]] = {
    "large": (
        1280,
        (
            *((3, 16, 16, False, False, 1), (3, 64, 24, False, False, 2)),
            *((3, 72, 24, False, False, 1), (5, 72, 40, True, False, 2)),
            *((5, 120, 40, True, False, 1), (5, 120, 40, True, False, 1)),
            *((3, 240, 80, False, True, 2), (3, 200, 80, False, True, 1)),
            *((3, 184, 80, False, True, 1), (3, 184, 80, False, True, 1)),
            *((3, 480, 112, True, True, 1), (3, 672, 112, True, True, 1)),
            *((5, 672, 160, True, True, 2), (5, 960, 160, True, True, 1)),
            (5, 960, 160, True, True, 1),
        ),
    ),
    "small": (
        1024,
        (
            *((3, 16, 16, True, False, 2), (3, 72, 24, False, False, 2)),
            *((3, 88, 24, False, False, 1), (5, 96, 40, True, True, 2)),
            *((5, 240, 40, True, True, 1), (5, 240, 40, True, True, 1)),
            *((5, 120, 48, True, True, 1), (5, 144, 48, True, True, 1)),
            *((5, 288, 96, True, True, 2), (5, 576, 96, True, True, 1)),
            (5, 576, 96, True, True, 1),
        ),
    ),
}
"""Units of the classifier; of each block kernel, channels inside and out, whether it has se and hardswish, stride."""


def mobilenet_v3(classes: int, form: str) -> Nodes:
    """MobileNet v3. Howard et al., arXiv:1905.02244, tables 1 and 2."""
    units, rows = MOBILENETS_V3[form]
    norm, channels = "bn:0.001", 16
    parts: list[Part] = [normed("", "conv:16,k3,s2,p1", "hardswish", norm=norm)]
    for k, wide, out, has_se, hard, stride in rows:
        se = f"se:{_divisible(wide // 4)},hard" if has_se else ""
        window = f"k{k},s{stride},p{k // 2}"
        act = "hardswish" if hard else "relu"
        block = _inverted(channels, wide, out, window, act=act, norm=norm, se=se)
        parts.append(named("", block))
        channels = out
    parts.append(normed("", f"conv:{6 * channels},k1", "hardswish", norm=norm))
    return serial(
        named("features", numbered(parts)),
        "gap flatten",
        named("classifier", numbered(f"linear:{units} hardswish dropout:0.2 linear:{classes}")),
    )


EFFICIENTNETS = {
    0: (1.0, 1.0, 0.2),
    1: (1.0, 1.1, 0.2),
    2: (1.1, 1.2, 0.3),
    3: (1.2, 1.4, 0.3),
    4: (1.4, 1.8, 0.4),
    5: (1.6, 2.2, 0.4),
    6: (1.8, 2.6, 0.5),
    7: (2.0, 3.1, 0.5),
}
"""Factors of width and of depth, and the rate of dropout."""


def efficientnet(classes: int, number: int) -> Nodes:
    """EfficientNet b0 to b7. Tan and Le, arXiv:1905.11946, table 1."""
    width, depth, rate = EFFICIENTNETS[number]
    norm = "bn:0.001" if number >= 5 else "bn"
    channels = _divisible(32 * width)
    parts: list[Part] = [normed("", f"conv:{channels},k3,s2,p1", "silu", norm=norm)]
    rows = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3))
    for factor, k, first, base, count in (
        *rows,
        *((6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)),
    ):
        out, blocks = _divisible(base * width), list[Part]()
        for i in range(ceil(count * depth)):
            window = f"k{k},s{1 if i else first},p{k // 2}"
            se = f"se:{max(1, channels // 4)},silu"
            wide = _divisible(channels * factor)
            block = _inverted(channels, wide, out, window, act="silu", norm=norm, se=se)
            blocks.append(named("", block))
            channels = out
        parts.append(named("", numbered(blocks)))
    parts.append(normed("", f"conv:{4 * channels},k1", "silu", norm=norm))
    return serial(
        named("features", numbered(parts)),
        "gap flatten",
        named("classifier", numbered(f"dropout:{rate} linear:{classes}")),
    )


def mnasnet(classes: int) -> Nodes:
    """MnasNet at full width. Tan et al., arXiv:1807.11626, figure 7."""
    channels = 16
    parts: list[Part] = [
        "conv:32,k3,s2,p1,nobias bn relu dwconv:k3,p1,nobias bn relu conv:16,k1,nobias bn"
    ]
    rows = ((24, 3, 2, 3, 3), (40, 5, 2, 3, 3), (80, 5, 2, 6, 3), (96, 3, 1, 6, 2))
    for out, k, first, factor, count in (*rows, (192, 5, 2, 6, 4), (320, 3, 1, 6, 1)):
        blocks: list[Part] = []
        for i in range(count):
            stride = 1 if i else first
            path = numbered(
                f"conv:{factor * channels},k1,nobias bn relu",
                f"dwconv:k{k},s{stride},p{k // 2},nobias bn relu conv:{out},k1,nobias bn",
            )
            same = stride == 1 and channels == out
            blocks.append(named("", _joined(same, named("layers", path))))
            channels = out
        parts.append(named("", numbered(blocks)))
    parts.append("conv:1280,k1,nobias bn relu")
    return serial(
        named("layers", numbered(parts)),
        "gap flatten",
        named("classifier", numbered(f"dropout:0.2 linear:{classes}")),
    )


def shufflenet_v2(classes: int, channels: Sequence[int] = (116, 232, 464)) -> Nodes:
    """ShuffleNet v2. Ma et al., arXiv:1807.11164, table 5; its 1.0x unless told."""
    stages = []
    for number, (out, count) in enumerate(zip(channels, (4, 8, 4), strict=True), 2):
        half = f"conv:{out // 2},k1,nobias bn relu"

        def path(stride: int, half: str = half) -> Part:
            return named(
                "branch2",
                numbered(f"{half} dwconv:k3,s{stride},p1,nobias bn {half}"),
            )

        first = concat(named("branch1", numbered(f"dwconv:k3,s2,p1,nobias bn {half}")), path(2))
        others = [concat("part:1/2", ["part:2/2", path(1)]) for _ in range(count - 1)]
        blocks = [named("", unit, "shuffle:2") for unit in (first, *others)]
        stages.append(named(f"stage{number}", numbered(blocks)))
    return serial(
        normed("conv1", "conv:24,k3,s2,p1"),
        named("maxpool", "maxpool:k3,s2,p1"),
        stages,
        normed("conv5", "conv:1024,k1"),
        "gap flatten",
        named("fc", f"linear:{classes}"),
    )
