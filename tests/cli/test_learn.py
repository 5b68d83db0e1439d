"""`convcli learn`, exact output."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from convcli import corr2d, kernel
from tests.conftest import IN_SHELL, SAMPLES

BARS, CAMERA = SAMPLES / "bars.csv", SAMPLES / "camera.png"


@pytest.fixture
def pair(tmp_path):
    """A small pair of arrays: x.npy, and y.npy = sobel-x of it, with a bias of 2 in z.npy."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 24))
    y = corr2d(x, kernel("sobel-x"))
    for name, array in {"x": x, "y": y, "z": y + 2}.items():
        np.save(tmp_path / f"{name}.npy", array)
    return tmp_path


def numbers(text):
    return np.array([[float(cell) for cell in line.split(",")] for line in text.splitlines()])


# --- the chapter's exercise -----------------------------------------------------------------------


def test_alone_it_is_the_chapters_exercise(convcli):
    result = convcli("learn")
    assert result.status == 0
    assert result.text == "0.9998670772004215,-0.9998670772004215\n"
    assert result.err.splitlines() == [
        "step 2, loss 4.9152",
        "step 4, loss 0.8246",
        "step 6, loss 0.1384",
        "step 8, loss 0.0232",
        "step 10, loss 0.0039",
        "step 12, loss 0.0007",
        "step 14, loss 0.0001",
        "step 16, loss 0.0000",
        "step 18, loss 0.0000",
        "step 20, loss 0.0000",
        "R² 0.99999998, RMSE 7.11e-05",
        "rank 2 of 2, condition 2.24",
        "loss 12 before step 1, 5.176e-07 before step 20",
        "rate 0.03, stable below 0.0333",
        "like diff-x, within 0.013 %",
    ]


def test_alone_from_a_seed(convcli):
    first, again, other = (convcli("learn", "--seed", seed).text for seed in (1, 1, 2))
    assert first == again != other
    np.testing.assert_allclose(numbers(first), [[1, -1]], atol=1e-3)


def test_alone_with_fewer_steps_or_by_least_squares(convcli):
    assert convcli("learn", "--steps", "3").err.splitlines()[:2][0] == "step 2, loss 4.9152"
    assert convcli("learn", "-m", "lstsq").text == "1.0,-1.0\n"


# --- pairs ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("pair")
def test_arrays(convcli):
    result = convcli("learn", "x.npy", "y.npy", "-k", "3x3")
    np.testing.assert_allclose(numbers(result.text), kernel("sobel-x"), atol=1e-12)
    lines = result.err.splitlines()
    assert lines[0].startswith("R² 1, RMSE ")
    assert lines[1].startswith("rank 9 of 9, condition 1.")
    assert lines[-2:] == ["like sobel-x, exactly", "separable: a column times a row"]


def test_the_kernel_pipes_into_corr(convcli, pair):
    taps = convcli("learn", "x.npy", "y.npy", "-k", "3").out
    back = convcli("corr", "x.npy", "-k", "-", stdin=taps)
    np.testing.assert_allclose(numbers(back.text), np.load(pair / "y.npy"), atol=1e-12)


def test_an_answer_from_standard_input(convcli):
    edges = convcli("corr", BARS, "-k", "1 -1").out
    assert convcli("learn", BARS, "-", "-k", "1x2", stdin=edges).text == "1.0,-1.0\n"
    assert convcli("learn", BARS, "-", stdin=edges).text == "1.0,-1.0\n"  # the sizes tell


def test_a_picture_before_and_after(convcli, tmp_path):
    convcli("corr", CAMERA, "-k", "gaussian:1.02", "-o", "after.png")
    result = convcli("learn", CAMERA, "after.png", "-k", "9")
    assert np.abs(numbers(result.text) - kernel("gaussian:1.02")).max() < 2e-3
    lines = result.err.splitlines()
    assert "like gaussian:1.02, within 0.25 %" in lines
    assert "separable: a column times a row" in lines
    dark = np.asarray(Image.open(CAMERA)).copy()
    sharp = np.clip(
        corr2d(dark, kernel("sharpen"), padding="same", border="reflect"), 0, 255
    ).astype(np.uint8)
    Image.fromarray(sharp).save(tmp_path / "sharp.png")
    result = convcli("learn", CAMERA, "sharp.png", "-k", "3")
    np.testing.assert_allclose(numbers(result.text), kernel("sharpen"), atol=1e-10)
    clipped = int(((sharp == 0) | (sharp == 255)).sum())
    assert f"{clipped:,} answers are clipped and were left out" in result.err.splitlines()


def test_colour_to_grey_and_sixteen_bits(convcli, tmp_path):
    colour = SAMPLES / "coffee.png"
    planes = np.asarray(Image.open(colour)).transpose(2, 0, 1)
    mixed = np.tensordot([0.2, 0.7, 0.1], planes, 1)
    Image.fromarray((mixed * 257).round().astype(np.uint16)).save(tmp_path / "grey.png")
    result = convcli("learn", colour, "grey.png", "-k", "1", "--json")
    found = json.loads(result.text)
    np.testing.assert_allclose(np.ravel(found["kernel"]), [51.4, 179.9, 25.7], atol=1e-2)
    grey = np.asarray(Image.open(tmp_path / "grey.png"))
    assert found["clipped"] == int(((grey == 0) | (grey == 65535)).sum())


def test_without_a_size_the_tried_ones_are_shown(convcli):
    convcli("corr", CAMERA, "-k", "gaussian:0.8", "-o", "after.png")
    result = convcli("learn", CAMERA, "after.png")
    lines = result.err.splitlines()
    assert [line.split(":")[0] for line in lines[:8]] == [f"{k}x{k}" for k in range(1, 16, 2)]
    taken = [line for line in lines if line.endswith(", taken")]
    assert len(taken) == 1
    errors = {line.split(":")[0]: float(line.split()[2][:-1]) for line in lines[:8]}
    assert taken[0].split(":")[0] == min(errors, key=errors.get)


@pytest.mark.usefixtures("pair")
def test_equal_sizes_without_padding_leave_one_size(convcli):
    result = convcli("learn", "x.npy", "x.npy")
    assert result.text == "1.0\n"
    assert "-p same allows others" in result.err


def test_a_table_of_pairs(convcli, pair):
    folder = pair / "data"
    folder.mkdir()
    rng = np.random.default_rng(5)
    x = rng.normal(size=(9, 9))
    np.save(folder / "a.npy", x)
    np.save(folder / "b.npy", corr2d(x, kernel("sobel-x")))
    (folder / "pairs.csv").write_text("x,y\na.npy,b.npy\n\n../x.npy,../y.npy\n")
    for args in (["--pairs", "data/pairs.csv"], ["x.npy", "y.npy", "data/a.npy", "data/b.npy"]):
        found = json.loads(convcli("learn", *args, "-k", "3", "--holdout", "0.25", "--json").text)
        np.testing.assert_allclose(found["kernel"], kernel("sobel-x"), atol=1e-12)
        assert found["holdout"]["count"] > 0
    line = f"{folder / 'a.npy'},{folder / 'b.npy'}\n".encode()
    assert convcli("learn", "--pairs", "-", "-k", "3", stdin=line).status == 0


# --- where results go -----------------------------------------------------------------------------


@pytest.mark.usefixtures("pair")
def test_json_has_all_of_it(convcli):
    result = convcli("learn", "x.npy", "z.npy", "-k", "3", "--bias", "--holdout", "0.2", "--json")
    assert result.err == ""
    found = json.loads(result.text)
    assert {"kernel", "bias", "r2", "rmse", "stderr", "rank", "condition", "nearest", "separable"} <= set(found)  # fmt: skip
    assert found["bias"] == pytest.approx(2)
    assert (found["rank"], found["nearest"]["name"], found["separable"]) == (9, "sobel-x", True)
    assert np.shape(found["stderr"]) == (3, 3)


def test_outputs(convcli, pair):
    result = convcli("learn", "x.npy", "y.npy", "-k", "3", "-o", "k.csv")
    assert result.text == "k.csv\n"
    np.testing.assert_allclose(numbers((pair / "k.csv").read_text()), kernel("sobel-x"), atol=1e-12)
    refused = convcli("learn", "x.npy", "y.npy", "-k", "3", "-o", "k.csv")
    assert (refused.status, refused.err) == (
        1,
        "convcli: error: k.csv: already exists, -f overwrites it\n",
    )
    assert convcli("learn", "x.npy", "y.npy", "-k", "3", "-o", "k.csv", "-f").status == 0
    assert convcli("learn", "x.npy", "y.npy", "-k", "3", "-o", "out/").text == "out/x-learn.csv\n"
    convcli("learn", "x.npy", "y.npy", "-k", "3", "-o", "k.png")
    assert np.asarray(Image.open(pair / "k.png"))[:, ::2].tolist() == [[64, 191], [0, 255], [64, 191]]  # fmt: skip


def test_the_bias_goes_to_standard_output_and_not_into_the_file(convcli, pair):
    result = convcli("learn", "x.npy", "z.npy", "-k", "3", "--bias", "-o", "k.npy")
    name, bias = result.text.splitlines()
    assert name == "k.npy"
    assert float(bias) == pytest.approx(2)
    np.testing.assert_allclose(np.load(pair / "k.npy"), kernel("sobel-x"), atol=1e-12)
    plain = convcli("learn", "x.npy", "z.npy", "-k", "3", "--bias")
    assert numbers(plain.text).shape == (3, 3)
    assert "bias 2" in plain.err.splitlines()


def test_json_beside_a_file(convcli, pair):
    result = convcli("learn", "x.npy", "y.npy", "-k", "3", "--json", "-o", "k.npy")
    assert json.loads(result.text)["rank"] == 9
    assert np.load(pair / "k.npy").shape == (3, 3)


def test_four_kernels_go_to_a_pipe_as_npy(convcli, tmp_path):
    import io

    rng = np.random.default_rng(0)
    x, taps = rng.normal(size=(3, 20, 21)), rng.normal(size=(4, 3, 3, 3))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", corr2d(x, taps, stride=2, padding=1, bias=[1, 2, 3, 4]))
    args = ("learn", "x.npy", "y.npy", "-k", "3", "-s", "2", "-p", "1", "--bias")
    assert np.abs(np.load(io.BytesIO(convcli(*args).out)) - taps).max() < 1e-6
    assert np.abs(np.array(json.loads(convcli(*args, "--json").text)["bias"]) - [1, 2, 3, 4]).max() < 1e-6  # fmt: skip
    whole = convcli("learn", "x.npy", "y.npy", "-k", "4x3x3x3", "-s", "2", "-P", "2", "--bias")
    assert whole.out == convcli(*args).out


# --- descent --------------------------------------------------------------------------------------


def test_descent_on_a_pair(convcli, pair):
    result = convcli(
        "learn", "x.npy", "y.npy", "-k", "3", "-m", "sgd", "--steps", "400", "--log", "loss.csv"
    )
    np.testing.assert_allclose(numbers(result.text), kernel("sobel-x"), atol=1e-6)
    head, *rows = (pair / "loss.csv").read_text().splitlines()
    assert (head, len(rows)) == ("step,loss", 400)
    losses = [float(row.split(",")[1]) for row in rows]
    assert losses[0] == pytest.approx((np.load(pair / "y.npy") ** 2).sum())
    assert losses[:30] == sorted(losses[:30], reverse=True)


@pytest.mark.usefixtures("pair")
def test_a_rate_that_is_too_large(convcli):
    args = ("learn", "x.npy", "y.npy", "-k", "3", "-m", "sgd", "--momentum", "0.5", "--json")
    limit = json.loads(convcli(*args).text)["stable_rate"]
    slow = convcli(*args, "--lr", 1.05 * limit, "--steps", "5")
    assert slow.status == 0
    assert slow.err.startswith(f"the rate {1.05 * limit:g} is above {limit:.3g}"[:20])
    fast = convcli(*args, "--lr", 3 * limit, "--steps", "500")
    assert (fast.status, fast.out) == (1, b"")
    warning, error = fast.err.splitlines()
    assert "the largest that is stable" in warning
    assert error.startswith(f"convcli: error: lr: got {3 * limit:g}, with which the loss grew from")
    lower = float(error.split("lower it to ")[1].split()[0])
    assert 0.98 * limit < lower <= limit


# --- errors and examples ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "status", "err"),
    [
        (
            (BARS, BARS, "-k", "1x2"),
            1,
            f"{BARS} is 6x8, but a 1x2 kernel on {BARS} (6x8) gives 6x7; -p same fits",
        ),
        (
            (BARS,),
            2,
            "got 1 file, inputs and answers in turn are needed: X1 Y1 X2 Y2 …",
        ),
        (
            ("-", "-"),
            2,
            "-: got standard input twice, one operand of a command can be read from it",
        ),
        ((BARS, "none.csv"), 1, "none.csv: no such file or directory"),
        ((BARS, BARS, "--lr", "1"), 2, "--lr: got it with method lstsq, only sgd has it"),
        (
            (BARS, BARS, "-m", "lstq"),
            2,
            "unknown method 'lstq', did you mean 'lstsq'? known: lstsq, sgd",
        ),
        (
            (BARS, BARS, CAMERA, CAMERA),
            1,
            f"{BARS}: is an array and {CAMERA} a picture, inputs of one kind are needed",
        ),
        ((BARS, BARS, "-k", "1", "--holdout", "2"), 2, "holdout: got 2, a share from 0 to below 1 is needed"),
        ((BARS, BARS, "-k", "0"), 2, None),
        (("--pairs", "none.csv"), 1, "none.csv: no such file or directory"),
        (("--lr", "0.5"), 1, "lr: got 0.5, with which the loss grew from 12 to 1.17e+08 by step 6; lower it to 0.0333 or less"),
        (("-o", "/dev/null/k.csv"), 1, None),
        (("--log", "/dev/null/l.csv"), 1, None),
        (("-k", "3x3"), 1, "Y is 6x7, but a 3x3 kernel on X (6x8) gives 4x6"),
    ],
)  # fmt: skip
def test_errors(convcli, args, status, err):
    result = convcli("learn", *args)
    assert (result.status, result.out) == (status, b"")
    last = result.err.splitlines()[-1]
    assert last.startswith("convcli: error: ")
    if err is not None:
        assert last == f"convcli: error: {err}"


def test_tables_of_pairs_that_cannot_be_read(convcli, tmp_path):
    for text, message in [
        (
            "a.npy\n",
            "p.csv: line 1 has 1 cells, the names of an input and of its answer are needed",
        ),
        ("x,y\n", "p.csv: has no lines, pairs of file names are needed"),
        ("x,y\na.npy,b.npy\n", "a.npy: no such file or directory"),
    ]:
        (tmp_path / "p.csv").write_text(text)
        result = convcli("learn", "--pairs", "p.csv")
        assert (result.status, result.err) == (1, f"convcli: error: {message}\n")


def test_the_log_of_a_descent_that_diverges_is_kept(convcli, tmp_path):
    done = convcli("learn", "--lr", 1, "--log", "log.csv")
    assert done.status == 1
    assert "with which the loss grew from 12 to " in done.err
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[:3] == ["step,loss", "1,12.0", "2,1452.0"]
    assert float(lines[-1].split(",")[1]) > 1e6 * 12


def test_notes_that_nobody_reads_cost_no_result(tmp_path):
    script = f"({IN_SHELL} learn 2>&1 >k.csv; echo $? >status) | head -1"
    subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "status").read_text() == "0\n"
    assert len((tmp_path / "k.csv").read_text().split(",")) == 2


STOPPED = """
import os, sys
NUMBER = int(sys.argv.pop(1))
from convcli.__main__ import main
from convcli.engine.learning import gradient_descent as descent

def told(stage, step, total, loss, progress=descent.Progress):
    if step == 500:
        os.kill(os.getpid(), NUMBER)
    return progress(stage, step, total, loss)

descent.Progress = told
main()
"""


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "status"), [(2, 130), (15, 143)])
def test_a_descent_that_is_stopped_gives_what_it_has(tmp_path, number, status):
    call = ["learn", "-m", "sgd", "--steps", "100000000", "--log", "log.csv"]
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, str(number), *call],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == status
    assert done.stderr.splitlines()[-1] == "convcli: stopped after step 500 of 100000000"
    log = (tmp_path / "log.csv").read_text().splitlines()
    assert log[0] == "step,loss"
    assert [line.partition(",")[0] for line in log[1:]] == [str(n) for n in range(1, 501)]
    assert np.abs(np.array(done.stdout.split(","), float) - [1, -1]).max() < 1e-9
