"""The PNG encoder, read back by Pillow, and where Pillow cuts to 8 bits by our own reader of unfiltered rows."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from convcli.files.pictures import png
from convcli.files.pictures.png import write_png

SHAPES = [(1, 1), (1, 9), (9, 1), (7, 5), (64, 33), (300, 257)]


def encoded(planes, alpha=None, **options):
    file = io.BytesIO()
    write_png(file, planes, alpha, **options)
    return file.getvalue()


def chunks(data):
    """Walk the chunks of a PNG and check each one's checksum."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            kind + body
        )
        yield kind, body
        at += 12 + length


def decoded(data):
    """Read (H, W, channels) in plain steps: None and Up filters only."""
    parts = list(chunks(data))
    width, height, bits, kind, *_ = struct.unpack(">IIBBBBB", parts[0][1])
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    stream = zlib.decompress(b"".join(body for name, body in parts if name == b"IDAT"))
    size = width * channels * bits // 8
    above, rows = np.zeros(size, np.uint8), []
    for y in range(height):
        line = np.frombuffer(stream, np.uint8, size + 1, y * (size + 1))
        assert line[0] in (0, 2)
        above = line[1:] + above if line[0] == 2 else line[1:]
        rows.append(above)
    return np.array(rows).view(f">u{bits // 8}").reshape(height, width, channels)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("with_alpha", [False, True])
@pytest.mark.parametrize("threads", [1, 3])
def test_what_is_written_reads_back_equal(shape, dtype, colours, with_alpha, threads, monkeypatch):
    monkeypatch.setattr(png, "_STRIPE", 4000)  # several stripes in a small picture
    rng = np.random.default_rng([*shape, colours])
    planes = rng.integers(0, np.iinfo(dtype).max + 1, (colours, *shape), dtype=dtype)
    alpha = rng.integers(0, np.iinfo(dtype).max + 1, shape, dtype=dtype) if with_alpha else None
    data = encoded(planes[0] if colours == 1 else planes, alpha, threads=threads)
    expected = np.stack([*planes, *([alpha] if with_alpha else [])], axis=-1)
    np.testing.assert_array_equal(decoded(data), expected)
    by_pillow = np.asarray(Image.open(io.BytesIO(data)))
    if dtype == np.uint8 or expected.shape[2] == 1:
        np.testing.assert_array_equal(by_pillow.reshape(expected.shape), expected)
    elif expected.shape[2] > 2:  # Pillow keeps the high bytes
        np.testing.assert_array_equal(by_pillow, expected >> 8)


def test_the_number_of_threads_does_not_change_the_bytes():
    planes = np.random.default_rng(1).integers(0, 256, (1200, 3000), dtype=np.uint8)
    assert encoded(planes, threads=1) == encoded(planes, threads=4)
    assert len(list(chunks(encoded(planes)))) > 5  # it had several stripes


def test_views_of_any_strides():
    hwc = np.random.default_rng(2).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    for view in (
        hwc.transpose(2, 0, 1),
        hwc[::-1, ::-2, 1],
        hwc[..., 0].T,
        hwc.transpose(2, 1, 0)[::-1],
    ):
        expected = view if view.ndim == 2 else np.moveaxis(view, 0, 2)
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encoded(view)))), expected)
    big_endian = hwc[..., 0].astype(">u2")
    np.testing.assert_array_equal(decoded(encoded(big_endian))[..., 0], big_endian)


def test_the_profile():
    image = Image.open(io.BytesIO(encoded(np.zeros((2, 2), np.uint8), profile=b"a profile")))
    assert image.info["icc_profile"] == b"a profile"


def test_checksums_join():
    rng = np.random.default_rng(3)
    for _ in range(50):
        first, second = (rng.bytes(rng.integers(0, 200_000)) for _ in range(2))
        joined = png._joined(zlib.adler32(first), zlib.adler32(second), len(second))
        assert joined == zlib.adler32(first + second)


def test_long_chunks_are_split(monkeypatch):
    monkeypatch.setattr(png, "_CHUNK", 100)
    planes = np.random.default_rng(4).integers(0, 256, (50, 50), dtype=np.uint8)
    data = encoded(planes)
    assert max(len(body) for _, body in chunks(data)) == 100
    np.testing.assert_array_equal(decoded(data)[..., 0], planes)


def test_an_error_of_the_file_ends_the_work():
    class Full(io.BytesIO):
        def write(self, data):
            if self.tell() > 100_000:
                raise OSError(28, "No space left on device")
            return super().write(data)

    planes = np.random.default_rng(5).integers(0, 256, (3000, 3000), dtype=np.uint8)
    with pytest.raises(OSError, match="No space left"):
        write_png(Full(), planes, threads=2)
