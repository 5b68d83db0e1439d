"""Whatever Python and NumPy write a number with is taken; what is none is an error that says what was got."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import convcli
from convcli import ConvError, Learned, corr2d, edges, kernel, learn_kernel, output_size, pool2d
from convcli.engine.arguments import real, several, whole, wholes

X = np.random.default_rng(0).integers(-9, 9, (2, 12, 10))
FLAT = X[0]
K = np.arange(9).reshape(3, 3)
MIXING = np.ones((4, 1, 3, 3), int)
Y = corr2d(FLAT, K)

CALLS = {
    "output_size n": lambda v: output_size(v, 1),
    "output_size k": lambda v: output_size(9, v),
    "output_size stride": lambda v: output_size(9, 1, stride=v),
    "output_size dilation": lambda v: output_size(9, 2, dilation=v),
    "output_size padding": lambda v: output_size(9, 2, padding=v),
    "corr2d stride": lambda v: corr2d(FLAT, K, stride=v),
    "corr2d dilation": lambda v: corr2d(FLAT, K, dilation=v),
    "corr2d padding": lambda v: corr2d(FLAT, K, padding=v),
    "corr2d groups": lambda v: corr2d(X, MIXING, groups=v),
    "pool2d size": lambda v: pool2d(FLAT, v),
    "pool2d stride": lambda v: pool2d(FLAT, 2, stride=v),
    "pool2d dilation": lambda v: pool2d(FLAT, 2, dilation=v),
    "pool2d padding": lambda v: pool2d(FLAT, 5, padding=v),
    "edges padding": lambda v: edges(FLAT, padding=v),
    "canny padding": lambda v: edges(FLAT, "canny", sigma=0.3, padding=v),
    "learn size": lambda v: learn_kernel(FLAT, corr2d(FLAT, np.ones((2, 2))), v),
    "learn stride": lambda v: learn_kernel(FLAT, corr2d(FLAT, K, stride=2), 3, stride=v),
    "learn dilation": lambda v: learn_kernel(FLAT, corr2d(FLAT, K, dilation=2), 3, dilation=v),
    "learn padding": lambda v: learn_kernel(FLAT, corr2d(FLAT, K, padding=2), 3, padding=v),
    "learn steps": lambda v: learn_kernel(FLAT, Y, 3, method="sgd", steps=v),
    "learn batch": lambda v: learn_kernel(FLAT, Y, 3, method="sgd", steps=2, batch=v),
    "learn seed": lambda v: learn_kernel(FLAT, Y, 3, method="sgd", steps=2, seed=v),
}
"""Every whole number of the public API; 2 is right for each."""

SINGLE = ("corr2d groups", "learn steps", "learn batch", "learn seed")


def plain(found):
    """What a call gives, in a form that compares; sizes are Python's own ints."""
    if isinstance(found, Learned):
        return found.kernel.tolist(), found.losses
    if isinstance(found, np.ndarray):
        return found.dtype, found.tolist()
    assert {type(n) for n in (found if isinstance(found, tuple) else (found,))} == {int}
    return found


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("two", [np.int64(2), np.uint8(2), np.array(2), np.array(2, ">i4")])
def test_numpys_integers_are_as_good_as_pythons(name, two):
    assert plain(CALLS[name](two)) == plain(CALLS[name](2))


@pytest.mark.parametrize("name", [name for name in CALLS if name not in SINGLE])
@pytest.mark.parametrize(
    "kind", [list, np.array, lambda v: np.array(v, np.uint16), np.asfortranarray]
)
def test_arrays_are_as_good_as_sequences(name, kind):
    two = (2,) if name.startswith("output_size") else (2, 2)
    assert plain(CALLS[name](kind(two))) == plain(CALLS[name](two))
    mixed = [np.int8(n) for n in two]
    assert plain(CALLS[name](mixed)) == plain(CALLS[name](two))


@pytest.mark.parametrize(
    "pairs", [[(1, 2), (0, 3)], np.array([[1, 2], [0, 3]]), [np.array([1, 2]), (np.int64(0), 3)]]
)
def test_padding_takes_pairs_of_numpy(pairs):
    assert output_size((8, 8), 3, padding=pairs) == (9, 9)
    assert (
        corr2d(FLAT, K, padding=pairs).tolist()
        == corr2d(FLAT, K, padding=[(1, 2), (0, 3)]).tolist()
    )
    assert output_size(8, 3, padding=np.array([[1, 2]])) == 9
    assert output_size(8, 3, padding=np.str_("same")) == 8


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (5.0, "5.0"),
        (np.float64(5.0), "5.0"),
        (np.array(5.0), "5.0"),
        ("2", "'2'"),
        (b"2", "b'2'"),
        (True, "True"),
        (np.True_, "True"),
        (np.array(True), "True"),
        (1j, "1j"),
        ({2}, "{2}"),
        ({2: 2}, "{2: 2}"),
        (-1, "-1"),
        (np.int64(-1), "-1"),
        (np.array(-1), "-1"),
        (object, "<class 'object'>"),
    ],
)
def test_what_is_no_whole_number_is_an_error(name, wrong, got):
    with pytest.raises(ConvError) as caught:
        CALLS[name](wrong)
    if isinstance(wrong, str) and name.endswith("padding"):
        got = "unknown padding '2', known: valid, same"
    message = str(caught.value)
    assert got in message
    assert "whole number of at least" in message or "known: valid" in message
    assert caught.value.usage


@pytest.mark.parametrize("name", [name for name in CALLS if name not in SINGLE])
@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        ([2.0, 2], "2.0"),
        (np.array([2.0, 2.0]), "2.0"),
        (["2", "2"], "'2'"),
        (np.array(["2", "2"]), "'2'"),
        ([True, True], "True"),
        (np.array([True, True]), "True"),
        ([None, 2], "None"),
        ([2, -1], "-1"),
        (np.array([2, -1]), "-1"),
        ([], "nothing"),
        (np.array([], int), "nothing"),
        (np.ones((2, 2, 2), int), "[1 1]"),
        ((2, 2, 2), "got "),
    ],
)
def test_sequences_of_what_is_none_are_errors(name, wrong, got):
    if name in ("output_size n", "learn size") and got == "got ":
        return  # another number of axes is right there
    with pytest.raises(ConvError, match=re.escape(got)):
        CALLS[name](wrong)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("wrong", [[2], np.array([2]), (2, 2), "", None])
def test_some_are_one_number_alone(name, wrong):
    if wrong is None and name in ("learn batch", "learn seed"):
        return  # may be left out
    with pytest.raises(ConvError, match=r"got .*, a whole number of at least [01] is needed"):
        CALLS[name](wrong)


@pytest.mark.parametrize("pairs", [[(1,)], [(1, 2, 3), (1, 2, 3)], [[]], np.ones((2, 3), int)])
def test_padding_is_two_numbers_an_axis(pairs):
    with pytest.raises(ConvError, match=r"padding: got .* for an axis, rows per side or \(before"):
        output_size((8, 8), 3, padding=pairs)


@pytest.mark.parametrize("padding", [["same", "same"], [("same", 1)], [b"12", b"12"]])
def test_padding_holds_no_words(padding):
    with pytest.raises(ConvError, match=r"padding: got .*, a whole number of at least 0 is needed"):
        output_size((8, 8), 3, padding=padding)


REALS = {
    "value": lambda v: corr2d(FLAT, K, padding=1, border="constant", value=v),
    "edges value": lambda v: edges(FLAT, padding=1, border="constant", value=v),
    "sigma": lambda v: edges(FLAT, "log", sigma=v, padding="same"),
    "low": lambda v: edges(FLAT, "canny", sigma=0.3, low=v),
    "high": lambda v: edges(FLAT, "canny", sigma=0.3, high=v),
    "threshold": lambda v: edges(FLAT, threshold=v),
    "ridge": lambda v: learn_kernel(FLAT, Y, 3, ridge=v),
    "holdout": lambda v: learn_kernel(FLAT, Y, 3, holdout=v),
    "lr": lambda v: learn_kernel(FLAT, Y, 3, method="sgd", steps=1, lr=v),
    "momentum": lambda v: learn_kernel(FLAT, Y, 3, method="sgd", steps=2, momentum=v),
    "low limit": lambda v: learn_kernel(FLAT, Y, 3, limits=(v, 1000)),
    "high limit": lambda v: learn_kernel(FLAT, Y, 3, limits=(-1000, v)),
    "learn value": lambda v: learn_kernel(
        FLAT, corr2d(FLAT, K, padding=1, border="constant", value=0.5), 3,
        padding=1, border="constant", value=v,
    ),
}  # fmt: skip
"""Every real number of the public API; 1/2 is right for each."""


@pytest.mark.parametrize("name", REALS)
@pytest.mark.parametrize(
    "half",
    [
        np.float64(0.5),
        np.float32(0.5),
        np.float16(0.5),
        np.array(0.5),
        Fraction(1, 2),
        Decimal("0.5"),
    ],
)
def test_any_real_number_is_one(name, half):
    assert plain(REALS[name](half)) == plain(REALS[name](0.5))


@pytest.mark.parametrize("name", REALS)
@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        ("1", "'1'"),
        (True, "True"),
        (np.True_, "True"),
        (1j, "1j"),
        (np.complex64(1j), "1j"),
        (b"1", "b'1'"),
        ([0.5], "[0.5]"),
        (np.array([0.5]), "[0.5]"),
        (np.array("1"), "1"),
        ({}, "{}"),
        (10**400, "0000"),
    ],
)
def test_what_is_no_real_number_is_an_error(name, wrong, got):
    with pytest.raises(ConvError) as caught:
        REALS[name](wrong)
    message = str(caught.value)
    if name == "threshold" and isinstance(wrong, str):
        assert message == "unknown threshold '1', known: a number, otsu"
        return
    assert got in message
    assert "needed" in message or "allowed" in message


@pytest.mark.parametrize("wrong", [5, "ab", (1,), (1, 2, 3), np.array(3)])
def test_limits_are_two(wrong):
    with pytest.raises(ConvError, match=r"limits: got .*, two numbers are needed"):
        learn_kernel(FLAT, Y, 3, limits=wrong)
    assert learn_kernel(FLAT, Y, 3, limits=np.array([-1000, 1000])).clipped == 0


NAMES = {
    "mode": lambda v: pool2d(FLAT, 2, mode=v),
    "pool border": lambda v: pool2d(FLAT, 2, border=v),
    "footprint": lambda v: pool2d(FLAT, 2, footprint=v),
    "border": lambda v: corr2d(FLAT, K, border=v),
    "edges border": lambda v: edges(FLAT, border=v),
    "canny border": lambda v: edges(FLAT, "canny", border=v),
    "method": lambda v: edges(FLAT, v),
    "axis": lambda v: edges(FLAT, axis=v),
    "learn method": lambda v: learn_kernel(FLAT, Y, 3, method=v),
    "learn border": lambda v: learn_kernel(FLAT, Y, 3, border=v),
    "kernel": kernel,
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", [3, [3], b"3", np.array([3]), {}])
def test_what_is_no_name_is_an_error(name, wrong):
    with pytest.raises(ConvError, match=r"3|{}"):
        NAMES[name](wrong)


def test_what_is_learned_has_a_public_type():
    assert isinstance(learn_kernel(FLAT, Y, 3), convcli.Learned)
    assert "Learned" in convcli.__all__
    assert "Learned" in dir(convcli)


def test_the_checks_themselves():
    assert [several(v) for v in (3, "ab", {1}, None, np.array(3))] == [None] * 5
    assert several(range(2)) == several(np.arange(2)) == [0, 1]
    assert wholes("n", (3, 4), 1) == (3, 4)
    assert type(whole("n", np.int8(3), 1)) is type(real("n", np.int8(3))) is int
    assert type(real("n", np.float32(0.5))) is type(real("n", np.float64(0.5))) is float


BIG = {"i": np.dtype(">i4"), "u": np.dtype(">u2"), "f": np.dtype(">f4"), "d": np.dtype(">f8")}


@pytest.mark.parametrize("dtype", BIG.values(), ids=str)
@pytest.mark.parametrize(
    "call",
    [
        lambda x: pool2d(x, 2),
        lambda x: pool2d(x, 3, mode="min", padding=1),
        lambda x: pool2d(x, (9, 8), mode="max", stride=1),
        lambda x: pool2d(x, 2, mode="avg"),
        lambda x: pool2d(x, 3, mode="median", padding=1, stride=1),
        lambda x: pool2d(x, 2, mode="percentile:30", border="reflect", padding=1),
        lambda x: pool2d(x, 3, mode="sum", footprint="cross"),
        lambda x: corr2d(x, K),
        lambda x: corr2d(x, K.astype(x.dtype)),
        lambda x: corr2d(x, K / 9, bias=np.ones(1, x.dtype), padding=2, border="mirror"),
        lambda x: corr2d(x, np.ones((9, 9), x.dtype)),
        lambda x: corr2d(x[None], np.ones((3, 1, 2, 2), x.dtype), bias=np.arange(3, dtype=x.dtype)),
        edges,
        lambda x: edges(x, "kirsch", padding="same"),
        lambda x: edges(x, "log", padding="same"),
        lambda x: edges(x, "diff", axis="y"),
        lambda x: edges(x, threshold="otsu"),
        lambda x: edges(x, "canny", sigma=0.5),
        lambda x: edges(x, "canny", sigma=0.5, low="80%", high="90%", mask=x),
        lambda x: edges(x, "sobel:5", mask=x),
        lambda x: learn_kernel(x, corr2d(x, K).astype(x.dtype), 3, bias=True),
        lambda x: learn_kernel(x, x, padding="same", limits=(1, 30), holdout=0.2),
    ],
)
def test_the_byte_order_of_an_array_does_not_matter(call, dtype):
    x = np.abs(FLAT).astype(dtype)
    found, same = call(x), call(x.astype(dtype.newbyteorder("=")))
    assert plain(found) == plain(same)
    if isinstance(found, np.ndarray):
        assert found.dtype.isnative


RAGGED = [[1, 2], [3]]


@pytest.mark.parametrize(
    ("what", "call"),
    [
        ("input", lambda: corr2d(RAGGED, K)),
        ("kernel", lambda: corr2d(FLAT, RAGGED)),
        ("bias", lambda: corr2d(FLAT, K, bias=RAGGED)),
        ("input", lambda: pool2d(RAGGED, 2)),
        ("input", lambda: edges(RAGGED)),
        ("X", lambda: learn_kernel(RAGGED, Y)),
        ("Y 2", lambda: learn_kernel([FLAT, FLAT], [Y, RAGGED])),
    ],
)
def test_rows_of_different_lengths_are_no_array(what, call):
    with pytest.raises(ConvError) as caught:
        call()
    assert str(caught.value) == f"{what}: got rows of different lengths, an array is needed"


def test_small_integers_of_numpy_do_not_overflow():
    assert output_size(np.uint8(250), np.uint8(3), padding=np.uint8(200)) == 648
    assert pool2d(np.ones((200, 200)), np.uint8(200), padding=np.uint8(150)).shape == (2, 2)


def test_a_kernel_that_does_not_fit_takes_no_memory():
    with pytest.raises(ConvError, match="kernel 1000000 does not fit"):
        learn_kernel(FLAT, Y, 1_000_000)


@pytest.mark.parametrize("huge", [2**31, 2**63, 2**64, 10**30])
@pytest.mark.parametrize(
    "call",
    [
        *(lambda n, name=name: CALLS[name](n) for name in CALLS if name not in SINGLE),
        lambda n: pool2d(FLAT, 2, mode="avg", padding=n, include_pad=True),
        lambda n: pool2d(FLAT, n, border="wrap", padding="same"),
        lambda n: edges(FLAT, "canny", padding=n),
    ],
)
def test_what_no_memory_holds_is_an_error_or_does_not_matter(call, huge):
    try:
        found = call(huge)
    except ConvError:
        return
    assert np.asarray(found).size <= 2
