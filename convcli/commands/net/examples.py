"""Labelled data as examples for a network: labels numbered, the pictures of a folder read."""

from math import prod

import numpy as np
from numpy.typing import NDArray

from convcli.commands.output import tell
from convcli.commands.progress import say, watch
from convcli.engine.errors import ConvError, display_name, printable, shortened, told
from convcli.engine.progress import Note, Progress, Work
from convcli.files.datasets import Labelled, classes, numbered
from convcli.files.memory import check_free
from convcli.files.operands import Reading, load
from convcli.nets.model.preprocessing import prepared
from convcli.nets.training.examples import Examples

__all__ = ["examples_of"]


def examples_of(
    labelled: Labelled,
    size: tuple[int, ...],
    *,
    resize: int | None = None,
    labels: tuple[str, ...] | None = None,
    reading: Reading | None = None,
) -> tuple[Examples, int]:
    """Make examples of labelled data. What it has to say is told on standard error.

    Arrays stay as they are stored. The pictures of a folder are read one by one and brought to the network's input, and
    one that cannot be read is told and left out.

    Parameters
    ----------
    labelled : Labelled
    size : (int, int, int)
        The network's input, C×H×W.
    resize : int, optional
        What the shorter side of a picture becomes before the middle is cut out.
    labels : tuple of str, optional
        The classes of a network that was trained; None: those of the data.
    reading : Reading, optional
        Of pictures.

    Returns
    -------
    examples : Examples
    skipped : int
        Pictures that could not be read.

    Raises
    ------
    ConvError
        A label is none of `labels`; no picture of a class could be read; there is not the memory.
    """
    tell(labelled.name, labelled.notes)
    names = classes(labelled.texts) if labels is None else labels
    try:
        y = numbered(labelled.texts, names)
        if labelled.x is not None:
            return Examples(labelled.x, y, names, labelled.white or 1), 0
        check_free(4 * len(y) * prod(size))
    except ConvError as error:
        raise error.about(display_name(labelled.name)) from error

    work = _pictures(labelled, size, resize, reading or Reading())
    x, read = watch(work, lambda text: say(f"convcli: {shortened(text)}"))
    found = Examples(x, y[read], names, ready=True, rows=read)
    lost = set(range(len(names))) - set(found.y.tolist()) if labels is None else set()
    if lost or not len(found):
        which = f"of the class {printable(names[min(lost)])} " if len(found) else ""
        raise ConvError(f"{display_name(labelled.name)}: no picture {which}could be read")
    return found, len(y) - len(found)


def _pictures(
    labelled: Labelled, size: tuple[int, ...], resize: int | None, reading: Reading
) -> Work[tuple[NDArray[np.float32], NDArray[np.intp]]]:
    """Read the pictures of a folder; return them, (n, C, H, W), and the numbers of those that could be read."""
    x = np.empty((len(labelled), *size), np.float32)
    read: list[int] = []
    heard: set[str] = set()
    for number, path in enumerate(labelled.paths):
        shown = printable(path)
        try:
            operand = load(str(path), reading)
            if operand.picture is None:
                raise ConvError(f"{shown}: is an array, pictures are read from a folder")
            white = labelled.white or operand.picture.full_scale
            x[len(read)] = prepared(operand.values, white, size, resize)
        except (ConvError, OSError) as error:
            if isinstance(error, ConvError) and error.usage:
                raise
            yield Note(f"error: {told(error)}")
        else:
            read.append(number)
            for note in operand.picture.notes:
                if note not in heard:
                    yield Note(f"{shown}: {note}")
                    heard.add(note)
        yield Progress("read", number + 1, len(labelled))
    return x[: len(read)], np.array(read, np.intp)
