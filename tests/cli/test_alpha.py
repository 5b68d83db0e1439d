"""What corr, edge and pool make of a picture with alpha."""

import numpy as np
import pytest
from PIL import Image

from convcli.engine.edges import DETECTORS
from convcli.files.pictures import read_picture
from convcli.files.pictures.png import write_png
from tests.conftest import pixels
from tests.files.making import with_background


def disc(depth=8, colours=3):
    """A white disc on transparent black."""
    rows, columns = np.mgrid[:60, :64]
    inside = ((rows - 30) ** 2 + (columns - 31) ** 2 < 400) * (2**depth - 1)
    return np.stack([inside] * (colours + 1), axis=-1).astype(f"uint{depth}")


def save(name, samples):
    if samples.dtype == np.uint16:
        planes = np.moveaxis(samples, -1, 0)
        with name.open("wb") as file:
            write_png(file, planes[:-1] if len(planes) > 2 else planes[0], planes[-1])
    else:
        Image.fromarray(samples).save(name)


def samples(name):
    picture = read_picture(name.read_bytes(), "")
    return picture.planes, picture.alpha


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize(
    "call",
    [
        ("corr", "-k", "gaussian:2"),
        ("corr", "-k", "1 1 1; 1 1 1; 1 1 1", "--scale", "sum"),
        ("corr", "-k", "sharpen"),
        ("corr", "-k", "box:5", "-s", "2"),
        ("pool", "-k", "3", "-m", "avg"),
        ("pool", "-k", "3", "-s", "1", "-m", "avg", "-p", "1"),
    ],
)
def test_a_rim_is_not_darkened(convcli, tmp_path, call, depth, colours):
    save(tmp_path / "disc.png", disc(depth, colours))
    command, *options = call
    assert convcli(command, "disc.png", *options, "-o", "x.png").status == 0
    planes, alpha = samples(tmp_path / "x.png")
    full = 2**depth - 1
    assert planes.ndim == (3 if colours == 3 else 2)
    assert alpha.min() == 0
    assert alpha.max() == full
    assert (planes[..., alpha > 0] == full).all()
    assert (planes[..., alpha == 0] == 0).all()
    if "sharpen" not in call:
        assert len(np.unique(alpha)) > 4  # it is filtered


def test_a_palette_with_transparency(convcli, tmp_path):
    indexed = Image.fromarray((disc()[..., 0] > 0).astype(np.uint8)).convert("P")
    indexed.putpalette([9, 9, 9, 250, 20, 30])
    indexed.save(tmp_path / "palette.png", transparency=0)
    convcli("corr", "palette.png", "-k", "gaussian:1.5", "-o", "x.png")
    found = pixels(tmp_path / "x.png")
    assert (found[found[..., 3] > 0] == [250, 20, 30, 0])[:, :3].all()
    assert len(np.unique(found[..., 3])) > 4


@pytest.mark.parametrize("call", [("corr", "-k", "gaussian:1"), ("corr", "-k", "sobel-x"), ("corr", "-k", "sharpen", "--border", "zero"), ("edge",), ("edge", "-m", "canny"), ("pool", "-k", "2", "-m", "avg"), ("pool", "-k", "2")])  # fmt: skip
def test_an_opaque_alpha_changes_nothing(convcli, tmp_path, call):
    rgb = np.random.default_rng(0).integers(0, 256, (40, 44, 3)).astype(np.uint8)
    Image.fromarray(rgb).save(tmp_path / "rgb.png")
    Image.fromarray(np.dstack([rgb, np.full((40, 44), 255, np.uint8)])).save(tmp_path / "rgba.png")
    command, *options = call
    told = [convcli(command, f"{n}.png", *options, "-o", f"{n}-x.png").err for n in ("rgb", "rgba")]
    assert told[0].replace("rgb", "rgba") == told[1]
    plain, found = (samples(tmp_path / f"{n}-x.png") for n in ("rgb", "rgba"))
    assert (found[0] == plain[0]).all()
    assert (found[1] == 255).all()
    convcli(command, "rgba.png", *options, "-o", "x.jpg")
    assert convcli(command, "rgba.png", *options, "-o", "x.npy").err.count("alpha") == 0


@pytest.mark.parametrize("method", [m for m in DETECTORS if m != "log"])
def test_a_cutout_has_the_edges_that_one_sees(convcli, tmp_path, method):
    rng = np.random.default_rng(1)
    colours = np.kron(rng.integers(0, 256, (6, 6, 3)), np.ones((9, 9, 1))).astype(np.uint8)
    cut = Image.fromarray(np.dstack([colours, disc()[3:57, 3:57, 3]]))
    cut.save(tmp_path / "cut.png")
    flat = Image.new("RGBA", cut.size, "#2080ff")
    flat.alpha_composite(cut)
    flat.convert("RGB").save(tmp_path / "flat.png")
    convcli("edge", "flat.png", "-m", method, "-o", "want.png")
    done = convcli("edge", "cut.png", "-m", method, "--background", "#2080ff", "-o", "found.png")
    assert "is seen over" not in done.err
    planes, alpha = samples(tmp_path / "found.png")
    assert (planes == pixels(tmp_path / "want.png")).all()
    assert (alpha == 255).all()


def test_what_is_seen_behind_is_white_unless_the_file_or_the_call_says_so(convcli, tmp_path):
    save(tmp_path / "plain.png", disc())
    plain = (tmp_path / "plain.png").read_bytes()
    (tmp_path / "black.png").write_bytes(with_background(plain, b"\0" * 6))
    most = {}
    for name, options in (("plain", ()), ("black", ()), ("black", ("--background", "white"))):
        done = convcli("edge", f"{name}.png", *options, "-o", "e.png", "-f")
        most[name, *options] = pixels(tmp_path / "e.png")[..., 0].max()
        behind = {"plain": "white", "black": "its own background"}[name]
        note = f"convcli: {name}.png: is seen over {behind} (--background COLOUR, --alpha keep)\n"
        assert done.err.startswith(note if not options else "")
        assert ("is seen over" in done.err) == (not options)
    assert most == {("plain",): 0, ("black",): 255, ("black", "--background", "white"): 0}


@pytest.mark.parametrize("kernel", ["laplacian", "-1 -1 -1", "-1 1", "sobel-x"])
def test_kernels_whose_sum_is_not_positive_see_the_background(convcli, tmp_path, kernel):
    save(tmp_path / "disc.png", disc())
    Image.fromarray(np.full((60, 64, 3), 255, np.uint8)).save(tmp_path / "flat.png")
    for name in ("disc", "flat"):
        convcli("corr", f"{name}.png", "-k", kernel, "-o", f"{name}.npy")
    found, want = (np.load(tmp_path / f"{name}.npy") for name in ("disc", "flat"))
    assert found.dtype == want.dtype == np.int32
    assert (found == want).all()


@pytest.mark.parametrize(
    "call",
    [
        ("corr", "-k", "1 1; 1 1", "--scale", "4"),
        ("corr", "-k", "box:4"),
        ("pool", "-k", "2", "-s", "1"),
        ("pool", "-k", "2", "-s", "1", "-m", "avg"),
        ("edge", "-m", "roberts"),
    ],
)
@pytest.mark.parametrize("padding", ["same", "same-lower", "causal"])
def test_alpha_that_is_kept_stays_where_it_is(convcli, tmp_path, call, padding):
    """Under a padding that keeps the size, whatever the window."""
    alpha = np.tile(np.arange(0, 240, 40, dtype=np.uint8), (6, 1))
    save(tmp_path / "ramp.png", np.stack([alpha[::-1], alpha[::-1], alpha[::-1], alpha], axis=-1))
    command, *options = call
    convcli(command, "ramp.png", *options, "-p", padding, "--alpha", "keep", "-o", "x.png")
    assert (samples(tmp_path / "x.png")[1] == alpha).all()


def test_maxima_take_each_channel_by_itself(convcli, tmp_path):
    cells = np.random.default_rng(0).integers(0, 255, (6, 8, 4)).astype(np.uint8)
    save(tmp_path / "x.png", cells)
    convcli("pool", "x.png", "-k", "2", "-o", "y.png")
    found = pixels(tmp_path / "y.png")
    assert (found[..., :3] == cells.reshape(3, 2, 4, 2, 4).max((1, 3))[..., :3]).all()
    assert (found[..., 3] == cells[::2, ::2, 3]).all()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--background", "grren"), "--background: got 'grren', a colour is needed, as in white or #ff8000"),
        (("--background", "#ff000080"), "--background: got '#ff000080', an opaque colour is needed"),
        (("--background", "red", "--alpha", "keep"), "--alpha keep and --background: got both, one of them is allowed"),
        (("--alpha", "kep"), "--alpha: unknown way 'kep', did you mean 'keep'? known: auto, keep"),
    ],
)  # fmt: skip
def test_errors(convcli, tmp_path, args, message):
    save(tmp_path / "disc.png", disc())
    done = convcli("edge", "disc.png", *args)
    assert done.status == 2
    assert done.err.startswith(f"convcli: error: {message}")
    assert not (tmp_path / "disc-edge.png").exists()
