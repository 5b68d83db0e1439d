"""`convcli net train` and `convcli net eval` at the command line."""

import csv
import gzip
import json
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from convcli.commands import progress
from convcli.files.pictures import read_picture
from convcli.nets.model import weights
from tests.conftest import SAMPLES

DIGITS = SAMPLES / "digits.csv.gz"
NET = "conv:4,k3 bn relu maxpool:k2 flatten linear:2"


def corners(count, seed=0, size=6):
    """Pictures whose bright half is the class: 0 the upper, 1 the lower."""
    chance = np.random.default_rng(seed)
    y = chance.integers(0, 2, count)
    x = chance.integers(0, 99, (count, size, size)).astype(np.uint8)
    for picture, c in zip(x, y, strict=True):
        picture[c * size // 2 :][: size // 2] += 150
    return x, y


@pytest.fixture
def data(tmp_path):
    """A chain file and two sets, in net.txt, train.npz and test.npz."""
    (tmp_path / "net.txt").write_text(NET)
    for name, seed in (("train", 0), ("test", 1)):
        x, y = corners(40, seed)
        np.savez(tmp_path / f"{name}.npz", x=x, y=np.array(["top", "end"])[y])
    return tmp_path


def card(path):
    with weights.opened(path) as source:
        return dict(source.card)


def test_a_network_learns_and_is_tested(convcli, data):
    call = ("net", "train", "net.txt", "train.npz", "--test", "test.npz", "--epochs", 8)
    done = convcli(
        *call, "--batch", 8, "--lr", 0.01, "--log", "run.csv", "--plot", "run.png", "-o", "w.npz"
    )
    assert (done.status, done.text) == (0, "w.npz\n")
    lines = done.err.splitlines()
    assert len(lines) == 8
    assert re.fullmatch(
        r"epoch 8/8: loss [0-9.e-]+, accuracy [01]\.[0-9]{4}, test loss [0-9.e-]+, test accuracy "
        r"[01]\.[0-9]{4}, [0-9,]+ examples/s, 0:00 left",
        lines[-1],
    )
    with (data / "run.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, 9))
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert float(rows[-1]["test_accuracy"]) > 0.9
    assert read_picture(data / "run.png", "").planes.shape == (3, 800, 2240)
    told = json.loads(convcli("net", "eval", "w.npz", "test.npz", "--json").text)
    assert told["accuracy"] == float(rows[-1]["test_accuracy"])
    assert told["loss"] == float(rows[-1]["test_loss"])
    assert told["labels"] == ["end", "top"]
    counts = np.array(told["confusion"])
    assert counts.sum() == told["examples"] == 40
    assert told["per_class"] == (counts.diagonal() / counts.sum(axis=1)).tolist()
    assert told["accuracy"] == counts.trace() / 40


def test_eval_in_a_pipe_and_predict_need_nothing_else(convcli, data):
    assert convcli("net", "train", "net.txt", "train.npz", "--epochs", 6, "-o", "w.npz").status == 0
    done = convcli("net", "eval", "w.npz", "test.npz")
    rows = list(csv.reader(done.text.splitlines()))
    assert rows[0] == ["label", "examples", "accuracy", "end", "top"]
    assert [row[0] for row in rows[1:]] == ["end", "top"]
    assert re.fullmatch(r"accuracy [01]\.[0-9]{4}, loss [0-9.]+, 40 examples\n", done.err)
    x, _ = corners(1, 5)
    (data / "one.pgm").write_bytes(b"P5 6 6 255\n" + x[0].tobytes())
    found = json.loads(convcli("net", "predict", "w.npz", "one.pgm", "--json").text)
    assert {row["label"] for row in found[0]["top"]} == {"top", "end"}
    shown = convcli("net", "show", "net.txt", "--input", "1x6x6", "--json")
    assert shown.status == 0


def test_the_same_seed_gives_the_same_bytes(convcli, data):
    def made(*options):
        call = ("net", "train", "net.txt", "train.npz", "--epochs", 2, "-o", "w.npz", "-f")
        assert convcli(*call, *options).status == 0
        return (data / "w.npz").read_bytes()

    assert made() == made("--seed", 0)
    assert made() != made("--seed", 1)


def test_a_run_goes_on_to_the_same_bytes(convcli, data):
    call = ("net", "train", "net.txt", "train.npz", "--holdout", 0.25, "--schedule", "constant")
    assert convcli(*call, "--epochs", 4, "-o", "whole.npz").status == 0
    assert convcli(*call, "--epochs", 2, "-o", "part.npz").status == 0
    again = ("net", "train", "net.txt", "train.npz", "--resume", "part.npz")
    done = convcli(*again, "--epochs", 4, "--log", "l.csv")
    assert (done.status, done.text) == (0, "part.npz\n")
    assert (data / "part.npz").read_bytes() == (data / "whole.npz").read_bytes()
    assert len((data / "l.csv").read_text().splitlines()) == 5
    done = convcli(*again)
    assert (done.status, done.text, done.err) == (0, "part.npz\n", "")
    done = convcli(*again, "--epochs", 3, "--log", "again.csv")
    assert done.err == "convcli: --epochs 3: 4 done already, a larger number goes on\n"
    assert (data / "again.csv").read_text() == (data / "l.csv").read_text()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_the_run_goes_on(convcli, data, number, status):
    x, y = corners(3000)
    np.savez(data / "many.npz", x=x, y=y)
    call = ("net", "train", "net.txt", "many.npz", "--epochs", "3", "--batch", "4")
    assert convcli(*call, "-o", "whole.npz").status == 0
    with subprocess.Popen(
        [sys.executable, "-m", "convcli", *call, "-o", "part.npz"],
        cwd=data, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        process.stderr.readline()  # the first epoch is done
        time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (status, "")
    assert re.search(
        r"^convcli: stopped after [12] of 3 epochs: part\.npz; --resume part\.npz goes on$",
        err,
        re.MULTILINE,
    )
    assert card(data / "part.npz")["training"]["steps"] < 2250
    done = convcli("net", "train", "net.txt", "many.npz", "--resume", "part.npz")
    assert done.status == 0
    assert (data / "part.npz").read_bytes() == (data / "whole.npz").read_bytes()


def test_a_kill_loses_one_epoch_at_most(convcli, data):
    x, y = corners(3000)
    np.savez(data / "many.npz", x=x, y=y)
    call = ("net", "train", "net.txt", "many.npz", "--epochs", "50", "--batch", "4", "-o", "w.npz")
    with subprocess.Popen(
        [sys.executable, "-m", "convcli", *call],
        cwd=data, stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        lines = [process.stderr.readline() for _ in range(2)]
        process.kill()
        lines += process.stderr.readlines()
    history = card(data / "w.npz")["training"]["history"]
    assert len(history) >= len(lines) >= 2
    assert convcli(*call[:4], "--resume", "w.npz", "--epochs", len(history) + 1).status == 0
    assert len(card(data / "w.npz")["training"]["history"]) == len(history) + 1


def test_a_named_network_is_built_for_the_data(convcli, tmp_path):
    rows = gzip.decompress(DIGITS.read_bytes()).decode().splitlines()
    head, *rest = rows
    three = [row for row in rest if row[0] in "347"][:60]
    (tmp_path / "few.csv").write_text("\n".join([head, *three]) + "\n")
    call = ("net", "train", "lenet", "few.csv", "--width", 0.5, "--epochs", 1, "--batch", 30)
    done = convcli(*call)
    assert (done.status, done.text) == (0, "lenet.npz\n")
    said = card(tmp_path / "lenet.npz")
    assert said["labels"] == ["3", "4", "7"]
    assert (said["network"], said["classes"], said["width"]) == ("lenet", 3, 0.5)
    assert (said["max_value"], said["input"]) == (16, [1, 28, 28])
    told = json.loads(convcli("net", "eval", "lenet.npz", "few.csv", "--json").text)
    assert len(told["confusion"]) == 3
    (tmp_path / "other.csv").write_text("\n".join([head, *rest[:20]]) + "\n")
    done = convcli("net", "eval", "lenet.npz", "other.csv")
    assert done.status == 1
    assert "have a label that is none of the network's: got 0, 1, 2, 5, 6, 8, 9" in done.err


def test_the_scale_is_that_of_the_training(convcli, data):
    x, y = corners(40)
    small = (x // 16).astype(np.uint8)  # 0…15: alone they would be taken for 8 bits
    np.savez(
        data / "a.npz", x=np.concatenate([small, np.full((2, 6, 6), 16, np.uint8)]), y=[*y, 0, 1]
    )
    np.savez(data / "b.npz", x=small, y=y)
    call = ("net", "train", "net.txt", "a.npz", "--batch", 8, "--lr", 0.01, "-o", "w.npz")
    assert convcli(*call).status == 0
    alone = convcli("net", "eval", "w.npz", "b.npz", "--json").text
    assert alone == convcli("net", "eval", "w.npz", "b.npz", "--json", "--max-value", 16).text
    assert json.loads(alone)["accuracy"] > 0.8


def test_a_folder_of_pictures(convcli, data):
    x, y = corners(20, size=9)
    for i, (picture, c) in enumerate(zip(x, y, strict=True)):
        folder = data / "pictures" / ("top", "the [end]")[c]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{i}.pgm").write_bytes(b"P5 9 9 255\n" + picture.tobytes())
    fit = ("net", "train", "net.txt", "pictures", "--input", "1x6x6", "--lr", 0.05, "--batch", 5)
    done = convcli(*fit, "-o", "w.npz")
    assert (done.status, done.text) == (0, "w.npz\n")
    told = json.loads(convcli("net", "eval", "w.npz", "pictures", "--json").text)
    assert (told["accuracy"], told["labels"]) == (1, ["the [end]", "top"])
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nxx")
    for call in (("net", "eval", "w.npz", "pictures", "--json"), (*fit, "-o", "v.npz")):
        done = convcli(*call)
        assert done.status == 1
        assert done.text
        assert "broken.png: is broken" in done.err


@pytest.mark.parametrize("name", ["lenet", "vgg11"])
def test_the_chapter_s_recipe(convcli, tmp_path, name):
    x, y = corners(4, size=32)
    np.savez(tmp_path / "d.npz", x=x, y=y)
    call = ("net", "train", name, "d.npz", "--width", 0.05, "--epochs", 1, "--recipe", "chapter")
    done = convcli(*call, "--input", "1x32x32", "-o", "w.npz")
    assert done.status == 0, done.err
    recipe = card(tmp_path / "w.npz")["training"]["recipe"]
    assert recipe == {
        "epochs": 1,
        "batch": {"lenet": 256, "vgg11": 128}[name],
        "lr": {"lenet": 0.9, "vgg11": 0.05}[name],
        "optimizer": "sgd",
        "momentum": 0.0,
        "weight_decay": 0.0,
        "schedule": "constant",
        "start": "xavier",
    }


@pytest.mark.full
@pytest.mark.parametrize(("name", "least"), [("lenet", 0.95), ("lenet-bn", 0.96)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_recipes_learn_the_digits(convcli, tmp_path, name, least, seed):
    call = ("net", "train", name, DIGITS, "--holdout", 0.2, "--seed", seed, "-o", "w.npz")
    assert convcli(*call).status == 0
    history = card(tmp_path / "w.npz")["training"]["history"]
    assert len(history) < 20
    assert history[-1]["test_accuracy"] >= least


def gratings(count, seed):
    """Colour pictures of 32×32 in ten classes: waves in five directions, reddish or bluish, in noise."""
    chance = np.random.default_rng(seed)
    y = np.arange(count) % 10
    rows, columns = np.mgrid[:32, :32]
    angles = (y // 2 * 36 + chance.uniform(-9, 9, count))[:, None, None] * np.pi / 180
    waves = np.sin(
        (rows * np.cos(angles) + columns * np.sin(angles)) * chance.uniform(0.5, 0.8, (count, 1, 1))
        + chance.uniform(0, 6, (count, 1, 1))
    )
    x = chance.normal(128, 40, (count, 3, 32, 32)) + 30 * waves[:, None]
    x[np.arange(count), y % 2 * 2] += 30
    return np.clip(x, 0, 255).astype(np.uint8), y


@pytest.mark.full
@pytest.mark.parametrize(
    "network",
    [("lenet-bn", "--epochs", 4), ("resnet18", "--width", 0.125, "--epochs", 12)],
)
def test_colour_pictures_of_ten_classes_in_folders_and_in_npz(convcli, tmp_path, network):
    from PIL import Image

    for part, count, seed in (("train", 1000, 0), ("test", 300, 1)):
        x, y = gratings(count, seed)
        names = np.array([f"kind {c}" for c in range(10)])[y]
        np.savez(tmp_path / f"{part}.npz", x=x, y=names)
        for i, (picture, name) in enumerate(zip(x, names, strict=True)):
            folder = tmp_path / part / name
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.ascontiguousarray(np.moveaxis(picture, 0, 2))).save(
                folder / f"{i:04}.png"
            )
    told = {}
    for data, test in (("train.npz", "test.npz"), ("train", "test")):
        call = ("net", "train", *network, data, "--test", test, "--input", "3x32x32")
        assert convcli(*call, "-o", "w.npz", "-f").status == 0
        for other in ("test.npz", "test"):
            done = convcli("net", "eval", "w-best.npz", other, "--json")
            told[data, other] = json.loads(done.text)
            assert told[data, other]["accuracy"] > 0.9
            assert told[data, other]["examples"] == 300
        # the same pictures, however they are kept
        assert told[data, "test"]["confusion"] == told[data, "test.npz"]["confusion"]


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        (["lenet", "gone"], 1, "gone: no such file or directory"),
        (["lenett", "train.npz"], 2, "unknown network 'lenett', did you mean 'lenet'?"),
        (["net.txt", "train.npz", "-o", "w.pt"], 2, "w.pt: PyTorch's files hold Python objects"),
        (["net.txt", "train.npz", "-o", "test.npz"], 1, "test.npz: already exists, -f overwrites it"),
        (["net.txt", "train.npz", "--log", "net.txt"], 1, "net.txt: already exists"),
        (["net.txt", "train.npz", "--plot", "x.txt"], 2, "x.txt: unknown suffix '.txt'"),
        (["net.txt", "train.npz", "--holdout", "1"], 2, "--holdout: got 1, a share between 0 and 1"),
        (["net.txt", "train.npz", "--holdout", ".1", "--test", "t"], 2, "--holdout: got --test too"),
        (["net.txt", "train.npz", "--lr", "0"], 2, "--lr: got 0, a number above 0 is allowed"),
        (["net.txt", "train.npz", "--lr", "x"], 2, "--lr: got 'x', a number is needed"),
        (["net.txt", "train.npz", "--epochs", "0"], 2, "--epochs: got '0', a whole number of at least 1 is needed"),
        (["net.txt", "train.npz", "--optimizer", "a"], 2, "unknown optimizer 'a'"),
        (["net.txt", "train.npz", "--schedule", "s"], 2, "unknown schedule 's'"),
        (["net.txt", "train.npz", "--recipe", "x"], 2, "--recipe: got 'x', own and chapter are"),
        (["net.txt", "train.npz", "--recipe", "chapter"], 2, "--recipe: the chapter trains no net."),
        (["net.txt", "train.npz", "--width", "0"], 2, "--width: got 0, above 0 and up to 64"),
        (["net.txt", "one.npz"], 1, "one.npz: all examples are of the class '0', two classes or"),
        (["net.txt", "three.npz"], 1, "net.txt: ends in 2 numbers, three.npz has 3 classes"),
        (["net.txt", "train.npz", "--resume", "gone.npz"], 1, "gone.npz: no such file or directory"),
        (["net.txt", "train.npz", "--resume", "bare.npz"], 1, "bare.npz: holds no run that could go"),
        (["net.txt", "train.npz", "--resume", "a.npz", "-w", "b.npz"], 2, "--weights: got --resume too"),
        (["net.txt", "train.npz", "-w", "gone.npz"], 1, "gone.npz: no such file or directory"),
        (["net.txt", "train.npz", "-w", "bare.npz"], 1, "bare.npz: does not fit the network, by name or in order"),
        (["net.txt", "train.npz", "--freeze", "cov"], 2, "--freeze: unknown layer 'cov', did you mean 'conv'?"),
        (["net.txt", "train.npz", "--freeze", "conv,,bn"], 2, "--freeze: unknown layer ''"),
        (["net.txt", "train.npz", "--freeze", "conv,bn,linear"], 2, "--freeze: no layer is left to learn"),
        (["net.txt", "train.npz", "--patience", "2"], 2, "--patience: needs examples to test with, --test or"),
        (["net.txt", "train.npz", "--width-all"], 2, "--width-all: is of --width, which is missing"),
    ],
)  # fmt: skip
def test_errors(convcli, data, call, status, message):
    x = np.zeros((3, 6, 6), np.uint8)
    np.savez(data / "one.npz", x=x, y=[0, 0, 0])
    np.savez(data / "three.npz", x=x, y=[0, 1, 2])
    np.savez(data / "bare.npz", x=x)
    before = sorted(data.iterdir())
    done = convcli("net", "train", *call)
    assert (done.status, done.text) == (status, "")
    assert done.err.splitlines()[-1].startswith(f"convcli: error: {message}")
    assert sorted(data.iterdir()) == before


def test_another_run_s_file_is_not_gone_on_with(convcli, data):
    call = ("net", "train", "net.txt", "train.npz", "--epochs", 1, "--holdout", 0.2, "-o", "w.npz")
    assert convcli(*call).status == 0
    (data / "wider.txt").write_text(NET.replace("4", "5"))
    for call, message in (
        (["wider.txt", "train.npz"], f"w.npz: is a run of another network (layers {NET})"),
        (["net.txt", "train.npz", "--seed", 3], "w.npz: was trained on 32 examples, these are 32, others: the"),
        (["net.txt", "train.npz", "--holdout", 0.1], "w.npz: was trained on 32 examples, these are 36: the same"),
        (["net.txt", "train.npz", "--freeze", "conv"], "--freeze: got --resume too, the run keeps what"),
        (
            ["net.txt", "train.npz", "--optimizer", "sgd"],
            "w.npz: --optimizer: got sgd, the run was",
        ),
    ):  # fmt: skip
        before = (data / "w.npz").read_bytes()
        done = convcli("net", "train", *call, "--resume", "w.npz")
        assert done.status in (1, 2)
        assert f"error: {message}" in done.err
        assert (data / "w.npz").read_bytes() == before


@pytest.mark.parametrize(
    "wrong",
    [{"training": {"steps": 1}}, {"labels": 3}, {"input": None}, {"frozen": 5}, {"data": []}],
)
def test_a_run_that_says_what_cannot_be_is_refused_in_a_line(convcli, data, wrong):
    assert convcli("net", "train", "net.txt", "train.npz", "--epochs", 1, "-o", "w.npz").status == 0
    said = card(data / "w.npz")
    said |= {k: v for k, v in wrong.items() if k in said}
    said["training"] |= {k: v for k, v in wrong.items() if k in ("frozen", "data")}
    with (data / "odd.npz").open("wb") as file:
        weights.save(file, "npz", tensors(data / "w.npz"), said)
    done = convcli("net", "train", "net.txt", "train.npz", "--resume", "odd.npz")
    assert (done.status, done.err) == (
        1,
        "convcli: error: odd.npz: says of itself what cannot be\n",
    )


def tensors(path):
    with weights.opened(path) as source:
        return {name: source.read(name) for name in source.shapes}


def test_on_other_data_a_run_begins_anew_with_the_weights(convcli, data):
    call = ("net", "train", "net.txt", "train.npz", "--epochs", 2, "-o", "w.npz")
    assert convcli(*call).status == 0
    before = (data / "w.npz").read_bytes()
    again = (
        "net",
        "train",
        "net.txt",
        "test.npz",
        "--resume",
        "w.npz",
        "--epochs",
        1,
        "--lr",
        "1e-30",
    )
    done = convcli(*again, "-o", "v.npz")
    assert (done.status, done.text) == (0, "v.npz\n")
    assert done.err.splitlines()[0] == (
        "convcli: w.npz: was trained on other data: a new run starts from its weights"
    )
    assert (data / "w.npz").read_bytes() == before
    assert len(card(data / "v.npz")["training"]["history"]) == 1
    for name, tensor in tensors(data / "v.npz").items():  # at such a rate nothing moves further
        if "running" not in name:
            assert np.abs(tensor - tensors(data / "w.npz")[name]).max() < 1e-28
    # the file of the other run is not this one's to write over
    done = convcli("net", "train", "net.txt", "test.npz", "--resume", "w.npz", "-o", "w.npz")
    assert (done.status, done.text) == (1, "")
    assert done.err.endswith("error: w.npz: already exists, -f overwrites it\n")


def digits(tmp_path, name, which, least=0):
    rows = gzip.decompress(DIGITS.read_bytes()).decode().splitlines()
    some = [row for row in rows[1:] if row[0] in which][least : least + 120]
    (tmp_path / name).write_text("\n".join([rows[0], *some]) + "\n")


def test_further_with_other_classes(convcli, tmp_path):
    digits(tmp_path, "low.csv", "012")
    digits(tmp_path, "high.csv", "789")
    digits(tmp_path, "two.csv", "78")
    assert convcli("net", "train", "lenet", "low.csv", "--epochs", 1, "-o", "low.npz").status == 0
    call = ("net", "train", "lenet", "--weights", "low.npz", "--epochs", 1, "-f", "-o", "h.npz")
    for csv_file, there in (("high.csv", "7, 8, 9"), ("two.csv", "7, 8")):
        done = convcli(*call, csv_file, "--freeze", "all-but-last")
        assert done.status == 0
        assert (
            f"convcli: low.npz: linear3 is new, for other classes: 0, 1, 2 there, {there} here\n"
            in done.err
        )
        before, after = tensors(tmp_path / "low.npz"), tensors(tmp_path / "h.npz")
        for name in before:
            same = before[name].shape == after[name].shape and (before[name] == after[name]).all()
            assert same == (not name.startswith("linear3."))
    # the same classes keep their layer
    done = convcli(*call, "low.csv", "--freeze", "conv,linear1", "--lr", "1e-30")
    assert (done.status, "is new" in done.err) == (0, False)
    for name, tensor in tensors(tmp_path / "h.npz").items():
        assert np.array_equal(tensor, before[name])
    assert card(tmp_path / "h.npz")["training"]["frozen"] == ["conv1", "conv2", "linear1"]


def test_weights_of_another_framework_are_taught_further(convcli, data):
    """nn.Sequential's names, other classes, no word of what they are."""
    chance = np.random.default_rng(0)
    shapes = {"0.weight": (4, 1, 3, 3), "0.bias": (4,), "1.weight": (4,), "1.bias": (4,), "1.running_mean": (4,), "1.running_var": (4,), "5.weight": (7, 16), "5.bias": (7,)}  # fmt: skip
    held = {name: chance.random(shape).astype(np.float32) for name, shape in shapes.items()}
    np.savez(data / "hub.npz", **{f"module.{name}": tensor for name, tensor in held.items()})
    call = ("net", "train", "net.txt", "train.npz", "-w", "hub.npz", "--freeze", "all-but-last")
    done = convcli(*call, "--epochs", 1, "-o", "w.npz")
    assert done.status == 0
    assert done.err.splitlines()[:2] == [
        "convcli: hub.npz: its names are others, taken by order and shape: module.0.weight is conv.weight",
        "convcli: hub.npz: linear is new, for other classes: end, top here",
    ]
    found = tensors(data / "w.npz")
    for ours, theirs in (("conv.weight", "0.weight"), ("bn.running_var", "1.running_var")):
        assert np.array_equal(found[ours], held[theirs])


@pytest.mark.parametrize("freeze", ["all-but-last", "conv", "bn"])
def test_a_frozen_run_goes_on_to_the_same_bytes(convcli, data, freeze):
    call = ("net", "train", "net.txt", "train.npz", "--holdout", 0.25, "--schedule", "constant")
    call += ("--freeze", freeze)
    assert convcli(*call, "--epochs", 4, "-o", "whole.npz").status == 0
    assert convcli(*call, "--epochs", 2, "-o", "part.npz").status == 0
    again = ("net", "train", "net.txt", "train.npz", "--resume", "part.npz", "--epochs", 4)
    assert convcli(*again).status == 0
    assert (data / "part.npz").read_bytes() == (data / "whole.npz").read_bytes()
    assert (data / "part-best.npz").read_bytes() == (data / "whole-best.npz").read_bytes()


def test_the_best_epoch_is_kept_and_patience_ends_the_run(convcli, data):
    call = ("net", "train", "net.txt", "train.npz", "--holdout", 0.25, "--seed", 3, "--lr", 0.02)
    done = convcli(*call, "--batch", 8, "--epochs", 40, "--patience", 3, "-o", "w.npz")
    assert done.status == 0
    history = card(data / "w.npz")["training"]["history"]
    keys = [(e["test_accuracy"], -e["test_loss"]) for e in history]
    best = keys.index(max(keys)) + 1
    assert len(history) == best + 3 < 40
    assert done.err.splitlines()[-1] == (
        f"convcli: stopped after epoch {best + 3}: none was better than epoch {best}, "
        f"test accuracy {keys[best - 1][0]:.4f}: w-best.npz"
    )
    told = json.loads(convcli("net", "eval", "w-best.npz", "train.npz", "--holdout", "--json").text)
    assert (told["accuracy"], told["loss"]) == (keys[best - 1][0], -keys[best - 1][1])
    assert card(data / "w-best.npz")["training"]["epoch"] == best
    assert (data / "w-best.npz").stat().st_size < (data / "w.npz").stat().st_size / 2
    # patience that has run out already; without it, the run goes on
    again = ("net", "train", "net.txt", "train.npz", "--resume", "w.npz")
    assert convcli(*again, "--patience", 2).err.count("\n") == 1
    assert len(card(data / "w.npz")["training"]["history"]) == best + 3
    done = convcli("net", "train", "net.txt", "train.npz", "--resume", "w-best.npz")
    assert (
        done.err == "convcli: error: w-best.npz: holds weights alone, --weights starts from them\n"
    )


def test_weights_alone_are_taken_from_a_run(convcli, data):
    call = ("net", "train", "net.txt", "train.npz", "--holdout", 0.25, "--epochs", 2, "-o", "w.npz")
    assert convcli(*call).status == 0
    done = convcli("net", "init", "--from", "w.npz", "-o", "alone.npz")
    assert (done.status, done.text) == (0, "alone.npz\n")
    with weights.opened(data / "alone.npz") as source:
        assert source.state == ()
    for name, tensor in tensors(data / "w.npz").items():
        assert np.array_equal(tensor, tensors(data / "alone.npz")[name])
    both = [convcli("net", "eval", f, "train.npz", "--holdout", "--json") for f in ("w.npz", "alone.npz")]  # fmt: skip
    assert both[0].text == both[1].text
    # of a hub's file, by the network's own names
    np.savez(data / "hub.npz", **{f"net.{n}": t for n, t in tensors(data / "w.npz").items()})
    named = ("net", "init", "net.txt", "--input", "1x6x6", "--from", "hub.npz", "-o", "own.npz")
    assert convcli(*named).err == "convcli: hub.npz: net. before all names is dropped\n"
    assert tensors(data / "own.npz").keys() == tensors(data / "w.npz").keys()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (["--from", "w.npz", "--seed", 1], "--seed: got --from too, whose weights are taken as they are"),
        (["--from", "w.npz", "--width-all"], "--width: got --from too, whose weights are taken as"),
        (["--from", "bare.npz"], "bare.npz: does not say which network it is of: NAME --from FILE does"),
        ([], "NAME|FILE: missing, a network or --from FILE is needed"),
        (["lenet", "--width-all"], "--width-all: is of --width, which is missing"),
    ],
)  # fmt: skip
def test_init_errors(convcli, tmp_path, call, message):
    np.savez(tmp_path / "bare.npz", x=np.zeros(3))
    done = convcli("net", "init", *call, "-o", "x.npz")
    assert (done.status, done.text) == (2, "")
    assert done.err.startswith(f"convcli: error: {message}")


@pytest.mark.parametrize(
    ("name", "most"), [("vgg11", 9e6), ("torchvision/vgg11", 1e7), ("alexnet", 4e6)]
)
def test_narrow_networks_are_small_as_a_whole(convcli, name, most):
    def params(*options):
        done = convcli("net", "show", name, "--width", 0.25, "--json", *options)
        return json.loads(done.text)["totals"]["params"]

    assert params("--width-all") < most < params()


def accuracy(done):
    return json.loads(done.text)["accuracy"]


def test_eval_tells_what_was_learned_from(convcli, data):
    train = ("net", "train", "net.txt", "train.npz", "--epochs", 3, "--seed", 5, "-o", "w.npz")
    assert convcli(*train, "--holdout", 0.25).status == 0
    done = convcli("net", "eval", "w.npz", "train.npz", "--json")
    assert done.err == (
        "convcli: train.npz: 30 of 40 examples were learned from, --holdout tests on the other 10\n"
    )
    assert convcli("net", "eval", "w.npz", "test.npz", "--json").err == ""
    done = convcli("net", "eval", "w.npz", "train.npz", "--holdout", "--json")
    assert (done.err, json.loads(done.text)["examples"]) == ("", 10)
    run = card(data / "w.npz")["training"]
    assert accuracy(done) == run["history"][-1]["test_accuracy"]
    done = convcli("net", "eval", "w.npz", "test.npz", "--holdout")
    assert (done.status, done.err) == (
        1,
        "convcli: error: --holdout: w.npz was not trained on test.npz: what is set aside is a part of "
        "the training's data\n",
    )
    # the same classes, other pictures
    with np.load(data / "train.npz") as file:
        np.savez(data / "turned.npz", x=file["x"][:, ::-1], y=file["y"])
    assert convcli("net", "eval", "w.npz", "turned.npz", "--json").err == ""
    # a whole set
    assert convcli(*train, "-f").status == 0
    done = convcli("net", "eval", "w.npz", "train.npz", "--json")
    assert done.err == "convcli: train.npz: all 40 examples were learned from: this is no test\n"
    done = convcli("net", "eval", "w.npz", "train.npz", "--holdout")
    assert (done.status, done.err) == (
        2,
        "convcli: error: --holdout: w.npz set nothing aside, net train --holdout does\n",
    )


@pytest.mark.parametrize("holdout", [None, 0.25])
def test_files_that_do_not_know_the_whole_of_their_data_are_read(convcli, data, holdout):
    call = ("net", "train", "net.txt", "train.npz", "--epochs", 1, "-o", "w.npz")
    assert convcli(*call, *(() if holdout is None else ("--holdout", holdout))).status == 0
    with weights.opened(data / "w.npz") as source:
        said = dict(source.card)
        tensors = {name: source.read(name) for name in source.shapes}
    del said["training"]["whole"]
    old = {n: a for n, a in tensors.items() if "." in n}
    with (data / "w.npz").open("wb") as file:
        weights.save(file, "npz", old, said, {})
    told = "all 40" if holdout is None else "30 of 40"
    assert told in convcli("net", "eval", "w.npz", "train.npz").err
    assert "learned from" not in convcli("net", "eval", "w.npz", "test.npz").err


@pytest.fixture
def many(convcli, tmp_path):
    """A LeNet that was never trained, in w.npz; sixty pictures of ten classes by number and by name, as NPZ and files."""
    assert convcli("net", "init", "lenet", "-o", "w.npz").status == 0
    names = np.array(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "9th"]
    )
    chance = np.random.default_rng(1)
    x, y = chance.integers(0, 256, (60, 28, 28)).astype(np.uint8), chance.integers(0, 10, 60)
    np.savez(tmp_path / "number.npz", x=x, y=y)
    np.savez(tmp_path / "name.npz", x=x, y=names[y])
    for i, (picture, name) in enumerate(zip(x, names[y], strict=True)):
        folder = tmp_path / "pictures" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{i}.pgm").write_bytes(b"P5 28 28 255\n" + picture.tobytes())
    (tmp_path / "plain.txt").write_text("\n".join(names))
    (tmp_path / "before.txt").write_text("\n".join(f"{i} {n}" for i, n in enumerate(names)))
    rows = sorted(f"{n},{i}" for i, n in enumerate(names))
    (tmp_path / "behind.txt").write_text("\n".join(rows))
    return y, names


def test_eval_of_a_named_network_by_number_and_by_name(convcli, tmp_path, many):
    y, names = many
    call = ("net", "eval", "lenet", "-w", "w.npz")
    told = json.loads(convcli(*call, "number.npz", "--json").text)
    convcli("net", "predict", "w.npz", "number.npz", "--logits", "y.npy")
    order = np.argsort(-np.load(tmp_path / "y.npy"), axis=1, kind="stable")
    assert told["accuracy"] == np.mean(order[:, 0] == y)
    assert told["top5"] == np.mean(
        [c in best for c, best in zip(y, order[:, :5].tolist(), strict=True)]
    )
    assert 0 < told["accuracy"] < told["top5"] < 1
    assert told["labels"] == list("0123456789")
    for data in ("name.npz", "number.npz", "pictures"):
        for labels in ("plain.txt", "before.txt", "behind.txt"):
            again = json.loads(convcli(*call, data, "--labels", labels, "--json").text)
            assert again["labels"] == names.tolist()
            assert again["confusion"] == told["confusion"]
    assert convcli(*call, "number.npz").err.startswith(
        f"accuracy {told['accuracy']:.4f}, top-5 {told['top5']:.4f}, loss "
    )


@pytest.mark.usefixtures("many")
def test_eval_writes_a_row_a_picture(convcli, tmp_path):
    call = ("net", "eval", "lenet", "-w", "w.npz", "--labels", "plain.txt", "-f")
    assert convcli(*call, "pictures", "-o", "rows.csv").status == 0
    with (tmp_path / "rows.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    answers = csv.DictReader(convcli("net", "predict", "w.npz", "-r", "pictures", "--labels", "plain.txt").text.splitlines())  # fmt: skip
    best = {(r["input"], r["rank"]): (r["label"], float(r["probability"])) for r in answers}
    for row in rows:
        assert row["file"].startswith(f"pictures/{row['label']}/")
        for rank in "12345":
            label, share = best[row["file"], rank]
            assert row[f"answer{rank}"] == label
            assert float(row[f"probability{rank}"]) == pytest.approx(share, abs=1e-6)
    assert convcli(*call, "name.npz", "-o", "rows.json").status == 0
    records = json.loads((tmp_path / "rows.json").read_text())
    assert records[3]["file"] == "name.npz[3]"
    assert len(records[3]["answers"]) == len(records[3]["probabilities"]) == 5


def test_rows_of_a_holdout_are_named_by_their_place_in_the_data(convcli, data):
    call = ("net", "train", "net.txt", "train.npz", "--epochs", 1, "--holdout", 0.25, "-o", "w.npz")
    assert convcli(*call).status == 0
    assert convcli("net", "eval", "w.npz", "train.npz", "--holdout", "-o", "r.json").status == 0
    with np.load(data / "train.npz") as file:
        y = file["y"]
    for record in json.loads((data / "r.json").read_text()):
        assert record["label"] == y[int(record["file"][len("train.npz[") : -1])]


@pytest.mark.usefixtures("many")
def test_eval_draws_the_confusion_and_the_surest_mistakes(convcli, tmp_path):
    call = ("net", "eval", "lenet", "-w", "w.npz", "number.npz", "--labels", "plain.txt", "--json")
    done = convcli(*call, "--confusion", "c.png", "--worst", 5, "worst.png")
    counts = np.array(json.loads(done.text)["confusion"])
    planes = read_picture(tmp_path / "c.png", "").planes
    room = planes.shape[1] - 400 - 8
    # the corner of each cell has no ink of its number
    cells = planes[:, room + 3 : room + 400 : 40, room + 3 : room + 400 : 40]
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert np.array_equal(cells[0], np.rint(255 + shares * (23 - 255)))
    planes = read_picture(tmp_path / "worst.png", "").planes
    assert planes.shape[1] == 2 * (112 + 2 * 18 + 8) + 8
    assert convcli(*call, "--worst", 5, "worst.png").status == 1


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        (["w.npz", "name.npz"], 1, "name.npz: got the label '9th', and nothing says what the network's 10 classes are called: --labels FILE names them, one a line"),
        (["lenet", "number.npz"], 2, "--weights: missing, -w FILE takes those of others"),
        (["w.npz", "number.npz", "--labels", "two.txt"], 1, "two.txt: has 2 lines, the network 10 classes"),
        (["w.npz", "few.npz", "--labels", "twice.txt"], 1, "few.npz: two of the network's classes are called 'one'"),
        (["w.npz", "number.npz", "-o", "x.png"], 2, "x.png: unknown suffix '.png', known: .csv, .json"),
        (["w.npz", "number.npz", "-o", "w.npz"], 2, "w.npz: unknown suffix '.npz', known: .csv, .json"),
        (["w.npz", "number.npz", "--worst", 0, "x.png"], 2, "--worst: got 0, at least 1 is needed"),
        (["w.npz", "number.npz", "--confusion", "x.txt"], 2, "x.txt: unknown suffix '.txt'"),
        (["w.npz", "number.npz", "--mean", "1,2"], 2, "--mean: got 2 numbers, one or 1 are needed"),
        (["w.npz", "number.npz", "--resize", "20"], 2, "--crop: got 28x28, the picture is resized to 20x20"),
        (["odd.npz", "number.npz"], 1, "odd.npz: says of itself what cannot be: a deviation of 0"),
        (["wide.npz", "number.npz"], 1, "wide.npz: pictures are normalised in 3 channels, the input has 1"),
        (["net.txt", "-w", "w.npz", "number.npz"], 2, "w.npz: --input: missing, net.txt needs CxHxW"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("many")
def test_eval_errors(convcli, tmp_path, call, status, message):
    (tmp_path / "two.txt").write_text("a\nb\n")
    (tmp_path / "twice.txt").write_text("one\n" * 10)
    np.savez(tmp_path / "few.npz", x=np.zeros((2, 28, 28), np.uint8), y=["one", "one"])
    (tmp_path / "net.txt").write_text(NET)
    with weights.opened(tmp_path / "w.npz") as source:
        held, said = {n: source.read(n) for n in source.shapes}, dict(source.card)
    for name, mean, std in (("odd", [0.5], [0.0]), ("wide", [0.5] * 3, [0.5] * 3)):
        with (tmp_path / f"{name}.npz").open("wb") as file:
            told = {"preparation": {"mean": mean, "std": std, "resize": None}}
            weights.save(file, "npz", held, said | told)
    done = convcli("net", "eval", *call)
    assert (done.status, done.text) == (status, "")
    assert done.err.splitlines()[-1].startswith(f"convcli: error: {message}")


@pytest.mark.usefixtures("data")
def test_on_a_terminal(terminal, convcli):
    assert convcli("net", "train", "net.txt", "train.npz", "--epochs", 6, "-o", "w.npz").status == 0
    lines = terminal("net", "eval", "w.npz", "test.npz").splitlines()
    assert lines[0].split() == ["label", "examples", "accuracy", "end", "top"]
    assert lines[2].split()[0] == "end"
    assert lines[-1] == "A row is a class, a column the class that was answered."


def test_a_run_that_was_stopped_after_an_epoch_s_last_batch_goes_on(convcli, data, monkeypatch):
    class AtOnce(progress.StopRequest):
        status = property(lambda _: 130, lambda *_: None)

    call = ("net", "train", "net.txt", "train.npz", "--batch", 10_000, "--epochs", 2)
    with monkeypatch.context() as patch:
        patch.setattr(progress, "StopRequest", AtOnce)
        assert convcli(*call, "-o", "w.npz").status == 130
    assert card(data / "w.npz")["training"]["history"] == []
    done = convcli("net", "train", "net.txt", "train.npz", "--resume", "w.npz", "-o", "w.npz")
    assert done.status == 0
    assert re.match(r"epoch 1/2: loss [\d.]+, accuracy [\d.]+\n", done.err)
    assert convcli(*call, "-o", "whole.npz").status == 0
    for name, tensor in tensors(data / "whole.npz").items():
        assert np.array_equal(tensor, tensors(data / "w.npz")[name]), name
