"""A CSV of layers row by row, against the size of each layer by itself."""

import pytest

from convcli.engine.errors import ConvError
from convcli.engine.sizes.csv_rows import Defaults, output_rows
from convcli.engine.sizes.geometry import Padding, output_size


def answered(text, **given):
    """Each line after the head: its number, and its last cell or what is wrong."""
    _, *rows = output_rows(text.splitlines(keepends=True), Defaults(**given))
    return [(row.line, str(row.error) if row.error else row.cells[-1]) for row in rows]


def test_a_row_is_answered_as_its_layer_is():
    layers = [(n, k, p, s, d, c) for n in (9, 12) for k in (2, 3) for p in (0, 1) for s in (1, 2)
              for d in (1, 2) for c in (0, 1)]  # fmt: skip
    text = "n,k,p,s,d,ceil\n" + "".join(",".join(map(str, row)) + "\n" for row in layers)
    found = answered(text)
    assert [out for _, out in found] == [
        str(output_size(n, k, padding=p, stride=s, dilation=d, ceil=bool(c)))
        for n, k, p, s, d, c in layers
    ]
    assert [line for line, _ in found] == list(range(2, len(layers) + 2))


def test_what_a_row_leaves_out_is_what_was_given_and_other_columns_are_passed_on():
    given = Defaults(n=(20, 30), k=(3,), p=Padding(pairs=((1, 1),)), s=(2,), d=(2,), ceil=True)
    lines = ["layer, K ,s,note\n", "a,5,1,one\n", "b,,,two\n", "\n", "c, 4 ,3,three\n"]
    rows = [(row.line, row.cells, row.error) for row in output_rows(lines, given)]
    assert rows == [
        (1, ["layer", "K", "s", "note", "out"], None),
        (2, ["a", "5", "1", "one", "14x24"], None),
        (3, ["b", "", "", "two", "10x15"], None),
        (5, ["c", " 4 ", "3", "three", "6x10"], None),
    ]


@pytest.mark.parametrize("cell", ["1", "true", "yes", "Yes", "TRUE"])
def test_words_that_say_yes(cell):
    assert answered(f"n,k,s,ceil\n5,2,2,{cell}\n") == [(2, "3")]


@pytest.mark.parametrize("cell", ["0", "false", "no", "No", "FALSE", ""])
def test_words_that_say_no(cell):
    assert answered(f"n,k,s,ceil\n5,2,2,{cell}\n") == [(2, "2")]


def test_semicolons_part_cells_where_the_head_has_no_comma():
    assert answered("n;k;p\n8;3;same\n8x6;5;0\n") == [(2, "8"), (3, "4x2")]
    assert answered('n,k,"a;b"\n8,3,1\n') == [(2, "6")]
    assert answered("n\n8\n", k=(3,)) == [(2, "6")]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("8,3", "got 2 cells, the head has 3"),
        ("8,3,1,1", "got 4 cells, the head has 3"),
        ("8", "got 1 cells, the head has 3"),
        ("0,3,1", "n: got '0', whole numbers from 1 to 1000000000 are allowed"),
        ("8,x,1", "k: got 'x', whole numbers of at least 1 (joined by x) are allowed"),
        (",3,1", "n is blank, and no -n is given"),
        ("8, ,1", "k is blank, and no -k is given"),
        ("8,3,maybe", "ceil: got 'maybe', 1, true, yes or 0, false, no are allowed"),
        ("3,5,no", "kernel 5 does not fit: it is larger than the input 3 on axis 0"),
    ],
)
def test_a_row_that_cannot_be_answered_says_why_and_the_next_one_is(row, error):
    found = answered(f"n,k,ceil\n9,3,no\n{row}\n8,3,no\n")
    assert found == [(2, "7"), (3, error), (4, "6")]


@pytest.mark.parametrize(
    ("head", "given", "error"),
    [
        ("a,b", {}, "line 1: no column of n, k, p, s, d, ceil in the head, got 'a,b'"),
        ("", {}, "line 1: no column of n, k, p, s, d, ceil in the head, got ''"),
        ("n,k,out", {}, "line 1: column 'out' is there already"),
        ("n,k,N", {}, "line 1: column 'n' is there twice"),
        ("n,p", {}, "line 1: no column 'k', and no -k is given"),
        ("k", {}, "line 1: no column 'n', and no -n is given"),
        ("p", {"n": (8,)}, "line 1: no column 'k', and no -k is given"),
    ],
)
def test_a_head_that_cannot_be_read(head, given, error):
    with pytest.raises(ConvError) as caught:
        answered(f"{head}\n1,2,3\n", **given)
    assert str(caught.value) == error
    assert answered("a,a,k\n1,2,3\n", n=(8,)) == [(2, "6")]
