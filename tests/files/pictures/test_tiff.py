"""TIFFs of samples that Pillow does not read: bytes made here, and files of tifffile with the codecs of others."""

import builtins
import io
import struct
from importlib.util import find_spec

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.files.pictures import read_frames, read_picture
from convcli.files.pictures.formats import numbers, write_frames, write_numbers
from convcli.files.pictures.picture import Display, Frames, Picture
from tests.files.making import tiff

RNG = np.random.default_rng(23)
GREY = Picture(np.zeros((2, 2), np.uint8))


needs = pytest.mark.skipif(find_spec("tifffile") is None, reason="the extra tiff")


@pytest.fixture
def tifffile():
    return pytest.importorskip("tifffile")


def samples(dtype, shape=(5, 7)):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return (RNG.standard_normal(shape) * 1000).astype(dtype)
    held = np.iinfo(dtype)
    values = RNG.integers(held.min, held.max, shape, dtype, endpoint=True)
    values.flat[:2] = held.min, held.max
    return values


FORMATS = {"u": 1, "i": 2, "f": 3}
OTHERS = ["int8", "int64", "uint64", "float16", "float64"]


@needs
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", [*OTHERS, "uint32"])
def test_grey_of_other_numbers(order, dtype):
    values = samples(dtype)
    found = read_picture(tiff(values, order=order, sample_format=FORMATS[values.dtype.kind]), "x")
    assert found.planes.dtype == (np.float32 if dtype == "float16" else dtype)
    assert found.planes.dtype.isnative
    assert found.measured
    np.testing.assert_array_equal(found.planes, values)


@needs
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("count", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_bands(order, count, dtype, apart):
    values = samples(dtype, (5, 7, count))
    data = tiff(
        values,
        order=order,
        sample_format=FORMATS[values.dtype.kind],
        extra=(0,) * (count - 1),
        apart=apart,
    )
    found = read_picture(data, "x")
    assert found.numbers
    assert found.measured
    assert not found.colour
    assert found.alpha is None
    assert found.planes.flags.c_contiguous
    assert found.planes.dtype == dtype
    np.testing.assert_array_equal(found.planes, np.moveaxis(values, 2, 0))


@needs
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize(("photometric", "count"), [(2, 3), (2, 4), (1, 2), (0, 2)])
def test_colours_and_alpha_however_they_lie(order, apart, dtype, photometric, count):
    values = samples(dtype, (5, 7, count))
    extra = () if count == 3 else (2,)
    data = tiff(values, order=order, photometric=photometric, extra=extra, apart=apart)
    found = read_picture(data, "x")
    colours = np.moveaxis(values[..., :3] if photometric == 2 else values[..., :1], 2, 0)
    if photometric == 0:
        colours = np.iinfo(dtype).max - colours
    assert not found.measured
    assert found.notes == ()
    np.testing.assert_array_equal(found.planes, colours if len(colours) == 3 else colours[0])
    if count == 3:
        assert found.alpha is None
    else:
        np.testing.assert_array_equal(found.alpha, values[..., -1])


@needs
def test_colours_that_alpha_has_been_multiplied_into():
    straight = samples("uint16", (5, 7, 3)).astype(np.float64)
    alpha = samples("uint16")
    alpha[0, :3] = 0, 1, 65535
    held = np.round(straight * alpha[..., np.newaxis] / 65535).astype(np.uint16)
    data = tiff(np.dstack([held, alpha]), photometric=2, extra=(1,))
    found = read_picture(data, "x")
    np.testing.assert_array_equal(found.alpha, alpha)
    expected = np.minimum(np.round(held * 65535.0 / np.maximum(alpha, 1)[..., np.newaxis]), 65535)
    np.testing.assert_array_equal(found.planes, np.moveaxis(expected, 2, 0))


@needs
def test_samples_of_no_told_kind_are_said_to_be_left():
    values = samples("uint16", (5, 7, 5))
    found = read_picture(tiff(values, photometric=2, extra=(0, 0)), "x")
    np.testing.assert_array_equal(found.planes, np.moveaxis(values[..., :3], 2, 0))
    assert found.notes == ("2 more samples a pixel, of no told kind, are left out",)


@needs
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_upright(orientation):
    values = samples("float64", (5, 7, 2))
    found = read_picture(
        tiff(values, sample_format=3, extra=(0,), orientation=orientation), "x"
    ).planes
    plain = np.moveaxis(values, 2, 0)
    turned = {
        1: plain,
        2: plain[:, :, ::-1],
        3: plain[:, ::-1, ::-1],
        4: plain[:, ::-1],
        5: plain.transpose(0, 2, 1),
        6: plain[:, ::-1].transpose(0, 2, 1),
        7: plain[:, ::-1, ::-1].transpose(0, 2, 1),
        8: plain[:, :, ::-1].transpose(0, 2, 1),
    }
    np.testing.assert_array_equal(found, turned[orientation])


@pytest.mark.parametrize("compression", [None, "deflate", "lzw", "zstd", "lzma", "packbits"])
@pytest.mark.parametrize("tile", [None, (16, 32)])
@pytest.mark.parametrize(
    ("dtype", "predictor"), [("float64", None), ("float64", 3), ("uint64", 2), ("float64", 2)]
)
@pytest.mark.parametrize("big", [False, True])
def test_packed(tifffile, compression, tile, dtype, predictor, big):
    pytest.importorskip("imagecodecs")
    if (predictor == 2 and dtype == "float64") or (predictor and compression in (None, "packbits")):
        pytest.skip("no such file")
    values = samples(dtype, (40, 70))
    file = io.BytesIO()
    tifffile.imwrite(
        file, values, compression=compression, predictor=predictor, tile=tile, bigtiff=big
    )
    np.testing.assert_array_equal(read_picture(file.getvalue(), "x").planes, values)


@pytest.mark.parametrize("compression", [None, "deflate", "lzw", "zstd"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("count", [3, 4])
def test_deep_colours_that_are_packed(tifffile, compression, order, apart, count):
    pytest.importorskip("imagecodecs")
    values = samples("uint16", (count, 6, 9) if apart else (6, 9, count))
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        values,
        byteorder=order,
        photometric="rgb",
        planarconfig="separate" if apart else "contig",
        extrasamples=["unassalpha"] * (count - 3),
        compression=compression,
    )
    found = read_picture(file.getvalue(), "x")
    planes = values if apart else np.moveaxis(values, 2, 0)
    np.testing.assert_array_equal(found.planes, planes[:3])
    if count == 4:
        np.testing.assert_array_equal(found.alpha, planes[3])


@pytest.mark.parametrize("compression", [None, "deflate", "lzw"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "uint32", "float32"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("apart", [False, True])
def test_packed_bands(tifffile, compression, dtype, tile, apart):
    pytest.importorskip("imagecodecs")
    values = samples(dtype, (3, 20, 30) if apart else (20, 30, 3))
    file = io.BytesIO()
    way = "separate" if apart else "contig"
    tifffile.imwrite(
        file,
        values,
        photometric="minisblack",
        planarconfig=way,
        compression=compression,
        tile=tile,
        metadata=None,
    )
    found = read_picture(file.getvalue(), "x")
    assert found.notes == ()
    assert found.planes.dtype == dtype
    np.testing.assert_array_equal(found.planes, values if apart else np.moveaxis(values, 2, 0))


def test_floats_are_a_picture_from_black_to_white_and_else_numbers():
    for values, own in (([0, 0.5, 1], False), ([0, 0.5, 1.01], True), ([-0.01, 1, 1], True)):
        found = read_picture(tiff(np.array([values], np.float32), sample_format=3), "x")
        assert found.measured == own
    assert read_picture(tiff(np.array([[0, np.nan]], np.float32), sample_format=3), "x").measured


def several(tifffile, pages):
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for page in pages:
            writer.write(page, photometric="minisblack", planarconfig=None, metadata=None)
    return file.getvalue()


def test_pages(tifffile):
    first, second = samples("float64"), samples("int16", (3, 4))
    data = several(tifffile, [first, second])
    found = read_picture(data, "x")
    np.testing.assert_array_equal(found.planes, first)
    assert found.notes == ("the first of 2 pages is read",)
    found = read_picture(data, "x", frame=1)
    np.testing.assert_array_equal(found.planes, second)
    assert found.notes == ()
    with pytest.raises(ConvError, match=r"^x: has 2 pages, --frame 0 to 1 are allowed, got 2$"):
        read_picture(data, "x", frame=2)
    frames = read_frames(data, "x")
    assert frames.durations is None
    for page, expected in zip(frames.pictures, (first, second), strict=True):
        np.testing.assert_array_equal(page.planes, expected)
    with pytest.raises(ConvError, match=r"^x: has 3x4 = 12 pixels, at most 5 are allowed"):
        read_frames(data, "x", max_pixels=40)


def test_a_later_page_that_pillow_does_not_know(tifffile):
    first, second = samples("uint8"), samples("float64")
    frames = read_frames(several(tifffile, [first, second]), "x").pictures
    np.testing.assert_array_equal(frames[0].planes, first)
    assert not frames[0].measured
    np.testing.assert_array_equal(frames[1].planes, second)


def test_resolution_and_place(tifffile):
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        samples("float64"),
        resolution=(100, 50),
        resolutionunit="centimeter",
        extratags=[(33550, "d", 3, (1, 1, 0), True)],
    )
    found = read_picture(file.getvalue(), "x")
    assert found.display.resolution == pytest.approx((254, 127))
    assert found.notes == ("its place on the earth (GeoTIFF) is left out",)


WHOLE = tiff(samples("float64", (13, 17, 2)), sample_format=3, extra=(0,))


def outcome(data):
    """Read, and return the planes or the one line of the error."""
    try:
        return read_picture(data, "the file").planes
    except ConvError as error:
        text = str(error)
    assert text.startswith("the file: ")
    assert text.isprintable()
    return text


@needs
def test_a_cut_file_is_refused():
    for cut in sorted({0, 7, *RNG.integers(0, len(WHOLE) - 20, 60).tolist()}):
        assert isinstance(outcome(WHOLE[:cut]), str), cut


def test_a_cut_packed_file_is_refused(tifffile):
    file = io.BytesIO()
    tifffile.imwrite(file, samples("float64", (40, 70)), compression="deflate", tile=(16, 16))
    data = file.getvalue()
    for cut in RNG.integers(0, len(data), 60):
        assert isinstance(outcome(data[:cut]), str), cut


@needs
def test_broken_tags_are_told_and_nothing_is_logged(capfd):
    head = WHOLE.index(struct.pack("<HHI", 258, 3, 2)) - 40
    refused = 0
    for _ in range(400):
        data = bytearray(WHOLE)
        data[RNG.integers(head, len(data))] = RNG.integers(0, 256)
        refused += isinstance(outcome(bytes(data)), str)
    assert refused > 200
    assert capfd.readouterr().err == ""


@needs
def test_a_broken_tag_is_damage():
    count = struct.pack("<HHI", 339, 4, 1)
    data = WHOLE.replace(count, struct.pack("<HHI", 339, 40, 1))
    assert data != WHOLE
    assert outcome(data).startswith("the file: is damaged: ")


@needs
def test_a_strip_that_is_missing():
    whole = tiff(samples("float64", (5, 7, 3)), sample_format=3, extra=(0, 0), apart=True)
    data = whole.replace(struct.pack("<HHI", 279, 4, 3), struct.pack("<HHI", 279, 4, 2))
    assert data != whole
    assert outcome(data) == "the file: is damaged: it does not say where all of its parts lie"


@needs
@pytest.mark.parametrize("tag", [256, 257])
def test_a_huge_size_is_refused_at_once(tag):
    size = {256: 17, 257: 13}[tag]
    data = WHOLE.replace(
        struct.pack("<HHII", tag, 4, 1, size), struct.pack("<HHII", tag, 4, 1, 2**31)
    )
    assert "pixels, at most 268435456 are allowed (--max-pixels)" in outcome(data)


@pytest.mark.parametrize(
    ("values", "options", "has"),
    [
        (samples("float64"), {"sample_format": 3}, "floats of 64 bits"),
        (samples("int8"), {"sample_format": 2}, "signed integers of 8 bits"),
        (
            samples("int16", (5, 7, 3)),
            {"sample_format": 2},
            "3 bands of signed integers of 16 bits",
        ),
        (samples("uint64"), {}, "integers of 64 bits"),
    ],
)
def test_without_the_extra_it_is_named(monkeypatch, values, options, has):
    def missing(name, *args, **kwargs):
        if name.startswith("tifffile"):
            raise ImportError
        return imported(name, *args, **kwargs)

    imported = builtins.__import__
    monkeypatch.setattr("convcli.files.pictures.tiff.import_module", missing)
    message = f"x: has {has}: they are read with pip install 'convcli[tiff]'"
    with pytest.raises(ConvError) as caught:
        read_picture(tiff(values, **options), "x")
    assert str(caught.value) == message
    with pytest.raises(ConvError, match=r"^a TIFF of several bands is written with pip install"):
        write_numbers(io.BytesIO(), samples("float32", (2, 3, 4)), GREY)
    with pytest.raises(ConvError, match="is broken, or of a kind that is not read here"):
        read_picture(b"II*\0" + b"\xff" * 30, "x")


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64", "int64"])
@pytest.mark.parametrize("shape", [(5, 7), (2, 5, 7), (4, 5, 7)])
def test_written_numbers_come_back(tifffile, dtype, shape):
    values = samples(dtype, shape)
    source = Picture(values, display=Display((300, 150)), numbers=True)
    file = io.BytesIO()
    write_numbers(file, values, source)
    found = read_picture(file.getvalue(), "x")
    assert found.measured
    assert found.planes.dtype == (np.int32 if dtype == "int16" else dtype)
    np.testing.assert_array_equal(found.planes, values)
    assert found.display.resolution == (300, 150)
    assert tifffile.imread(io.BytesIO(file.getvalue())).shape == shape


@needs
def test_floats_are_as_wide_as_those_they_come_from():
    values = samples("float64", (2, 5, 7))
    for dtype, expected in (
        ("float32", np.float32),
        ("int16", np.float32),
        ("float64", np.float64),
    ):
        made = numbers(values, Picture(values.astype(dtype), numbers=True))
        assert made.planes.dtype == expected


@needs
def test_written_pages_of_bands_come_back():
    held = [samples("float32", (2, 5, 7)), samples("float32", (3, 4))]
    made = [numbers(values, Picture(values, numbers=True)) for values in held]
    file = io.BytesIO()
    assert write_frames(file, made, "tiff", Frames(tuple(made))) == ()
    for page, values in zip(read_frames(file.getvalue(), "x").pictures, held, strict=True):
        np.testing.assert_array_equal(page.planes, values)


def test_one_band_is_a_plane():
    made = numbers(np.ones((1, 2, 3), np.float32), GREY)
    assert made.planes.shape == (2, 3)


def test_more_dimensions_than_bands_are_refused():
    with pytest.raises(ConvError) as caught:
        numbers(np.zeros((2, 3, 4, 5)), GREY)
    assert str(caught.value) == "TIFF cannot hold 2x3x4x5: bands of numbers at most, NPY holds more"


@needs
def test_an_integer_that_is_too_wide_for_what_it_comes_from():
    wide = Picture(np.zeros((2, 2), np.uint64))
    assert numbers(np.array([[2**40]]), wide).planes.dtype == np.int64
    with pytest.raises(ConvError, match=r"^TIFF cannot hold integers of more than 64 bits"):
        numbers(np.array([[2**63]], np.uint64), wide)


@needs
@pytest.mark.parametrize("bits", [2, 4, 6, 10, 12, 14])
def test_samples_of_few_bits_span_the_whole_range(bits):
    pytest.importorskip("imagecodecs")
    dtype = np.uint8 if bits < 8 else np.uint16
    values = RNG.integers(0, 2**bits, (5, 8, 3), dtype=dtype)
    values[0, :2] = [[0], [2**bits - 1]]
    # eight samples of a band are as many bytes as a sample has bits, the highest bit first
    planes = np.moveaxis(values, 2, 0)
    ones = planes[..., np.newaxis] >> np.arange(bits)[::-1] & 1
    packed = np.packbits(ones.astype(np.uint8).reshape(3, 5, -1), axis=-1)
    data = tiff(np.moveaxis(packed, 0, 2), photometric=2, apart=True, bits=bits, width=8)
    found = read_picture(data, "x").planes
    assert found.dtype == dtype
    full = np.iinfo(dtype).max
    assert found[:, 0, :2].tolist() == [[0, full]] * 3
    exact = planes * (full / (2**bits - 1))
    assert np.abs(found - exact).max() < (1 if bits > 8 else 3)
