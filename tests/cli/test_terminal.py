"""What a person at a terminal sees: the command line under a pseudo-terminal."""

import os
import re

import pytest

from tests.conftest import SAMPLES, at_terminal, plain


@pytest.fixture
def terminal(tmp_path):
    """Call the command line at a terminal with colours; returns status and what the terminal got, errors too."""
    size = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    return lambda *args, **given: at_terminal(args, tmp_path, {**os.environ, **size, **given})


def test_an_array_is_a_table(terminal):
    status, seen = terminal("corr", SAMPLES / "bars.csv", "-k", "1 -1")
    assert status == 0
    assert [line.split() for line in plain(seen).splitlines()] == [
        ["0", "1", "0", "0", "0", "-1", "0"]
    ] * 6
    assert "\x1b[" in seen


def test_heat_and_no_color(terminal):
    assert "48;5;" in terminal("corr", SAMPLES / "bars.csv", "-k", "1 -1", "--heat")[1]
    without = terminal("corr", SAMPLES / "bars.csv", "-k", "1 -1", "--heat", NO_COLOR="1")[1]
    assert not re.search(r"\x1b\[([0-9;]*;)?[34][0-9]", without)  # dim is no colour


def test_a_picture_stands_beside_its_edges(terminal, tmp_path):
    status, seen = terminal("edge", SAMPLES / "coffee.png")
    assert status == 0
    lines = plain(seen).splitlines()
    assert lines[-1] == "coffee-edge.png"
    assert set(lines[0]) == {"▀", " "}
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 24
    assert (tmp_path / "coffee-edge.png").exists()
    assert "▀" not in terminal("edge", SAMPLES / "coffee.png", "-f", "--no-preview")[1]


def test_one_kernel_is_described(terminal):
    seen = plain(terminal("kernels", "sobel-x@90")[1])
    assert "3x3, sum 0, rank 1 (separable" in seen
    assert "Sobel and Feldman" in seen
    assert "Frequency response" in seen


def test_without_colours_no_picture_is_drawn(terminal):
    seen = terminal("kernels", "sobel-x", NO_COLOR="1")[1]
    assert "rank 1" in seen
    assert "Frequency" not in seen
    assert "▀" not in seen + terminal("edge", SAMPLES / "coffee.png", NO_COLOR="1")[1]


def test_the_list_of_kernels_fits(terminal):
    status, seen = terminal("kernels")
    assert status == 0
    assert "gaussian" in seen
    assert max(map(len, plain(seen).splitlines())) <= 80


@pytest.mark.parametrize("columns", ["1", "20"])
def test_narrow_terminals(terminal, columns):
    assert terminal("corr", SAMPLES / "bars.csv", "-k", "1 -1", COLUMNS=columns)[0] == 0
    assert terminal("edge", SAMPLES / "coffee.png", "-f", COLUMNS=columns)[0] == 0


def test_binary_is_never_sent_to_a_terminal(terminal):
    status, seen = terminal("corr", SAMPLES / "bars.csv", "-k", "1", "--format", "npy")
    assert status == 2
    assert seen.startswith("convcli: error: binary is never sent to a terminal")


def test_names_cannot_steer_the_terminal(terminal, tmp_path):
    name = "\x1b[31m[bold]\u202e\n.csv"
    (tmp_path / name).write_text("1,x\n")
    status, seen = terminal("corr", name, "-k", "1")
    assert status == 1
    assert "\x1b" not in seen
    assert "\u202e" not in seen
    assert "\\x1b[31m[bold]\\u202e\\x0a.csv" in seen


def test_a_batch_shows_how_far_it_is(terminal):
    names = [SAMPLES / f"{name}.png" for name in ("bars", "camera")]
    status, seen = terminal("edge", *names, "none.png", "-o", "out/", "--jobs", "1")
    assert status == 1
    drawn = plain(seen).replace("\r\x1b[K", "\n").splitlines()
    assert [line for line in drawn if line.startswith(("out/", "convcli"))] == [
        "out/bars-edge.png",
        "out/camera-edge.png",
        "convcli: error: none.png: no such file or directory",
        "convcli: 2 of 3 written, 1 failed; --skip-existing goes on",
    ]
    assert any(re.match(r"━.* 1/3 ", line) for line in drawn)
    assert re.fullmatch(r"━+ 3/3 [0-9.]+/s [0-9:]+ 1 failed", drawn[-2])
    assert "\x1b" not in "".join(drawn)
