"""Kernels and biases as the options give them: a name, numbers, a file, or standard input."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine import kernels
from convcli.engine.errors import ConvError, display_name, one_of, printable
from convcli.engine.numbers import MINUS, read_real
from convcli.engine.sizes.geometry import size_text
from convcli.files.incoming import GZIP
from convcli.files.operands import Reading, contents, load
from convcli.files.sniff import sniff

__all__ = ["bias_of", "depthwise", "kernel_of", "number_of", "scaled", "stacked"]

_NUMBERS = rf"\s*([-+.0-9[{MINUS}]|$)"
_FILE = r"(?s).*(/|\.[A-Za-z]\w*$)"
_FRACTIONS = rf"[-+0-9.eE/,;\s\[\]{MINUS}]+"
"""What may be fractions, though it has a slash."""


def kernel_of(text: str, reading: Reading) -> NDArray[Any]:
    """Read one kernel: a name with parameters, numbers, a file (it has a slash or a suffix, or exists), or ``-``.

    Raises
    ------
    ConvError
    """
    if kernels.named(text):
        return kernels.kernel(text)
    if _is_file(text):
        return _from_file(text, replace(reading, layout="chw"))  # a kernel of 8x5x3 is no picture
    if re.fullmatch(r"[0-9]+(x[0-9]+)+", text):
        raise ConvError(
            f"--kernel: got the size {text}, weights are needed: box:{text} is the mean of such a window",
            usage=True,
        )
    if re.match(_NUMBERS, text):
        return _numbers(text, "--kernel")
    raise one_of("kernel", re.split("[:@]", text)[0], kernels.KERNELS).about("--kernel")


def _from_file(name: str, reading: Reading) -> NDArray[Any]:
    """Read a kernel from a file: an array, a small picture, or its text as an option would have it, or JSON of ours."""
    source = contents(name, reading.max_memory)
    data = source if isinstance(source, bytes) else _beginning(source)
    written = (
        data[:MOST_TEXT].decode("utf-8", "replace").strip()
        if sniff(data) is None and not data.startswith(GZIP)
        else ""
    )
    if (
        written.startswith("{")
        or written.startswith("[")
        or re.match(r"[^\n]*\S[ \t]+\S[^\n]*;", written)
    ):
        try:
            return _written(written)
        except ConvError as error:
            raise error.about(display_name(name)) from error
    found = load(name, reading, source=source)
    if found.picture is not None and max(found.values.shape[-2:]) > LARGEST_PICTURE:
        raise ConvError(
            f"{display_name(name)}: is a picture of {size_text(found.values.shape)}, pictures of up to "
            f"{LARGEST_PICTURE}x{LARGEST_PICTURE} are kernels: saved as .npy any array is one",
            usage=True,
        )
    if found.said:
        from convcli.commands.output import tell

        tell(name, found.said)
    return found.values


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_TEXT)
    except OSError:
        return b""  # reading it says why


def _written(text: str) -> NDArray[Any]:
    """Read a kernel's text, or the JSON that corr and learn print."""
    if not text.startswith("{"):
        return kernels.read_numbers(text)
    import json

    try:
        held = json.loads(text)
        data = held["kernel"] if "kernel" in held else held["data"]
        found = np.array(data)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConvError("is no kernel: JSON of corr or learn has data or kernel") from error
    if found.dtype.kind not in "iuf":
        raise ConvError("is no kernel: its JSON holds something else than numbers")
    return found


MOST_TEXT = 1 << 20
"""Bytes of a kernel that is written out."""

LARGEST_PICTURE = 64
"""Pixels a side of a picture that is taken for a kernel: a whole photograph is a mistake."""


def _numbers(text: str, option: str) -> NDArray[Any]:
    try:
        return kernels.read_numbers(text)
    except ConvError as error:
        raise error.about(option) from error


def _is_file(text: str) -> bool:
    if text == "-":
        return True
    if re.match(_FILE, text) and not re.fullmatch(_FRACTIONS, text):
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
