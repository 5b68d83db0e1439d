"""Bad pictures: every file that others found worth a test, as it is and damaged, through edge, corr and pool."""

from collections.abc import Iterator
from random import Random

from tests.fuzz import corpus
from tests.fuzz.arena import MIB, Call
from tests.fuzz.mutate import mutated

__all__ = ["damaged", "whole_corpus"]

PIXELS = 1 << 20
COMMANDS = (
    ("edge", "-o", "out.png"),
    ("edge", "-m", "canny", "-o", "out.webp"),
    ("edge", "-m", "log", "--threshold", "otsu", "-o", "out.tif"),
    ("corr", "-k", "sobel-x", "-o", "out.npy"),
    ("corr", "-k", "box:5x3", "--border", "wrap", "-s", "2", "-o", "out.png"),
    ("corr", "-k", "1 -1", "--range", "stretch", "-o", "out.ppm"),
    ("pool", "-k", "2", "-o", "out.png"),
    ("pool", "-k", "3x2", "-m", "avg", "--ceil", "-o", "out.csv"),
)
"""Each reads the input and writes one file, in every form."""


def _call(command: tuple[str, ...], name: str, data: bytes, stdin: bool) -> Call:
    limits = ("--max-pixels", str(PIXELS), "--max-memory", "64M")
    operand = "-" if stdin else f"in-{name}"
    # decoded, at the most four channels of 16 bits, and some layers of that; the result; the file itself
    memory = 6 * PIXELS * 8 + 64 * MIB + 4 * len(data)
    return Call(
        (command[0], operand, *command[1:], *limits),
        {} if stdin else {operand: data},
        data if stdin else b"",
        memory=memory,
    )


def whole_corpus(count: int, seed: int) -> Iterator[Call]:
    """Every file through every command (a sample of so many, if they are more)."""
    pairs = [(command, *file) for file in corpus.pictures() for command in COMMANDS]
    rng = Random(seed)
    for command, name, data in pairs if len(pairs) <= count else rng.sample(pairs, count):
        yield _call(command, name, data, stdin=False)


def damaged(count: int, seed: int) -> Iterator[Call]:
    """So many damaged files. Of the corpus those that begin like a picture that is read, and some others."""
    seeds = [(n, d) for n, d in corpus.pictures() if 0 < len(d) < 200_000]
    read = [s for s in seeds if s[1].startswith(_READ)]
    for i in range(count):
        rng = Random(f"{seed} {i}")
        name, data = rng.choice(read if rng.random() < 0.9 else seeds)
        other = rng.choice(read)[1]
        yield _call(rng.choice(COMMANDS), name, mutated(data, rng, other), rng.random() < 0.1)


_READ = (b"\x89PNG", b"\xff\xd8", b"RIFF", b"II", b"MM", b"BM", b"GIF8", b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")  # fmt: skip
