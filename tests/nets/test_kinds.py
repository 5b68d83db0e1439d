"""A kind of layer is a row of KINDS and a row of OPERATIONS: each is whole, and what one lacks is seen."""

import ast
from dataclasses import MISSING, fields, replace

import numpy as np
import pytest

from convcli.nets.architecture import counting_rules as rules
from convcli.nets.architecture.kinds import KINDS, Kind, read_layer, usage
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import program
from convcli.nets.architecture.torch_code import chain_code
from convcli.nets.layers import OPERATIONS, operation
from convcli.nets.layers.activations import Relu

NEEDED = (
    *(("OUT", "8"), ("k", "k3"), ("CELLS", "4"), ("SQUEEZE", "2"), ("GROUPS", "2")),
    *(("I", "1/2"), ("SCALE", "2"), ("ROWS", "1")),
)


def read(kind):
    """Read the shortest layer of a kind, and choose an input for it."""
    needed = ",".join(t for n, t in NEEDED if n in KINDS[kind].needs)
    layer = read_layer(f"{kind}:{needed}" if needed else kind)
    assert layer.kind == kind
    assert usage(kind).startswith(kind)
    return layer, (4,) if kind == "linear" else (4, 9, 9)


def counted(kind):
    layer, size = read(kind)
    step = program([layer], size)[0]
    assert step.activations == np.prod(step.output)
    assert (step.fields is None) == (len(size) == 1 or not KINDS[kind].local)


def written(kind):
    layer, size = read(kind)
    code = chain_code([layer], size)
    ast.parse(code)
    written = code.partition("net = nn.Sequential(")[2]
    assert KINDS[kind].torch
    assert KINDS[kind].torch.partition("(")[0].format(rank=2) in written


def computed(kind):
    layer, size = read(kind)
    op = operation(layer, size)
    op.weights = {name: np.ones(shape) for name, shape in op.weight_shapes().items()}
    op.buffers = {name: np.ones(shape) for name, shape in op.buffer_shapes().items()}
    op.rng = np.random.default_rng(0)
    op.training = True
    step = program([layer], size)[0]
    assert sum(w.size for w in op.weights.values()) == step.params
    assert sum(w.size for w in op.buffers.values()) == step.buffers
    x = np.ones((2, *size))
    out = op.forward(x)
    assert out.shape == (2, *step.output)
    assert op.backward(np.ones_like(out)).shape == x.shape


SLOTS = {"text": read, "rule": counted, "torch": written, "operation": computed}


def lacking(kind):
    """Name what a kind lacks."""
    found = []
    for slot, use in SLOTS.items():
        try:
            use(kind)
        except Exception:
            found.append(slot)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_whole(kind):
    assert lacking(kind) == []


def test_no_operation_without_a_kind():
    assert set(OPERATIONS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_lacks_is_seen(kind, monkeypatch):
    row = KINDS[kind]
    monkeypatch.setitem(KINDS, kind, replace(row, torch=""))
    assert lacking(kind) == ["torch"]
    monkeypatch.setitem(KINDS, kind, replace(row, rule=None))
    assert "rule" in lacking(kind)
    monkeypatch.setitem(KINDS, kind, row)
    monkeypatch.delitem(OPERATIONS, kind)
    assert lacking(kind) == ["operation"]


def test_a_row_without_rule_or_code_cannot_be_made():
    needed = [f.name for f in fields(Kind) if f.default is MISSING]
    assert needed == ["usage", "summary", "rule", "torch"]
    with pytest.raises(TypeError, match="'torch'"):
        Kind("swish", "x * sigmoid(x)", rules.activation)


def test_two_rows_make_a_kind(monkeypatch):
    monkeypatch.setitem(
        KINDS, "relu9", Kind("relu9", "min(max(x, 0), 9)", rules.activation, "nn.Hardtanh(0, 9)")
    )
    monkeypatch.setitem(OPERATIONS, "relu9", type("Relu9", (Relu,), {}))
    assert lacking("relu9") == []
    assert read_chain("relu9")[0].kind == "relu9"
