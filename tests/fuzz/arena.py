"""Where the command line meets anything: calls in a forked worker, bounded in memory and time, each judged.

A call passes if it ends in time, with a known status, one clear line for an error, whole files or none, nothing that
steers a terminal, and no more memory than the options allow.
"""

import io
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TextIO

import numpy as np
from PIL import Image

__all__ = ["Arena", "Call", "Outcome", "Told", "complaints", "opened_stream", "steers", "whole"]

MIB = 1 << 20
ADDRESSES = 6 << 30
"""Bytes of address space of a worker: an allocation beyond fails, as on a small machine."""
STACK = 600
"""Calls after which a worker is replaced."""
BUDGET = 96 * MIB
"""Memory that a call may take beside what its options allow: libraries that it loads, small tables, copies."""


@dataclass(frozen=True)
class Call:
    """One call of the command line.

    Parameters
    ----------
    argv : tuple of str
    files : mapping of str to bytes
        What lies in its folder, by name.
    stdin : bytes
    memory : int
        Bytes that its options and its input allow it, beside `BUDGET`.
    seconds : float
        Longer is a hang.
    expected : bytes or None
        Standard output, if it is known; None: anything clear.
    goes_on : bool
        Whether what is wrong with one of its files is told, and the rest goes on.
    """

    argv: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    stdin: bytes = b""
    memory: int = 256 * MIB
    seconds: float = 20.0
    expected: bytes | None = None
    goes_on: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of it."""

    status: int | None
    """None: it did not end by itself."""
    out: bytes = b""
    err: bytes = b""
    left: tuple[str, ...] = ()
    """Files that were not there before."""
    broken: tuple[str, ...] = ()
    """Those of them that are not whole."""
    seconds: float = 0.0
    peak: int = 0
    """Bytes that it took at most, beyond what the worker held before."""
    died: str = ""


@dataclass(frozen=True)
class Told:
    """A call, its outcome, and what is wrong with that."""

    call: Call
    outcome: Outcome
    complaints: tuple[str, ...]


_STYLE = re.compile(rb"\x1b\[[0-9;]*m|\x1b\[K|\x1b\[\?25[lh]|\x1b\[[0-9]*A|\x1b\[2K|\r")


def steers(shown: bytes, *, styled: bool = False) -> bool:
    """Whether a text holds what a terminal would act on; styles and the moves of a bar are allowed where `styled`."""
    text = (_STYLE.sub(b"", shown) if styled else shown).decode("utf-8", "surrogateescape")
    text = text.replace("\n", "").replace("\t", "")
    # what is no UTF-8 is no control either, but nothing of ours writes it as text
    return bool(
        re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\udc80-\udcff]", text)
    )


def whole(name: str, data: bytes) -> bool:
    """Whether a file of ours, or one on standard output, is complete."""
    kind = Path(name).suffix.lower()
    try:
        if data.startswith(b"\x93NUMPY") or kind == ".npy":
            np.load(io.BytesIO(data), allow_pickle=False)
        elif data.startswith(b"PK") or kind == ".npz":
            with np.load(io.BytesIO(data), allow_pickle=False) as held:
                for key in held.files:
                    held[key]
        elif kind in (".png", ".jpg", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".pgm", ".gif"):
            with Image.open(io.BytesIO(data)) as picture:
                picture.load()
        else:
            return bool(data) and data.endswith((b"\n", b"\0"))
    except Exception:  # whatever a reader says, it is not whole
        return False
    return True


def complaints(call: Call, outcome: Outcome) -> tuple[str, ...]:
    """List what is wrong with an outcome."""
    found = [outcome.died] if outcome.died else []
    err = outcome.err.decode("utf-8", "surrogateescape")
    lines = err.splitlines()
    if b"Traceback" in outcome.err:
        found.append("a traceback")
    if "a bug:" in err:
        found.append("an error that nobody foresaw")
    if outcome.status is not None and outcome.status not in (0, 1, 2):
        found.append(f"status {outcome.status}")
    errors = [line for line in lines if line.startswith("convcli: error: ")]
    if outcome.status in (1, 2) and not errors and not (outcome.status == 2 and outcome.out):
        found.append("an error without a line")
    if outcome.status == 0 and errors:
        found.append("an error line with status 0")
    if len(errors) > 1 and outcome.status == 2 and not call.goes_on:
        found.append("several error lines for one call")
    if any(len(line) > 2000 for line in errors):
        found.append("an error line of more than 2000 characters")
    if steers(outcome.err):
        found.append("standard error steers the terminal")
    found += [f"{name} is not whole" for name in outcome.broken]
    found += [f"{name} was left" for name in outcome.left if name.endswith(".part")]
    if outcome.status == 2 and outcome.left:
        found.append(f"wrong usage, but {outcome.left[0]} was written")
    if outcome.peak > call.memory + BUDGET:
        found.append(f"{outcome.peak / MIB:.0f} MiB of memory")
    if call.expected is not None and (outcome.status, outcome.out) != (0, call.expected):
        found.append(f"expected {call.expected[:60]!r}, got {outcome.status}, {outcome.out[:60]!r}")
    return tuple(found)


class Arena:
    """Runs calls one after the other in a forked worker, which is replaced when it dies or hangs.

    Parameters
    ----------
    run : callable
        From argv to the status: the command line. (The tests of this module give bad ones.)
    """

    def __init__(self, run: Callable[[list[str]], int]) -> None:
        self.run = run
        self.folder = Path(tempfile.mkdtemp(prefix="convcli-fuzz-"))
        self.worker = 0
        self.calls = 0

    def __enter__(self) -> "Arena":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __call__(self, call: Call) -> Told:
        """Run one call, and judge it."""
        if not self.worker or self.calls >= STACK:
            self._end()
            self._start()
        self.calls += 1
        begun = time.monotonic()
        try:
            self.pipe.send(call)
            outcome = self.pipe.recv() if self.pipe.poll(call.seconds) else None
            died = f"a hang of {call.seconds:g} s"
        except (EOFError, OSError):
            outcome, died = None, "a crash"
        if outcome is None:
            how = self._end()
            if died == "a crash":
                died += f" (signal {-how})" if how < 0 else f" (status {how})"
            outcome = Outcome(None, seconds=time.monotonic() - begun, died=died)
        return Told(call, outcome, complaints(call, outcome))

    def _start(self) -> None:
        self.pipe, theirs = Pipe()
        self.calls = 0
        self.worker = os.fork()
        if self.worker == 0:
            try:
                self.pipe.close()
                _serve(theirs, self.run, self.folder)
            finally:
                os._exit(0)
        theirs.close()

    def _end(self) -> int:
        if not self.worker:
            return 0
        try:
            os.kill(self.worker, signal.SIGKILL)
            _, how = os.waitpid(self.worker, 0)
        finally:
            self.worker = 0
            self.pipe.close()
        return os.waitstatus_to_exitcode(how)

    def process(self, call: Call, environment: Mapping[str, str] | None = None) -> Told:
        """Run one call as a process of its own, and judge it."""
        folder = self.folder / "process"
        before = _lay(folder, call)

        def limits() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        begun = time.monotonic()
        try:
            done = subprocess.run(
                [sys.executable, "-m", "convcli", *call.argv],
                cwd=folder,
                input=call.stdin,
                capture_output=True,
                timeout=call.seconds,
                preexec_fn=limits,
                env={**os.environ, **(environment or {})},
            )
            status = done.returncode
            died = f"a crash (signal {-status})" if status < 0 else ""
            outcome = Outcome(status if status >= 0 else None, done.stdout, done.stderr, died=died)
        except subprocess.TimeoutExpired:
            outcome = Outcome(None, died=f"a hang of {call.seconds:g} s")
        left, broken = _inspect(folder, before)
        outcome = replace(outcome, left=left, broken=broken, seconds=time.monotonic() - begun)
        return Told(call, outcome, complaints(call, outcome))


def _serve(pipe: Connection, run: Callable[[list[str]], int], folder: Path) -> None:
    """Answer calls until the pipe closes. (In the worker.)"""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    streams = [os.memfd_create(name) for name in ("stdin", "stdout", "stderr")]
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    place = folder / f"worker-{os.getpid()}"
    while True:
        try:
            call = pipe.recv()
        except EOFError:
            return
        before = _lay(place, call)
        os.chdir(place)
        for number, data in enumerate((call.stdin, b"", b"")):
            os.ftruncate(number, 0)
            os.lseek(number, 0, os.SEEK_SET)
            os.write(number, data)
            os.lseek(number, 0, os.SEEK_SET)
        sys.stdin, sys.stdout, sys.stderr = (opened_stream(number) for number in (0, 1, 2))
        held, begun = _reset_peak(), time.monotonic()
        status: int | None
        try:
            status = int(run(list(call.argv)))
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        except BaseException as error:  # what the command line lets through is a traceback
            print(f"Traceback: {type(error).__name__}: {error}", file=sys.stderr)
            status = 1
        seconds, peak = time.monotonic() - begun, _peak() - held
        sys.stdout.flush()
        sys.stderr.flush()
        out, err = (_content(stream) for stream in (1, 2))
        os.chdir(folder)
        left, broken = _inspect(place, before)
        if out.startswith((b"\x93NUMPY", b"\x89PNG")) and not whole(
            "x.png" if out[1:4] == b"PNG" else "x.npy", out
        ):
            broken = (*broken, "standard output")
        # more than this nobody reads; what is to be compared is short
        pipe.send(Outcome(status, out[: 4 * MIB], err[:MIB], left, broken, seconds, peak))


def opened_stream(number: int) -> TextIO | None:
    """Open a standard stream as the interpreter does; None if it is closed."""
    try:
        os.fstat(number)
    except OSError:
        return None
    errors = ("surrogateescape", "strict", "backslashreplace")[number]
    file = io.FileIO(number, "w" if number else "r", closefd=False)
    buffer = io.BufferedWriter(file) if number else io.BufferedReader(file)
    return io.TextIOWrapper(buffer, "utf-8", errors, line_buffering=number == 2)


def _lay(folder: Path, call: Call) -> dict[bytes, bytes]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    held = {}
    for name, data in call.files.items():
        raw = os.fsencode(name)
        path = os.path.join(os.fsencode(folder), raw)  # noqa: PTH118
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(data)
        held[raw] = data
    return held


def _inspect(
    folder: Path, before: Mapping[bytes, bytes]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the files that are new, and those that are not whole: damaged inputs that were there stay as they were."""
    left, broken = [], []
    top = os.fsencode(folder)
    for here, _, files in os.walk(top):
        for file in files:
            path = os.path.join(here, file)  # noqa: PTH118
            name = os.path.relpath(path, top)
            if not os.path.isfile(path):  # noqa: PTH113
                continue
            with open(path, "rb") as held:  # noqa: PTH123
                data = held.read()
            if before.get(name) == data:
                continue
            shown = os.fsdecode(name)
            left.append(shown)
            if not whole(shown, data):
                broken.append(shown)
    return tuple(sorted(left)), tuple(sorted(broken))


def _content(number: int) -> bytes:
    os.lseek(number, 0, os.SEEK_SET)
    parts = []
    while part := os.read(number, MIB):
        parts.append(part)
    return b"".join(parts)


def _status(key: str) -> int:
    with open("/proc/self/status") as file:  # noqa: PTH123
        for line in file:
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return 0


def _reset_peak() -> int:
    with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123
        file.write("5")
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")
