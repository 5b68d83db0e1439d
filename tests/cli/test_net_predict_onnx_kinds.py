"""What ONNX models `convcli net predict` runs, against onnx's reference evaluator."""

import csv
import io
import json
import re

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra convcli[onnx] is not installed")
pytest.importorskip("onnxruntime", reason="the extra convcli[onnxruntime] is not installed")
# ruff: noqa: E402
from onnx import numpy_helper, parser
from onnx.reference import ReferenceEvaluator
from PIL import Image

BODY = (
    "a = Conv <pads=[1,1,1,1]> ({x}, w) r = Relu (a) g = GlobalAveragePool (r) f = Flatten (g)"
    " l = Gemm <transB=1> (f, m) y = {end} (l)"
)
KINDS = {
    "open batch": ("float[N,3,6,8] x", "", "x"),
    "batches of four": ("float[4,3,6,8] x", "", "x"),
    "channels last": ("float[N,6,8,3] x", "t = Transpose <perm=[0,3,1,2]> (x) ", "t"),
    "bytes": ("uint8[N,3,6,8] x", "t = Cast <to=1> (x) ", "t"),
    "halves": ("float16[N,3,6,8] x", "t = Cast <to=1> (x) ", "t"),
    "open size": ("float[N,3,H,W] x", "", "x"),
}


@pytest.fixture
def made(tmp_path):
    def make(kind="open batch", end="Identity", name="m.onnx"):
        taken, before, x = KINDS[kind]
        text = before + BODY.format(x=x, end=end)
        model = parser.parse_model(
            f'<ir_version: 8, opset_import: ["" : 18]> g ({taken}) => (float[K,5] y) {{ {text} }}'
        )
        rng = np.random.default_rng(0)
        held = {"w": rng.normal(size=(4, 3, 3, 3)), "m": rng.normal(size=(5, 4))}
        for key, value in held.items():
            model.graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), key))
        onnx.save(model, tmp_path / name)
        return model

    return make


@pytest.fixture
def pictures(tmp_path):
    found = np.random.default_rng(1).integers(0, 256, (5, 6, 8, 3), np.uint8)
    for i, pixels in enumerate(found):
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    return found


NAMES = [f"{i}.png" for i in range(5)]


def reference(model, kind, pictures):
    """What the evaluator gives for each picture, one at a time (batches of four: the same one four times)."""
    found = []
    for pixels in pictures:
        x = pixels if kind == "bytes" else (pixels / np.float32(255)).astype(np.float32)
        x = x if kind == "channels last" else np.moveaxis(x, -1, 0)
        x = x.astype(np.float16) if kind == "halves" else x
        x = np.stack([x] * (4 if "four" in kind else 1))
        found.append(ReferenceEvaluator(model).run(None, {"x": x})[0][0])
    return np.array(found)


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_takes_pictures(convcli, tmp_path, made, pictures, kind):
    model = made(kind)
    size = ("--input", "3x6x8") if kind == "open size" else ()
    done = convcli("net", "predict", "m.onnx", *NAMES, *size, "-o", "x.npy")
    assert done.status == 0, done.err
    wanted = reference(model, kind, pictures)
    tolerance = 2e-3 if kind == "halves" else 1e-5
    away = tolerance * np.abs(wanted).max()
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), wanted, rtol=0, atol=away)


@pytest.mark.parametrize("end", ["Softmax", "Identity"])
def test_probabilities_labels_and_top(convcli, tmp_path, made, pictures, end):
    model = made(end=end)
    (tmp_path / "names.txt").write_text("ant\nbee\ncat\ndog\nelk\n")
    done = convcli("net", "predict", "m.onnx", "0.png", "--top", 2, "--labels", "names.txt")
    rows = list(csv.DictReader(io.StringIO(done.text)))
    [scores] = reference(model, "", pictures[:1])
    shares = scores if end == "Softmax" else np.exp(scores) / np.exp(scores).sum()
    best = np.argsort(-shares)[:2]
    assert [row["label"] for row in rows] == [("ant", "bee", "cat", "dog", "elk")[c] for c in best]
    np.testing.assert_allclose([float(row["probability"]) for row in rows], shares[best], rtol=1e-5)


def test_preparation(convcli, tmp_path, made, pictures):
    model = made()
    options = ("--mean", "0.5,0.4,0.3", "--std", "0.2,0.3,0.4")
    assert convcli("net", "predict", "m.onnx", "0.png", *options, "-o", "x.npy").status == 0
    x = (pictures[0] / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.3, 0.4]
    x = np.moveaxis(x, -1, 0)[None].astype(np.float32)
    wanted = ReferenceEvaluator(model).run(None, {"x": x})[0]
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", ["Conv_1", "a"])
def test_features(convcli, tmp_path, made, pictures, layer):
    model = made()
    done = convcli("net", "predict", "m.onnx", "0.png", "--features", layer, "-o", "x.npy")
    assert done.status == 0, done.err
    model.graph.output[0].name = "a"
    [wanted] = reference(model, "", pictures[:1])
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), wanted, rtol=1e-4, atol=1e-5)
    assert convcli("net", "predict", "m.onnx", "0.png", "--features", layer).status == 0
    assert (tmp_path / "0-features.png").exists()


def test_more_pictures_in_a_file_than_the_model_has_room_for(convcli, tmp_path, made, pictures):
    model = made("batches of four")
    np.save(tmp_path / "x.npy", np.moveaxis(pictures, -1, 1) / 255)
    assert convcli("net", "predict", "m.onnx", "x.npy", "-o", "y.npy").status == 0
    wanted = reference(model, "batches of four", pictures)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), wanted, rtol=1e-4, atol=1e-5)


def test_maps_are_no_answers(convcli, tmp_path, made, pictures):  # noqa: ARG001
    model = made()
    del model.graph.node[1:]
    model.graph.output[0].name = "a"
    model.graph.output[0].type.tensor_type.ClearField("shape")
    (tmp_path / "maps.onnx").write_bytes(model.SerializeToString())
    done = convcli("net", "predict", "maps.onnx", "0.png")
    assert done.status == 2
    assert "maps.onnx: its output a is 4x6x8, no score a class: --features a" in done.err


@pytest.mark.parametrize("end", ["Sigmoid", "HardSigmoid"])
def test_probabilities_of_each_class_by_itself_stay_what_they_are(convcli, made, pictures, end):
    model = made(end=end)
    done = convcli("net", "predict", "m.onnx", "0.png")
    rows = list(csv.DictReader(io.StringIO(done.text)))
    [scores] = reference(model, "", pictures[:1])
    assert [int(row["class"]) for row in rows] == np.argsort(-scores, kind="stable").tolist()
    np.testing.assert_allclose(
        [float(row["probability"]) for row in rows], np.sort(scores)[::-1], rtol=1e-5
    )


def ends_otherwise(model, path, tail, *, kind="float", shape="[K,5]"):
    """Let the model end in other operators behind its scores."""
    other = parser.parse_graph(f"g (float[K,5] l) => ({kind}{shape} y) {{ {tail} }}")
    del model.graph.node[-1]
    model.graph.node.extend(other.node)
    model.graph.output[0].CopyFrom(other.output[0])
    model.graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "one"))
    model.graph.initializer.append(numpy_helper.from_array(np.array([0], np.int64), "zero"))
    model.graph.initializer.append(numpy_helper.from_array(np.array([-1, 5], np.int64), "size"))
    onnx.save(model, path)


def test_one_sigmoid_is_one_probability(convcli, tmp_path, made, pictures):
    model = made()
    ends_otherwise(
        model, tmp_path / "m.onnx", "e = Slice (l, zero, one, one) y = Sigmoid (e)", shape="[K,1]"
    )
    done = convcli("net", "predict", "m.onnx", "0.png", "--json")
    [scores] = reference(model, "", pictures[:1])
    [best] = json.loads(done.text)[0]["top"]
    assert best["probability"] == pytest.approx(float(scores[0]), rel=1e-5)


@pytest.mark.parametrize(
    ("tail", "kind", "shape", "held"),
    [
        ("e = Slice (l, zero, one, one) y = Relu (e)", "float", "[K,1]", "one number"),
        ("y = ArgMax <axis=1> (l)", "int64", "[K,1]", r"whole numbers \(ArgMax\)"),
    ],
)
def test_what_is_no_score_a_class_is_refused(
    convcli,
    tmp_path,
    made,
    pictures,  # noqa: ARG001
    tail,
    kind,
    shape,
    held,
):
    ends_otherwise(made(), tmp_path / "m.onnx", tail, kind=kind, shape=shape)
    done = convcli("net", "predict", "m.onnx", "0.png")
    assert done.status == 2
    assert re.search(f"m.onnx: its output y is {held}, no score a class: --features y", done.err)
    assert (
        convcli("net", "predict", "m.onnx", "0.png", "--features", "y", "-o", "x.npy").status == 0
    )


def test_a_softmax_behind_which_only_the_shape_changes(convcli, tmp_path, made, pictures):
    model = made()
    ends_otherwise(
        model, tmp_path / "m.onnx", "e = Softmax (l) i = Identity (e) y = Reshape (i, size)"
    )
    done = convcli("net", "predict", "m.onnx", "0.png", "--json")
    [scores] = reference(model, "", pictures[:1])
    shares = [one["probability"] for one in json.loads(done.text)[0]["top"]]
    np.testing.assert_allclose(shares, np.sort(scores)[::-1][: len(shares)], rtol=1e-5)
