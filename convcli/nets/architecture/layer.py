"""One layer of the layer language, as it was written. No arrays."""

from dataclasses import dataclass

from convcli.engine.sizes.geometry import Padding

__all__ = ["Layer"]


@dataclass(frozen=True)
class Layer:
    """One layer as it was written; what the text leaves out is None, or stands at its default.

    Parameters
    ----------
    kind : str
        A key of `kinds.KINDS`.
    text : str
        As it was written.
    line : int
        Its line in the text, from 1.
    out : int, optional
        Channels or units of the output; the number of channels an LRN looks at, or that se squeezes to.
    kernel, stride, dilation, output_padding : tuple of int, optional
        One number, or one an axis. A stride of None is 1, for pooling the kernel; of upsampling it is the factor.
    padding : Padding
        Of crop the rows that are cut off.
    groups : int
        Of convolutions, group normalization and shuffling.
    bias, ceil, count_padding : bool
    each : bool
        Whether a linear layer takes the channels of each place by themselves.
    bilinear : bool
        Of upsampling, nearest otherwise.
    silu, hard : bool
        Whether se has silu in place of relu, hardsigmoid in place of sigmoid.
    part : tuple of int
        Which part of the channels, of how many.
    rate : float
        Of dropout.
    slope : float
        Of leakyrelu, below 0.
    init : float
        What layerscale starts training with.
    eps : float
        Of normalization: what is added to the variance.
    cells : tuple of int, optional
        Of adaptive pooling: the output, one number or one an axis.
    alpha, beta, offset : float
        Of local response normalization: x / (offset + alpha * mean square of the channels near)**beta.
    """

    kind: str
    text: str
    line: int = 1
    out: int | None = None
    kernel: tuple[int, ...] | None = None
    stride: tuple[int, ...] | None = None
    dilation: tuple[int, ...] = (1,)
    output_padding: tuple[int, ...] | None = None
    padding: Padding = Padding()  # noqa: RUF009  frozen
    groups: int = 1
    bias: bool = True
    ceil: bool = False
    count_padding: bool = False
    each: bool = False
    bilinear: bool = False
    silu: bool = False
    hard: bool = False
    part: tuple[int, int] = (1, 1)
    rate: float = 0.5
    slope: float = 0.01
    init: float = 1e-6
    eps: float = 1e-5
    cells: tuple[int, ...] | None = None
    alpha: float = 1e-4
    beta: float = 0.75
    offset: float = 1.0

    leaves = 1
    depth = 1
