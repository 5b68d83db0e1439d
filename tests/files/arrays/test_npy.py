"""NPY files: round trips against NumPy's own reader and writer, and headers that lie."""

import io
import pickle

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.files.arrays import npy_bytes, npy_chunks, read_npy

WANTED = "integers, bool, or floats of 16, 32 or 64 bits are needed"


def saved(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version, allow_pickle=True)
    return file.getvalue()


def with_header(text, data=bytes(32), major=1):
    header = text.encode("latin-1")
    size = len(header).to_bytes(2 if major == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([major, 0]) + size + header + data


def header(descr="'<f8'", order="False", shape="(2, 2)"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


@pytest.mark.parametrize(
    "code",
    ["?", "b1", "i1", "u1", "<i2", ">i4", "<i8", ">u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"],
)
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (2, 3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("order", "CF")
def test_reads_what_numpy_writes(code, shape, order):
    rng = np.random.default_rng(3)
    array = np.asarray(rng.integers(0, 100, shape) % 50, order=order).astype(code)
    back = read_npy(saved(array), "x.npy")
    native = {"?": np.uint8, "b1": np.uint8, "<f2": np.float32, ">f2": np.float32}
    assert back.dtype == native.get(code, array.dtype.newbyteorder("="))
    assert back.dtype.isnative
    assert back.flags.aligned
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_versions(version):
    np.testing.assert_array_equal(read_npy(saved(np.eye(3), version), "x.npy"), np.eye(3))


@pytest.mark.parametrize("code", ["?", "u1", "i4", "u8", "f4", "f8"])
@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4, 5), (700, 600)])
def test_numpy_reads_what_is_written(code, shape):
    array = np.random.default_rng(3).integers(0, 100, shape).astype(code)
    for given in (array, array.T, array[::2], np.asfortranarray(array)):
        back = np.load(io.BytesIO(npy_bytes(given)), allow_pickle=False)
        assert back.dtype == given.dtype
        np.testing.assert_array_equal(back, given)
    assert max(map(len, npy_chunks(array))) <= 1 << 20


def test_special_values_pass():
    array = np.array([[np.nan, np.inf], [-np.inf, -0.0]])
    assert read_npy(npy_bytes(array), "x").tobytes() == array.tobytes()


def test_a_bool_is_0_or_1_whatever_its_byte():
    data = with_header(header("'|b1'"), bytes([0, 1, 2, 255]))
    assert read_npy(data, "x").tolist() == [[0, 1], [1, 1]]


def test_headers_of_other_writers():
    for text in (
        "{'descr':'<f8','fortran_order':False,'shape':(2,2)}",
        "{'shape': (2L, 2L), 'fortran_order': False, 'descr': '<f8'}",
        '{"descr": "<f8", "fortran_order": True, "shape": (2, 2,), }\n',
    ):
        data = with_header(text, np.arange(4.0).tobytes())
        assert sorted(read_npy(data, "x").ravel()) == [0, 1, 2, 3]


class Mine:
    def __reduce__(self):
        return pytest.fail, ("unpickled",)


GOOD = npy_bytes(np.zeros((2, 2)))
REFUSED = [
    (b"", "got '' at the start, no NPY file"),
    (b"\x93NUM", "got '\\x93NUM' at the start, no NPY file"),
    (GOOD[:6], "the file ends within its header: got 6 bytes"),
    (GOOD[:9], "the file ends within its header: got 9 bytes"),
    (GOOD[:50], "the file ends within its header: got 50 bytes"),
    (GOOD[:-1], "the header claims 32 bytes of data (2x2 float64), the file holds 31 bytes"),
    (GOOD + b"x", "the header claims 32 bytes of data (2x2 float64), the file holds 33 bytes"),
    (b"\x93NUMPY\x04\x00", "got NPY version 4.0, 1.0, 2.0 and 3.0 are allowed"),
    (b"\x93NUMPY\x04", "the file ends within its header: got 7 bytes"),
    (b"\x93NUMPY\x04\x00" + GOOD[8:], "got NPY version 4.0, 1.0, 2.0 and 3.0 are allowed"),
    (b"\x93NUMPY\x01\x07" + GOOD[8:], "got NPY version 1.7, 1.0, 2.0 and 3.0 are allowed"),
    (
        with_header(header(shape="(1000000, 1000000000)")),
        "the header claims 7.105 PiB of data (1000000x1000000000 float64), the file holds 32 bytes",
    ),
    (
        with_header(header(shape=f"({10**29}, {10**29})")),
        f"the header claims 6.939e+40 EiB of data ({10**29}x{10**29} float64), the file holds 32 bytes",
    ),
    (saved(np.array(3.0)), "got a single number, a non-empty array of 1 to 4 dimensions is needed"),
    (
        saved(np.zeros((1, 2, 1, 2, 1))),
        "got shape 1x2x1x2x1, a non-empty array of 1 to 4 dimensions is needed",
    ),
    (saved(np.zeros((0, 3))), "got shape 0x3, a non-empty array of 1 to 4 dimensions is needed"),
    (
        with_header(header(shape=f"(0, {10**29})"), b""),
        f"got shape 0x{10**29}, a non-empty array of 1 to 4 dimensions is needed",
    ),
    (saved(np.array([[Mine()]], object)), f"got Python objects ('|O'), {WANTED}"),
    (saved(np.zeros((2, 2), "<c8")), f"got complex numbers ('<c8'), {WANTED}"),
    (saved(np.zeros((2, 2), "<U3")), f"got text ('<U3'), {WANTED}"),
    (saved(np.zeros((2, 2), "S3")), f"got text ('|S3'), {WANTED}"),
    (saved(np.zeros((2, 2), "<M8[s]")), f"got dates ('<M8[s]'), {WANTED}"),
    (saved(np.zeros((2, 2), "V4")), f"got raw bytes ('|V4'), {WANTED}"),
    (with_header(header("'<f16'")), f"got floats wider than 64 bits ('<f16'), {WANTED}"),
    (saved(np.zeros((2, 2), [("a", "<f4")])), f"got records of several fields, {WANTED}"),
    (
        with_header(header("('<f8', (1000000000, 1000000000))")),
        f"got records of several fields, {WANTED}",
    ),
    (with_header(header("'\x1b[31m'")), f"got an unknown type ('\\x1b[31m'), {WANTED}"),
    (
        b"PK\x03\x04" + bytes(40),
        "got an NPZ archive, one array is needed: numpy.save('a.npy', numpy.load(FILE)['NAME']) takes it out",
    ),
    (
        with_header(header(shape="(2, -2)")),
        "got an unreadable NPY header: '{'descr': '<f8', 'fortran_order': False, 'shape': (2, -2), }'",
    ),
    (
        with_header(header(shape="(2, 2 2)")),
        "got an unreadable NPY header: '{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2 2), }'",
    ),
    (
        with_header(header(shape="(2,, 2)")),
        "got an unreadable NPY header: '{'descr': '<f8', 'fortran_order': False, 'shape': (2,, 2), }'",
    ),
    (with_header(" " * 20000), "got a header of 19.53 KiB, 10000 bytes are allowed"),
    (with_header("", major=2)[:12], "got an unreadable NPY header: ''"),
    (with_header("é", major=2), "got an unreadable NPY header: 'é'"),
    (b"\x93NUMPY\3\0\2\0\0\0\xc3\xa9", "got an unreadable NPY header: 'é'"),  # UTF-8 by then
]

HOSTILE = [
    "(" * 9000,
    "-" * 9000 + "1",
    "[" * 4000 + "]" * 4000,
    "{" * 9000,
    " " * 9990,
    "'descr':" * 1100,
    "{'descr': '" + "<" * 9000 + "f8', 'fortran_order': False, 'shape': (2, 2)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "9" * 9000 + ", 2)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1," * 4000 + ")}",
    "{'descr': '<f8', 'fortran_order': 1, 'shape': (2, 2)}",
    "{'descr': '<f8', 'shape': (2, 2)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), 'x': 1}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': 4}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2.0, 2)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (True, 2)}",
    "{'descr': " + "(" * 150 + "'<f8'" + ",)" * 150 + ", 'fortran_order': False, 'shape': (2, 2)}",
    "{'\\x64escr': "
    + "[('a', " * 90
    + "'<f8'"
    + ")]" * 90
    + ", 'fortran_order': False, 'shape': (2, 2)}",
    "{'descr': 'f8,f8', 'fortran_order': False, 'shape': (2, 1)}",
    "{'descr': '(99999,99999)f8', 'fortran_order': False, 'shape': (2, 2)}",
    "{'descr': '<U99999999999999999999', 'fortran_order': False, 'shape': (2, 2)}",
    "{'descr': 5, 'fortran_order': False, 'shape': (2, 2)}",
    "{'descr': b'<f8', 'fortran_order': False, 'shape': (2, 2)}",
    "{'descr': {'aa': 1}, 'fortran_order': False, 'shape': (2, 2)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (10**9, 2)}",
    "{1: '<f8', 'fortran_order': False, 'shape': (2, 2)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "9" * 4000 + ", 2)}",
    "__import__('os').abort()",
    "\x00",
    "\x93NUMPY",
]


@pytest.mark.parametrize(("data", "message"), REFUSED)
def test_refuses_in_one_line(data, message):
    with pytest.raises(ConvError) as error:
        read_npy(data, "x.npy")
    assert str(error.value) == f"x.npy: {message}"


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("major", [1, 2, 3])
def test_hostile_headers_end_in_one_short_line(text, major):
    with pytest.raises(ConvError) as error:
        read_npy(with_header(text, major=major), "x.npy")
    assert len(str(error.value)) < 200
    assert str(error.value).isprintable()


def test_a_pickle_is_no_array():
    with pytest.raises(ConvError, match="no NPY file"):
        read_npy(pickle.dumps(Mine()), "x.npy")


def test_mutated_files_are_read_or_refused():
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(3000):
        data = bytearray(GOOD)
        for at in rng.integers(0, len(data), rng.integers(1, 4)):
            data[at] = rng.integers(256)
        try:
            read_npy(bytes(data), "x.npy")
        except ConvError:
            refused += 1
    assert 1000 < refused < 3000
