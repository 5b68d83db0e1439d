"""The results of all frames or pages of a file: one file again where its form can hold them, else a file a frame."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convcli.commands.output import (
    Delivered,
    Request,
    array_chunks,
    destination,
    place,
    rounding,
    sink,
)
from convcli.engine.alpha import opaque
from convcli.engine.errors import ConvError
from convcli.engine.results import Result
from convcli.files.memory import check_memory
from convcli.files.operands import Operand
from convcli.files.output import Target, check_target, target_of
from convcli.files.pictures.formats import numbers, write_frames
from convcli.files.pictures.picture import Frames, Picture
from convcli.files.rendering import rendered

__all__ = ["aim_frames", "deliver_frames"]

_ARRAYS = ("npy", "json")
_PAGES = ("tiff",)
_ANIMATIONS = ("png", "webp", "tiff")


def deliver_frames(
    operands: Sequence[Operand], results: Sequence[Result], frames: Frames, request: Request
) -> Delivered:
    """Compute the results of several frames and put them where they belong.

    An animation stays one as PNG, WebP or TIFF, pages as TIFF; NPY and JSON hold frames of one size as N×C×H×W. Any
    other form, and a template with ``{frame}``, gets a file a frame: ``x-0.jpg``, ``x-1.jpg``, …

    Raises
    ------
    ConvError
        They cannot go there, or their form cannot hold them.
    """
    form, targets = aim_frames(operands, results, frames, request)
    if len(targets) > 1:
        return _apart(operands, results, request, form, targets)
    (target,) = targets
    sizes = sum(result.dtype.itemsize * int(np.prod(result.shape)) for result in results)
    check_memory(sizes, request.max_memory, request.jobs)
    if form in _ARRAYS:
        if request.invert:
            raise ConvError(
                f"--invert: got a result that goes to {form}, a picture is needed", usage=True
            )
        planes = [result.run() for result in results]
        stack = np.stack([p if p.ndim > 2 else p[np.newaxis] for p in planes])
        with sink(target, request, text=form == "json") as file:
            for chunk in array_chunks(stack, form):
                file.write(chunk)
        pictures = [operand.picture for operand in operands if operand.picture]
        without = any(p.alpha is not None and not opaque(p.alpha) for p in pictures)
        return Delivered(target.path, ("alpha is left out",) if without else ())
    made: list[Picture] = []
    notes: list[str] = []
    for operand, result in zip(operands, results, strict=True):
        picture, told = _pictured(operand, result, form, request)
        made.append(picture)
        notes += told
    with sink(target, request) as file:
        notes += write_frames(file, made, form, frames)
    return Delivered(target.path, tuple(dict.fromkeys(notes)), made[0].planes)


def aim_frames(
    operands: Sequence[Operand], results: Sequence[Result], frames: Frames, request: Request
) -> tuple[str, tuple[Target, ...]]:
    """Say in which form the results of several frames go where: to one file, or to one a frame.

    Raises
    ------
    ConvError
        They cannot go there.
    """
    pages = frames.durations is None
    form, first = destination(operands[0], results[0].shape, request, pages=pages)
    alike = len({result.shape for result in results}) == 1
    held = (form in _ARRAYS and alike) or form in (_PAGES if pages else _ANIMATIONS)
    if held and "{frame}" not in (request.output or ""):
        return form, (first,)
    if first.path is None:
        raise ConvError(
            f"--frame all: {form} holds one frame, -o 'x-{{frame}}.{form}' makes a file of each",
            usage=True,
        )
    targets = []
    for i in range(len(operands)):
        number = str(i).zfill(len(str(len(operands) - 1)))
        if "{frame}" in (request.output or ""):
            fields = {**request.fields, "frame": number}
            target = target_of(operands[i].name, request.command, request.output, fields=fields)
        else:
            target = Target(first.path.with_name(f"{first.path.stem}-{number}{first.path.suffix}"))
        assert target.path is not None
        check_target(target.path, force=request.force, attempt=request.attempt)
        targets.append(target)
    return form, tuple(targets)


def _pictured(
    operand: Operand, result: Result, form: str, request: Request
) -> tuple[Picture, tuple[str, ...]]:
    if operand.raw is None or form != "tiff" or result.dtype == np.bool:
        picture, notes = rendered(operand, result, form, request.range_mode, invert=request.invert)
        return picture, notes()
    values = result.run()
    return numbers(values, operand.raw), rounding(values, operand.raw)


def _apart(
    operands: Sequence[Operand],
    results: Sequence[Result],
    request: Request,
    form: str,
    targets: Sequence[Target],
) -> Delivered:
    """Write a file a frame."""
    notes: list[str] = []
    paths: list[Path] = []
    picture = None
    for operand, result, target in zip(operands, results, targets, strict=True):
        delivered = place(operand, result, request, form, target)
        notes += delivered.notes
        picture = delivered.picture if picture is None else picture
        assert delivered.path is not None
        paths.append(delivered.path)
    return Delivered(paths[0], tuple(dict.fromkeys(notes)), picture, tuple(paths[1:]))
