import errno
import os

import pytest

from convcli.engine.errors import (
    ConvError,
    brief,
    display_name,
    one_of,
    printable,
    shortened,
    told,
)


def test_an_error_keeps_whether_the_call_was_wrong():
    assert ConvError("x").usage is False
    about = ConvError("got 0", usage=True).about("stride")
    assert (str(about), about.usage) == ("stride: got 0", True)


@pytest.mark.parametrize(
    ("got", "hint"),
    [("refelct", "did you mean 'reflect'? "), ("ZERO", "did you mean 'zero'? "), ("qqq", "")],
)
def test_the_nearest_name_is_suggested(got, hint):
    assert str(one_of("border", got, ["zero", "reflect"])) == (
        f"unknown border '{got}', {hint}known: zero, reflect"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcödé × 図", "plain ünïcödé × 図"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2028", "\\u2028"),
        ("\U000e0001", "\\U000e0001"),
        (b"\xff.png".decode("utf-8", "surrogateescape"), "\\xff.png"),
    ],
)
def test_what_a_terminal_would_act_on_is_escaped(text, shown):
    assert printable(text) == shown
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("-", "standard input"),
        ("./-", "./-"),
        ("a\x1b[31m.png", "a\\x1b[31m.png"),
        ("\udcff", "\\xff"),
        ("\udc80", "\\x80"),
        ("\udc7f", "\\udc7f"),  # no byte that is no UTF-8 can be one
        ("\udd00", "\\udd00"),
    ],
)
def test_a_name_is_escaped_once_however_often_it_is_shown(name, shown):
    assert display_name(name) == display_name(display_name(name)) == shown


def test_what_nobody_escaped_is_escaped_in_the_end():
    assert told(ConvError("a\x1b[31m.png: is red")) == "a\\x1b[31m.png: is red"


def failed(number, *names):
    return OSError(number, os.strerror(number), *names)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (failed(errno.EBADF), "standard output is closed, name a file with -o"),
        (failed(errno.EBADF, "a.png"), "a.png: bad file descriptor"),
        (failed(errno.ENOSPC), "standard output: no space left on device"),
        (failed(errno.ENOSPC, "a.png"), "a.png: no space left on device"),
        (failed(errno.EACCES, b"\xff\x1b.png"), "\\xff\\x1b.png: permission denied"),
        (OSError("cannot identify it"), "a bug: OSError: cannot identify it"),
        (MemoryError(), "not enough memory for this input"),
        (ValueError("a\nb"), "a bug: ValueError: a\\x0ab"),
    ],
)
def test_an_error_of_the_system_is_told_in_one_line(error, line):
    assert told(error) == line


def test_what_is_long_keeps_its_beginning_and_its_end():
    assert shortened("x" * 1000) == "x" * 1000
    text = "".join(chr(ord("a") + i % 26) for i in range(1001))
    assert shortened(text) == f"{text[:500]} … {text[-500:]}"
    for error in (ConvError(text), KeyError(text), failed(errno.ENOENT, text)):
        assert len(told(error)) < 1100


def test_a_piece_of_what_was_read_is_cut_only_where_it_is_longer():
    assert brief("12345", 5) == "12345"
    assert brief("123456", 5) == "12345…"
    assert brief("a\nb" + "9" * 40) == "a\\x0ab" + "9" * 37 + "…"
