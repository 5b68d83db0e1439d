"""The small samples that an installation carries, for `convcli demo` and the examples of every help."""

import shutil
from pathlib import Path

import convcli
from convcli.engine.errors import ConvError, printable

__all__ = ["CARRIED", "copy_samples"]

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
    package = Path(convcli.__file__).parent
    home = package / "samples"
    if not home.is_dir():  # an editable installation: the repository's own
        home = package.parent / "samples"
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise ConvError(f"{printable(str(folder))}: already exists, name a new folder") from None
    except OSError as error:
        raise ConvError(f"{printable(str(folder))}: {error.strerror}") from error
    for name in CARRIED:
        shutil.copyfile(home / name, folder / name)
