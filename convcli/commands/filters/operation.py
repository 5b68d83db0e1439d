"""What corr, pool and edge share: read an input, filter it, deliver the result, tell what has to be told."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from convcli import terminal
from convcli.engine.errors import ConvError, display_name

if TYPE_CHECKING:  # the commands that derive from Operation are loaded for their help, too
    from convcli.commands.output import Delivered, Request
    from convcli.engine.results import Result
    from convcli.files.operands import Operand, Reading

__all__ = ["Operation", "filter_input", "filtered"]


class Operation(ABC):
    """What a command does to an operand. (A class, not a closure: it can be sent to another process.)"""

    @abstractmethod
    def __call__(self, operand: "Operand") -> "Result":
        """Check the operand and say what will be computed."""

    def notes(self, operand: "Operand", result: "Result") -> tuple[str, ...]:  # noqa: ARG002
        """Return what a person should be told of a result."""
        return ()


def filter_input(name: str, operation: Operation, request: "Request", reading: "Reading") -> None:
    """Filter one input.

    Raises
    ------
    ConvError
    """
    from convcli.commands.output import print_path, tell

    operand, delivered = filtered(name, operation, request, reading)
    tell(operand.name, delivered.notes)
    if delivered.path is not None:
        if request.preview and terminal.on_terminal() and delivered.picture is not None:
            _preview(operand, delivered)
        print_path(delivered.path)


def filtered(
    name: str, operation: Operation, request: "Request", reading: "Reading"
) -> "tuple[Operand, Delivered]":
    """Read, filter, deliver; what is delivered carries all notes. Prints nothing but a result for standard output."""
    from dataclasses import replace

    from convcli.commands.output import deliver
    from convcli.files.operands import load

    operand = load(name, reading)
    try:
        result = operation(operand)
    except ConvError as error:
        raise error if error.usage else error.about(display_name(name)) from error
    delivered = deliver(operand, result, request)
    read = operand.picture.notes if operand.picture else ()
    notes = (*read, *operation.notes(operand, result), *delivered.notes)
    return operand, replace(delivered, notes=notes)


def _preview(operand: "Operand", delivered: "Delivered") -> None:
    shown = [values for values in (operand.values, delivered.picture) if values is not None]
    terminal.draw_pictures(shown)
