"""What `convcli learn` does around the fit: the pairs it reads, what it tells while it works and at the end."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convcli.commands.output import Request, destination, tell
from convcli.engine.correlation import corr2d
from convcli.engine.errors import ConvError, display_name
from convcli.engine.learning.examples import Examples
from convcli.files.inputs import read_pairs
from convcli.files.operands import Operand, Reading, check_single_stdin, load
from convcli.files.output import check_target
from convcli.files.pictures.picture import full_scale

__all__ = ["check", "exercise", "read_examples"]


def check(name: str, request: Request, log: str | None) -> None:
    """Refuse files that may not be written, before the work starts."""
    destination(Operand(name, np.zeros((1, 1))), (1, 1), request)
    if log is not None:
        check_target(Path(log), force=request.force)


def exercise() -> tuple[Examples, bool]:
    """Return the chapter's own, bars of 6×8 and their edges by [1, -1], and that they are no pictures."""
    bars = np.ones((6, 8))
    bars[:, 2:6] = 0
    return Examples.of(bars, corr2d(bars, [[1.0, -1.0]])), False


def read_examples(
    files: Sequence[str], table: str | None, reading: Reading
) -> tuple[Examples, bool]:
    """Read inputs and targets, and say whether they are pictures.

    Raises
    ------
    ConvError
    """
    check_single_stdin(*files, table or "")
    if len(files) % 2:
        raise ConvError(
            f"got {len(files)} file{'s' * (len(files) > 1)}, inputs and answers in turn are needed: X1 Y1 X2 Y2 …",
            usage=True,
        )
    names = list(zip(files[::2], files[1::2], strict=True))
    names += read_pairs(table) if table is not None else []
    pairs = [(load(x, reading), load(y, reading)) for x, y in names]
    for operand in (operand for pair in pairs for operand in pair):
        tell(operand.name, operand.said)
    pictured = [x.picture is not None for x, _ in pairs]
    if any(pictured) and not all(pictured):
        one, other = (names[pictured.index(kind)][0] for kind in (True, False))
        raise ConvError(
            f"{display_name(other)}: is an array and {display_name(one)} a picture, inputs of one kind are needed"
        )
    examples = Examples.of(
        [x.values for x, _ in pairs],
        [y.values for _, y in pairs],
        names=[(display_name(x), display_name(y)) for x, y in names],
        limits=[_limits(y) for _, y in pairs],
    )
    return examples, all(pictured)


def _limits(answer: Operand) -> tuple[float, float] | None:
    """Black and white of a picture of whole numbers, where values beyond them end up."""
    if answer.picture is None or answer.values.dtype.kind == "f":
        return None
    return 0.0, full_scale(answer.values.dtype)
