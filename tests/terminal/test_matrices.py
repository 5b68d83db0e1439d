"""Matrices on a terminal: exact text, what is left out, colours, odd terminals."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

from convcli.terminal.matrices import draw_matrix


def drawn(
    array, *, width=80, height=24, heat=False, title=None, colour=None, encoding="utf-8", **kw
):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(
        file=file,
        width=width,
        height=height,
        color_system=colour,
        force_terminal=colour is not None,
        **{"no_color": False, "_environ": {}, **kw},
    )
    draw_matrix(np.asarray(array), console=console, heat=heat, title=title)
    file.flush()
    return file.buffer.getvalue().decode(encoding)


TEXTS = [
    ([[19, 25], [37, 43]], "19  25\n37  43\n"),
    ([[0, 1, 0, -1]], " 0   1   0  -1\n"),
    ([[True, False]], "1  0\n"),
    ([[-(2**63), 2**63 - 1]], "-9223372036854775808   9223372036854775807\n"),
    (np.array([[2**64 - 1]], np.uint64), "18446744073709551615\n"),
    ([[2.0, 3.0]], "2.0  3.0\n"),
    ([[0.0, -0.0]], "0.0  0.0\n"),
    ([[0.5, 1.25]], "0.50  1.25\n"),
    (np.float32([[0.1, 0.25]]), "0.10  0.25\n"),
    ([[1 / 3, 100.0]], "  0.3  100.0\n"),
    ([[1 / 3, -2 / 3]], " 0.3333  -0.6667\n"),
    ([[1.0, 1e-17], [np.nan, -np.inf]], "  1.000  1.0e-17\n    nan     -inf\n"),
    ([[1e-5, 0.0]], "1.000e-05          0\n"),
    ([[1e300, -1.0]], "1.000e+300  -1.000e+00\n"),
    ([[123456.78]], "123456.8\n"),
    ([[np.nan, np.inf]], "nan  inf\n"),
]


@pytest.mark.parametrize(("array", "text"), TEXTS)
def test_exact_text(array, text):
    assert drawn(array) == text


def test_nothing_but_zero_is_written_as_zero():
    rng = np.random.default_rng(2)
    for scale in range(-12, 13):
        values = rng.standard_normal(40) * 10.0 ** (rng.integers(-8, 8, 40) + scale)
        values[:3] = 0
        words = drawn(values.reshape(8, 5), width=200).split()
        assert [float(word) == 0 for word in words] == list(values == 0)


def test_large_ones_are_cut_in_the_middle():
    array = np.arange(10**6).reshape(1000, 1000)
    assert drawn(array, width=40, height=9) == (
        "     0       1  …     998     999\n"
        "  1000    1001  …    1998    1999\n"
        "  2000    2001  …    2998    2999\n"
        "     …       …  …       …       …\n"
        "997000  997001  …  997998  997999\n"
        "998000  998001  …  998998  998999\n"
        "999000  999001  …  999998  999999\n"
        "… 994 rows and 996 columns left out\n"
    )


def test_planes():
    array = np.arange(8).reshape(2, 2, 2)
    assert drawn(array) == "channel 0\n0  1\n2  3\nchannel 1\n4  5\n6  7\n"
    assert drawn(array[None, :1]) == "item 0, channel 0\n0  1\n2  3\n"
    many = drawn(np.zeros((64, 28, 28), int), width=20, height=20)
    labels = [line.strip() for line in many.splitlines() if line.strip().isalnum() or "ch" in line]
    assert labels == ["channel 0", "channel 63", "… 62 channels, 22"]
    assert " ".join(many.split()).endswith("… 62 channels, 22 rows and 22 columns left out")


@pytest.mark.parametrize(
    "shape", [(1, 1), (3, 3), (300, 2), (2, 300), (90, 90), (5, 9, 9), (40, 5, 5), (3, 4, 6, 7)]
)
@pytest.mark.parametrize("width", [1, 2, 3, 7, 20, 40, 80])
@pytest.mark.parametrize("height", [1, 6, 24])
@pytest.mark.parametrize("heat", [False, True])
def test_it_fits_and_counts_what_is_left_out(shape, width, height, heat):
    array = np.random.default_rng(4).standard_normal(shape)
    text = drawn(array, width=width, height=height, heat=heat, colour="truecolor" if heat else None)
    lines = _bare(text).splitlines()
    assert max(map(len, lines)) <= width
    if width >= 40 and height == 24:
        assert len(lines) <= 24
    cut = "left out" in " ".join(" ".join(lines).split())
    if width >= 40 and not heat:
        numbers = sum(
            _is_number(word)
            for line in lines
            if "channel" not in line and "left out" not in line
            for word in line.split()
        )
        assert cut == (numbers < array.size)


def _bare(text):
    return re.sub("\x1b\\[[0-9;]*m", "", text)


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def test_a_part_of_a_number_is_never_drawn():
    assert drawn([[12345], [7]], width=3) == "  …\n  7\n"


def test_signs_have_colours():
    text = drawn([[-1, 0, 2]], colour="standard")
    assert text == "\x1b[36m-1\x1b[0m  \x1b[2m 0\x1b[0m   2\n"
    assert "\x1b[35mnan" in drawn([[np.nan]], colour="standard")


def test_heat_puts_colours_behind_the_numbers():
    signed = drawn([[-2.0, 0.0, 2.0]], heat=True, colour="truecolor")
    cells = signed.splitlines()[0]
    assert cells == (
        "\x1b[37;48;2;33;102;172m -2.0 \x1b[0m"
        "\x1b[30;48;2;247;247;247m  0.0 \x1b[0m"
        "\x1b[37;48;2;178;24;43m  2.0 \x1b[0m"
    )
    assert _bare(signed).splitlines()[1].split() == ["-2", "2"]
    counts = drawn([[0, 9]], heat=True, colour="truecolor").splitlines()[0]
    assert counts == "\x1b[37;48;2;68;1;84m 0 \x1b[0m\x1b[30;48;2;253;231;37m 9 \x1b[0m"


def test_heat_without_room_for_numbers_is_colour_alone():
    array = np.arange(28 * 28).reshape(28, 28)
    text = _bare(drawn(array, width=60, height=40, heat=True, colour="truecolor"))
    assert text.splitlines()[:28] == [" " * 56] * 28
    assert text.splitlines()[28:] == ["0 " + " " * 24 + " 783"]


def test_heat_of_odd_values():
    for values in (
        [[np.nan]],
        [[np.inf, -np.inf]],
        [[5, 5]],
        [[1.7e308, -1.7e308]],
        [[-(2**63), 2**63 - 1]],
    ):
        assert drawn(values, heat=True, colour="truecolor")


def test_without_colours_heat_draws_numbers():
    array = [[1, -2], [3, 4]]
    plain = drawn(array)
    assert drawn(array, heat=True) == plain
    assert _bare(drawn(array, heat=True, colour="truecolor", no_color=True)) == plain


def test_a_title_is_text():
    assert drawn([[1]], title="a[bold]\x1b[31m") == "a[bold]\\x1b[31m\n1\n"


def test_ascii_terminals():
    text = drawn(np.arange(10**4).reshape(100, 100), width=20, height=8, encoding="ascii")
    assert text.startswith("   0  ...    99\n 100  ...   199\n 200  ...   299\n ...  ...   ...\n")
    assert " ".join(text.split()).endswith("... 95 rows and 98 columns left out")
