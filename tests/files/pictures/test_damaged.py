"""Files that are cut, changed or lie about themselves: one line that begins with the name, or the whole picture."""

import io
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from convcli.engine.errors import ConvError
from convcli.files.pictures import read_picture
from tests.files.making import chunk, png, tiff

RNG = np.random.default_rng(11)
GREY = RNG.integers(0, 256, (13, 17), dtype=np.uint8)
RGB = RNG.integers(0, 256, (13, 17, 3), dtype=np.uint8)


def saved(array, format, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, format, **options)
    return file.getvalue()


WHOLE = {
    "png": saved(RGB, "PNG"),
    "png16": png(RGB.astype(np.uint16) * 257, 16, 2),
    "jpeg": saved(RGB, "JPEG"),
    "progressive": saved(RGB, "JPEG", progressive=True),
    "webp": saved(RGB, "WEBP"),
    "lossless": saved(RGB, "WEBP", lossless=True),
    "tiff": tiff(RGB, photometric=2),
    "tiff16": tiff(RGB.astype(np.uint16), photometric=2),
    "lzw": saved(RGB, "TIFF", compression="tiff_lzw"),
    "bmp": saved(RGB, "BMP"),
    "gif": saved(GREY, "GIF"),
    "ppm": saved(RGB, "PPM"),
    "plain": b"P3 2 2 1000 " + b" ".join(b"%d" % n for n in range(11, -1, -1)) + b"\n",
}


def one_line(data):
    """Read, and return the picture or the one line of the error."""
    try:
        return read_picture(data, "the file")
    except ConvError as error:
        text = str(error)
    assert text.startswith("the file: ")
    assert text.isprintable()
    assert "<_io" not in text
    return text


@pytest.mark.parametrize("kind", WHOLE)
def test_a_cut_file_is_an_error_or_loses_nothing(kind):
    data = WHOLE[kind]
    expected = read_picture(data, "whole").planes
    cuts = sorted({0, 1, 2, 7, len(data) - 1, *RNG.integers(0, len(data), 150).tolist()})
    refused = 0
    for cut in cuts:
        found = one_line(data[:cut])
        if isinstance(found, str):
            refused += 1
        else:  # what is missing is no sample: an end mark, a checksum
            np.testing.assert_array_equal(found.planes, expected, f"cut at {cut} of {len(data)}")
            assert cut > 0.9 * len(data)
    assert refused > 0.8 * len(cuts)


@pytest.mark.parametrize("kind", [kind for kind in WHOLE if WHOLE[kind][1:4] == b"PNG"])
def test_a_png_without_its_end_is_refused_though_all_samples_are_there(kind):
    data = WHOLE[kind]
    assert data[-8:-4] == b"IEND"
    for missing in (1, 4, 8, 12):
        found = one_line(data[:-missing])
        assert found == "the file: is truncated: the end of the PNG is missing"
    later = data[:-12] + b"\0\0\0\0zzZz" + zlib.crc32(b"zzZz").to_bytes(4, "big")
    assert one_line(later) == "the file: is truncated: the end of the PNG is missing"


@pytest.mark.parametrize("kind", WHOLE)
def test_changed_bytes_are_an_error_or_a_picture(kind):
    for _ in range(200):
        data = bytearray(WHOLE[kind])
        for _ in range(RNG.integers(1, 5)):
            data[RNG.integers(0, min(len(data), 400))] = RNG.integers(0, 256)
        found = one_line(bytes(data))
        if not isinstance(found, str):
            assert found.planes.dtype in (np.uint8, np.uint16, np.float32)


def huge(width, height, bits=8, kind=0):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"x\x9cc\0") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [
        huge(60_000, 60_000),
        huge(2**31 - 1, 2**31 - 1, 16, 6),
        b"P6 99999 99999 255\n",
        b"P4 99999 99999\n",
        b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0),
        b"GIF89a"
        + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0)
        + b",\0\0\0\0\xff\xff\xff\xff\0\2\0;",
        tiff(GREY)[:8]
        + tiff(GREY)[8:].replace(
            struct.pack("<HHII", 256, 4, 1, 17), struct.pack("<HHII", 256, 4, 1, 2**31)
        ),
    ],
)
def test_a_huge_header_is_refused_at_once(data):
    start = time.perf_counter()
    found = one_line(data)
    assert isinstance(found, str)
    assert "pixels, at most 268435456 are allowed (--max-pixels)" in found
    assert time.perf_counter() - start < 1


def test_headers_without_pixels():
    for data in (b"P5 0 5 255\n", huge(0, 5)):
        assert isinstance(one_line(data), str)


def test_what_is_no_picture():
    for data in (b"", b"1,2\n3,4\n", b"\x93NUMPY", b"%PDF-1.4", b"BM is a word", b"P7\n", b"P5x"):
        assert one_line(data).startswith("the file: is no picture: PNG, JPEG, ")


def test_formats_that_pillow_knows_but_nobody_asked_for():
    for format in ("ICO", "TGA", "PCX", "SGI"):
        assert "is no picture" in one_line(saved(RGB, format))


@pytest.mark.parametrize("library", ["libtiff", "Pillow"])
def test_libraries_do_not_write_to_standard_error_themselves(library):
    if library == "libtiff":
        data = bytearray(saved(RGB, "TIFF", compression="tiff_deflate"))
        data[8 + len(data) // 3] ^= 255
    else:
        many = struct.pack("<HHII", 277, 4, 1, 99)  # samples a pixel
        data = tiff(RGB, photometric=2).replace(struct.pack("<HHII", 277, 4, 1, 3), many)
    script = (
        "import sys\nfrom convcli.files.pictures import read_picture\n"
        "try: read_picture(sys.stdin.buffer.read(), 'x')\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=bytes(data), capture_output=True, check=True
    )
    assert done.stdout.startswith(b"x: ")
    assert done.stderr == b""
