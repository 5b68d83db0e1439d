"""All frames of an animation, all pages of a file: read, and written as one file again."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from convcli.engine.errors import ConvError
from convcli.files.pictures import Frames, Picture, decoding, read_frames, read_picture
from convcli.files.pictures.formats import write_frames
from convcli.files.pictures.picture import Display
from convcli.files.pictures.png import write_apng
from tests.files.making import with_background
from tests.files.pictures.test_formats import PROFILE
from tests.files.pictures.test_png import chunks, decoded

RNG = np.random.default_rng(4)
GREY = RNG.integers(0, 256, (3, 6, 8), dtype=np.uint8)
RGB = RNG.integers(0, 2, (3, 6, 8, 3), dtype=np.uint8) * 255
SPENT = [40, 120, 70_000]


@pytest.fixture(autouse=True)
def _no_limit(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)  # a limit on a GIF stays with Pillow


def saved(format, frames, **options):
    file = io.BytesIO()
    first, *more = (Image.fromarray(frame) for frame in frames)
    first.save(file, format, save_all=True, append_images=more, **options)
    return file.getvalue()


def with_alpha(frames, *clear):
    """Give colour frames an alpha that is 0 in a corner of those named."""
    found = np.concatenate([frames, np.full((*frames.shape[:3], 1), 255, np.uint8)], -1)
    for at in clear:
        found[at, :2, :3, 3] = 0
    return found


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize("frames", [GREY, RGB], ids=["grey", "colour"])
def test_every_frame_with_its_time(format, frames):
    lossless = {"lossless": True, "exact": True} if format == "WEBP" else {}
    found = read_frames(saved(format, frames, duration=SPENT, loop=0, **lossless), "x")
    assert found.durations == tuple(SPENT)
    assert len(found.pictures) == 3
    grey = frames is GREY and format != "WEBP"  # which has none
    for picture, frame in zip(found.pictures, frames, strict=True):
        expected = frame if frame.ndim == 2 else np.moveaxis(frame, 2, 0)
        assert picture.planes.ndim == (2 if grey else 3)
        np.testing.assert_array_equal(
            picture.planes, np.broadcast_to(expected, picture.planes.shape)
        )
        assert picture.alpha is None or format == "WEBP"
        assert picture.notes == ()


@pytest.mark.parametrize(
    ("format", "loop", "plays"),
    [
        ("GIF", {}, 1),
        ("GIF", {"loop": 0}, 0),
        ("GIF", {"loop": 3}, 4),  # a GIF says how often it is shown again
        ("PNG", {"loop": 0}, 0),
        ("PNG", {"loop": 3}, 3),
        ("WEBP", {"loop": 0}, 0),
        ("WEBP", {"loop": 3}, 3),
    ],
)
def test_how_often_it_is_shown(format, loop, plays):
    assert read_frames(saved(format, GREY, duration=50, **loop), "x").plays == plays


def test_a_frame_without_a_time_has_none():
    assert read_frames(saved("PNG", GREY, duration=0), "x").durations == (0.0, 0.0, 0.0)


def test_pages_have_sizes_of_their_own_and_no_times():
    pages = [GREY[0], GREY[1][:4], GREY[2][:, :3]]
    found = read_frames(saved("TIFF", pages), "x")
    assert found.durations is None
    for picture, page in zip(found.pictures, pages, strict=True):
        np.testing.assert_array_equal(picture.planes, page)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF", "JPEG", "PPM", "BMP"])
def test_a_picture_is_one_frame_without_a_time(format):
    file = io.BytesIO()
    Image.fromarray(GREY[0]).save(file, format)
    found = read_frames(file.getvalue(), "x")
    (picture,) = found.pictures
    assert found.durations is None
    assert picture.size == (6, 8)
    again = read_picture(file.getvalue(), "x", frame=0)
    np.testing.assert_array_equal(again.planes, picture.planes)
    assert again.notes == ()
    with pytest.raises(ConvError, match=r"^x: has one frame, --frame 0 is allowed, got 1$"):
        read_picture(file.getvalue(), "x", frame=1)


@pytest.mark.parametrize("format", ["GIF", "PNG", "TIFF"])
@pytest.mark.parametrize("frames", [GREY, GREY[:2]])
def test_one_frame_of_several(format, frames):
    data, unit = saved(format, frames), "pages" if format == "TIFF" else "frames"
    for at, frame in enumerate(frames):
        picture = read_picture(data, "x", frame=at)
        np.testing.assert_array_equal(picture.planes, frame)
        assert picture.alpha is None
        assert picture.notes == ()
    count = len(frames)
    with pytest.raises(ConvError) as caught:
        read_picture(data, "x", frame=count)
    assert str(caught.value) == (
        f"x: has {count} {unit}, --frame 0 to {count - 1} are allowed, got {count}"
    )


def test_further_pictures_of_a_photograph_are_no_frames():
    data = saved("MPO", RGB)
    assert len(read_frames(data, "x").pictures) == 1
    assert read_picture(data, "x").notes == ()


def test_what_programs_show_that_know_no_animation_is_no_frame():
    data = saved("PNG", GREY, default_image=True, duration=[50, 60], loop=1)
    found = read_frames(data, "x")
    assert found.durations == (50, 60)
    np.testing.assert_array_equal([p.planes for p in found.pictures], GREY[1:])
    assert len(read_frames(data, "x", max_pixels=2 * 48).pictures) == 2
    with pytest.raises(ConvError, match=r"^x: has 2 frames of 6x8 pixels, at most 95 "):
        read_frames(data, "x", max_pixels=95)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_limit_is_for_all_frames_together_and_is_itself_allowed(format):
    data, unit = saved(format, GREY), "pages" if format == "TIFF" else "frames"
    assert len(read_frames(data, "x", max_pixels=3 * 48).pictures) == 3
    for most in (3 * 48 - 1, 48):
        with pytest.raises(ConvError) as caught:
            read_frames(data, "x", max_pixels=most)
        assert str(caught.value) == (
            f"x: has 3 {unit} of 6x8 pixels, at most {most} are allowed (--max-pixels)"
        )
    assert read_picture(data, "x", max_pixels=48, frame=2).size == (6, 8)


def test_pages_of_several_sizes_are_added_up():
    data = saved("TIFF", [GREY[0], GREY[1][:1, :1]])
    assert len(read_frames(data, "x", max_pixels=49).pictures) == 2
    with pytest.raises(ConvError, match=r"^x: has 2 pages of 1x1 pixels, at most 48 "):
        read_frames(data, "x", max_pixels=48)


@pytest.mark.parametrize("format", ["GIF", "TIFF"])
def test_frames_are_counted_up_to_a_bound(format, monkeypatch):
    data, unit = saved(format, GREY), "pages" if format == "TIFF" else "frames"
    monkeypatch.setattr(decoding, "_MOST", 4)
    assert len(read_frames(data, "x").pictures) == 3
    assert read_picture(data, "x").notes == (f"the first of 3 {unit} is read",)
    for most in (3, 2):
        monkeypatch.setattr(decoding, "_MOST", most)
        with pytest.raises(ConvError) as caught:
            read_frames(data, "x")
        assert str(caught.value) == (
            f"x: has {most} {unit} or more, less are allowed for --frame all"
        )
        note = f"the first of more than {most - 1} {unit} is read"
        assert read_picture(data, "x").notes == (note,)
        np.testing.assert_array_equal(read_picture(data, "x").planes, GREY[0])


def test_the_background_is_that_of_every_frame():
    data = with_background(saved("PNG", GREY), struct.pack(">H", 51))
    pictures = [*read_frames(data, "x").pictures, read_picture(data, "x", frame=1)]
    for picture in pictures:
        assert picture.background == pytest.approx((0.2, 0.2, 0.2))


@pytest.mark.parametrize(("format", "clear"), [("GIF", 0), ("WEBP", 1), ("PNG", 1)])
def test_frames_of_an_animation_are_alike(format, clear):
    lossless = {"lossless": True, "exact": True} if format == "WEBP" else {}
    made = with_alpha(RGB, clear)
    made[0, ..., :3] = made[0, ..., :1]  # grey
    found = read_frames(saved(format, made, duration=50, disposal=2, **lossless), "x").pictures
    assert [p.planes.shape for p in found] == [(3, 6, 8)] * 3
    for picture, frame in zip(found, made, strict=True):
        seen = frame[..., 3] > 0
        np.testing.assert_array_equal(picture.alpha, frame[..., 3])
        np.testing.assert_array_equal(picture.planes[:, seen], frame[seen][:, :3].T)


def test_a_grey_frame_among_colours_is_colour():
    frames = RGB.copy()
    frames[1] = frames[1][..., :1]
    found = read_frames(saved("GIF", frames, duration=50), "x").pictures
    np.testing.assert_array_equal([np.moveaxis(p.planes, 0, 2) for p in found], frames)
    for channel in range(3):  # a single one that differs is colour
        frames = np.repeat(GREY[..., None] // 128 * 255, 3, -1)
        frames[..., channel] = 0
        frames[1, 0, 0], frames[1, 1, 1] = 255, 0
        data = saved("GIF", frames, duration=50)
        for at in range(3):
            found = read_picture(data, "x", frame=at)
            np.testing.assert_array_equal(np.moveaxis(found.planes, 0, 2), frames[at])


def test_frames_of_16_bits_are_refused_but_the_first():
    deep = RNG.integers(0, 65536, (2, 6, 8), dtype=np.uint16)
    file = io.BytesIO()
    write_apng(file, [(frame, None) for frame in deep], [50, 50], 0)
    np.testing.assert_array_equal(read_picture(file.getvalue(), "x").planes, deep[0])
    message = r"^x: has frames of 16 bits, of which only the first is read$"
    with pytest.raises(ConvError, match=message):
        read_frames(file.getvalue(), "x")
    with pytest.raises(ConvError, match=message):
        read_picture(file.getvalue(), "x", frame=1)
    pages = read_frames(saved("TIFF", deep), "x").pictures
    np.testing.assert_array_equal([p.planes for p in pages], deep)


# --- written


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("count", [1, 3])
def test_an_animation_as_png(colours, alpha, count):
    shape = (6, 8) if colours == 1 else (3, 6, 8)
    frames = RNG.integers(0, 256, (count, *shape), dtype=np.uint8)
    clear = RNG.integers(0, 256, (count, 6, 8), dtype=np.uint8)
    file = io.BytesIO()
    shown = [(f, clear[i] if alpha else None) for i, f in enumerate(frames)]
    write_apng(file, shown, SPENT[:count], 5, profile=PROFILE if colours == 3 else None)
    parts = list(chunks(file.getvalue()))
    plain = decoded(file.getvalue())  # as readers do that know no animation
    first = np.moveaxis(frames[0].reshape(-1, 6, 8), 0, 2)
    np.testing.assert_array_equal(plain[..., :colours], first)
    assert dict(parts)[b"acTL"] == struct.pack(">II", count, 5)
    control = [body for kind, body in parts if kind in (b"fcTL", b"fdAT")]
    assert [struct.unpack(">I", body[:4])[0] for body in control] == list(range(len(control)))
    with Image.open(file) as image:
        assert image.info.get("icc_profile") == (PROFILE if colours == 3 else None)
        for at in range(count):
            image.seek(at)
            found = np.asarray(image).reshape(6, 8, -1)
            expected = np.moveaxis(frames[at].reshape(-1, 6, 8), 0, 2)
            np.testing.assert_array_equal(found[..., :colours], expected)
            if alpha:
                np.testing.assert_array_equal(found[..., -1], clear[at])
            assert found.shape[2] == colours + alpha
            assert count == 1 or image.info["duration"] == SPENT[at]


@pytest.mark.parametrize(
    ("spent", "found"),
    [
        (0, 0),
        (16.6, 17),
        (65_535, 65_535),
        (65_800, 65_800),
        (70_000, 70_000),
        (6_553_500, 6_553_500),
        (1e9, 6_553_500),
    ],
)
def test_times_in_a_png_are_exact_for_a_minute_and_bounded(spent, found):
    file = io.BytesIO()
    write_apng(file, [(frame, None) for frame in GREY[:2]], [50, spent], 0)
    places = [body for kind, body in chunks(file.getvalue()) if kind == b"fcTL"]
    assert struct.unpack(">I", places[1][4:8])[0] == 8
    delay, unit = struct.unpack(">HH", places[1][20:24])
    assert 1000 * delay / unit == found


@pytest.mark.parametrize("format", ["png", "webp", "tiff"])
def test_frames_are_written_and_read_again(format):
    display = Display(resolution=(300, 150))
    pictures = [Picture(np.moveaxis(f, 2, 0), profile=PROFILE, display=display) for f in RGB]
    animation = Frames(tuple(pictures), tuple(map(float, SPENT)), 4)
    file = io.BytesIO()
    notes = write_frames(file, pictures, format, animation)
    assert notes == (
        ("TIFF holds pages: how long each is shown is left out",) if format == "tiff" else ()
    )
    found = read_frames(file.getvalue(), "x")
    np.testing.assert_array_equal([p.planes for p in found.pictures], np.moveaxis(RGB, 3, 1))
    assert found.durations == (None if format == "tiff" else tuple(SPENT))
    if format != "tiff":
        assert found.plays == 4
    assert found.pictures[0].profile == PROFILE
    assert found.pictures[0].display.resolution == pytest.approx((300, 150), abs=0.02)


@pytest.mark.parametrize("format", ["png", "webp", "tiff"])
def test_pages_are_written_without_a_time_and_grey_ones_without_a_profile_of_colours(format):
    pictures = [Picture(f, GREY[0] | 1, profile=PROFILE) for f in GREY]
    file = io.BytesIO()
    assert write_frames(file, pictures, format, Frames(tuple(pictures))) == ()
    found = read_frames(file.getvalue(), "x")
    for picture, frame in zip(found.pictures, GREY, strict=True):
        assert picture.profile is None
        np.testing.assert_array_equal(picture.planes, np.broadcast_to(frame, picture.planes.shape))
        np.testing.assert_array_equal(picture.alpha, GREY[0] | 1)
    assert found.durations == (None if format == "tiff" else (0, 0, 0))
