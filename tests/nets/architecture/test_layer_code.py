"""Networks written in the layer language: what is read back is the same network."""

import pytest

from convcli.nets.architecture.layer_code import layer_text
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import program
from convcli.nets.zoo import NETWORKS


def layers_of(net, size):
    return [(s.text, s.inputs, s.output, s.params, s.macs) for s in program(net, size)]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_reads_back(name):
    row = NETWORKS[name]
    net = row.build(row.classes)
    text = layer_text(net)
    assert layers_of(read_chain(text), row.input) == layers_of(net, row.input)
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    "text",
    [
        "relu\n",
        "2*( residual( bn | relu | ) ) relu\n",
        "concat( | bn | ) multiply( relu | )\n",
        "3*( 2*( bn relu ) tanh )\n",
    ],
)
def test_what_is_short_stays(text):
    assert layer_text(read_chain(text)) == text
