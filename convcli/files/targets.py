"""Where a result goes: its name, from that of the input and the option -o."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from convcli.engine.errors import ConvError, one_of

__all__ = ["Target", "target_of"]


@dataclass(frozen=True)
class Target:
    """Where a result goes.

    Parameters
    ----------
    path : Path or None
        The file; None is standard output.
    parents : bool
        Whether folders that are missing on the way are made.
    """

    path: Path | None
    parents: bool = False


def target_of(
    source: str,
    command: str,
    output: str | None = None,
    *,
    suffix: str = ".png",
    fields: Mapping[str, str] | None = None,
) -> Target:
    """Name the output of one input, from the option ``-o``. Writes nothing.

    Parameters
    ----------
    source : str
        The input as it was given; ``-`` is standard input.
    command : str
        The command's name, for ``{stem}-{command}{suffix}``.
    output : str or None
        What ``-o`` says: None, ``-``, a file, a folder (it ends with a slash, or it exists), or a template.
    suffix : str
        Suffix of a name that is made up here.
    fields : mapping of str to str or None
        What a template may name beside ``stem``, ``name`` (with the suffix) and ``command``, such as ``method``.

    Raises
    ------
    ConvError
        A template names an unknown field, or has a brace without a field.

    Examples
    --------
    >>> str(target_of("photos/cat.jpg", "edge").path)
    'cat-edge.png'
    >>> str(target_of("photos/cat.jpg", "edge", "out/").path)
    'out/cat-edge.png'
    >>> str(target_of("cat.jpg", "edge", "out/{stem}-{method}.png", fields={"method": "canny"}).path)
    'out/cat-canny.png'
    >>> target_of("-", "edge").path is None
    True
    """
    if output == "-" or (output is None and source == "-"):
        return Target(None)
    stem = "stdin" if source == "-" else Path(source).stem
    name = f"{stem}-{command}{suffix}"
    if output is None:
        return Target(Path(name))
    if not output:
        raise ConvError("-o: got an empty name, a file, a folder or - is needed", usage=True)
    filled = output
    if "{" in output and not os.path.lexists(output):
        filled = _filled(
            output, {"stem": stem, "name": Path(source).name, "command": command, **(fields or {})}
        )
    if filled.endswith(("/", os.sep)) or os.path.isdir(filled):  # noqa: PTH112
        return Target(Path(filled, name), parents=True)
    return Target(Path(filled), parents=filled != output)


def _filled(template: str, fields: Mapping[str, str]) -> str:
    def field(match: re.Match[str]) -> str:
        name = match[1]
        if name not in fields:
            raise one_of("field of -o", name or match[0], [f"{{{f}}}" for f in fields])
        return fields[name].replace("/", "-").replace("\0", "")

    return re.sub(r"\{([^{}]*)\}?", field, template)
