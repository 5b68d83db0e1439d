"""ConvNeXt as torchvision defines it, with the names of its state dict. No arrays.

Liu et al., "A ConvNet for the 2020s", arXiv:2201.03545.
"""

from convcli.nets.architecture.builders import named, numbered, residual, serial
from convcli.nets.architecture.parser import Node
from convcli.nets.zoo.torchvision import normed

__all__ = ["CONVNEXTS", "convnext"]

Nodes = tuple[Node, ...]

CONVNEXTS = {
    "tiny": (96, (3, 3, 9, 3)),
    "small": (96, (3, 3, 27, 3)),
    "base": (128, (3, 3, 27, 3)),
    "large": (192, (3, 3, 27, 3)),
}
"""Channels of the first stage, and blocks of each."""

_NORM = "layernorm:1e-6"


def convnext(classes: int, form: str) -> Nodes:
    """ConvNeXt; stochastic depth, which only training has, is left out."""
    first, counts = CONVNEXTS[form]
    parts = [normed("", f"conv:{first},k4,s4", "", norm=_NORM)]
    for stage, count in enumerate(counts):
        channels = first << stage
        if stage:
            parts.append(named("", numbered(f"{_NORM} conv:{channels},k2,s2")))
        parts.append(named("", numbered([_block(channels)] * count)))
    return serial(
        named("features", numbered(parts)),
        "gap",
        named("classifier", numbered(f"{_NORM} flatten linear:{classes}")),
    )


def _block(channels: int) -> Node:
    path = (
        f"dwconv:k7,p3 {_NORM} linear:{4 * channels},each gelu linear:{channels},each",
        ("0", "2", "3", "4", "5"),  # 1 and 6 put the channels last, and back
    )
    layers = zip(path[1], serial(path[0]), strict=True)
    return residual(
        [
            named("block", [named(name, layer) for name, layer in layers]),
            named("layer_scale", "layerscale"),
        ]
    )
