"""--draw, --explain and --matrix: what is written, what is printed, what is refused."""

from xml.etree.ElementTree import parse

import pytest
from PIL import Image

from tests.conftest import SAMPLES

MATRIX = SAMPLES / "matrix.csv"
CORR = ("corr", MATRIX, "-k", "0 1; 2 3")


@pytest.mark.parametrize(
    "call", [("shape", "-n", "3x3", "-k", "2"), CORR, ("pool", MATRIX, "-k", "2", "-s", "1")]
)
def test_every_format_is_written_and_the_answer_stays(convcli, tmp_path, call):
    plain = convcli(*call).out
    for suffix in ("svg", "png", "gif", "webp"):
        done = convcli(*call, "--draw", f"a.{suffix}")
        assert (done.status, done.out, done.err) == (0, plain, "")
    assert parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    for suffix, frames in (("png", 1), ("gif", 4), ("webp", 4)):
        with Image.open(tmp_path / f"a.{suffix}") as found:
            assert getattr(found, "n_frames", 1) == frames


def test_a_kernel_is_drawn(convcli, tmp_path):
    assert convcli("kernels", "sobel-x", "--draw", "k.svg").status == 0
    texts = [t.text for t in parse(tmp_path / "k.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["sobel-x, 3×3", "−1", "0", "1", "−2", "0", "2", "−1", "0", "1"]


@pytest.mark.parametrize(
    ("call", "status", "error"),
    [
        ((*CORR, "--draw", "a.pdf"), 2, "a.pdf: unknown suffix '.pdf'"),
        ((*CORR, "--draw", "a.png", "--at", "2,0"), 2, "--at: got 2,0, the output is 2x2"),
        ((*CORR, "--at", "0,0"), 2, "--at: goes with --draw"),
        ((*CORR, "--draw", "a.png", "--frame-time", "9"), 2, "--frame-time"),
        ((*CORR, "--draw", "a.png", "--theme", "drak"), 2, "did you mean 'dark'"),
        ((*CORR, MATRIX, "--draw", "a.png"), 2, "--draw: got several inputs"),
        ((*CORR, "--explain", "--matrix"), 2, "--explain and --matrix"),
        (("corr", SAMPLES / "camera.png", "-k", "box", "--draw", "a.png"), 1, "at most 48x48"),
        (("shape", "-n", "3x8x8", "conv:2,k3", "--draw", "a.png"), 2, "goes with one operation"),
        (("kernels", "--draw", "a.png"), 2, "goes with a kernel"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_is_written(
    convcli, tmp_path, call, status, error
):
    done = convcli(*call)
    assert done.status == status
    assert error in done.err
    assert not list(tmp_path.glob("*.png"))


def test_a_figure_that_exists_is_kept(convcli, tmp_path):
    (tmp_path / "a.svg").write_text("mine")
    done = convcli(*CORR, "--draw", "a.svg")
    assert done.status == 1
    assert "a.svg: already exists, -f overwrites it" in done.err
    assert (tmp_path / "a.svg").read_text() == "mine"
    assert convcli(*CORR, "--draw", "a.svg", "-f").status == 0
