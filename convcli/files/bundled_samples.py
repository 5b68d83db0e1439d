"""What an installation carries beside its code: the small samples, and the pages of the manual."""

import shutil
from pathlib import Path

import convcli
from convcli.engine.errors import ConvError, printable

__all__ = ["CARRIED", "copy_samples", "guide_pages"]

CARRIED = (
    *("bars.csv", "bars.png", "camera.png", "digits.csv.gz", "kernel.csv", "matrix.csv"),
    "README.md",
)
"""pyproject.toml puts them into the wheel, as convcli/samples/; README.md says whose they are."""


def copy_samples(folder: Path) -> None:
    """Copy the samples into a new folder.

    Raises
    ------
    ConvError
        There is something of that name already, or it cannot be made.
    """
    home = _home()
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise ConvError(f"{printable(str(folder))}: already exists, name a new folder") from None
    except OSError as error:
        raise ConvError(f"{printable(str(folder))}: {error.strerror}") from error
    for name in CARRIED:
        shutil.copyfile(home / name, folder / name)


def guide_pages() -> dict[str, Path]:
    """Return the pages of the manual by topic: the tutorial, then the others by name."""
    home = _home()
    pages = sorted((home / "guide").glob("*.md"))
    return {path.stem: path for path in (home / "chapter.md", *pages)}


def _home() -> Path:
    package = Path(convcli.__file__).parent
    carried = package / "samples"
    # an editable installation has the repository's own
    return carried if carried.is_dir() else package.parent / "samples"
