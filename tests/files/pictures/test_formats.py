"""What each format can hold: written, read back, refused or said."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from convcli.engine.errors import ConvError
from convcli.files.pictures import Picture, read_picture, write_picture
from convcli.files.pictures.formats import FORMATS, check_format, format_of, kind_of, write_numbers
from convcli.files.pictures.picture import Display

RNG = np.random.default_rng(9)
SMALL = np.zeros((2, 2), np.uint8)
KINDS = {
    "8-bit grey": RNG.integers(0, 256, (6, 5), dtype=np.uint8),
    "8-bit RGB": RNG.integers(0, 256, (3, 6, 5), dtype=np.uint8),
    "16-bit grey": RNG.integers(0, 65536, (6, 5), dtype=np.uint16),
    "16-bit RGB": RNG.integers(0, 65536, (3, 6, 5), dtype=np.uint16),
    "float grey": RNG.standard_normal((6, 5)).astype(np.float32),
    "float RGB": RNG.standard_normal((3, 6, 5)).astype(np.float32),
}
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("with_alpha", [False, True])
def test_a_format_holds_it_or_says_who_does(format, kind, with_alpha):
    planes = KINDS[kind]
    assert kind_of(planes.dtype, planes.ndim == 3) == kind
    alpha = KINDS[kind.replace("RGB", "grey")] if with_alpha else None
    picture = Picture(planes, alpha)
    row, file = FORMATS[format], io.BytesIO()
    if kind not in row.holds:
        with pytest.raises(ConvError, match=rf"^{row.name} cannot hold {kind}: .*NPY can$"):
            write_picture(file, picture, format)
        assert file.getvalue() == b""
        return
    notes = write_picture(file, picture, format)
    keeps = with_alpha and kind in row.alpha
    assert notes == ((f"{row.name} holds no alpha, it is left out",) if with_alpha > keeps else ())
    back = read_picture(file.getvalue(), "x")
    if format == "jpeg":
        assert back.planes.shape == planes.shape
    elif format == "webp" and kind == "8-bit grey":  # it has only RGB
        np.testing.assert_array_equal(back.planes, [planes] * 3)
    else:
        assert back.planes.dtype == planes.dtype
        np.testing.assert_array_equal(back.planes, planes)
    if keeps:
        np.testing.assert_array_equal(back.alpha, alpha)
    else:
        assert back.alpha is None


@pytest.mark.parametrize("format", FORMATS)
def test_how_a_picture_is_shown_is_kept_or_said(format):
    row, file = FORMATS[format], io.BytesIO()
    shown = Display((300, 150), gamma=0.5, primaries=(0.3, 0.3, 0.6, 0.3, 0.3, 0.6, 0.1, 0.1))
    planes = KINDS["8-bit grey" if format == "pgm" else "8-bit RGB"]
    notes = write_picture(file, Picture(planes, display=shown), format)
    back = read_picture(file.getvalue(), "x").display
    if "resolution" in row.keeps:
        assert back.resolution == pytest.approx((300, 150), abs=0.02)
    else:
        assert back.resolution is None
    kept = back.gamma == 0.5 and back.primaries == shown.primaries
    assert kept == ("gamma" in row.keeps)
    lost = [n for n in ("resolution", "gamma") if n not in row.keeps]
    assert "".join(notes).count("no ") == len(lost)
    assert all(f"no {name}" in notes[0] for name in lost)
    # sRGB is what every reader takes samples for
    assert write_picture(io.BytesIO(), Picture(planes, display=Display(srgb=0)), format) == ()
    screen = Picture(planes, display=Display((72.009, 72.009)))  # what nobody has measured
    assert write_picture(io.BytesIO(), screen, format) == ()
    notes = write_picture(io.BytesIO(), Picture(planes, display=Display(aspect=(2, 1))), format)
    assert bool(notes) == ("aspect" not in row.keeps)


def test_png_keeps_srgb_beside_no_profile_only():
    for profile, expected in ((None, 2), (PROFILE, None)):
        file = io.BytesIO()
        picture = Picture(KINDS["8-bit RGB"], profile=profile, display=Display(srgb=2))
        write_picture(file, picture, "png")
        assert read_picture(file.getvalue(), "x").display.srgb == expected


@pytest.mark.parametrize("format", FORMATS)
def test_the_profile_is_carried_where_it_can_be_and_fits(format):
    file = io.BytesIO()
    write_picture(
        file, Picture(KINDS["8-bit RGB"], profile=PROFILE), format
    ) if format != "pgm" else 0
    if format in ("png", "jpeg", "webp", "tiff"):
        assert Image.open(file).info["icc_profile"] == PROFILE
    file = io.BytesIO()
    write_picture(file, Picture(KINDS["8-bit grey"], profile=PROFILE), format)
    assert b"sRGB" not in file.getvalue()
    assert read_picture(file.getvalue(), "x").profile is None


def test_jpeg_is_close():
    smooth = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    file = io.BytesIO()
    write_picture(file, Picture(smooth), "jpeg")
    assert np.abs(read_picture(file.getvalue(), "x").planes.astype(int) - smooth).max() <= 2


def test_suffixes():
    for key, row in FORMATS.items():
        for suffix in row.suffixes:
            assert format_of(f"a.b{suffix.upper()}") == key
    with pytest.raises(ConvError, match=r"^a.pgn: unknown suffix '.pgn', did you mean '.pnm'\?"):
        format_of("a.pgn")
    with pytest.raises(ConvError, match=r"^a: unknown suffix ''"):
        format_of("a")


def test_sizes_that_a_format_cannot_hold():
    def check(format, size):
        return check_format(format, dtype=np.dtype(np.uint8), colour=False, alpha=False, size=size)

    assert check("jpeg", (65500, 1)) == ()
    with pytest.raises(ConvError, match=r"^JPEG cannot hold 1x65501: at most 65500 a side"):
        check("jpeg", (1, 65501))
    with pytest.raises(ConvError, match=r"^WebP cannot hold 16384x2: at most 16383 a side"):
        check("webp", (16384, 2))
    with pytest.raises(ConvError, match="unknown picture format 'gif'"):
        check("gif", (1, 1))


def test_the_limits_are_those_of_the_encoders():
    for format in ("jpeg", "webp"):
        longest = FORMATS[format].longest
        file = io.BytesIO()
        write_picture(file, Picture(np.zeros((1, longest), np.uint8)), format)
        name = {"jpeg": "JPEG", "webp": "WEBP"}[format]
        with pytest.raises((OSError, ValueError)):
            Image.new("L", (longest + 1, 1)).save(io.BytesIO(), name)


@pytest.mark.parametrize("format", ["jpeg", "tiff", "webp", "bmp"])
@pytest.mark.parametrize("error", [OSError("encoder error -2"), ValueError("no\nsuch thing")])
def test_an_encoder_that_fails_is_one_line(format, error, monkeypatch):
    def failing(*_, **__):
        raise error

    monkeypatch.setattr(Image.Image, "save", failing)
    file = io.BytesIO()
    name = FORMATS[format].name
    why = str(error).replace("\n", r"\\x0a")
    with pytest.raises(ConvError, match=rf"^cannot be written as (?i:{name}): {why}$"):
        write_picture(file, Picture(KINDS["8-bit RGB"]), format)
    assert file.getvalue() == b""


@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_is_not_the_encoder_s_fault(format):
    class Full(io.BytesIO):
        def write(self, _data):
            raise OSError(28, "No space left on device")

        writelines = write

    with pytest.raises(OSError, match="No space left on device") as caught:
        write_picture(Full(), Picture(KINDS["8-bit grey"]), format)
    assert caught.value.errno == 28


@pytest.mark.parametrize(
    ("lost", "text"),
    [
        ({"profile": PROFILE}, "no colour profile, it is left out"),
        ({"display": Display((300, 300))}, "no resolution, it is left out"),
        ({"display": Display((72, 300))}, "no resolution, it is left out"),
        ({"display": Display(aspect=(1, 2))}, "no shape of its pixels, it is left out"),
        ({"display": Display(gamma=1.0)}, "no gamma, it is left out"),
        ({"display": Display(primaries=(0.3,) * 8)}, "no gamma, it is left out"),
        (
            {"display": Display((300, 300), gamma=1.0)},
            "no resolution and no gamma, they are left out",
        ),
        (
            {"profile": PROFILE, "display": Display(gamma=1.0)},
            "no colour profile, it is left out",
        ),  # which says more than gamma
        ({"display": Display((96, 72))}, None),
        ({"display": Display((71.6, 96.4))}, None),
        ({"display": Display(gamma=1.0, srgb=0)}, None),
    ],
)
def test_what_is_lost_is_told_once(lost, text):
    notes = write_picture(io.BytesIO(), Picture(KINDS["8-bit RGB"], **lost), "ppm")
    assert notes == (() if text is None else (f"PPM holds {text}",))


def test_a_profile_of_the_other_kind_is_told():
    grey, colours = b"\0" * 16 + b"GRAY" + b"\0" * 108, PROFILE
    for kind, profile, space in (("8-bit grey", colours, "grey"), ("8-bit RGB", grey, "RGB")):
        file = io.BytesIO()
        notes = write_picture(file, Picture(KINDS[kind], profile=profile), "png")
        assert notes == (f"its colour profile is none of {space}, it is left out",)
        assert "icc_profile" not in Image.open(file).info
    file = io.BytesIO()
    assert write_picture(file, Picture(KINDS["8-bit grey"], profile=grey), "png") == ()
    assert Image.open(file).info["icc_profile"] == grey


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int64, np.float32, np.float64])
def test_numbers_of_their_own_units_are_written_as_they_are(dtype):
    values = np.array([[-7, 300, 2**31 - 1], [-(2**31), 0, 1]], dtype=np.float64)
    if np.dtype(dtype).itemsize == 2:
        values = np.array([[0, 300, 7]])
    file = io.BytesIO()
    write_numbers(file, values.astype(dtype), Picture(SMALL, display=Display((300, 150))))
    back = read_picture(file.getvalue(), "x")
    assert back.planes.dtype == (np.float32 if np.dtype(dtype).kind == "f" else np.int32)
    np.testing.assert_array_equal(back.planes, values.astype(back.planes.dtype))
    assert back.display.resolution == (300, 150)


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1])
def test_integers_that_a_tiff_cannot_hold_are_refused(value):
    message = "^TIFF cannot hold integers of more than 32 bits: NPY and CSV can$"
    for values in ([[value, 0]], [[0, value]]):
        with pytest.raises(ConvError, match=message):
            write_numbers(io.BytesIO(), np.array(values), Picture(SMALL))


def test_gamma_and_primaries_are_written_as_png_counts_them():
    primaries = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
    file = io.BytesIO()
    shown = Display(gamma=2.2, primaries=primaries, srgb=3)
    write_picture(file, Picture(KINDS["8-bit RGB"], display=shown), "png")
    data = file.getvalue()
    for kind, expected in (
        (b"gAMA", struct.pack(">I", 220_000)),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
        (b"sRGB", b"\3"),
    ):
        at = data.index(kind)
        assert data[at - 4 : at] == struct.pack(">I", len(expected))
        assert data[at + 4 : at + 4 + len(expected)] == expected
    assert data.index(b"sRGB") < data.index(b"IDAT")


@pytest.mark.parametrize(
    ("aspect", "written"), [((2, 1), (2, 1)), ((2.6, 0.2), (3, 1)), ((0.1, 7.4), (1, 7))]
)
def test_the_shape_of_pixels_is_written_as_whole_numbers(aspect, written):
    file = io.BytesIO()
    write_picture(file, Picture(KINDS["8-bit grey"], display=Display(aspect=aspect)), "png")
    at = file.getvalue().index(b"pHYs") + 4
    assert struct.unpack(">IIB", file.getvalue()[at : at + 9]) == (*written, 0)


def test_a_resolution_beyond_what_png_can_say_is_the_largest():
    file = io.BytesIO()
    write_picture(file, Picture(KINDS["8-bit grey"], display=Display((1e9, 5e7))), "png")
    at = file.getvalue().index(b"pHYs") + 4
    across, down, unit = struct.unpack(">IIB", file.getvalue()[at : at + 9])
    assert (across, unit) == (2**31 - 1, 1)
    assert down == round(5e7 / 0.0254)
