"""Two hundred pictures of 512², against a shell loop of `vips sobel`: whole processes, from PNG to PNG."""

import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageChops

from tests.bench.pairs import Case

COUNT = 200
PHOTO = Path(__file__).parent.parent.parent / "samples/camera.png"


def cases() -> Iterator[Case]:
    if shutil.which("vips") is None:
        raise ImportError("vips is not installed (apt-get install libvips-tools)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        with Image.open(PHOTO) as photo:
            square = photo.convert("L").resize((512, 512))
            for i in range(COUNT):  # moved about, so that no two files are the same
                ImageChops.offset(square, 2 * i, 3 * i).save(folder / f"in/{i:03}.png")
        ours = f"rm -rf ours; exec {shlex.quote(sys.executable)} -m convcli edge in/*.png -o ours/"
        loop = "rm -rf vips; mkdir vips; for f in in/*.png; do vips sobel $f vips/${f##*/}; done"
        yield Case(
            f"edge, {COUNT} pictures of 512²",
            ["bash", "-c", f"cd {folder}; {ours}"],
            "loop of vips sobel",
            ["bash", "-c", f"cd {folder}; {loop}"],
            limit=0.2,
            rounds=5,
        )
