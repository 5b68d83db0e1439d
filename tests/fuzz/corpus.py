"""What others have collected: the damaged pictures of Pillow and pypng, the tables of csvkit, the bad files of NumPy.

`fetch` takes source distributions from the package registry into a scratch folder, once. None of it is kept in this
repository. Without it, the seeds are those that are made here.
"""

import binascii
import io
import re
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path

import numpy as np
import numpy.lib
from PIL import Image

from tests.files.making import tiff

__all__ = ["SCRATCH", "Seed", "fetch", "made", "pictures", "tables"]

SCRATCH = Path(__file__).parents[2] / "build/fuzz"
SAMPLES = Path(__file__).parents[2] / "samples"
DISTRIBUTIONS = {"pillow": "Tests/images", "pypng": "code/pngsuite.py", "csvkit": "examples"}
"""Of each, what is wanted."""
LARGEST = 2 << 20
"""Files above this only make everything slower."""

Seed = tuple[str, bytes]
"""A name, and what is in the file."""


def fetch() -> None:
    """Download and unpack what is not there yet."""
    for name, wanted in DISTRIBUTIONS.items():
        place = SCRATCH / name
        if place.exists():
            continue
        print(f"fetching the source of {name}", file=sys.stderr)
        downloads = SCRATCH / "downloads"
        downloads.mkdir(parents=True, exist_ok=True)
        command = (
            f"-m pip download --quiet --disable-pip-version-check --no-deps --no-binary {name}"
        )
        subprocess.run([sys.executable, *command.split(), "-d", downloads, name], check=True)
        (archive,) = downloads.glob(f"{name}-*.tar.gz")
        part = place.with_suffix(".part")
        with tarfile.open(archive) as tar:
            inside = [m for m in tar.getmembers() if m.name.partition("/")[2].startswith(wanted)]
            tar.extractall(part, inside, filter="data")
        archive.unlink()
        part.rename(place)


def pictures() -> list[Seed]:
    """Every file of Pillow's tests, whatever it is, PngSuite, and pictures that are made here."""
    return [*made(), *_files(SCRATCH / "pillow"), *_suite()]


def tables() -> list[Seed]:
    """Every example of csvkit, every data file of NumPy's own tests, and this project's samples."""
    ours = [(p.name, p.read_bytes()) for p in sorted(SAMPLES.glob("*.csv"))]
    numpys = Path(numpy.lib.__file__).parent / "tests/data"
    return [*ours, *_files(numpys), *_files(SCRATCH / "csvkit")]


def _files(folder: Path) -> list[Seed]:
    found = sorted(p for p in folder.rglob("*") if p.is_file() and p.stat().st_size <= LARGEST)
    return [(p.name, p.read_bytes()) for p in found]


def _suite() -> list[Seed]:
    """PngSuite, which pypng carries as a module of texts in hexadecimal: read, not run."""
    found = []
    for module in (SCRATCH / "pypng").rglob("pngsuite.py"):
        for name, digits in re.findall(
            r"'(\w+)': _dehex\(b\"\"\"([0-9a-f\s]+)\"\"\"\)", module.read_text()
        ):
            found.append((f"{name}.png", binascii.unhexlify("".join(digits.split()))))
    return found


@cache
def made() -> list[Seed]:
    """A small picture in every form that is read."""
    rng = np.random.default_rng(10)
    colour = rng.integers(0, 256, (24, 31, 4), dtype=np.uint8)
    grey, rgb = colour[..., 0], colour[..., :3]
    forms = (
        ("grey.png", grey, {}),
        ("rgb.png", rgb, {}),
        ("rgba.png", colour, {}),
        ("deep.png", grey.astype(np.uint16) * 257, {}),
        ("rgb.jpg", rgb, {}),
        ("progressive.jpg", rgb, {"progressive": True}),
        ("lossy.webp", rgb, {}),
        ("lossless.webp", colour, {"lossless": True}),
        ("plain.tif", rgb, {}),
        ("lzw.tif", rgb, {"compression": "tiff_lzw"}),
        ("deflate.tif", colour, {"compression": "tiff_deflate"}),
        ("float.tif", grey.astype(np.float32) / 255, {}),
        ("rgb.bmp", rgb, {}),
        ("grey.gif", grey, {}),
        ("rgb.ppm", rgb, {}),
        ("grey.pgm", grey, {}),
    )
    found = []
    for name, pixels, options in forms:
        file = io.BytesIO()
        form = Image.registered_extensions()[Path(name).suffix]
        Image.fromarray(pixels).save(file, form, **options)
        found.append((name, file.getvalue()))
    palette = io.BytesIO()
    Image.fromarray(rgb).convert("P").save(palette, "PNG", transparency=3)
    bands = tiff(rng.standard_normal((24, 31, 2)), sample_format=3, extra=(0,), apart=True)
    return [
        *found,
        ("palette.png", palette.getvalue()),
        ("bomb.gif", _BOMB),
        ("bands.tif", bands),
    ]


_BOMB = (
    b"GIF89a \0 \0\xf1\3\0\0\0@\xff\0\0\xff\xff\0\xff\xff\xff"  # a screen of 32x32, four colours
    b"!\xf9\4\xc9\0\0\0\0,\0\0\0\xff(zp\x1d\x0b\xa0\x86o"  # a frame of 72816x31272, cleared afterwards
)
"""A GIF whose canvas takes gigabytes before anything is decoded."""
