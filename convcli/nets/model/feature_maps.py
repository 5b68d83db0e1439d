"""Feature maps and receptive fields as pictures."""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, one_of
from convcli.nets.architecture.counts import blocks
from convcli.nets.architecture.steps import Step

__all__ = ["box", "cut", "feature_grid", "last_maps", "named_step", "on_picture", "with_box"]

_SMALLEST = 32
"""Pixels that a side of a small feature map is enlarged to, at least."""
_LEAST = 256
"""Pixels of a whole picture's longer side, as far as a whole factor brings it there."""
_GAP = 2
_RED = (255, 0, 0)

Array = NDArray[Any]
Box = tuple[tuple[int, int], tuple[int, int]]
"""First and last row, first and last column."""


def named_step(steps: Sequence[Step], name: str) -> Step:
    """Find a step by its name, or the last one of a block by that of the block, as `net show --depth` has them.

    Raises
    ------
    ConvError
    """
    named = {block.name: block for block in blocks(steps)}
    if name not in named:
        raise one_of("layer or block", name, named)
    return next(s for s in reversed(steps) if s.name == name or s.name.startswith(f"{name}."))


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
    (194, 194)
    """
    count, height, width = maps.shape
    low = maps.min(axis=(1, 2), keepdims=True)
    span = maps.max(axis=(1, 2), keepdims=True) - low
    grey = np.rint((maps - low) * (255 / np.where(span > 0, span, 1))).astype(np.uint8)
    across = ceil(sqrt(count))
    down = ceil(count / across)
    fitting = _LEAST // max(across * (width + _GAP), down * (height + _GAP))
    factor = max(ceil(_SMALLEST / max(height, width)), fitting, 1)
    grey = grey.repeat(factor, axis=1).repeat(factor, axis=2)
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


def on_picture(
    where: Box, resized: Sequence[int], start: Sequence[int], size: Sequence[int]
) -> Box:
    """Return the rows and columns of a picture that some of a network's input are made of.

    Parameters
    ----------
    where : ((int, int), (int, int))
        Of the input.
    resized, start : (int, int)
        To what the picture was resized, and where the input begins in that: as of `preprocessing.placed`.
    size : (int, int)
        Of the picture.

    Examples
    --------
    >>> on_picture(((0, 4), (-1, 1)), (28, 28), (0, 0), (56, 140))
    ((0, 9), (-5, 9))
    """
    rows, columns = (
        ((first + begin) * n // whole, -(-(last + 1 + begin) * n // whole) - 1)
        for (first, last), whole, begin, n in zip(where, resized, start, size, strict=True)
    )
    return rows, columns


def cut(where: Box, size: Sequence[int]) -> Box:
    """Return the part of a box that is inside a picture.

    >>> cut(((-3, 4), (2, 30)), (28, 28))
    ((0, 4), (2, 27))
    """
    rows, columns = (
        (max(first, 0), min(last, n - 1)) for (first, last), n in zip(where, size, strict=True)
    )
    return rows, columns


def with_box(planes: Array, where: Box, *, enlarged: bool = False) -> NDArray[np.uint8]:
    """Draw a box round cells of a picture, as far as they are inside it.

    Parameters
    ----------
    planes : ndarray, shape (C, H, W), C of 1 or 3, 0…1
    where : ((int, int), (int, int))
    enlarged : bool
        Whether a small picture is enlarged by a whole factor, so that its cells and the box can be seen.

    Returns
    -------
    ndarray of uint8, shape (3, H, W), or a multiple of H and W

    Examples
    --------
    >>> with_box(np.zeros((1, 28, 28)), ((0, 4), (0, 4)), enlarged=True).shape
    (3, 252, 252)
    """
    found = np.rint(np.clip(planes, 0, 1) * 255).astype(np.uint8)
    found = np.array(np.broadcast_to(found, (3, *found.shape[1:])))  # a copy, to draw on
    factor = max(_LEAST // max(found.shape[1:]), 1) if enlarged else 1
    found = found.repeat(factor, axis=1).repeat(factor, axis=2)
    thick = max(factor // 4, 1)
    # the outermost lines of the cells, in the picture's own pixels: what lies outside of it is cut
    (top, bottom), (left, right) = (
        (first * factor, (last + 1) * factor - 1) for first, last in where
    )
    for axis, ends, others in (
        (1, (top, bottom), (left, right)),
        (2, (left, right), (top, bottom)),
    ):
        along = slice(max(others[0], 0), max(others[1] + 1, 0))
        for start in (ends[0], ends[1] + 1 - thick):
            across = slice(max(start, 0), max(start + thick, 0))
            rows, columns = (across, along) if axis == 1 else (along, across)
            found[:, rows, columns] = np.array(_RED, np.uint8)[:, None, None]
    return found
