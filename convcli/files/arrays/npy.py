"""NumPy's own format, read without trusting a word of its header, and written to anything that takes bytes.

Source: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays". The header is a Python literal; its
grammar is small enough for a regular expression, so nothing is evaluated and no header can name a class.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.geometry import size_text
from convcli.files.memory import amount

__all__ = ["Header", "npy_bytes", "npy_chunks", "plain", "read_header", "read_npy"]

MAGIC = b"\x93NUMPY"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")

_ITEM = re.compile(
    r"""(?:
        ['"]descr['"] \s*:\s* ['"](?P<descr>[^'"]*)['"]
      | ['"]fortran_order['"] \s*:\s* (?P<fortran>True|False)
      | ['"]shape['"] \s*:\s* \( (?P<shape>[0-9L,\s]*) \)
    )\s*(?:,|(?=\}))""",
    re.VERBOSE,
)
_RECORDS = re.compile(r"""['"]descr['"]\s*:\s*[\[(]""")
_NUMBER = re.compile(r"([<>=|]?)(b1|\?|[iu][1248]|f[248])")
_TEXT = re.compile(r"([<>=|]?)([US][0-9]{1,6})")
_KINDS = {
    "O": "Python objects",
    "c": "complex numbers",
    "S": "text",
    "a": "text",
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
            They are not as many, or none.
        """
        size = size_text(self.shape) or "a single number"
        if self.claimed == 0:
            raise ConvError(f"got {size}, an array with at least one cell is needed")
        if self.claimed != held:
            raise ConvError(
                f"the header claims {amount(self.claimed)} of data ({size} {self.dtype.name}), "
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
    return Header(*_layout(text, texts), start)


def plain(array: NDArray[Any]) -> NDArray[Any]:
    """Return numbers in the machine's byte order, bool as uint8 and float16 as float32."""
    if array.dtype.kind == "b":
        return np.not_equal(array.view(np.uint8), 0).view(np.uint8)  # any byte but 0 is true
    if array.dtype.kind == "f" and array.dtype.itemsize == 2:
        return array.astype(np.float32)
    native: NDArray[Any] = array.astype(array.dtype.newbyteorder("="), copy=not array.flags.aligned)
    return native


def read_npy(data: bytes, name: str) -> NDArray[Any]:
    """Read an array of 2 to 4 dimensions. Nothing is unpickled; NaN and infinity pass.

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
        raise error.about(printable(name)) from None


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
    descr = np.lib.format.dtype_to_descr(array.dtype)
    np.lib.format.write_array_header_1_0(
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
    shape = header.shape
    if len(shape) < 2 or len(shape) > 4:
        hint = ", numpy.reshape(a, (1, -1)) makes it one row" if len(shape) == 1 else ""
        raise ConvError(
            f"got {_short(size_text(shape)) or 'a single number'}, "
            f"2 to 4 dimensions are allowed{hint}"
        )
    header.check(len(data) - header.start)
    array = np.frombuffer(data, header.dtype, offset=header.start)
    return plain(array.reshape(shape, order="F" if header.fortran else "C"))


def _header(data: bytes) -> tuple[str, int]:
    """Return the text of the header and where the data begin."""
    if not data.startswith(MAGIC):
        raise ConvError(f"got '{_short(data[:6].decode('latin-1'))}' at the start, no NPY file")
    major = data[6] if len(data) > 6 else 0
    if len(data) > 7 and (major not in (1, 2, 3) or data[7]):
        raise ConvError(f"got NPY version {major}.{data[7]}, 1.0, 2.0 and 3.0 are allowed")
    begin = 10 if major == 1 else 12
    end = begin + int.from_bytes(data[8:begin], "little")
    if len(data) < begin or end > len(data):
        raise ConvError(f"the file ends within its header: got {amount(len(data))}")
    if end > 10_000 + begin:  # NumPy's own limit; ours need 118
        raise ConvError(f"got a header of {amount(end - begin)}, 10000 bytes are allowed")
    return data[begin:end].decode("utf-8" if major == 3 else "latin-1", "replace"), end


def _layout(text: str, texts: bool) -> tuple[np.dtype[Any], bool, tuple[int, ...]]:
    """Read a header: dtype, whether the first axis runs fastest, shape."""
    if _RECORDS.search(text):
        raise ConvError(f"got records of several fields, {_WANTED}")
    found: dict[str, str] = {}
    for item in _ITEM.finditer(text):
        found |= {key: part for key, part in item.groupdict().items() if part is not None}
    between = "".join(_ITEM.sub("", text).split())
    if between != "{}" or found.keys() != {"descr", "fortran", "shape"}:
        raise ConvError(f"got an unreadable NPY header: '{_short(text.strip())}'")
    descr = found["descr"]
    number = _NUMBER.fullmatch(descr) or (_TEXT.fullmatch(descr) if texts else None)
    if not number:
        kind = _KINDS.get(descr.lstrip("<>=|")[:1], "an unknown type")
        raise ConvError(f"got {kind} ('{_short(descr)}'), {_WANTED}")
    sizes = [size.strip().removesuffix("L") for size in found["shape"].split(",")]  # L: Python 2
    if sizes[-1] == "":  # (3,) has one size, () none
        sizes.pop()
    if not all(re.fullmatch("[0-9]{1,30}", size) for size in sizes):
        raise ConvError(f"got an unreadable NPY header: shape '({_short(found['shape'])})'")
    order = "" if number[1] in ("", "=", "|") else number[1]
    return np.dtype(order + number[2]), found["fortran"] == "True", tuple(map(int, sizes))


def _short(text: str) -> str:
    return printable(text[:40]) + ("…" if len(text) > 40 else "")
