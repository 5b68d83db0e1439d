"""Inputs of a chain, found backwards, against every size tried forwards."""

import pytest

from convcli.engine.errors import ConvError
from convcli.nets.architecture.inverse import inputs_for, runs
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import program

CHAINS = [
    "conv:8,k7,s2,p3 relu maxpool:k3,s2,p1",
    "conv:8,k3,s2 2*( dwconv:k3,p1 bn relu6 ) avgpool:k3,s2,ceil",
    "conv:4,k3 upsample:2 conv:2,k2",
    "conv:4,k3,s2,psame convt:2,k3,s2,p1,op1 crop:1/0",
    "residual( maxpool:k2 upsample:2 ) conv:2,k3",
    "concat( conv:2,k3,s2,p1 | maxpool:k2,s2 ) conv:2,k2,s2",
    "multiply( | gap conv:3,k1 ) conv:4,k5,s3",
    "conv:4,k1 concat( part:1/2 | part:2/2 conv:2,k3,p1 ) shuffle:2 maxpool:k3,s2",
    "conv:4,k3x5,s1x2,p0/1x2 se:2 layernorm",
    "adaptive:3x2",
    "conv:2,k3 gap",
]


def spatial(net, size):
    try:
        return program(net, size)[-1].output[1:]
    except ConvError:
        return None


@pytest.mark.parametrize("text", CHAINS)
def test_inputs_are_all_that_give_the_output(text):
    net = read_chain(text)
    most = 40
    forward = {
        (h, w): found
        for h in range(1, most)
        for w in {h, 17, 24}
        if (found := spatial(net, (3, h, w))) is not None
    }
    assert forward
    for out in set(forward.values()):
        rows, columns = (set(axis) for axis in inputs_for(net, out, channels=3, most=most))
        for (h, w), found in forward.items():
            assert (found == out) == (h in rows and w in columns)


@pytest.mark.parametrize(
    ("text", "out", "message"),
    [
        ("conv:4,k3 upsample:2", (7,), "no input gives the output 7; the nearest that can be reached: 6 and 8"),
        ("adaptive:7", (7, 8), "no input gives the output 8 on axis 1; the nearest that can be reached: 7"),
        ("residual( maxpool:k2 upsample:2 )", (7, 7),
         "no input gives the output 7 on axis 0: at 7 rows branches that join differ"),
        ("relu flatten", (7,), "'flatten' ends the maps: --out is the size of maps"),
        ("conv:4,k3,g2", (7,), "'conv:4,k3,g2': 2 groups do not divide the 3 input channels"),
    ],
)  # fmt: skip
def test_errors(text, out, message):
    with pytest.raises(ConvError) as caught:
        inputs_for(read_chain(text), out, channels=3, most=9)
    assert str(caught.value) == message


def test_runs_of_one_number():
    assert list(runs([])) == []
    assert list(runs([4])) == [(4, 4)]
