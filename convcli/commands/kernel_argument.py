"""Kernels and biases as the options give them: a name, numbers, a file, or standard input."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine import kernels
from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.numbers import read_real
from convcli.engine.sizes.geometry import size_text
from convcli.files.operands import Reading, load

__all__ = ["bias_of", "depthwise", "kernel_of", "number_of", "scaled", "stacked"]

_NUMBERS = r"\s*([-+.0-9]|$)"
_FILE = r"(?s).*(/|\.[A-Za-z]\w*$)"


def kernel_of(text: str, reading: Reading) -> NDArray[Any]:
    """Read one kernel: a name with parameters, numbers, a file (it has a slash or a suffix, or exists), or ``-``.

    Raises
    ------
    ConvError
    """
    if kernels.named(text):
        return kernels.kernel(text)
    if _is_file(text):
        return load(text, replace(reading, layout="chw")).values  # a kernel of 8x5x3 is no picture
    if re.fullmatch(r"[0-9]+(x[0-9]+)+", text):
        raise ConvError(
            f"--kernel: got the size {text}, weights are needed: box:{text} is the mean of such a window",
            usage=True,
        )
    if re.match(_NUMBERS, text):
        return _numbers(text, "--kernel")
    raise one_of("kernel", re.split("[:@]", text)[0], kernels.KERNELS).about("--kernel")


def _numbers(text: str, option: str) -> NDArray[Any]:
    try:
        return kernels.read_numbers(text)
    except ConvError as error:
        raise error.about(option) from error


def _is_file(text: str) -> bool:
    if text == "-" or re.match(_FILE, text):
        return True
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def stacked(given: list[NDArray[Any]]) -> tuple[NDArray[Any], bool]:
    """Put several kernels of one shape together.

    Returns
    -------
    kernel : ndarray
        One kernel as it is; several of shape (kh, kw) as (m, kh, kw), several of (C, kh, kw) as (m, C, kh, kw).
    several : bool
        Whether the first axis counts 2-D kernels, each of which filters every channel by itself.
    """
    if len(given) == 1:
        return given[0], False
    shapes = {k.shape for k in given}
    if len(shapes) > 1:
        shown = ", ".join(size_text(k.shape) for k in given)
        raise ConvError(f"--kernel: got kernels of {shown}, several need one shape", usage=True)
    if given[0].ndim == 4:
        raise ConvError("--kernel: got several 4-D kernels, one is allowed", usage=True)
    return np.stack(given), given[0].ndim == 2


def depthwise(kernel: NDArray[Any], channels: int) -> NDArray[Any]:
    """Lay m kernels out for every channel by itself: (m, kh, kw) to (channels * m, 1, kh, kw), channel by channel."""
    return np.tile(kernel[:, None], (channels, 1, 1, 1))


def scaled(kernel: NDArray[Any], scale: str | None) -> NDArray[Any]:
    """Divide a kernel by a number, or by its own sum."""
    if scale is None:
        return kernel
    if scale == "sum":
        total = kernel.sum()
        if abs(float(total)) <= 1e-12 * float(np.abs(kernel).sum()):
            raise ConvError("--scale sum: the kernel's sum is 0, a number is needed", usage=True)
        return np.asarray(kernel / total)
    divisor = number_of(scale, "--scale", "a number or sum")
    if divisor == 0:
        raise ConvError("--scale: got 0, a number other than 0 is needed", usage=True)
    return np.asarray(kernel / divisor)


def number_of(text: str, option: str, allowed: str) -> float:
    """Read an option that is one number."""
    try:
        return read_real(text)
    except ConvError as error:
        raise ConvError(
            f"{option}: got '{printable(text)}', {allowed} is allowed", usage=True
        ) from error


def bias_of(text: str | None, reading: Reading) -> NDArray[Any] | None:
    """Read a bias: a number, numbers, or a file of them; one for all output channels or one a channel."""
    if text is None:
        return None
    return (load(text, reading).values if _is_file(text) else _numbers(text, "--bias")).reshape(-1)
