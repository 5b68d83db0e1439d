"""What corr, pool and edge share: read an input, filter it, deliver the result, tell what has to be told."""

from abc import ABC, abstractmethod
from dataclasses import replace

from convcli import terminal
from convcli.commands.output import (
    Delivered,
    Request,
    _shown,
    deliver,
    destination,
    print_path,
    tell,
)
from convcli.engine.errors import ConvError
from convcli.engine.results import Result
from convcli.files.operands import Operand, Reading, load
from convcli.files.output import Target

__all__ = ["Operation", "aimed", "filter_input", "filtered"]


class Operation(ABC):
    """What a command does to an operand. (A class, not a closure: it can be sent to another process.)"""

    @abstractmethod
    def __call__(self, operand: Operand) -> Result:
        """Check the operand and say what will be computed."""

    def notes(self, operand: Operand, result: Result) -> tuple[str, ...]:  # noqa: ARG002
        """Return what a person should be told of a result."""
        return ()


def filter_input(
    name: str, operation: Operation, request: Request, reading: Reading, *, quiet: bool = False
) -> None:
    """Filter one input; `quiet` drops the notes.

    Raises
    ------
    ConvError
    """
    operand, delivered = filtered(name, operation, request, reading)
    if not quiet:
        tell(operand.name, delivered.notes)
    if delivered.path is not None:
        if request.preview and terminal.on_terminal() and delivered.picture is not None:
            _preview(operand, delivered)
        print_path(delivered.path)


def filtered(
    name: str, operation: Operation, request: Request, reading: Reading
) -> tuple[Operand, Delivered]:
    """Read, filter, deliver; what is delivered carries all notes. Prints nothing but a result for standard output."""
    operand, result = _planned(name, operation, reading)
    delivered = deliver(operand, result, request)
    read = operand.picture.notes if operand.picture else ()
    notes = (*read, *operation.notes(operand, result), *delivered.notes)
    return operand, replace(delivered, notes=notes)


def aimed(name: str, operation: Operation, request: Request, reading: Reading) -> Target:
    """Read an input and say where its result would go; nothing is computed or written."""
    operand, result = _planned(name, operation, reading)
    return destination(operand, result.shape, request)[1]


def _planned(name: str, operation: Operation, reading: Reading) -> tuple[Operand, Result]:
    operand = load(name, reading)
    try:
        return operand, operation(operand)
    except ConvError as error:
        raise error if error.usage else error.about(_shown(name)) from error


def _preview(operand: Operand, delivered: Delivered) -> None:
    shown = [values for values in (operand.values, delivered.picture) if values is not None]
    terminal.draw_pictures(shown)
