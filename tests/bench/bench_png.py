"""Writing PNG: ours against Pillow and OpenCV, on a photograph-like picture and on its edges."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from convcli.files.pictures.png import write_png
from tests.bench.pairs import Case

SIDE = 4096
SAMPLES = Path(__file__).parent.parent.parent / "samples"


def photograph() -> np.ndarray:
    """Tile the grey photograph; noise, as of a sensor, keeps the encoders from finding the tiles again."""
    camera = np.asarray(Image.open(SAMPLES / "camera.png"))
    times = -(-SIDE // len(camera))
    noise = np.random.default_rng(0).normal(0, 2, (SIDE, SIDE))
    return np.clip(np.tile(camera, (times, times))[:SIDE, :SIDE] + noise, 0, 255).astype(np.uint8)


def edges(grey: np.ndarray) -> np.ndarray:
    """Sobel magnitudes."""
    import cv2

    x = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.25)
    y = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.25)
    return np.clip(np.rint(np.hypot(x, y)), 0, 255).astype(np.uint8)


def ours(path: Path, planes: np.ndarray) -> None:
    with path.open("wb") as file:
        write_png(file, planes)


def cases() -> Iterator[Case]:
    import cv2  # not at the top: pytest imports this module, where the peers need not be installed

    grey = photograph()
    pictures = {
        "photograph": grey,
        "its edges": edges(grey),
        "in colour": np.stack([grey, grey[::-1], grey.T]),
        "in 16 bits": grey.astype(np.uint16) * 257,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "theirs.png")
        for name, planes in pictures.items():
            write = partial(ours, Path(folder, "ours.png"), planes)
            samples = (
                planes if planes.ndim == 2 else np.ascontiguousarray(planes.transpose(1, 2, 0))
            )
            image = Image.fromarray(samples)
            title = f"write PNG {SIDE}², {name}"
            fast = partial(image.save, path, compress_level=1, compress_type=3)
            yield Case(title, write, "OpenCV", partial(cv2.imwrite, str(path), samples), 1, 9)
            yield Case(title, write, "Pillow, level 1, RLE", fast, 0.6, 5)
            yield Case(title, write, "Pillow", partial(image.save, path), 0.3, 3)
