"""Inputs without an end, or that are no text: one line, soon, and little memory."""

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from convcli.cli import run as called

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="devices of Linux")

PEAK = """
import sys
from pathlib import Path
from convcli.cli import run
status = run(sys.argv[1:])
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
sys.exit(status)
"""
ZERO = "nothing but zero bytes"
CALLS = {
    "corr /dev/zero -k 1": ZERO,
    "corr /dev/urandom -k 1": "binary data",
    "corr - -k 1 < /dev/zero": ZERO,
    "edge /dev/full": ZERO,
    "edge a.csv --mask /dev/urandom": "binary data",
    "pool /dev/zero -k 2": ZERO,
    "learn /dev/zero a.csv -k 1": ZERO,
    "learn a.csv /dev/urandom -k 1": "binary data",
    "learn --pairs /dev/zero -k 1": ZERO,
    "corr a.csv -k /dev/zero": ZERO,
    "corr a.csv -k 1 --bias /dev/urandom": "binary data",
    "corr -k 1 --files-from /dev/zero": "binary data, a list of file names is needed",
    "corr -k 1 --files-from /dev/urandom": "binary data, a list of file names is needed",
    "shape -n 3x8x8 --layers /dev/zero": ZERO,
    "shape -n 3x8x8 --layers - < /dev/urandom": "binary data",
    "shape - < /dev/zero": "got a line of 1048576 characters or more",
    "net show /dev/zero --input 1x8x8": ZERO,
    "net predict w.npz /dev/zero": ZERO,
    "net predict w.npz a.csv --labels /dev/zero": ZERO,
    "net predict zero.npz a.csv": "no regular file",
    "net predict lenet a.csv --weights zero.safetensors": "no regular file",
    "net train lenet /dev/zero -o n.npz": ZERO,
    "net train lenet - -o n.npz < /dev/urandom": "binary data",
    "net train lenet bomb.csv.gz -o n.npz": "binary data",
    "corr bomb.csv.gz -k 1": "binary data",
    "corr a.csv -k bomb.csv.gz": "binary data",
    "corr ones.csv.gz -k 1 --max-memory 100M": "has no end in reach",
    "corr - -k 1 --max-memory 100M < /dev/stdin": "has no end in reach",
    "corr /dev/stdin -k 1 --max-memory 100M < /dev/stdin": "has no end in reach",
    "shape -n 3x8x8 --layers - < /dev/stdin": "has no end in reach",
}
"""Calls and what is said; /dev/stdin is `yes 1 | tr '\\n' ','`."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("endless")
    (here / "a.csv").write_text("1,2\n3,4\n")
    for suffix in ("npz", "safetensors"):
        (here / f"zero.{suffix}").symlink_to("/dev/zero")
    assert called(["net", "init", "lenet", "-o", str(here / "w.npz")]) == 0
    with gzip.open(here / "bomb.csv.gz", "wb", 1) as file:
        file.write(b"label,1" + bytes(2**28))
    with gzip.open(here / "ones.csv.gz", "wb", 1) as file:
        file.write(b"1," * 2**27)
    return here


@pytest.mark.parametrize("call", CALLS)
def test_what_has_no_end_is_refused(folder, call):
    words, _, stream = call.partition(" < ")
    ones = subprocess.Popen(["yes"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        with Path("/dev/null" if "stdin" in stream or not stream else stream).open() as given:
            done = subprocess.run(
                [sys.executable, "-c", PEAK, *words.split()],
                cwd=folder,
                stdin=ones.stdout if "stdin" in stream else given,
                capture_output=True,
                text=True,
                timeout=60,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
    finally:
        ones.kill()
        ones.wait()
        ones.stdout.close()
    assert done.returncode == 1
    assert re.fullmatch(f"convcli: error: .*{re.escape(CALLS[call])}.*\n", done.stderr)
    *said, peak = done.stdout.splitlines()
    assert said == []
    assert int(peak) < 200_000
    assert not (folder / "n.npz").exists()
