"""The netpbm formats, by hand and against Pillow."""

import io

import numpy as np
import pytest
from PIL import Image

from convcli.engine.errors import ConvError
from convcli.files.pictures import netpbm, read_picture

RNG = np.random.default_rng(5)


def read(data):
    return read_picture(data, "x").planes


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"P1 3 2 0 1 0 1 1 0", [[255, 0, 255], [0, 0, 255]]),
        (b"P1\n# a comment\n3 2\n010\n110\n", [[255, 0, 255], [0, 0, 255]]),
        (b"P4 10 2\n\xff\xc0\x00\x00", [[0] * 10, [255] * 10]),
        (b"P2 2 2 255 0 1 2 255", [[0, 1], [2, 255]]),
        (b"P2 2 1 3 # bits\n1\n3", [[85, 255]]),
        (b"P2 2 1 1000 500 1000", np.array([[32768, 65535]], np.uint16)),
        (b"P2 2 1 65535 1 65535", np.array([[1, 65535]], np.uint16)),
        (b"P5 3 1 255\n\x00\x0a\xff", [[0, 10, 255]]),
        (b"P5 3 1 100\n\x00\x32\x64", [[0, 128, 255]]),
        (b"P5#\n3 #\n 1\r255\n\x20\x0a\x23", [[32, 10, 35]]),
        (b"P5 2 1 65535\n\x01\x02\xff\xff", np.array([[258, 65535]], np.uint16)),
        (b"P5 2 1 1023\n\x00\x00\x03\xff", np.array([[0, 65535]], np.uint16)),
        (b"P3 1 2 255 1 2 3 4 5 6", [[[1], [4]], [[2], [5]], [[3], [6]]]),
        (b"P6 1 1 255\n\x01\x02\x03", [[[1]], [[2]], [[3]]]),
        (
            b"P6 1 1 65535\n\x01\x02\x03\x04\x05\x06",
            np.array([[[258]], [[772]], [[1286]]], np.uint16),
        ),
    ],
)
def test_reading(data, expected):
    expected = np.asarray(expected, dtype=getattr(expected, "dtype", np.uint8))
    found = read(data)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(1, 1), (5, 8), (3, 5, 9), (3, 1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_writing(shape, dtype):
    planes = RNG.integers(0, np.iinfo(dtype).max + 1, shape, dtype=dtype)
    file = io.BytesIO()
    netpbm.write(file, planes)
    np.testing.assert_array_equal(read(file.getvalue()), planes)
    if dtype == np.uint8 or len(shape) == 2:
        by_pillow = np.asarray(Image.open(file)).reshape(*shape[-2:], -1)
        np.testing.assert_array_equal(np.moveaxis(by_pillow, 2, 0).reshape(shape), planes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"P5 3", "header is broken"),
        (b"P5 3 1", "header is broken"),
        (b"P2 3 1", "header is broken"),
        (b"P3 3 1", "header is broken"),
        (b"P6 3 1", "header is broken"),
        (b"P1 3 1", "is truncated"),  # bits have no largest value
        (b"P4 3 1\n", "is truncated"),
        (b"P5 a 1 255\n", "header is broken"),
        (b"P5 3 1 0\n", "largest value is 0, 1 to 65535"),
        (b"P5 3 1 65536\n", "largest value is 65536, 1 to 65535"),
        (b"P5 3 1 255\n\0\0", "is truncated"),
        (b"P2 3 1 255 1 2", "is truncated"),
        (b"P5 1 1 100\n\xff", "the sample 255, the header allows at most 100"),
        (b"P2 1 1 255 300", "the sample 300, the header allows at most 255"),
        (b"P2 2 1 65535 1 65536", "the sample 65536 in a PPM, at most 65535 is allowed"),
        (b"P2 1 1 255 9999999", "among the samples"),
        (b"P2 1 1 255 -3", "among the samples"),
        (b"P1 2 1 0 2", "among the samples"),
        ("P2 1 1 255 ٣".encode(), "among the samples"),
    ],
)
def test_what_is_refused(data, message):
    with pytest.raises(ConvError, match=f"^x: .*{message}"):
        read(data)
