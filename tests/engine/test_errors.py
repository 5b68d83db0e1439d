import pytest

from convcli.engine.errors import ConvError, display_name, one_of, printable, told


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
    ],
)
def test_a_name_is_escaped_once_however_often_it_is_shown(name, shown):
    assert display_name(name) == display_name(display_name(name)) == shown


def test_what_nobody_escaped_is_escaped_in_the_end():
    assert told(ConvError("a\x1b[31m.png: is red")) == "a\\x1b[31m.png: is red"
