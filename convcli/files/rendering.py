"""A result becomes a picture: its samples, alpha, colour profile, and what is lost."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.alpha import Weighted, opaque
from convcli.engine.errors import ConvError
from convcli.engine.ranges import Sampled, clipped_text
from convcli.engine.results import Result, Timed
from convcli.engine.sizes.geometry import size_text
from convcli.files.operands import Operand
from convcli.files.pictures.formats import FORMATS as PICTURES
from convcli.files.pictures.formats import check_format, losses
from convcli.files.pictures.picture import Picture, full_scale

__all__ = ["drawable", "rendered", "sample_type"]


def drawable(shape: tuple[int, ...]) -> bool:
    """Whether a result can be a picture: one plane, or three."""
    return len(shape) == 2 or (len(shape) == 3 and shape[0] in (1, 3))


def sample_type(operand: Operand, form: str) -> tuple[np.dtype[Any], float]:
    """The samples that a result is written in, and what its values are multiplied by to become them."""
    own = operand.values.dtype
    if (
        own == np.float32
        and operand.picture is not None
        and "float grey" not in PICTURES[form].holds
    ):
        return np.dtype(np.uint16), 65535.0
    return own if operand.picture is not None or own == np.uint16 else np.dtype(np.uint8), 1.0


def rendered(
    operand: Operand,
    result: Result,
    form: str,
    how: str,
    *,
    invert: bool = False,
    whole: bool = True,
) -> tuple[Picture, Callable[[], tuple[str, ...]]]:
    """Make a picture of a format from a result.

    Parameters
    ----------
    operand : Operand
        What it was computed from: its picture's alpha and colour profile are carried over.
    result : Result
    form : str
        A key of `pictures.formats.FORMATS`.
    how : str
        A key of `ranges.RANGES`: what becomes of values that a picture cannot hold.
    invert : bool
        Swap black and white.
    whole : bool
        Compute it at once. Else it is computed while it is written, if that can be.

    Returns
    -------
    picture : Picture
    notes : callable
        Tells, when the picture is computed, what the format left out, and what was clipped.

    Raises
    ------
    ConvError
        The format cannot hold it.
    """
    if not drawable(result.shape):
        raise ConvError(
            f"{form}: got a result of {size_text(result.shape)}, a picture has one plane or three: "
            "-o x.npy holds any number"
        )
    dtype, unit = sample_type(operand, form)
    source = operand.picture
    left_out = check_format(
        form,
        dtype=dtype,
        colour=len(result.shape) == 3 and result.shape[0] == 3,
        alpha=source is not None and source.alpha is not None and not opaque(source.alpha),
        size=(result.shape[-2], result.shape[-1]),
    )
    if result.dtype == np.bool:
        unit = full_scale(dtype)
    made = Sampled(result, dtype, how, unit=unit, invert=invert)
    later = not whole and made.shared
    planes = np.broadcast_to(dtype.type(0), made.shape) if later else made.run()
    picture = _dressed(planes, source, result)
    if later:
        picture = replace(picture, made=made)

    def notes() -> tuple[str, ...]:
        told = clipped_text(made.clipped, dtype)
        return (*left_out, *losses(picture, form), *([told] if told else []))

    return picture, notes


def _dressed(planes: NDArray[Any], source: Picture | None, result: Result) -> Picture:
    """Give a result what is carried over from its input: its alpha, filtered or that at the anchor of each window, how it is shown, what the camera says.

    The resolution stays as it is under any stride: it says how large a pixel is to be printed, not what it was.
    """
    if source is None:
        return Picture(planes)
    alpha = source.alpha
    made = result.result if isinstance(result, Timed) else result
    if isinstance(made, Weighted):
        alpha = Sampled(made.opacity, planes.dtype, "clip").run()
        np.copyto(planes, 0, where=alpha == 0)
    elif alpha is not None:
        down, across = result.axes
        alpha = alpha[np.ix_(down.anchors, across.anchors)]
    return Picture(planes, alpha, source.profile, display=source.display, exif=source.exif)
