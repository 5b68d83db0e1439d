"""Scenes into a file: the suffix picks the format, a still or an animation."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import BinaryIO

from convcli.engine.errors import ConvError, one_of, printable
from convcli.figures.scene import Page
from convcli.figures.themes import theme_of

__all__ = ["ANIMATIONS", "MOST_FRAMES", "STILLS", "check_frames", "form_of", "write"]

STILLS, ANIMATIONS = ("svg", "png"), ("gif", "webp")
MOST_FRAMES = 1024


def form_of(path: PurePath | str, *, moving: bool = True) -> str:
    """Return the format that a suffix picks, "svg" or "png", where it may move "gif" or "webp" as well.

    Raises
    ------
    ConvError
        It is none of them, or there is no suffix.

    >>> form_of("a.SVG")
    'svg'
    """
    forms = STILLS + (ANIMATIONS if moving else ())
    suffix = PurePath(path).suffix.lower()
    if suffix[1:] in forms:
        return suffix[1:]
    if suffix:
        raise one_of("suffix", suffix, [f".{form}" for form in forms]).about(printable(path))
    raise ConvError(
        f"{printable(path)}: has no suffix, .{', .'.join(forms)} are allowed", usage=True
    )


def check_frames(count: int) -> None:
    """Refuse an animation that is too long."""
    if count > MOST_FRAMES:
        raise ConvError(
            f"--draw: got an output of {count} units, an animation has at most {MOST_FRAMES} frames: "
            "a still (.svg, .png) with --at R,C shows one of them"
        )


def write(
    file: BinaryIO,
    pages: Sequence[Page],
    form: str,
    *,
    theme: str = "light",
    milliseconds: int = 600,
    scale: float = 2.0,
) -> None:
    """Write a still, or pages of one size as an animation.

    Parameters
    ----------
    file : binary file
    pages : sequence of Page
        One, for "svg" and "png".
    form : str
        What `form_of` returns.
    theme : str
        A name of `themes.THEMES`.
    milliseconds : int
        That a frame stays.
    scale : float
        Pixels a unit.
    """
    colours = theme_of(theme)
    if form == "svg":
        from convcli.figures.svg import svg

        file.write(svg(pages[0], colours))
        return
    from convcli.figures import raster  # an SVG needs no Pillow

    if form == "png":
        raster.still(file, pages[0], colours, scale)
    else:
        raster.animation(file, pages, colours, form, milliseconds=milliseconds, scale=scale)
