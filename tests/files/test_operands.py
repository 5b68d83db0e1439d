"""Operands: a file, or standard input, read as what its first bytes say that it is, or refused in one line."""

import gzip
import io
import os
import re
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from convcli.engine.errors import ConvError
from convcli.files import memory
from convcli.files.arrays import npy_bytes
from convcli.files.operands import Reading, check_single_stdin, contents, load, load_frames
from tests.files.making import png, tiff

GREY = np.arange(30, dtype=np.uint8).reshape(5, 6)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)  # a limit on a GIF stays with Pillow
    return tmp_path


@pytest.fixture
def put(here):
    def put(name, data):
        (here / name).write_bytes(data)
        return name

    return put


@pytest.fixture
def stdin(monkeypatch):
    return lambda data: monkeypatch.setattr(
        sys, "stdin", None if data is None else io.TextIOWrapper(io.BytesIO(data))
    )


def saved(array, **more):
    file = io.BytesIO()
    first, *others = (Image.fromarray(a) for a in array)
    first.save(file, "GIF", save_all=True, append_images=others, **more)
    return file.getvalue()


def zipped():
    file = io.BytesIO()
    np.savez(file, GREY)
    return file.getvalue()


ARRAY = np.arange(12.0).reshape(3, 4)
KINDS = {
    "picture": (png(GREY, 8, 0), GREY),
    "npy": (npy_bytes(ARRAY), ARRAY),
    "csv": (b"0,1,2,3\n4,5,6,7\n8,9,10,11\n", ARRAY),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["file", "stdin", "pipe", "source", "gzip"])
def test_the_first_bytes_decide_however_it_comes(kind, way, put, stdin):
    data, expected = KINDS[kind]
    name = "-" if way == "stdin" else "x"
    if way == "gzip" and kind == "picture":
        return
    if way == "stdin":
        stdin(data)
        found = load("-")
    elif way == "pipe":
        os.mkfifo("x")
        thread = threading.Thread(target=lambda: put("x", data))
        thread.start()
        found = load("x")
        thread.join()
    elif way == "source":
        found = load("x", source=data)
    else:
        found = load(put("x", gzip.compress(data) if way == "gzip" else data))
    assert found.name == name
    np.testing.assert_array_equal(found.values, expected)
    assert (found.picture is not None) == (kind == "picture")
    assert found.raw is None
    assert found.notes == ()


def test_numbers_of_their_own_units_are_an_array_with_its_picture(put):
    heights = GREY.astype(np.int32) * -1000
    found = load(put("dem.tif", tiff(heights, sample_format=2)))
    np.testing.assert_array_equal(found.values, heights)
    assert found.picture is None
    assert found.raw.measured


def test_what_was_not_read_as_it_is_is_told(put):
    found = load(put("x.gif", saved([GREY, 255 - GREY])))
    assert found.notes == ("the first of 2 frames is read",)
    assert found.picture.notes == found.notes
    found = load(put("x.npy", npy_bytes(np.arange(4))))
    assert found.values.shape == (1, 4)
    assert found.notes == ("one dimension is read as one row, 1x4",)
    found = load(put("x.csv", b"1,2\n\n3,4\n\n5,6\n"))
    assert found.values.shape == (3, 1, 2)
    assert found.notes == ("blank lines between all rows are read as 3x1x2",)
    found = load(put("x.csv", b"1,2\n3,4\n\n5,6\n7,8\n"))
    assert found.values.shape == (2, 2, 2)
    assert found.notes == ()
    assert load(put("x.csv", b"1,2\n")).notes == ()


@pytest.mark.parametrize("kind", ["npy", "csv"])
def test_the_layout_is_asked_for_and_applied(kind, put):
    array = np.arange(60.0).reshape(5, 4, 3)
    text = "\n\n".join("\n".join(",".join(map(str, row)) for row in plane) for plane in array)
    name = put("x", npy_bytes(array) if kind == "npy" else text.encode())
    with pytest.raises(ConvError, match=r"^x: got 5x4x3, which looks like HxWxC"):
        load(name)
    np.testing.assert_array_equal(load(name, Reading(layout="chw")).values, array)
    hwc = load(name, Reading(layout="hwc")).values
    np.testing.assert_array_equal(hwc, array.transpose(2, 0, 1))


def test_a_frame_is_the_one_that_is_asked_for(put):
    name = put("x.gif", saved([GREY, 255 - GREY]))
    np.testing.assert_array_equal(load(name, Reading(frame=1)).values, 255 - GREY)
    assert load(name, Reading(frame=0)).notes == ()
    assert load(name, Reading(frame="all")).notes == ("the first of 2 frames is read",)
    found, frames = load_frames(name, Reading(frame="all"))
    assert [operand.name for operand in found] == [name, name]
    np.testing.assert_array_equal([o.values for o in found], [GREY, 255 - GREY])
    assert len(frames.pictures) == 2
    with pytest.raises(ConvError, match=r"^x.gif: has 2 frames of 5x6 pixels, at most 59 "):
        load_frames(name, Reading(max_pixels=59))
    with pytest.raises(ConvError, match=r"^x.gif: has 30 pixels, at most 29 "):
        load(name, Reading(max_pixels=29))


@pytest.mark.parametrize("kind", ["npy", "csv"])
def test_arrays_have_no_frames(kind, put):
    name = put("x", KINDS[kind][0])
    message = r"^x: is no picture, --frame is for pictures' files$"
    for frame in (0, "all"):
        with pytest.raises(ConvError, match=message):
            load(name, Reading(frame=frame))
    with pytest.raises(ConvError, match=message):
        load_frames(name, Reading(frame="all"))


def test_nan_is_read_where_it_is_allowed(put):
    name = put("x.csv", b"1,nan\n")
    with pytest.raises(ConvError, match=r"^x.csv: "):
        load(name)
    np.testing.assert_array_equal(load(name, Reading(allow_nan=True)).values, [[1, np.nan]])


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.npz", zipped(), r"x.npz: is a zip archive \(NPZ\), one array is needed: .*\['NAME'\]\)$"),
        ("x.png", b"1,2\n", "x.png: is text and no picture, whatever its suffix says: PNG, .* are read$"),
        ("x.TIFF", b"<html>", "x.TIFF: is an HTML page and no picture, "),
        ("x.jpg", b"", "x.jpg: is empty and no picture, "),
        ("x.png.gz", gzip.compress(png(GREY, 8, 0), mtime=0), "x.png.gz: is a picture packed by gzip: gunzip it$"),
        ("x.csv.gz", gzip.compress(b"1,2\n" * 99, mtime=0)[:-9], "x.csv.gz: the gzip stream ends too early"),
        ("a\nb", b"1,x\n", r"a\\x0ab: "),
        ("folder", None, "folder: is a folder, a file is needed$"),
        ("none", None, "none: no such file or directory$"),
        ("a\0b", None, r"a\\x00b: is no file name$"),
    ],
)  # fmt: skip
def test_what_is_refused(name, data, message, here, put):
    (here / "folder").mkdir()
    if data is not None:
        put(name, data)
    with pytest.raises(ConvError, match=f"^{message}"):
        load(name)


def test_standard_input_that_gives_nothing(stdin):
    stdin(b"")
    with pytest.raises(
        ConvError, match=r"^standard input: is empty, a picture or an array is needed$"
    ):
        load("-")
    stdin(None)
    with pytest.raises(ConvError, match=r"^standard input: is closed$"):
        load("-")
    stdin(bytes(1 << 20))
    with pytest.raises(ConvError, match=r"^standard input: is nothing but zero bytes, "):
        load("-")

    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError(5, "Input/output error")

    sys.stdin = io.TextIOWrapper(Broken())
    with pytest.raises(ConvError, match=r"^standard input: input/output error$"):
        load("-")


def test_standard_input_is_read_by_one_operand():
    check_single_stdin("-", "x", "y")
    check_single_stdin("x")
    for names in (("-", "-"), ("-", "x", "-", "-")):
        with pytest.raises(ConvError, match=r"^-: got standard input twice") as caught:
            check_single_stdin(*names)
        assert caught.value.usage


def test_a_regular_file_is_not_held_and_a_pipe_is_bounded(put, here, stdin):
    assert contents(put("x", b"1,2")) == (here / "x").relative_to(here)
    for name in ("/dev/zero", "-"):
        stdin(b"\x93NUMPY" + bytes(3 << 20))
        with pytest.raises(ConvError) as caught:
            load(name, Reading(max_memory=1 << 20)) if name == "-" else contents(name, 1 << 20)
        assert re.match(
            "standard input: has no end in reach|/dev/zero: is nothing but zero", str(caught.value)
        )


def test_a_text_for_which_there_is_no_memory_is_refused(put, monkeypatch):
    name = put("x.csv", b"1,2\n" * 1000)
    monkeypatch.setattr(memory, "free", lambda: 6000.0)
    assert load(name).values.shape == (1000, 2)
    monkeypatch.setattr(memory, "free", lambda: 4000.0)
    with pytest.raises(
        ConvError, match=r"^x.csv: needs 4000 bytes of memory, 3200 bytes are free$"
    ):
        load(name)


def test_a_file_that_may_not_be_read(put, monkeypatch):
    name = put("x.csv", b"1,2\n")

    def refused(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.open", refused)
    with pytest.raises(ConvError, match=r"^x.csv: permission denied$"):
        load(name)
