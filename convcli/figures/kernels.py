"""Kernels as pictures: taps from orange, below 0, to blue, above it; or in colours, of three channels."""

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import size_text
from convcli.figures.fonts import fitted
from convcli.figures.grids import numbers, side_of
from convcli.figures.scene import Box, Group, Item, Page, Text

__all__ = ["kernels_page"]

_MOST = 20_000
"""Taps that can be drawn."""
_NUMBERED = 15
"""Rows or columns up to which a single kernel is drawn with its numbers."""
_MARGIN = 24.0


def kernels_page(taps: NDArray[np.generic], name: str, *, colours: bool = False) -> Page:
    """Draw one kernel with its numbers, or several side by side.

    Parameters
    ----------
    taps : ndarray, shape (kh, kw), (C, kh, kw) or (O, C, kh, kw)
    name : str
        Stands above them.
    colours : bool
        Whether kernels of three channels are drawn in colour, each from its smallest tap to its largest.

    Raises
    ------
    ConvError
        They are too many to be drawn.
    """
    if taps.size > _MOST:
        raise ConvError(
            f"got {taps.size} taps ({size_text(taps.shape)}), at most {_MOST} can be drawn"
        )
    tall, broad = taps.shape[-2:]
    if colours and taps.ndim == 4 and taps.shape[1] == 3:
        faces = [_coloured(kernel) for kernel in taps]
    else:
        faces = [_signed(plane, taps) for plane in taps.reshape(-1, tall, broad)]
    count = len(faces)
    texts: Sequence[str] | None = None
    side, size = float(np.clip(round(84 / max(tall, broad)), 4, 22)), 0.0
    if count == 1 and max(tall, broad) <= _NUMBERED:
        side = side_of(max(tall, broad), numbers=True)
        texts, size = numbers(taps.astype(np.float64).ravel().tolist(), side - 6)
    across = (
        taps.shape[1] if taps.ndim == 4 and not colours and taps.shape[1] > 1 else ceil(sqrt(count))
    )
    across = min(across, count)
    gap = 10.0
    wide = across * broad * side + (across - 1) * gap
    down = ceil(count / across)
    high = down * tall * side + (down - 1) * gap
    page = max(wide, 160.0) + 2 * _MARGIN
    title = f"{name}, {'×'.join(map(str, taps.shape))}"
    items: list[Item] = [Text(page / 2, _MARGIN + 4, fitted(title, 14, page - 20), 14)]
    for i, face in enumerate(faces):
        x = (page - wide) / 2 + i % across * (broad * side + gap)
        y = _MARGIN + 28 + i // across * (tall * side + gap)
        cells: list[Item] = []
        for (r, c), fill in np.ndenumerate(face):
            line = "grid" if texts else None
            cells.append(
                Box(x + c * side, y + r * side, side, side, fill, line, name="tap", at=(i, r, c))
            )
            if texts:
                strong = int(fill.partition(":")[2]) > 50
                middle = x + (c + 0.5) * side, y + (r + 0.5) * side
                cells.append(
                    Text(*middle, texts[r * broad + c], size, "paper" if strong else "ink")
                )
        items.append(Group(f"kernel {i}", cells))
        items.append(Box(x, y, broad * side, tall * side, None, "pad_line"))
    told = (
        f"{count} of {tall}×{broad}, taps from {float(taps.min()):.4g} to {float(taps.max()):.4g}"
    )
    return Page(page, _MARGIN * 2 + 28 + high, items, title, told)


def _signed(plane: NDArray[np.generic], taps: NDArray[np.generic]) -> NDArray[np.object_]:
    """Give each tap a share of blue or orange, over the largest of all."""
    most = float(np.abs(taps).max()) or 1.0
    shares = np.rint(plane.astype(np.float64) / most * 100).astype(int)
    return np.array([[f"{'a' if s >= 0 else 'b'}:{abs(s)}" for s in row] for row in shares], object)


def _coloured(kernel: NDArray[np.generic]) -> NDArray[np.object_]:
    values = kernel.astype(np.float64)
    span = float(values.max() - values.min()) or 1.0
    levels = np.rint((values - values.min()) / span * 255).astype(int)
    return np.array(
        [[f"#{r:02x}{g:02x}{b:02x}" for r, g, b in row] for row in np.moveaxis(levels, 0, 2)],
        object,
    )
