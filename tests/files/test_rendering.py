"""What a result becomes as a picture: its samples, and what it has from the picture that it was computed from."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from convcli.engine.alpha import Weighted
from convcli.engine.errors import ConvError
from convcli.engine.results import Ready, Timed
from convcli.engine.sizes.geometry import axes
from convcli.files.operands import Operand
from convcli.files.pictures import write_picture
from convcli.files.pictures.picture import Display, Picture
from convcli.files.rendering import drawable, rendered, sample_type

RNG = np.random.default_rng(6)
GREY = RNG.integers(0, 256, (6, 5), dtype=np.uint8)
RGB = RNG.integers(0, 256, (3, 6, 5), dtype=np.uint8)
FLOAT = RNG.random((6, 5), np.float32)
ALPHA = RNG.integers(1, 255, (6, 5), dtype=np.uint8)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def pictured(planes, alpha=None, **more):
    return Operand("x", planes, Picture(planes, alpha, **more))


@pytest.mark.parametrize(
    ("shape", "holds"),
    [
        ((4, 5), True),
        ((1, 4, 5), True),
        ((3, 4, 5), True),
        ((2, 4, 5), False),
        ((4, 4, 5), False),
        ((0, 4, 5), False),
        ((1, 1, 4, 5), False),
        ((3, 3, 4, 5), False),
        ((3,), False),
        ((), False),
    ],
)
def test_a_picture_has_one_plane_or_three(shape, holds):
    assert drawable(shape) == holds
    if not holds and len(shape) > 1:
        text = "x".join(map(str, shape))
        with pytest.raises(
            ConvError, match=f"^png: got a result of {text}, a picture has one plane"
        ):
            rendered(pictured(GREY), Ready(np.zeros(shape), axes((4, 5), (1,))), "png", "clip")


@pytest.mark.parametrize(
    ("operand", "form", "samples"),
    [
        (pictured(GREY), "png", (np.uint8, 1)),
        (pictured(GREY.astype(np.uint16)), "png", (np.uint16, 1)),
        (pictured(FLOAT), "tiff", (np.float32, 1)),
        (pictured(FLOAT), "png", (np.uint16, 65535)),  # white is 1
        (Operand("x", FLOAT), "png", (np.uint8, 1)),  # numbers have no white
        (Operand("x", FLOAT), "tiff", (np.uint8, 1)),
        (Operand("x", GREY.astype(np.uint16)), "png", (np.uint16, 1)),
        (Operand("x", GREY.astype(np.int64)), "png", (np.uint8, 1)),
    ],
)
def test_samples_are_those_of_the_input(operand, form, samples):
    assert sample_type(operand, form) == samples
    picture, notes = rendered(operand, Ready(np.array([[0.25, 0.75, 1]])), form, "clip")
    assert picture.planes.dtype == samples[0]
    expected = np.array([[0.25, 0.75, 1]]) * samples[1]
    np.testing.assert_array_equal(
        picture.planes, expected if samples[0] == np.float32 else np.rint(expected)
    )
    assert notes() == ()


@pytest.mark.parametrize(
    ("operand", "white"),
    [(pictured(GREY), 255), (pictured(GREY.astype(np.uint16)), 65535), (Operand("x", FLOAT), 255)],
)
@pytest.mark.parametrize("invert", [False, True])
def test_yes_and_no_are_white_and_black(operand, white, invert):
    found = np.array([[True, False]])
    picture, notes = rendered(operand, Ready(found), "png", "clip", invert=invert)
    assert picture.planes.tolist() == ([[0, white]] if invert else [[white, 0]])
    assert notes() == ()


@pytest.mark.parametrize("form", ["png", "tiff", "webp", "bmp", "ppm"])
@pytest.mark.parametrize("whole", [False, True])
def test_one_plane_among_the_channels_is_a_grey_picture(form, whole):
    picture, _ = rendered(Operand("x", FLOAT), Ready(GREY[None]), form, "clip", whole=whole)
    file = io.BytesIO()
    write_picture(file, picture, form)
    with Image.open(file) as image:
        np.testing.assert_array_equal(np.asarray(image.convert("L")), GREY)


@pytest.mark.parametrize("shape", [(6, 5), (1, 6, 5), (3, 6, 5)])
@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_what_is_written_while_it_is_computed_is_the_same(shape, timed, whole):
    values = RNG.uniform(-50, 300, shape)
    result = Timed(Ready(values)) if timed else Ready(values)
    picture, notes = rendered(pictured(GREY), result, "png", "clip", whole=whole)
    assert (picture.made is None) == (whole or timed)  # a clock is read by one thread
    expected = np.clip(np.rint(values), 0, 255)
    if shape[0] == 1:
        expected = expected[0]
    assert picture.planes.shape == expected.shape
    assert picture.planes.dtype == np.uint8
    np.testing.assert_array_equal(picture.held().planes, expected)
    beyond = np.count_nonzero((np.rint(values) < 0) | (np.rint(values) > 255))
    (note,) = notes()
    assert f"the picture holds 0 to 255: {beyond} were clipped" in note


def test_it_is_computed_at_once_unless_told():
    picture, _ = rendered(pictured(GREY), Ready(GREY), "png", "clip")
    assert picture.made is None
    np.testing.assert_array_equal(picture.planes, GREY)


def test_the_range_is_the_one_asked_for():
    values = np.array([[-255, 0, 255]])
    for how, expected in (("clip", [0, 0, 255]), ("abs", [255, 0, 255]), ("offset", [0, 128, 255])):
        picture, notes = rendered(pictured(GREY), Ready(values), "png", how)
        assert picture.planes.tolist() == [expected]
        assert bool(notes()) == (how == "clip")


@pytest.mark.parametrize("stride", [1, 2])
def test_alpha_is_that_at_the_anchor_of_each_window(stride):
    windows = axes((6, 5), (3, 3), stride=stride)
    shape = tuple(axis.out for axis in windows)
    source = pictured(GREY, ALPHA)
    picture, notes = rendered(source, Ready(np.ones(shape), windows), "png", "clip")
    np.testing.assert_array_equal(picture.alpha, ALPHA[1:5:stride, 1:4:stride])
    assert picture.alpha.dtype == np.uint8
    assert notes() == ()


def test_what_was_filtered_with_its_alpha_gets_the_filtered_one():
    opacity = np.array([[0, 0.4, 128, 300]])
    colours = np.full((3, 1, 4), 77.0)
    result = Weighted(Ready(colours), lambda top, bottom: colours[:, top:bottom], Ready(opacity))
    for made in (result, Timed(result)):
        picture, _ = rendered(pictured(RGB, ALPHA), made, "png", "clip")
        assert picture.alpha.tolist() == [[0, 0, 128, 255]]
        assert picture.planes.tolist() == [[[0, 0, 77, 77]]] * 3  # what is not there has no colour
        assert picture.planes.dtype == picture.alpha.dtype == np.uint8


def test_how_the_input_is_shown_is_carried_over():
    shown = Display(resolution=(300, 150))
    source = pictured(RGB, ALPHA, profile=PROFILE, display=shown)
    picture, notes = rendered(source, Ready(RGB), "png", "clip", whole=False)
    assert (picture.profile, picture.display) == (PROFILE, shown)
    np.testing.assert_array_equal(picture.alpha, ALPHA)
    assert notes() == ()
    picture, notes = rendered(Operand("x", FLOAT), Ready(FLOAT), "png", "clip")
    assert (picture.profile, picture.display, picture.alpha) == (None, Display(), None)


@pytest.mark.parametrize(
    ("alpha", "lost"), [(None, False), (ALPHA, True), (np.full((6, 5), 255, np.uint8), False)]
)
def test_alpha_that_is_left_out_is_told_if_anything_shows_through(alpha, lost):
    _, notes = rendered(pictured(RGB, alpha), Ready(RGB), "jpeg", "clip")
    assert notes() == (("JPEG holds no alpha, it is left out",) if lost else ())


def test_all_that_is_lost_is_told():
    source = pictured(RGB, ALPHA, profile=PROFILE)
    _, notes = rendered(source, Ready(np.full((3, 6, 5), 256)), "bmp", "clip")
    first, second, third = notes()
    assert first == "BMP holds no alpha, it is left out"
    assert second == "BMP holds no colour profile, it is left out"
    assert "90 were clipped" in third


def test_a_plane_of_three_rows_is_grey():
    """Its first axis is as long as that of colours."""
    found, _ = rendered(pictured(GREY), Ready(np.full((3, 5), 7.0)), "pgm", "clip")
    assert (found.colour, found.planes.tolist()) == (False, [[7] * 5] * 3)


@pytest.mark.parametrize(
    ("shape", "form", "message"),
    [
        ((3, 6, 5), "pgm", "PGM cannot hold 8-bit RGB"),
        ((6, 16384), "webp", "WebP cannot hold 6x16384"),
        ((16384, 6), "webp", "WebP cannot hold 16384x6"),
        ((3, 1, 16384), "webp", "WebP cannot hold 1x16384"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_before_it_is_computed(shape, form, message):
    class Never(Ready):
        def rows(self, *_):
            raise AssertionError

    with pytest.raises(ConvError, match=f"^{message}"):
        rendered(pictured(GREY), Never(np.zeros(shape)), form, "clip")
    with pytest.raises(ConvError, match=r"^PPM cannot hold float grey|^PGM cannot"):
        rendered(pictured(RGB), Never(np.zeros((3, 6, 5))), "pgm", "clip")
