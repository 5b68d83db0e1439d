"""Every kind of picture file, made here, against the samples that it was made from."""

import io
import os
import struct
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from convcli.engine.errors import ConvError
from convcli.files.pictures import colour_of, read_picture
from convcli.files.pictures.picture import Display
from tests.conftest import RESIDENT, SAMPLES
from tests.files.making import chunk, interlaced, png, tiff, with_background

RNG = np.random.default_rng(7)
GREY = RNG.integers(0, 256, (5, 7), dtype=np.uint8)
RGB = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
RGBA = RNG.integers(0, 256, (5, 7, 4), dtype=np.uint8)
GREY16 = RNG.integers(0, 65536, (5, 7), dtype=np.uint16)
RGB16 = RNG.integers(0, 65536, (5, 7, 3), dtype=np.uint16)
RGBA16 = RNG.integers(0, 65536, (5, 7, 4), dtype=np.uint16)
FLOAT = RNG.standard_normal((5, 7)).astype(np.float32)


def planes(hwc):
    return np.moveaxis(hwc, 2, 0)


def saved(array, format, mode=None, **options):
    file = io.BytesIO()
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(file, format, **options)
    return file.getvalue()


def check(data, expected, alpha=None, notes=()):
    picture = read_picture(data, "x")
    assert picture.planes.dtype == expected.dtype
    np.testing.assert_array_equal(picture.planes, expected)
    if alpha is None:
        assert picture.alpha is None
    else:
        assert picture.alpha.dtype == expected.dtype
        np.testing.assert_array_equal(picture.alpha, alpha)
    assert picture.notes == notes
    return picture


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_grey_of_few_bits_is_stretched(bits):
    few = GREY >> (8 - bits)
    full = (few * (255 // (2**bits - 1))).astype(np.uint8)
    check(png(few, bits, 0), full)
    key = int(few[2, 3])
    keyed = png(few, bits, 0, chunk(b"tRNS", key.to_bytes(2, "big")))
    check(keyed, full, np.where(few == key, 0, 255).astype(np.uint8))


def test_png_of_8_bits():
    check(png(GREY, 8, 0), GREY)
    check(png(RGB, 8, 2), planes(RGB))
    check(png(RGBA[..., :2], 8, 4), RGBA[..., 0], RGBA[..., 1])
    check(png(RGBA, 8, 6), planes(RGBA[..., :3]), RGBA[..., 3])


def test_png_of_16_bits_keeps_them():
    check(png(GREY16, 16, 0), GREY16)
    check(png(RGB16, 16, 2), planes(RGB16))
    check(png(RGBA16[..., :2], 16, 4), RGBA16[..., 0], RGBA16[..., 1])
    check(png(RGBA16, 16, 6), planes(RGBA16[..., :3]), RGBA16[..., 3])


def test_interlaced_png():
    check(interlaced(GREY, 0), GREY)
    check(interlaced(GREY16, 0), GREY16)
    check(interlaced(RGB16, 2), planes(RGB16))
    check(interlaced(RGBA16[..., :2], 4), RGBA16[..., 0], RGBA16[..., 1])
    check(interlaced(RGBA16, 6), planes(RGBA16[..., :3]), RGBA16[..., 3])


@pytest.mark.parametrize(
    ("samples", "bits", "kind"), [(GREY, 8, 0), (RGB, 8, 2), (GREY16, 16, 0), (RGB16, 16, 2)]
)
def test_a_transparency_chunk_is_alpha(samples, bits, kind):
    key = samples[1, 2]
    data = png(samples, bits, kind, chunk(b"tRNS", np.atleast_1d(key).astype(">u2").tobytes()))
    clear = samples == key if samples.ndim == 2 else (samples == key).all(axis=2)
    full = np.iinfo(samples.dtype).max
    alpha = np.where(clear, 0, full).astype(samples.dtype)
    assert (alpha == 0).any()
    check(data, samples if samples.ndim == 2 else planes(samples), alpha)


def test_a_transparent_colour_that_is_not_there_costs_nothing():
    data = png(np.minimum(GREY, 254), 8, 0, chunk(b"tRNS", b"\0\xff"))
    check(data, np.minimum(GREY, 254))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes(bits):
    index = GREY >> (8 - bits)
    entries = RNG.integers(0, 256, (2**bits, 3), dtype=np.uint8)
    check(png(index, bits, 3, chunk(b"PLTE", entries.tobytes())), planes(entries[index]))
    opacity = RNG.integers(0, 256, 2**bits, dtype=np.uint8)
    opacity[index[0, 0]] = 1
    data = png(
        index, bits, 3, chunk(b"PLTE", entries.tobytes()) + chunk(b"tRNS", opacity.tobytes())
    )
    check(data, planes(entries[index]), opacity[index])


def test_a_palette_is_grey_if_every_entry_in_use_is():
    index = GREY % 5
    entries = np.array([[9] * 3, [200] * 3, [0] * 3, [255] * 3, [31] * 3, [1, 2, 3]], np.uint8)
    check(png(index, 8, 3, chunk(b"PLTE", entries.tobytes())), entries[index, 0])


def test_an_index_past_the_palette_is_black():
    data = png(np.array([[0, 1, 7]], np.uint8), 8, 3, chunk(b"PLTE", b"\5\5\5\6\6\6"))
    check(data, np.array([[5, 6, 0]], np.uint8))


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP", "PPM", "WEBP"])
def test_lossless_formats_of_8_bits(format):
    options = {"lossless": True} if format == "WEBP" else {}
    check(saved(RGB, format, **options), planes(RGB))
    if format != "WEBP":  # it has no grey
        check(saved(GREY, format), GREY)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP", "PPM", "GIF"])
def test_one_bit(format):
    black = GREY > 100
    data = saved(black, format, "1", **({"compression": "group4"} if format == "TIFF" else {}))
    check(data, black * np.uint8(255))


def test_webp_with_alpha():
    data = saved(RGBA, "WEBP", lossless=True, exact=True)
    check(data, planes(RGBA[..., :3]), RGBA[..., 3])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate"])
def test_tiff(order, compression):
    made = {
        "grey": (tiff(GREY, order=order), GREY),
        "grey16": (tiff(GREY16, order=order), GREY16),
        "white is zero": (tiff(GREY, order=order, photometric=0), 255 - GREY),
        "float": (tiff(FLOAT, order=order, sample_format=3), FLOAT),
        "rgb": (tiff(RGB, order=order, photometric=2), planes(RGB)),
        "rgb16": (tiff(RGB16, order=order, photometric=2), planes(RGB16)),
    }
    if order == "<":
        made["white is zero, 16"] = (tiff(GREY16, photometric=0), 65535 - GREY16)
    for data, expected in made.values():
        check(data, expected)
    check(tiff(RGBA16, order=order, photometric=2), planes(RGBA16[..., :3]), RGBA16[..., 3])
    if compression:
        for array in (GREY, GREY16, FLOAT):
            check(saved(array, "TIFF", compression=compression), array)


@pytest.mark.parametrize("photometric", [0, 1])
def test_tiff_of_12_bits_is_stretched_to_16(photometric):
    values = RNG.integers(0, 4096, (5, 8), dtype=np.uint16)
    values[0, :2] = 0, 4095
    first, second = values[:, ::2], values[:, 1::2]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], -1)
    data = tiff(packed.reshape(5, 12).astype(np.uint8), bits=12, width=8, photometric=photometric)
    if photometric == 0:  # Pillow knows no such file
        pytest.importorskip("tifffile")
        values = 4095 - values
    found = read_picture(data, "x").planes
    assert found.dtype == np.uint16
    assert np.abs(found - values * (65535 / 4095)).max() < 1
    assert found[0, :2].tolist() == ([0, 65535] if photometric else [65535, 0])


def test_tiff_of_kinds_that_would_lose_bits_is_refused():
    for samples, options in (
        (RGBA16, {"photometric": 5}),  # CMYK
        (FLOAT.astype(np.complex64), {"sample_format": 6}),
        (FLOAT.astype(np.float64), {"sample_format": 3, "bits": 24}),
    ):
        with pytest.raises(
            ConvError, match=r"^x: (has .* samples|has floats of 24|is damaged|is broken)"
        ):
            read_picture(tiff(samples, **options), "x")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint32])
@pytest.mark.parametrize("compression", [None, "tiff_deflate"])
def test_tiff_of_other_integers_is_read_as_numbers(order, dtype, compression):
    held = np.iinfo(dtype)
    values = RNG.integers(held.min, held.max, (5, 7), dtype, endpoint=True)
    values[0, :2] = held.min, held.max
    data = tiff(values, order=order, sample_format=1 if dtype == np.uint32 else 2)
    if compression and dtype == np.int32:  # the only one that Pillow writes
        data = saved(values, "TIFF", compression=compression)
    if dtype == np.uint32 and order == ">":  # Pillow knows no such file
        pytest.importorskip("tifffile")
    found = read_picture(data, "x")
    assert found.planes.dtype == dtype
    assert found.measured
    np.testing.assert_array_equal(found.planes, values)


def test_how_a_picture_is_shown_is_read():
    def shown(data):
        return read_picture(data, "x").display

    def phys(across, down, unit):
        return png(GREY, 8, 0, chunk(b"pHYs", struct.pack(">IIB", across, down, unit)))

    assert shown(phys(11811, 5906, 1)).resolution == pytest.approx((300, 150), abs=0.02)
    assert shown(phys(2, 1, 0)) == Display(aspect=(2, 1))
    assert shown(phys(2835, 0, 1)) == shown(phys(0, 2835, 1)) == shown(phys(5, 0, 0)) == Display()
    assert shown(phys(39, 20, 1)).resolution == pytest.approx((0.99, 0.51), abs=0.01)
    assert shown(phys(0, 1, 1)) == shown(phys(3, 3, 0)) == shown(phys(2**31, 9, 1)) == Display()
    assert shown(saved(RGB, "JPEG", dpi=(300, 150))) == Display((300, 150))
    assert shown(saved(RGB, "TIFF", dpi=(300, 150))) == Display((300, 150))
    cm = saved(RGB, "TIFF", resolution_unit="cm", x_resolution=100, y_resolution=50)
    assert shown(cm) == Display((254, 127))
    assert shown(saved(RGB, "JPEG")) == shown(saved(RGB, "TIFF")) == Display()
    ratio = saved(RGB, "TIFF", resolution_unit=1, x_resolution=3, y_resolution=2)
    assert shown(ratio) == Display(aspect=(3, 2))
    jfif = saved(RGB, "JPEG", dpi=(3, 2))
    at = jfif.index(b"JFIF\0") + 7
    assert jfif[at : at + 5] == b"\1\0\3\0\2"
    assert shown(jfif[:at] + b"\0" + jfif[at + 1 :]) == Display(aspect=(3, 2))
    assert shown(jfif[:at] + b"\0\0\1\0\1" + jfif[at + 5 :]) == Display()
    webp = Image.Exif()
    webp[282], webp[283] = 300, 150
    assert shown(saved(RGB, "WEBP", exif=webp)) == Display((300, 150))
    webp[296] = 2
    assert shown(saved(RGB, "WEBP", exif=webp)) == Display((300, 150))
    webp[296] = 3  # centimetres
    assert shown(saved(RGB, "WEBP", exif=webp)).resolution is None
    assert shown(phys(2579527, 9, 1)).resolution == pytest.approx((65520, 0.2286))
    assert shown(phys(2580158, 9, 1)) == shown(phys(9, 2580158, 1)) == Display()  # 2**16 an inch
    for kind in (4, 255):
        assert shown(png(RGB, 8, 2, chunk(b"sRGB", bytes([kind])))).srgb is None
    for kind in range(4):
        assert shown(png(RGB, 8, 2, chunk(b"sRGB", bytes([kind])))).srgb == kind
    assert shown(png(RGB, 8, 2, chunk(b"gAMA", bytes(4)))).gamma is None
    turned = Image.Exif()
    turned[274] = 6
    assert shown(saved(RGB, "JPEG", dpi=(300, 150), exif=turned)) == Display((150, 300))
    gamma = chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"sRGB", b"\1")
    white = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
    primaries = chunk(b"cHRM", struct.pack(">8I", *(round(v * 1e5) for v in white)))
    assert shown(png(RGB, 8, 2, gamma + primaries)) == Display(
        gamma=0.45455, srgb=1, primaries=white
    )


@pytest.mark.parametrize("tag", [33550, 33922, 34264, 34735])  # OGC 19-008r4, section 7.1
def test_a_place_on_the_earth_is_said_to_be_left_out(tag):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[tag] = (1.0, 1.0, 0.0)
    tags.tagtype[tag] = 12
    found = read_picture(saved(FLOAT, "TIFF", tiffinfo=tags), "x")
    assert found.notes == ("its place on the earth (GeoTIFF) is left out",)


def test_jpeg():
    for array, mode in ((GREY, "L"), (RGB, "RGB")):
        data = saved(array, "JPEG", mode, quality=90)
        expected = np.asarray(Image.open(io.BytesIO(data)))
        check(data, expected if mode == "L" else planes(expected))


def test_cmyk_is_read_as_rgb_and_said():
    file = io.BytesIO()
    Image.fromarray(RGB).convert("CMYK").save(file, "JPEG", quality=100)
    expected = planes(np.asarray(Image.open(file).convert("RGB")))
    note = "CMYK is read as RGB, without its colour profile"
    check(file.getvalue(), expected, notes=(note,))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("samples", [GREY, RGB, GREY16, RGBA16])
def test_exif_turns(orientation, samples):
    # the turns in words (EXIF 2.32, tag 0x0112): where row 0 and column 0 of the file belong
    upright = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: np.swapaxes(a, 0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
        8: lambda a: np.rot90(a, 1),
    }[orientation](samples)
    exif = Image.Exif()
    exif[274] = orientation
    kind = {1: 0, 3: 2, 4: 6}[1 if samples.ndim == 2 else samples.shape[2]]
    data = png(samples, 8 * samples.itemsize, kind, chunk(b"eXIf", exif.tobytes()[6:]))
    expected = upright if upright.ndim == 2 else planes(upright[..., :3])
    alpha = upright[..., 3] if kind == 6 else None
    check(data, expected, alpha)
    photometric = 1 if samples.ndim == 2 else 2
    check(tiff(samples, photometric=photometric, orientation=orientation), expected, alpha)


def test_broken_exif_does_not_cost_the_picture():
    check(png(GREY, 8, 0, chunk(b"eXIf", b"MM\0*\0\0\xff\xff")), GREY)


def test_of_an_animation_the_first_frame_is_read_and_said():
    frames = [Image.fromarray(a) for a in (GREY, 255 - GREY, GREY // 2)]
    for format, unit in (("GIF", "frames"), ("PNG", "frames"), ("TIFF", "pages")):
        file = io.BytesIO()
        frames[0].save(file, format, save_all=True, append_images=frames[1:])
        check(file.getvalue(), GREY, notes=(f"the first of 3 {unit} is read",))


def test_gif_with_transparency():
    file = io.BytesIO()
    image = Image.fromarray(GREY % 4).convert("P")
    image.putpalette(RNG.integers(0, 256, 12, dtype=np.uint8).tobytes())
    image.save(file, "GIF", transparency=2)
    picture = read_picture(file.getvalue(), "x")
    expected = np.asarray(Image.open(file).convert("RGBA"))
    np.testing.assert_array_equal(picture.alpha, expected[..., 3])
    assert (picture.alpha == 0).any()
    np.testing.assert_array_equal(picture.planes, planes(expected)[:3])


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_the_colour_profile_is_carried(format):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert read_picture(saved(RGB, format, icc_profile=profile), "x").profile == profile
    assert read_picture(saved(RGB, format), "x").profile is None


def test_a_path_and_a_pipe_read_like_bytes(tmp_path):
    (tmp_path / "a.jpg").write_bytes(png(RGB16, 16, 2))  # the first bytes decide, not the suffix
    np.testing.assert_array_equal(read_picture(tmp_path / "a.jpg", "a").planes, planes(RGB16))
    os.mkfifo(tmp_path / "pipe")
    thread = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(png(RGB16, 16, 2)))
    thread.start()
    np.testing.assert_array_equal(read_picture(tmp_path / "pipe", "a").planes, planes(RGB16))
    thread.join()


def test_the_samples_are_planes_of_their_own():
    for data in (png(GREY, 8, 0), png(RGB, 8, 2), png(RGBA16, 16, 6)):
        picture = read_picture(data, "x")
        assert picture.planes.flags.c_contiguous
        assert picture.planes.flags.writeable
        picture.planes[...] = 0


def test_what_a_picture_says_of_itself():
    picture = read_picture(png(RGB16, 16, 2), "x")
    assert (picture.size, picture.colour, picture.full_scale) == ((5, 7), True, 65535)
    assert read_picture(tiff(FLOAT, sample_format=3), "x").full_scale == 1.0


def test_a_file_that_cannot_be_opened(tmp_path):
    for path, reason in ((tmp_path / "no.png", "no such file"), (tmp_path, "is a directory")):
        with pytest.raises(ConvError, match=rf"^a\\x0ab: .*{reason}"):
            read_picture(path, "a\nb")


def test_the_limit_is_itself_allowed():
    check(png(GREY, 8, 0), GREY)
    assert read_picture(png(GREY, 8, 0), "x", max_pixels=35).size == (5, 7)
    ppm = saved(GREY, "PPM")
    for data in (png(GREY, 8, 0), ppm, saved(RGB, "JPEG"), saved(RGB, "WEBP")):
        with pytest.raises(ConvError, match=r"^x: has 5x7 = 35 pixels, at most 34 are allowed"):
            read_picture(data, "x", max_pixels=34)


def test_no_limit_of_pillow_s_own_and_no_warnings():
    side = 9500  # above the pixels at which Pillow warns
    data = saved(np.zeros((side, side), bool), "TIFF", compression="group4")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_picture(data, "x").size == (side, side)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells what is resident")
@pytest.mark.parametrize("kind", ["L", "RGB"])
def test_memory_while_reading(tmp_path, kind):
    side = 3000
    Image.new(kind, (side, side)).save(tmp_path / "a.png", compress_level=1)
    Image.new(kind, (9, 9)).save(tmp_path / "small.png")  # loads what decodes
    script = (
        f"{RESIDENT}\nimport pathlib\n"
        "from convcli.files.pictures import read_picture\n"
        "read_picture(pathlib.Path('small.png'), 'small')\n"
        "before = resident('VmHWM')\n"
        "p = read_picture(pathlib.Path('a.png'), 'a')\n"
        "print((resident('VmHWM') - before) / p.planes.nbytes)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    assert float(done.stdout) < (2.3 if kind == "L" else 2.6)  # and a strip


def test_the_samples_of_the_project():
    kinds = {
        "coffee": ((3, 400, 600), np.uint8, False),
        "camera": ((512, 512), np.uint8, False),
        "coffee-grey16": ((200, 300), np.uint16, False),
        "coffee-cutout": ((3, 200, 300), np.uint8, True),
        "bars": ((6, 8), np.uint8, False),
    }
    for name, (shape, dtype, alpha) in kinds.items():
        picture = read_picture(SAMPLES / f"{name}.png", name)
        assert (picture.planes.shape, picture.planes.dtype) == (shape, dtype)
        assert (picture.alpha is not None) == alpha
    bars = read_picture(SAMPLES / "bars.png", "bars").planes
    table = np.loadtxt(SAMPLES / "bars.csv", delimiter=",")
    np.testing.assert_array_equal(bars, table * 255)
    assert len(np.unique(read_picture(SAMPLES / "coffee-grey16.png", "g").planes)) > 256
    listed = (SAMPLES / "README.md").read_text()
    for file in SAMPLES.glob("*.[pc][ns][gv]"):
        assert f"`{file.name}`" in listed


@pytest.mark.parametrize(
    ("mode", "told", "background"),
    [
        ("RGB", b"\0\xff\0\0\0\x33", (1.0, 0.0, 0.2)),
        ("L", b"\0\x33", (0.2, 0.2, 0.2)),
        ("1", b"\0\1", (1.0, 1.0, 1.0)),
        ("I;16", b"\xff\xff", (1.0, 1.0, 1.0)),
        ("P", b"\1", (0.0, 0.0, 1.0)),
        ("RGB", b"\0\x66", None),
        ("P", b"\x09", None),  # beyond the palette
        ("L", b"\1\0", None),  # beyond 8 bits
        ("RGB", b"", None),
        ("RGB", b"\0\xff\0", None),
    ],
)
def test_the_background_of_a_png(mode, told, background):
    image = Image.new(mode, (3, 2))
    if mode == "P":
        image.putpalette([255, 0, 0, 0, 0, 255])
    file = io.BytesIO()
    image.save(file, "PNG")
    picture = read_picture(with_background(file.getvalue(), told), "x")
    assert picture.background == (None if background is None else pytest.approx(background))
    assert read_picture(file.getvalue(), "x").background is None


def test_kinds_that_are_no_grey_and_no_rgb_are_refused():
    file = io.BytesIO()
    Image.new("LAB", (3, 2)).save(file, "TIFF")
    with pytest.raises(ConvError) as caught:
        read_picture(file.getvalue(), "x")
    assert str(caught.value) == (
        "x: has samples of the kind LAB, which is not read: grey and RGB are"
    )


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("white", (1, 1, 1)),
        (" #f00 ", (1, 0, 0)),
        ("#00ff33", (0, 1, 0.2)),
        ("#0033ffff", (0, 0.2, 1)),
        ("rgb(255, 0, 51)", (1, 0, 0.2)),
        ("hsl(120, 100%, 50%)", (0, 1, 0)),
    ],
)
def test_colours(text, colour):
    assert colour_of(text) == pytest.approx(colour)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got '', a colour is needed, as in white or #ff8000"),
        ("whyte\n", "got 'whyte\\x0a', a colour is needed, as in white or #ff8000"),
        ("#ff", "got '#ff', a colour is needed, as in white or #ff8000"),
        ("#ff000080", "got '#ff000080', an opaque colour is needed"),
        ("#ff0000fe", "got '#ff0000fe', an opaque colour is needed"),
    ],
)
def test_colours_that_are_none(text, message):
    with pytest.raises(ConvError) as caught:
        colour_of(text)
    assert str(caught.value) == message
    assert caught.value.usage


def test_a_palette_with_alpha_beside_it():
    x = np.random.default_rng(0).integers(0, 256, (5, 7, 2), np.uint8)
    colours = np.random.default_rng(1).integers(0, 256, (256, 3), np.uint8)
    image = Image.frombytes("PA", (7, 5), x.tobytes())
    image.putpalette(colours.tobytes())
    file = io.BytesIO()
    image.save(file, "TIFF")
    found = read_picture(file.getvalue(), "x")
    assert (found.planes == colours[x[..., 0]].transpose(2, 0, 1)).all()
    assert (found.alpha == x[..., 1]).all()


def test_a_fourth_sample_that_is_no_alpha_is_left():
    x = np.random.default_rng(0).integers(0, 256, (5, 7, 4), np.uint8)
    image = Image.frombytes("RGBX", (7, 5), x.tobytes())
    file = io.BytesIO()
    image.save(file, "TIFF")
    notes = ("one more sample a pixel, of no told kind, is left out",)
    check(file.getvalue(), planes(x[..., :3]), notes=notes)
