"""Amounts of bytes: one unit, written and read; and what fits into them."""

from pathlib import Path

import pytest

from convcli.engine.errors import ConvError
from convcli.files import memory
from convcli.files.memory import (
    MAX_PIXELS,
    amount,
    check_free,
    check_memory,
    check_size,
    free,
    read_amount,
)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (9_999, "9999 bytes"),
        (10_000, "9.766 KiB"),
        (1 << 20, "1 MiB"),
        (1_500_000, "1.431 MiB"),
        (3 << 29, "1.5 GiB"),
        (1 << 60, "1 EiB"),
        (1 << 80, "1.049e+06 EiB"),
    ],
)
def test_amounts(count, text):
    assert amount(count) == text
    if 0 < count <= 1 << 60:
        assert abs(read_amount(text) - count) <= count / 2000


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1", 1),
        ("100", 100),
        ("100B", 100),
        ("128 bytes", 128),
        ("500K", 500 << 10),
        ("500M", 500 << 20),
        ("500mb", 500 << 20),
        ("2G", 2 << 30),
        ("2 GiB", 2 << 30),
        ("1.5g", 3 << 29),
        ("+.5T", 1 << 39),
        (" 1P ", 1 << 50),
    ],
)
def test_reads_one_unit(text, count):
    assert read_amount(text) == count


@pytest.mark.parametrize(
    "text", ["", "0", "0.5", "-1", "M", "1.2.3M", "1e3", "1i", "1X", "1_0", "٣", "nan", "1  K"]
)
def test_refuses_what_is_no_amount(text):
    with pytest.raises(ConvError) as error:
        read_amount(text)
    assert str(error.value) == f"got '{text}', bytes are needed, as in 500M or 2G"


def test_a_result_that_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "free", lambda: 1000.0)
    check_memory(800, None)  # some is left for everything else
    with pytest.raises(ConvError) as caught:
        check_memory(801, None)
    assert str(caught.value) == (
        "the result needs 801 bytes of memory, 800 bytes are allowed (--max-memory)"
    )
    check_memory(2000, 2000)
    with pytest.raises(ConvError, match="2000 bytes are allowed"):
        check_memory(2001, 2000)
    check_memory(500, 2000, among=4)
    with pytest.raises(
        ConvError, match=r"500 bytes are allowed \(--max-memory, shared by 4 jobs\)$"
    ):
        check_memory(501, 2000, among=4)
    check_free(800)
    with pytest.raises(ConvError, match=r"^needs 801 bytes of memory, 800 bytes are free$"):
        check_free(801)


def test_the_free_memory_is_what_the_system_says(monkeypatch):
    text = "MemTotal: 9999 kB\nMemFree: 5 kB\nMemAvailable:     7 kB\n"
    monkeypatch.setattr(Path, "read_text", lambda *_: text)
    assert free() == 7 * 1024
    monkeypatch.setattr(Path, "read_text", lambda *_: "MemTotal: 9999 kB\n")
    monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": 100, "SC_PAGE_SIZE": 4096}.__getitem__)
    assert free() == 100 * 4096 / 2
    monkeypatch.setattr("os.sysconf", [].__getitem__)
    monkeypatch.delattr("os.sysconf")
    assert free() == float("inf")


def test_sizes():
    check_size(1, 1, 1)
    check_size(5, 7, 35)
    assert MAX_PIXELS == 16384**2
    for size, message in (
        ((0, 7), "has no pixels: its size is 7x0"),
        ((5, 0), "has no pixels: its size is 0x5"),
        ((5, 7), "has 7x5 = 35 pixels, at most 34 are allowed (--max-pixels)"),
    ):
        with pytest.raises(ConvError) as caught:
            check_size(*size, 34)
        assert str(caught.value) == message
