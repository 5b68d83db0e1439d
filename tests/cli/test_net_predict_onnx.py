"""`convcli net predict MODEL.onnx`, against the runtime called by itself."""

import json

import numpy as np
import pytest
from PIL import Image

from convcli.commands.net import onnx_prediction
from tests.conftest import SAMPLES

onnx = pytest.importorskip("onnx", reason="the extra convcli[onnxruntime] is not installed")
runtime = pytest.importorskip(
    "onnxruntime", reason="the extra convcli[onnxruntime] is not installed"
)
# ruff: noqa: E402
from onnx import numpy_helper, parser

CLASSIFIER = "a = Conv <strides = [2,2]> (x, w) b = Relu (a) g = GlobalAveragePool (b) f = Flatten (g) y = Gemm (f, m)"


def save(path, size, text, weights, output="N,5"):
    made = parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : 17]> g (float[{size}] x) => (float[{output}] y) {{ {text} }}'
    )
    made.graph.output[0].type.tensor_type.ClearField("shape")
    rng = np.random.default_rng(5)
    for node, name in zip(
        made.graph.node, ("first", "active", "pooled", "flat", "last"), strict=False
    ):
        node.name = name
    for name, shape in weights.items():
        array = rng.normal(size=shape).astype(np.float32)
        made.graph.initializer.append(numpy_helper.from_array(array, name))
    onnx.save(made, path)


WEIGHTS = {"w": (4, 3, 3, 3), "m": (4, 5)}


@pytest.fixture
def here(tmp_path):
    save(tmp_path / "m.onnx", "N,3,32,32", CLASSIFIER, WEIGHTS)
    for name in ("coffee.png", "camera.png"):
        (tmp_path / name).write_bytes((SAMPLES / name).read_bytes())
    return tmp_path


def wanted(here, name, mean, std):
    """Prepare a picture by Pillow, and run the model by itself."""
    with Image.open(here / name) as image:
        small = image.convert("RGB").resize((32, 32), Image.Resampling.BILINEAR)
    x = (np.asarray(small, np.float32) / 255 - mean) / std
    session = runtime.InferenceSession(str(here / "m.onnx"), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]


def test_answers(convcli, here):
    done = convcli("net", "predict", "m.onnx", "coffee.png", "camera.png", "--mean", ".5", "--std", ".25", "--top", "2", "--json")  # fmt: skip
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.text)
    assert [record["input"] for record in found] == ["coffee.png", "camera.png"]
    for record in found:
        logits = wanted(here, record["input"], 0.5, 0.25)
        best = np.argsort(-logits)[:2]
        assert [top["class"] for top in record["top"]] == best.tolist()
        np.testing.assert_allclose([t["logit"] for t in record["top"]], logits[best], atol=0.05)
        soft = np.exp(logits - logits.max())
        np.testing.assert_allclose(
            record["top"][0]["probability"], soft.max() / soft.sum(), atol=0.02
        )


@pytest.mark.parametrize("size", ["1,3,32,32", "2,3,32,32", "N,3,H,W"])
def test_batches_of_any_room(convcli, here, size):
    call = ["net", "predict", "m.onnx", "coffee.png", "camera.png", "coffee.png"]
    expected = convcli(*call).text
    save(here / "m.onnx", size, CLASSIFIER, WEIGHTS)
    done = convcli(*call, *(["--input", "3x32x32"] if "H" in size else []))
    assert (done.status, done.err, done.text) == (0, "", expected)


def test_channels_last(convcli, here):
    expected = convcli("net", "predict", "m.onnx", "coffee.png").text
    text = f"t = Transpose <perm = [0,3,1,2]> (x) {CLASSIFIER.replace('(x, w)', '(t, w)')}"
    save(here / "m.onnx", "N,32,32,3", text, WEIGHTS)
    done = convcli("net", "predict", "m.onnx", "coffee.png")
    assert (done.err, done.text) == ("", expected)


@pytest.mark.parametrize(
    ("size", "first"),
    [("3,32,32", "Unsqueeze (x, at)"), ("32,32,3", "Unsqueeze (x, at) t = Transpose <perm = [0,3,1,2]> (u)")],
)  # fmt: skip
def test_models_without_a_batch_axis(convcli, here, size, first):
    call = ["net", "predict", "m.onnx", "coffee.png", "camera.png"]
    features = [*call[:4], "--features", "active", "-f", "-o", "f.npy"]
    expected = convcli(*call).text
    convcli(*features)
    kept = np.load(here / "f.npy")
    last = "t" if "Transpose" in first else "u"
    text = f"u = {first} {CLASSIFIER.replace('(x, w)', f'({last}, w)')}"
    save(here / "m.onnx", size, text, WEIGHTS)
    model = onnx.load(here / "m.onnx")
    model.graph.initializer.append(numpy_helper.from_array(np.array([0]), "at"))
    for node in model.graph.node:
        node.name = "active" if node.op_type == "Relu" else ""
    onnx.save(model, here / "m.onnx")
    done = convcli(*call)
    assert (done.status, done.err, done.text) == (0, "", expected)
    assert convcli(*features).err == ""
    np.testing.assert_array_equal(np.load(here / "f.npy"), kept)


def test_probabilities_are_taken_as_they_are(convcli, here):
    text = CLASSIFIER.replace("y = Gemm", "z = Gemm") + " y = Softmax (z)"
    plain = json.loads(convcli("net", "predict", "m.onnx", "coffee.png", "--json").text)
    save(here / "m.onnx", "N,3,32,32", text, WEIGHTS)
    found = json.loads(convcli("net", "predict", "m.onnx", "coffee.png", "--json").text)
    for one, other in zip(plain[0]["top"], found[0]["top"], strict=True):
        assert one["probability"] == pytest.approx(other["probability"], rel=1e-5)


def test_features_of_a_node_labels_and_logits(convcli, here):
    done = convcli("net", "predict", "m.onnx", "coffee.png", "--features", "active", "-o", "f.npy")
    assert (done.status, done.text, done.err) == (0, "f.npy\n", "")
    assert np.load(here / "f.npy").shape == (4, 15, 15)
    assert convcli("net", "predict", "m.onnx", "coffee.png", "--features", "active").text == "coffee-features.png\n"  # fmt: skip
    plain = np.load(here / "f.npy")
    model = onnx.load(here / "m.onnx")
    model.graph.node[1].name = ""
    onnx.save(model, here / "m.onnx")
    convcli("net", "predict", "m.onnx", "coffee.png", "--features", "Relu_2", "-o", "f.npy", "-f")
    np.testing.assert_array_equal(np.load(here / "f.npy"), plain)
    (here / "names.txt").write_text("a\nb\nc\nd\ne\n")
    done = convcli("net", "predict", "m.onnx", "coffee.png", "--labels", "names.txt", "--top", "5", "--logits", "l.npy")  # fmt: skip
    assert {line.split(",")[3] for line in done.text.splitlines()[1:]} == set("abcde")
    np.testing.assert_allclose(
        np.load(here / "l.npy")[0], wanted(here, "coffee.png", 0, 1), atol=0.05
    )


def test_a_model_by_its_first_bytes(convcli, here):
    (here / "m.onnx").rename(here / "model")
    assert convcli("net", "predict", "model", "coffee.png").status == 0
    assert convcli("net", "show", "model").status == 0


@pytest.mark.parametrize(
    ("size", "call", "message"),
    [
        ("N,3,H,W", [], "m.onnx: leaves the size of its input open: --input CxHxW says it"),
        ("N,3,32,32", ["--input", "3x8x8"], "--input: the model's is 3x32x32"),
        ("N,3,32,32", ["--weights", "w.npz"], "--weights: an ONNX model is run as it is"),
        (
            "N,3,32,32",
            ["--receptive-field", "1,1"],
            "--receptive-field: an ONNX model is run as it is",
        ),
        (
            "N,3,32,32",
            ["--features", "actve"],
            "m.onnx: --features: unknown node 'actve', did you mean 'active'?",
        ),
        ("N,3", [], "m.onnx: its input is Nx3, NxCxHxW or NxHxWxC is needed"),
    ],
)
def test_errors(convcli, here, size, call, message):
    text = CLASSIFIER if size.count(",") == 3 else "y = Relu (x)"
    save(here / "m.onnx", size, text, WEIGHTS if size.count(",") == 3 else {})
    done = convcli("net", "predict", "m.onnx", "coffee.png", *call)
    assert done.status in (1, 2)
    assert done.err.startswith(f"convcli: error: {message}")
    assert done.err.count("\n") == 1


def test_what_is_no_model(convcli, here):
    (here / "m.onnx").write_bytes(b"hello")
    done = convcli("net", "predict", "m.onnx", "coffee.png")
    assert done.status == 1
    assert done.err.startswith("convcli: error: m.onnx: cannot be run: ")
    assert done.err.count("\n") == 1


@pytest.mark.usefixtures("here")
def test_the_extra_is_named(convcli, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(onnx_prediction, "import_module", missing)
    done = convcli("net", "predict", "m.onnx", "coffee.png")
    assert done.err == (
        "convcli: error: m.onnx: ONNX models are run with pip install 'convcli[onnxruntime]'\n"
    )
