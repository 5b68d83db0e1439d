"""A folder with a folder of pictures for each class, whose names are the labels."""

from pathlib import Path

from convcli.engine.errors import ConvError, printable
from convcli.files.datasets.labelled import Labelled, listed
from convcli.files.datasets.source import Source
from convcli.files.output import about_file
from convcli.files.sniff import PICTURE_SUFFIXES

__all__ = ["claims", "read"]


def claims(given: Source) -> bool:
    """Whether it is a folder, whatever is in it."""
    return given.source is None and given.path.is_dir()


def read(given: Source, max_pixels: int) -> Labelled:  # noqa: ARG001
    """List the pictures, class by class; none is opened yet.

    Raises
    ------
    ConvError
        There is no class, or a class without pictures.
    """
    inside = _entries(given.path)
    folders = [entry for entry in inside if entry.is_dir()]
    if not folders:
        raise ConvError(
            f"{printable(given.name)}: holds neither a folder of pictures for each class nor a pair of IDX files, "
            "images and labels"
        )
    strays = [entry for entry in inside if not entry.is_dir()]
    texts: list[str] = []
    paths: list[Path] = []
    for folder in folders:
        within = _entries(folder)
        pictures = [p for p in within if p.name.lower().endswith(PICTURE_SUFFIXES) and p.is_file()]
        if not pictures:
            raise _without(folder, within)
        strays += [entry for entry in within if entry not in set(pictures)]
        texts += [folder.name] * len(pictures)
        paths += pictures
    notes: tuple[str, ...] = ()
    if strays:
        names = listed([str(entry.relative_to(given.path)) for entry in strays])
        notes = (f"left out, as no picture of a class: {names}",)
    return Labelled(given.name, tuple(texts), paths=tuple(paths), notes=notes)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise about_file(folder, error) from error


def _without(folder: Path, within: list[Path]) -> ConvError:
    if any(entry.is_dir() for entry in within):
        return ConvError(
            f"{printable(folder)}: holds folders, pictures are needed in the folder of a class "
            "(to take its folders for classes, name it as the data)"
        )
    suffixes = ", ".join(PICTURE_SUFFIXES)
    return ConvError(
        f"{printable(folder)}: has no pictures, each class needs one (by its suffix: {suffixes})"
    )
