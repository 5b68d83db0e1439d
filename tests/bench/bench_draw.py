"""What a figure costs, as whole processes: over the same call without it."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.pairs import Case

SAMPLES = Path(__file__).parents[2] / "samples"
CONVCLI = [sys.executable, "-m", "convcli"]
STILL, MOVING = 0.3, 1.5
"""Seconds that a still, and an animation of 36 frames, may add."""


def cases() -> Iterator[Case]:
    shape = [*CONVCLI, *["shape", "-n", "8x8", "-k", "3"]]
    corr = [*CONVCLI, "corr", str(SAMPLES / "bars.csv"), "-k", "0 1; 2 3", "-p", "0/1x0/0"]
    pool = [*CONVCLI, "pool", str(SAMPLES / "bars.csv"), "-k", "1x3", "-s", "1"]
    with tempfile.TemporaryDirectory() as folder:
        for name, call in (("shape 6x6", shape), ("corr 6x7", corr), ("pool 6x6", pool)):
            for suffix in ("svg", "png", "gif", "webp"):
                most = MOVING if suffix in ("gif", "webp") else STILL
                drawn = [*call, "-f", "--draw", f"{folder}/figure.{suffix}"]
                title = f"{name} --draw .{suffix} (at most {most} s more)"
                yield Case(title, drawn, "without", call, None, 7, lambda s: f"{s:.2f} s")
