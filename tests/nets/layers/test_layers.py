"""Every layer: forward against plain loops or the formula, backward against central differences in float64."""

import math
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from convcli.engine import threads
from convcli.engine.errors import ConvError
from convcli.nets.architecture.kinds import KINDS, read_layer
from convcli.nets.layers import OPERATIONS, convolution, memory_layout, operation, winograd
from tests import oracle

LAYERS = [
    ("conv:4,k3", (3, 7, 6)),
    ("conv:4,k3,s2,p1,nobias", (3, 8, 9)),
    ("conv:4,k3x2,s3x2,p0/1x2,d2,g2", (4, 10, 9)),
    ("conv:6,k1", (4, 5, 5)),
    ("conv:4,k1,s2,g2", (4, 5, 6)),
    ("conv:2,k1,p1", (3, 4, 4)),
    ("conv:2,k2,psame", (2, 5, 4)),
    ("conv:2,k3,p2,d2", (2, 7, 8)),
    ("conv:2,k2,p3", (2, 4, 5)),
    ("conv:9,k3,p1,g3", (3, 3, 3)),
    ("conv:9,k3,p1", (5, 2, 2)),  # more weights than cells
    ("dwconv:k3,p1", (3, 6, 5)),
    ("dwconv:6,k2,s2", (3, 6, 5)),
    ("convt:4,k3,s2,p1,op1", (3, 5, 4)),
    ("convt:4,k2x3,s1x2,d2,g2,nobias", (4, 4, 5)),
    ("maxpool:k2", (2, 6, 7)),
    ("maxpool:k3,s2,p1", (2, 7, 8)),
    ("maxpool:k3x2,s2x1,d2,ceil", (2, 8, 7)),
    ("maxpool:k1,s2", (2, 5, 5)),
    ("avgpool:k2", (2, 6, 7)),
    ("avgpool:k3,s2,p1", (2, 7, 8)),
    ("avgpool:k3,s2,p1,ceil,pad", (2, 8, 8)),
    ("gap", (3, 4, 5)),
    ("adaptive:3x2", (2, 7, 5)),
    ("adaptive:4", (2, 4, 4)),
    ("adaptive:1", (3, 4, 5)),
    ("lrn", (7, 3, 4)),
    ("lrn:4", (6, 3, 4)),
    ("lrn:5,alpha=0.5,beta=1.25,k=2", (7, 3, 4)),
    ("lrn:k=0.5,alpha=1e-2", (6, 2, 3)),
    ("bn", (3, 4, 5)),
    ("bn:0.1", (6,)),
    ("layernorm", (5, 3, 4)),
    ("layernorm:0.1", (6,)),
    ("groupnorm:2", (6, 3, 4)),
    ("groupnorm:3,eps=0.1", (6,)),
    ("layerscale", (5, 3, 4)),
    ("se:2", (5, 3, 4)),
    ("se:3,silu,hard", (4, 2, 3)),
    ("shuffle:2", (6, 3, 4)),
    ("part:1/2", (6, 3, 4)),
    ("part:3/3", (6, 3, 4)),
    ("upsample:2", (3, 4, 5)),
    ("upsample:1x3", (2, 4, 3)),
    ("upsample:2,bilinear", (3, 4, 5)),
    ("upsample:3x2,bilinear", (2, 3, 1)),
    ("crop:1", (3, 4, 5)),
    ("crop:0/2x1/0", (3, 4, 5)),
    ("relu", (3, 4, 5)),
    ("relu6", (3, 4, 5)),
    ("leakyrelu", (3, 4, 5)),
    ("leakyrelu:0.2", (6,)),
    ("hardswish", (3, 4, 5)),
    ("hardsigmoid", (3, 4, 5)),
    ("silu", (3, 4, 5)),
    ("gelu", (3, 4, 5)),
    ("sigmoid", (3, 4, 5)),
    ("tanh", (7,)),
    ("softmax", (4, 3, 2)),
    ("softmax", (6,)),
    ("dropout:0.4", (3, 4, 5)),
    ("flatten", (3, 4, 5)),
    ("linear:4", (6,)),
    ("linear:4,nobias", (6,)),
    ("linear:4,each", (6, 3, 2)),
    ("linear:4,nobias,each", (6,)),
]
IDS = [text for text, _ in LAYERS]


def made(text, size, rng, dtype=np.float64):
    """Make a layer with weights; running variances are positive."""
    op = operation(read_layer(text), size)
    op.weights = {k: rng.normal(size=s).astype(dtype) for k, s in op.weight_shapes().items()}
    op.buffers = {
        k: rng.uniform(0.5, 2, size=s).astype(dtype) for k, s in op.buffer_shapes().items()
    }
    op.rng = np.random.default_rng(5)
    return op


def test_every_kind_is_here():
    assert set(OPERATIONS) == set(KINDS) == {text.split(":")[0] for text in IDS}


@pytest.mark.parametrize(("text", "size"), LAYERS, ids=IDS)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_dtype(text, size, training, dtype):
    rng = np.random.default_rng(0)
    op = made(text, size, rng, dtype)
    op.training = training
    x = rng.normal(size=(3, *size)).astype(dtype)
    kept = x.copy()
    found = op.forward(x)
    assert found.shape == (3, *op.out_shape(size))
    assert found.dtype == dtype
    assert np.array_equal(x, kept)
    if not training:
        assert op.saved is None
        assert np.array_equal(op.forward(x.copy(), spare=True), found)


def numeric(function, at, h=1e-6):
    """Central differences of a number by every cell of an array, which is changed in place and back."""
    found = np.empty_like(at)
    for i in np.ndindex(at.shape):
        old = at[i]
        at[i] = old + h
        above = function()
        at[i] = old - h
        found[i] = (above - function()) / (2 * h)
        at[i] = old
    return found


@pytest.mark.parametrize(("text", "size"), LAYERS, ids=IDS)
def test_backward(text, size):
    rng = np.random.default_rng(1)
    op = made(text, size, rng)
    op.training = True
    x = rng.permutation(3 * int(np.prod(size))).reshape(3, *size) / 10 - 1.02  # no ties, no zeros
    weigh = rng.normal(size=(3, *op.out_shape(size)))

    def loss():
        op.rng = np.random.default_rng(5)
        return float((op.forward(x) * weigh).sum())

    loss()
    gradient = op.backward(weigh)
    learned = dict(op.gradients)
    assert set(learned) == set(op.weight_shapes())
    assert np.allclose(gradient, numeric(loss, x), atol=1e-6, rtol=1e-6)
    for name, array in op.weights.items():
        assert np.allclose(learned[name], numeric(loss, array), atol=1e-6, rtol=1e-6), name


CONVOLUTIONS = [(t, s) for t, s in LAYERS if t.startswith(("conv:", "dwconv"))]


@pytest.mark.parametrize("band", [8, 300, convolution.BAND])
@pytest.mark.parametrize(("text", "size"), CONVOLUTIONS, ids=[t for t, _ in CONVOLUTIONS])
def test_convolution_against_loops(text, size, band, monkeypatch):
    monkeypatch.setattr(convolution, "BAND", band)
    monkeypatch.setattr(convolution, "WIDE", band)
    rng = np.random.default_rng(2)
    op = made(text, size, rng)
    x = rng.normal(size=(3, *size))
    axes = op.windows(size)
    found = oracle.correlate(
        x,
        op.weights["weight"],
        padding=[(a.before, a.after) for a in axes],
        stride=[a.s for a in axes],
        dilation=[a.d for a in axes],
        bias=op.weights.get("bias"),
        groups=op.groups,
    )
    assert np.allclose(op.forward(x), found.astype(float), atol=1e-12)
    # the adjoints: <conv(x), y> is linear in both arguments
    op.weights.pop("bias", None)
    op.training = True
    y = rng.normal(size=found.shape)
    product = (op.forward(x) * y).sum()
    assert np.isclose((op.backward(y) * x).sum(), product)
    assert np.isclose((op.gradients["weight"] * op.weights["weight"]).sum(), product)


WINDOWS = ["", ",p1", ",p2", ",p0/1x1/0", ",psame", ",p3,nobias"]


@pytest.mark.parametrize("band", [1, winograd.BAND])
@pytest.mark.parametrize("more", WINDOWS)
@pytest.mark.parametrize("size", [(3, 7, 9), (2, 4, 4), (4, 12, 5), (1, 3, 3)])
def test_tiles_against_loops(size, more, band, monkeypatch):
    monkeypatch.setattr(winograd, "BAND", band)
    monkeypatch.setattr(winograd, "TILES", 1)
    monkeypatch.setattr(winograd, "CHANNELS", 1)
    rng = np.random.default_rng(11)
    op = made(f"conv:5,k3{more}", size, rng, np.float32)
    x = rng.normal(size=(2, *size)).astype(np.float32)
    axes, weight, bias = op.windows(size), op.weights["weight"], op.weights.get("bias")
    assert winograd.pays(x, weight, axes, 1)
    found = winograd.convolve(x, weight, axes, bias)
    expected = oracle.correlate(
        x.astype(float), weight, padding=[(a.before, a.after) for a in axes], bias=bias
    ).astype(float)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 2e-5 * np.abs(expected).max()
    assert np.array_equal(op.forward(x), found)  # what a prediction uses
    op.training = True
    assert np.allclose(op.forward(x), expected, atol=1e-5)


def test_tiles_serve_only_what_they_can():
    x = np.zeros((1, 64, 32, 32), np.float32)
    layers = ["conv:64,k3", "conv:64,k3,s2", "conv:64,k3,d2", "conv:64,k3,g2", "conv:64,k5"]
    layers += ["conv:63,k3", "conv:64,k3x1"]
    pays = []
    for text in layers:
        op = made(text, (64, 32, 32), np.random.default_rng(0), np.float32)
        weight = op.weights["weight"]
        pays.append(winograd.pays(x, weight, op.windows((64, 32, 32)), op.groups))
        assert not winograd.pays(x.astype(float), weight, op.windows((64, 32, 32)), op.groups)
    assert pays == [True, *[False] * 6]


def test_tiles_are_precise_with_many_channels():
    rng = np.random.default_rng(12)
    op = made("conv:64,k3,p1", (256, 28, 28), rng, np.float32)
    x = rng.normal(size=(1, 256, 28, 28)).astype(np.float32)
    axes, weight = op.windows(x.shape[1:]), op.weights["weight"]
    found = winograd.convolve(x, weight, axes)
    exact = convolution.convolve(x.astype(float), weight.astype(float), axes)
    assert np.abs(found - exact).max() <= 3e-5 * np.abs(exact).max()


@pytest.mark.parametrize(("text", "size"), LAYERS, ids=IDS)
def test_however_the_batch_lies(text, size):
    rng = np.random.default_rng(8)
    op = made(text, size, rng)
    op.training = True
    x = rng.normal(size=(3, *size))
    weigh = rng.normal(size=(3, *op.out_shape(size)))

    def answers(lying):
        op.rng = np.random.default_rng(5)
        found = op.forward(lying(x)), op.backward(lying(weigh))
        return [*found, *op.gradients.values()]

    plain = answers(np.ascontiguousarray)
    for lying in (_batch_last, _apart):
        for found, expected in zip(answers(lying), plain, strict=True):
            assert np.allclose(found, expected, atol=1e-12, rtol=1e-12)


def _batch_last(x):
    return memory_layout.outer(memory_layout.inner(x))


def _apart(x):
    """Cells that are not neighbours in memory."""
    wide = np.full((*x.shape[:-1], 2 * x.shape[-1]), np.nan)
    wide[..., ::2] = x
    return wide[..., ::2]


@pytest.fixture
def pool(monkeypatch):
    """Have threads on a machine of one core too, and share out the smallest maps."""
    with ThreadPoolExecutor(2) as pool:
        monkeypatch.setattr(threads, "_pool", lambda: pool)
        monkeypatch.setattr(memory_layout, "SHARED", 1)
        yield pool


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize(("text", "size"), LAYERS, ids=IDS)
def test_threads_change_no_byte(text, size, monkeypatch):
    rng = np.random.default_rng(13)
    op = made(text, size, rng, np.float32)
    op.training = True
    x = rng.normal(size=(3, *size)).astype(np.float32)
    weigh = rng.normal(size=(3, *op.out_shape(size))).astype(np.float32)
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(memory_layout, "workers", lambda count=count: count)
        op.rng = np.random.default_rng(5)
        answers = [op.forward(x), op.backward(weigh), *op.gradients.values()]
        found.append([a.tobytes() for a in answers])
    assert found[0] == found[1] == found[2]


@pytest.mark.usefixtures("pool")
def test_threads_heed_what_numpy_is_told(monkeypatch):
    monkeypatch.setattr(memory_layout, "workers", lambda: 2)
    seen = set()

    def work(part):
        seen.add(threading.get_ident())
        barrier.wait(timeout=30)
        np.float32(1e38) * np.ones(3, np.float32)[part] * np.float32(1e38)

    barrier = threading.Barrier(2)
    with np.errstate(over="ignore"):
        memory_layout.by_channels(work, 2, 2)
    assert len(seen) == 2
    with pytest.raises(RuntimeWarning, match="overflow"):
        memory_layout.by_channels(work, 2, 2)


def test_memory_that_is_used_again_holds_nothing_back():
    rng = np.random.default_rng(9)
    layers = [made(t, s, rng) for t, s in LAYERS if t.startswith(("conv", "dwconv", "max", "avg"))]
    given = [rng.normal(size=(2, *op.size)) for op in layers]
    for op in layers:
        op.training = True

    def answers(order):
        found = {}
        for i in order:
            out = layers[i].forward(given[i])
            found[i] = out, layers[i].backward(np.cos(out)), *layers[i].gradients.values()
        return found

    first = answers(range(len(layers)))
    copies = {i: [a.copy() for a in arrays] for i, arrays in first.items()}
    second = answers(rng.permutation(len(layers)))
    for i, arrays in copies.items():
        for kept, held, again in zip(arrays, first[i], second[i], strict=True):
            assert np.array_equal(kept, held)  # what was returned is nobody's scratch
            assert np.array_equal(kept, again)


POOLS = [(t, s) for t, s in LAYERS if t.startswith(("maxpool", "avgpool"))]
TIED = [
    ("maxpool:k3,s1,p1", (2, 6, 5)),
    ("maxpool:k2x3,s2", (1, 7, 8)),
    ("maxpool:k2,s3", (1, 8, 8)),
    ("maxpool:k4,s1x3,p2x1", (1, 6, 9)),
    ("maxpool:k2,s2,d3", (1, 9, 9)),
]


@pytest.mark.parametrize(("text", "size"), POOLS, ids=[t for t, _ in POOLS])
def test_pooling_against_loops(text, size):
    op = made(text, size, np.random.default_rng(3))
    x = np.random.default_rng(4).normal(size=(2, *size))
    axes = op.windows(size)
    found = oracle.pool(
        x,
        [a.k for a in axes],
        mode=text[:3],
        stride=[a.s for a in axes],
        padding=[(a.before, a.after) for a in axes],
        dilation=[a.d for a in axes],
        ceil="ceil" in text,
        include_pad="pad" in text.split(",")[1:],
    )
    assert np.allclose(op.forward(x), found.astype(float), atol=1e-12)


@pytest.mark.parametrize(("text", "size"), [(t, s) for t, s in POOLS if t.startswith("max")] + TIED)
def test_of_equal_cells_the_first_wins_everywhere(text, size):
    rng = np.random.default_rng(10)
    op = made(text, size, rng)
    op.training = True
    x = rng.integers(0, 3, size=(2, *size)).astype(float)
    gradient = rng.integers(1, 9, size=(2, *op.out_shape(size))).astype(float)
    op.forward(x)
    down, across = op.windows(size)
    expected = np.zeros_like(x)
    for n, c, i, j in np.ndindex(gradient.shape):
        cells = [
            (down.s * i + down.d * u - down.before, across.s * j + across.d * v - across.before)
            for u in range(down.k)
            for v in range(across.k)
        ]
        inside = [(y, z) for y, z in cells if 0 <= y < size[1] and 0 <= z < size[2]]
        if inside:
            y, z = max(inside, key=lambda at: x[n, c, *at])  # the first of equal ones
            expected[n, c, y, z] += gradient[n, c, i, j]
    assert np.array_equal(op.backward(gradient), expected)


def test_of_equal_cells_the_first_wins():
    op = made("maxpool:k2", (1, 2, 4), np.random.default_rng(0))
    op.training = True
    op.forward(np.array([[[[1.0, 1, 0, 2], [1, 0, 2, 2]]]]))
    assert op.backward(np.array([[[[5.0, 7]]]])).tolist() == [[[[5, 0, 0, 7], [0, 0, 0, 0]]]]


def test_batch_norm_follows_the_batches():
    rng = np.random.default_rng(6)
    op = made("bn", (2, 4, 4), rng)
    before = {name: array.copy() for name, array in op.buffers.items()}
    x = rng.normal(3, 2, size=(5, 2, 4, 4))
    op.training = True
    found = op.forward(x)
    by_hand = (x - x.mean((0, 2, 3), keepdims=True)) / np.sqrt(
        x.var((0, 2, 3), keepdims=True) + 1e-5
    )
    weight, bias = (op.weights[k].reshape(1, 2, 1, 1) for k in ("weight", "bias"))
    assert np.allclose(found, by_hand * weight + bias)
    assert np.allclose(
        op.buffers["running_mean"], 0.9 * before["running_mean"] + 0.1 * x.mean((0, 2, 3))
    )
    assert np.allclose(
        op.buffers["running_var"], 0.9 * before["running_var"] + 0.1 * x.var((0, 2, 3))
    )
    op.training = False
    mean, var = (op.buffers[k].reshape(1, 2, 1, 1) for k in ("running_mean", "running_var"))
    assert np.allclose(op.forward(x), (x - mean) / np.sqrt(var + 1e-5) * weight + bias)


def test_response_norm_is_its_formula():
    x = np.random.default_rng(7).normal(scale=30, size=(1, 6, 1, 1))
    found = made("lrn:4", (6, 1, 1), np.random.default_rng(0)).forward(x)[0, :, 0, 0]
    cells = x[0, :, 0, 0]
    for c in range(6):
        near = cells[max(c - 2, 0) : c + 2]
        assert np.isclose(found[c], cells[c] / (1 + 1e-4 / 4 * (near**2).sum()) ** 0.75)


def test_response_norm_takes_its_numbers():
    """PyTorch's LocalResponseNorm, written out: beyond the first and the last channel stand zeros."""
    x = np.random.default_rng(7).normal(scale=3, size=(1, 6, 1, 1))
    layer = "lrn:3,alpha=0.5,beta=2,k=1.5"
    found = made(layer, (6, 1, 1), np.random.default_rng(0)).forward(x)[0, :, 0, 0]
    cells = np.pad(x[0, :, 0, 0], 1)
    near = [(cells[c : c + 3] ** 2).mean() for c in range(6)]
    np.testing.assert_allclose(found, cells[1:-1] / (1.5 + 0.5 * np.array(near)) ** 2)


def test_activations_at_the_ends():
    x = np.array([[-1000.0, -1.0, 0.0, 1000.0]], np.float32)
    rng = np.random.default_rng(0)
    assert made("sigmoid", (4,), rng).forward(x).tolist()[0][::3] == [0.0, 1.0]
    assert np.isclose(made("sigmoid", (4,), rng).forward(x)[0, 1], 1 / (1 + np.e), rtol=1e-6)
    assert made("softmax", (4,), rng).forward(x).tolist() == [[0, 0, 0, 1]]
    assert made("relu", (4,), rng).forward(x).tolist() == [[0, 0, 0, 1000]]


def test_dropout_keeps_the_mean():
    op = made("dropout:0.25", (1000,), np.random.default_rng(0))
    op.training = True
    found = op.forward(np.ones((50, 1000), np.float32))
    assert set(np.unique(found)) == {np.float32(0), np.float32(4 / 3)}
    assert abs(found.mean() - 1) < 0.02
    op.training = False
    x = np.ones((2, 1000))
    assert op.forward(x) is x


def test_only_maps_are_run():
    with pytest.raises(ConvError, match="networks are run on CxHxW, got 2 axes"):
        operation(read_layer("relu"), (3, 9))


def test_activations_are_their_formulas():
    x = np.linspace(-40, 40, 4001)

    def logistic(v):
        return 1 / (1 + math.exp(-v)) if v > -700 else 0.0

    formulas = {
        "relu6": lambda v: min(max(v, 0), 6),
        "leakyrelu:0.2": lambda v: v if v > 0 else 0.2 * v,
        "hardsigmoid": lambda v: min(max(v + 3, 0), 6) / 6,
        "hardswish": lambda v: v * min(max(v + 3, 0), 6) / 6,
        "silu": lambda v: v * logistic(v),
        "gelu": lambda v: v * math.erfc(-v / 2**0.5) / 2,
    }
    for text, formula in formulas.items():
        op = made(text, (4001,), np.random.default_rng(0))
        expected = np.array([formula(v) for v in x])
        assert np.allclose(op.forward(x[None])[0], expected, rtol=1e-13, atol=1e-15), text
        short = op.forward(x[None].astype(np.float32))[0]
        assert np.allclose(short, expected, rtol=1e-6, atol=1e-6), text
        op.training = True
        op.forward(x[None] + 1e-3)  # away from the corners
        sides = [np.array([formula(v + 1e-3 + h) for v in x]) for h in (1e-5, -1e-5)]
        slopes = op.backward(np.ones((1, 4001)))[0]
        assert np.allclose(slopes, (sides[0] - sides[1]) / 2e-5, atol=1e-7), text


def test_bilinear_upsampling_is_between_the_middles():
    op = made("upsample:2,bilinear", (1, 1, 3), np.random.default_rng(0))
    found = op.forward(np.array([[[[0.0, 4, 8]]]]))[0, 0]
    assert found.tolist() == [[0, 1, 3, 5, 7, 8]] * 2  # PyTorch's, align_corners=False


def test_norms_are_their_formulas():
    x = np.random.default_rng(1).normal(3, 2, size=(2, 6, 4, 5))
    for text, axes in (("layernorm:0.1", (1,)), ("groupnorm:2,eps=0.1", (2, 3, 4))):
        op = made(text, (6, 4, 5), np.random.default_rng(2))
        cells = x.reshape(2, 2, 3, 4, 5) if "group" in text else x
        mean, var = cells.mean(axes, keepdims=True), cells.var(axes, keepdims=True)
        expected = ((cells - mean) / np.sqrt(var + 0.1)).reshape(x.shape)
        weight, bias = (op.weights[k].reshape(6, 1, 1) for k in ("weight", "bias"))
        assert np.allclose(op.forward(x), expected * weight + bias)
