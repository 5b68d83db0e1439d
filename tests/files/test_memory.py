"""Amounts of bytes: one unit, written and read."""

import pytest

from convcli.engine.errors import ConvError
from convcli.files.memory import amount, read_amount


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
