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
        Channels or units of the output; the number of channels an LRN looks at.
    kernel, stride, dilation, output_padding : tuple of int, optional
        One number, or one an axis. A stride of None is 1, for pooling the kernel.
    padding : Padding
    groups : int
    bias, ceil, count_padding : bool
    rate : float
        Of dropout.
    eps : float
        Of batch normalization: what is added to the variance.
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
    rate: float = 0.5
    eps: float = 1e-5
    cells: tuple[int, ...] | None = None
    alpha: float = 1e-4
    beta: float = 0.75
    offset: float = 1.0

    leaves = 1
    depth = 1
