"""One grammar of numbers: every reader takes the same texts, for the same values, and refuses the same."""

import contextlib

import pytest
import typer

from convcli import options
from convcli.commands import kernel_argument
from convcli.commands.net import options as net_options
from convcli.engine import kernels, numbers
from convcli.engine.errors import ConvError, printable
from convcli.files.arrays import read_csv
from convcli.nets.architecture.kinds import read_layer
from convcli.nets.zoo.recipes import Recipe

NUMBERS = {
    "5": 5, "+5": 5, "0005": 5, "5.": 5.0, "+5.0": 5.0, ".5": 0.5, "+.5": 0.5, "0.5": 0.5, "5e-1": 0.5, "5E-01": 0.5,
    "+5.e-1": 0.5, ".5e0": 0.5, ".05E+1": 0.5, "5e0": 5.0, "5e-0000000000001": 0.5, "500e-00003": 0.5, " 5": 5,
    "5 ": 5, "0" * 5000 + "5": 5, "0." + "5" * 5000: 5 / 9,
}  # fmt: skip
"""Texts and values, all of which a Gaussian can have as its sigma."""
MORE = {
    "0": 0, "-0": 0, "-.5": -0.5, "-5": -5, "1E100": 1e100, "1e-400": 0.0,
    "1" + "0" * 300 + ".": 1e300, "-1e308": -1e308,
}  # fmt: skip
NONE = [
    "", " ", "+", "-", ".", "e5", "1e", "1e+", ".e1", "--1", "+-1", "- 1", "1 2", "1_0", "1,5", "0x10", "1e1.5", "1j",
    "1f", "١", "５", "½", "1\u00a0", "\u20091", "1\x0c", "\x0b1", "1\0", "one", "True", "1/2", "1e400", "-1e999999",
    "9" * 400, "nan", "-nan", "inf", "+Infinity",
]  # fmt: skip


def fast(text):
    """Read a cell as NumPy's parser does, where it is asked."""
    return read_csv(f"{text},1\n".encode(), "x")[0, 0]


def slow(text):
    """Read a cell in a row with a comment, which NumPy's parser is not asked for."""
    return read_csv(f"{text},1 # a comment\n".encode(), "x")[0, 0]


def option(read):
    def parse(text):
        try:
            return read(text)
        except typer.BadParameter as error:
            raise ConvError(str(error)) from error

    return parse


READERS = {
    "numbers": numbers.read_number,
    "reals": numbers.read_real,
    "options": option(options.read_real),
    "kernels": lambda text: kernels.read_numbers(text).item(),
    "--threshold": lambda text: kernel_argument.number_of(text, "--threshold", "a number"),
    "--mean": lambda text: option(options.reads(net_options._floats))(text)[0],
    "CSV": fast,
    "CSV, cell by cell": slow,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(("text", "value"), (NUMBERS | MORE).items(), ids=lambda v: str(v)[:20])
def test_every_reader_reads(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("text", NONE, ids=lambda text: repr(text[:20]))
def test_every_reader_refuses(read, text):
    if read in (fast, slow) and text.strip("one") in ("", "1,5"):
        pytest.skip("a cell that could be a name, or two cells")
    if read is READERS["--mean"] and "," in text:
        pytest.skip("two numbers")
    if read is READERS["kernels"] and ("," in text or " " in text.strip()):
        pytest.skip("two numbers")
    if text == "1/2" and read is READERS["kernels"]:
        pytest.skip("taps may be fractions")
    with pytest.raises(ConvError) as error:
        read(text)
    assert len(str(error.value)) < 1000
    assert printable(error.value) == str(error.value)


@pytest.mark.parametrize("text", [*NUMBERS, *NONE], ids=lambda text: repr(text[:20]))
def test_a_kernel_reads_its_parameters_so(text):
    if "," in text:
        pytest.skip("two parameters")
    with contextlib.nullcontext() if text in NUMBERS else pytest.raises(ConvError):
        if text:
            assert kernels.kernel(f"gaussian:{text}").sum() == pytest.approx(1)
        else:
            raise ConvError("its default")


@pytest.mark.parametrize("text", [*NUMBERS, *MORE, *NONE], ids=lambda text: repr(text[:20]))
def test_layers_and_schedules_read_theirs_so(text):
    if text != text.strip() or "," in text or not text:
        pytest.skip("layers are parted by blanks, arguments by commas")
    value = (NUMBERS | MORE).get(text)
    fits = value is not None and 0 <= value < 1
    with contextlib.nullcontext() if fits else pytest.raises(ConvError):
        assert read_layer(f"dropout:{text}").rate == value
    with contextlib.nullcontext() if fits else pytest.raises(ConvError):
        assert read_layer(f"bn:{text}").eps == value
    fits = value is not None and 0 < value <= 1
    with contextlib.nullcontext() if fits else pytest.raises(ConvError):
        assert Recipe(schedule=f"step:1,{text}").rate(1.5) == Recipe.lr * (value or 0)


def test_special_values_only_where_they_are_asked_for():
    assert numbers.read_number("-Infinity", special=True) == float("-inf")
    assert str(numbers.read_number("nan", special=True)) == "nan"
    with pytest.raises(ConvError, match=r"^got 'nan', a finite number is needed$"):
        numbers.read_number("nan")


def test_a_whole_number_keeps_every_digit():
    for text in ("9007199254740993", "-" + "9" * 300):
        assert numbers.read_number(text) == int(text)
        assert isinstance(numbers.read_number(text), int)
    assert isinstance(numbers.read_number("5."), float)


@pytest.mark.parametrize("text", [*NUMBERS, *MORE, *NONE, "4"], ids=lambda text: repr(text[:20]))
def test_whole_numbers_are_those_without_point_and_exponent(text):
    value = (NUMBERS | MORE | {"4": 4}).get(text)
    fits = isinstance(value, int) and value >= 5
    with contextlib.nullcontext() if fits else pytest.raises(ConvError):
        assert option(options.read_whole(5))(text) == value


@pytest.mark.parametrize(
    ("call", "option"),
    [
        (("edge", "x.csv", "-m", "canny"), "--sigma"),
        (("edge", "x.csv", "-m", "canny"), "--low"),
        (("edge", "x.csv", "-m", "canny"), "--high"),
        (("corr", "x.csv", "-k", "1", "--border", "constant"), "--value"),
        (("learn", "-m", "lstsq"), "--ridge"),
        (("learn", "x.csv", "x.csv", "-k", "1"), "--holdout"),
        (("learn", "-m", "sgd"), "--lr"),
        (("learn", "-m", "sgd"), "--momentum"),
        (("net", "show", "lenet"), "--width"),
    ],
)
def test_options_read_so(convcli, tmp_path, call, option):
    (tmp_path / "x.csv").write_text(("1,2,3" + ",4" * 40 + "\n") * 43)
    for text in ("+.03", "3E-2", " 0.03", "3.e-0002"):
        assert convcli(*call, f"{option}={text}").status == 0, text
    for text in ("1_0", "1e", "٣", "1e400"):
        done = convcli(*call, f"{option}={text}")
        command = " ".join(["convcli", *call[: 1 + (call[0] == "net")]])
        needed = "numbers up to 1.8e308 are allowed" if text == "1e400" else "a number is needed"
        assert done.status == 2
        assert done.err == (
            f"convcli: error: {option}: got '{text}', {needed} (see {command} --help)\n"
        )
