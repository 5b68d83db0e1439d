"""What a file that is named holds, and pairs of names in a table."""

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.files.arrays import npy_bytes
from convcli.files.inputs import Source, kind_of, listed, read_pairs
from tests.files.making import png

GREY = np.zeros((2, 3), np.uint8)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def zipped():
    file = io.BytesIO()
    np.savez(file, GREY)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("x", png(GREY, 8, 0), "picture"),
        ("x.csv", png(GREY, 8, 0), "picture"),
        ("x.png", npy_bytes(GREY), "npy"),
        ("x.npy", zipped(), "npz"),
        ("x.csv", b"1,2\n", None),
        ("x", b"", None),
        ("x.png", b"1,2\n", "unknown"),  # its name says picture
        ("X.JPG", b"", "unknown"),
    ],
)
def test_the_kind_of_a_file(name, data, kind):
    Path(name).write_bytes(data)
    assert kind_of(name) == kind


def test_the_folder_that_a_template_names():
    assert Source("p/a.png", named="p").dir == "p"
    assert Source("p/q/a.png", "q").dir == "q"
    assert Source("a.png").dir == ""


def test_what_cannot_be_read_is_of_no_known_kind():
    os.mkfifo("pipe")  # it is not opened: that would wait
    for name in ("none", ".", "pipe", "/dev/null", "a\0b"):
        assert kind_of(name) == "unknown"


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("a,b\n", [("a", "b")]),
        ("x,y\na,b\n", [("a", "b")]),
        (" X , Y \n a , b c \n", [("a", "b c")]),
        ("a,b\nx,y\n", [("a", "b"), ("x", "y")]),  # a head is the first line
        ("a,x\n", [("a", "x")]),
        ("x,b\n", [("x", "b")]),
        ("\n,\na,b\r\n\r\nc,d", [("a", "b"), ("c", "d")]),
        ('"a,1",b\n', [("a,1", "b")]),
        ("/a,/b\n", [("/a", "/b")]),
        ("\ufeffx,y\ra,b\r", [("a", "b")]),
    ],
)
def test_pairs_are_named_from_the_folder_of_their_table(text, pairs, monkeypatch):
    Path("f").mkdir()
    Path("f/pairs.csv").write_bytes(text.encode())
    below = [tuple(n if n.startswith("/") else f"f/{n}" for n in pair) for pair in pairs]
    assert read_pairs("f/pairs.csv") == below
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert read_pairs("-") == pairs


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\n", "line 1 has 1 cells, the names of an input and of its answer are needed"),
        (b"x,y\na,b,c\n", "line 2 has 3 cells, the names of an input and of its answer are needed"),
        (b"a,b\n\na,\n", "line 3 has 2 cells, the names of an input and of its answer are needed"),
        (b",b\n", "line 1 has 2 cells, the names of an input and of its answer are needed"),
        (b"x,y,z\n", "line 1 has 3 cells, the names of an input and of its answer are needed"),
        (b"", "has no lines, pairs of file names are needed"),
        (b"x,y\n\n", "has no lines, pairs of file names are needed"),
        (b"a,b\n\xff,c\n", "line 2 is no UTF-8 text"),
        (b"a,b\n" + b"a" * 200_000 + b",c\n", "line 2: field larger than field limit (131072)"),
    ],
)
def test_pairs_that_are_refused(data, message):
    Path("p\n.csv").write_bytes(data)
    with pytest.raises(ConvError) as caught:
        read_pairs("p\n.csv")
    assert str(caught.value) == f"p\\x0a.csv: {message}"


def test_a_table_that_cannot_be_read(monkeypatch):
    with pytest.raises(ConvError, match=r"^none: no such file or directory$"):
        read_pairs("none")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ConvError, match=r"^standard input: is closed$"):
        read_pairs("-")


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"a\x01b\n" + b"c" * 40, 2),  # one byte in twenty
        (b"\x01\x02\x03" + b"c" * 40, None),
        (b"\x1b[0m\t\n" * 20, 20),
        (b"\x7f" * 3, None),
        (b"\n" * 65_535, 0),
        (b"\n" * 65_536, None),
        (b"\0" * 65_536, None),
        (b"a\n" * 40_000, 40_000),
        (png(np.zeros((64, 64), np.uint8), 8, 0), None),
    ],
)
def test_binary_data_are_no_list(data, names):
    Path("list").write_bytes(data)
    if names is None:
        with pytest.raises(ConvError) as caught:
            listed("list")
        assert str(caught.value) == (
            "--files-from: list: is binary data, a list of file names is needed"
        )
    else:
        assert len(listed("list")) == names
