"""The edges of a picture, PNG to PNG: whole processes, against a script with OpenCV and against libvips."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tests.bench.bench_png import SIDE, photograph
from tests.bench.pairs import Case

SOBEL = """
import sys, cv2
x = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
gx = cv2.Sobel(x, cv2.CV_32F, 1, 0, scale=0.25, borderType=cv2.BORDER_REFLECT)
gy = cv2.Sobel(x, cv2.CV_32F, 0, 1, scale=0.25, borderType=cv2.BORDER_REFLECT)
cv2.imwrite(sys.argv[2], cv2.convertScaleAbs(cv2.magnitude(gx, gy)))
"""
CANNY = """
import sys, cv2
x = cv2.imread(sys.argv[1], cv2.IMREAD_GRAYSCALE)
smooth = cv2.GaussianBlur(x, (0, 0), 1.4, borderType=cv2.BORDER_REFLECT)
cv2.imwrite(sys.argv[2], cv2.Canny(smooth, 28, 71, L2gradient=True))
"""


def cases() -> Iterator[Case]:
    import cv2  # noqa: F401 - a missing peer leaves the bench out

    with tempfile.TemporaryDirectory() as folder:
        source, ours, theirs = (Path(folder, f"{name}.png") for name in ("in", "ours", "theirs"))
        for side in (512, 2048):
            part = Path(folder, f"{side}.png")
            Image.fromarray(photograph()[:side, :side]).save(part, compress_level=1)
            call = [sys.executable, "-m", "convcli", "edge", str(part), "-f", "-o", str(ours)]
            peer = [sys.executable, "-c", SOBEL, str(part), str(theirs)]
            yield Case(f"edge {side}², PNG to PNG, sobel", call, "script with OpenCV", peer, 1, 15)
        Image.fromarray(photograph()).save(source, compress_level=1)
        convcli = [sys.executable, "-m", "convcli", "edge", str(source), "-f", "-o", str(ours)]
        given = ["-m", "canny", "--low", "0.027", "--high", "0.07"]  # 28 and 71 on OpenCV's scale
        for method, script, more, limit in (
            ("sobel", SOBEL, [], 1),
            ("canny", CANNY, given, None),
        ):
            peer = [sys.executable, "-c", script, str(source), str(theirs)]
            title = f"edge {SIDE}², PNG to PNG, {method}"
            yield Case(title, [*convcli, *more], "script with OpenCV", peer, limit, 9)
        if vips := shutil.which("vips"):
            peer = [vips, "sobel", str(source), str(theirs)]
            yield Case(f"edge {SIDE}², PNG to PNG, sobel", convcli, "vips sobel", peer, 0.5, 5)
