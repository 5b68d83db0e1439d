"""`convcli edge`, exact output."""

import numpy as np
import pytest
from PIL import Image

from convcli.engine.edges import DETECTORS
from tests.conftest import SAMPLES, pixels

COFFEE, CAMERA, BARS = SAMPLES / "coffee.png", SAMPLES / "camera.png", SAMPLES / "bars.csv"


def test_a_photo_gives_its_edges(convcli, tmp_path):
    result = convcli("edge", COFFEE)
    assert (result.status, result.text) == (0, "coffee-edge.png\n")
    found = pixels(tmp_path / "coffee-edge.png")
    colour = pixels(COFFEE).astype(float)
    grey = np.pad(colour @ [0.2125, 0.7154, 0.0721], 1, mode="symmetric")
    across = grey[:, 2:] - grey[:, :-2]
    down = grey[2:] - grey[:-2]
    gx = (across[:-2] + 2 * across[1:-1] + across[2:]) / 4
    gy = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / 4
    expected = np.clip(np.hypot(gx, gy), 0, 255)
    assert np.abs(found - expected).max() < 0.51


@pytest.mark.parametrize("method", DETECTORS)
def test_every_detector_on_a_picture(convcli, tmp_path, method):
    result = convcli("edge", CAMERA, "-m", method, "-o", "{stem}-{method}.png")
    assert (result.status, result.text) == (0, f"camera-{method}.png\n")
    found = pixels(tmp_path / f"camera-{method}.png")
    assert found.shape == pixels(CAMERA).shape
    assert 0 < found.mean() < 128


@pytest.mark.parametrize("method", DETECTORS)
def test_a_constant_picture_has_no_edges(convcli, tmp_path, method):
    Image.new("RGB", (40, 30), (200, 10, 77)).save(tmp_path / "flat.png")
    assert convcli("edge", "flat.png", "-m", method).status == 0
    assert not pixels(tmp_path / "flat-edge.png").any()


@pytest.mark.parametrize(
    ("args", "out"),
    [
        (("-m", "diff"), "0,1,0,0,0,-1,0\n" * 6),
        (("-m", "diff", "--axis", "y"), "0,0,0,0,0,0,0,0\n" * 5),
        (
            ("--axis", "x"),
            "0.0,-1.0,-1.0,0.0,1.0,1.0\n".replace("0.0,-1.0,-1.0", "-1.0,-1.0,0.0") * 4,
        ),
        ((), "1.0,1.0,0.0,0.0,1.0,1.0\n" * 4),
        (("--threshold", "0.5"), "1,1,0,0,1,1\n" * 4),
        (("--threshold", "0.5", "-p", "same", "--border", "nearest"), "0,1,1,0,0,1,1,0\n" * 6),
    ],
)
def test_arrays(convcli, args, out):
    result = convcli("edge", BARS, *args)
    assert (result.status, result.text, result.err) == (0, out, "")


def test_alpha_is_carried_over(convcli, tmp_path):
    cutout = SAMPLES / "coffee-cutout.png"
    assert convcli("edge", cutout, "-o", "x.png", "--alpha", "keep").status == 0
    found = pixels(tmp_path / "x.png")
    assert found.shape[2] == 2
    assert (found[..., 1] == pixels(cutout)[..., 3]).all()


def test_thresholds_are_fractions_of_full_scale_and_told_when_chosen(convcli, tmp_path):
    told = convcli("edge", CAMERA, "-m", "canny", "-o", "a.png").err
    chosen = told.split("chosen: ")[1].split()
    again = convcli("edge", CAMERA, "-m", "canny", *chosen, "-o", "b.png")
    assert again.err == ""
    a, b = (pixels(tmp_path / f"{n}.png") for n in "ab")
    assert set(np.unique(a)) == {0, 255}
    assert (a != b).mean() < 0.002  # the thresholds were told in three digits
    assert (
        convcli("edge", SAMPLES / "coffee-grey16.png", "--threshold", "0.2", "-o", "c.png").status
        == 0
    )
    assert set(np.unique(pixels(tmp_path / "c.png"))) == {0, 65535}


def test_a_mask_is_a_picture_or_a_matrix(convcli, tmp_path):
    x = pixels(CAMERA)
    rows, columns = np.mgrid[: x.shape[0], : x.shape[1]]
    disc = (rows - 200) ** 2 + (columns - 220) ** 2 < 150**2
    Image.fromarray(np.where(disc, 255, 30).astype(np.uint8)).save("disc.png")
    np.save("disc.npy", disc.astype(int))
    for method in ("sobel", "canny"):
        for kind in ("png", "npy"):
            done = convcli("edge", CAMERA, "-m", method, "--mask", f"disc.{kind}", "-o", f"{kind}.png", "-f")  # fmt: skip
            assert done.status == 0
        found = pixels(tmp_path / "png.png")
        assert (found == pixels(tmp_path / "npy.png")).all()
        assert found.any()
        assert not found[~disc].any()
    np.savetxt("small.csv", np.ones((3, 4)), "%d", ",")
    done = convcli("edge", CAMERA, "--mask", "small.csv")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "mask: got 3x4, the input's " in done.err
    assert convcli("edge", "-", "--mask", "-", stdin=b"1,2\n").status == 2


def test_shares_of_the_gradients_are_told_as_thresholds(convcli, tmp_path):
    told = convcli("edge", CAMERA, "-m", "canny", "--low", "80%", "--high", "90%", "-o", "a.png")
    assert told.status == 0
    chosen = told.err.split("chosen: ")[1].split()
    again = convcli("edge", CAMERA, "-m", "canny", *chosen, "-o", "b.png")
    assert (pixels(tmp_path / "a.png") != pixels(tmp_path / "b.png")).mean() < 0.005
    assert again.err == ""


def test_invert(convcli, tmp_path):
    convcli("edge", CAMERA, "-o", "a.png")
    convcli("edge", CAMERA, "-o", "b.png", "--invert")
    a, b = (pixels(tmp_path / f"{n}.png") for n in "ab")
    assert (a == 255 - b).all()


def test_a_failed_run_leaves_the_old_file(convcli, tmp_path):
    (tmp_path / "cut.png").write_bytes(CAMERA.read_bytes()[:9999])
    (tmp_path / "cut-edge.png").write_bytes(b"old")
    assert convcli("edge", "cut.png", "-f").status == 1
    assert (tmp_path / "cut-edge.png").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (("-m", "sobl"), 2, "unknown detector 'sobl', did you mean 'sobel'? known: "),
        (("--axis", "z"), 2, "unknown axis 'z', known: x, y, both"),
        (("-m", "canny", "--axis", "x"), 2, "axis: canny has none, axis is for sobel, "),
        (
            ("-m", "canny", "--low", "0.3", "--high", "0.1"),
            2,
            "--low: got 0.3, at most --high (0.1) is allowed",
        ),
        (
            ("-m", "canny", "--low", "x"),
            2,
            "--low: got 'x', a number is needed",
        ),
        (("-m", "canny", "--low", "180%"), 2, "low: got '180%', a number or 0% to 100% is allowed"),
        (("-m", "sobel:9"), 2, "detector sobel: got size '9', 3, 5 or 7 is allowed"),
        (("--sigma", "2"), 2, "sigma: sobel has none, sigma is for log, canny"),
        (
            ("--threshold", "50"),
            2,
            "--threshold: got 50, 0 to 1 (of full scale) is allowed for a picture",
        ),
        (
            ("--threshold", "-1"),
            2,
            "--threshold: got -1, 0 to 1 (of full scale) is allowed for a picture",
        ),
        (("--threshold", "some"), 2, "--threshold: got 'some', a number or otsu is allowed"),
        (
            ("-o", "x.npy", "--invert"),
            2,
            "--invert: got a result that goes to npy, a picture is needed",
        ),
    ],
)
def test_errors(convcli, tmp_path, args, status, message):
    result = convcli("edge", CAMERA, *args)
    assert result.err.startswith(f"convcli: error: {message}")
    assert (result.status, result.out, result.err.count("\n")) == (status, b"", 1)
    assert list(tmp_path.iterdir()) == []


def test_rounding_on_a_constant_picture_is_no_edge(convcli):
    Image.fromarray(np.full((40, 40), 200, np.uint8)).save("flat.png")
    for method in ("log", "laplacian", "sobel", "kirsch"):
        done = convcli("edge", "flat.png", "-m", method, "--threshold", "otsu", "-o", "e.png", "-f")
        assert done.status == 0
        assert pixels("e.png").max() == 0
    steps = np.full((40, 40), 1e6)
    steps[:, 20:] += 0.5  # far above the rounding of float64
    np.save("steps.npy", steps)
    convcli("edge", "steps.npy", "-m", "sobel", "--threshold", "otsu", "-o", "e.csv")
    assert np.loadtxt("e.csv", delimiter=",").any()
