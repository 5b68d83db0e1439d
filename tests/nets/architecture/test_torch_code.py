"""The PyTorch lines, as text. (That they run and agree was checked against PyTorch itself; it is no test dependency.)"""

import ast

import pytest

from convcli.engine.errors import ConvError
from convcli.nets.architecture.kinds import KINDS, read_layer
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.torch_code import chain_code, layer_code


@pytest.mark.parametrize(
    ("layer", "size", "code"),
    [
        ("conv:64,k7,s2,p3", (3, 9, 9), "nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3)"),
        (
            "conv:8,k3,d2,g2,nobias",
            (4, 9),
            "nn.Conv1d(4, 8, kernel_size=3, dilation=2, groups=2, bias=False)",
        ),
        ("conv:8,k4,psame", (4, 9), 'nn.Conv1d(4, 8, kernel_size=4, padding="same")'),
        ("conv:8,k3x5,p1x2", (4, 9, 9), "nn.Conv2d(4, 8, kernel_size=(3, 5), padding=(1, 2))"),
        (
            "conv:8,k3,s2,p0/1x2/0",
            (4, 9, 9),
            "nn.Sequential(\n"
            "    nn.ConstantPad2d((2, 0, 0, 1), 0),\n"
            "    nn.Conv2d(4, 8, kernel_size=3, stride=2),\n"
            ")",
        ),
        ("dwconv:k3,p1", (8, 9, 9), "nn.Conv2d(8, 8, kernel_size=3, padding=1, groups=8)"),
        ("maxpool:k3,s2,ceil", (8, 9, 9), "nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)"),
        ("maxpool:k2", (8, 9, 9), "nn.MaxPool2d(kernel_size=2)"),
        (
            "avgpool:k2,p1",
            (8, 9),
            "nn.AvgPool1d(kernel_size=2, padding=1, count_include_pad=False)",
        ),
        ("avgpool:k2,p1,pad", (8, 9), "nn.AvgPool1d(kernel_size=2, padding=1)"),
        (
            "maxpool:k2,s3,p0/2,ceil",
            (3, 18),
            'nn.Sequential(\n    nn.ConstantPad1d((0, -1), float("-inf")),\n'
            "    nn.MaxPool1d(kernel_size=2, stride=3),\n)",
        ),
        (
            "convt:4,k3,s2,p1,op1",
            (8, 7, 7),
            "nn.ConvTranspose2d(8, 4, kernel_size=3, stride=2, padding=1, output_padding=1)",
        ),
        ("gap", (8, 3, 3, 3), "nn.AdaptiveAvgPool3d(1)"),
        ("bn", (8,), "nn.BatchNorm1d(8)"),
        ("linear:3,nobias", (8,), "nn.Linear(8, 3, bias=False)"),
        ("dropout:0.25", (8,), "nn.Dropout(0.25)"),
    ],
)
def test_layers(layer, size, code):
    assert layer_code(read_layer(layer), size) == code


def test_a_chain_with_branches():
    code = chain_code(read_chain("conv:4,k1 residual( bn | ) concat( relu | tanh )"), (2, 5))
    head, _, body = code.partition("net = ")
    assert "class Residual(nn.Module)" in head
    assert "class Concat(nn.Module)" in head
    assert "MeanInside" not in head
    assert body == (
        "nn.Sequential(\n"
        "    nn.Conv1d(2, 4, kernel_size=1),\n"
        "    Residual(\n"
        "        nn.BatchNorm1d(4),\n"
        "        nn.Identity(),\n"
        "    ),\n"
        "    Concat(\n"
        "        nn.ReLU(),\n"
        "        nn.Tanh(),\n"
        "    ),\n"
        ")\n"
        "# net(torch.zeros(1, 2, 5))\n"
    )


NEEDED = (
    *(("OUT", "8"), ("k", "k3"), ("CELLS", "4"), ("SQUEEZE", "2"), ("GROUPS", "2")),
    *(("I", "1/2"), ("SCALE", "2"), ("ROWS", "1")),
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_python(kind):
    needed = ",".join(t for n, t in NEEDED if n in KINDS[kind].needs)
    text = f"{kind}:{needed}" if needed else kind
    size = (4,) if kind == "linear" else (4, 9, 9)
    ast.parse(chain_code(read_chain(text), size))


def test_what_pytorch_does_not_have():
    with pytest.raises(ConvError, match="average pooling has no dilation"):
        layer_code(read_layer("avgpool:k3,d2"), (3, 9, 9))
