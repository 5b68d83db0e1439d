"""Feature maps and receptive fields as pictures."""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, one_of
from convcli.nets.architecture.steps import Step

__all__ = ["box", "feature_grid", "last_maps", "named_step", "with_box"]

_SMALLEST = 32
"""Pixels that a side of a small feature map is enlarged to, at least."""
_GAP = 2
_RED = (255, 0, 0)

Array = NDArray[Any]
Box = tuple[tuple[int, int], tuple[int, int]]
"""First and last row, first and last column."""


def named_step(steps: Sequence[Step], name: str) -> Step:
    """Find a step by its name, of those that give feature maps.

    Raises
    ------
    ConvError
    """
    maps = {step.name: step for step in steps if len(step.output) == 3}
    if name not in maps:
        raise one_of("layer with feature maps", name, maps)
    return maps[name]


def last_maps(steps: Sequence[Step]) -> Step:
    """Return the last step whose units have a receptive field.

    Raises
    ------
    ConvError
    """
    for step in reversed(steps):
        if step.fields is not None:
            return step
    raise ConvError("the network has no feature maps")


def feature_grid(maps: Array) -> NDArray[np.uint8]:
    """Draw feature maps side by side, each from black, its smallest value, to white.

    Parameters
    ----------
    maps : ndarray, shape (C, H, W)

    Returns
    -------
    ndarray of uint8, shape (rows, columns)

    Examples
    --------
    >>> feature_grid(np.zeros((4, 32, 32))).shape
    (66, 66)
    """
    count, height, width = maps.shape
    low = maps.min(axis=(1, 2), keepdims=True)
    span = maps.max(axis=(1, 2), keepdims=True) - low
    grey = np.rint((maps - low) * (255 / np.where(span > 0, span, 1))).astype(np.uint8)
    factor = max(ceil(_SMALLEST / max(height, width)), 1)
    grey = grey.repeat(factor, axis=1).repeat(factor, axis=2)
    across = ceil(sqrt(count))
    down = ceil(count / across)
    tall, wide = grey.shape[1] + _GAP, grey.shape[2] + _GAP
    grid = np.zeros((down * tall - _GAP, across * wide - _GAP), np.uint8)
    for i, tile in enumerate(grey):
        row, column = divmod(i, across)
        top, left = row * tall, column * wide
        grid[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return grid


def box(step: Step, unit: tuple[int, int]) -> Box:
    """Return the rows and columns of the input that a unit of a layer sees; outside of it, where they are padding.

    Raises
    ------
    ConvError
        The layer has no such unit, or its units see everything.
    """
    fields = step.fields
    if fields is None:
        raise ConvError(f"{step.name}: its units have no receptive field of their own")
    size = step.output[1:]
    if any(u >= n for u, n in zip(unit, size, strict=True)):
        raise ConvError(
            f"--receptive-field: got {unit[0]},{unit[1]}, {step.name} has rows 0 to {size[0] - 1} "
            f"and columns 0 to {size[1] - 1}",
            usage=True,
        )
    return fields[0].sees(unit[0]), fields[1].sees(unit[1])


def with_box(planes: Array, where: Box) -> NDArray[np.uint8]:
    """Draw a box round cells of a picture, as far as they are inside it.

    Parameters
    ----------
    planes : ndarray, shape (C, H, W), C of 1 or 3, 0…1
    where : ((int, int), (int, int))

    Returns
    -------
    ndarray of uint8, shape (3, H, W)
    """
    found = np.rint(np.clip(planes, 0, 1) * 255).astype(np.uint8)
    found = np.array(np.broadcast_to(found, (3, *found.shape[1:])))  # a copy, to draw on
    (top, bottom), (left, right) = where
    rows, columns = found.shape[1:]
    red = np.array(_RED, np.uint8)[:, None]
    inner = slice(max(left, 0), max(right + 1, 0))
    for row in (r for r in (top, bottom) if 0 <= r < rows):
        found[:, row, inner] = red
    inner = slice(max(top, 0), max(bottom + 1, 0))
    for column in (c for c in (left, right) if 0 <= c < columns):
        found[:, inner, column] = red
    return found
