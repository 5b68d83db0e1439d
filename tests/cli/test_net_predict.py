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
        (["lenet", CAMERA], 2, "--weights: missing, -w FILE takes those of others"),
        (["gone.npz", CAMERA], 1, "gone.npz: no such file or directory"),
        (
            ["lenet-bn", "-w", "w.npz", CAMERA],
            1,
            "w.npz: does not fit the network: missing bn1.weig",
        ),
        (["w.npz", CAMERA, COFFEE, "--features", "conv1"], 2, "--features: got 2 inputs, one is"),
        (["w.npz", CAMERA, "--features", "con1"], 2, "unknown layer or block 'con1', did"),
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
        (["w.npz"], 2, "INPUT: got none, at least one file is needed"),
        (["w.npz", CAMERA, "-o", "y.png"], 2, "y.png: unknown suffix '.png', known: .csv, .json"),
        (["w.npz", CAMERA, "-o", "y.npy", "--top", 3], 2, "--top: y.npy holds the logits of all"),
        (
            ["w.npz", CAMERA, "--features", "conv1", "--top", 3],
            2,
            "--top: is of answers, --features",
        ),
        (
            ["w.npz", CAMERA, "--receptive-field", "0,0", "--logits", "y.npy"],
            2,
            "--logits: is of answers, --receptive-field gives none",
        ),
        (["w.npz", CAMERA, "--on-picture"], 2, "--on-picture: is of --receptive-field, which is"),
        (
            ["w.npz", CAMERA, "--features", "linear1", "--receptive-field", "0,0"],
            1,
            "linear1: its units",
        ),
        (
            ["w.npz", "x-labels-idx1-ubyte"],
            1,
            "x-labels-idx1-ubyte: holds labels, the file of images",
        ),
        (["w.npz", "two.npz"], 1, "two.npz: holds a, b, pictures x are needed"),
        (["w.npz", CAMERA, "--logits", "odd.npz"], 1, "odd.npz: already exists, -f overwrites it"),
        (["bare.npz", CAMERA], 2, "bare.npz: does not say which network it is of"),
        (["odd.npz", CAMERA], 1, "odd.npz: says of itself what cannot be"),
    ],
)
@pytest.mark.usefixtures("lenet")
def test_errors(convcli, tmp_path, call, status, message):
    np.savez(tmp_path / "bare.npz", x=np.zeros(3))
    np.savez(tmp_path / "two.npz", a=np.zeros(3), b=np.zeros(3))
    (tmp_path / "x-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x01\x05")
    with (tmp_path / "odd.npz").open("wb") as file:
        weights.save(file, "npz", {}, {"network": "lenet", "input": 5})
    done = convcli("net", "predict", *call)
    assert (done.status, done.out) == (status, b"")
    assert done.err.startswith(f"convcli: error: {message}")


@pytest.fixture
def three(tmp_path):
    """Three pictures of 28×28 as files in a folder, as NPZ, and as IDX; their numbers as NPY."""
    x = np.random.default_rng(4).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    (tmp_path / "in" / "b").mkdir(parents=True)
    for name, one in zip(("a.pgm", "b.pgm", "b/c.pgm"), x, strict=True):
        (tmp_path / "in" / name).write_bytes(b"P5 28 28 255\n" + one.tobytes())
    np.savez(tmp_path / "x.npz", x=x, more=np.zeros(2))
    head = b"\0\0\x08\x03" + np.array(x.shape, ">u4").tobytes()
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(head + x.tobytes())
    np.save(tmp_path / "x.npy", x[:, None] / 255)
    return ("in/a.pgm", "in/b.pgm", "in/b/c.pgm")


@pytest.mark.usefixtures("lenet")
def test_many_pictures_however_they_are_kept(convcli, tmp_path, three):
    (tmp_path / "list.txt").write_text("\n".join(three))
    logits = []
    for i, call in enumerate((["x.npy"], ["x.npz"], ["t10k-images-idx3-ubyte"], three, ["-r", "in"], ["--files-from", "list.txt"])):  # fmt: skip
        done = convcli("net", "predict", "w.npz", *call, "--logits", f"{i}.npy", "--top", 2)
        assert done.status == 0
        rows = list(csv.DictReader(io.StringIO(done.text)))
        names = three if i > 2 else [f"{call[0]}[{n}]" for n in range(3)]
        assert [row["input"] for row in rows] == list(np.repeat(list(names), 2))
        found = np.load(tmp_path / f"{i}.npy")
        assert [int(row["class"]) for row in rows[::2]] == found.argmax(1).tolist()
        logits.append(found)
    for found in logits[1:]:
        assert np.allclose(found, logits[0], atol=1e-5)


@pytest.mark.usefixtures("lenet", "three")
def test_answers_in_files(convcli, tmp_path):
    call = ("net", "predict", "w.npz", "-r", "in", "--top", 3)
    for name, shown in (("y.csv", ()), ("y.json", ("--json",))):
        done = convcli(*call, "-o", name)
        assert (done.status, done.text) == (0, f"{name}\n")
        assert (tmp_path / name).read_text() == convcli(*call, *shown).text
        assert convcli(*call, "-o", name).err.endswith(": already exists, -f overwrites it\n")


@pytest.mark.usefixtures("lenet", "three")
def test_features_of_blocks_as_numbers(convcli, tmp_path):
    done = convcli("net", "predict", "w.npz", "-r", "in", "--features", "linear2", "-o", "e.npy")
    assert (done.status, done.text) == (0, "e.npy\n")
    found = np.load(tmp_path / "e.npy")
    assert found.shape == (3, 84)
    with weights.opened(tmp_path / "w.npz") as source:
        w, b = (source.read(f"linear3.{part}").astype(float) for part in ("weight", "bias"))
    convcli("net", "predict", "w.npz", "-r", "in", "--logits", "y.npy")
    assert np.allclose(1 / (1 + np.exp(-found)) @ w.T + b, np.load(tmp_path / "y.npy"), atol=1e-5)
    done = convcli("net", "predict", "w.npz", "in/a.pgm", "--features", "linear2")
    assert np.allclose(np.loadtxt(io.StringIO(done.text), delimiter=","), found[0], atol=1e-5)
    done = convcli("net", "predict", "w.npz", "x.npz", "--features", "conv1", "-o", "m.npy")
    assert np.load(tmp_path / "m.npy").shape == (3, 6, 24, 24)
    assert convcli("net", "predict", "w.npz", "x.npz", "--features", "conv1").status == 2


def test_features_of_a_block_are_those_of_its_last_layer(convcli, tmp_path):
    (tmp_path / "net.txt").write_text(
        "unit = ( conv:3,k3,p1 bn relu ) unit residual( unit ) gap flatten linear:2"
    )
    assert convcli("net", "init", "net.txt", "--input", "3x9x9", "-o", "w.npz").status == 0
    call = ("net", "predict", "w.npz", COFFEE, "-f", "-o", "m.npy", "--features")
    for block, last in (("unit1", "unit1.relu"), ("unit2", "unit2.relu")):
        found = []
        for name in (block, last):
            assert convcli(*call, name).status == 0
            found.append(np.load(tmp_path / "m.npy"))
        assert np.array_equal(*found)


@pytest.mark.usefixtures("lenet")
def test_a_receptive_field_on_the_picture(convcli, tmp_path):
    call = ("--features", "conv2", "--receptive-field", "3,0", "--on-picture")
    done = convcli("net", "predict", "w.npz", CAMERA, *call)
    assert (done.status, done.text) == (0, "camera-field.png\n")
    told = done.err.splitlines()
    assert told[0].endswith("the unit sees rows 6 to 19, columns 0 to 13 of the input of 28x28")
    planes = read_picture(tmp_path / "camera-field.png", "").planes
    height, width = planes.shape[1:]
    rows = 6 * height // 28, -(-20 * height // 28) - 1
    columns = 0, -(-14 * width // 28) - 1
    assert told[1].endswith(
        f"of the picture of {height}x{width} rows {rows[0]} to {rows[1]}, columns 0 to {columns[1]}"
    )
    red = (planes == np.array([255, 0, 0])[:, None, None]).all(axis=0)
    assert (np.flatnonzero(red.any(1))[[0, -1]] == rows).all()
    assert (np.flatnonzero(red.any(0))[[0, -1]] == columns).all()


def test_a_receptive_field_in_the_padding_is_cut(convcli, tmp_path):
    (tmp_path / "net.txt").write_text("conv:1,k5,p2 flatten linear:2")
    assert convcli("net", "init", "net.txt", "--input", "1x8x8", "-o", "w.npz").status == 0
    done = convcli("net", "predict", "w.npz", CAMERA, "--receptive-field", "0,7")
    assert done.err.endswith(
        "the unit sees rows -2 to 2, columns 5 to 9, cut to rows 0 to 2, columns 5 to 7\n"
    )


def test_a_network_that_ends_in_maps(convcli, tmp_path):
    x = np.random.default_rng(0).normal(size=(1, 32, 48)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    convcli("net", "init", "unet-same", "--width", 0.0625, "--input", "1x32x48", "-o", "u.npz")
    done = convcli("net", "predict", "u.npz", "x.npy")
    assert (done.status, done.out) == (2, b"")
    assert done.err == (
        "convcli: error: unet-same: ends in maps, 2x32x48, and not in a score a class: --features head "
        "draws them, with -o x.npy as numbers\n"
    )
    done = convcli("net", "predict", "u.npz", "x.npy", "--features", "head", "-o", "maps.npy")
    assert done.status == 0, done.err
    assert np.load(tmp_path / "maps.npy").shape[-3:] == (2, 32, 48)
