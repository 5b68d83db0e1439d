"""RegNets as torchvision defines them, with the names of its state dict. No arrays."""

from convcli.nets.architecture.builders import Part, named, residual, serial
from convcli.nets.architecture.parser import Node
from convcli.nets.zoo.torchvision import normed

__all__ = ["REGNETS", "regnet"]

Nodes = tuple[Node, ...]

REGNETS = {"y_400mf": (((48, 1), (104, 3), (208, 6), (440, 6)), 8)}
"""Channels and blocks of the stages, and the channels of a group. Radosavovic et al., arXiv:2003.13678, table 4."""


def regnet(classes: int, form: str) -> Nodes:
    """RegNet with squeeze-and-excitation of a quarter of the channels that come in."""
    rows, group = REGNETS[form]
    channels, stages = 32, []
    for stage, (out, count) in enumerate(rows, 1):
        blocks = []
        for i in range(count):
            stride = 1 if i else 2
            path = named(
                "f",
                normed("a", f"conv:{out},k1"),
                normed("b", f"conv:{out},k3,s{stride},p1,g{out // group}"),
                named("se", f"se:{round(channels / 4)}"),
                normed("c", f"conv:{out},k1", ""),
            )
            shortcut: Part = () if i else normed("proj", f"conv:{out},k1,s2", "")
            blocks.append(named(f"block{stage}-{i}", residual(path, shortcut), "relu"))
            channels = out
        stages.append(named(f"block{stage}", blocks))
    return serial(
        normed("stem", "conv:32,k3,s2,p1"),
        named("trunk_output", stages),
        "gap flatten",
        named("fc", f"linear:{classes}"),
    )
