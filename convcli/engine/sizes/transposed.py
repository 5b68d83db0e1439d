"""Sizes of transposed convolutions: the layer that takes the output of a convolution back to the size of its input.

Every row of the input stamps the kernel, s rows further than the row before it; padding cuts rows off both ends.
Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import PaddingLike, as_padding, per_axis, size_text

__all__ = ["TransposedAxis", "transposed_axes"]


@dataclass(frozen=True)
class TransposedAxis:
    """One axis of a transposed convolution, resolved.

    Parameters
    ----------
    n, k, s, d : int
        Input size, kernel size, stride, dilation.
    before, after : int
        Rows that padding cuts off the start and the end of the result.
    extra : int
        Rows of zeros at the end of the result ("output padding").
    out : int
        Size of the result.
    """

    n: int
    k: int
    s: int
    d: int
    before: int
    after: int
    extra: int
    out: int

    @property
    def extent(self) -> int:
        """Size k' of the dilated kernel."""
        return self.d * (self.k - 1) + 1


def transposed_axes(
    sizes: Sequence[int],
    kernel: Sequence[int],
    *,
    padding: PaddingLike = 0,
    stride: int | Sequence[int] = 1,
    dilation: int | Sequence[int] = 1,
    output_padding: int | Sequence[int] | None = None,
    output_size: Sequence[int] | None = None,
) -> tuple[TransposedAxis, ...]:
    """Resolve a transposed convolution, axis by axis: s(n - 1) + extra + k' - before - after.

    Parameters
    ----------
    sizes, kernel, stride, dilation
        As `geometry.axes` takes them.
    padding : Padding, str, int or sequence
        The padding of the convolution that this one undoes. ``"same"`` gives n*s rows.
    output_padding : int or sequence of int, optional
        Extra rows at the end, fewer than the stride or the dilation.
    output_size : sequence of int, optional
        The size wanted, in place of `output_padding`.

    Raises
    ------
    ConvError
        A size below 1, a wrong number of axes, nothing left of the result, or an output size out of reach.

    Examples
    --------
    >>> transposed_axes((112,), (3,), padding=1, stride=2, output_padding=1)[0].out
    224
    """
    count = len(sizes)
    n = per_axis("input", sizes, count, 1)
    k = per_axis("kernel", kernel, count, 1)
    s = per_axis("stride", stride, count, 1)
    d = per_axis("dilation", dilation, count, 1)
    extra = None if output_padding is None else per_axis("output-padding", output_padding, count, 0)
    size = None if output_size is None else per_axis("output-size", output_size, count, 1)
    if extra and size:
        raise ConvError("output-padding and output-size: got both, one is allowed", usage=True)
    pad = as_padding(padding)
    if len(pad.pairs) not in (1, count):
        raise ConvError(
            f"padding: got {len(pad.pairs)} axes, the input has {count} ({size_text(sizes)})",
            usage=True,
        )
    found = []
    for i in range(count):
        extent = d[i] * (k[i] - 1) + 1
        # the words mean the padding of the convolution that is undone, whose input has n*s rows
        before, after = pad.split(i, n[i] * s[i], extent, s[i])
        base = s[i] * (n[i] - 1) + extent - before - after
        more = max(s[i] - extent, 0) if pad.word in ("same", "same-lower") else 0
        if extra:
            more = _allowed("output-padding", extra[i], 0, s[i], d[i], i)
        elif size:
            more = _allowed("output-size", size[i], base, s[i], d[i], i) - base
        if base + more < 1:
            raise ConvError(
                f"padding {before}/{after} leaves nothing on axis {i}: "
                f"the result has {base + before + after} rows before it is cut"
            )
        found.append(
            TransposedAxis(n[i], k[i], s[i], d[i], before, after, more, base + more),
        )
    return tuple(found)


def _allowed(what: str, got: int, least: int, s: int, d: int, axis: int) -> int:
    """Check that a size differs from the smallest by less than a step: only then does n follow from it."""
    most = least + max(s, d) - 1
    if not least <= got <= most:
        span = f"{max(least, 0)} to {most} are" if most > least else f"{least} is"
        raise ConvError(
            f"{what}: got {got} on axis {axis}, {span} allowed (below the stride or the dilation)"
        )
    return got
