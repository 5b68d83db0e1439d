"""The options of figures, and the way of a figure into its file: the same for every command that draws."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from convcli import options
from convcli.engine.errors import ConvError, printable

if TYPE_CHECKING:
    from convcli.figures.scene import Page

__all__ = ["DrawOptions", "Figure", "Place", "draws"]

_THEMES = ("light", "dark")
_LONGEST = 60_000
"""Milliseconds of a frame."""


class Place(tuple[int, ...]):
    """An output unit as --at reads it."""


def _place(text: str) -> Place:
    if not re.fullmatch(r"[0-9]{1,6}(,[0-9]{1,6})?", text.replace(" ", "")):
        raise ConvError(f"got '{printable(text)}', R,C is allowed, from 0", usage=True)
    return Place(map(int, text.split(",")))


@dataclass(frozen=True, eq=False, repr=False)
class DrawOptions:
    """Whether an operation is drawn, and how."""

    draw: Annotated[
        str | None,
        options.option(
            options.OUTPUT,
            "--draw",
            text="Draw it: .svg, .png; .gif, .webp move.",
            metavar="FILE",
        ),
    ] = None
    at: Annotated[
        Place | None,
        options.option(
            options.FIGURE,
            "--at",
            text="Output unit of a still (the first).",
            parser=options.reads(_place),
            metavar="R,C",
        ),
    ] = None
    frame_time: Annotated[
        int | None,
        options.option(
            options.FIGURE,
            "--frame-time",
            text="Milliseconds of a frame (600).",
            parser=options.read_whole(10),
            metavar="MS",
        ),
    ] = None
    theme: Annotated[
        str | None,
        options.option(
            options.FIGURE,
            "--theme",
            text="light or dark (light).",
            metavar="THEME",
            autocompletion=options.words(lambda: _THEMES),
        ),
    ] = None

    def figure(self, *, force: bool, told: bool = False) -> "Figure | None":
        """Check what goes together and that the file may be written; None where nothing is drawn.

        Parameters
        ----------
        force : bool
            Of -f.
        told : bool
            Whether --at has a meaning without a drawing.

        Raises
        ------
        ConvError
        """
        if self.draw is None:
            given = {"--frame-time": self.frame_time, "--theme": self.theme}
            for name, value in {**given, "--at": None if told else self.at}.items():
                if value is not None:
                    raise ConvError(f"{name}: goes with --draw", usage=True)
            return None
        made = draws(self.draw, force=force, theme=self.theme)
        if made.moving and self.at is not None and not told:
            raise ConvError(f"--at: got {made.form} as well, a still shows one unit", usage=True)
        if not made.moving and self.frame_time is not None:
            raise ConvError(
                f"--frame-time: got {made.form}, a .gif or .webp has frames", usage=True
            )
        if (self.frame_time or 0) > _LONGEST:
            raise ConvError(
                f"--frame-time: got {self.frame_time}, at most {_LONGEST} is allowed", usage=True
            )
        return Figure(made.path, made.form, force, made.theme, self.frame_time or 600)


def draws(name: str, *, force: bool, theme: str | None = None, moving: bool = True) -> "Figure":
    """Settle where a figure goes and in which format, before the work for it starts.

    Raises
    ------
    ConvError
        The suffix is of no format, or the file may not be written.
    """
    from convcli.figures.drawing import form_of
    from convcli.figures.themes import theme_of
    from convcli.files.output import check_target

    path = Path(name)
    form = form_of(path, moving=moving)
    try:
        theme_of(theme or "light")
    except ConvError as error:
        raise error.about("--theme") from error
    check_target(path, force=force)
    return Figure(path, form, force, theme or "light")


@dataclass(frozen=True)
class Figure:
    """Where a figure goes, and how it looks."""

    path: Path
    form: str
    force: bool
    theme: str = "light"
    milliseconds: int = 600

    @property
    def moving(self) -> bool:
        """Whether it is an animation."""
        from convcli.figures.drawing import ANIMATIONS

        return self.form in ANIMATIONS

    def pages(
        self, still: "Callable[[], Page]", frames: "Callable[[], list[Page]]"
    ) -> "Sequence[Page]":
        """Make what the format needs."""
        return frames() if self.moving else [still()]

    def write(self, pages: "Sequence[Page]") -> None:
        """Write it, whole or not at all.

        Raises
        ------
        ConvError
        """
        from convcli.figures.drawing import write
        from convcli.files.output import writing

        with writing(self.path, force=self.force) as file:
            write(file, pages, self.form, theme=self.theme, milliseconds=self.milliseconds)
