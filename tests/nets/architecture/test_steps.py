"""Networks written out as steps: names, where inputs are from, what is freed when."""

import pytest

from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import program
from convcli.nets.architecture.summary import last_uses


def steps(text, size=(4, 8, 8)):
    return program(read_chain(text), size)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("conv:4,k1", ["conv"]),
        ("conv:4,k1 relu conv:4,k1", ["conv1", "relu", "conv2"]),
        ("2*( conv:4,k1 bn )", ["conv1", "bn1", "conv2", "bn2"]),
        ("a = ( bn relu ) 2*a bn", ["a1.bn", "a1.relu", "a2.bn", "a2.relu", "bn"]),
        ("stem = ( conv:4,k1 ) stem relu", ["stem", "relu"]),
        ("s1 = ( bn relu ) s1 s1", ["s1_1.bn", "s1_1.relu", "s1_2.bn", "s1_2.relu"]),
        ("concat( bn | bn ) concat( relu | )", ["bn1", "bn2", "concat1", "relu", "concat2"]),
        (
            "conv1 = ( bn relu ) conv:4,k1 conv1 conv:4,k1",
            ["conv2", "conv1.bn", "conv1.relu", "conv3"],
        ),
    ],
)
def test_names(text, names):
    assert [s.name for s in steps(text)] == names


def test_where_inputs_are_from():
    found = steps("bn residual( relu bn | concat( relu | ) conv:4,k1 ) relu")
    assert [(s.layer.kind, s.inputs) for s in found] == [
        ("bn", (0,)),
        ("relu", (1,)),
        ("bn", (2,)),
        ("relu", (1,)),
        ("concat", (4, 1)),
        ("conv", (5,)),
        ("residual", (3, 6)),
        ("relu", (7,)),
    ]
    assert last_uses(found) == [[0], [], [2], [], [1, 4], [5], [3, 6], [7]]
    assert [s.number for s in found] == list(range(1, 9))
