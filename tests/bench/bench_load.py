"""Load: memory that does not grow. The most of what all processes of a call hold in its second half, over its first.

Ten thousand small pictures in one batch, a picture of 65,000×2,000, and ten million rows for `shape -`.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread
from typing import IO

import numpy as np
from PIL import Image

from tests.bench.pairs import Settled

PICTURES, ROWS = 10_000, 10_000_000
WIDE = (2_000, 65_000)
"""Rows and columns of the wide picture."""
EVERY = 0.05
"""Seconds between two looks."""


def held(session: int) -> int:
    """Bytes of memory that the processes of a session hold and share with nobody else, or share among themselves."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[3]) == session:
                lines = stat.with_name("smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, ValueError, IndexError):
            continue
    return total * 1024


def line_of(
    argv: Sequence[str], folder: Path, feed: Iterator[bytes] | None = None
) -> tuple[list[int], float]:
    """Run a call; returns what it held from look to look, and its seconds."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "convcli", *argv],
        cwd=folder,
        stdin=subprocess.DEVNULL if feed is None else subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    if feed is not None:
        assert process.stdin is not None
        Thread(target=_pour, args=(feed, process.stdin), daemon=True).start()
    found = []
    while process.poll() is None:
        found.append(held(process.pid))
        time.sleep(EVERY)
    if process.returncode != 0:
        raise RuntimeError(f"status {process.returncode}")
    return found, time.monotonic() - begun


def _pour(feed: Iterator[bytes], into: IO[bytes]) -> None:
    for chunk in feed:
        into.write(chunk)
    into.close()


def _settled(name: str, line: list[int], seconds: float, limit: float) -> Settled:
    """Compare the halves, without the start and the end, where processes come and go."""
    middle = line[len(line) // 10 : -max(len(line) // 20, 1)]
    first, second = middle[: len(middle) // 2], middle[len(middle) // 2 :]
    return Settled(
        name,
        f"{max(second) / 1e6:.0f} MB",
        "its first half",
        f"{max(first) / 1e6:.0f} MB",
        max(second) / max(first),
        limit,
        f"in {seconds:.0f} s",
    )


def cases() -> Iterator[Settled]:
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        for i in range(PICTURES):
            Image.fromarray(rng.integers(0, 256, (24, 24), np.uint8)).save(folder / f"in/{i}.png")
        line, seconds = line_of(["edge", "-r", "in", "-o", "out/", "-f"], folder)
        yield _settled(f"memory, {PICTURES:,} pictures", line, seconds, 1.1)
        rows = b"224,7\n" * 10_000
        feed = (rows if i else b"n,k\n" for i in range(ROWS // 10_000 + 1))
        line, seconds = line_of(["shape", "-"], folder, feed)
        yield _settled(f"memory, {ROWS:,} rows of shape -", line, seconds, 1.1)
        wide = (np.arange(WIDE[1]) // 7 % 256).astype(np.uint8)
        Image.fromarray(np.broadcast_to(wide, WIDE)).save(folder / "wide.png")
        line, seconds = line_of(["edge", "wide.png", "-o", "edges.png"], folder)
        size = WIDE[0] * WIDE[1]
        yield Settled(
            f"memory, edge of {WIDE[1]:,}×{WIDE[0]:,}",
            f"{max(line) / 1e6:.0f} MB",
            "its samples",
            f"{size / 1e6:.0f} MB",
            max(line) / size,
            3,
            f"in {seconds:.0f} s",
        )
