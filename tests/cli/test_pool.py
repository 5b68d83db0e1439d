"""`convcli pool`, exact output."""

import numpy as np
import pytest

from tests.conftest import SAMPLES, pixels

MATRIX = SAMPLES / "matrix.csv"
FOUR = b"0,1,2,3\n4,5,6,7\n8,9,10,11\n12,13,14,15\n"


@pytest.mark.parametrize(
    ("args", "out"),
    [
        (("-k", "2", "-s", "1"), "5,6,7\n9,10,11\n13,14,15\n"),
        (("-k", "3"), "10\n"),
        (("-k", "3", "-p", "1", "-s", "2"), "5,7\n13,15\n"),
        (("-k", "2"), "5,7\n13,15\n"),
        (("-k", "2", "-m", "min"), "0,2\n8,10\n"),
        (("-k", "2", "-m", "avg"), "2.5,4.5\n10.5,12.5\n"),
        (("-k", "2x4", "-m", "avg"), "3.5\n11.5\n"),
        (("-k", "3", "-m", "avg", "-p", "1", "-s", "2"), "2.5,4.0\n8.5,10.0\n"),
        (("-k", "3", "-m", "avg", "-p", "1", "-s", "2", "--include-pad"), f"{10 / 9},{24 / 9}\n{51 / 9},10.0\n"),
        (("-k", "3", "-s", "2", "--ceil"), "10,11\n14,15\n"),
        (("-k", "2", "-d", "2", "-s", "1"), "10,11\n14,15\n"),
        (("-k", "3", "-m", "median"), "5\n"),
        (("-k", "2", "-m", "median"), "2.5,4.5\n10.5,12.5\n"),
        (("-k", "2", "-m", "percentile:50"), "4,6\n12,14\n"),
        (("-k", "2", "-m", "sum"), "10,18\n42,50\n"),
        (("-k", "3", "-s", "2", "-p", "1", "--border", "constant", "--value", "99"), "99,99\n99,15\n"),
        (("-k", "3", "-s", "2", "-p", "1", "--border", "reflect", "-m", "median"), "1,3\n8,10\n"),
        (("-k", "3", "-s", "1", "-m", "min", "--footprint", "cross"), "1,2\n5,6\n"),
        (("--global", "-m", "median"), "7.5\n"),
        (("--global",), "15\n"),
        (("--global", "-m", "avg"), "7.5\n"),
    ],
)  # fmt: skip
def test_arrays(convcli, args, out):
    result = convcli("pool", "-", *args, stdin=FOUR)
    assert (result.status, result.text, result.err) == (0, out, "")


def test_the_chapters_values(convcli):
    assert convcli("pool", MATRIX, "-k", 2, "-s", 1).text == "4,5\n7,8\n"
    assert convcli("pool", MATRIX, "-k", 2, "-s", 1, "-m", "avg").text == "2.0,3.0\n5.0,6.0\n"


def test_pictures(convcli, tmp_path):
    assert convcli("pool", SAMPLES / "coffee.png", "-k", 2, "-o", "small.png").text == "small.png\n"
    x = pixels(SAMPLES / "coffee.png")
    small = pixels(tmp_path / "small.png")
    assert (small == x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, 3).max((1, 3))).all()


def test_channels_stay_apart(convcli, tmp_path):
    np.save(tmp_path / "x.npy", np.arange(16).reshape(2, 2, 2, 2))
    convcli("pool", "x.npy", "--global", "-o", "y.npy")
    assert np.load(tmp_path / "y.npy").tolist() == [[[[3]], [[7]]], [[[11]], [[15]]]]


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        ((), 2, "-k and --global: got neither, one of them is needed"),
        (("-k", "2", "--global"), 2, "-k and --global: got both, one of them is needed"),
        (("-k", "5"), 1, "standard input: window 5 does not fit: it is larger than the input 4 on axis 0 (window 5x5, input 4x4)"),
        (("-k", "2", "-m", "mx"), 2, "unknown pooling mode 'mx', did you mean 'max'? known: max, avg, min, sum, median, percentile:Q"),
        (("-k", "2", "-m", "percentile:x"), 2, "percentile: got 'x', percentile:Q with Q from 0 to 100 is allowed"),
        (("-k", "2", "--footprint", "dsk"), 2, "unknown footprint 'dsk', did you mean 'disk'? known: box, disk, cross"),
        (("-k", "2", "--value", "3"), 2, "value: got 3 without a border, only border constant has a value"),
        (("-k", "2", "--border", "refl"), 2, "unknown border 'refl', did you mean 'reflect'? known: zero, constant, reflect, mirror, nearest, wrap, symmetric, edge, replicate, circular, reflect-101"),
        (("-k", "2x2x2"), 2, "window: got 2x2x2 for 2 axes, one number or 2 are needed"),
        (("-k", "1", "-s", "1", "--max-memory", "100"), 1, "the result needs 128 bytes of memory, 100 bytes are allowed (--max-memory)"),
        (("-k", "1", "--max-memory", "lots"), 2, "--max-memory: got 'lots', bytes are needed, as in 500M or 2G"),
    ],
)  # fmt: skip
def test_errors(convcli, args, status, message):
    result = convcli("pool", "-", *args, stdin=FOUR)
    assert result.err.split(" (see ")[0].strip() == f"convcli: error: {message}"
    assert (result.status, result.out) == (status, b"")
