"""In which form a table is told: drawn, as CSV, as Markdown, or as JSON."""

from convcli import terminal
from convcli.engine.errors import one_of
from convcli.options import TABLES

__all__ = ["short_count", "table_form"]


def table_form(format: str | None, as_json: bool = False) -> str:
    """Settle --format: unless told, a table is drawn on a terminal, and CSV goes to a pipe.

    Returns
    -------
    str
        One of `TABLES`.

    Raises
    ------
    ConvError
        There is no such form.
    """
    if format not in (None, "auto", *TABLES):
        raise one_of("format", format, TABLES).about("--format")
    if as_json:
        return "json"
    if format in (None, "auto"):
        return "table" if terminal.on_terminal() else "csv"
    return str(format)


def short_count(count: object) -> str:
    """Write a large number with three digits, as people compare them; in CSV it is whole.

    >>> short_count(44426), short_count(11178378), short_count(1734890496), short_count(999_999)
    ('44.4 k', '11.2 M', '1.73 G', '1.00 M')
    """
    value, units = float(str(count)), iter(("", " k", " M", " G", " T"))
    unit = next(units)
    while value >= 999.5:
        value, unit = value / 1000, next(units)
    digits = 0 if not unit else 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}{unit}"
