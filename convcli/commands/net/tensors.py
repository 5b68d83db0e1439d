"""The tensors of a file of weights that says nothing of its network: what `convcli net show` lists of it."""

import csv
import json
import sys
from math import prod
from pathlib import Path

import numpy as np

from convcli import terminal
from convcli.engine.errors import printable
from convcli.engine.sizes.geometry import size_text
from convcli.nets.model import weights

__all__ = ["show_tensors"]

_COLUMNS = ("name", "shape", "dtype", "numbers", "sum")


def show_tensors(path: Path, form: str, depth: int | None = None) -> None:
    """List a file's tensors, or up to a depth the beginnings that their names share.

    Parameters
    ----------
    path : Path
    form : str
        "table", "csv", "md" or "json".
    depth : int, optional
        Parts of the names, up to which tensors are put together.
    """
    with weights.opened(path) as source:
        rows = []
        for name in source.shapes:
            tensor = source.read(name)
            total = float(tensor.sum(dtype=np.float64)) if tensor.dtype.kind in "biuf" else None
            rows.append((name, tensor.shape, str(tensor.dtype), tensor.size, total))
    if form == "json":
        found = [dict(zip(_COLUMNS, (n, list(s), *rest), strict=True)) for n, s, *rest in rows]
        print(json.dumps({"name": str(path), "tensors": found, "numbers": _numbers(rows)}))
        return
    shown: list[tuple[object, ...]] = [
        (name, size_text(shape) or "1", *rest) for name, shape, *rest in rows
    ]
    if depth is not None:
        shown = _together(rows, depth)
    if form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows([_COLUMNS, *shown])
        return
    terminal.print_table(
        _COLUMNS,
        shown,
        title=f"{printable(path)}: tensors",
        total=("total", None, None, _numbers(rows), None),
        markdown=form == "md",
    )


_Row = tuple[str, tuple[int, ...], str, int, float | None]


def _numbers(rows: list[_Row]) -> int:
    return sum(prod(shape) for _, shape, *_ in rows)


def _together(rows: list[_Row], depth: int) -> list[tuple[object, ...]]:
    """Put the tensors together whose names begin alike."""
    groups: dict[str, list[_Row]] = {}
    for row in rows:
        groups.setdefault(".".join(row[0].split(".")[:depth]), []).append(row)
    return [
        (
            prefix,
            f"{len(held)} tensor{'s' * (len(held) > 1)}",
            "/".join(dict.fromkeys(row[2] for row in held)),
            _numbers(held),
            sum(row[4] or 0.0 for row in held),
        )
        for prefix, held in groups.items()
    ]
