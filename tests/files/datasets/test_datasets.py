"""Labelled data: every format against arrays that were put into it by hand, and the exact line for what is refused."""

import gzip
import io
import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convcli.engine.errors import ConvError
from convcli.files import gzipped, incoming
from convcli.files.datasets import (
    FORMATS,
    classes,
    numbered,
    read_labelled,
    read_unlabelled,
    source,
)
from tests.conftest import SAMPLES

CODES = {"u1": 0x08, "i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def here(tmp_path):
    return tmp_path


def idx(array, code="u1"):
    """Encode an IDX file by hand."""
    header = bytes([0, 0, CODES[code], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(code).tobytes()


def counted(n=3, height=4, width=5):
    return np.arange(n * height * width, dtype=np.uint8).reshape(n, height, width)


def put(path, data, packed=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if packed else data)


def pair(folder, prefix="train-", x=None, y=(7, 0, 7), packed=False, dot=False):
    """Write images and labels as the MNIST family names them."""
    x = counted(len(y)) if x is None else x
    sign, end = "." if dot else "-", ".gz" * packed
    put(folder / f"{prefix}images{sign}idx3-ubyte{end}", idx(x), packed)
    put(folder / f"{prefix}labels{sign}idx1-ubyte{end}", idx(np.array(y)), packed)
    return x


def picture(path, value=0, size=(4, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size, value, np.uint8)).save(path)


def said(name, **more):
    """Return the one line that refuses."""
    with pytest.raises(ConvError) as caught:
        read_labelled(name, **more)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_formats_have_names_and_titles():
    assert list(FORMATS) == ["idx", "folder", "npz", "csv"]
    assert all(row.name == key and row.title for key, row in FORMATS.items())


# classes and numbers


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["10", "9", "-1", "9"], ("-1", "9", "10")),
        (["10", "9", "a"], ("10", "9", "a")),
        (["b", "A", "a"], ("A", "a", "b")),
        (["01", "1", "0"], ("0", "01", "1")),
        (["9" * 5000, "1"], ("1", "9" * 5000)),
    ],
)
def test_classes(texts, found):
    assert classes(texts) == found


def test_numbers_are_places_among_the_classes():
    y = numbered(["b", "a", "b"], ("a", "b", "c"))
    assert y.dtype == np.int64
    assert y.tolist() == [1, 0, 1]


def test_unknown_labels_are_named_with_the_known():
    with pytest.raises(ConvError) as caught:
        numbered(["cat", "cow", "cow", "ant\x1b"], ("cat", "dog"))
    assert str(caught.value) == (
        "3 examples have a label that is none of the network's: got ant\\x1b, cow; known: cat, dog"
    )
    with pytest.raises(ConvError, match=r"^1 example has .*known: 0, .*, 11, … \(1000 in all\)$"):
        numbered(["x"], [str(n) for n in range(1000)])


# a folder with a folder per class


def test_a_folder_of_classes(here):
    for name in ("10/b.PNG", "10/a.jpg", "9/c.png", "9/.hidden.png", ".git/x.png"):
        picture(here / "d" / name)
    found = read_labelled("d")
    assert found.x is None
    assert found.white is None
    assert found.notes == ()
    assert len(found) == 3
    assert [(t, p.name) for t, p in zip(found.texts, found.paths, strict=True)] == [
        ("10", "a.jpg"),
        ("10", "b.PNG"),
        ("9", "c.png"),
    ]
    assert all(path.is_file() for path in found.paths)
    assert read_labelled("d/", max_value=16).white == 16


def test_strays_are_told(here):
    picture(here / "d/a/1.png")
    picture(here / "d/a/deep/2.png")
    put(here / "d/a/notes.txt", b"x")
    put(here / "d/read\x1b.md", b"x")
    found = read_labelled("d")
    assert len(found) == 1
    assert found.notes == ("left out, as no picture of a class: read\\x1b.md, a/deep, a/notes.txt",)


def test_a_class_without_pictures(here):
    picture(here / "d/a/1.png")
    (here / "d/b").mkdir()
    assert said("d").startswith(
        "d/b: has no pictures, each class needs one (by its suffix: .png, .jpg"
    )


def test_a_folder_too_high(here):
    picture(here / "d/train/a/1.png")
    assert said("d") == (
        "d/train: holds folders, pictures are needed in the folder of a class "
        "(to take its folders for classes, name it as the data)"
    )
    assert read_labelled("d/train").texts == ("a",)


@pytest.mark.parametrize("part", ["", "cat"])
def test_a_folder_that_may_not_be_listed(here, monkeypatch, part):
    picture(here / "data" / "cat" / "a.png")
    shut, listing = here / "data" / part, Path.iterdir

    def iterdir(path):
        if path.absolute() == shut:
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert said("data") == f"{Path('data', part)}: permission denied"


@pytest.mark.parametrize(
    ("name", "data"),
    [("d.csv", b"label,p\n1,2\n"), ("d.npz", None), ("train-images.idx", None)],
)
def test_a_file_that_may_not_be_read(here, monkeypatch, name, data):
    put(
        here / name,
        data or (saved(x=counted(), y=[1, 2, 3]) if name == "d.npz" else idx(counted())),
    )

    def refused(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refused)
    assert said(name) == f"{name}: permission denied"


def test_a_folder_of_nothing(here):
    picture(here / "d/1.png")
    assert said("d") == (
        "d: holds neither a folder of pictures for each class nor a pair of IDX files, images and labels"
    )


# IDX


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dot", [False, True])
def test_a_pair_by_any_of_its_names(here, packed, dot):
    x = pair(here / "m", packed=packed, dot=dot)
    sign, end = "." if dot else "-", ".gz" * packed
    names = ("m", "m/", "m/train", "m/train-", "m/tr")
    for name in (
        *names,
        f"m/train-images{sign}idx3-ubyte{end}",
        f"m/train-labels{sign}idx1-ubyte{end}",
    ):
        found = read_labelled(name)
        assert (found.name, found.texts, found.paths) == (name, ("7", "0", "7"), ())
        assert found.x.dtype == np.uint8
        np.testing.assert_array_equal(found.x, x[:, None])
        assert (found.white, found.notes) == (255, ())


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("axes", [2, 3, 4])
def test_idx_of_every_type(here, code, axes):
    low = 0 if code == "u1" else -3
    values = np.arange(low, low + 48)
    shape = {2: (3, 16), 3: (3, 4, 4), 4: (1, 3, 4, 4)}[axes]
    x = values.reshape(shape)
    put(here / f"a-images-idx{axes}-x", idx(x, code))
    put(here / "a-labels-idx1-x", idx(np.arange(len(x)) - 1, ">i4"))
    found = read_labelled("a")
    assert found.x.dtype == np.dtype(code).newbyteorder("=")
    assert found.x.dtype.isnative
    assert found.x.shape == ((1, 3, 4, 4) if axes == 4 else (3, 1, 4, 4))
    np.testing.assert_array_equal(found.x.ravel(), values)
    assert found.texts == tuple(str(n - 1) for n in range(len(x)))


def test_of_two_pairs_each_part_finds_its_own(here):
    pair(here / "m", y=(1, 2, 3))
    pair(here / "m", "t10k-", y=(4, 5), packed=True)
    found = read_labelled("m")
    assert found.texts == ("1", "2", "3")
    assert found.notes == ("train is read; beside it: t10k",)
    found = read_labelled("m", part="test")
    assert found.texts == ("4", "5")
    assert found.notes == ("t10k is read; beside it: train",)
    assert read_labelled("m/t10k").texts == ("4", "5")
    assert read_labelled("m/t10k").notes == ()


def test_the_name_of_the_folder_does_not_choose_the_pair(here):
    pair(here / "train", y=(1, 2, 3))
    pair(here / "train", "t10k-", y=(4, 5))
    assert read_labelled("train", part="test").texts == ("4", "5")


def test_prefixes_of_the_family(here):
    pair(here / "m", "emnist-letters-train-", y=(1, 2, 3))
    pair(here / "m", "emnist-letters-test-", y=(4, 5))
    pair(here / "m", "emnist-digits-train-", y=(6,))
    assert said("m") == (
        "m: holds several pairs of IDX files, one is to be named: "
        "m/emnist-digits-train, m/emnist-letters-test, m/emnist-letters-train"
    )
    found = read_labelled("m/emnist-letters", part="test")
    assert found.texts == ("4", "5")
    assert found.notes == (
        "emnist-letters-test is read; beside it: emnist-letters-train",
        "EMNIST keeps rows for columns: its pictures lie on their side, and are taken so",
    )
    assert read_labelled("m/emnist-digits").texts == ("6",)


def test_an_exact_prefix_wins(here):
    pair(here / "m", "train-", y=(1,))
    pair(here / "m", "train-more-", y=(2,))
    assert read_labelled("m/train").texts == ("1",)


def test_the_unpacked_file_is_taken_and_its_packed_copy_is_not_another(here):
    x = pair(here / "m", y=(1, 2, 3))
    pair(here / "m", y=(1, 2, 3), packed=True)
    (here / "m" / f"{IMAGES}.gz").write_bytes(b"\x1f\x8bno more")
    np.testing.assert_array_equal(read_labelled("m").x, x[:, None])
    assert read_labelled("m").notes == ()


def test_a_single_file_of_a_pair(here):
    pair(here / "m", packed=True)
    (here / "m" / f"{LABELS}.gz").unlink()
    line = (
        f"m/{IMAGES}.gz: the labels that belong to it are missing, "
        f"a file as {LABELS}.gz is needed beside it"
    )
    assert said("m") == line
    assert said(f"m/{IMAGES}.gz") == line
    pair(here / "n", "t10k-")
    (here / "n/t10k-images-idx3-ubyte").unlink()
    assert said("n/t10k") == (
        "n/t10k-labels-idx1-ubyte: the images that belong to it are missing, "
        "a file as t10k-images-idx3-ubyte is needed beside it"
    )


def test_an_idx_file_of_another_name(here):
    put(here / "x.bin", idx(counted()))
    assert said("x.bin").startswith(
        "x.bin: is an IDX file whose name does not say images or labels"
    )


@pytest.mark.parametrize("packed", [False, True])
def test_counts_that_disagree(here, packed):
    pair(here, x=counted(4), y=(1, 2, 3), packed=packed)
    end = ".gz" * packed
    assert said("train") == f"{IMAGES}{end}: got 4 images, and 3 labels in {LABELS}{end}"


@pytest.mark.parametrize("which", [IMAGES, LABELS])
@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda d: d + b"x", r"the header claims .*, the file holds more"),
        (lambda d: d[:-1], r"the header claims \d+ bytes of data \(.* uint8\), the file .*"),
        (lambda d: d[:6], r"the file ends within its header"),
        (lambda _: b"", r"got nothing at the start, an IDX file begins with 00 00, .*"),
        (lambda _: b"<html>", r"got 3c 68 74 6d at the start, an IDX file begins with 00 00, .*"),
        (lambda d: b"\0\0\x0a" + d[3:], r"got 00 00 0a 0. at the start, .*"),
        (lambda d: d[:3] + b"\5" + d[4:], r"got 00 00 08 05 at the start, .*"),
        (lambda d: d[:4] + bytes(4) + d[8:], r"got 0.*, at least one example is needed"),
        (lambda _: b"\0\0\x08\4" + b"\xff" * 16, r"the header claims 2\.951e\+20 EiB of data .*"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_idx(here, which, change, line, packed):
    pair(here, packed=packed)
    name = which + ".gz" * packed
    data = (here / name).read_bytes()
    put(here / name, change(gzip.decompress(data) if packed else data), packed)
    assert re.fullmatch(f"{re.escape(name)}: {line}", said("train"))


def test_petabytes_are_refused_before_memory_is_asked_for(here, monkeypatch):
    def never(*_):
        raise AssertionError("memory was asked for")

    put(here / f"{IMAGES}.gz", b"\0\0\x08\3" + struct.pack(">3I", 2**20, 2**15, 2**15), True)
    put(here / f"{LABELS}.gz", idx(np.zeros(3)), True)
    monkeypatch.setattr(source.np, "empty", never)
    assert said("train").startswith(
        f"{IMAGES}.gz: the header claims 1 PiB of data (1048576x32768x32768 uint8), the file has "
    )


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.99])
def test_a_truncated_gzip_stream(here, share):
    noise = np.random.default_rng(3).integers(0, 256, (9, 20, 20))
    pair(here, x=noise, y=range(9), packed=True)
    data = (here / f"{IMAGES}.gz").read_bytes()
    (here / f"{IMAGES}.gz").write_bytes(data[: max(int(share * len(data)), 12)])
    assert said("train") == f"{IMAGES}.gz: the gzip stream ends too early: the file is truncated"


def test_a_damaged_gzip_stream(here):
    pair(here, packed=True)
    data = bytearray((here / f"{IMAGES}.gz").read_bytes())
    data[-5] ^= 1  # the checksum
    (here / f"{IMAGES}.gz").write_bytes(data)
    assert said("train").startswith(f"{IMAGES}.gz: the gzip stream is damaged: CRC check failed")
    data[10] ^= 6  # the kind of the first block
    (here / f"{IMAGES}.gz").write_bytes(data)
    assert said(f"{IMAGES}.gz").startswith(f"{IMAGES}.gz: the gzip stream is damaged: ")


def test_labels_that_are_none(here):
    pair(here)
    put(here / LABELS, idx(np.zeros((3, 8))))
    assert said("train") == (
        f"{LABELS}: got 3x8, one label an example is needed, or rows of zeros with a single 1"
    )


def test_pictures_too_large(here):
    pair(here)
    assert said("train", max_pixels=19) == (
        f"{IMAGES}: has 4x5 = 20 pixels, at most 19 are allowed (--max-pixels)"
    )


# CSV

X = np.array([[0, 1, 2, 255], [4, 5, 6, 7], [9, 9, 9, 9]])


def table(labels, rows=X, head="label,a,b,c,d", mark=","):
    lines = [head.replace(",", mark)] if head else []
    lines += [mark.join(map(str, [label, *row])) for label, row in zip(labels, rows, strict=True)]
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("head", ["label,a,b,c,d", "LABEL,1x1,1x2,2x1,2x2", "Label,0,1,2,3", ""])
@pytest.mark.parametrize("mark", [",", ";", "\t", " "])
@pytest.mark.parametrize("labels", [("3", "12", "3"), ("cat", "dog", "Ünicorn")])
def test_a_table(here, packed, head, mark, labels):
    put(here / "d.csv", table(labels, head=head, mark=mark), packed)
    found = read_labelled("d.csv")
    assert found.texts == labels
    assert found.x.dtype == np.uint8
    np.testing.assert_array_equal(found.x, X.reshape(3, 1, 2, 2))
    assert (found.white, found.notes) == (255, ())


@pytest.mark.parametrize(
    ("text", "texts", "rows"),
    [
        ('"a, b",1\r\n"say ""x""",2\r\n', ("a, b", 'say "x"'), [1, 2]),
        ('label,p\n"a",1\n"b",2\n', ("a", "b"), [1, 2]),
        ("# made by hand\n\nlabel,p\n\n3.0,1\n# no more\n4.,2\n", ("3", "4"), [1, 2]),
        ("\ufefflabel,p\nc#,1\n", ("c#",), [1]),
        ("label;p\n1,5;7\n", ("1,5",), [7]),
        ("7,200\n", ("7",), [200]),
        (" x ,1\n y ,2", ("x", "y"), [1, 2]),
        ('"a b" 1\nc 2\n', ("a b", "c"), [1, 2]),
    ],
)
def test_labels_in_tables(here, text, texts, rows):
    put(here / "d.csv", text.encode())
    found = read_labelled("d.csv")
    assert found.texts == texts
    assert found.x.ravel().tolist() == rows


def test_a_table_in_blocks_is_the_table(here, monkeypatch):
    from convcli.files.datasets import tables

    rng = np.random.default_rng(3)
    rows = rng.integers(0, 256, (101, 9))
    labels = rng.choice(["a", "b"], 101).tolist()
    monkeypatch.setattr(tables, "_BLOCK", 200)
    for head in ("label,1,2,3,4,5,6,7,8,9", ""):
        data = table(labels, rows, head).replace(b"\n", b"\n\n# and\n")
        put(here / "d.csv", data)
        found = read_labelled("d.csv")
        assert found.texts == tuple(labels)
        np.testing.assert_array_equal(found.x.reshape(101, 9), rows)
        lines = data.decode().split("\n")
        at = next(n for n in range(200, 300) if "," in lines[n])
        first = next(n for n, line in enumerate(lines) if "," in line)
        for changed, line in (
            (
                lines[at] + ",1",
                f"line {at + 1}, column 11: got '1', 10 cells are needed as in line {first + 1}",
            ),
            (lines[at][:-4] + ",x", f"line {at + 1}, column "),
        ):
            put(here / "bad.csv", "\n".join([*lines[:at], changed, *lines[at + 1 :]]).encode())
            assert said("bad.csv").startswith(f"bad.csv: {line}")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "got no lines, a label and pixels in each are needed"),
        ("# x\n", "got no lines, a label and pixels in each are needed"),
        ("label,p\n", "line 1: got names and no more, a label and pixels a line are needed"),
        ("5\n6\n", "line 1: got '5', a label and pixels after it are needed"),
        ("p,label\n1,2\n", "line 1: the column label is number 2 of 2, it must be the first"),
        (
            "target,p0,p1\n1,2,3\n",
            "line 1: got the names 'target', 'p0' …, the first must be label",
        ),
        (
            "digit,0\n1,2\n3,4\n",
            "line 1: got the label 'digit' where all others are whole numbers; "
            "the name of the first column must be label",
        ),
        (
            "label,a,b\n1,2,3\n",
            "line 2: got 2 pixels for each, a square number is needed, as 1 = 1x1",
        ),
        (
            "1,2,3,4\n",
            "line 1: got 3 pixels for each, a square number is needed, as 4 = 2x2 "
            "(three colours of 1x1 go into an NPZ file as Nx3x1x1)",
        ),
        (
            "1" + ",2" * 300 + "\n",
            "line 1: got 300 pixels for each, a square number is needed, as 289 = 17x17 "
            "(three colours of 10x10 go into an NPZ file as Nx3x10x10)",
        ),
        (
            "label,a,b,c,d\n1,2,3,4,5\n\n1,2,3,4\n",
            "line 4, column 5: got no cell, 5 cells are needed as in line 1",
        ),
        (
            "label,a,b,c,d\n1,2,3,4\n1,2,3,4\n",
            "line 2, column 5: got no cell, 5 cells are needed as in line 1",
        ),
        (
            "1,2,3,4,5\n1,2,3,4,5,6\n",
            "line 2, column 6: got '6', 5 cells are needed as in line 1",
        ),
        ("label,a\n3,1\n4\n", "line 3, column 2: got no cell, 2 cells are needed as in line 1"),
        ("label,a\n3,1\n4,\n", "line 3, column 2: got an empty cell, a number is needed"),
        ("label,a\n3,1\n4,x\n", "line 3, column 2: got 'x', a number is needed"),
        ("label,a\n3,1\n,2\n", "line 3: got an empty label, a number or UTF-8 text is needed"),
        ("3,1\n4,nan\n", "line 2, column 2: got 'nan', a finite number is needed"),
        ("3,1\n4,1e300\n", "got NaN or infinity among the pixels, finite numbers are needed"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_refused_tables(here, text, line, packed):
    put(here / "d.csv", text.encode(), packed)
    assert said("d.csv").removesuffix(" (--allow-nan reads it)") == f"d.csv: {line}"


def test_a_label_that_is_no_text(here):
    put(here / "d.csv", b"label,p\n\xff,1\n")
    assert said("d.csv") == "d.csv: line 2: got '\\xff', a number or UTF-8 text is needed"


def test_a_text_that_swells(here, monkeypatch):
    put(here / "d.csv", b"1,1\n" * 2**20, packed=True)

    monkeypatch.setattr(incoming, "free", lambda: 2.0**25)
    expected = "a text of 2 MiB or more needs 12 MiB of memory, 8 MiB are allowed"
    assert said("d.csv") == f"d.csv: has no end in reach: {expected} (a quarter of what is free)"


def test_a_text_for_which_there_is_no_memory(here, monkeypatch):
    def full(need):
        raise ConvError(f"needs {need}")

    put(here / "d.csv", b"1,1\n")
    monkeypatch.setattr(gzipped, "check_free", full)
    assert said("d.csv") == "d.csv: a file of 4 bytes needs 24"


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(table("abc")))))
    assert read_labelled("-").texts == ("a", "b", "c")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(idx(counted()))))
    assert said("-") == "standard input: is an IDX file, which is one of a pair: its name is needed"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(saved(x=counted(), y=[1, 2, 3]))))
    assert read_labelled("-").texts == ("1", "2", "3")


def test_the_digits():
    assert (SAMPLES / "digits.csv.gz").read_bytes()[4:8] == bytes(4)  # no time: the same again
    found = read_labelled(str(SAMPLES / "digits.csv.gz"))
    assert found.x.shape == (1797, 1, 8, 8)
    assert found.x.dtype == np.uint8
    assert classes(found.texts) == tuple("0123456789")
    counts = [found.texts.count(label) for label in "0123456789"]
    assert counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert found.x[0, 0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert found.white == 16
    assert found.notes == ("its largest value is 16, and 16 is white (--max-value says otherwise)",)


# NPZ


def saved(packed=True, **arrays):
    file = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(file, **arrays)
    return file.getvalue()


def zipped(entries, kind=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("x", "y"),
    [("x", "y"), ("X", "y"), ("images", "labels"), ("x_train", "y_train"), ("data", "target")],
)
def test_npz(here, packed, x, y):
    put(here / "d.npz", saved(packed, **{x: counted(), y: [2, 0, 11]}))
    found = read_labelled("d.npz")
    assert found.texts == ("2", "0", "11")
    assert found.x.dtype == np.uint8
    np.testing.assert_array_equal(found.x, counted()[:, None])
    assert (found.white, found.notes) == (255, ())


@pytest.mark.parametrize(
    "code", ["?", "i1", "u1", "<i2", ">u2", ">i4", "<i8", "<u8", "<f2", ">f2", ">f4", "f8"]
)
@pytest.mark.parametrize("order", "CF")
def test_npz_of_every_type(here, code, order):
    x = np.asarray(counted(2, 3, 3) % 7, order=order).astype(code)
    put(here / "d.npz", saved(x=x, y=np.arange(2).astype(code)))
    found = read_labelled("d.npz")
    native = {"?": np.uint8, "<f2": np.float32, ">f2": np.float32}
    assert found.x.dtype == native.get(code, np.dtype(code).newbyteorder("="))
    assert found.x.dtype.isnative
    assert found.x.flags.c_contiguous
    np.testing.assert_array_equal(found.x[:, 0], x)
    assert found.texts == ("0", "1")


@pytest.mark.parametrize(
    ("shape", "kept"),
    [
        ((2, 4, 5), (2, 1, 4, 5)),
        ((2, 1, 4, 5), (2, 1, 4, 5)),
        ((2, 3, 4, 5), (2, 3, 4, 5)),
        ((2, 4, 5, 1), (2, 1, 4, 5)),
        ((2, 9), (2, 1, 3, 3)),
        ((2, 3, 3, 3), (2, 3, 3, 3)),
    ],
)
def test_shapes_of_pictures(here, shape, kept):
    x = np.arange(np.prod(shape)).reshape(shape)
    put(here / "d.npz", saved(x=x, y=[0, 1]))
    np.testing.assert_array_equal(read_labelled("d.npz").x, x.reshape(kept))


@pytest.mark.parametrize(
    ("shape", "line"),
    [
        ((2, 8, 9, 3), "x: got 2x8x9x3, which looks like NxHxWxC, NxCxHxW is needed: numpy.transpose(x, (0, 3, 1, 2)) mends it"),
        ((2, 8, 9, 4), "x: got 2x8x9x4, which looks like NxHxWxC, NxCxHxW is needed: numpy.transpose(x[..., :3], (0, 3, 1, 2)) mends it"),
        ((2, 2, 8, 9), "x: got 2x2x8x9, NxHxW, NxCxHxW with 1 or 3 channels, or a row of HxH pixels for each is needed"),
        ((2,), "x: got 2, NxHxW, NxCxHxW with 1 or 3 channels, or a row of HxH pixels for each is needed"),
        ((), "x: got a single number, NxHxW, NxCxHxW with 1 or 3 channels, or a row of HxH pixels for each is needed"),
        ((1, 2, 3, 4, 5), "x: got shape 1x2x3x4x5, a non-empty array of up to 4 dimensions is needed"),
        ((2, 8), "x: got 8 pixels for each, a square number is needed, as 9 = 3x3"),
        ((2, 12), "x: got 12 pixels for each, a square number is needed, as 9 = 3x3 (three colours of 2x2 go into an NPZ file as Nx3x2x2)"),
        ((0, 8, 8), "x: got shape 0x8x8, a non-empty array of up to 4 dimensions is needed"),
        ((3, 4, 4), "got 3 pictures in x, and 2 labels in y"),
    ],
)  # fmt: skip
def test_shapes_that_are_refused(here, shape, line):
    put(here / "d.npz", saved(x=np.zeros(shape), y=[0, 1]))
    assert said("d.npz") == f"d.npz: {line}"


@pytest.mark.parametrize(
    ("y", "texts"),
    [
        (np.array([5, -1, 5]), ("5", "-1", "5")),
        (np.array([2.0, 0.0, 1.0]), ("2", "0", "1")),
        (np.array([[2], [0], [1]]), ("2", "0", "1")),
        (np.array(["dog", "cät", "x"]), ("dog", "cät", "x")),
        (np.array(["dog", "cät", "x"]).astype(">U3"), ("dog", "cät", "x")),
        (np.array([b"dog", "cät".encode(), b"x"]), ("dog", "cät", "x")),
        (np.array([True, False, True]), ("1", "0", "1")),
    ],
)
def test_labels_in_npz(here, y, texts):
    put(here / "d.npz", saved(x=counted(), y=y))
    assert read_labelled("d.npz").texts == texts
    assert read_labelled("d.npz").notes == ()


@pytest.mark.parametrize("code", ["u1", "i8", "f4", "?"])
def test_one_hot_labels_are_told(here, code):
    put(here / "d.npz", saved(x=counted(), y=np.eye(4)[[3, 0, 3]].astype(code)))
    found = read_labelled("d.npz")
    assert found.texts == ("3", "0", "3")
    assert found.notes == (
        "its labels are one-hot, 3x4: the place of each 1, from 0, is the label",
    )


@pytest.mark.parametrize(
    ("y", "line"),
    [
        (np.ones((3, 2)), "y: got 3x2, one label an example is needed, or rows of zeros with a single 1"),
        (np.eye(3) * 0.5, "y: got 3x3, one label an example is needed, or rows of zeros with a single 1"),
        (np.array([[1, 0], [1, 1], [0, 0]]), "y: got 3x2, one label an example is needed, or rows of zeros with a single 1"),
        (np.array([[1, 0], [1, -1], [0, 1]]), "y: got 3x2, one label an example is needed, or rows of zeros with a single 1"),
        (np.array([[1, 0], [0, 2], [0, 1]]), "y: got 3x2, one label an example is needed, or rows of zeros with a single 1"),
        (np.array([[1, 0], [0, 1], [2, 1]]), "y: got 3x2, one label an example is needed, or rows of zeros with a single 1"),
        (np.array([["a", "b"]] * 3), "y: got 3x2, one label an example is needed"),
        (np.array(3), "y: got a single label, one label an example is needed"),
        (np.array([0.5, 1, 2]), "y: got float64 with fractions, whole numbers or texts are needed"),
        (np.array([np.nan, 1, 2]), "y: got float64 with fractions, whole numbers or texts are needed"),
        (np.array([1j, 1, 2]), "y: got complex numbers ('<c16'), integers, bool, or floats of 16, 32 or 64 bits are needed"),
        (np.array(["", "", ""]), None),
    ],
)  # fmt: skip
def test_labels_that_are_refused(here, y, line):
    put(here / "d.npz", saved(x=counted(), y=y))
    if line is None:
        assert read_labelled("d.npz").texts == ("", "", "")
    else:
        assert said("d.npz") == f"d.npz: {line}"


def test_python_objects_are_never_read(here):
    class Bomb:
        def __reduce__(self):
            return (open, ("was-run", "w"))

    for arrays in (
        {"x": np.array([Bomb()] * 3, object), "y": [1, 2, 3]},
        {"x": counted(), "y": np.array([Bomb()] * 3, object)},
    ):
        put(here / "d.npz", saved(**arrays))
        assert re.fullmatch(r"d\.npz: [xy]: got Python objects \('\|O'\), .*", said("d.npz"))
    assert not (here / "was-run").exists()


def test_text_is_no_picture(here):
    put(here / "d.npz", saved(x=np.array([["a"]]), y=[1]))
    assert said("d.npz").startswith("d.npz: x: got text ('<U1'), integers, bool, or floats")


@pytest.mark.parametrize(
    ("part", "texts", "told"),
    [
        ("train", ("1", "2", "3"), "x_train, y_train are read; beside them: x_test, y_test"),
        ("test", ("4", "5"), "x_test, y_test are read; beside them: x_train, y_train"),
    ],
)
def test_both_parts_in_one_npz(here, part, texts, told):
    data = saved(x_train=counted(), y_train=[1, 2, 3], x_test=counted(2), y_test=[4, 5])
    put(here / "d.npz", data)
    found = read_labelled("d.npz", part=part)
    assert (found.texts, found.notes) == (texts, (told,))


def test_the_only_part_is_taken(here):
    put(here / "d.npz", saved(x_test=counted(2), y_test=[4, 5]))
    assert read_labelled("d.npz").texts == ("4", "5")


def test_npz_without_labels(here):
    put(here / "d.npz", saved(x=counted(), z=[1]))
    assert said("d.npz") == (
        "d.npz: holds x, z, pictures x and labels y are needed: numpy.savez('d.npz', x=…, y=…)"
    )
    put(here / "d.npz", zipped({}))
    assert said("d.npz").startswith("d.npz: holds nothing, pictures x")


def with_header(shape, descr="|u1"):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (with_header("(1, 99999999, 99999999)"), r"x: the header claims 8\.882 PiB of data \(1x99999999x99999999 uint8\), the file holds 0 bytes"),
        (with_header("(3, 1, 1)") + bytes(4), r"x: the header claims 3 bytes of data .*, the file holds 4 bytes"),
        (with_header("(3, 1, 1)") + bytes(2), r"x: the header claims 3 bytes of data .*, the file holds 2 bytes"),
        (with_header("(3, 1, 1)")[:30], r"x: the file ends within its header: got 30 bytes"),
        (b"\x93NUMPY\1\0\x05\0{'x':", r"x: got an unreadable NPY header: .*"),
        (b"", r"x: got '' at the start, no NPY file"),
    ],
)  # fmt: skip
def test_npz_headers_that_lie(here, data, line):
    put(here / "d.npz", zipped({"x.npy": data, "y.npy": data}))
    assert re.fullmatch(r"d\.npz: " + line, said("d.npz"))


def test_a_zip_that_claims_what_no_stream_can_hold(here):
    claim = with_header(f"(1, 1, {0xFFFFFFF0 - 82})")
    assert len(claim) == 82
    data = zipped({"x.npy": claim, "y.npy": claim})
    size = struct.pack("<I", len(claim))
    assert data.count(size) == 4  # of two entries, in two places
    put(here / "d.npz", data.replace(size, struct.pack("<I", 0xFFFFFFF0)))
    assert re.fullmatch(
        r"d\.npz: x: claims 4 GiB of data, the file has \d+ bytes packed", said("d.npz")
    )


def test_a_zip_bomb(here, monkeypatch):
    def full(need):
        raise ConvError(f"needs {need} bytes")

    put(here / "d.npz", saved(x=np.zeros((1, 3000, 3000), np.uint8), y=[1]))
    assert (here / "d.npz").stat().st_size < 10_000
    monkeypatch.setattr(source, "check_free", full)
    assert said("d.npz") == "d.npz: x: needs 9000000 bytes"


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zips_that_swell_without_bound(here, kind):
    put(here / "d.npz", zipped({"x.npy": bytes(9), "y.npy": bytes(9)}, kind))
    assert said("d.npz") == "d.npz: x: is not packed by deflate, as NumPy's files are"


def test_npz_that_is_cut_or_changed_ends_in_one_line(here):
    x = np.random.default_rng(3).integers(0, 256, (3, 9, 9), dtype=np.uint8)
    for packed in (False, True):
        data = saved(packed, x=x, y=[1, 2, 3])
        for end in range(4, len(data), 7):
            put(here / "d.npz", data[:end])
            assert said("d.npz").startswith("d.npz: ")
        refused = []
        for at in range(4, len(data), 3):
            changed = bytearray(data)
            changed[at] ^= 0x55
            put(here / "d.npz", changed)
            try:
                found = read_labelled("d.npz")
            except ConvError as error:
                refused.append(str(error))
            else:  # a date, say
                np.testing.assert_array_equal(found.x[:, 0], x)
                assert found.texts == ("1", "2", "3")
        assert len(refused) > 100
        assert all(line.startswith("d.npz: ") and "\n" not in line for line in refused)


def test_npz_within_gzip(here):
    put(here / "d.npz", saved(x=counted(), y=[1, 2, 3]), packed=True)
    assert said("d.npz") == "d.npz: is NPZ within gzip: gunzip it"


# which value is white


@pytest.mark.parametrize(
    ("values", "code", "white", "told"),
    [
        ([0, 200], "u1", 255, None),
        ([0, 16], "u1", 16, "its largest value is 16, and 16 is white"),
        ([0, 16], "f4", 16, "its largest value is 16, and 16 is white"),
        ([0, 16], "i8", 16, "its largest value is 16, and 16 is white"),
        ([0.5, 16], "f4", 1, "its fractional values, 0.5 to 16, are taken as they are"),
        ([0, 15], "u1", 255, None),
        ([0, 17], "i8", 255, None),
        ([0, 1], "u1", 1, "its values are 0 and 1: 1 is white"),
        ([0, 0], "u1", 1, None),
        ([0, 1], "?", 1, "its values are 0 and 1: 1 is white"),
        ([0, 0.25], "f4", 1, None),
        ([0, 1], "f8", 1, None),
        ([0, 255], "f8", 255, None),
        ([0, 256], "f8", 65535, None),
        ([0, 300], "u2", 65535, None),
        ([0, 255], "u2", 65535, "its largest value is 255, white is 65535"),
        ([0, 65535], "i4", 65535, None),
        ([0, 65536], "i4", 1, "its large values, 0 to 65536, are taken as they are"),
        ([-1, 1], "f4", 1, "its negative values, -1 to 1, are taken as they are"),
        ([-3, 90], "i1", 1, "its negative values, -3 to 90, are taken as they are"),
    ],
)
def test_white(here, values, code, white, told):
    x = np.array(values).astype(code)
    put(here / "d.npz", saved(x=x.reshape(2, 1, 1), y=[0, 1]))
    found = read_labelled("d.npz")
    assert found.white == white
    notes = [note.split(" (--max-value")[0] for note in found.notes]
    assert notes == ([told] if told else [])
    again = read_labelled("d.npz", max_value=40)
    assert (again.white, again.notes) == (40, ())


@pytest.mark.parametrize(
    ("cells", "dtype", "white"),
    [
        ("0 255", np.uint8, 255),
        ("0 256", np.uint16, 65535),
        ("0 65536", np.int64, 1),
        ("-1 5", np.int64, 1),
        ("0.0 16.0", np.float32, 16),
        ("0.0 0.5", np.float32, 1),
    ],
)
def test_white_and_dtype_of_a_table(here, cells, dtype, white):
    one, other = cells.split()
    put(here / "d.csv", f"a,{one}\nb,{other}\n".encode())
    found = read_labelled("d.csv")
    assert found.x.dtype == dtype
    assert found.x.ravel().tolist() == [float(one), float(other)]
    assert found.white == white


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers(here, bad):
    put(here / "d.npz", saved(x=np.array([[[0.0, bad]]]), y=[0]))
    line = "d.npz: got NaN or infinity among the pixels, finite numbers are needed"
    assert said("d.npz") == line
    assert said("d.npz", max_value=1) == line


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf")])
def test_white_that_is_none(bad):
    assert said("d", max_value=bad) == f"--max-value: got {bad:g}, a number above 0 is needed"


# what is no labelled data


def test_other_files(here):
    picture(here / "a.png")
    np.save(here / "a.npy", counted())
    (here / "mnist").mkdir()
    assert said("a.png") == (
        "a.png: is a picture, labelled data are needed: a folder of them per class"
    )
    assert said("a.npy") == (
        "a.npy: is one array without labels: numpy.savez('d.npz', x=pictures, y=labels)"
    )
    assert said("none") == "none: no such file or directory"
    assert said("a.p") == "a.p: no such file or folder"
    assert said("none/none") == "none/none: no such file or directory"
    assert said("mnist/train") == "mnist/train: no such file or directory"
    assert said("x\0y").endswith("is no file name")
    assert said("") == "got an empty name, labelled data are needed"


# pictures alone


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        (("x",), ()),
        (("anything",), ()),  # where there is but one, it is meant
        (("x", "y"), ()),
        (("x", "weights"), ()),
        (("x_test", "x_train", "y_test"), ("x_test is read; beside it: x_train",)),
        (("train_images", "x_test"), ("x_test is read; beside it: train_images",)),
        (("X_train",), ()),
    ],
)
def test_pictures_of_an_npz_whatever_is_beside_them(here, arrays, told):
    named = {name: counted(2) if i else counted() for i, name in enumerate(arrays)}
    if told and arrays[0] != "x_test":
        named = {name: named[name] for name in reversed(arrays)}
    put(here / "d.npz", saved(**named))
    found = read_unlabelled("d.npz")
    chosen = named[told[0].split()[0]] if told else counted()
    np.testing.assert_array_equal(found.x, chosen[:, None])
    assert found.notes == told
    assert found.white == 255
    assert found.texts == ("",) * len(chosen)
    assert found.name == "d.npz"


def test_pictures_of_an_idx_file(here):
    x = pair(here)
    found = read_unlabelled(IMAGES)
    np.testing.assert_array_equal(found.x, x[:, None])
    assert (found.texts, found.notes, found.white) == (("",) * 3, (), 255)
    put(here / "pictures.idx", idx(x))
    np.testing.assert_array_equal(read_unlabelled("pictures.idx").x, x[:, None])


def test_what_holds_no_pictures_alone(here):
    put(here / "a.csv", b"1,2\n")
    picture(here / "a.png")
    (here / "train-folder").mkdir()
    for name in ("a.csv", "a.png", "none", "train-folder", "train-", "-"):
        assert read_unlabelled(name) is None
    pair(here)
    with pytest.raises(ConvError) as caught:
        read_unlabelled(LABELS)
    assert str(caught.value) == f"{LABELS}: holds labels, the file of images is needed"
    for arrays, line in (
        ({"a": counted(), "b": counted()}, "holds a, b, pictures x are needed"),
        ({}, "holds nothing, pictures x are needed"),
    ):
        put(here / "d.npz", saved(**arrays) if arrays else zipped({}))
        with pytest.raises(ConvError) as caught:
            read_unlabelled("d.npz")
        assert str(caught.value) == f"d.npz: {line}"
    put(here / "d.npz", saved(x=np.full((1, 2, 2), np.nan)))
    with pytest.raises(ConvError, match=r"^d.npz: "):
        read_unlabelled("d.npz")
    put(here / "d.npz", saved(x=counted()))
    assert read_unlabelled("d.npz", max_pixels=20).x.shape == (3, 1, 4, 5)
    with pytest.raises(ConvError, match=r"^d.npz: x: .*4x5 = 20 pixels, at most 19 "):
        read_unlabelled("d.npz", max_pixels=19)
