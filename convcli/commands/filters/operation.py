"""What corr, pool and edge share: read an input, filter it, deliver the result, tell what has to be told."""

from abc import ABC, abstractmethod
from dataclasses import replace

from convcli import terminal
from convcli.commands.output import Delivered, Request, _shown, deliver, print_path, tell
from convcli.engine.errors import ConvError
from convcli.engine.results import Result
from convcli.files.operands import Operand, Reading, load, load_frames

__all__ = ["Operation", "filter_input", "filtered"]


class Operation(ABC):
    """What a command does to an operand. (A class, not a closure: it can be sent to another process.)"""

    @abstractmethod
    def __call__(self, operand: Operand) -> Result:
        """Check the operand and say what will be computed."""

    def notes(self, operand: Operand, result: Result) -> tuple[str, ...]:  # noqa: ARG002
        """Return what a person should be told of a result."""
        return ()


def filter_input(name: str, operation: Operation, request: Request, reading: Reading) -> None:
    """Filter one input.

    Raises
    ------
    ConvError
    """
    operand, delivered = filtered(name, operation, request, reading)
    tell(operand.name, delivered.notes)
    if delivered.path is not None:
        if request.preview and terminal.on_terminal() and delivered.picture is not None:
            _preview(operand, delivered)
        for path in (delivered.path, *delivered.more):
            print_path(path)


def filtered(
    name: str, operation: Operation, request: Request, reading: Reading
) -> tuple[Operand, Delivered]:
    """Read, filter, deliver; what is delivered carries all notes. Prints nothing but a result for standard output."""
    if reading.frame == "all":
        operands, frames = load_frames(name, reading)
    else:
        operands, frames = (load(name, reading),), None
    try:
        results = [operation(operand) for operand in operands]
    except ConvError as error:
        raise error if error.usage else error.about(_shown(name)) from error
    if frames is not None and len(operands) > 1:
        from convcli.commands.filters.frames import deliver_frames

        delivered = deliver_frames(operands, results, frames, request)
    else:
        delivered = deliver(operands[0], results[0], request)
    notes = [note for operand in operands for note in operand.notes]
    for operand, result in zip(operands, results, strict=True):
        notes += operation.notes(operand, result)
    told = tuple(dict.fromkeys((*notes, *delivered.notes)))
    return operands[0], replace(delivered, notes=told)


def _preview(operand: Operand, delivered: Delivered) -> None:
    shown = [values for values in (operand.values, delivered.picture) if values is not None]
    terminal.draw_pictures(shown)
