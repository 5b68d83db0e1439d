"""U-Net: a map for each class, at the input's resolution. No arrays.

Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", arXiv:1505.04597.
"""

from convcli.nets.architecture.builders import Part, concat, named, serial
from convcli.nets.architecture.parser import Node

__all__ = ["unet"]

Nodes = tuple[Node, ...]

_CUT = (4, 16, 40, 88)
"""Rows that a skip loses a side, from the deepest: what convolutions without padding take from the maps below it."""


def unet(classes: int, *, same: bool) -> Nodes:
    """U-Net of figure 1, with dropout at its deepest; `same` is how most build it today.

    The paper's convolutions are not padded, so skips are cut to what comes from below, and 572 rows give 388; maps grow
    by transposed convolutions. With `same`, they are padded, batch normalization stands behind them, and maps grow by
    upsampling and a convolution: any input that is a multiple of 16 gives maps of its own size.
    """
    inside: Part = [_double("bottleneck", 1024, same), "dropout"]
    for depth, cut in enumerate(_CUT):
        channels = 512 >> depth
        grown = f"upsample:2 conv:{channels},k2,psame" if same else f"convt:{channels},k2,s2"
        inside = [
            _double(f"down{4 - depth}", channels, same),
            concat(
                () if same else f"crop:{cut}",
                ["maxpool:k2", inside, named(f"grow{4 - depth}", grown)],
            ),
            _double(f"up{4 - depth}", channels, same),
        ]
    return serial(inside, named("head", f"conv:{classes},k1"))


def _double(name: str, channels: int, same: bool) -> Part:
    conv = f"conv:{channels},k3,p1,nobias bn relu" if same else f"conv:{channels},k3 relu"
    return named(name, f"{conv} {conv}")
