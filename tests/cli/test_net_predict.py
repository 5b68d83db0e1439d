"""`convcli net predict` at the command line."""

import csv
import io
import json

import numpy as np
import pytest

from convcli.files.pictures import read_picture
from convcli.nets.model import weights
from tests.conftest import SAMPLES

CAMERA = SAMPLES / "camera.png"
COFFEE = SAMPLES / "coffee.png"


@pytest.fixture
def lenet(convcli, tmp_path):
    """A LeNet with weights, in w.npz."""
    assert convcli("net", "init", "lenet", "-o", "w.npz").status == 0
    return tmp_path / "w.npz"


def by_hand(path, x):
    """LeNet in plain loops over its windows, in float64."""
    with weights.opened(path) as source:
        t = {name: source.read(name).astype(float) for name in source.shapes}

    def conv(x, w, b):
        views = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(1, 2))
        return np.einsum("chwuv,ocuv->ohw", views, w) + b[:, None, None]

    def pool(x):
        return x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2).max((2, 4))

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    for i in (1, 2):
        x = pool(sigmoid(conv(x, t[f"conv{i}.weight"], t[f"conv{i}.bias"])))
    x = x.reshape(-1)
    for i in (1, 2, 3):
        x = t[f"linear{i}.weight"] @ x + t[f"linear{i}.bias"]
        x = sigmoid(x) if i < 3 else x
    return x


def test_logits_of_an_array(convcli, tmp_path, lenet):
    x = np.random.default_rng(0).random((3, 1, 28, 28))
    np.save(tmp_path / "x.npy", x)
    done = convcli("net", "predict", "lenet", "--weights", "w.npz", "x.npy", "-o", "y.npy")
    assert (done.status, done.text, done.err) == (0, "y.npy\n", "")
    found = np.load(tmp_path / "y.npy")
    assert found.shape == (3, 10)
    assert np.allclose(found, [by_hand(lenet, one) for one in x], atol=1e-5)


@pytest.mark.usefixtures("lenet")
def test_answers(convcli):
    done = convcli("net", "predict", "w.npz", CAMERA, COFFEE, "--top", 2)
    rows = list(csv.DictReader(io.StringIO(done.text)))
    assert [(row["input"], row["rank"]) for row in rows] == [
        (str(path), rank) for path in (CAMERA, COFFEE) for rank in "12"
    ]
    found = json.loads(convcli("net", "predict", "w.npz", CAMERA, "--top", 10, "--json").text)
    best = found[0]["top"]
    assert len(best) == 10
    assert np.isclose(sum(row["probability"] for row in best), 1)
    assert [r["logit"] for r in best] == sorted((r["logit"] for r in best), reverse=True)
    assert best[0]["class"] == int(rows[0]["class"])
    piped = convcli("net", "predict", "w.npz", "-", "--json", stdin=CAMERA.read_bytes())
    assert json.loads(piped.text)[0]["top"] == best[:5]


@pytest.mark.usefixtures("lenet")
def test_labels(convcli, tmp_path):
    (tmp_path / "names.txt").write_text("\n".join("abcdefghij") + "\n")
    done = convcli("net", "predict", "w.npz", CAMERA, "--labels", "names.txt", "--json")
    for row in json.loads(done.text)[0]["top"]:
        assert row["label"] == "abcdefghij"[row["class"]]
    (tmp_path / "names.txt").write_text("a\n")
    done = convcli("net", "predict", "w.npz", CAMERA, "--labels", "names.txt")
    assert done.err == "convcli: error: names.txt: has 1 lines, the network 10 classes\n"


@pytest.mark.usefixtures("lenet")
def test_one_bad_input_of_several(convcli):
    done = convcli("net", "predict", "w.npz", SAMPLES / "matrix.csv", CAMERA, "--top", 1)
    assert done.status == 1
    assert len(done.text.splitlines()) == 2
    assert done.err.endswith("matrix.csv: got 3x3, 1x28x28 or Nx1x28x28 is needed\n")


@pytest.mark.usefixtures("lenet")
def test_features(convcli, tmp_path):
    done = convcli("net", "predict", "w.npz", CAMERA, "--features", "conv1", "-o", "maps.png")
    assert (done.status, done.text) == (0, "maps.png\n")
    assert read_picture(tmp_path / "maps.png", "").planes.shape == (2 * 74 - 2, 3 * 74 - 2)
    done = convcli("net", "predict", "w.npz", CAMERA, "--features", "conv2", "-o", "maps.npy")
    assert np.load(tmp_path / "maps.npy").shape == (16, 8, 8)


@pytest.mark.usefixtures("lenet")
def test_a_receptive_field(convcli, tmp_path):
    call = ["--features", "conv2", "--receptive-field", "3,0"]
    done = convcli("net", "predict", "w.npz", CAMERA, *call)
    assert (done.status, done.text) == (0, "camera-field.png\n")
    assert done.err.endswith("the unit sees rows 6 to 19, columns 0 to 13\n")
    planes = read_picture(tmp_path / "camera-field.png", "").planes
    assert planes.shape == (3, 9 * 28, 9 * 28)  # a small picture is enlarged by a whole factor
    red = (planes == np.array([255, 0, 0])[:, None, None]).all(axis=0)
    rows, columns = np.flatnonzero(red.any(1)), np.flatnonzero(red.any(0))
    assert (rows[0], rows[-1]) == (6 * 9, 20 * 9 - 1)
    assert (columns[0], columns[-1]) == (0, 14 * 9 - 1)
    assert red.sum() == 4 * 2 * (14 * 9 - 2)
    # as numbers it keeps its size
    assert convcli("net", "predict", "w.npz", CAMERA, *call, "-o", "field.npy").status == 0
    planes = np.load(tmp_path / "field.npy")
    assert planes.shape == (3, 28, 28)
    red = (planes == np.array([255, 0, 0])[:, None, None]).all(axis=0)
    assert red.sum() == 4 * 13


def test_a_chain_and_its_weights(convcli, tmp_path):
    (tmp_path / "net.txt").write_text("conv:3,k3 relu gap flatten linear:2 softmax")
    done = convcli("net", "init", "net.txt", "--input", "3x9x9", "-o", "w.npz")
    assert done.status == 0
    found = json.loads(convcli("net", "predict", "w.npz", COFFEE, "--json").text)
    shares = [row["probability"] for row in found[0]["top"]]
    assert np.isclose(sum(shares), 1)
    assert shares == [row["logit"] for row in found[0]["top"]]
    direct = convcli(
        *("net", "predict", "net.txt", "-w", "w.npz", "--input", "3x9x9", COFFEE, "--json")
    )
    assert json.loads(direct.text) == found


def test_classes_are_those_of_the_weights(convcli):
    assert convcli("net", "init", "lenet", "--classes", 3, "-o", "w.npz").status == 0
    for call in (["w.npz"], ["lenet", "-w", "w.npz"]):
        done = convcli("net", "predict", *call, CAMERA, "--json")
        assert len(json.loads(done.text)[0]["top"]) == 3


@pytest.mark.usefixtures("lenet")
def test_preparation(convcli, tmp_path):
    def logits(*options):
        call = ("net", "predict", "w.npz", CAMERA, "-o", "y.npy", "-f", *options)
        assert convcli(*call).status == 0
        return np.load(tmp_path / "y.npy")

    plain = logits()
    assert np.array_equal(plain, logits("--mean", "0", "--std", "1"))
    assert not np.array_equal(plain, logits("--mean", "0.5"))
    assert not np.array_equal(plain, logits("--resize", "40"))


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        (["lenet", CAMERA], 2, "--weights: missing, net init makes some"),
        (["gone.npz", CAMERA], 1, "gone.npz: no such file or directory"),
        (
            ["lenet-bn", "-w", "w.npz", CAMERA],
            1,
            "w.npz: does not fit the network: missing bn1.weig",
        ),
        (["w.npz", CAMERA, COFFEE, "--features", "conv1"], 2, "--features: got 2 inputs, one is"),
        (["w.npz", CAMERA, "--features", "con1"], 2, "unknown layer with feature maps 'con1', did"),
        (["w.npz", CAMERA, "--mean", "a"], 2, "--mean: got 'a', numbers joined by commas are"),
        (["w.npz", CAMERA, "--mean", "1,2"], 2, "--mean: got 2 numbers, one or 1 are needed"),
        (
            ["w.npz", CAMERA, "--receptive-field", "4,0"],
            2,
            "--receptive-field: got 4,0, maxpool2 has",
        ),
        (["w.npz", CAMERA, "--receptive-field", "x"], 2, "--receptive-field: got 'x', ROW,COL is"),
        (
            ["w.npz", SAMPLES / "matrix.csv"],
            1,
            f"{SAMPLES}/matrix.csv: got 3x3, 1x28x28 or Nx1x28x28",
        ),
        (["w.npz", "-", "-"], 2, "-: got standard input twice"),
        (["bare.npz", CAMERA], 2, "bare.npz: does not say which network it is of"),
        (["odd.npz", CAMERA], 1, "odd.npz: says of itself what cannot be"),
    ],
)
@pytest.mark.usefixtures("lenet")
def test_errors(convcli, tmp_path, call, status, message):
    np.savez(tmp_path / "bare.npz", x=np.zeros(3))
    with (tmp_path / "odd.npz").open("wb") as file:
        weights.save(file, "npz", {}, {"network": "lenet", "input": 5})
    done = convcli("net", "predict", *call)
    assert (done.status, done.out) == (status, b"")
    assert done.err.startswith(f"convcli: error: {message}")
