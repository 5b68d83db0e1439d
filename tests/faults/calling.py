"""Calls of the command line with something wrong around them, and what has to hold afterwards.

Most faults are injected in a forked child, which has everything imported already; signals need real processes.
"""

import os
import pkgutil
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
from PIL import Image

import convcli
from convcli import cli
from tests.fuzz.arena import opened_stream, steers, whole

__all__ = ["ARGV", "WRITERS", "Done", "Place", "child", "judged", "place"]

ARGV = (sys.executable, "-m", "convcli")

WRITERS: dict[str, tuple[str, ...]] = {
    "out.png": ("edge", "photo.png", "-o", "out.png"),
    "out.npy": ("corr", "photo.png", "-k", "sobel-x", "-o", "out.npy"),
    "out.csv": ("pool", "table.csv", "-k", "2", "-m", "avg", "-o", "out.csv"),
    "out.tif": ("corr", "photo.png", "-k", "gaussian:1", "-o", "out.tif"),
    "out.webp": ("pool", "photo.png", "-k", "2", "-o", "out.webp"),
    "out.npz": ("net", "init", "lenet", "-o", "out.npz"),
    "kernel.csv": ("learn", "photo.png", "photo.png", "-k", "3", "-o", "kernel.csv"),
    "log.csv": ("learn", "--log", "log.csv"),
    "trained.npz": (
        "net",
        "train",
        "layers.txt",
        "digits.npz",
        "--epochs",
        "1",
        "-o",
        "trained.npz",
    ),
}
"""Calls that write one file, by its name."""


@dataclass(frozen=True)
class Done:
    """How a call ended."""

    status: int
    """Negative: the signal that ended it."""
    out: bytes
    err: bytes


@dataclass(frozen=True)
class Place:
    """A folder with inputs, and what each of `WRITERS` gives when nothing is wrong."""

    folder: Path
    right: dict[str, bytes]

    def fresh(self, name: str, old: bytes | None) -> Path:
        """Put the old file, or none, where a result will go; returns that path."""
        for left in self.folder.glob(".convcli-*"):
            left.unlink()
        path = self.folder / name
        path.unlink(missing_ok=True)
        if old is not None:
            path.write_bytes(old)
        return path

    def after(self, name: str, old: bytes | None, *, killed: bool = False) -> list[str]:
        """List what is wrong: the old file has to be there whole, or the new one, and nothing else."""
        path, wrong = self.folder / name, []
        held = path.read_bytes() if path.exists() else None
        if held not in (old, self.right[name]):
            wrong.append(f"{name} is neither the old file nor the new one")
        left = [p.name for p in self.folder.glob(".convcli-*")]
        if left and not killed:
            wrong.append(f"{left[0]} was left")
        return wrong


@contextmanager
def place() -> Iterator[Place]:
    """Make a folder with inputs, and the right results."""
    for module in pkgutil.walk_packages(convcli.__path__, "convcli."):
        if module.name != "convcli.__main__":
            import_module(module.name)
    Image.init()
    rng = np.random.default_rng(3)
    folder = Path(tempfile.mkdtemp(prefix="convcli-faults-"))
    try:
        folder.chmod(0o755)
        smooth = np.cumsum(rng.integers(-3, 4, (200, 200)), 1) % 256
        Image.fromarray(smooth.astype(np.uint8)).save(folder / "photo.png")
        np.savetxt(folder / "table.csv", rng.random((60, 60)), delimiter=",")
        (folder / "layers.txt").write_text("conv:4,k3 bn relu maxpool:k2 flatten linear:2")
        pictures = rng.integers(0, 256, (32, 6, 6)).astype(np.uint8)
        np.savez(folder / "digits.npz", x=pictures, y=np.arange(32) % 2)
        right = {}
        for name, argv in WRITERS.items():
            done = child(folder, [*argv, "-f"])
            assert done.status == 0, done.err
            right[name] = (folder / name).read_bytes()
            assert whole(name, right[name])
        yield Place(folder, right)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def child(
    folder: Path,
    argv: Sequence[str],
    before: Callable[[], object] = lambda: None,
    *,
    stdin: bytes = b"",
) -> Done:
    """Run the command line in a forked child; `before` breaks something there first."""
    given = os.memfd_create("stdin")
    os.write(given, stdin)
    os.lseek(given, 0, os.SEEK_SET)
    pipes = os.pipe(), os.pipe()  # a limit on files is none on pipes
    pid = os.fork()
    if pid == 0:
        _call(folder, argv, before, [given, *(write for _, write in pipes)])
    os.close(given)
    held = []
    for read, write in pipes:
        os.close(write)
        with open(read, "rb") as file:  # noqa: PTH123
            held.append(file.read())
    _, how = os.waitpid(pid, 0)
    return Done(os.waitstatus_to_exitcode(how), held[0], held[1])


def _call(
    folder: Path, argv: Sequence[str], before: Callable[[], object], streams: list[int]
) -> None:
    """Be the child: never returns."""
    status = 99
    try:
        os.chdir(folder)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        sys.argv = ["convcli", *argv]
        os.closerange(3, 64)
        before()
        sys.stdin, sys.stdout, sys.stderr = (opened_stream(number) for number in (0, 1, 2))
        try:
            cli.main()
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BaseException:  # as the interpreter would show it
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def judged(done: Done, statuses: Sequence[int], *, lines: int | None = 1) -> list[str]:
    """List what is wrong with how a call ended; `lines`: of errors, if it failed (None: where nobody can read them)."""
    wrong = []
    if done.status not in statuses:
        wrong.append(f"status {done.status}, not {' or '.join(map(str, statuses))}")
    if b"Traceback" in done.err or b"a bug:" in done.err or b"Exception ignored" in done.err:
        wrong.append("a traceback")
    if steers(done.err):
        wrong.append("standard error steers the terminal")
    errors = [line for line in done.err.splitlines() if line.startswith(b"convcli: error: ")]
    if done.status in (1, 2) and lines is not None and len(errors) != lines:
        wrong.append(f"{len(errors)} error lines")
    if wrong and done.err:
        wrong.append(done.err.decode(errors="backslashreplace").strip()[-300:])
    return wrong
