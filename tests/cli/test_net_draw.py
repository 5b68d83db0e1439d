"""`convcli net draw`."""

from xml.etree.ElementTree import parse

import pytest
from PIL import Image


@pytest.mark.parametrize(
    "call",
    [
        ["lenet"],
        ["resnet18"],
        ["googlenet", "--style", "maps"],
        ["lenet", "--style", "blocks", "--theme", "dark", "--classes", "3"],
        ["torchvision/resnet18", "--input", "3x64x64", "--width", "0.25"],
        ["conv:8,k3 relu gap flatten linear:3", "--input", "1x9x9"],
        ["--layers", "net.txt", "--input", "3x32x32"],
        ["net.txt", "--input", "3x32x32"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("form", ["svg", "png"])
def test_what_can_be_drawn(convcli, tmp_path, call, form):
    (tmp_path / "net.txt").write_text("conv:8,k3 relu 2*( conv:8,k3,p1 ) flatten linear:3\n")
    done = convcli("net", "draw", *call, "-o", f"x.{form}")
    assert (done.status, done.text, done.err) == (0, f"x.{form}\n", "")
    if form == "svg":
        assert parse(tmp_path / "x.svg").getroot().find("{*}title").text
    else:
        with Image.open(tmp_path / "x.png") as image:
            assert min(image.size) > 200


def test_trained_weights_say_what_they_are_of(convcli, tmp_path):
    assert convcli("net", "init", "lenet", "-o", "w.npz").status == 0
    assert convcli("net", "draw", "w.npz", "-o", "x.svg").status == 0
    assert "conv 5×5, 16" in (tmp_path / "x.svg").read_text(encoding="utf-8")


def test_onnx(convcli, tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx import parser

    text = (
        '<ir_version: 8, opset_import: ["" : 17]> g (float[1,3,8,8] x) => (float[1,3,8,8] y)'
        " { a = Relu (x) b = Sigmoid (x) y = Add (a, b) }"
    )
    onnx.save(parser.parse_model(text), tmp_path / "m.onnx")
    assert convcli("net", "draw", "m.onnx", "-o", "x.svg", "--style", "blocks").status == 0
    drawn = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert ">Sigmoid<" in drawn
    assert ">+<" in drawn


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            ["lenet", "-o", "x.jpg"],
            "x.jpg: unknown suffix '.jpg', did you mean '.png'? known: .svg, .png",
        ),
        (["lenet", "-o", "x"], "x: has no suffix, .svg, .png are allowed"),
        (["lenet"], "--output: missing, as in: convcli net draw lenet -o lenet.svg"),
        (["-o", "x.svg"], "NAME and --layers: got neither, one of them is needed"),
        (
            ["lenet", "-o", "x.svg", "--theme", "pink"],
            "--theme: unknown theme 'pink', known: light, dark",
        ),
        (["lenet", "-o", "here.svg"], "here.svg: already exists, -f overwrites it"),
        (["lennet", "-o", "x.svg"], "unknown network 'lennet', did you mean 'lenet'?"),
        (["plain.npz", "-o", "x.svg"], "plain.npz: says nothing of the network its tensors are of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors(convcli, tmp_path, call, message):
    import numpy as np

    (tmp_path / "here.svg").write_text("mine")
    np.savez(tmp_path / "plain.npz", w=np.ones(3))
    before = sorted(tmp_path.iterdir())
    done = convcli("net", "draw", *call)
    assert done.status in (1, 2)
    assert done.err.startswith(f"convcli: error: {message}")
    assert done.err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_onnx_without_sizes(convcli, tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx import parser

    text = (
        '<ir_version: 8, opset_import: ["" : 17, "own" : 1]> g (float[1,3,8,8] x) => (float[N] y)'
        " { a = own.Secret (x) w = Constant <value = float[4,3,3,3] {0}> () b = Conv (a, w) y = Relu (b) }"
    ).replace("{0}", "{" + ",".join(["0"] * 108) + "}")
    onnx.save(parser.parse_model(text), tmp_path / "m.onnx")
    for style in ("blocks", "maps"):
        done = convcli("net", "draw", "m.onnx", "-o", f"{style}.svg", "--style", style)
        assert (done.status, done.err) == (0, "")
        assert "own.Secret" in (tmp_path / f"{style}.svg").read_text(encoding="utf-8")


def test_layers_that_move_cells_are_told_as_they_are_written(convcli, tmp_path):
    layers = "conv:4,k3,p1 linear:6,each crop:1 upsample:2,bilinear multiply( | gap conv:6,k1 )"
    assert (
        convcli(
            "net", "draw", layers, "--input", "1x9x8", "--style", "blocks", "-o", "x.svg"
        ).status
        == 0
    )
    drawn = (tmp_path / "x.svg").read_text(encoding="utf-8")
    for label in ("conv 3×3, 4", "linear 6", "crop 1", "upsample 2,bilinear", "×"):
        assert f">{label}<" in drawn
    assert "6×14×12" in drawn
