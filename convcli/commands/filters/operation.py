"""What corr, pool and edge share: read an input, filter it, deliver the result, tell what has to be told."""

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convcli import terminal
from convcli.engine.errors import ConvError, display_name

if TYPE_CHECKING:  # the commands that derive from Operation are loaded for their help, too
    from convcli.commands.output import Delivered, Request
    from convcli.engine.results import Result
    from convcli.files.operands import Operand, Reading
    from convcli.files.output import Target
    from convcli.files.pictures.picture import Frames

__all__ = ["PRELOAD", "Operation", "Transparency", "aimed", "filter_input", "filtered"]

PRELOAD = (
    "convcli.commands.filters.batch",
    "convcli.files.pictures.decoding",
    "convcli.files.pictures.formats",
)
"""What the processes of a batch need, whatever they do."""

WHITE = (1.0, 1.0, 1.0)


@dataclass(frozen=True, repr=False)
class Transparency:
    """What becomes of a picture's alpha.

    Parameters
    ----------
    keep : bool
        It is carried over unfiltered, and the colours are filtered as if there were none.
    background : tuple of 3 floats, or None
        What is seen where a picture is laid over something, red, green, blue, 0 … 1; None: the picture's own, or white.
    """

    keep: bool = False
    background: tuple[float, float, float] | None = None

    def counts(self, operand: "Operand") -> bool:
        """Whether there is an alpha that makes a difference."""
        alpha = None if operand.picture is None else operand.picture.alpha
        if self.keep or alpha is None:
            return False
        from convcli.engine.alpha import opaque

        return not opaque(alpha)

    def over(self, operand: "Operand") -> "Operand":
        """Lay a picture over the background: the result is opaque."""
        picture = operand.picture
        if not self.counts(operand) or picture is None or picture.alpha is None:
            return operand
        from dataclasses import replace

        from convcli.engine.alpha import laid_over, solid

        colour = self.background or picture.background or WHITE
        planes = laid_over(picture.planes, picture.alpha, colour)
        notes = picture.notes
        if self.background is None:
            shown = "white" if colour == WHITE else "its own background"
            notes += (f"is seen over {shown} (--background COLOUR, --alpha keep)",)
        seen = replace(picture, planes=planes, alpha=solid(picture.alpha), notes=notes)
        return replace(operand, values=planes, picture=seen)


class Operation(ABC):
    """What a command does to an operand. (A class, not a closure: it can be sent to another process.)"""

    @abstractmethod
    def load(self) -> None:
        """Import what it computes with: the input may still be decoded meanwhile."""

    def seen(self, operand: "Operand") -> "Operand":
        """Return the operand as the operation looks at it: a picture laid over a background, or as it is."""
        return operand

    @abstractmethod
    def __call__(self, operand: "Operand") -> "Result":
        """Check the operand and say what will be computed."""

    def notes(self, operand: "Operand", result: "Result") -> tuple[str, ...]:  # noqa: ARG002
        """Return what a person should be told of a result."""
        return ()


def filter_input(
    name: str,
    operation: Operation,
    request: "Request",
    reading: "Reading",
    *,
    quiet: bool = False,
) -> None:
    """Filter one input; `quiet` drops the notes.

    Raises
    ------
    ConvError
    """
    from convcli.commands.output import print_path, tell

    operand, delivered = filtered(name, operation, request, reading)
    if not quiet:
        tell(operand.name, delivered.notes)
    if delivered.path is not None:
        if request.preview and terminal.on_terminal() and delivered.picture is not None:
            _preview(operand, delivered)
        for path in (delivered.path, *delivered.more):
            print_path(path)


def filtered(
    name: str, operation: Operation, request: "Request", reading: "Reading"
) -> "tuple[Operand, Delivered]":
    """Read, filter, deliver; what is delivered carries all notes. Prints nothing but a result for standard output."""
    from dataclasses import replace

    operands, results, frames = _planned(name, operation, reading)
    if frames is not None and len(operands) > 1:
        from convcli.commands.filters.frames import deliver_frames

        delivered = deliver_frames(operands, results, frames, request)
    else:
        from convcli.commands.output import deliver

        delivered = deliver(operands[0], results[0], request)
    notes = [note for operand in operands for note in operand.notes]
    for operand, result in zip(operands, results, strict=True):
        notes += operation.notes(operand, result)
    told = tuple(dict.fromkeys((*notes, *delivered.notes)))
    return operands[0], replace(delivered, notes=told)


def aimed(
    name: str, operation: Operation, request: "Request", reading: "Reading"
) -> "tuple[Target, ...]":
    """Read an input and say where its result would go, of frames perhaps several; nothing is computed or written."""
    operands, results, frames = _planned(name, operation, reading)
    if frames is not None and len(operands) > 1:
        from convcli.commands.filters.frames import aim_frames

        return aim_frames(operands, results, frames, request)[1]
    from convcli.commands.output import destination

    return (destination(operands[0], results[0].shape, request)[1],)


def _planned(
    name: str, operation: Operation, reading: "Reading"
) -> "tuple[list[Operand], list[Result], Frames | None]":
    from convcli.files.operands import load, load_frames

    operation.load()
    try:
        read, frames = load_frames(name, reading) if reading.frame == "all" else ((), None)
        operands = [operation.seen(operand) for operand in read or (load(name, reading),)]
    except ConvError as error:
        if name != "-" and os.path.isdir(name):  # noqa: PTH112
            raise ConvError(f"{error} (-r takes the files in it)") from error
        raise
    try:
        return operands, [operation(operand) for operand in operands], frames
    except ConvError as error:
        raise error if error.usage else error.about(display_name(name)) from error


def _preview(operand: "Operand", delivered: "Delivered") -> None:
    shown = [values for values in (operand.values, delivered.picture) if values is not None]
    terminal.draw_pictures(shown)
