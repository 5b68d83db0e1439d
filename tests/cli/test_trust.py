"""What a hostile file, name or folder cannot do: steer the terminal, run code, reach the network."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import CONVCLI, SAMPLES, at_terminal
from tests.fuzz.arena import steers

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m"


@pytest.fixture
def here(tmp_path):
    """A folder with files whose contents would steer a terminal."""
    (tmp_path / "rows.csv").write_text(f"n,k,note{EVIL}\n8,3,{EVIL}\n8,9,{EVIL}\n")
    (tmp_path / "bad.csv").write_text(f"1,2\n3,{EVIL}\n")
    (tmp_path / "layers.txt").write_text(f"conv:4,k3 {EVIL} relu\n")
    (tmp_path / "named.txt").write_text("a = ( conv:4,k3 )\na relu gap flatten linear:2\n")
    (tmp_path / "labels.txt").write_text("\n".join(f"{EVIL}{i}" for i in range(10)))
    (tmp_path / "pairs.csv").write_text(f"{EVIL},{EVIL}\n")
    np.savez(tmp_path / "w.npz", **{EVIL: np.zeros(3)})
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(tmp_path / "x.png")
    return tmp_path


@pytest.mark.parametrize(
    "call",
    [
        "shape - <rows.csv",
        "shape - --json <rows.csv",
        "corr bad.csv -k 1",
        "corr x.png -k ./bad.csv",
        "shape -n 1x9x9 --layers layers.txt",
        "net show layers.txt --input 1x9x9",
        "net show named.txt --input 1x9x9 --json",
        "learn --pairs pairs.csv",
        "edge --files-from pairs.csv -o out/",
        "net predict lenet x.png --weights w.npz",
        "net init lenet -o lenet.npz && {convcli} net predict lenet.npz x.png --labels labels.txt",
        "net init lenet -o lenet.npz && {convcli} net predict lenet.npz x.png --labels labels.txt --format csv",
        "net init lenet -o lenet.npz && {convcli} net predict lenet.npz x.png --labels labels.txt --json",
    ],
)
def test_contents_cannot_steer_the_terminal(here, call):
    convcli = " ".join(CONVCLI)
    script = f"{convcli} {call.format(convcli=convcli)}"
    environment = {"PATH": "/usr/bin:/bin", "TERM": "xterm", "COLUMNS": "200"}
    _, shown = at_terminal(["-c", script], here, environment, program=("bash",))
    assert shown
    assert not steers(shown.encode("utf-8", "surrogateescape"), styled=True), shown


def test_onnx_names_cannot_steer_the_terminal(here):
    pytest.importorskip("onnx")
    from onnx import TensorProto, helper, save_model

    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, 8, 8]) for n in "xy")
    node = helper.make_node(f"Relu{EVIL}", ["x"], ["y"], name=f"relu{EVIL}", domain=f"own{EVIL}")
    save_model(helper.make_model(helper.make_graph([node], "g", [x], [y])), here / "m.onnx")
    environment = {"PATH": "/usr/bin:/bin", "TERM": "xterm", "COLUMNS": "200"}
    _, shown = at_terminal(["net", "show", "m.onnx"], here, environment)
    assert "relu" in shown
    assert not steers(shown.encode("utf-8", "surrogateescape"), styled=True), shown


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_code_in_the_current_folder_is_never_run(tmp_path, jobs):
    for name in (
        "numpy",
        "PIL",
        "typer",
        "rich",
        "csv",
        "json",
        "struct",
        "random",
        "sitecustomize",
    ):
        (tmp_path / f"{name}.py").write_text(f"open('ran-{name}', 'w')\n")
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes((SAMPLES / "bars.png").read_bytes())
    convcli = Path(sys.executable).with_name("convcli")
    call = [convcli, "edge", "a.png", "b.png", "-o", "out/", "--jobs", jobs]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "convcli: 2 of 2 written\n")
    assert list(tmp_path.glob("ran-*")) == []


FORBIDDEN = (
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "pickle.find_class",
    "os.system",
    "subprocess.Popen",
)


@pytest.mark.parametrize(
    "call",
    [
        ["edge", "coffee.png", "-o", "x.png", "-f"],
        ["corr", "bars.csv", "-k", "sobel-x"],
        ["learn"],
        ["shape", "-n", "8", "-k", "3", "--explain"],
        ["net", "show", "resnet18"],
        ["net", "init", "lenet", "-o", "w.npz", "-f"],
        ["corr", "objects.npy", "-k", "1"],
    ],
)
def test_no_network_no_pickle_no_other_program(tmp_path, call):
    """Python's own audit tells of every attempt."""
    for name in ("coffee.png", "bars.csv"):
        (tmp_path / name).write_bytes((SAMPLES / name).read_bytes())
    np.save(tmp_path / "objects.npy", np.array([[{}, 1]], object), allow_pickle=True)
    code = (
        "import sys\nfrom convcli.cli import run\n"
        f"seen = []\nsys.addaudithook(lambda event, _: seen.append(event) if event in {FORBIDDEN} else None)\n"
        "run(sys.argv[1:])\nprint(*seen, file=sys.stderr)\n"
        "import socket; socket.socket().bind(('127.0.0.1', 0)); print(*seen, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *call],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr.splitlines()[-2:] == ["", "socket.bind"]  # the audit works, and had nothing
