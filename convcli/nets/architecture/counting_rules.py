"""What one layer of each kind comes to: its output, parameters and work. No NumPy."""

from dataclasses import dataclass, field
from math import prod

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Axis, axes, per_axis, pool_axes
from convcli.engine.sizes.receptive_field import part
from convcli.engine.sizes.transposed import TransposedAxis, transposed_axes
from convcli.nets.architecture.layer import Layer

__all__ = [
    "Found",
    "Size",
    "activation",
    "adaptive_pool",
    "batch_norm",
    "conv",
    "crop",
    "dropout",
    "flatten",
    "global_pool",
    "layer_scale",
    "linear",
    "norm",
    "part_of",
    "pool",
    "response_norm",
    "shuffle",
    "squeeze",
    "upsample",
]

Size = tuple[int, ...]
"""C×spatial, or one number once everything is in a row."""


@dataclass(frozen=True, eq=False, repr=False)
class Found:
    """What a rule finds out about one layer.

    Parameters
    ----------
    output : tuple of int
    axes : tuple of Axis or of TransposedAxis
        The windows of a convolution or pooling layer.
    params, buffers : int
        Learned numbers, and those kept but not learned (running statistics).
    macs : int or None
        Multiply-accumulates without bias; None is not known.
    extra : dict of str to int
        Operations by the names of `counts.COUNTED`.
    deep : int
        Convolutions and linear layers in it, one after the other.
    """

    output: Size
    axes: tuple[Axis | TransposedAxis, ...] = ()
    params: int = 0
    buffers: int = 0
    macs: int | None = 0
    extra: dict[str, int] = field(default_factory=dict)
    deep: int = 0


def _spatial(layer: Layer, size: Size) -> Size:
    if len(size) < 2:
        raise ConvError(f"{layer.kind} needs channels x spatial axes, not one row of numbers")
    return size[1:]


def conv(layer: Layer, size: Size) -> Found:
    """Count a convolution: plain, depthwise or transposed."""
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
        deep=1,
    )


def pool(layer: Layer, size: Size) -> Found:
    """Count pooling by windows."""
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


def global_pool(layer: Layer, size: Size) -> Found:
    """Count global average pooling."""
    spatial = _spatial(layer, size)
    return Found((size[0], *(1 for _ in spatial)), extra={"pool": prod(size)})


def adaptive_pool(layer: Layer, size: Size) -> Found:
    """Count average pooling into cells."""
    spatial = _spatial(layer, size)
    assert layer.cells is not None
    cells = per_axis("cells", layer.cells, len(spatial), 1)
    parts = [[part(i, n, c) for i in range(c)] for n, c in zip(spatial, cells, strict=True)]
    read = prod(sum(last - first for first, last in axis) for axis in parts)
    return Found((size[0], *cells), extra={"pool": size[0] * read})


def batch_norm(_layer: Layer, size: Size) -> Found:
    """Count batch normalization: scale and shift are learned, mean and variance kept."""
    return Found(size, params=2 * size[0], buffers=2 * size[0], extra={"bn": prod(size)})


def norm(layer: Layer, size: Size) -> Found:
    """Count normalization over channels: scale and shift are learned."""
    _divided(layer, size)
    return Found(size, params=2 * size[0], extra={"bn": prod(size)})


def _divided(layer: Layer, size: Size) -> None:
    if size[0] % layer.groups:
        raise ConvError(f"{layer.groups} groups do not divide the {size[0]} input channels")


def layer_scale(layer: Layer, size: Size) -> Found:
    """Count a learned factor each channel."""
    _spatial(layer, size)
    return Found(size, params=size[0])


def squeeze(layer: Layer, size: Size) -> Found:
    """Count squeeze-and-excitation: global pooling, two fully connected layers. Hu et al., arXiv:1709.01507."""
    _spatial(layer, size)
    assert layer.out is not None
    weights, units = 2 * size[0] * layer.out, size[0] + layer.out
    extra = {"pool": prod(size), "bias": units, "act": units}
    return Found(size, params=weights + units, macs=weights, extra=extra, deep=2)


def shuffle(layer: Layer, size: Size) -> Found:
    """Put channels in another order."""
    _spatial(layer, size)
    _divided(layer, size)
    return Found(size)


def part_of(layer: Layer, size: Size) -> Found:
    """Take a part of the channels."""
    _, parts = layer.part
    if size[0] % parts:
        raise ConvError(f"{parts} parts do not divide the {size[0]} input channels")
    return Found((size[0] // parts, *size[1:]))


def upsample(layer: Layer, size: Size) -> Found:
    """Make more cells: what they are made of is that of a transposed convolution of this stride."""
    spatial = _spatial(layer, size)
    windows: list[TransposedAxis] = []
    for n, s in zip(spatial, per_axis("scale", layer.stride or (1,), len(spatial), 1), strict=True):
        rows = s // 2 if layer.bilinear else 0
        windows += transposed_axes((n,), (s + 2 * rows,), padding=rows, stride=s)
    return Found((size[0], *(a.out for a in windows)), tuple(windows))


def crop(layer: Layer, size: Size) -> Found:
    """Cut rows off: windows of one cell, and padding below 0."""
    spatial, pairs = _spatial(layer, size), layer.padding.pairs
    if layer.padding.word != "explicit" or len(pairs) not in (1, len(spatial)):
        raise ConvError(
            f"crop takes rows, one number or pair for all axes or one for each of {len(spatial)}"
        )
    windows = []
    for n, (before, after) in zip(spatial, pairs * (len(spatial) // len(pairs)), strict=True):
        if before + after >= n:
            raise ConvError(f"crop takes {before + after} of {n} rows, at least one has to stay")
        windows.append(Axis(n, 1, 1, 1, -before, -after, n - before - after))
    return Found((size[0], *(a.out for a in windows)), tuple(windows))


def response_norm(layer: Layer, size: Size) -> Found:
    """Count local response normalization."""
    _spatial(layer, size)
    return Found(size)


def activation(_layer: Layer, size: Size) -> Found:
    """Count an element-wise activation, or softmax over the channels."""
    return Found(size, extra={"act": prod(size)})


def flatten(_layer: Layer, size: Size) -> Found:
    """Put everything in one row."""
    return Found((prod(size),))


def linear(layer: Layer, size: Size) -> Found:
    """Count a fully connected layer."""
    if len(size) > 1 and not layer.each:
        raise ConvError("linear needs one row of numbers: flatten or gap flatten comes first")
    assert layer.out is not None
    weights, places = size[0] * layer.out, prod(size[1:])
    bias = layer.out if layer.bias else 0
    return Found(
        (layer.out, *size[1:]),
        params=weights + bias,
        macs=weights * places,
        extra={"bias": bias * places} if bias else {},
        deep=1,
    )


def dropout(_layer: Layer, size: Size) -> Found:
    """Leave the size as it is."""
    return Found(size)
