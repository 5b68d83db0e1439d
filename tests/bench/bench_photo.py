"""Everyday files: a colour JPEG of twelve megapixels, JPEG to JPEG, and forty of them; whole processes."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bench.bench_png import SAMPLES
from tests.bench.pairs import Case, Settled

SIZE = 3000, 4000
COUNT = 40
ROUNDS = 9
ABOVE = 64
"""MiB that a call may take over the decoded picture, and what an interpreter with its packages takes."""

OPENCV = """
import sys, cv2, numpy as np
x = cv2.imread(sys.argv[1]{flags})
{filter}
cv2.imwrite(sys.argv[2], y)
"""
SCRIPTS = {
    "corr -k gaussian:3": (
        "",
        "y = cv2.GaussianBlur(x, (25, 25), 3, borderType=cv2.BORDER_REFLECT)",
    ),
    "corr -k sharpen": (
        "",
        "k = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)\\n"
        "y = cv2.filter2D(x, -1, k, borderType=cv2.BORDER_REFLECT)",
    ),
    "edge": (
        ", cv2.IMREAD_GRAYSCALE",
        "gx = cv2.Sobel(x, cv2.CV_32F, 1, 0, scale=0.25, borderType=cv2.BORDER_REFLECT)\\n"
        "gy = cv2.Sobel(x, cv2.CV_32F, 0, 1, scale=0.25, borderType=cv2.BORDER_REFLECT)\\n"
        "y = cv2.convertScaleAbs(cv2.magnitude(gx, gy))",
    ),
}
POOL = """
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from PIL import Image

def save(path):
    with Image.open(path) as image:
        image.save(Path(sys.argv[2], path.name), quality=95)

if __name__ == "__main__":
    Path(sys.argv[2]).mkdir(exist_ok=True)
    with ProcessPoolExecutor() as pool:
        list(pool.map(save, sorted(Path(sys.argv[1]).iterdir())))
"""
PILLOW = "import sys, PIL.Image as p; p.open(sys.argv[1]).save(sys.argv[2], quality=95)"
BARE = "import numpy, PIL.Image, PIL.JpegImagePlugin, typer"


def photograph() -> Image.Image:
    """Tile the colour photograph, with noise as of a sensor."""
    with Image.open(SAMPLES / "coffee.png") as coffee:
        tile = np.asarray(coffee.convert("RGB"))
    height, width = SIZE
    times = -(-height // tile.shape[0]), -(-width // tile.shape[1]), 1
    noise = np.random.default_rng(0).normal(0, 2, (*SIZE, 3))
    tiled = np.tile(tile, times)[:height, :width] + noise
    return Image.fromarray(np.clip(tiled, 0, 255).astype(np.uint8))


def most(argv: Sequence[str]) -> float:
    """MiB that a process takes at the most."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=-3)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    told = subprocess.run([sys.executable, "-c", code, *argv], check=True, capture_output=True)
    return int(told.stdout.splitlines()[-1]) / 1024


def cases() -> Iterator[Case | Settled]:
    import cv2  # noqa: F401 - a missing peer leaves the bench out

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, ours, theirs = (str(folder / f"{n}.jpg") for n in ("in", "ours", "theirs"))
        photograph().save(source, quality=90)
        base, decoded = most([sys.executable, "-c", BARE]), 3 * SIZE[0] * SIZE[1] / 2**20
        vips = {"corr -k gaussian:3": ("gaussblur", "3"), "edge": ("sobel",)}
        for call, (flags, body) in SCRIPTS.items():
            command, *more = call.split()
            argv = [
                sys.executable,
                "-m",
                "convcli",
                command,
                source,
                *more,
                "-f",
                "--quiet",
                "-o",
                ours,
            ]
            script = OPENCV.format(flags=flags, filter=body.replace("\\n", "\n"))
            peer = [sys.executable, "-c", script, source, theirs]
            title = f"{call}, JPEG to JPEG, 4000×3000"
            yield Case(title, argv, "script with OpenCV", peer, 1.3, ROUNDS)
            if call in vips and (program := shutil.which("vips")):
                verb, *rest = vips[call]
                other = [program, verb, source, f"{theirs}[Q=95]", *rest]
                yield Case(title, argv, f"vips {verb}", other, 1.3, ROUNDS)
            taken = most(argv) - base - decoded
            yield Settled(
                f"{call}, memory over the picture",
                f"{taken:.0f} MiB",
                "what is allowed",
                f"{ABOVE} MiB",
                taken / ABOVE,
                1,
            )
        saves = [sys.executable, "-c", PILLOW, source, theirs]
        argv = [
            sys.executable,
            "-m",
            "convcli",
            "corr",
            source,
            "-k",
            "sharpen",
            "-f",
            "--quiet",
            "-o",
            ours,
        ]
        yield Case("corr -k sharpen, JPEG to JPEG", argv, "Pillow opens and saves", saves)
        (folder / "in").mkdir()
        (folder / "pool.py").write_text(POOL)
        for i in range(COUNT):
            shutil.copy(source, folder / f"in/{i:02}.jpg")
        pool = [sys.executable, str(folder / "pool.py"), str(folder / "in"), str(folder / "theirs")]
        many = [str(folder / f"in/{i:02}.jpg") for i in range(COUNT)]
        for call in SCRIPTS:
            command, *more = call.split()
            out = ["-f", "--quiet", "-o", f"{folder}/ours/{{stem}}.jpg"]
            argv = [sys.executable, "-m", "convcli", command, *many, *more, *out]
            yield Case(f"{call}, {COUNT} JPEGs", argv, "pool of Pillow", pool, 1.5, 3)
