"""What is read whole is judged as it comes: a stream that never ends, or is no text, costs a block."""

import errno
import io
import os
import re
import tempfile
import tracemalloc

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.files import incoming
from convcli.files.arrays import npy_bytes
from convcli.files.incoming import read_binary, read_whole

MIB = 1 << 20


class Endless(io.RawIOBase):
    """A piece over and over, with a count of the bytes taken."""

    def __init__(self, begin, piece):
        self.begin, self.piece, self.taken = begin, piece, 0

    def read(self, size=-1):
        assert size > 0, "read whole"
        self.taken += size
        assert self.taken < 2**30
        found = (self.begin + self.piece * (size // len(self.piece) + 1))[:size]
        self.begin = b""
        return found


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])
def test_what_ends_is_read_whole(size):
    data = (b"1,2\n" * (size // 4 + 1))[:size]
    for read in (read_whole, read_binary):
        assert read(io.BytesIO(data)) == data
    assert read_whole(io.BytesIO(data), text=True) == data
    array = npy_bytes(np.zeros(size, np.uint8))
    assert read_whole(io.BytesIO(array)) == array


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize(
    ("piece", "what"),
    [
        (b"\0", "nothing but zero bytes"),
        (bytes(range(256)), "binary data"),
        (b"%PDF\0", "a PDF"),
        (b"[\0", "binary data"),
    ],
)
def test_what_can_be_no_text_is_refused_in_the_first_block(piece, what, text):
    stream = Endless(b"", piece)
    with pytest.raises(ConvError, match=f"^is {what}, .*text") as caught:
        read_whole(stream, text=text)
    assert stream.taken <= MIB
    assert ("PNG" in str(caught.value)) != text


def test_a_null_byte_further_on_is_told_with_its_line():
    data = b"1\n" * MIB + b"2\0"
    with pytest.raises(ConvError, match=f"^line {MIB + 1}: got a null byte, text is needed$"):
        read_whole(io.BytesIO(data))


@pytest.mark.parametrize("mark", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_has_null_bytes(mark):
    begin = "" if mark == "utf-16" else "\ufeff"
    data = (begin + "1,2\n" * MIB).encode(mark)
    assert read_whole(io.BytesIO(data)) == data


@pytest.mark.parametrize(
    ("begin", "each"), [(b"1,", 6), (b"\x89PNG\r\n\x1a\n", 1), (b"\x93NUMPY", 1), (b"\x1f\x8b", 6)]
)
def test_a_stream_without_end_is_bounded(monkeypatch, begin, each):
    said = r"has no end in reach: .* MiB or more.* 60 MiB are allowed \((.*)\)"
    stream = Endless(begin, b"1,")
    with pytest.raises(ConvError) as caught:
        read_whole(stream, 60 * MIB)
    assert re.fullmatch(said, str(caught.value))[1] == "--max-memory"
    assert stream.taken == (60 // each + 1) * MIB
    monkeypatch.setattr(incoming, "free", lambda: 240 * MIB)
    stream = Endless(begin, b"1,")
    with pytest.raises(ConvError) as caught:
        read_whole(stream)
    assert re.fullmatch(said, str(caught.value))[1] == "a quarter of what is free"
    assert stream.taken == (60 // each + 1) * MIB


def test_the_bound_is_reached_exactly():
    assert len(read_whole(io.BytesIO(b"1" * MIB), 1)) == MIB  # a block is read in any case
    assert len(read_whole(io.BytesIO(b"1" * 2 * MIB), 12 * MIB)) == 2 * MIB
    with pytest.raises(
        ConvError, match=r"^has no end in reach: a text of 2 MiB or more needs 12 MiB"
    ):
        read_whole(io.BytesIO(b"1" * 2 * MIB), 12 * MIB - 1)


def test_the_free_memory_is_looked_at_again(monkeypatch):
    left = [1 << 40]

    def free():
        return left.pop() if left else 0.0

    monkeypatch.setattr(incoming, "free", free)
    stream = Endless(b"\x93NUMPY", b"1")
    with pytest.raises(ConvError, match="has no end"):
        read_whole(stream)
    assert stream.taken == 65 * MIB  # others took all: a quarter of what it holds itself is allowed


def test_a_text_of_names_or_layers_has_a_bound_of_its_own():
    stream = Endless(b"", b"conv:8\n")
    with pytest.raises(ConvError, match=r"64 MiB are allowed \(of names and layers\)$"):
        read_whole(stream, text=True)
    assert stream.taken == 65 * MIB


def test_what_has_no_end_waits_on_disk(monkeypatch):
    monkeypatch.setattr(incoming, "free", lambda: 4 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(ConvError, match=r"^has no end in reach: a text of 17\d"):
            read_whole(Endless(b"1,", b"1,"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 140 * MIB  # of 170 that came


@pytest.mark.parametrize("room", [0, 1, 3, 100])
def test_what_waits_on_disk_is_whole(monkeypatch, room):
    """Also where there is no room, or where it ends in the middle of a block."""
    monkeypatch.setattr(incoming, "_HELD", 2 * MIB)
    data = np.random.default_rng(0).bytes(7 * MIB + 12345)
    written = []

    def write(file, block):
        part = block[: max(room * MIB + 77 - sum(written), 0)]
        written.append(len(part))
        file.write(part)
        if len(part) < len(block):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(incoming, "_write", write)
    assert read_whole(io.BytesIO(b"\x93NUMPY" + data)) == b"\x93NUMPY" + data
    assert sum(written) > 0


def test_without_a_place_for_temporary_files_all_is_held(monkeypatch):
    def refuse(**_):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(incoming, "_HELD", MIB)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    data = b"\x93NUMPY" + bytes(3 * MIB)
    assert read_whole(io.BytesIO(data)) == data


def test_the_room_on_disk_is_a_bound_too(monkeypatch):
    monkeypatch.setattr(incoming, "_HELD", MIB)
    monkeypatch.setattr(incoming, "_CHECKED", 2 * MIB)
    little = os.statvfs_result((4096, 4096, *[5120] * 4, 0, 0, 0, 255))
    monkeypatch.setattr(incoming.os, "fstatvfs", lambda _: little)
    stream = Endless(b"\x93NUMPY", b"1")
    with pytest.raises(ConvError, match="has no end in reach"):
        read_whole(stream)
    assert stream.taken == 6 * MIB + MIB  # a quarter of 20 MiB and what is there already
