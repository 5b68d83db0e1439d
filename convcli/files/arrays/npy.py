"""NumPy's own format, read without trusting a word of its header, and written to anything that takes bytes.

Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays". `numpy.lib.format` reads the header, a
Python literal of at most 10,000 characters; what it claims is then compared with the file, before anything is
allocated.
"""

import re
import tokenize
import warnings
from collections.abc import Iterator
from io import BytesIO
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, brief, display_name
from convcli.engine.sizes.geometry import size_text
from convcli.engine.sizes.notation import check_dimensions
from convcli.files.memory import amount

__all__ = ["Header", "npy_bytes", "npy_chunks", "plain", "read_header", "read_npy"]

MAGIC = b"\x93NUMPY"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")

_RECORDS = re.compile(r"""['"]descr['"]\s*:\s*[\[(]""")
"""A type that is no text. It is refused before NumPy makes a type of it, which could be of any depth and size."""
_LIMIT = 10_000
"""Characters of a header: NumPy's own limit. Ours need 118."""
_UNREADABLE = (SyntaxError, tokenize.TokenError, ValueError, TypeError, LookupError, AttributeError, OverflowError,
               RecursionError, MemoryError)  # fmt: skip
"""What NumPy, and Python's parser below it, raise about headers that are none."""
_KINDS = {
    "O": "Python objects",
    "c": "complex numbers",
    "S": "text",
    "U": "text",
    "M": "dates",
    "m": "time spans",
    "V": "raw bytes",
    "f": "floats wider than 64 bits",
}
_WANTED = "integers, bool, or floats of 16, 32 or 64 bits are needed"
_CHUNK = 1 << 20


class Header(NamedTuple):
    """What a file says about its array, and where the data begin."""

    dtype: np.dtype[Any]
    fortran: bool
    """Whether the first axis runs fastest."""
    shape: tuple[int, ...]
    start: int

    @property
    def claimed(self) -> int:
        """Bytes of data that should follow."""
        return prod(self.shape) * self.dtype.itemsize

    def check(self, held: int) -> None:
        """Compare with the bytes that do follow.

        Raises
        ------
        ConvError
            They are not as many.
        """
        if self.claimed != held:
            raise ConvError(
                f"the header claims {amount(self.claimed)} of data "
                f"({size_text(self.shape) or 'a single number'} {self.dtype.name}), "
                f"the file holds {amount(held)}"
            )


def read_header(data: bytes, *, texts: bool = False) -> Header:
    """Read the header of an NPY file.

    Parameters
    ----------
    data : bytes
        The file, or its beginning.
    texts : bool
        Whether the cells may be texts (dtypes U and S).

    Raises
    ------
    ConvError
    """
    text, start = _header(data)
    if _RECORDS.search(text):
        raise ConvError(f"got records of several fields, {_WANTED}")
    file = BytesIO(data[:start])
    first = npy.read_magic(file) == (1, 0)
    read = npy.read_array_header_1_0 if first else npy.read_array_header_2_0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python 2, and of types that NumPy will once forget
            shape, fortran, dtype = read(file, max_header_size=_LIMIT)
    except _UNREADABLE as error:
        _, found, descr = str(error).partition("is not a valid dtype descriptor: ")
        if found:
            raise ConvError(f"got an unknown type ({brief(descr)}), {_WANTED}") from None
        raise ConvError(f"got an unreadable NPY header: '{brief(text.strip(), 80)}'") from None
    _check_type(dtype, texts)
    if not all(0 <= size < 10**30 for size in shape):
        raise ConvError(f"got an unreadable NPY header: '{brief(text.strip(), 80)}'")
    return Header(dtype, fortran, tuple(map(int, shape)), start)


def plain(array: NDArray[Any]) -> NDArray[Any]:
    """Return numbers in the machine's byte order, bool as uint8 and float16 as float32."""
    if array.dtype.kind == "b":
        return np.not_equal(array.view(np.uint8), 0).view(np.uint8)  # any byte but 0 is true
    if array.dtype.kind == "f" and array.dtype.itemsize == 2:
        return array.astype(np.float32)
    native: NDArray[Any] = array.astype(array.dtype.newbyteorder("="), copy=not array.flags.aligned)
    return native


def read_npy(data: bytes, name: str) -> NDArray[Any]:
    """Read an array of 1 to 4 dimensions. Nothing is unpickled; NaN and infinity pass.

    Parameters
    ----------
    data : bytes
        The whole file, format versions 1 to 3.
    name : str
        The file's name, for messages.

    Returns
    -------
    ndarray
        In the machine's byte order, bool as uint8 and float16 as float32; any other dtype as it is. It may share
        the memory of `data`, and is then not writable.

    Raises
    ------
    ConvError

    Examples
    --------
    >>> import numpy as np
    >>> read_npy(npy_bytes(np.array([[True, False]])), "x.npy")
    array([[1, 0]], dtype=uint8)
    """
    try:
        return _read(data)
    except ConvError as error:
        raise error.about(display_name(name)) from None


def npy_chunks(array: NDArray[Any]) -> Iterator[bytes]:
    """Write an array as NPY, about a megabyte at a time.

    (`numpy.save` cannot write to a pipe, and does not say that a disk is full.)

    Parameters
    ----------
    array : ndarray

    Yields
    ------
    bytes
    """
    header = BytesIO()
    descr = npy.dtype_to_descr(array.dtype)
    npy.write_array_header_1_0(
        header, {"descr": descr, "fortran_order": False, "shape": array.shape}
    )
    yield header.getvalue()
    flat = array.reshape(-1) if array.flags.c_contiguous else array
    rows = max(_CHUNK // max(prod(flat.shape[1:]) * flat.itemsize, 1), 1)
    for top in range(0, len(flat), rows):
        yield flat[top : top + rows].tobytes()


def npy_bytes(array: NDArray[Any]) -> bytes:
    """Return an array as the bytes of an NPY file."""
    return b"".join(npy_chunks(array))


def _read(data: bytes) -> NDArray[Any]:
    if data.startswith(ZIP):
        raise ConvError(
            "got an NPZ archive, one array is needed: numpy.save('a.npy', numpy.load(FILE)['NAME']) takes it out"
        )
    header = read_header(data)
    check_dimensions(header.shape, least=1)
    header.check(len(data) - header.start)
    array = np.frombuffer(data, header.dtype, offset=header.start)
    return plain(array.reshape(header.shape, order="F" if header.fortran else "C"))


def _header(data: bytes) -> tuple[str, int]:
    """Return the text of the header, for messages, and where the data begin."""
    if not data.startswith(MAGIC):
        raise ConvError(f"got '{brief(data[:6].decode('latin-1'))}' at the start, no NPY file")
    major = data[6] if len(data) > 6 else 0
    if len(data) > 7 and (major not in (1, 2, 3) or data[7]):
        raise ConvError(f"got NPY version {major}.{data[7]}, 1.0, 2.0 and 3.0 are allowed")
    begin = 10 if major == 1 else 12
    end = begin + int.from_bytes(data[8:begin], "little")
    if len(data) < begin or end > len(data):
        raise ConvError(f"the file ends within its header: got {amount(len(data))}")
    if end > _LIMIT + begin:
        raise ConvError(f"got a header of {amount(end - begin)}, 10000 bytes are allowed")
    return data[begin:end].decode("utf-8" if major == 3 else "latin-1", "replace"), end


def _check_type(dtype: np.dtype[Any], texts: bool) -> None:
    kind = dtype.kind
    if kind in "biu" or (kind == "f" and dtype.itemsize <= 8):
        return
    if texts and kind in "US" and dtype.itemsize:
        return
    if dtype.names is not None or dtype.subdtype is not None:
        raise ConvError(f"got records of several fields, {_WANTED}")
    raise ConvError(f"got {_KINDS.get(kind, 'an unknown type')} ('{brief(dtype.str)}'), {_WANTED}")
