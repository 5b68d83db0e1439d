"""JPEG in strips: what a reader sees is what it sees of a picture that was encoded in one piece."""

import io

import numpy as np
import pytest
from PIL import Image

from convcli.engine.ranges import Sampled
from convcli.engine.results import Ready
from convcli.files.pictures import jpeg
from convcli.files.pictures.jpeg import write_jpeg
from convcli.files.pictures.picture import Display, Picture


def encoded(picture, **options):
    file = io.BytesIO()
    write_jpeg(file, picture, **options)
    return file.getvalue()


def samples(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def smooth(shape):
    """Noise on a slope, in (H, W) or (3, H, W)."""
    rng = np.random.default_rng(7)
    slope = np.add.outer(np.arange(shape[-2]), np.arange(shape[-1])) % 200
    return (slope + rng.integers(0, 50, shape)).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (33, 70), (97, 31), (400, 129)])
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("threads", [1, 3])
def test_strips_are_one_picture(shape, colours, threads, monkeypatch):
    monkeypatch.setattr(jpeg, "_STRIP", 4000)
    planes = smooth(shape if colours == 1 else (3, *shape))
    data = encoded(Picture(planes), threads=threads)
    whole = io.BytesIO()
    image = Image.fromarray(planes if colours == 1 else np.moveaxis(planes, 0, 2))
    image.save(whole, "JPEG", quality=jpeg.QUALITY)
    np.testing.assert_array_equal(samples(data), samples(whole.getvalue()))
    strips = -(-shape[0] // max(4000 // (colours * shape[1]) // 16 * 16, 16))
    assert (b"\xff\xdd" in data) == (strips > 1)
    marks = [data.count(bytes((0xFF, 0xD0 + i))) for i in range(8)]  # in coded samples 0 follows FF
    assert marks == [len(range(i, strips - 1, 8)) for i in range(8)]
    if strips == 1:
        assert data == whole.getvalue()


def test_a_result_is_written_while_it_is_computed():
    planes = smooth((3, 700, 1100))
    made = Sampled(Ready(planes.astype(np.float32)), planes.dtype, "clip", invert=True)
    blank = np.broadcast_to(np.uint8(0), planes.shape)
    data = encoded(Picture(blank, made=made), threads=2)
    assert data == encoded(Picture(255 - planes), threads=1)
    assert data.count(b"\xff\xd0") == 1


def test_wide_pictures_keep_to_the_units_that_a_marker_can_count():
    planes = np.zeros((40, 65500), np.uint8)
    planes[:, ::7] = 200
    assert samples(encoded(Picture(planes))).shape == planes.shape


def test_what_is_carried_along(monkeypatch):
    monkeypatch.setattr(jpeg, "_STRIP", 4000)
    planes = smooth((3, 100, 90))
    picture = Picture(planes, profile=b"p" * 70_000, display=Display(resolution=(300, 150)))
    image = Image.open(io.BytesIO(encoded(picture)))
    assert image.info["icc_profile"] == picture.profile
    assert image.info["dpi"] == (300, 150)
    np.testing.assert_array_equal(np.asarray(image), samples(encoded(Picture(planes))))


def test_an_error_of_the_file_ends_the_work():
    class Full(io.BytesIO):
        def write(self, _data):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_jpeg(Full(), Picture(smooth((3000, 1000))), threads=2)
