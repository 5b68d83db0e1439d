"""Text files, and lines of standard input as they come."""

import io
import sys

import pytest

from convcli.engine.errors import ConvError
from convcli.files.text import decoded, read_text, standard_input


@pytest.fixture
def stdin(monkeypatch):
    return lambda data: monkeypatch.setattr(
        sys, "stdin", None if data is None else io.TextIOWrapper(io.BytesIO(data))
    )


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"", ""), ("é\r\n".encode(), "é\r\n"), (b"\xef\xbb\xbfa", "a"), (b"a\n\n", "a\n\n")],
)
def test_a_text_is_read_whole(data, text, tmp_path, stdin):
    (tmp_path / "x").write_bytes(data)
    assert read_text(str(tmp_path / "x")) == text
    stdin(data)
    assert read_text("-") == text
    stdin(data)
    assert "".join(standard_input()) == text


def test_the_line_that_is_no_text_is_named(stdin):
    for data, line in ((b"\xff", 1), (b"a\n\xff\n\xff", 2), (b"a\n\nb \xff", 3)):
        with pytest.raises(ConvError, match=rf"^a\\x0a: line {line} is no UTF-8 text$"):
            decoded(data, "a\n")
    stdin(b"a\n\xff\n")
    with pytest.raises(ConvError, match=r"^standard input: line 2 is no UTF-8 text$"):
        read_text("-")
    stdin(bytes(1 << 20))
    with pytest.raises(ConvError, match=r"^standard input: is nothing but zero bytes, .*text"):
        read_text("-")


def test_lines_come_one_by_one_with_their_ends(stdin):
    stdin(b"\xef\xbb\xbfa\r\n\nb\xff\nc")
    assert list(standard_input()) == ["a\r\n", "\n", "b\udcff\n", "c"]
    stdin(None)
    for call in (lambda: read_text("-"), lambda: next(standard_input())):
        with pytest.raises(ConvError, match=r"^standard input: is closed$"):
            call()


def test_a_line_without_an_end_is_bounded(stdin):
    longest = (1 << 20) - 1
    stdin(b"a" * longest)
    assert len(next(standard_input())) == longest
    stdin(b"a\n" + b"a" * (longest + 1) + b"\n")
    lines = standard_input()
    assert next(lines) == "a\n"
    with pytest.raises(
        ConvError, match=r"^got a line of 1048576 characters or more, lines of text"
    ):
        next(lines)
