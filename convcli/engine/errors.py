"""The one error that a user can cause, and the words that make it helpful."""

import errno
import os
import unicodedata
from collections.abc import Iterable

__all__ = [
    "ConvError",
    "brief",
    "did_you_mean",
    "display_name",
    "one_of",
    "printable",
    "shortened",
    "told",
]

_LONGEST = 1000
"""Characters of an error line."""


class ConvError(ValueError):
    """What a user can cause and mend: bad data, a size that does not fit, an unknown name.

    Parameters
    ----------
    message : str
        One line: what is wrong, what was got, what is allowed.
    usage : bool
        Whether the call itself is wrong, whatever the data (exit status 2, not 1).

    Examples
    --------
    >>> str(ConvError("stride: got 0, a whole number of at least 1 is needed"))
    'stride: got 0, a whole number of at least 1 is needed'
    """

    def __init__(self, message: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.usage = usage

    def about(self, subject: str) -> "ConvError":
        """Return the same error with the file or option it is about in front."""
        return ConvError(f"{subject}: {self}", usage=self.usage)


def one_of(what: str, got: str, choices: Iterable[str]) -> ConvError:
    """Build the error for a name that is not in a registry, with the nearest name that is.

    >>> str(one_of("border", "refelct", ["zero", "reflect"]))
    "unknown border 'refelct', did you mean 'reflect'? known: zero, reflect"
    """
    names = list(choices)
    hint = did_you_mean(got, names)
    return ConvError(
        f"unknown {what} '{printable(got)}', {hint}known: {', '.join(names)}", usage=True
    )


def did_you_mean(got: str, names: Iterable[str]) -> str:
    """Ask for the name that was probably meant; nothing, where none is near.

    >>> did_you_mean("fc", ["conv", "linear"])
    "did you mean 'linear'? "
    """
    from convcli.engine.synonyms import nearest  # only an error pays for it

    near = " or ".join(f"'{name}'" for name in nearest(got, names))
    return f"did you mean {near}? " if near else ""


def told(error: Exception) -> str:
    """Put any error into one line, with nothing in it that a terminal would act on.

    >>> told(FileNotFoundError(2, "No such file or directory", "a.png"))
    'a.png: no such file or directory'
    >>> told(KeyError("x"))
    "a bug: KeyError: 'x'"
    """
    if isinstance(error, ConvError):
        return shortened(printable(error))
    if isinstance(error, OSError) and error.errno == errno.EBADF and not error.filename:
        return "standard output is closed, name a file with -o"
    if isinstance(error, OSError) and error.strerror:
        name = f"{printable(os.fsdecode(error.filename))}: " if error.filename else ""
        # what has no name was written to standard output
        return f"{shortened(name) or 'standard output: '}{error.strerror[:1].lower()}{error.strerror[1:]}"
    if isinstance(error, MemoryError):
        return "not enough memory for this input"
    return f"a bug: {type(error).__name__}: {shortened(printable(error))}"


def shortened(text: str) -> str:
    """Take the middle out of a text that nobody would read to its end: a name of a thousand letters, a whole file.

    >>> len(shortened("x" * 5000))
    1003
    """
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} … {text[-half:]}"


def brief(text: str, most: int = 40) -> str:
    """Put a piece of what was read into a message: its beginning, printable.

    >>> brief("9" * 50, 5)
    '99999…'
    """
    return printable(text[:most]) + ("…" if len(text) > most else "")


def display_name(name: object) -> str:
    r"""Return the name of an input as messages show it: ``-`` as what it means, any other with `printable`.

    What is shown already comes back as it is, so that no one needs to know who showed it first.

    >>> display_name("-"), display_name("a\x1b[31m.png"), display_name(display_name("a\x1b[31m.png"))
    ('standard input', 'a\\x1b[31m.png', 'a\\x1b[31m.png')
    """
    return "standard input" if str(name) == "-" else printable(name)


def printable(text: object) -> str:
    r"""Escape what a terminal would act on: controls, line ends, bidirectional marks, lone surrogates.

    >>> printable("a\x1b[31m.png")
    'a\\x1b[31m.png'
    """
    return "".join(c if _harmless(c) else _escape(c) for c in str(text))


def _harmless(char: str) -> bool:
    # Cc controls, Cf format (bidi overrides, zero width), Cs surrogates, Zl and Zp line ends
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is no UTF-8 (surrogateescape)
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
