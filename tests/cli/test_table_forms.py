"""`--format table|csv|md|json` of every command that prints a table."""

import csv
import io
import json
import re

import pytest

from tests.conftest import SAMPLES

CALLS = {
    "one": ("shape", "-n", "8x9", "-k", 3),
    "chain": ("shape", "-n", "3x8x8", "conv:4,k3", "relu"),
    "inverse": ("shape", "-n", 8, "--out", 4),
    "list": ("net", "list"),
    "show": ("net", "show", "lenet"),
    "kernels": ("kernels",),
    "predict": ("net", "predict", "w.npz", SAMPLES / "camera.png"),
    "eval": ("net", "eval", "w.npz", SAMPLES / "digits.csv.gz"),
}


@pytest.fixture
def weights(convcli):
    net = ("net", "train", "lenet", SAMPLES / "digits.csv.gz", "--epochs", 1, "-o", "w.npz")
    assert convcli(*net).status == 0


@pytest.fixture
def call(convcli, request, name, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    if name in ("predict", "eval"):
        request.getfixturevalue("weights")
    return lambda form: convcli(*CALLS[name], "--format", form)


@pytest.mark.parametrize("name", CALLS)
def test_every_table_has_every_form(call, name):  # noqa: ARG001 (of the fixture)
    table = call("table").text
    assert re.search("^─{20,}$", table, re.MULTILINE)
    assert "Too narrow" not in table
    lines = call("md").text.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("|"))
    rows = [line for line in lines[begin:] if line.startswith("|")]
    bars = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert len(bars) == 1
    assert re.fullmatch(r"(\| -{2,}[-:] )+\|", rows[1])
    found = list(csv.reader(io.StringIO(call("csv").text)))
    assert len({len(row) for row in found}) == 1
    assert len(found) > 1
    json.loads(call("json").text)
    wrong = call("xml")
    assert wrong.status == 2
    assert wrong.err.startswith("convcli: error: --format: unknown format 'xml'")


@pytest.mark.parametrize("call", [("-",), ("-n", 3, "-k", 2, "--layers", "x")])
def test_a_stream_of_rows_is_csv(convcli, call):
    assert convcli("shape", *call, "--format", "md", stdin=b"n,k\n3,2\n").status != 0


def test_a_matrix_is_no_table_of_words(convcli):
    done = convcli("kernels", "sobel-x", "--format", "md")
    assert done.status == 2
    assert "unknown format 'md'" in done.err
