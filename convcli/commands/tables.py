"""In which form a table is told: drawn, as CSV, as Markdown, or as JSON."""

from convcli import terminal
from convcli.engine.errors import one_of
from convcli.options import TABLES

__all__ = ["table_form"]


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
