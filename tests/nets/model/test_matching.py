"""Weights of other people: the names that hubs give to what torchvision's networks hold, and orders without names."""

import re
from pathlib import Path

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import program
from convcli.nets.model import Model, weights
from convcli.nets.model.matching import fit
from convcli.nets.model.weights import Source
from convcli.nets.zoo import network


def shapes_of(name, classes=None):
    row = network(name)
    return Model(program(row.build(classes or row.classes), row.input)).shapes()


def source(shapes):
    return Source("w", shapes, lambda name: np.zeros(shapes[name], np.float32), {})


def sequential(*layers):
    """The shapes of an nn.Sequential: its layers with weights are numbered by their places."""
    return {
        f"{place}.{part}": shape
        for place, out, taken in layers
        for part, shape in (("weight", (out, *taken)), ("bias", (out,)))
    }


LENET = sequential((0, 6, (1, 5, 5)), (3, 16, (6, 5, 5)), (7, 120, (400,)), (9, 84, (120,)), (11, 10, (84,)))  # fmt: skip


def published_densenet(blocks, growth, stem):
    """The names and shapes of torchvision's published DenseNets, from its source of 2017."""
    found = {"features.conv0.weight": (stem, 3, 7, 7)}

    def norm(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            found[f"{name}.{part}"] = (channels,)

    norm("features.norm0", stem)
    channels = stem
    for i, count in enumerate(blocks, 1):
        for j in range(1, count + 1):
            layer = f"features.denseblock{i}.denselayer{j}"
            norm(f"{layer}.norm.1", channels)
            found[f"{layer}.conv.1.weight"] = (4 * growth, channels, 1, 1)
            norm(f"{layer}.norm.2", 4 * growth)
            found[f"{layer}.conv.2.weight"] = (growth, 4 * growth, 3, 3)
            channels += growth
        if i < len(blocks):
            norm(f"features.transition{i}.norm", channels)
            found[f"features.transition{i}.conv.weight"] = (channels // 2, channels, 1, 1)
            channels //= 2
    norm("features.norm5", channels)
    return found | {"classifier.weight": (1000, channels), "classifier.bias": (1000,)}


def timm_vgg(counts, norm):
    """The names and shapes of timm's VGG: its fully connected layers are convolutions."""
    found, place, taken = {}, 0, 3
    for count, out in zip(counts, (64, 128, 256, 512, 512), strict=True):
        for _ in range(count):
            found |= {
                f"features.{place}.weight": (out, taken, 3, 3),
                f"features.{place}.bias": (out,),
            }
            if norm:
                for part in ("weight", "bias", "running_mean", "running_var"):
                    found[f"features.{place + 1}.{part}"] = (out,)
                found[f"features.{place + 1}.num_batches_tracked"] = ()
            place, taken = place + 2 + norm, out
        place += 1
    return found | {
        "pre_logits.fc1.weight": (4096, 512, 7, 7), "pre_logits.fc1.bias": (4096,),
        "pre_logits.fc2.weight": (4096, 4096, 1, 1), "pre_logits.fc2.bias": (4096,),
        "head.fc.weight": (1000, 4096), "head.fc.bias": (1000,),
    }  # fmt: skip


def transformers_resnet(counts, bottleneck):
    """The names and shapes of transformers' ResNetForImageClassification."""
    found = {}

    def both(name, out, taken, k):
        found[f"{name}.convolution.weight"] = (out, taken, k, k)
        for part in ("weight", "bias", "running_mean", "running_var"):
            found[f"{name}.normalization.{part}"] = (out,)
        found[f"{name}.normalization.num_batches_tracked"] = ()

    both("resnet.embedder.embedder", 64, 3, 7)
    taken = 64
    for i, count in enumerate(counts):
        inner = 64 << i
        out = 4 * inner if bottleneck else inner
        for j in range(count):
            layer = f"resnet.encoder.stages.{i}.layers.{j}"
            if taken != out:
                both(f"{layer}.shortcut", out, taken, 1)
            if bottleneck:
                both(f"{layer}.layer.0", inner, taken, 1)
                both(f"{layer}.layer.1", inner, inner, 3)
                both(f"{layer}.layer.2", out, inner, 1)
            else:
                both(f"{layer}.layer.0", inner, taken, 3)
                both(f"{layer}.layer.1", out, inner, 3)
            taken = out
    return found | {"classifier.1.weight": (1000, taken), "classifier.1.bias": (1000,)}


FAMILIES = {
    "torchvision/densenet121": (published_densenet((6, 12, 24, 16), 32, 64), "denselayer1.norm1"),
    "torchvision/densenet161": (published_densenet((6, 12, 36, 24), 48, 96), "denselayer1.norm1"),
    "torchvision/vgg11": (timm_vgg((1, 1, 2, 2, 2), False), "classifier"),
    "torchvision/vgg16_bn": (timm_vgg((2, 2, 3, 3, 3), True), "classifier"),
    "torchvision/resnet18": (transformers_resnet((2, 2, 2, 2), False), "layer2.0.downsample.1"),
    "torchvision/resnet50": (transformers_resnet((3, 4, 6, 3), True), "layer1.0.downsample.0"),
}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("sort", [False, True])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_the_families_of_the_hubs(name, sort, prefix):
    held, _ = FAMILIES[name]
    held = {prefix + key: held[key] for key in (sorted(held) if sort else held)}
    needed = shapes_of(name)
    found = fit(source(held), needed)
    assert list(found.names) == list(needed)
    used = [n for n in held if not n.endswith("num_batches_tracked")]
    assert sorted(found.names.values()) == sorted(used)
    note = found.notes[-1]
    assert note.startswith("names of ")
    assert note.endswith(" are read as torchvision's")
    assert (len(found.notes) == 2) == bool(prefix)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("torchvision/densenet121", "features.denseblock4.denselayer16.conv2.weight", "features.denseblock4.denselayer16.conv.2.weight"),
        ("torchvision/vgg11", "classifier.3.weight", "pre_logits.fc2.weight"),
        ("torchvision/vgg11", "classifier.6.bias", "head.fc.bias"),
        ("torchvision/resnet50", "layer3.5.bn3.running_var", "resnet.encoder.stages.2.layers.5.layer.2.normalization.running_var"),
        ("torchvision/resnet50", "layer4.0.downsample.1.bias", "resnet.encoder.stages.3.layers.0.shortcut.normalization.bias"),
    ],
)  # fmt: skip
def test_each_name_finds_its_own(name, ours, theirs):
    assert fit(source(FAMILIES[name][0]), shapes_of(name)).names[ours] == theirs


def test_published_densenet121_has_its_names():
    """torchvision's densenet121 file of 2017 holds 606 tensors, 580 of them in dense layers."""
    held = FAMILIES["torchvision/densenet121"][0]
    assert len(held) == 606
    assert sum(bool(re.search(r"denselayer\d+\.(norm|conv)\.\d", n)) for n in held) == 580


def test_names_that_fit_are_taken_as_they_are():
    needed = shapes_of("torchvision/googlenet")
    held = needed | {"aux1.conv.conv.weight": (1,), "conv1.bn.num_batches_tracked": ()}
    found = fit(source(held), needed, ("aux1.", "aux2."))
    assert (found.names, found.notes) == ({n: n for n in needed}, ())


def test_a_sequential_fits_by_order_and_shape():
    found = fit(source(LENET), shapes_of("lenet-avg"))
    assert found.names["conv2.bias"] == "3.bias"
    assert found.names["linear3.weight"] == "11.weight"
    assert found.notes == (
        "its names are others, taken by order and shape: 0.weight is conv1.weight",
    )
    # safetensors sorts names: 11 before 3
    again = fit(source({n: LENET[n] for n in sorted(LENET)}), shapes_of("lenet-avg"))
    assert again.names == found.names
    inside = fit(source({f"net.{n}": s for n, s in LENET.items()}), shapes_of("lenet-avg"))
    assert inside.names == {n: f"net.{old}" for n, old in found.names.items()}


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (LENET | {"3.weight": (16, 6, 3, 3)}, "3.weight is 16x6x3x3, conv2.weight 16x6x5x5 is needed"),
        (LENET | {"7.weight": (120, 256)}, "7.weight is 120x256, linear1.weight 120x400 is needed"),
        (LENET | {"12.weight": (1, 1)}, "it has 6 layers with weights, the network 5"),
        ({n: s for n, s in LENET.items() if n[:2] != "11"}, "it has 4 layers with weights, the network 5"),
        ({n: s for n, s in LENET.items() if n != "0.bias"}, "0 has weight, conv1.bias 6 is needed"),
        (LENET | {"0.gain": (6,)}, "conv1 has no gain, 0 has"),
        ({}, "it has 0 layers with weights, the network 5"),
    ],
)  # fmt: skip
def test_the_first_layer_that_differs_is_named(held, message):
    with pytest.raises(ConvError) as caught:
        fit(source(held), shapes_of("lenet-avg"))
    assert str(caught.value) == f"does not fit the network, by name or in order: {message}"


def test_sorted_names_without_numbers_are_not_guessed():
    steps = program(read_chain("conv:4,k3,p1 conv:4,k3,p1"), (4, 8, 8))
    needed = Model(steps).shapes()
    held = {f"{n}.{p}": s for n in ("first", "after") for p, s in (("weight", (4, 4, 3, 3)), ("bias", (4,)))}  # fmt: skip
    assert fit(source(held), needed).names["conv1.weight"] == "first.weight"
    with pytest.raises(
        ConvError, match=r"sorted, and after and first, both 4, might change places$"
    ):
        fit(source({n: held[n] for n in sorted(held)}), needed)


def test_the_last_layer_may_be_another():
    needed = shapes_of("lenet-avg", 3)
    for held in (LENET, shapes_of("lenet-avg")):
        found = fit(source(held), needed, last="linear3")
        assert list(found.names) == [n for n in needed if not n.startswith("linear3.")]
        with pytest.raises(ConvError):
            fit(source(held), needed)
    whole = fit(source(LENET), shapes_of("lenet-avg"), last="linear3")
    assert len(whole.names) == 10
    with pytest.raises(ConvError, match=r"3\.weight is 16x6x3x3"):
        fit(source(LENET | {"3.weight": (16, 6, 3, 3)}), needed, last="linear3")


def test_a_convolution_as_large_as_its_input_is_fully_connected(tmp_path):
    """Its numbers are those of the linear layer, row after row."""
    x = np.arange(2 * 18, dtype=np.float32)
    path = Path(tmp_path / "w.npz")
    np.savez(path, **{"fc.weight": x.reshape(2, 2, 3, 3), "fc.bias": np.zeros(2)})
    model = Model(program(read_chain("flatten linear:2"), (2, 3, 3)))
    with weights.opened(path) as held:
        found = fit(held, model.shapes())
        model.load(weights.load(held, model.shapes(), names=found.names))
    assert np.array_equal(model.tensors()["linear.weight"], x.reshape(2, 18))


@pytest.mark.parametrize(
    "held",
    [
        {"": (6, 1, 5, 5)},
        {".": (), "..": (0,), ".weight": (6, 1, 5, 5)},
        {"weight": (6, 1, 5, 5), "bias": (6,)},
        {"0.weight": (), "0.bias": (6,)},
        {"0.weight": (6, 1, 5, 5, 1), "0.bias": (2**62, 2**62)},
        {"0" * 5000 + ".weight": (1,), "9" * 4000 + ".weight": (2,)},
        {f"{i}.weight": (0,) for i in range(5000)},
        {
            "²": (1,),
            "encoder.stages." + "9" * 5000 + ".layers.0.x": (2,),
            "layer.٣.convolution.w": (1,),
        },
        {"module.": (1,), "module..": (1,)},
        {"a\x1b[31m.weight": (6, 1, 5, 5)},
    ],
)
def test_crafted_names_and_shapes_are_refused_in_words(held):
    for sort in (False, True):
        kept = {n: held[n] for n in (sorted(held) if sort else held)}
        with pytest.raises(ConvError) as caught:
            fit(source(kept), shapes_of("lenet-avg"), last="linear3")
        assert "\x1b" not in str(caught.value)
        assert str(caught.value).startswith("does not fit the network")


def test_names_without_a_layer_are_found_again():
    needed = {"linear.weight": (2, 3), "linear.bias": (2,)}
    found = fit(source({"weight": (2, 3), "bias": (2,)}), needed)
    assert found.names == {"linear.weight": "weight", "linear.bias": "bias"}
    found = fit(source({".weight": (2, 3), ".bias": (2,)}), needed)
    assert found.names == {"linear.weight": ".weight", "linear.bias": ".bias"}
