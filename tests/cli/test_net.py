"""`convcli net` at the command line."""

import csv
import io
import json

import pytest

from convcli.nets.zoo import NETWORKS

CHAIN = """# a small one
unit = ( conv:8,k3,p1 bn relu )
unit residual( 2*unit )
concat( conv:4,k1 | maxpool:k3,s1,p1 )
gap flatten linear:3
"""


def test_list(convcli):
    rows = list(csv.DictReader(io.StringIO(convcli("net", "list").text)))
    assert [row["name"] for row in rows] == list(NETWORKS)
    assert rows[0]["params"] == "44426"
    assert [r["name"] for r in json.loads(convcli("net", "list", "--json").text)] == list(NETWORKS)


def test_lenet_in_a_pipe(convcli):
    done = convcli("net", "show", "lenet")
    assert done.status == 0
    assert done.text.splitlines()[:3] == [
        "name,layer,output,params,macs,activations,rf,jump,start,kernel,stride,padding,rf_h,rf_w",
        'conv1,"conv:6,k5",6x24x24,156,86400,3456,5x5,1x1,0x0,5,1,0,5,5',
        "sigmoid1,sigmoid,6x24x24,0,0,3456,5x5,1x1,0x0,,,,5,5",
    ]


def test_json(convcli):
    found = json.loads(convcli("net", "show", "torchvision/resnet18", "--json").text)
    assert list(found) == ["name", "input", "layers", "totals", "receptive_field", "stride"]
    assert found["totals"]["params"] == 11_689_512
    assert (found["receptive_field"], found["stride"]) == ([435, 435], [32, 32])
    assert found["layers"][0] == {
        "name": "conv1",
        "kind": "conv",
        "layer": "conv:64,k7,s2,p3,nobias",
        "output": [64, 112, 112],
        "params": 9408,
        "macs": 118_013_952,
        "buffers": 0,
        "activations": 802_816,
        "rf": [7, 7],
        "jump": [2, 2],
        "start": [-3, -3],
    }
    assert found["layers"][-1]["rf"] is None


@pytest.mark.parametrize("name", NETWORKS)
def test_columns_add_up(convcli, name):
    found = json.loads(convcli("net", "show", name, "--json").text)
    for column, total in found["totals"].items():
        assert sum(layer[column] for layer in found["layers"]) == total
    for depth in (1, 2):
        done = convcli("net", "show", name, "--depth", depth)
        rows = list(csv.DictReader(io.StringIO(done.text)))
        for column in ("params", "macs", "activations"):
            assert sum(int(row[column]) for row in rows) == found["totals"][column]


def test_input_and_classes(convcli):
    found = json.loads(
        convcli("net", "show", "resnet18", "--input", "3x96x96", "--classes", 5, "--json").text
    )
    assert found["layers"][0]["output"] == [64, 48, 48]
    assert found["layers"][-1]["output"] == [5]
    assert found["layers"][0]["params"] == 64 * 3 * 49 + 64


def test_a_chain_file(convcli, tmp_path):
    (tmp_path / "net.txt").write_text(CHAIN)
    done = convcli("net", "show", "net.txt", "--input", "3x16x16")
    assert [line.split(",")[0] for line in done.text.splitlines()[1:]] == [
        *(f"unit1.{kind}" for kind in ("conv", "bn", "relu")),
        *(f"unit2.{kind}" for kind in ("conv", "bn", "relu")),
        *(f"unit3.{kind}" for kind in ("conv", "bn", "relu")),
        *("add", "conv", "maxpool", "concat", "gap", "flatten", "linear"),
    ]
    piped = convcli("net", "show", "-", "--input", "3x16x16", stdin=CHAIN.encode())
    assert piped.text == done.text
    rows = list(csv.DictReader(io.StringIO(done.text)))
    assert rows[-4]["output"] == "12x16x16"
    shallow = convcli("net", "show", "net.txt", "--input", "3x16x16", "--depth", 1)
    assert shallow.text.splitlines()[1].startswith("unit1,block,8x16x16,240,")


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        (
            ["resnet81"],
            2,
            "unknown network 'resnet81', did you mean 'resnet18'? convcli net list names them, "
            "and there is no such file",
        ),
        (["net.txt"], 2, "--input: missing, net.txt needs CxHxW"),
        (["net.txt", "--classes", "3"], 2, "--classes: net.txt says itself how many"),
        (
            ["lenet", "--input", "1x4x4"],
            1,
            "lenet: layer 1 'conv:6,k5', input 1x4x4: kernel 5 does not fit: it is larger than "
            "the input 4 on axis 0",
        ),
        (
            ["net.txt", "--input", "12"],
            1,
            "net.txt: layer 1 'conv:8,k3,p1' (line 2), input 12: conv needs channels x spatial "
            "axes, not one row of numbers",
        ),
        (
            ["bad.txt", "--input", "3x9x9"],
            1,
            "bad.txt: line 2: 'con:8,k3': unknown layer 'con', did you",
        ),
        (["gone.onnx"], 1, "gone.onnx: no such file or directory"),
    ],
)
def test_errors(convcli, tmp_path, call, status, message):
    (tmp_path / "net.txt").write_text(CHAIN)
    (tmp_path / "bad.txt").write_text("relu\ncon:8,k3\n")
    done = convcli("net", "show", *call)
    assert done.status == status
    assert done.err.startswith(f"convcli: error: {message}")
    assert done.out == b""


def test_unknown_command(convcli):
    done = convcli("net", "shwo", "lenet")
    assert (done.status, done.out) == (2, b"")
    assert done.err.startswith(
        "convcli: error: unknown command of net 'shwo', did you mean 'show'?"
    )


def test_help_names_the_commands(convcli):
    for call in (["net"], ["net", "-h"]):
        done = convcli(*call)
        assert "show" in done.text


def test_init(convcli, tmp_path):
    done = convcli("net", "init", "lenet", "--seed", 3, "-o", "w.npz")
    assert (done.status, done.text, done.err) == (0, "w.npz\n", "")
    first = (tmp_path / "w.npz").read_bytes()
    again = convcli("net", "init", "lenet", "-o", "w.npz")
    assert (again.status, again.err) == (
        1,
        "convcli: error: w.npz: already exists, -f overwrites it\n",
    )
    assert convcli("net", "init", "lenet", "--seed", 3, "-o", "w.npz", "-f").status == 0
    assert (tmp_path / "w.npz").read_bytes() == first
    assert convcli("net", "init", "lenet", "--seed", 4, "-o", "w.npz", "-f").status == 0
    assert (tmp_path / "w.npz").read_bytes() != first


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        (["lenet", "-o", "w.pt"], 2, "w.pt: PyTorch's files hold Python objects"),
        (["lenet", "-o", "w.npy"], 2, "w.npy: unknown suffix '.npy', did you mean '.npz'?"),
        (
            ["lenet", "-o", "w.npz", "--method", "hee"],
            2,
            "unknown method 'hee', did you mean 'he'?",
        ),
        (["lnet", "-o", "w.npz"], 2, "unknown network 'lnet', did you mean 'lenet'?"),
    ],
)
def test_init_errors(convcli, tmp_path, call, status, message):
    done = convcli("net", "init", *call)
    assert done.status == status
    assert done.err.startswith(f"convcli: error: {message}")
    assert list(tmp_path.iterdir()) == []


def test_code_of_a_network_is_the_network(convcli, tmp_path):
    done = convcli("net", "show", "torchvision/shufflenet_v2_x1_0", "--code", "layers")
    assert (done.status, done.err) == (0, "")
    head, *_ = done.text.splitlines()
    assert head == "# torchvision/shufflenet_v2_x1_0; convcli net show FILE --input 3x224x224"
    (tmp_path / "mine.txt").write_text(done.text)
    own = convcli("net", "show", "mine.txt", "--input", "3x224x224", "--json")
    row = NETWORKS["torchvision/shufflenet_v2_x1_0"]
    totals = json.loads(own.text)["totals"]
    assert (totals["params"], totals["macs"]) == row.counted
    code = convcli("net", "show", "lenet", "--width", "0.5", "--code", "torch").text
    assert "nn.Conv2d(1, 3, kernel_size=5)," in code
    assert "# net(torch.zeros(1, 1, 28, 28))" in code


def test_code_errors(convcli):
    for call, message in ((["lenet", "--code", "jax"], "--code: 'jax'"),):
        done = convcli("net", "show", *call)
        assert (done.status, done.out) == (2, b"")
        assert done.err.startswith("convcli: error: ")
        assert message in done.err


def test_a_global_branch_is_told_beside_the_field(convcli):
    done = convcli("net", "show", "torchvision/efficientnet_b0", "--format", "table")
    assert (
        "Receptive field 224 by way of global branches, through which each unit sees all of the "
        "input; without them 851, a unit every 32 rows, at the last feature map (features.8.2)."
        in " ".join(done.text.split())
    )
    assert (
        json.loads(convcli("net", "show", "torchvision/mobilenet_v2", "--json").text).get(
            "receptive_field_local"
        )
        is None
    )
    found = json.loads(convcli("net", "show", "torchvision/regnet_y_400mf", "--json").text)
    assert (found["receptive_field"], found["receptive_field_local"]) == ([224, 224], [575, 575])
