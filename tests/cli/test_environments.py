"""Whatever surrounds a call: in a pipe the same bytes come out, on a terminal nothing but text and styles."""

import os
import shlex
import subprocess

import pytest

from tests.conftest import IN_SHELL, SAMPLES, at_terminal
from tests.fuzz.arena import steers

IN = shlex.quote(str(SAMPLES))
CALLS = (
    f"corr {IN}/matrix.csv -k '0 1; 2 3'",
    "shape -n 8 -k 3 --explain",
    f"corr {IN}/bars.csv -k box --json",
    "learn",
    "kernels",
    "kernels sobel-x",
    "net list",
    "net show lenet",
    "shape -n 8 -k 9",
    f"edge {IN}/bars.png none.png -o out/ -f",
    "corr --help",
)
ENVIRONMENTS = {
    "NO_COLOR": {"NO_COLOR": "1"},
    "FORCE_COLOR": {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TTY_COMPATIBLE": "1"},
    "dumb": {"TERM": "dumb"},
    "no TERM": {"TERM": None},
    "LC_ALL=C": {"LC_ALL": "C", "LANG": "C"},
    "no coercion": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "twenty columns": {"COLUMNS": "20"},
    "no columns": {"COLUMNS": "0", "LINES": "0"},
    "odd columns": {"COLUMNS": "wide"},
    "GitHub": {"GITHUB_ACTIONS": "true", "CI": "true"},
    "no HOME": {"HOME": None},
    "HOME that is not there": {"HOME": "/none"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin": {"PYTHONIOENCODING": "latin-1:strict"},
    "unbuffered": {"PYTHONUNBUFFERED": "1"},
    "warnings": {"PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"},
    "no bytecode": {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONOPTIMIZE": "2"},
    "threads": {"OMP_NUM_THREADS": "x", "OPENBLAS_NUM_THREADS": "0"},
}
"""What is set, and what is taken away (None)."""
ESCAPED = {"no coercion", "ascii", "latin"}
"""There, what the encoding lacks is escaped."""


def changed(changes):
    if changes.get("LC_ALL") == "C" and not str(SAMPLES).isascii():
        pytest.skip(
            "Python itself does not start: it takes the path of an editable installation for ASCII"
        )
    base = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    both = {**base, "TERM": "xterm-256color", **changes}
    return {k: v for k, v in both.items() if v is not None}


def piped(call, folder, environment, **given):
    line = f"exec {IN_SHELL} {call}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, timeout=120, **given
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """What each call gives in a usual environment."""
    folder = tmp_path_factory.mktemp("usual")
    return {call: piped(call, folder, changed({})) for call in CALLS}


def some(names):
    """All pairs of an environment and a call; in the short run one call each."""
    for i, name in enumerate(names):
        for j, call in enumerate(CALLS):
            short = i % len(CALLS) == j
            yield pytest.param(name, call, marks=[] if short else pytest.mark.full)


@pytest.mark.parametrize(("name", "call"), list(some(ENVIRONMENTS)))
def test_the_same_bytes_in_a_pipe(usual, tmp_path, name, call):
    status, out, err = piped(call, tmp_path, changed(ENVIRONMENTS[name]))
    before, text, told = usual[call]
    assert status == before
    assert b"Traceback" not in err
    if name in ESCAPED:
        assert out.isascii() or name == "latin"
        assert out == text or not text.isascii()
    elif "--help" in call:  # it is laid out for the width
        assert not steers(out)
    else:
        assert (out, err) == (text, told)


@pytest.mark.parametrize(("name", "call"), list(some(n for n in ENVIRONMENTS if n != "latin")))
def test_nothing_but_text_and_styles_on_a_terminal(tmp_path, name, call):
    line = f"exec {IN_SHELL} {call}"
    size = (24, 1) if name == "no columns" else (24, 80)
    status, shown = at_terminal(
        ["-c", line], tmp_path, changed(ENVIRONMENTS[name]), size=size, program=("bash",)
    )
    assert "Traceback" not in shown
    assert status == (1 if "-k 9" in call or "none.png" in call else 0)
    assert not steers(shown.encode(), styled=True), repr(shown)
    if name == "NO_COLOR":
        assert "\x1b[3" not in shown
        assert "\x1b[38;" not in shown


@pytest.mark.parametrize("call", [CALLS[0], CALLS[3], CALLS[9]])
def test_standard_input_may_be_closed(usual, tmp_path, call):
    assert piped(f"{call} <&-", tmp_path, changed({})) == usual[call]


def test_a_closed_standard_input_that_is_needed_is_told(tmp_path):
    status, out, err = piped("corr - -k 1 <&-", tmp_path, changed({}))
    assert (status, out) == (1, b"")
    assert err == b"convcli: error: standard input: is closed\n"


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "gbk", "cp437"])
@pytest.mark.parametrize(
    "call", ["shape -n 8 -k 3 -p same --explain", "shape -n 8 -k 3 -s 2 --ceil --explain", "learn"]
)
def test_formulas_and_drawings_are_spelled(tmp_path, encoding, call):
    there = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C"}
    _, out, err = piped(call, tmp_path, changed(there))
    for text in (out, err):
        assert b"\\u" not in text
        text.decode(encoding)
    if encoding == "ascii" and "--ceil" in call:
        assert b"ceil((8 - 3)/2) + 1 = 4" in out
        assert b"window 0  # # #" in out
