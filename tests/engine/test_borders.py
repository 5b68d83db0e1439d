"""What stands beyond an edge, against numpy.pad; names and synonyms."""

import numpy as np
import pytest

from convcli.engine.borders import BORDERS, SYNONYMS, border, cells, filling, of_mask, read_window
from convcli.engine.errors import ConvError

PADS = {
    "zero": {"mode": "constant"},
    "constant": {"mode": "constant", "constant_values": 7},
    "reflect": {"mode": "symmetric"},
    "mirror": {"mode": "reflect"},
    "nearest": {"mode": "edge"},
    "wrap": {"mode": "wrap"},
}
"""The same by NumPy's names."""

REACH = 23
"""Cells beyond each edge: several times round a small picture."""


@pytest.mark.parametrize("name", BORDERS)
@pytest.mark.parametrize("size", [(5, 6), (1, 9), (9, 1), (2, 2), (30, 40)])
@pytest.mark.parametrize("dtype", [np.float64, np.int16])
def test_every_window_of_a_padded_plane_is_numpys(name, size, dtype):
    rng = np.random.default_rng(13)
    x = rng.integers(1, 99, (2, *size)).astype(np.uint8)
    padded = np.pad(x, ((0, 0), (REACH, REACH), (REACH, REACH)), **PADS[name])
    high, wide = padded.shape[1:]
    spans = [(0, high, 0, wide), (REACH, high - REACH, REACH, wide - REACH)]
    for _ in range(40):  # of all places: inside, over an edge, over two, outside altogether
        top, bottom = sorted(rng.choice(high + 1, 2, replace=False).tolist())
        left, right = sorted(rng.choice(wide + 1, 2, replace=False).tolist())
        spans.append((top, bottom, left, right))
    for top, bottom, left, right in spans:
        out = np.full((2, bottom - top, right - left), -1, dtype)
        ranges = (top - REACH, bottom - REACH), (left - REACH, right - REACH)
        read_window(x, *ranges, BORDERS[name], 7.0, out)
        assert (out == padded[:, top:bottom, left:right]).all(), (top, bottom, left, right)


@pytest.mark.parametrize("name", BORDERS)
@pytest.mark.parametrize("n", [1, 2, 5])
def test_which_cell_stands_where_is_numpys(name, n):
    padded = np.pad(np.arange(n), REACH, **{**PADS[name], **{"constant_values": -1}} if "constant" in
                    PADS[name]["mode"] else PADS[name])  # fmt: skip
    assert cells(BORDERS[name], -REACH, n + REACH, n).tolist() == padded.tolist()
    assert cells(BORDERS[name], n, n + 2, n).tolist() == padded[REACH + n : REACH + n + 2].tolist()


@pytest.mark.parametrize("name", BORDERS)
def test_the_example_of_a_border_is_what_it_does(name):
    left, inner, right = (part.split() for part in BORDERS[name].example.split("|"))
    letters = {str(i): letter for i, letter in enumerate(inner)} | {"-1": left[0]}
    found = cells(BORDERS[name], -len(left), len(inner) + len(right), len(inner))
    assert [letters[str(i)] for i in found.tolist()] == left + inner + right


def test_synonyms_are_the_same_border():
    for name, other in SYNONYMS.items():
        assert border(name) is BORDERS[other]
        assert name.split("-")[0] in BORDERS[other].note or name in ("symmetric", "reflect-101")


def test_only_a_constant_has_a_value():
    assert filling(BORDERS["constant"], 3) == 3
    assert filling(BORDERS["wrap"], 0) == 0
    with pytest.raises(ConvError) as caught:
        filling(BORDERS["wrap"], -1)
    said = "value: got -1 with border wrap, only border constant has a value"
    assert (str(caught.value), caught.value.usage) == (said, True)


@pytest.mark.parametrize("name", BORDERS)
def test_a_mask_counts_what_fills_as_inside(name):
    mode, value = of_mask(BORDERS[name])
    out = np.zeros((7, 8))
    read_window(np.ones((3, 4)), (-2, 5), (-2, 6), BORDERS[mode], value, out)
    assert (out == 1).all()
