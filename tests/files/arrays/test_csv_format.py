"""Text to matrices and back: what is read, the exact message for what is not, round trips."""

import codecs

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.files.arrays import check_layout, csv_chunks, csv_format, read_csv

INT64 = "whole numbers from -9223372036854775808 to 9223372036854775807 are allowed (a point at the end makes it a float)"

READ = [
    ("1,2\n3,4\n", [[1, 2], [3, 4]]),
    ("1,2\n3,4", [[1, 2], [3, 4]]),
    ("1;2\n3;4", [[1, 2], [3, 4]]),
    ("1\t2\n3\t4", [[1, 2], [3, 4]]),
    ("  1   2 \n3 4", [[1, 2], [3, 4]]),
    ("1 2\n3\t4", [[1, 2], [3, 4]]),
    ("1, 2\n 3 ,4", [[1, 2], [3, 4]]),
    ("1,2\r\n3,4\r\n", [[1, 2], [3, 4]]),
    ("1,2\r3,4\r", [[1, 2], [3, 4]]),
    ("\ufeff1,2\n", [[1, 2]]),
    ("1\n2\n", [[1], [2]]),
    ("7", [[7]]),
    ('"1","2"\n"3",4', [[1, 2], [3, 4]]),
    ('"1", "2"\n3,4', [[1, 2], [3, 4]]),
    ('"1" "2"\n3 4', [[1, 2], [3, 4]]),
    ("# x y\n#\n\n1 2\n3 4 # five\n# 6\n\n", [[1, 2], [3, 4]]),
    ("1 2\n#\n3 4", [[1, 2], [3, 4]]),
    ("a,b\n\n1,2\n3,4", [[1, 2], [3, 4]]),
    ("# x y\n#\n1 2\n\n  \n3 4 # five\n# 6\n\n", [[[1, 2]], [[3, 4]]]),
    ("1,2\n3,4\n\n\n# the second\n5,6\n# within\n7,8\n\n", [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
    ("x;y\r\n1;2.5\r\n\r\n3;4", [[[1, 2.5]], [[3, 4]]]),
    ("+1,-0,007\n", [[1, 0, 7]]),
    ("-9223372036854775808,9223372036854775807", [[-(2**63), 2**63 - 1]]),
    ("a,b\n1,2", [[1, 2]]),
    ('"width; mm","height, mm"\n1,2', [[1, 2]]),
    ('"a,b";c\n1;2', [[1, 2]]),
    ("Größe,R²\n1,2", [[1, 2]]),
    (",a,b\n0,1,2", [[0, 1, 2]]),
    ("# c\n\nx y\n\n1 2", [[1, 2]]),
    ("2.0,1", [[2.0, 1.0]]),
    ("1e3", [[1000.0]]),
    (".5,5.,1.5E-2,-0.0", [[0.5, 5.0, 0.015, -0.0]]),
    ("9223372036854775808.,1", [[2.0**63, 1.0]]),
    ("1e-400,5e-324", [[0.0, 5e-324]]),
]

REFUSED = [
    ('1 "" 3\n4 "" 6', "line 1, column 2: got an empty cell, a number is needed"),
    ('1,"",3', "line 1, column 2: got an empty cell, a number is needed"),
    ('1 ""\n2 3\n', "line 1, column 2: got an empty cell, a number is needed"),
    ("", "got an empty file, rows of numbers are needed"),
    ("# x\n\n", "got only blank lines and comments, rows of numbers are needed"),
    ("a,b\n", "got 'a,b' and no more, rows of numbers are needed"),
    ("hello", "got 'hello' and no more, rows of numbers are needed"),
    ("1,2\n3\n", "line 2, column 2: got no cell, 2 cells are needed as in line 1"),
    ("1\n2 3\n", "line 2, column 2: got '3', 1 cell is needed as in line 1"),
    ("# a\n1,2\n\n3,4,5", "line 4, column 3: got '5', 2 cells are needed as in line 2"),
    ("a,b,c\n1,2\n3,4", "line 2, column 3: got no cell, 3 cells are needed as in line 1"),
    ("1,2\n3,abc", "line 2, column 2: got 'abc', a number is needed"),
    ("a,b\n1,2\nc,d", "line 3, column 1: got 'c', a number is needed"),
    ("a,b\nc,d", "line 2, column 1: got 'c', a number is needed"),
    ("1,x\n2,3", "line 1, column 2: got 'x', a number is needed"),
    ("NA,x\n2,3", "line 1, column 1: got 'NA', a number is needed"),
    ("5%\n3", "line 1, column 1: got '5%', a number is needed"),
    ("1,,3", "line 1, column 2: got an empty cell, a number is needed"),
    ("1,2,\n3,4,", "line 1, column 3: got an empty cell, a number is needed"),
    (",0,1\n0,1,2", "line 1, column 1: got an empty cell, a number is needed"),
    ("1\t2\n3\t", "line 2, column 2: got an empty cell, a number is needed"),
    (
        "1,5;2,5",
        "line 1, column 1: got '1,5', a number with a decimal point and no commas is needed",
    ),
    (
        '"1,234",5',
        "line 1, column 1: got '1,234', a number with a decimal point and no commas is needed",
    ),
    ("0 1; 2 3", "line 1, column 1: got '0 1', a number is needed"),
    ("1_0", "line 1, column 1: got '1_0', a number is needed"),
    ("0x10", "line 1, column 1: got '0x10', a number is needed"),
    ("١,2", "line 1, column 1: got '١', a number is needed"),
    ("1,２", "line 1, column 2: got '２', a number is needed"),
    ("1,2j", "line 1, column 2: got '2j', a number is needed"),
    ("1,1e", "line 1, column 2: got '1e', a number is needed"),
    ("1,- 5", "line 1, column 2: got '- 5', a number is needed"),
    ("1,2\n3,1e400", "line 2, column 2: got '1e400', numbers up to 1.8e308 are allowed"),
    ("1,nan", "line 1, column 2: got 'nan', a finite number is needed (--allow-nan reads it)"),
    ("1.5\n-Inf", "line 2, column 1: got '-Inf', a finite number is needed (--allow-nan reads it)"),
    ("9223372036854775808", f"line 1, column 1: got '9223372036854775808', {INT64}"),
    ("-9223372036854775809,1", f"line 1, column 1: got '-9223372036854775809', {INT64}"),
    ("1.5,9223372036854775808", f"line 1, column 2: got '9223372036854775808', {INT64}"),
    (
        "-9223372036854775808,-9223372036854775809,.5",
        f"line 1, column 2: got '-9223372036854775809', {INT64}",
    ),
    ("1,2\n3,4,", "line 2, column 3: got '', 2 cells are needed as in line 1"),
    ("1,2,\n3,4,", "line 1, column 3: got an empty cell, a number is needed"),
    ("1.5,99999999999999999999", f"line 1, column 2: got '99999999999999999999', {INT64}"),
    ("9" * 300, f"line 1, column 1: got '{'9' * 20}…', {INT64}"),
    ("9" * 5000, f"line 1, column 1: got '{'9' * 20}…', numbers up to 1.8e308 are allowed"),
    ("1\x002,3", "line 1, column 1: got '1\\x002', text without NUL bytes is needed"),
    ("a\0,\0b\0\n1", "line 1, column 1: got 'a\\x00', text without NUL bytes is needed"),
    ("1,\x1b[31m\u202e", "line 1, column 2: got '\\x1b[31m\\u202e', a number is needed"),
    ("1\x0c2\n3", "line 1, column 1: got '1\\x0c2', a number is needed"),
    ("1," + "y" * 21, f"line 1, column 2: got '{'y' * 20}…', a number is needed"),
    ('"1,2\n3,4', "line 1, column 1: got '\"1,2', a number is needed"),
    ('"1"2,3', "line 1, column 1: got '\"1\"2,3', a number is needed"),
    ('1",2\n3,4', "line 1, column 1: got '1\"', a number is needed"),
    (
        "1,2\n3,4\n\n5,6",
        "line 4: got a matrix of 1 rows after a blank line, 2 are needed as in the first",
    ),
    ("1,2\n\n3,4,5", "line 3, column 3: got '5', 2 cells are needed as in line 1"),
]

REFUSED_BYTES = [
    (b"1,\xff", "line 1, column 2: got '\\xff', UTF-8 text is needed"),
    (b"Gr\xf6sse,x\n1,2", "line 1, column 1: got 'Gr\\xf6sse', UTF-8 text is needed"),
    (codecs.BOM_UTF16_LE + b"1", "got a UTF-16 byte order mark, but no UTF-16 text after it"),
]


@pytest.mark.parametrize(("text", "values"), READ)
def test_reads(text, values):
    array = read_csv(text.encode(), "x.csv")
    expected = np.array(values)
    assert array.dtype == expected.dtype
    np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(np.signbit(array), np.signbit(expected))


@pytest.mark.parametrize(("text", "values"), READ)
def test_the_two_parsers_agree(text, values, monkeypatch):
    monkeypatch.setattr(csv_format, "_read_plain", lambda *_: None)
    array = read_csv(text.encode(), "x.csv")
    assert array.dtype == np.array(values).dtype
    np.testing.assert_array_equal(array, values)


@pytest.mark.parametrize(
    ("data", "message"), [(text.encode(), message) for text, message in REFUSED] + REFUSED_BYTES
)
def test_refuses_in_one_line(data, message):
    with pytest.raises(ConvError) as error:
        read_csv(data, "x.csv")
    assert str(error.value) == f"x.csv: {message}"


def test_numpy_alone_reads_what_is_plain(monkeypatch):
    monkeypatch.setattr(csv_format, "_read_exactly", lambda *_: pytest.fail("the slow parser ran"))
    for text in ("1,2\n3,4", "a b\n1 2.5e-3\n\n3 4\n", '"1";"2"', "1,nan\n-inf,Infinity"):
        read_csv(text.encode(), "x.csv", allow_nan=True)


def test_utf_16_with_a_mark():
    for encoding in ("utf-16-le", "utf-16-be"):
        data = "\ufeff1\t2\r\n3\t4\r\n".encode(encoding)
        assert read_csv(data, "x.txt").tolist() == [[1, 2], [3, 4]]


def test_allow_nan():
    array = read_csv(b"1,NaN\n-inf,+Infinity\n", "x.csv", allow_nan=True)
    np.testing.assert_array_equal(array, [[1, np.nan], [-np.inf, np.inf]])
    with pytest.raises(ConvError, match="line 2, column 1: got '1e999', numbers up to"):
        read_csv(b"1,nan\n1e999,2\n", "x.csv", allow_nan=True)


def test_a_file_name_is_escaped():
    with pytest.raises(ConvError) as error:
        read_csv(b"", "a\x1b[0m.csv")
    assert str(error.value).startswith("a\\x1b[0m.csv: got an empty file")


def test_random_text_agrees_with_the_slow_parser(monkeypatch):
    """Whatever NumPy's parser accepts, the slow one reads as the same values."""
    rng = np.random.default_rng(1)
    alphabet = list('0123456789,,;\t \n\n.-+eE"#naifNx')
    texts = ["".join(rng.choice(alphabet, rng.integers(1, 14))).encode() for _ in range(3000)]

    def outcomes():
        for text in texts:
            for allow_nan in (False, True):
                try:
                    array = read_csv(text, "x", allow_nan=allow_nan)
                    yield text, str(array.dtype), repr(array.tolist())
                except ConvError as error:
                    yield text, str(error)

    fast = list(outcomes())
    monkeypatch.setattr(csv_format, "_read_plain", lambda *_: None)
    assert fast == list(outcomes())
    assert sum(len(outcome) == 3 for outcome in fast) > 200


def odd_values(dtype, shape, rng):
    """Return an array of a dtype with its extremes in it."""
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        array = rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
        array.flat[:2] = info.min, min(info.max, 2**63 - 1)
        return np.minimum(array, min(info.max, 2**63 - 1)).astype(dtype)
    info = np.finfo(dtype)
    array = rng.integers(0, 2 ** (8 * dtype.itemsize - 1), shape, dtype=f"u{dtype.itemsize}")
    array = array.view(dtype).copy()  # every exponent, subnormal ones too
    array[~np.isfinite(array)] = 0.1
    array *= rng.choice(np.array([-1, 1], dtype), shape)
    array.flat[:6] = info.smallest_subnormal, -0.0, info.max, info.min, info.tiny, 2.0
    return array


@pytest.mark.parametrize(
    "code", ["?", "i1", "u1", "i2", "u4", "i8", "u8", ">i4", "f2", "f4", "f8", ">f8"]
)
@pytest.mark.parametrize("shape", [(1, 7), (7, 1), (30, 40), (3, 4, 5), (4, 1, 2)])
def test_what_is_written_reads_back_equal(code, shape):
    dtype = np.dtype(code)
    array = odd_values(dtype.newbyteorder("="), shape, np.random.default_rng(7)).astype(dtype)
    back = read_csv(b"".join(csv_chunks(array)), "x.csv")
    assert back.dtype == (np.float64 if dtype.kind == "f" else np.int64)
    np.testing.assert_array_equal(back, array.astype(back.dtype))
    np.testing.assert_array_equal(np.signbit(back), np.signbit(array.astype(back.dtype)))


def test_writes_as_python_does():
    floats = np.array([[2.0, 0.1, 1e22, -0.0], [np.nan, np.inf, -np.inf, 5e-324]])
    assert b"".join(csv_chunks(floats)) == b"2.0,0.1,1e+22,-0.0\nnan,inf,-inf,5e-324\n"
    assert b"".join(csv_chunks(np.float32([[0.1]]))) == b"0.10000000149011612\n"
    assert b"".join(csv_chunks(np.array([[True, False]]))) == b"1,0\n"
    assert b"".join(csv_chunks(np.array([[2**64 - 1]], np.uint64))) == b"18446744073709551615\n"


@pytest.mark.parametrize(
    "shape", [(1, 20000), (20000, 1), (300, 100), (3, 8192), (2, 8193), (1, 16384), (2, 24576)]
)
def test_chunks_are_small_and_whole(shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    chunks = list(csv_chunks(array))
    assert max(map(len, chunks)) < 100_000
    np.testing.assert_array_equal(read_csv(b"".join(chunks), "x"), array)


def test_csv_has_two_dimensions_or_three():
    with pytest.raises(ConvError) as error:
        csv_chunks(np.zeros((2, 3, 4, 5)))  # at once, before an output is opened
    assert (
        str(error.value)
        == "CSV holds 2 or 3 dimensions: got 2x3x4x5, --format npy writes any number of them"
    )
    with pytest.raises(ConvError, match="CSV holds real numbers: got complex128"):
        csv_chunks(np.zeros((3, 4), complex))


HWC = [(480, 640, 3), (5, 6, 4), (28, 28, 3), (64, 5, 4)]
CHW = [
    (3, 480, 640),
    (1, 4, 4),
    (4, 480, 3),
    (3, 480, 4),
    (64, 3, 3),
    (64, 4, 3)[::-1],
    (8, 4, 4),
    (2, 9, 3),
    (9, 9, 5),
    (480, 3),
    (2, 480, 640, 3),
]


@pytest.mark.parametrize("shape", HWC)
def test_channels_last_is_refused_with_what_mends_it(shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    with pytest.raises(ConvError) as error:
        check_layout(array, "x.npy")
    size = "x".join(map(str, shape))
    assert str(error.value) == (
        f"x.npy: got {size}, which looks like HxWxC, CxHxW is needed: --layout hwc or "
        "numpy.transpose(a, (2, 0, 1)) mends it, --layout chw takes it as it is"
    )
    assert check_layout(array, "x.npy", "chw") is array
    np.testing.assert_array_equal(check_layout(array, "x", "hwc"), np.transpose(array, (2, 0, 1)))


@pytest.mark.parametrize("shape", CHW)
def test_channels_first_passes(shape):
    array = np.zeros(shape)
    assert check_layout(array, "x.npy") is array


def test_layouts():
    assert check_layout(np.zeros((2, 5, 6, 3)), "x", "hwc").shape == (2, 3, 5, 6)
    assert check_layout(np.zeros((5, 6)), "x", "hwc").shape == (5, 6)
    with pytest.raises(
        ConvError, match="unknown layout 'hcw', did you mean 'hwc'\\? known: chw, hwc"
    ):
        check_layout(np.zeros((5, 6)), "x", "hcw")
