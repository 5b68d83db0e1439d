import pytest

from convcli.engine.errors import ConvError, one_of, printable


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
