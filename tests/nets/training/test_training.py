"""Training: the loss falls, the steps are those of the formulas, a run can be broken off anywhere."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.nets.architecture.builders import scaled
from convcli.nets.architecture.parser import Repeat, read_chain
from convcli.nets.architecture.steps import program
from convcli.nets.model import Model, initializers
from convcli.nets.training import Batch, Epoch, Training, frozen_layers
from convcli.nets.training.evaluation import cross_entropy, evaluated, scoring
from convcli.nets.training.examples import Examples, stratified
from convcli.nets.training.optimizers import OPTIMIZERS
from convcli.nets.zoo import NETWORKS, Preparation
from convcli.nets.zoo.recipes import SCHEDULES, Recipe

HOW = Preparation()
SMALL = "conv:4,k3,p1 bn relu maxpool:k2 flatten dropout:0.3 linear:3"


def model_of(net, size, seed=0, method="he"):
    model = Model(program(net, size))
    initializers.start(model, method, np.random.default_rng(seed))
    return scoring(model)


def blobs(count, size, classes, seed=0):
    """Pictures with one bright corner each: which corner is the class."""
    chance = np.random.default_rng(seed)
    y = np.arange(count) % classes
    x = chance.integers(0, 60, (count, *size)).astype(np.uint8)
    half = size[1] // 2
    for picture, c in zip(x, y, strict=True):
        picture[:, (c // 2) * half :][:, :half, (c % 2) * half :][:, :, :half] += 180
    return Examples(x, y.astype(np.int64), tuple(map(str, range(classes))), 255)


def small(seed=0, **recipe):
    model = model_of(read_chain(SMALL), (1, 8, 8), seed)
    told = {"epochs": 4, "batch": 8, "lr": 0.01} | recipe
    return Training(model, Recipe(**told), (1, 8, 8), HOW, seed)


def _flat(net):
    for node in net:
        if isinstance(node, Repeat):
            yield from node.items * node.times
        else:
            yield node


SIZES = {"alexnet": 96, "nin": 96, "lenet": 28, "lenet-bn": 28, "lenet-avg": 28}
CHAPTER = [name for name in NETWORKS if "/" not in name and not name.startswith("unet")]


LONG = ("googlenet", "vgg13", "vgg16", "vgg19")
"""vgg11 has all their kinds of layers but those of GoogLeNet's blocks, whose gradients have tests of their own."""


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.full] if n in LONG else []) for n in CHAPTER]
)
def test_every_network_of_the_chapter_lowers_its_loss(name):
    row = NETWORKS[name]
    size = (1, *(SIZES.get(name, 32),) * 2)
    net = scaled(row.build(3), 1 if "lenet" in name else 0.125)
    # 16 million weights between two layers of 4096 are slow to step, and no other case
    net = tuple(replace(n, out=64) if getattr(n, "out", 0) == 4096 else n for n in _flat(net))
    training = Training(
        model_of(net, size, method=row.recipe.start),
        row.recipe.told(epochs=12, batch=6, lr=0.001 if "lenet" not in name else None),
        size,
        HOW,
    )
    examples = blobs(6, size, 3)
    losses = [record.loss for record in training.run(examples) if isinstance(record, Batch)]
    assert len(losses) == 12
    assert all(map(math.isfinite, losses))
    assert min(losses[-3:]) < 0.9 * losses[0]


def test_the_loss_and_its_gradient():
    chance = np.random.default_rng(0)
    logits, y = chance.normal(size=(4, 5)), np.array([0, 3, 4, 3])
    loss, correct, gradient = cross_entropy(logits, y)
    by_hand = -sum(math.log(np.exp(row[c]) / np.exp(row).sum()) for row, c in zip(logits, y))  # noqa: B905
    assert math.isclose(loss, by_hand)
    assert correct == sum(max(range(5), key=row.__getitem__) == c for row, c in zip(logits, y))  # noqa: B905
    for i, j in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[i, j] = 1e-6
        slope = (cross_entropy(logits + step, y)[0] - cross_entropy(logits - step, y)[0]) / 2e-6
        assert math.isclose(gradient[i, j], slope / 4, abs_tol=1e-8)
    assert math.isclose(cross_entropy(np.array([[1000.0, 0.0]]), np.array([1]))[0], 1000)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_follows_its_formula(name):
    chance = np.random.default_rng(1)
    weight = chance.normal(size=7)
    found, gradients = weight.copy(), chance.normal(size=(5, 7))
    recipe = Recipe(optimizer=name, momentum=0.8)
    slots = {slot: np.zeros(7) for slot in OPTIMIZERS[name].slots}
    expected, velocity, mean, square = weight.copy(), 0, 0, 0
    for t, g in enumerate(gradients, 1):
        OPTIMIZERS[name].step(found, g.copy(), slots, 0.1, recipe, t)
        if name == "sgd":
            velocity = 0.8 * velocity + g
            expected = expected - 0.1 * velocity
        else:
            mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g**2
            corrected = mean / (1 - 0.9**t), square / (1 - 0.999**t)
            expected = expected - 0.1 * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
    assert np.allclose(found, expected, rtol=1e-12)


def test_weight_decay_pulls_at_weights_alone():
    plain, decayed = (small(weight_decay=w, optimizer="sgd", lr=0.1, momentum=0) for w in (0, 0.5))
    before = {name: array.copy() for name, array in plain.model.tensors().items()}
    examples = blobs(8, (1, 8, 8), 3)
    for training in (plain, decayed):
        next(training.run(examples))
    for name, array in decayed.model.tensors().items():
        pulled = 0.05 * before[name] if before[name].ndim > 1 else 0
        assert np.allclose(array, plain.model.tensors()[name] - pulled, atol=1e-6), name


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [1, 1, 1, 1, 1, 1]),
        ("step", [1, 1, 0.1, 0.1, 0.01, 0.01]),
        ("cosine", [1, 0.933013, 0.75, 0.5, 0.25, 0.066987]),
        ("step:2,0.5", [1, 1, 0.5, 0.5, 0.25, 0.25]),
        ("step:5", [1, 1, 1, 1, 1, 0.1]),
    ],
)
def test_schedules(schedule, rates):
    recipe = Recipe(epochs=6, lr=1, schedule=schedule)
    assert [round(recipe.rate(e), 6) for e in range(6)] == rates


def test_every_schedule_begins_at_the_full_rate_and_never_rises():
    for name in SCHEDULES:
        rates = [Recipe(epochs=7, schedule=name).rate(t) for t in np.linspace(0, 6.99, 50)]
        assert rates[0] == Recipe.lr
        assert sorted(rates, reverse=True) == rates


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lr": 0}, "--lr: got 0, a number above 0"),
        ({"lr": math.nan}, "--lr: got nan"),
        ({"momentum": 1.0}, "--momentum: got 1, 0 up to 1"),
        ({"weight_decay": -1.0}, "--weight-decay: got -1"),
        ({"schedule": "cosin"}, "unknown schedule 'cosin', did you mean 'cosine'"),
        ({"schedule": "step:0"}, "unknown schedule 'step:0'"),
    ],
)
def test_recipes_that_cannot_be(wrong, message):
    with pytest.raises(ConvError, match="^" + message):
        Recipe(**wrong)
    with pytest.raises(ConvError, match="no 'x'"):
        Recipe.of({"x": 1})


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("stop", [1, 3, 4, 9])
def test_a_run_that_was_broken_off_goes_on_to_the_same_weights(optimizer, stop):
    examples, test = blobs(22, (1, 8, 8), 3), blobs(5, (1, 8, 8), 3, 9)
    whole = small(optimizer=optimizer)
    records = list(whole.run(examples, test))
    part = small(optimizer=optimizer)
    course = part.run(examples, test)
    taken = [next(course) for _ in range(stop)]
    saved = json.loads(json.dumps(part.record()))
    weights = {name: array.copy() for name, array in part.model.tensors().items()}
    slots = {name: array.copy() for name, array in part.tensors().items()}
    rest = small(optimizer=optimizer)
    rest.model.load(weights)
    rest.resume(saved, slots)
    taken += list(rest.run(examples, test))
    assert [r for r in taken if isinstance(r, Epoch)] == [
        r for r in records if isinstance(r, Epoch)
    ]
    for name, array in whole.model.tensors().items():
        assert np.array_equal(array, rest.model.tensors()[name]), name
    assert rest.record() == whole.record()


def test_the_seed_decides():
    def weights(seed):
        training = small(seed)
        list(training.run(blobs(22, (1, 8, 8), 3)))
        return np.concatenate([a.ravel() for a in training.model.tensors().values()])

    assert np.array_equal(weights(1), weights(1))
    assert not np.array_equal(weights(1), weights(2))


def test_what_is_counted():
    training, examples = small(epochs=1), blobs(22, (1, 8, 8), 3)
    *batches, epoch = training.run(examples, examples)
    assert [b.done for b in batches] == [8, 16, 22]
    assert math.isclose(
        epoch.loss, (8 * batches[0].loss + 8 * batches[1].loss + 6 * batches[2].loss) / 22
    )
    assert epoch.accuracy == batches[-1].accuracy
    found = evaluated(training.model, examples, (1, 8, 8), HOW)
    assert (epoch.test_loss, epoch.test_accuracy) == (found.loss, found.accuracy)
    assert found.confusion.sum() == 22
    assert found.confusion.sum(axis=1).tolist() == [8, 7, 7]


def test_a_loss_that_is_no_number_names_step_and_layer():
    def message(training):
        with pytest.raises(ConvError) as raised:
            list(training.run(blobs(22, (1, 8, 8), 3)))
        return str(raised.value)

    expected = "the loss is nan; linear: its output is not finite any more"
    assert message(small(optimizer="sgd", lr=1e30)).startswith(f"step 2: {expected}")
    broken = small()
    broken.model.operations["conv"].weights["weight"][0] = np.nan
    expected = "the loss is nan; conv: its weights are not finite any more"
    assert message(broken).startswith(f"step 1: {expected}")


def test_a_softmax_at_the_end_is_the_loss_s_own():
    plain = small()
    softer = Training(
        model_of(read_chain(f"{SMALL} softmax"), (1, 8, 8)), plain.recipe, (1, 8, 8), HOW
    )
    examples = blobs(16, (1, 8, 8), 3)
    assert list(plain.run(examples)) == list(softer.run(examples))
    with pytest.raises(ConvError, match="conv: the network ends in 3x6x6, one number a class"):
        model_of(read_chain("conv:3,k3"), (1, 8, 8))


def test_an_unknown_optimizer():
    with pytest.raises(ConvError, match="unknown optimizer 'adams', did you mean 'adam'"):
        small(optimizer="adams")
    begun = small(optimizer="sgd")
    with pytest.raises(ConvError, match="--optimizer: got adam, the run was begun with sgd"):
        small().resume(begun.record(), begun.tensors())


def test_what_is_set_aside_has_every_class_in_its_share():
    y = np.repeat([0, 1, 2], [50, 30, 20])
    kept, aside = stratified(y, 0.2, np.random.default_rng(0))
    assert sorted([*kept, *aside]) == list(range(100))
    assert np.bincount(y[aside]).tolist() == [10, 6, 4]
    assert not np.array_equal(aside, stratified(y, 0.2, np.random.default_rng(1))[1])
    for n, count in ((7, 1), (8, 2), (12, 2), (13, 3)):  # 1.4, 1.6, 2.4, 2.6: to the nearest
        assert len(stratified(np.zeros(n, int), 0.2, np.random.default_rng(0))[1]) == count
    with pytest.raises(ConvError, match=r"--holdout: 0.001 of 100 examples leaves 100 to learn"):
        stratified(y, 0.001, np.random.default_rng(0))


def test_widths():
    def channels(name, width, size):
        return [s.output for s in program(scaled(NETWORKS[name].build(10), width), size)]

    assert channels("vgg11", 0.25, (1, 224, 224))[0] == (16, 224, 224)
    for name in CHAPTER:
        size = NETWORKS[name].input
        assert channels(name, 1, size) == channels(name, 1.0, size)
        narrow = channels(name, 0.25, size)
        assert narrow[-1] == (10,)
        assert sum(s[0] for s in narrow if len(s) == 3) < sum(
            s[0] for s in channels(name, 1, size) if len(s) == 3
        )
    text = "conv:8,k1 residual( conv:8,k3,p1 ) conv:6,k1,g2 dwconv:14,k3 gap flatten linear:2"
    steps = program(scaled(read_chain(text), 0.25), (4, 9, 9))
    assert [s.output[0] for s in steps] == [2, 2, 2, 2, 4, 4, 4, 2]


@pytest.mark.parametrize("width", [0.3, 1.3])
def test_every_network_has_every_width(width):
    for row in NETWORKS.values():
        steps = program(scaled(row.build(10), width), row.input)
        assert steps[-1].output[0] == 10
        wide = [s.output[0] for s in program(row.build(10), row.input)]
        assert all(s.output[0] > 0 for s in steps)
        assert (sum(s.output[0] for s in steps) > sum(wide)) == (width > 1)


@pytest.mark.parametrize(
    ("text", "width", "found"),
    [
        ("conv:8,k1 conv:8,k3,g4 conv:20,k1 gap flatten linear:2", 1.3, [12, 12, 26]),
        ("conv:8,k1 bn conv:12,k3,g4 conv:8,k1 gap flatten linear:2", 0.9, [8, 8, 12, 8]),
        ("conv:8,k1 residual( conv:12,k1 conv:12,k3,p1,g6 conv:8,k1 ) gap flatten linear:2", 1.3, [10, 18, 18, 10]),
        ("conv:8,k1 residual( conv:8,k3,p1,g4 | conv:8,k1 ) gap flatten linear:2", 0.7, [4, 4, 4]),
        ("conv:8,k1 conv:8,k3,g8 bn conv:8,k1 gap flatten linear:2", 0.25, [2, 2, 2, 2]),
        ("conv:8,k1 lrn:5 conv:12,k3,g4 gap flatten linear:2", 0.9, [8, 12]),
        ("conv:6,k1,g2 conv:6,k1,g3 conv:7,k1 gap flatten linear:2", 1.3, [6, 6, 9]),
    ],
)  # fmt: skip
def test_what_is_read_in_groups_is_a_multiple_of_them(text, width, found):
    steps = program(scaled(read_chain(text), width), (6, 9, 9))
    assert [s.output[0] for s in steps if s.layer.kind in ("conv", "bn")] == found


FROZEN = "conv:3,k3,p1 bn relu conv:4,k3,p1 bn relu residual( conv:4,k3,p1 bn | conv:4,k1 ) gap flatten linear:3"


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("bn", {"bn1", "bn2", "bn3"}),
        ("conv1,bn1", {"conv1", "bn1"}),
        ("conv3,bn3", {"conv3", "bn3"}),
        ("conv2,conv4", {"conv2", "conv4"}),
        ("all-but-last", {"conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "conv4"}),
    ],
)
def test_gradients_past_frozen_layers(asked, kept):
    """Central differences of the loss: a frozen normalization uses what it knows, not the batch."""
    chance = np.random.default_rng(0)
    model = model_of(read_chain(FROZEN), (2, 6, 6))
    model.load({name: array.astype(np.float64) for name, array in model.tensors().items()})
    for op in model.operations.values():
        for name in op.buffers:
            op.buffers[name] = op.buffers[name] + chance.random(op.buffers[name].shape)
    assert set(frozen_layers(model, asked)) == kept
    model.freeze(kept)
    x, y = chance.normal(size=(5, 2, 6, 6)), np.array([0, 1, 2, 1, 0])

    def loss():
        running = [dict(op.buffers) for op in model.operations.values()]
        found = cross_entropy(model.forward(x, training=True), y)
        for op, buffers in zip(model.operations.values(), running, strict=True):
            op.buffers = buffers
        return found[0] / len(y), found[2]

    model.backward(loss()[1])
    gradients = {
        f"{name}.{part}": op.gradients[part].copy()
        for name, op in model.operations.items()
        for part in op.weights
        if name not in kept
    }
    tensors = model.tensors()
    for name, gradient in gradients.items():
        weight = tensors[name]
        for place in [tuple(chance.integers(0, weight.shape)) for _ in range(4)]:
            before, step = weight[place], 1e-6
            weight[place] = before + step
            above = loss()[0]
            weight[place] = before - step
            below = loss()[0]
            weight[place] = before
            assert gradient[place] == pytest.approx((above - below) / 2 / step, rel=1e-5, abs=1e-8)


def test_what_is_frozen_stays_and_the_rest_learns():
    examples = blobs(32, (1, 8, 8), 3)
    model = model_of(read_chain(SMALL), (1, 8, 8))
    before = {name: tensor.copy() for name, tensor in model.tensors().items()}
    training = Training(
        model, Recipe(epochs=2, batch=8, weight_decay=0.1), (1, 8, 8), HOW, 0, ("conv", "bn")
    )
    assert set(training.tensors()) == {
        f"linear.{part}.{slot}" for part in ("weight", "bias") for slot in ("mean", "square")
    }
    list(training.run(examples))
    for name, tensor in model.tensors().items():
        assert np.array_equal(tensor, before[name]) == (not name.startswith("linear"))


TODAY = """
unit(c) = ( residual( dwconv:k3,p1 layernorm linear:{c},each gelu linear:8,each layerscale:0.5 ) )
conv:8,k3,p1 groupnorm:4 silu
unit(16) unit(16) maxpool:k2
multiply( | conv:1,k3,p1 sigmoid )
concat( part:1/2 hardswish | part:2/2 se:4,hard leakyrelu ) shuffle:2 upsample:2,bilinear crop:1
gap flatten linear:4
"""


def test_layers_of_today_learn():
    training = Training(
        model_of(read_chain(TODAY), (1, 8, 8)),
        Recipe(epochs=30, batch=8, lr=0.02),
        (1, 8, 8),
        HOW,
    )
    assert training.model.tensors()["unit1.layerscale"].ravel().tolist() == [0.5] * 8
    records = list(training.run(blobs(32, (1, 8, 8), 4)))
    last = [record for record in records if not isinstance(record, Batch)][-1]
    assert last.accuracy > 0.9
    assert training.model.tensors()["unit1.layerscale"].ravel().tolist() != [0.5] * 8
