"""What each command loads: none pays for what it does not use."""

import importlib.util
import os
import subprocess
import sys

import pytest

from convcli.cli import COMMANDS, GROUPS
from convcli.files.batch import executors
from tests.conftest import SAMPLES, at_terminal, plain

HEAVY = (
    "numpy",
    "PIL",
    "rich",
    "concurrent.futures.process",
    "multiprocessing",
    "onnx",
    "distributed",
)
ROOMS = (
    "commands.filters.batch",
    "commands.kernel_argument",
    "engine.correlation",
    "engine.correlation.fft",
    "engine.edges",
    "engine.edges.canny",
    "engine.kernels",
    "engine.learning",
    "engine.pooling",
    "engine.sizes.inverse",
    "engine.sizes.transposed",
    "files.arrays",
    "files.batch",
    "files.batch.executors",
    "files.datasets",
    "files.pictures",
    "files.pictures.decoding",
    "nets.architecture.onnx_model",
    "nets.architecture.torch_code",
    "nets.layers",
    "nets.training",
    "nets.zoo",
)
"""Rooms of the house that some calls need and others do not."""


def after(folder, names, *args, env=None):
    """Those of the named modules that a call in a pipe has loaded at its end."""
    code = (
        "import sys; from convcli.cli import run\n"
        "try:\n    status = run(sys.argv[1:])\n"
        "except SystemExit as stop:\n    status = stop.code or 0\n"
        "sys.stdout.flush()\n"
        f"print(status, *[m for m in {tuple(names)!r} if m in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *map(str, args)]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True, env=env)
    status, *modules = done.stderr.decode().splitlines()[-1].split()
    assert status == "0", done.stderr
    return set(modules)


def loaded(folder, *args):
    return after(folder, HEAVY, *args)


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


CALLS = [*COMMANDS, *(f"{group} {name}" for group, names in GROUPS.items() for name in names)]


@pytest.mark.parametrize("call", ["", *CALLS])
def test_help_in_a_pipe_loads_no_heavy_package(tmp_path, call):
    assert loaded(tmp_path, *call.split(), "--help") == set()


def test_the_list_of_commands_loads_none_of_them(tmp_path):
    names = [f"convcli.commands.{call.replace(' ', '.')}" for call in CALLS]
    assert after(tmp_path, names, "--help") == set()
    assert after(tmp_path, names, "net", "--help") == {"convcli.commands.net"}


def test_a_completion_loads_no_heavy_package(tmp_path):
    for words in ("convcli ", "convcli shape -n 224 --", "convcli edge x.png --", "convcli net "):
        env = {
            "_CONVCLI_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        assert after(tmp_path, HEAVY, env=env) == set()


@pytest.mark.parametrize(
    ("args", "rooms"),
    [
        (("shape", "-n", "224", "-k", "7"), set()),
        (("shape", "-n", "8", "-k", "3", "--transposed"), {"engine.sizes.transposed"}),
        (("shape", "-n", "224", "--out", "56"), {"engine.sizes.inverse"}),
        (("net", "list"), {"nets.zoo"}),
        (
            ("net", "show", "resnet18"),
            {"nets.zoo", "engine.sizes.transposed"},
        ),
        (
            ("edge", SAMPLES / "camera.png"),
            {"engine.edges", "engine.kernels", "files.pictures", "files.pictures.decoding"},
        ),
        (
            ("edge", SAMPLES / "camera.png", "-m", "canny"),
            {"engine.edges", "engine.edges.canny", "engine.correlation", "engine.correlation.fft"}
            | {"engine.kernels", "files.pictures", "files.pictures.decoding"},
        ),
        (("edge", SAMPLES / "bars.csv"), {"engine.edges", "engine.kernels", "files.arrays"}),
        (
            ("corr", SAMPLES / "matrix.csv", "-k", "sobel-x"),
            {"engine.correlation", "engine.correlation.fft", "engine.kernels"}
            | {"commands.kernel_argument", "files.arrays"},
        ),
        (("pool", SAMPLES / "matrix.csv", "-k", "2"), {"engine.pooling", "files.arrays"}),
    ],
    ids=lambda value: " ".join(map(str, value))[:30] if isinstance(value, tuple) else None,
)
def test_a_call_loads_the_rooms_it_needs_and_no_others(tmp_path, args, rooms):
    names = [f"convcli.{room}" for room in ROOMS]
    assert after(tmp_path, names, *args) == {f"convcli.{room}" for room in rooms}


def test_help_on_a_terminal_loads_panels_and_no_texts_of_other_kinds(tmp_path):
    code = (
        "import sys; from convcli.cli import run\n"
        "try:\n    run(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(*[m for m in ('rich.panel', 'rich.markdown', 'markdown_it', 'pygments') if m in sys.modules])"
    )
    program = [sys.executable, "-c", code]
    status, shown = at_terminal(("edge", "--help"), tmp_path, dict(os.environ), program=program)
    *_, loaded = shown.splitlines()
    assert (status, loaded) == (0, "rich.panel")
    assert "╭─ Detector" in plain(shown)


@pytest.mark.parametrize("call", ["edge", "corr -k box", "pool -k 2"])
def test_what_the_processes_of_a_batch_load_is_there(convcli, monkeypatch, call):
    """The server that they are forked from would pass over a name that is none."""
    begun = []
    monkeypatch.setattr(executors, "begin", lambda _, names: begun.extend(names))
    convcli(*call.split(), "none.png", "neither.png", "--jobs", 2)
    assert all(importlib.util.find_spec(name) for name in begun)
    assert f"convcli.commands.{call.split()[0]}" in begun
