"""`convcli kernels`, exact output."""

import csv

import numpy as np
import pytest

from convcli.engine.kernels import KERNELS
from tests.conftest import SAMPLES


def test_the_list_has_every_kernel(convcli):
    rows = list(csv.DictReader(convcli("kernels").text.splitlines()))
    assert [row["kernel"] for row in rows] == list(KERNELS)
    sobel = next(row for row in rows if row["kernel"] == "sobel-x")
    assert (sobel["size"], sobel["sum"]) == ("3x3", "0")
    assert "Sobel" in sobel["source"]


@pytest.mark.parametrize(
    ("name", "out"),
    [
        ("sobel-x", "-1,0,1\n-2,0,2\n-1,0,1\n"),
        ("sobel-x@90", "-1,-2,-1\n0,0,0\n1,2,1\n"),
        ("laplacian:8", "1,1,1\n1,-8,1\n1,1,1\n"),
        ("box:1x2", "0.5,0.5\n"),
        ("1 -1", "1,-1\n"),
    ],
)
def test_one_kernel_prints_its_taps(convcli, name, out):
    result = convcli("kernels", name)
    assert (result.status, result.text, result.err) == (0, out, "")


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_pipes_into_corr(convcli, name, tmp_path):
    taps = convcli("kernels", name)
    piped = convcli("corr", SAMPLES / "bars.csv", "-k", "-", "-p", "full", stdin=taps.out)
    named = convcli("corr", SAMPLES / "bars.csv", "-k", name, "-p", "full")
    assert (piped.status, piped.out) == (0, named.out)
    convcli("kernels", name, "-o", "k.npy")
    assert (np.load(tmp_path / "k.npy") == KERNELS[name].build("")).all()


def test_errors(convcli):
    result = convcli("kernels", "gausian:2")
    assert result.status == 2
    assert result.err.startswith(
        "convcli: error: --kernel: unknown kernel 'gausian', did you mean 'gaussian'?"
    )
