"""Arrays in files: the formats, one module each, and the order of the axes.

`read_csv`: text (csv_format.py), and `csv_chunks`, the same back. `read_npy`, `npy_chunks`, `npy_bytes`: NumPy's format (npy.py).

Open: csv_format, npy.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, display_name, one_of
from convcli.engine.names import LAYOUTS
from convcli.engine.sizes.geometry import size_text
from convcli.files.arrays.csv_format import csv_chunks, read_csv
from convcli.files.arrays.npy import npy_bytes, npy_chunks, read_npy

__all__ = [
    "LAYOUTS",
    "check_layout",
    "csv_chunks",
    "npy_bytes",
    "npy_chunks",
    "read_csv",
    "read_npy",
]


def check_layout(array: NDArray[Any], name: str, layout: str | None = None) -> NDArray[Any]:
    """Return the array with its channels first.

    An array looks like a picture with its channels last if it has three axes, the last of them 3 or 4, both others
    longer than that, and the first not 4: 480×640×3, but not 64×3×3 (small feature maps) or 3×224×4. To go on with
    such a shape could give a wrong result without a word, so it is refused unless a layout is named.

    Parameters
    ----------
    array : ndarray of 2 to 4 dimensions
    name : str
        The file's name, for messages.
    layout : str, optional
        A key of `LAYOUTS`. ``"chw"`` takes the array as it is, ``"hwc"`` moves its last axis forward (a matrix
        has no channels and stays).

    Returns
    -------
    ndarray of shape (H, W), (C, H, W) or (N, C, H, W)
        A view of `array`.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> import numpy as np
    >>> check_layout(np.zeros((480, 640, 3)), "x.npy", "hwc").shape
    (3, 480, 640)
    """
    if layout is not None and layout not in LAYOUTS:
        raise one_of("layout", layout, LAYOUTS)
    if layout == "hwc":
        return np.moveaxis(array, -1, -3) if array.ndim > 2 else array
    if layout is None and array.ndim == 3 and _looks_like_hwc(array.shape):
        raise ConvError(
            f"{display_name(name)}: got {size_text(array.shape)}, which looks like HxWxC, CxHxW is needed: "
            "--layout hwc or numpy.transpose(a, (2, 0, 1)) mends it, --layout chw takes it as it is"
        )
    return array


def _looks_like_hwc(shape: tuple[int, ...]) -> bool:
    first, middle, last = shape
    return last in (3, 4) and first > last and middle > last and first != 4
