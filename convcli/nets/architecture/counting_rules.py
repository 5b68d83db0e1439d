"""What one layer of each kind comes to: its output, parameters and work. No NumPy."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Axis, axes, per_axis, pool_axes
from convcli.engine.sizes.receptive_field import part
from convcli.engine.sizes.transposed import TransposedAxis, transposed_axes
from convcli.nets.architecture.kinds import KINDS, Layer

__all__ = ["RULES", "Found", "Size"]

Size = tuple[int, ...]
"""C×spatial, or one number once everything is in a row."""


@dataclass(frozen=True)
class Found:
    """What a rule finds out about one layer.

    Parameters
    ----------
    output : tuple of int
    axes : tuple of Axis or of TransposedAxis
        The windows of a convolution or pooling layer.
    params, buffers, macs : int
        Learned numbers; numbers that are kept but not learned; multiply-accumulates without bias.
    extra : dict of str to int
        Operations by the names of `counts.COUNTED`.
    """

    output: Size
    axes: tuple[Axis | TransposedAxis, ...] = ()
    params: int = 0
    buffers: int = 0
    macs: int = 0
    extra: dict[str, int] = field(default_factory=dict)


def _spatial(layer: Layer, size: Size) -> Size:
    if len(size) < 2:
        raise ConvError(f"{layer.kind} needs channels x spatial axes, not one row of numbers")
    return size[1:]


def _conv(layer: Layer, size: Size) -> Found:
    spatial = _spatial(layer, size)
    channels = size[0]
    depthwise = layer.kind == "dwconv"
    out = layer.out or channels
    groups = channels if depthwise else layer.groups
    for what, number in (("input", channels), ("output", out)):
        if number % groups:
            raise ConvError(f"{groups} groups do not divide the {number} {what} channels")
    assert layer.kernel is not None
    windows: tuple[Axis | TransposedAxis, ...]
    if layer.kind == "convt":
        windows = transposed_axes(
            spatial,
            layer.kernel,
            padding=layer.padding,
            stride=layer.stride or 1,
            dilation=layer.dilation,
            output_padding=layer.output_padding,
        )
    else:
        windows = axes(
            spatial,
            layer.kernel,
            padding=layer.padding,
            stride=layer.stride or 1,
            dilation=layer.dilation,
        )
    output = (out, *(a.out for a in windows))
    weights = channels // groups * out * prod(a.k for a in windows)
    # every weight meets each place of the kernel once: the outputs of a convolution, the inputs of a transposed one
    places = prod(spatial) if layer.kind == "convt" else prod(output[1:])
    return Found(
        output,
        windows,
        params=weights + (out if layer.bias else 0),
        macs=weights * places,
        extra={"bias": prod(output)} if layer.bias else {},
    )


def _pool(layer: Layer, size: Size) -> Found:
    spatial = _spatial(layer, size)
    assert layer.kernel is not None
    windows = pool_axes(
        spatial,
        layer.kernel,
        padding=layer.padding,
        stride=layer.stride,
        dilation=layer.dilation,
        ceil=layer.ceil,
        divides=layer.kind == "avgpool",
        include_pad=layer.count_padding,
    )
    output = (size[0], *(a.out for a in windows))
    return Found(output, windows, extra={"pool": prod(output) * prod(a.k for a in windows)})


def _global_pool(layer: Layer, size: Size) -> Found:
    spatial = _spatial(layer, size)
    return Found((size[0], *(1 for _ in spatial)), extra={"pool": prod(size)})


def _adaptive(layer: Layer, size: Size) -> Found:
    spatial = _spatial(layer, size)
    assert layer.cells is not None
    cells = per_axis("cells", layer.cells, len(spatial), 1)
    parts = [[part(i, n, c) for i in range(c)] for n, c in zip(spatial, cells, strict=True)]
    read = prod(sum(last - first for first, last in axis) for axis in parts)
    return Found((size[0], *cells), extra={"pool": size[0] * read})


def _batch_norm(_layer: Layer, size: Size) -> Found:
    return Found(size, params=2 * size[0], buffers=2 * size[0], extra={"bn": prod(size)})


def _response_norm(layer: Layer, size: Size) -> Found:
    _spatial(layer, size)
    return Found(size)


def _activation(_layer: Layer, size: Size) -> Found:
    return Found(size, extra={"act": prod(size)})


def _flatten(_layer: Layer, size: Size) -> Found:
    return Found((prod(size),))


def _linear(layer: Layer, size: Size) -> Found:
    if len(size) > 1:
        raise ConvError("linear needs one row of numbers: flatten or gap flatten comes first")
    assert layer.out is not None
    weights = size[0] * layer.out
    bias = layer.out if layer.bias else 0
    return Found(
        (layer.out,), params=weights + bias, macs=weights, extra={"bias": bias} if bias else {}
    )


def _dropout(_layer: Layer, size: Size) -> Found:
    return Found(size)


RULES: dict[str, Callable[[Layer, Size], Found]] = {
    "conv": _conv,
    "dwconv": _conv,
    "convt": _conv,
    "maxpool": _pool,
    "avgpool": _pool,
    "gap": _global_pool,
    "adaptive": _adaptive,
    "lrn": _response_norm,
    "bn": _batch_norm,
    **{kind: _activation for kind, row in KINDS.items() if row.activation},
    "dropout": _dropout,
    "flatten": _flatten,
    "linear": _linear,
}
"""How each kind of `kinds.KINDS` is counted."""
