"""What is said about a size: the numbers in the formulas, the drawings, and that notes fit a line."""

import itertools
import re

import pytest

from convcli.engine.sizes.explain import drawing, formula, notes, steps, transposed_drawing
from convcli.engine.sizes.geometry import WORDS, Padding, as_padding, axes
from convcli.engine.sizes.transposed import transposed_axes


@pytest.mark.parametrize("ceil", [False, True])
def test_formulas_come_out_as_they_say(ceil):
    for n, k, s, p in itertools.product(range(2, 9), range(1, 4), range(1, 4), range(2)):
        if k > n:
            continue
        axis = axes((n,), (k,), stride=s, padding=p, ceil=ceil)[0]
        text = formula(axis, ceil)
        room, step = re.match(r"[⌊⌈]\((.*)\)/(\d+)[⌋⌉] \+ 1", text).groups()
        value = eval(room.replace("−", "-"))
        whole = -(-value // int(step)) + 1 if ceil else value // int(step) + 1
        assert f"= {whole}" in text
        assert text.endswith(f"= {axis.out}")


def test_the_formula_of_a_transposed_convolution():
    axis = transposed_axes((4,), (3,), stride=2, padding=1, output_padding=1)[0]
    assert formula(axis) == "2·(4 − 1) + 3 + 1 − 1 − 1 = 8"


def test_a_drawing_shows_padding_windows_overhang_and_unused_rows():
    assert drawing(axes((6,), (2,), stride=4, padding=[(1, 0)], ceil=True)[0]) == [
        "row       · 0 1 2 3 4 5",
        "window 0  ■ ■",
        "window 1          ■ ■",
        "unused        x x     x",
    ]
    assert drawing(axes((5,), (2,), stride=2, ceil=True)[0]) == [
        "row       0 1 2 3 4 -",
        "window 0  ■ ■",
        "window 1      ■ ■",
        "window 2          ■ ■",
    ]


def test_a_drawing_of_a_transposed_convolution():
    assert transposed_drawing(transposed_axes((2,), (3,), stride=2, padding=1)[0]) == [
        "result   · 0 1 2 ·",
        "input 0  ■ ■ ■",
        "input 1      ■ ■ ■",
    ]


def test_what_is_not_small_is_not_drawn():
    assert drawing(axes((224,), (7,))[0]) == []
    assert drawing(axes((10**9,), (10**9,))[0]) == []
    assert transposed_drawing(transposed_axes((10**9,), (3,))[0]) == []


def test_a_drawing_has_at_most_twenty_windows_and_66_characters():
    for ends, drawn in [((6, 6), True), ((6, 7), False)]:
        axis = axes((8,), (1,), padding=[ends])[0]
        assert (axis.out <= 20) == drawn
        assert len(drawing(axis)) == (axis.out + 1) * drawn
        stamped = transposed_axes((axis.out,), (1,), padding=8)[0]
        assert len(transposed_drawing(stamped)) == (axis.out + 1) * drawn
    widths = [(axes((n,), (3,))[0], transposed_axes((n,), (1,))[0]) for n in range(3, 40)]
    found = [[len(line) for line in drawing(a)] for a, _ in widths]
    found += [[len(line) for line in transposed_drawing(b)] for _, b in widths]
    assert max(max(lines, default=0) for lines in found) == 66
    # a row of 18 with its windows is 64 wide, one of 19 were 67; of 19 without windows' two digits it is 66
    assert [n for n, lines in enumerate(found[:37], 3) if lines] == list(range(3, 19))
    assert [n for n, lines in enumerate(found[37:], 3) if lines] == list(range(3, 20))


@pytest.mark.parametrize(
    ("call", "ceil", "lines"),
    [
        (
            {"n": (9,), "k": (3,), "dilation": 2, "stride": 3, "padding": [(1, 0)]},
            False,
            [
                "dilated kernel  k' = d(k − 1) + 1 = 2·(3 − 1) + 1 = 5",
                "padding         1 before, 0 after: 9 + 1 = 10 rows",
                "room            10 − 5 = 5 rows to move in, 3 at a time",
                "output          ⌊(n + before + after − k')/s⌋ + 1",
                "                ⌊(9 + 1 + 0 − 5)/3⌋ + 1 = 2",
                "unused          4 rows of the input that no window reads",
            ],
        ),
        (
            {"n": (4,), "k": (2,), "stride": 3, "padding": 1, "ceil": True},
            True,
            [
                "kernel          k' = k = 2",
                "padding         1 before, 1 after: 4 + 2 = 6 rows",
                "room            6 − 2 = 4 rows to move in, 3 at a time",
                "output          ⌈(n + before + after − k')/s⌉ + 1",
                "                ⌈(4 + 1 + 1 − 2)/3⌉ + 1 = 3, less 1 = 2",
                "                less 1: the last window would start at row 6, past the",
                "                5 rows of the input and its padding before",
                "unused          1 row of the input that no window reads",
            ],
        ),
    ],
)
def test_the_steps_of_explicit_padding(call, ceil, lines):
    n, k = call["n"], call["k"]
    options = {name: value for name, value in call.items() if name not in "nk"}
    assert list(steps(axes(n, k, **options)[0], Padding(), ceil)) == lines


def test_the_steps_of_a_transposed_convolution():
    axis = transposed_axes((5,), (3,), stride=3, padding=1, output_padding=2)[0]
    assert list(steps(axis, Padding())) == [
        "kernel          k' = k = 3",
        "stamps          s(n − 1) + k' = 3·(5 − 1) + 3 = 15 rows",
        "cut             1 before, 1 after",
        "extra rows      2 at the end",
        "output          s(n − 1) + k' + extra − before − after",
        "                3·(5 − 1) + 3 + 2 − 1 − 1 = 15",
    ]


@pytest.mark.parametrize(
    ("k", "padding", "words"),
    [
        ((3, 2), (0, 0), None),
        ((3, 2), (1, 0), "-p cuts rows off"),
        ((3, 2), (0, 1), "-p cuts rows off"),
        ((2, 1), (0, 0), "k' < s: Keras 'valid' adds"),
        ((1, 2), "valid", "k' < s: Keras 'valid' adds"),
        ((1, 3), "same", "same gives n·s"),
        ((1, 3), "same-lower", "same gives n·s"),
    ],
)
def test_what_differs_of_a_transposed_convolution(k, padding, words):
    pad = as_padding(padding)
    found = notes(transposed_axes((4, 4), k, stride=2, padding=pad), pad)
    assert [line[: len(words or "")] for line in found] == ([words] if words else [])


def test_the_steps_of_same():
    axis = axes((8,), (4,), padding="same", stride=3)[0]
    assert list(steps(axis, Padding("same"))) == [
        "kernel          k' = k = 4",
        "same            out = ⌈n/s⌉ = ⌈8/3⌉ = 3",
        "                rows = max((out − 1)s + k' − n, 0)",
        "                max(2·3 + 4 − 8, 0) = 2",
        "padding         1 before, 1 after: 8 + 2 = 10 rows",
        "room            10 − 4 = 6 rows to move in, 3 at a time",
        "output          ⌊(n + before + after − k')/s⌋ + 1",
        "                ⌊(8 + 1 + 1 − 4)/3⌋ + 1 = 3",
    ]


def told(n, k, padding, *, total=False, ceil=False, **more):
    pad = as_padding(padding)
    return notes(axes((n,), (k,), padding=pad, ceil=ceil, **more), pad, total=total, ceil=ceil)


def test_nothing_is_said_where_all_agree():
    assert told(8, 3, 0) == []
    assert told(8, 3, "valid") == []
    assert told(8, 3, "same") == []
    assert told(8, 2, 0, stride=2, ceil=True) == []


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            {"n": 8, "k": 3, "padding": 1},
            "per side, as PyTorch and ONNX; the chapter's p counts both: 2",
        ),
        ({"n": 8, "k": 3, "padding": 1, "total": True}, "both sides together, as the chapter"),
        ({"n": 8, "k": 4, "padding": "same"}, "ONNX SAME_LOWER: at the start"),
        ({"n": 8, "k": 4, "padding": "same-lower"}, "TensorFlow and PyTorch: at the end"),
        ({"n": 8, "k": 3, "padding": "same", "stride": 2}, "padding='same' refuses one"),
        ({"n": 8, "k": 3, "padding": "causal"}, "Keras for 1-D"),
        ({"n": 8, "k": 3, "padding": "full"}, "NumPy and SciPy"),
        ({"n": 8, "k": 3, "padding": [(0, 1)]}, "Uneven padding"),
        ({"n": 5, "k": 2, "padding": 0, "stride": 2, "ceil": True}, "the chapter round down: 2"),
        ({"n": 4, "k": 2, "padding": 1, "stride": 3, "ceil": True}, "is dropped, or it were 3"),
    ],
)
def test_a_difference_is_told_in_one_line(call, words):
    assert [line for line in told(**call) if words in line]


def test_notes_fit_eighty_columns():
    lines = []
    for word, s, ceil, total in itertools.product([*WORDS, 1, 0], (1, 2, 3), (0, 1), (0, 1)):
        for k in (1, 2, 3, 4):
            lines += told(9, k, word, stride=s, ceil=bool(ceil), total=bool(total))
            pad = as_padding(word)
            if word not in ("full", "causal"):
                lines += notes(transposed_axes((9,), (k,), padding=pad, stride=s), pad)
    assert len(set(lines)) > 10
    assert [line for line in lines if len(line) > 79] == []
