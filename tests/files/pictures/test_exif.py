"""What a camera says of a picture goes with it, as far as it is true of the result."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from convcli.files.pictures import read_picture
from convcli.files.pictures.exif import carried
from convcli.files.pictures.formats import losses, write_picture
from convcli.files.pictures.picture import Display, Picture
from tests.files.making import png

RNG = np.random.default_rng(31)
GREY = RNG.integers(0, 256, (6, 8), np.uint8)
CAMERA, PLACE = 34665, 34853


def directory(entries, order, start, *, after=0):
    """Write tags as (tag, type, count, bytes) and what does not fit behind them."""
    body, behind = struct.pack(f"{order}H", len(entries)), b""
    end = start + 2 + 12 * len(entries) + 4
    for tag, kind, count, data in sorted(entries):
        value = data
        if len(data) > 4:
            value = struct.pack(f"{order}I", end + len(behind))
            behind += data + b"\0" * (len(data) % 2)
        body += struct.pack(f"{order}HHI", tag, kind, count) + value.ljust(4, b"\0")
    return body + struct.pack(f"{order}I", after), behind


def block(order="<", *, orientation=6):
    """Write EXIF by hand: a maker, a date, an orientation, a camera's tags with the size, a place, a small picture."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    short = lambda n: struct.pack(f"{order}H", n)  # noqa: E731
    long = lambda n: struct.pack(f"{order}I", n)  # noqa: E731

    def written(camera_at, place_at, small_at):
        first = directory(
            [
                (271, 2, 6, b"Maker\0"),
                (274, 3, 1, short(orientation)),
                (306, 2, 20, b"2026:01:02 03:04:05\0"),
                (CAMERA, 4, 1, long(camera_at)),
                (PLACE, 4, 1, long(place_at)),
            ],
            order,
            8,
            after=small_at,
        )
        camera = directory(
            [
                (33434, 5, 1, long(1) + long(125)),
                (36867, 2, 20, b"2026:01:02 03:04:05\0"),
                (40962, 4, 1, long(4000)),
                (40963, 3, 1, short(3000)),
                (37500, 7, 9, b"who knows"),
            ],
            order,
            camera_at,
        )
        place = directory([(1, 2, 2, b"N\0"), (2, 5, 3, long(1) * 6)], order, place_at)
        small = directory([(513, 4, 1, long(0)), (514, 4, 1, long(0))], order, small_at)
        return [b"".join(part) for part in (first, camera, place, small)]

    at = [0, 0, 0]
    lengths = [len(part) for part in written(*at)]
    at = [8 + sum(lengths[: i + 1]) for i in range(3)]
    return b"Exif\0\0" + mark + long(8) + b"".join(written(*at))


def tags_of(data):
    """Read EXIF by hand: the tags of its first directory, those of the camera and the place, what follows."""
    data = data.removeprefix(b"Exif\0\0")
    order = "<" if data[:2] == b"II" else ">"
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}

    def read(at):
        (count,) = struct.unpack_from(f"{order}H", data, at)
        found = {}
        for i in range(count):
            tag, kind, number = struct.unpack_from(f"{order}HHI", data, at + 2 + 12 * i)
            place = at + 10 + 12 * i
            if sizes[kind] * number > 4:
                (place,) = struct.unpack_from(f"{order}I", data, place)
            raw = data[place : place + sizes[kind] * number]
            found[tag] = (
                struct.unpack(f"{order}{number}{'H' if kind == 3 else 'I'}", raw)[0]
                if kind in (3, 4)
                else raw
            )
        (after,) = struct.unpack_from(f"{order}I", data, at + 2 + 12 * count)
        return found, after

    first, after = read(struct.unpack_from(f"{order}I", data, 4)[0])
    return first, read(first[CAMERA])[0], read(first[PLACE])[0], after


def photograph(format, exif, **options):
    file = io.BytesIO()
    Image.fromarray(GREY).convert("RGB").save(file, format, exif=exif, **options)
    return file.getvalue()


def raw(data):
    """Take the EXIF out of a file."""
    with Image.open(io.BytesIO(data)) as image:
        return image.info.get("exif") or image.getexif().tobytes()


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("source", ["JPEG", "WEBP", "PNG"])
@pytest.mark.parametrize("target", ["jpeg", "png", "webp", "tiff"])
def test_it_goes_along(source, target, order):
    picture = read_picture(photograph(source, block(order)), "x")
    assert picture.size == (8, 6)  # upright
    file = io.BytesIO()
    result = Picture(picture.planes[:, :5, :4], exif=picture.exif)
    assert write_picture(file, result, target) == ()
    found = raw(file.getvalue())
    if target == "tiff":
        with Image.open(io.BytesIO(file.getvalue())) as image:
            tags = image.getexif()
            camera = tags.get_ifd(CAMERA)
            assert (tags[271], tags.get(274), camera[40962], camera[40963]) == ("Maker", None, 4, 5)
            assert tags.get_ifd(PLACE)[1] == "N"
        return
    first, camera, place, after = tags_of(found)
    assert first[271] == b"Maker\0"
    assert first[306] == b"2026:01:02 03:04:05\0"
    assert 274 not in first
    assert (camera[40962], camera[40963]) == (4, 5)
    assert camera[36867] == b"2026:01:02 03:04:05\0"
    assert camera[37500] == b"who knows"
    assert place[1] == b"N\0"
    assert after == 0  # no small picture of what it was


def test_from_a_tiff_come_the_titles_and_not_how_the_file_is_made():
    file = io.BytesIO()
    write_picture(file, Picture(GREY, exif=block(orientation=1)), "tiff")
    picture = read_picture(file.getvalue(), "x")
    first, camera, place, _ = tags_of(picture.exif)
    assert set(first) == {271, 306, CAMERA, PLACE}
    assert camera[36867] == b"2026:01:02 03:04:05\0"
    assert place[1] == b"N\0"
    plain = io.BytesIO()
    Image.fromarray(GREY).save(plain, "TIFF")
    assert read_picture(plain.getvalue(), "x").exif is None


def test_resolution_in_webp_goes_with_it():
    picture = read_picture(photograph("JPEG", block(), dpi=(300, 150)), "x")
    file = io.BytesIO()
    write_picture(file, picture, "webp")
    back = read_picture(file.getvalue(), "x")
    assert back.display.resolution == (150, 300)  # turned
    assert back.display == picture.display
    assert tags_of(back.exif)[0][271] == b"Maker\0"


def test_where_it_has_no_place_that_is_said():
    picture = read_picture(photograph("JPEG", block()), "x")
    for format, name in (("bmp", "BMP"), ("ppm", "PPM")):
        assert write_picture(io.BytesIO(), picture, format) == (
            f"{name} holds no EXIF, it is left out",
        )
    assert losses(Picture(GREY), "bmp") == ()


def test_more_than_a_jpeg_has_room_for_is_said():
    tags = Image.Exif()
    tags[271] = "M" * 70_000
    picture = Picture(GREY, exif=tags.tobytes())
    file = io.BytesIO()
    assert write_picture(file, picture, "jpeg") == (
        "JPEG holds no EXIF of more than 64 KiB, it is left out",
    )
    assert read_picture(file.getvalue(), "x").exif is None
    assert write_picture(io.BytesIO(), picture, "png") == ()


@pytest.mark.parametrize("cut", [3, 6, 9, 14, 20, 60])
def test_broken_exif_is_no_reason_to_fail(cut):
    for data in (block()[:cut], block()[:cut] + b"\xff" * 40):
        picture = Picture(GREY, exif=data)
        for format in ("jpeg", "png", "webp", "tiff"):
            file = io.BytesIO()
            told = write_picture(file, picture, format)
            assert told in ((), ("its EXIF is damaged, it is left out",))
            np.testing.assert_array_equal(read_picture(file.getvalue(), "x").size, GREY.shape)


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "tiff"])
def test_nothing_is_added(format):
    tags = Image.Exif()
    tags[271] = "Maker"
    file = io.BytesIO()
    write_picture(file, Picture(GREY, exif=tags.tobytes()), format)
    again = read_picture(file.getvalue(), "x").exif
    found = Image.Exif()
    found.load(again)
    assert dict(found) == {271: "Maker"}


@pytest.mark.parametrize("target", ["jpeg", "png", "webp", "tiff"])
def test_names_with_letters_beyond_ascii_stay(target):
    tags = Image.Exif()
    tags[315] = "Jürgen 写真".encode()  # as cameras and editors write it
    file = io.BytesIO()
    shown = Display(resolution=(300, 300))
    write_picture(file, Picture(GREY, exif=tags.tobytes(), display=shown), target)
    again = read_picture(file.getvalue(), "x")
    assert again.display.resolution == pytest.approx((300, 300), abs=0.01)
    found = Image.Exif()
    found.load(again.exif)
    assert found[315].encode("latin-1") == "Jürgen 写真".encode()


def test_broken_exif_is_told():
    picture = Picture(GREY, exif=block()[:60])
    assert carried(picture) == b""
    told = write_picture(io.BytesIO(), picture, "png")
    assert told == ("its EXIF is damaged, it is left out",)


def test_a_picture_without_it_has_none():
    assert read_picture(png(GREY, 8, 0), "x").exif is None
    assert carried(Picture(GREY)) == b""
    file = io.BytesIO()
    write_picture(file, Picture(GREY), "png")
    assert b"eXIf" not in file.getvalue()
