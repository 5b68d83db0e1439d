"""Inception v3 as torchvision defines it, with the names of its state dict. No arrays.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", arXiv:1512.00567.
"""

from convcli.nets.architecture.builders import Part, concat, named, serial
from convcli.nets.architecture.parser import Block, Node

__all__ = ["inception_v3"]

Nodes = tuple[Node, ...]

_DOWN, _ACROSS = "k7x1,p3x0", "k1x7,p0x3"
_MEAN = "avgpool:k3,s1,p1,pad"


def inception_v3(classes: int) -> Nodes:
    """Inception v3, without the auxiliary head."""
    return serial(
        _conv("Conv2d_1a_3x3", "32,k3,s2"),
        _conv("Conv2d_2a_3x3", "32,k3"),
        _conv("Conv2d_2b_3x3", "64,k3,p1"),
        named("maxpool1", "maxpool:k3,s2"),
        _conv("Conv2d_3b_1x1", "80,k1"),
        _conv("Conv2d_4a_3x3", "192,k3"),
        named("maxpool2", "maxpool:k3,s2"),
        [_even(f"Mixed_{n}", pooled) for n, pooled in (("5b", 32), ("5c", 64), ("5d", 64))],
        named(
            "Mixed_6a",
            concat(
                _conv("branch3x3", "384,k3,s2"),
                _row("branch3x3dbl", "64,k1", "96,k3,p1", "96,k3,s2"),
                "maxpool:k3,s2",
            ),
        ),
        [
            _sevens(f"Mixed_{n}", width)
            for n, width in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192))
        ],
        named(
            "Mixed_7a",
            concat(
                _row("branch3x3", "192,k1", "320,k3,s2"),
                _row("branch7x7x3", "192,k1", f"192,{_ACROSS}", f"192,{_DOWN}", "192,k3,s2"),
                "maxpool:k3,s2",
            ),
        ),
        *(_wide("Mixed_7b"), _wide("Mixed_7c")),
        "gap dropout flatten",
        named("fc", f"linear:{classes}"),
    )


def _conv(name: str, text: str) -> Block:
    return named(name, named("conv", f"conv:{text},nobias"), named("bn", "bn:0.001"), "relu")


def _row(name: str, *texts: str) -> Part:
    return [_conv(f"{name}_{i}", text) for i, text in enumerate(texts, 1)]


def _even(name: str, pooled: int) -> Block:
    return named(
        name,
        concat(
            _conv("branch1x1", "64,k1"),
            _row("branch5x5", "48,k1", "64,k5,p2"),
            _row("branch3x3dbl", "64,k1", "96,k3,p1", "96,k3,p1"),
            [_MEAN, _conv("branch_pool", f"{pooled},k1")],
        ),
    )


def _sevens(name: str, width: int) -> Block:
    down, across = f"{width},{_DOWN}", f"{width},{_ACROSS}"
    return named(
        name,
        concat(
            _conv("branch1x1", "192,k1"),
            _row("branch7x7", f"{width},k1", across, f"192,{_DOWN}"),
            _row("branch7x7dbl", f"{width},k1", down, across, down, f"192,{_ACROSS}"),
            [_MEAN, _conv("branch_pool", "192,k1")],
        ),
    )


def _wide(name: str) -> Block:
    def both(name: str) -> Part:
        return concat(
            _conv(f"{name}a", "384,k1x3,p0x1"),
            _conv(f"{name}b", "384,k3x1,p1x0"),
        )

    return named(
        name,
        concat(
            _conv("branch1x1", "320,k1"),
            [_row("branch3x3", "384,k1"), both("branch3x3_2")],
            [_row("branch3x3dbl", "448,k1", "384,k3,p1"), both("branch3x3dbl_3")],
            [_MEAN, _conv("branch_pool", "192,k1")],
        ),
    )
