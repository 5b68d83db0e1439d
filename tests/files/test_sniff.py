import io

import numpy as np
import pytest
from PIL import Image

from convcli.files.sniff import HEAD, READABLE, described, picture_format, sniff


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM"])
@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_pictures(format, mode):
    file = io.BytesIO()
    Image.new(mode, (300, 200)).save(file, format)
    head = file.getvalue()[:HEAD]
    assert picture_format(head) == format
    assert sniff(head) == "picture"


def test_arrays_and_texts():
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    assert sniff(file.getvalue()[:HEAD]) == "npy"
    file = io.BytesIO()
    np.savez(file, np.zeros(3))
    assert sniff(file.getvalue()[:HEAD]) == "npz"
    for text in (
        b"",
        b"1,2\n",
        b"P1,P2\n",
        b"BMI,age\n22,31\n40,1",
        b"GIF,1",
        b"PK,1",
        b"RIFF,1,2,3",
        b"II,1",
    ):
        assert sniff(text[:HEAD]) is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html>", "an HTML page"),
        (b"<HTML>", "an HTML page"),
        (b"\t<head>", "an HTML page"),
        (b"<svg xmlns", "an SVG drawing"),
        (b"<?xml version", "XML"),
        (b' {"a": 1}', "JSON"),
        (b"[1, 2]", "JSON"),
        (b"%PDF-1.7", "a PDF"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"\x1f\x8b\x08", "gzipped data"),
        (b"\x1aE\xdf\xa3", "a video"),
        (b"8BPS\0\1", "a Photoshop picture"),
        (b"\0\0\0\x18ftypheic", "a HEIC or AVIF picture"),
        (b"\0\0\0\x18ftypavif", "a HEIC or AVIF picture"),
        (b"\0\0\0\x18ftypmif1", "a HEIC or AVIF picture"),
        (b"\0\0\0\x18ftypqt  ", "binary data"),
        (bytes(9), "nothing but zero bytes"),
        (b"\0\1", "binary data"),
        (b"a" * 1023 + b"\0", "binary data"),
        (b"a" * 1024 + b"\0", "text"),
        (b"1,2\n", "text"),
    ],
)
def test_what_a_person_is_told_that_a_file_is(data, what):
    assert described(data) == what


@pytest.mark.parametrize(
    "head",
    [
        b"RIFF\0\0\0\0WAVEfmt ",
        b"WEBP\0\0\0\0RIFF",
        b"BM\0\0\0\0\0\0\1\0\0\0\0\0\x28\0",
        b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\1",
        b"P7\nWIDTH 3",
        b"P0 1",
        b"P5,1",
        b"P",
        b"P5",
        b"Q5 1",
        b"GIF88a",
        b"II*\1",
        b"MM*\0",
        b"\xff\xd8",
    ],
)
def test_what_only_begins_like_a_picture_is_none(head):
    assert picture_format(head) is None


def test_every_format_has_a_title_and_suffixes():
    for head, name in (
        (b"II+\0", "TIFF"),
        (b"MM\0+", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"GIF87a", "GIF"),
        (b"P1\t", "PPM"),
        (b"P6#", "PPM"),
        (b"P4\r", "PPM"),
    ):
        assert picture_format(head) == name
        assert READABLE[name].title
        assert READABLE[name].suffixes
