"""What `--draw`, `--explain` and `--matrix` of corr and pool do with an operand and its result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convcli.commands.filters.operation import Operation
from convcli.engine.errors import ConvError, display_name
from convcli.engine.results import Result, Timed
from convcli.engine.sizes.geometry import size_text
from convcli.figures.arithmetic import Arithmetic, arithmetic
from convcli.figures.windows import unit_of, units
from convcli.files.operands import Operand, Reading, load

if TYPE_CHECKING:
    from convcli.commands.drawing import Figure
    from convcli.figures.scene import Page

__all__ = ["Drawn", "explained"]

_TOLD = 64
"""Output units up to which all of them are explained."""


@dataclass(frozen=True, eq=False, repr=False)
class Drawn(Operation):
    """An operation whose result is drawn as well, once the result itself is delivered."""

    inner: Operation
    figure: "Figure"
    at: Sequence[int] | None
    mode: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pages", [])

    def load(self) -> None:
        """Import what it computes with."""
        self.inner.load()

    def seen(self, operand: Operand) -> Operand:
        """Return the operand as the operation looks at it."""
        return self.inner.seen(operand)

    def __call__(self, operand: Operand) -> Result:
        """Say what will be computed, and make the figure."""
        result = self.inner(operand)
        self._pages.append(_pages(operand, result, self))  # type: ignore[attr-defined]
        if len(self._pages) > 1:  # type: ignore[attr-defined]
            raise ConvError("--draw: got several frames, one is drawn (--frame N)", usage=True)
        return result

    def notes(self, operand: Operand, result: Result) -> tuple[str, ...]:
        """Write the figure, and tell what the operation has to tell."""
        self.figure.write(self._pages[0])  # type: ignore[attr-defined]
        return self.inner.notes(operand, result)


def _plain(result: Result) -> Result:
    return result.result if isinstance(result, Timed) else result


def _pages(operand: Operand, result: Result, how: Drawn) -> "Sequence[Page]":
    from convcli.figures.operations import operation_frames, operation_page

    layer = arithmetic(_plain(result), mode=how.mode)
    colours = None if operand.picture is None else _colours(operand.values.dtype)
    return how.figure.pages(
        lambda: operation_page(layer, how.at, colours), lambda: operation_frames(layer, colours)
    )


def _colours(dtype: np.dtype[Any]) -> Any:
    """Make the function that shows planes of a picture's units as colours."""
    white = 1 if dtype.kind == "b" else np.iinfo(dtype).max if dtype.kind in "iu" else 1.0

    def colours(planes: NDArray[Any]) -> list[list[str]]:
        scaled = np.clip(np.nan_to_num(planes.astype(np.float64)) / float(white), 0, 1) * 255
        levels = np.broadcast_to(scaled.round().astype(int), (3, *planes.shape[1:]))
        return [[f"#{r:02x}{g:02x}{b:02x}" for r, g, b in row] for row in np.moveaxis(levels, 0, 2)]

    return colours


def explained(
    name: str,
    operation: Operation,
    reading: Reading,
    *,
    mode: str = "",
    at: Sequence[int] | None = None,
    figure: "Figure | None" = None,
    matrix: bool = False,
) -> "list[str] | NDArray[Any]":
    """Put the arithmetic of each output unit into words, or the layer into a matrix.

    Raises
    ------
    ConvError
    """
    operand = operation.seen(load(name, reading))
    try:
        result = operation(operand)
        layer = arithmetic(_plain(result), mode=mode)
        if figure is not None:
            figure.write(_pages(operand, result, Drawn(operation, figure, at, mode)))
        return layer.matrix() if matrix else list(_told(layer, at))
    except ConvError as error:
        raise error if error.usage else error.about(display_name(name)) from error


def _told(layer: Arithmetic, at: Sequence[int] | None) -> "list[str]":
    shape = layer.output.shape[1:]
    every = [(r, c) for r, c in units(shape)] if shape[0] * shape[1] <= _TOLD else []
    row, column = unit_of(at, shape)
    walk = [(row, column)] if at is not None or not every else every
    found = []
    for unit in walk:
        for output in range(len(layer.output)):
            head = f"{unit[0]},{unit[1]}" + (f" map {output}" if len(layer.output) > 1 else "")
            for line in layer.words(output, unit, digits=6):
                found.append(f"{head}  {line}")
                head = " " * len(head)
    if len(walk) < shape[0] * shape[1] and at is None:
        found.append(f"the first unit of {size_text(shape)}, --at R,C tells of another")
    return found
