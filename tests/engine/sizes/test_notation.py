import pytest

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import WORDS, Padding
from convcli.engine.sizes.notation import (
    LARGEST,
    doubt_about,
    padding_text,
    read_padding,
    read_sizes,
    read_total_padding,
)


@pytest.mark.parametrize(
    ("text", "sizes"),
    [("7", (7,)), ("3x224x224", (3, 224, 224)), ("3×5", (3, 5)), (" 8 ", (8,)), ("+8", (8,))],
)
def test_sizes(text, sizes):
    assert read_sizes(text) == sizes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "3x",
        "-1",
        "1.5",
        "1,2.5",
        "１",
        "1_0",
        "1x",
        "3 x",
        "x x 3",
        "a,b",
        "(8)",
        "9" * 31,
    ],
)
def test_no_sizes(text):
    with pytest.raises(ConvError) as caught:
        read_sizes(text)
    assert str(caught.value) == (
        f"got '{text}', whole numbers of at least 1 (joined by x) are allowed"
    )
    assert caught.value.usage


@pytest.mark.parametrize("text", ["3X4", "3,4", "3 4", "3*4", "(3, 4)", "[3; 4]"])
def test_sizes_as_others_write_them_are_told(text):
    with pytest.raises(ConvError, match=r" are allowed: did you mean 3x4\?$"):
        read_sizes(text)


def test_blanks_may_stand_around_an_x():
    assert read_sizes(" 3 x 32 × 8 ") == (3, 32, 8)
    assert read_padding("0/1 x 2").pairs == ((0, 1), (2, 2))


@pytest.mark.parametrize("text", ["0", str(LARGEST + 1), "9" * 30])
def test_sizes_out_of_range(text):
    with pytest.raises(ConvError) as caught:
        read_sizes(text)
    assert str(caught.value) == f"got '{text}', whole numbers from 1 to {LARGEST} are allowed"
    assert caught.value.usage


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("0", ((0, 0),)),
        ("2x1", ((2, 2), (1, 1))),
        ("0/1", ((0, 1),)),
        ("0/1x1/0", ((0, 1), (1, 0))),
        ("0/1x2", ((0, 1), (2, 2))),
    ],
)
def test_padding_reads_back_as_it_is_written(text, pairs):
    assert read_padding(text) == Padding("explicit", pairs)
    assert padding_text(pairs) == text


@pytest.mark.parametrize("word", WORDS)
def test_padding_words(word):
    assert read_padding(word) == Padding(word)


@pytest.mark.parametrize("text", ["-1", "1/2/3", "1/", "", "1.5"])
def test_no_padding(text):
    with pytest.raises(ConvError, match="are allowed"):
        read_padding(text)


def test_total_padding_puts_the_odd_row_at_the_start():
    assert read_total_padding("2x3x0").pairs == ((1, 1), (2, 1), (0, 0))


@pytest.mark.parametrize(
    ("size", "meant"),
    [
        ((224, 224), "3x224x224"),
        ((224, 224, 3), "3x224x224"),
        ((28, 28, 1), "1x28x28"),
        ((8, 3, 224, 224), "3x224x224"),
        ((8, 224, 224, 3), "3x224x224"),
        ((3, 224, 224), None),
        ((64, 7, 7), None),
        ((2, 3, 3), None),
        ((512, 1, 1), None),
        ((100,), None),
        ((3, 8), None),
        ((1, 16, 32, 32), None),
    ],
)
def test_an_input_in_another_order_is_doubted(size, meant):
    found = doubt_about(size)
    assert (found is None) == (meant is None)
    assert meant is None or found.endswith(f": {meant} was probably meant")
