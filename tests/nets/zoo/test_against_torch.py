"""torchvision's networks against torchvision 0.28 and PyTorch 2.13: tensors by name and shape, and what comes out.

The figures were written down from there: neither is needed here. The digest is that of lines `name (shape)`, sorted,
without counts of batches and auxiliary heads; the outputs are those of classes 0, 499 and 999.
"""

import hashlib

import numpy as np
import pytest

from convcli.nets.architecture.steps import program
from convcli.nets.model import Model
from convcli.nets.zoo import NETWORKS, network

DIGESTS = {
    "alexnet": "935c1ea73a7869ee",
    "vgg11": "b11acd4f90d9643f",
    "vgg11_bn": "eb52f2d89ad478d4",
    "vgg13": "79ca8fd7a1480aa7",
    "vgg13_bn": "e71996a6a29bacd7",
    "vgg16": "ba63c2556d912509",
    "vgg16_bn": "d8308b804a50efac",
    "vgg19": "393fac8b08b63fbe",
    "vgg19_bn": "8f342fea647d72df",
    "googlenet": "b2fadd85b321b7a9",
    "resnet18": "2bb53b15765c4651",
    "resnet34": "b945021fb00b779b",
    "resnet50": "cf11dad974eadeaa",
    "resnet101": "d916ed2068e1af5d",
    "resnet152": "2fe195791c8ffb5f",
    "densenet121": "222a58d1fd8d2818",
    "densenet161": "9d03c4eb4e4ceb81",
    "densenet169": "a9eb5c1c253d9342",
    "densenet201": "aaf6c59d276cc495",
    "resnext50_32x4d": "f6c1ee50d9878439",
    "resnext101_32x8d": "682c26d7ce488af8",
    "wide_resnet50_2": "5b22ca8fa50e0423",
    "wide_resnet101_2": "c1f0689a35d4d3f6",
    "squeezenet1_0": "142983e4c19c76ad",
    "squeezenet1_1": "3fbd2a746421cada",
    "inception_v3": "5beceaea5a4204b9",
    "mobilenet_v2": "d613ea65450d5318",
    "mobilenet_v3_small": "c5aae8a56256fe35",
    "mobilenet_v3_large": "2af4cb8a399e8d82",
    "shufflenet_v2_x1_0": "c95a672d46729790",
    "mnasnet1_0": "b1a4ee79a5b4a56d",
    "efficientnet_b0": "b5ec7b4b5e4fedbb",
    "efficientnet_b1": "1f5cde5a1ed036f9",
    "efficientnet_b2": "0dbc4ac8a0f40c25",
    "efficientnet_b3": "a78a6fe55721a28c",
    "efficientnet_b4": "d5f2bdadab7f41bc",
    "efficientnet_b5": "33800e0779416f4e",
    "efficientnet_b6": "12227c2910fad473",
    "efficientnet_b7": "1019a0c28dcf05bc",
    "regnet_y_400mf": "cb7f2c2686cdf294",
    "convnext_tiny": "ddd0f74f783edf2b",
    "convnext_small": "6c5c4d12ec41e5f7",
    "convnext_base": "a2ebf7cb23991629",
    "convnext_large": "b0ce25f12797812b",
}
OUTPUTS = {
    "resnext50_32x4d": [-1.36933, -0.281445, -0.832936],
    "squeezenet1_0": [0.0777445, 0.109821, 0.0665486],
    "inception_v3": [0.0529645, 0.146, -0.0920585],
    "mobilenet_v2": [0.0725253, 0.131409, -0.066956],
    "mobilenet_v3_small": [0.0110812, -0.103524, 0.148772],
    "mobilenet_v3_large": [0.0744472, -0.109582, -0.130996],
    "shufflenet_v2_x1_0": [-0.0254789, -0.0726732, -0.174392],
    "mnasnet1_0": [0.104818, 0.255073, -0.114238],
    "efficientnet_b0": [0.0219924, -0.0136689, 0.0422976],
    "efficientnet_b5": [0.102624, 0.162037, 0.0375222],
    "regnet_y_400mf": [0.064514, -0.201573, 0.339585],
    "convnext_tiny": [2.1695, -2.44342, -1.57272],
}


def model_of(name, size=None):
    row = network(f"torchvision/{name}")
    return Model(program(row.build(row.classes), size or row.input))


def test_all_are_here():
    assert [f"torchvision/{name}" for name in DIGESTS] == [n for n in NETWORKS if "/" in n]


@pytest.mark.parametrize("name", DIGESTS)
def test_tensors(name):
    lines = [f"{tensor} {shape}" for tensor, shape in sorted(model_of(name).shapes().items())]
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] == DIGESTS[name]


def weight(name, shape, rng):
    drawn = rng.random(shape, np.float32)
    if len(shape) in (2, 4):
        return (drawn - 0.5) * np.float32(2 * (3 / np.prod(shape[1:])) ** 0.5)
    if name.endswith(("bias", "mean")):
        return (drawn - 0.5) * np.float32(0.2)
    return drawn * np.float32(0.4) + np.float32(0.8)


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs(name):
    model = model_of(name, (3, 96, 96))
    rng = np.random.default_rng(17)
    model.load({n: weight(n, shape, rng) for n, shape in sorted(model.shapes().items())})
    x = np.random.default_rng(3).random((1, 3, 96, 96), np.float32)
    found = model.forward(x)[0, [0, 499, 999]]
    assert found.dtype == np.float32
    assert np.allclose(found, OUTPUTS[name], rtol=0, atol=2e-5 * np.abs(OUTPUTS[name]).max())
