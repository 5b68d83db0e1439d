"""What all tests share: the switch between the seeded sample and the whole product of cases, and the command line."""

import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SAMPLES = Path(__file__).parent.parent / "samples"


def pixels(path):
    """Read a picture, by Pillow alone."""
    with Image.open(path) as picture:
        return np.asarray(picture)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the whole product of cases")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--full"):
        for item in items:
            if item.get_closest_marker("full"):
                item.add_marker(pytest.mark.skip(reason="only with --full"))


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
