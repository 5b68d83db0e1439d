"""What people try first, and where the message sends them."""

import shutil

import pytest

from convcli.cli import COMMANDS, GROUPS
from convcli.engine import names
from convcli.engine.sizes.geometry import WORDS
from convcli.engine.synonyms import MEANT
from convcli.nets.architecture.kinds import KINDS
from convcli.nets.training.optimizers import OPTIMIZERS
from convcli.options import FORMATS, TABLES
from tests.conftest import SAMPLES

HINTS = [
    (["net", "show", "resnet50"], "did you mean 'torchvision/resnet50'?"),
    (["pool", "matrix.csv", "-k", "2", "-m", "mean"], "did you mean 'avg'?"),
    (["corr", "matrix.csv", "-k", "blur"], "did you mean 'gaussian' or 'box'?"),
    (["convolve", "matrix.csv"], "did you mean 'corr'?"),
    (["corr", "matrix.csv", "-k", "1", "-o", "y.txt"], "did you mean '.csv'?"),
    (["corr", "matrix.csv", "-k", "0", "1"], "write -k '0 1'"),
    (["corr", "matrix.csv", "-k", "1", "-1"], "numbers of a kernel stand in quotes"),
    (["corr", "matrix.csv", "-k", "gaussian", "1.5"], "write -k 'gaussian:1.5'"),
    (["edge", "bars.png", "out.png"], "out.png: no such file, if the result is to go there: -o"),
    (["shape", "224x224", "-k", "7"], "got the size 224x224, -n 224x224 says"),
    (["shape", "224*224", "conv:6,k5"], "got the size 224*224, -n 224x224 says"),
    (["shape", "-n", "224X224", "-k", "7"], "did you mean 224x224?"),
    (["shape", "-n", "224,224", "-k", "7"], "did you mean 224x224?"),
    (["shape", "lenet"], "convcli net show lenet shows it"),
    (["shape", "resnet50"], "convcli net show torchvision/resnet50 shows it"),
    (["shape", "-n", "3x8x8", "kernel.csv"], "--layers kernel.csv reads layers from it"),
    (["shape", "-n", "8", "k=3"], "arguments stand behind a layer, as in conv:64,k3"),
    (["shape", "-n", "3x8x8", "conv:4,k=3"], "did you mean 'k3'?"),
    (["shape", "-n", "3x8x8", "maxpool:kernel=2"], "did you mean 'k2'?"),
    (["shape", "-n", "3x8x8", "conv:4,k3", "s2"], "without a blank: conv:64,s2"),
    (["shape", "-n", "3x8x8", "fc:10"], "did you mean 'linear'?"),
    (["shape", "-n", "3x8x8", "dense:10"], "did you mean 'linear'?"),
    (["shape", "-n", "3x8x8", "batchnorm"], "did you mean 'bn'?"),
    (["shape", "-n", "3x8x8", "max:k2"], "did you mean 'maxpool'?"),
    (["corr", ".", "-k", "1"], ".: is a folder, a file is needed (-r takes the files in it)"),
    (
        ["shape", "-n", "1x3x224x224", "conv:64,k7"],
        "a batch is left out: 3x224x224 was probably meant",
    ),
    (["net", "predict", "lenet", "camera.png"], "-w FILE takes those of others"),
    (
        ["net", "eval", "m.onnx", "camera.png"],
        "is an ONNX model, which net show, compare, draw and",
    ),
    (
        ["net", "train", "m.onnx", "camera.png"],
        "is an ONNX model, which net show, compare, draw and",
    ),
    (["net", "predict", "camera.png", "lenet"], "the network comes first: net predict lenet"),
]


@pytest.mark.parametrize(("call", "hint"), HINTS, ids=[" ".join(call) for call, _ in HINTS])
def test_what_was_probably_meant_is_said(convcli, tmp_path, call, hint):
    for name in ("matrix.csv", "kernel.csv", "bars.png", "camera.png"):
        shutil.copy(SAMPLES / name, tmp_path)
    done = convcli(*call)
    assert done.status in (1, 2)
    assert done.err.startswith("convcli: error: ")
    assert done.err.count("\n") == 1
    assert hint in done.err
    assert not list(tmp_path.glob("*-*"))


@pytest.mark.parametrize("word", ["zebra", "xyz", "conc", "42"])
def test_what_is_near_to_nothing_gets_no_hint(convcli, word):
    for call in (["corr", "x.csv", "-k", f"{word}y"], [f"{word}q"], ["net", "show", f"{word}z"]):
        assert "did you mean" not in convcli(*call).err


def test_every_synonym_leads_to_a_name():
    known = {
        *(*COMMANDS, *GROUPS["net"], *KINDS, "concat", "residual", *OPTIMIZERS, *FORMATS),
        *(*TABLES, *names.KERNELS, *names.BORDERS, *names.POOLING_MODES, *names.FOOTPRINTS),
        *(*names.LEARNING_METHODS, *WORDS, ".csv", ".npy", ".png"),
    }
    led = {name for meant in MEANT.values() for name in meant}
    assert led <= known
    assert all(word == word.lower() for word in MEANT)


READ = [
    (["shape", "-n", "32 x 32", "-k", "3 × 3"], "30x30"),
    (["corr", "matrix.csv", "-k", "\u22121 1"], "1,1\n1,1\n1,1"),
    (["corr", "matrix.csv", "-k", "[[\u22121, 1]]"], "1,1\n1,1\n1,1"),
    (["corr", "matrix.csv", "-k", "1", "--bias", "\u22121"], "-1,0,1\n2,3,4\n5,6,7"),
    (["corr", "minus.csv", "-k", "1"], "-1,2\n3,4"),
    (["corr", "matrix.csv", "-k", "1", "--max-pixels", "1G"], "0,1,2\n3,4,5\n6,7,8"),
]


@pytest.mark.parametrize(("call", "out"), READ, ids=[" ".join(call) for call, _ in READ])
def test_what_can_mean_one_thing_only_is_read(convcli, tmp_path, call, out):
    shutil.copy(SAMPLES / "matrix.csv", tmp_path)
    (tmp_path / "minus.csv").write_text("\u22121,2\n3,4\n", encoding="utf-8")
    done = convcli(*call)
    assert (done.status, done.text.strip(), done.err) == (0, out, "")


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("N;K;note\n8;3;a,b\n", 'N,K,note,out\n8,3,"a,b",6\n'),
        ("N,K,P\n8,3,1\n", "N,K,P,out\n8,3,1,8\n"),
        ("n;k;p\n8x9;3;0/1\n", "n,k,p,out\n8x9,3,0/1,7x8\n"),
        ("n,k,a;b\n8,3,1;2\n", "n,k,a;b,out\n8,3,1;2,6\n"),
    ],
)
def test_a_table_of_layers_as_other_programs_write_it(convcli, text, out):
    done = convcli("shape", "-", stdin=text.encode())
    assert (done.status, done.text, done.err) == (0, out, "")


def test_a_column_in_small_letters_and_capitals_is_there_twice(convcli):
    assert "column 'n' is there twice" in convcli("shape", "-", stdin=b"n,N,k\n1,2,3\n").err


@pytest.mark.parametrize(
    ("command", "defaults"),
    [
        (
            "corr",
            {
                "--padding P|": "0; pictures same",
                "--stride S|": "1",
                "--border MODE": "zero; pictures reflect",
            },
        ),
        ("edge", {"--padding P|": "0; pictures same", "--border MODE": "zero; pictures reflect"}),
        ("pool", {"--padding P|": "0", "--stride S|": "the window", "--border MODE": "none"}),
        ("shape", {"--padding P|": "0", "--stride S|": "1"}),
    ],
)
def test_help_names_the_defaults(convcli, command, defaults):
    text = " ".join(convcli(command, "--help").text.split())
    for option, default in defaults.items():
        assert f"({default})." in text.partition(option)[2].partition(" --")[0]
