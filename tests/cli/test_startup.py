"""What each command loads: none pays for what it does not use."""

import subprocess
import sys

import pytest

from tests.conftest import SAMPLES

HEAVY = (
    "numpy",
    "PIL",
    "rich",
    "concurrent.futures.process",
    "multiprocessing",
    "onnx",
    "distributed",
)


def loaded(folder, *args):
    """The heavy modules that a call in a pipe has loaded at its end."""
    code = (
        "import sys; from convcli.cli import run; status = run(sys.argv[1:]); sys.stdout.flush();"
        f"print(status, *[m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], cwd=folder, capture_output=True, check=True
    )
    status, *modules = done.stderr.decode().splitlines()[-1].split()
    assert status == "0", done.stderr
    return set(modules)


@pytest.mark.parametrize(
    ("args", "modules"),
    [
        (("--version",), set()),
        (("shape", "-n", "224", "-k", "7", "-p", "3", "-s", "2"), set()),
        (("shape", "-n", "3x224x224", "conv:64,k7,s2,p3", "relu"), set()),
        (("net", "list"), set()),
        (("net", "show", "resnet18", "--json"), set()),
        (("kernels",), {"numpy"}),
        (("corr", SAMPLES / "matrix.csv", "-k", "0 1; 2 3"), {"numpy"}),
        (("pool", SAMPLES / "matrix.csv", "-k", "2"), {"numpy"}),
        (("edge", SAMPLES / "bars.csv"), {"numpy"}),
        (("learn",), {"numpy"}),
        (("corr", SAMPLES / "bars.png", "-k", "box", "-o", "x.npy"), {"numpy", "PIL"}),
        (("edge", SAMPLES / "coffee.png"), {"numpy", "PIL"}),
        (("net", "train", "lenet", SAMPLES / "digits.csv.gz", "--epochs", "1"), {"numpy"}),
    ],
    ids=lambda value: " ".join(map(str, value))[:30] if isinstance(value, tuple) else None,
)
def test_a_command_loads_what_it_uses(tmp_path, args, modules):
    assert loaded(tmp_path, *args) == modules
