"""What all tests share: the switch between the seeded sample and the whole product of cases, and the command line."""

import io
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import termios
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SAMPLES = Path(__file__).parent.parent / "samples"
CONVCLI = (sys.executable, "-m", "convcli")
IN_SHELL = shlex.join(CONVCLI)
"""The same as a shell reads it."""


def pixels(path):
    """Read a picture, by Pillow alone."""
    with Image.open(path) as picture:
        return np.asarray(picture)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the whole product of cases")
    parser.addoption("--cluster", action="store_true", help="run the tests on a Dask cluster")
    parser.addoption("--install", action="store_true", help="build, install elsewhere and try")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for option in ("full", "cluster", "install"):
        if not config.getoption(f"--{option}"):
            for item in items:
                if item.get_closest_marker(option):
                    item.add_marker(pytest.mark.skip(reason=f"only with --{option}"))


RESIDENT = r"""
import re

def resident(what):
    with open("/proc/self/status") as file:
        return int(re.search(rf"{what}:\s+(\d+) kB", file.read())[1]) * 1024
"""
"""Python for a process of its own: resident("VmRSS"), resident("VmHWM"). (Its ru_maxrss begins with what we hold.)"""


@dataclass
class Result:
    """What one call of the command line gave."""

    status: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


@pytest.fixture
def interruptible():
    """Start processes that SIGINT can end, under nohup and in the background of a script too, which ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def convcli(tmp_path, monkeypatch, capfdbinary):
    """Call the command line in this process, in an empty folder: convcli("shape", "-n", 8, …, stdin=b"…")."""
    from convcli.cli import run

    monkeypatch.chdir(tmp_path)

    def call(*args: object, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfdbinary.readouterr()
        status = run([str(a) for a in args])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Result(int(status), out, err.decode())

    return call


@pytest.fixture
def process(tmp_path):
    """Call the command line as a process of its own."""

    def call(*args: object, **kwargs: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "convcli", *map(str, args)],
            **{"cwd": tmp_path, "capture_output": True, "timeout": 60, "env": os.environ, **kwargs},
        )

    return call


def at_terminal(args, folder, environment, *, size=None, errors=None, program=CONVCLI):
    """Call the command line with a pseudo-terminal as standard output; returns its status and what was shown, raw.

    Its standard error is that terminal too, or the file given.
    """
    ours, theirs = os.openpty()
    if size:
        termios.tcsetwinsize(theirs, size)
    process = subprocess.Popen(
        [*program, *map(str, args)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=errors or theirs,
        cwd=folder,
        env=environment,
    )
    os.close(theirs)
    shown, ended = b"", False
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # Linux says EIO when the other end is closed
            read = b""
        if not read:
            # what was written between the reader's look and the writer's end still waits there
            if ended:
                break
            process.wait(60)
            ended = True
        shown += read
    os.close(ours)
    return process.wait(60), shown.decode().replace("\r\n", "\n")


def plain(shown):
    """Take the styles out of what a terminal was shown."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


@pytest.fixture
def terminal(tmp_path):
    """Call the command line with a terminal of so many columns as its standard output; gives what was shown."""

    def call(*args: object, columns: int = 80) -> str:
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        environment |= {"TERM": "xterm", "NO_COLOR": "1"}
        with tempfile.TemporaryFile() as errors:
            status, shown = at_terminal(
                args, tmp_path, environment, size=(50, columns), errors=errors
            )
            errors.seek(0)
            assert status == 0, (status, shown, errors.read())
        return "\n".join(line.rstrip() for line in plain(shown).splitlines())

    return call
