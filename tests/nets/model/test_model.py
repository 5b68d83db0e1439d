"""Whole networks at work: branches, gradients, and what happens to memory."""

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import program
from convcli.nets.model import Model
from convcli.nets.zoo import network


def made(text, size, dtype=np.float64, seed=0):
    model = Model(program(read_chain(text), size))
    rng = np.random.default_rng(seed)
    model.load(
        {
            name: rng.uniform(0.5, 1.5, shape).astype(dtype)
            if "running" in name
            else rng.normal(size=shape).astype(dtype)
            for name, shape in model.shapes().items()
        }
    )
    model.draw_from(np.random.default_rng(1))
    return model


def test_branches_join():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 4))
    model = made("concat( relu | | residual( relu | tanh | ) )", (3, 4, 4))
    relu = np.maximum(x, 0)
    assert np.array_equal(
        model.forward(x), np.concatenate([relu, x, relu + np.tanh(x) + x], axis=1)
    )


def _never_spare(forward):
    return lambda x, **_: forward(x)


@pytest.mark.parametrize(
    "text",
    [
        "residual( dropout relu ) flatten",  # dropout hands its input on: relu may not write into it
        "residual( flatten relu | flatten )",
        "relu residual( relu tanh | relu sigmoid | ) bn",
        "adaptive:4 residual( adaptive:4 relu )",
    ],
)
def test_nothing_that_is_needed_is_written_over(text, monkeypatch):
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 4))
    kept = x.copy()
    model = made(text, (3, 4, 4))
    found = model.forward(x)
    assert np.array_equal(x, kept)
    assert np.array_equal(found, model.forward(x, keep=[s.name for s in model.steps]))
    for op in model.operations.values():  # by hand, where nothing is spare
        monkeypatch.setattr(op, "forward", _never_spare(op.forward))
    assert np.array_equal(found, model.forward(x))


def test_kept_outputs_stay():
    model = made("conv:2,k3 relu relu", (1, 6, 6))
    x = np.random.default_rng(0).normal(size=(1, 1, 6, 6))
    found = model.forward(x, keep=["conv"])
    assert (model.kept["conv"] < 0).any()
    assert np.array_equal(np.maximum(model.kept["conv"], 0), found)


@pytest.mark.parametrize(
    "text",
    [
        "conv:4,k3,p1 bn relu residual( conv:4,k3,p1 bn relu | conv:4,k1 | ) relu gap flatten linear:3",
        "concat( conv:2,k1 sigmoid | maxpool:k3,s1,p1 conv:3,k1 | ) concat( | tanh ) flatten linear:2",
        "conv:3,k3 lrn:3 avgpool:k2 residual( relu residual( dropout:0.3 ) | ) flatten softmax",
        "conv:3,k3 sigmoid conv:2,k2 tanh bn sigmoid flatten linear:4 sigmoid linear:3 bn softmax",
        "relu residual( convt:2,k3,p1 sigmoid | conv:2,k1 residual( tanh | ) ) maxpool:k2 flatten",
    ],
)
def test_backward_through_a_network(text):
    model = made(text, (2, 6, 6))
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2, 2, 6, 6))
    weigh = rng.normal(size=(2, *model.steps[-1].output))

    def loss():
        model.draw_from(np.random.default_rng(1))
        return float((model.forward(x, training=True) * weigh).sum())

    loss()
    gradient = model.backward(weigh, inputs=True)
    learned = {
        (name, part): array.copy()
        for name, op in model.operations.items()
        for part, array in op.gradients.items()
    }
    h = 1e-6
    targets = [(x, gradient)]
    targets += [(model.operations[n].weights[p], array) for (n, p), array in learned.items()]
    for array, found in targets:
        for index in rng.choice(array.size, size=min(array.size, 12), replace=False):
            at = np.unravel_index(index, array.shape)
            old = array[at]
            array[at] = old + h
            above = loss()
            array[at] = old - h
            assert np.isclose((above - loss()) / (2 * h), found[at], atol=1e-5, rtol=1e-5)
            array[at] = old


@pytest.mark.parametrize(
    "text",
    [
        "conv:3,k3 relu flatten linear:2",
        "relu residual( tanh | ) concat( conv:2,k3 | maxpool:k3,s1 ) flatten linear:2",
        "avgpool:k2 bn residual( relu | ) flatten softmax",
        "flatten relu",
    ],
)
def test_without_the_gradient_by_the_input_the_weights_learn_the_same(text):
    model = made(text, (2, 6, 6))
    rng = np.random.default_rng(4)
    x = rng.normal(size=(3, 2, 6, 6))
    weigh = rng.normal(size=(3, *model.steps[-1].output))
    found = []
    for inputs in (True, False):
        model.forward(x, training=True)
        by_input = model.backward(weigh, inputs=inputs)
        assert (by_input is not None) == inputs
        found.append(
            {
                f"{name}.{part}": op.gradients.pop(part).tobytes()
                for name, op in model.operations.items()
                for part in op.weight_shapes()
            }
        )
    assert found[0] == found[1]
    assert list(found[0]) == list(model.shapes(learned=True))


def test_what_a_later_step_reads_is_not_written_over_in_training():
    model = made("conv:2,k1 residual( relu | sigmoid | bn tanh )", (1, 4, 4))
    x = np.random.default_rng(0).normal(size=(2, 1, 4, 4))
    names = [step.name for step in model.steps]
    plain = model.forward(x, training=True)
    kept = model.forward(x, training=True, keep=names)
    assert np.array_equal(plain, kept)
    assert (model.kept["conv"] < 0).any()
    assert np.array_equal(np.maximum(model.kept["conv"], 0), model.kept["relu"])
    assert np.array_equal(np.tanh(model.kept["bn"]), model.kept["tanh"])


def test_tensors_by_name():
    model = made("conv:2,k3 bn", (1, 6, 6))
    assert list(model.shapes()) == [
        *("conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")
    ]
    assert list(model.shapes(learned=False)) == ["bn.running_mean", "bn.running_var"]
    assert list(model.shapes(learned=True)) == list(model.shapes())[:4]
    assert set(model.tensors()) == set(model.shapes())


def test_the_input_has_to_fit():
    model = made("relu", (1, 6, 6))
    with pytest.raises(ConvError, match="input: got 3x6x6, 1x6x6 is needed"):
        model.forward(np.zeros((1, 3, 6, 6)))


def test_three_axes_are_counted_but_not_run():
    steps = program(read_chain("conv:2,k3"), (1, 6, 6, 6))
    with pytest.raises(ConvError, match="conv: networks are run on CxHxW, got 4 axes"):
        Model(steps)


@pytest.mark.parametrize("name", ["lenet", "lenet-bn", "resnet18", "googlenet", "densenet"])
def test_small_networks_of_the_chapter_run(name):
    row = network(name)
    size = row.input if row.input[1] == 28 else (1, 64, 64)
    model = Model(program(row.build(4), size))
    rng = np.random.default_rng(0)
    model.load({n: rng.uniform(0, 0.1, s).astype(np.float32) for n, s in model.shapes().items()})
    found = model.forward(rng.normal(size=(2, *size)).astype(np.float32))
    assert found.shape == (2, 4)
    assert found.dtype == np.float32


PRODUCTS = [
    ("multiply( relu | sigmoid )", (3, 4, 5)),
    ("conv:3,k1 multiply( | gap conv:2,k1 relu conv:3,k1 sigmoid )", (3, 4, 5)),
    ("multiply( conv:4,k3,p1 | tanh conv:1,k3,p1 sigmoid | gap conv:4,k1 )", (2, 4, 3)),
    ("concat( part:1/2 | part:2/2 conv:2,k3,p1 bn silu ) shuffle:2 conv:3,k1", (4, 4, 5)),
    ("concat( crop:1 | maxpool:k2 conv:2,k1 upsample:2 crop:1 ) residual( layerscale )", (2, 6, 6)),
]


@pytest.mark.parametrize(("text", "size"), PRODUCTS, ids=[t for t, _ in PRODUCTS])
def test_gradients_through_products_and_parts(text, size):
    model = made(text, size)
    x = np.random.default_rng(2).normal(size=(3, *size))
    weigh = np.random.default_rng(3).normal(size=model.forward(x).shape)

    def loss():
        return float((model.forward(x, training=True) * weigh).sum())

    loss()
    found = model.backward(weigh, inputs=True)
    arrays = [(x, found)]
    for op in model.operations.values():
        arrays += [(op.weights[part], op.gradients[part]) for part in op.weights]
    for array, gradient in arrays:
        expected = np.empty_like(array)
        for i in np.ndindex(array.shape):
            old = array[i]
            array[i] = old + 1e-6
            above = loss()
            array[i] = old - 1e-6
            expected[i] = (above - loss()) / 2e-6
            array[i] = old
        assert np.allclose(gradient, expected, atol=1e-6, rtol=1e-6)


def test_squeeze_and_excitation_is_a_product():
    whole = made("se:2,hard", (3, 4, 5))
    parts = made("multiply( | gap conv:2,k1 relu conv:3,k1 hardsigmoid )", (3, 4, 5))
    given = whole.tensors()
    names = {"conv1": "se.fc1", "conv2": "se.fc2"}
    parts.load(
        {f"{a}.{p}": given[f"{b}.{p}"] for a, b in names.items() for p in ("weight", "bias")}
    )
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    assert np.allclose(whole.forward(x), parts.forward(x), atol=1e-14)
    assert np.allclose(parts.forward(x, training=True), parts.forward(x), atol=1e-14)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("conv:2,k3,p1 upsample:2 conv:2,k3", (1, 6, 6)),
        ("conv:2,k3 upsample:2,bilinear conv:1,k2", (1, 7, 7)),
        ("conv:2,k3 upsample:3,bilinear", (1, 6, 6)),
        ("crop:1/2x0 maxpool:k2 upsample:2 crop:1", (1, 13, 8)),
        ("concat( crop:2 | conv:2,k3 maxpool:k2 convt:1,k2,s2 crop:1 ) conv:1,k3", (1, 10, 10)),
    ],
)
def test_receptive_fields_are_what_moves(text, size):
    """Change one column of the input at a time: each output column moves that sees it, and no other."""
    model = made(text, size)
    rng = np.random.default_rng(4)
    x = rng.uniform(1, 2, size=(1, *size))
    before = model.forward(x)
    fields = model.steps[-1].fields
    for column in range(size[2]):
        changed = x.copy()
        changed[..., column] += rng.uniform(9, 10, size=changed.shape[:3])
        moved = (model.forward(changed) != before).any(axis=(0, 1, 2))
        for unit, moves in enumerate(moved):
            first, last = fields[1].sees(unit)
            assert not moves or first <= column <= last
            # max pooling may hide what it does not choose
            assert moves or not first <= column <= last or "maxpool" in text


def test_what_all_of_the_input_has_a_part_in_is_said():
    for text in ("se:2", "multiply( | gap conv:3,k1 )", "concat( se:2 | )"):
        steps = program(read_chain(f"conv:3,k3 {text} conv:3,k3"), (3, 9, 9))
        assert steps[-1].whole
        assert [f.size for f in steps[-1].fields] == [5, 5]
        assert not steps[0].whole
    assert not program(read_chain("conv:3,k3 multiply( relu | sigmoid )"), (3, 9, 9))[-1].whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("multiply( conv:2,k1 | )", "inputs 2x6x6 and 4x6x6: its branches end in different sizes, "
         "one size, or 1 an axis, is needed"),
        ("multiply( flatten | )", "inputs 144 and 4x6x6: its branches end in different sizes, "
         "one size, or 1 an axis, is needed"),
        ("shuffle:3", "3 groups do not divide the 4 input channels"),
        ("groupnorm:3", "3 groups do not divide the 4 input channels"),
        ("part:1/3", "3 parts do not divide the 4 input channels"),
        ("crop:3", "crop takes 6 of 6 rows, at least one has to stay"),
        ("crop:1x1x1", "crop takes rows, one number or pair for all axes or one for each of 2"),
        ("part:3/2", "part: got '3/2', 1/2 to 2/2 is allowed"),
        ("se", "its out is missing, se:SQUEEZE[,silu][,hard] is allowed"),
        ("upsample:0", "scale: got '0', whole numbers from 1 to 1000000000 are allowed"),
    ],
)  # fmt: skip
def test_layers_that_cannot_be(text, message):
    with pytest.raises(ConvError) as caught:
        program(read_chain(text), (4, 6, 6))
    assert str(caught.value).endswith(message)
