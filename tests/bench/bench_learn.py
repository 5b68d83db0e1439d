"""Least squares on a pair of 2048² and a 7×7 kernel: against passes of an im2col correlation in BLAS, and numpy's lstsq.

A pass gathers 49 columns of 4.2 million cells (49 copies) and multiplies them with the kernel: 2 × 49 × 4.2e6 = 0.41
GFLOP. Ours: A'A from kernel row 0 against all seven, 2 × 7 × 49 × 4.2e6 = 2.9 GFLOP (a full A'A is 20), A'y 0.4, and
what is left with its products 0.8.
"""

import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np

from convcli import corr2d, learn_kernel
from tests.bench.pairs import Case

SIDE, SIZE = 2048, 7
SMALL = 1024
"""Side of the pair that numpy.linalg.lstsq gets: of 2048² the design matrix has 1.6 GB, and is copied."""


def plain_pass(x: np.ndarray, kernel: np.ndarray, height: int = 8) -> np.ndarray:
    """Correlate over im2col bands of a few MiB."""
    kh, kw = kernel.shape
    rows, columns = x.shape[0] - kh + 1, x.shape[1] - kw + 1
    out, gathered = np.empty((rows, columns)), np.empty((kh, kw, height, columns))
    for top in range(0, rows, height):
        deep = min(height, rows - top)
        for u in range(kh):
            for v in range(kw):
                gathered[u, v, :deep] = x[top + u : top + u + deep, v : v + columns]
        band = gathered[:, :, :deep].reshape(kh * kw, -1)
        out[top : top + deep] = (kernel.reshape(1, -1) @ band).reshape(deep, columns)
    return out


def full_lstsq(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(x, (SIZE, SIZE))
    return np.linalg.lstsq(windows.reshape(-1, SIZE * SIZE), y.ravel())[0]


def rate(dtype: str) -> float:
    """GFLOP/s of a square matrix product."""
    a = np.ones((1536, 1536), dtype)
    best = np.inf
    for _ in range(5):
        begun = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - begun)
    return 2 * 1536**3 / best / 1e9


def peak(call: str) -> int:
    """MiB at the most of a process that makes a pair of SMALL² and does one call."""
    code = (
        "import resource\nimport numpy as np\nfrom tests.bench.bench_learn import *\n"
        "x = np.random.default_rng(0).normal(size=(SMALL, SMALL))\n"
        "y = corr2d(x, np.ones((SIZE, SIZE)))\n"
        f"{call}\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return int(found.stdout) // 1024


def cases() -> Iterator[Case]:
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(SIDE, SIDE)), rng.normal(size=(SIZE, SIZE))
    y = corr2d(x, kernel)

    def two_passes() -> None:
        plain_pass(x, kernel)
        plain_pass(x, kernel)

    rates = f"dgemm {rate('f8'):.0f}, sgemm {rate('f4'):.0f} GFLOP/s"
    yield Case(
        f"learn {SIZE}x{SIZE} on {SIDE}² ({rates})",
        lambda: learn_kernel(x, y, SIZE),
        "two im2col passes",
        two_passes,
        limit=3,
        rounds=7,
    )
    a, b = x[:SMALL, :SMALL], y[: SMALL - SIZE + 1, : SMALL - SIZE + 1]
    ours, theirs = peak("learn_kernel(x, y, SIZE)"), peak("full_lstsq(x, y)")
    yield Case(
        f"the same on {SMALL}² ({ours} against {theirs} MiB)",
        lambda: learn_kernel(a, b, SIZE),
        "numpy.linalg.lstsq",
        lambda: full_lstsq(a, b),
        limit=1 / 20,
        rounds=3,
    )
