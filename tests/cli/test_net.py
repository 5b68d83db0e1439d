"""`convcli net` at the command line."""

import csv
import io
import json

import pytest

from convcli.nets.zoo import NETWORKS
from tests.conftest import pixels

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


def compared(convcli, *call):
    done = convcli("net", "compare", *call)
    assert (done.status, done.err) == (0, "")
    return list(csv.DictReader(io.StringIO(done.text)))


def test_compare_names_files_and_layers(convcli, tmp_path):
    (tmp_path / "net.txt").write_text(CHAIN)
    layers = "conv:8,k3  relu conv:4,k1,nobias bn flatten linear:3"
    rows = compared(convcli, "lenet", "net.txt", layers, "--input", "1x28x28", "--classes", 7)
    assert [row["name"] for row in rows] == ["lenet", "net.txt", " ".join(layers.split())]
    shown = json.loads(convcli("net", "show", "lenet", "--classes", 7, "--json").text)["totals"]
    assert [int(rows[0][k]) for k in ("params", "macs", "activations")] == [
        shown[k] for k in ("params", "macs", "activations")
    ]
    last = rows[2]
    params = 8 * 9 + 8 + 4 * 8 + 2 * 4 + 3 * 4 * 26 * 26 + 3
    assert int(last["params"]) == params
    assert float(last["weights_mb"]) == (params + 8) * 4 / 1e6
    assert int(last["peak"]) == 2 * 8 * 26 * 26  # the first convolution's output, and relu's
    assert float(last["memory_mb"]) == (params + 8 + 16 * 26 * 26) * 4 / 1e6
    assert (last["rf"], last["depth"]) == ("3", "3")


def test_compare_counts_memory_for_a_batch_and_a_dtype(convcli):
    (row,) = compared(convcli, "resnet18")
    (half,) = compared(convcli, "resnet18", "--batch", 16, "--dtype", "float16")
    assert float(half["weights_mb"]) == float(row["weights_mb"]) / 2
    peak = int(row["peak"])
    assert float(half["memory_mb"]) == pytest.approx(
        float(row["weights_mb"]) / 2 + 16 * peak * 2 / 1e6, rel=1e-12
    )
    assert row["depth"] == "18"


@pytest.mark.parametrize(
    ("name", "depth"),
    [("vgg16", 16), ("torchvision/resnet50", 50), ("torchvision/densenet121", 121)],
)
def test_depth_is_what_networks_are_named_after(convcli, name, depth):
    assert int(compared(convcli, name)[0]["depth"]) == depth


def test_compare_sorts(convcli):
    names = ["vgg11", "lenet", "nin"]
    assert [r["name"] for r in compared(convcli, *names)] == names
    assert [r["name"] for r in compared(convcli, *names, "--sort", "macs")] == [
        "lenet", "nin", "vgg11",
    ]  # fmt: skip
    records = json.loads(convcli("net", "compare", *names, "--sort", "name", "--json").text)
    assert [r["name"] for r in records] == sorted(names)
    assert set(records[0]) == set(compared(convcli, "lenet")[0])
    text = convcli("net", "compare", *names, "--format", "md").text
    assert text.count("\n|") >= 4
    assert "44.4 k" in text


def test_compare_draws(convcli, tmp_path):
    done = convcli("net", "compare", "lenet", "nin", "--plot", "bars.png")
    assert (done.status, done.err) == (0, "")
    sheet = pixels(tmp_path / "bars.png")
    rows = [(sheet[y] == [0x0B, 0x62, 0xA8]).all(axis=1).sum() for y in (100, 156)]
    assert 0 < rows[0] < rows[1] / 10  # lenet has 44 thousand parameters, nin 2 million
    again = convcli("net", "compare", "lenet", "--plot", "bars.png")
    assert again.status == 1
    assert "bars.png: already exists" in again.err


def test_compare_takes_models(convcli, tmp_path):
    helper = pytest.importorskip("onnx.helper")
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    ends = [helper.make_tensor_value_info("x", 1, [1, 1, 9, 9]),
            helper.make_tensor_value_info("y", 1, [1, 2, 7, 7])]  # fmt: skip
    weight = helper.make_tensor("w", 1, [2, 1, 3, 3], [1.0] * 18)
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], [weight])
    (tmp_path / "m.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    model, layers = compared(convcli, "m.onnx", "conv:2,k3,nobias", "--input", "1x9x9")
    assert model.items() - layers.items() == {("name", "m.onnx")}
    assert (model["peak"], model["depth"], model["at_least"]) == (str(81 + 98), "1", "0")
    odd = helper.make_node("Odd", ["y"], ["z"], domain="example.org")
    graph = helper.make_graph([node, odd], "g", ends[:1], ends[1:], [weight])
    (tmp_path / "m.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    (model,) = compared(convcli, "m.onnx")
    assert (model["macs"], model["at_least"]) == (layers["macs"], "1")
    table = convcli("net", "compare", "m.onnx", "--format", "md").text
    assert "≥ 882" in table
    assert "≥ 179" in table


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        (["lenet", "--sort", "mac"], 2, "--sort: unknown column 'mac', did you mean 'macs'?"),
        (["lenet", "--dtype", "float23"], 2, "--dtype: unknown dtype 'float23', did you mean"),
        (["lenet", "resnet81"], 2, "unknown network 'resnet81', did you mean 'resnet18'?"),
        (["conv:8,k3 rleu"], 2, "--input: missing, conv:8,k3 rleu needs CxHxW"),
        (["conv:8,k3 rleu", "--input", "1x9x9"], 2, "layer 2 'rleu': unknown layer 'rleu'"),
        (["lenet", "--plot", "x.txt"], 2, "x.txt: unknown suffix '.txt'"),
        (["lenet", "--batch", "0"], 2, "--batch: got '0', a whole number of at least 1 is needed"),
    ],
)
def test_compare_errors(convcli, tmp_path, call, status, message):
    done = convcli("net", "compare", *call)
    assert done.err.startswith(f"convcli: error: {message}")
    assert (done.status, done.out) == (status, b"")
    assert list(tmp_path.iterdir()) == []
