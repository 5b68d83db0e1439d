"""Correlation against OpenCV and scipy.ndimage, borders against zeros, colour against three greys.

The machine's own rates are measured first: what a case takes is compared with reading its input and writing its
result once at the speed of a copy, and with its multiplications and additions at the speed of a large product.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np

from convcli.engine.correlation import prepare
from convcli.engine.processor import vectors
from tests.bench.pairs import Case

GENERAL = {
    "avx512": {3: 2.0, 5: 1.6, 7: 1.3, 9: 1.2, 11: 0.9, 15: 0.6, 21: 0.9, 31: 1.5},
    "avx2": {3: 1.4, 5: 1.5, 7: 1.5, 9: 1.9, 11: 1.5, 15: 0.8, 21: 1.0, 31: 0.85},
}
"""Promised ratio to filter2D on float32, by class of the processor and size of the kernel."""

EXACT = {
    "avx512": {3: 1.4, 5: 0.8, 7: 0.5, 15: 0.45},
    "avx2": {3: 1.3, 5: 0.9, 7: 0.75, 15: 0.9},
}
"""To filter2D from 8 bits to float32; ours are exact integers."""

SEPARABLE = {"avx512": {7: 1.4, 15: 0.85, 31: 0.6}, "avx2": {7: 1.6, 15: 1.3, 31: 1.0}}
"""To sepFilter2D."""

SMALL = 2.5
"""To either on 512² with AVX2, where calls and threads show."""

BORDERS = ("constant", "reflect", "mirror", "nearest", "wrap")
SIDES = {512: 45, 2048: 15, 8192: 3}
"""Sides of the pictures, and rounds."""


@cache
def rates() -> tuple[float, float]:
    """Operations a second of a product of 2048 × 2048 floats, bytes a second of a copy (read and written)."""
    square = np.ones((2048, 2048), np.float32)
    target = np.empty_like(square)
    long, copy = np.ones(1 << 26, np.float32), np.empty(1 << 26, np.float32)
    product = min(_seconds(partial(np.matmul, square, square, out=target)) for _ in range(5))
    copied = min(_seconds(partial(np.copyto, copy, long)) for _ in range(5))
    return 2 * 2048**3 / product, 2 * long.nbytes / copied


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def near(x: np.ndarray, kernel: np.ndarray, seconds: float) -> str:
    """Tell how close a time comes to the machine's rates."""
    sgemm, memory = rates()
    operations = 2 * kernel.size * x.size / sgemm
    moved = (x.nbytes + 4 * x.size) / memory
    name = prepare(x, kernel, padding="same").plan.strategy
    return f"{name}, {moved / seconds:.0%} of memory, {operations / seconds:.0%} of sgemm"


def ours(x: np.ndarray, kernel: np.ndarray, mode: str = "zero") -> np.ndarray:
    """Plan and compute."""
    return prepare(x, kernel, padding="same", mode=mode).run()


def each(planes: np.ndarray, kernel: np.ndarray) -> list[np.ndarray]:
    """Filter planes one by one."""
    return [ours(plane, kernel) for plane in planes]


def cases() -> Iterator[Case]:
    import cv2  # not at the top: pytest imports this module, where the peers need not be installed

    sgemm, memory = rates()
    print(f"corr: sgemm {sgemm / 1e9:.0f} GFLOP/s, copy {memory / 1e9:.0f} GB/s read and written")
    rng = np.random.default_rng(0)
    edge = {"borderType": cv2.BORDER_CONSTANT}
    name = vectors() if vectors() in GENERAL else "avx2"
    small = SMALL if name == "avx2" else 0.0
    for side, rounds in SIDES.items():
        least = small if side == min(SIDES) else 0.0
        x = rng.random((side, side), np.float32)
        grey = rng.integers(0, 256, (side, side), np.uint8)
        for k, limit in GENERAL[name].items():
            kernel = rng.standard_normal((k, k), np.float32)
            yield Case(
                f"corr {side}² float32, k {k}",
                partial(ours, x, kernel),
                "OpenCV filter2D",
                partial(cv2.filter2D, x, -1, kernel, **edge),
                max(limit, least),
                rounds,
                partial(near, x, kernel),
            )
        for k, limit in EXACT[name].items():
            whole = rng.integers(-9, 10, (k, k))
            real = whole.astype(np.float32)
            yield Case(
                f"corr {side}² uint8, exact, k {k}",
                partial(ours, grey, whole),
                "OpenCV filter2D",
                partial(cv2.filter2D, grey, cv2.CV_32F, real, **edge),
                max(limit, least),
                rounds,
                partial(near, grey, whole),
            )
        for k, limit in SEPARABLE[name].items():
            taps = np.exp(-(np.linspace(-2, 2, k) ** 2)).astype(np.float32)
            kernel = np.outer(taps, taps)
            yield Case(
                f"corr {side}² float32, separable, k {k}",
                partial(ours, x, kernel),
                "OpenCV sepFilter2D",
                partial(cv2.sepFilter2D, x, -1, taps, taps, **edge),
                max(limit, least),
                rounds,
                partial(near, x, kernel),
            )
    yield from against_ourselves(rng)
    yield from against_scipy(rng)


def against_ourselves(rng: np.random.Generator) -> Iterator[Case]:
    """Yield the other borders against zeros, and colour against three greys."""
    x = rng.random((2048, 2048), np.float32)
    colour = rng.integers(0, 256, (2048, 2048, 3), np.uint8).transpose(2, 0, 1)
    greys = np.ascontiguousarray(colour)
    for k in (3, 7):
        kernel = rng.standard_normal((k, k), np.float32)
        for mode in BORDERS:
            zeros = partial(ours, x, kernel)
            title = f"corr 2048² float32, k {k}, {mode}"
            yield Case(title, partial(ours, x, kernel, mode), "border zero", zeros, 1.2)
        filtered, greyed = partial(ours, colour, kernel), partial(each, greys, kernel)
        yield Case(f"corr 2048² RGB, k {k}", filtered, "three greys", greyed, 1.2, 9)


def against_scipy(rng: np.random.Generator) -> Iterator[Case]:
    """Yield scipy.ndimage, which takes seconds."""
    from scipy import ndimage

    x = rng.random((2048, 2048), np.float32)
    for k in (7, 15):
        kernel = rng.standard_normal((k, k), np.float32)
        theirs = partial(ndimage.correlate, x, kernel, mode="constant")
        yield Case(
            f"corr 2048² float32, k {k}", partial(ours, x, kernel), "scipy.ndimage", theirs, 0.1, 3
        )
