"""Layers as CSV rows and JSON: one record, whatever it was read from."""

import pytest

from convcli.nets.architecture.counts import LayerRecord, blocks, summed
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import program
from convcli.nets.architecture.summary import Summary, csv_rows, json_object

KEYS = ("name", "layer", "kind", "output", "params", "macs", "rf", "jump", "start")


@pytest.fixture
def layers():
    return program(read_chain("up = ( convt:2,k4,s2,p1 bn ) up flatten linear:3"), (1, 4, 4))


def test_rows(layers):
    assert list(csv_rows(layers, KEYS)) == [
        list(KEYS),
        ["up.convt", "convt:2,k4,s2,p1", "convt", "2x8x8", 34, 512, "2x2", "1/2x1/2", "-1x-1"],
        ["up.bn", "bn", "bn", "2x8x8", 4, 0, "2x2", "1/2x1/2", "-1x-1"],
        ["flatten", "flatten", "flatten", "128", 0, 0, None, None, None],
        ["linear", "linear:3", "linear", "3", 387, 384, None, None, None],
    ]
    assert list(csv_rows(layers, ["jump"], fraction=float))[1] == ["0.5x0.5"]


def test_what_is_counted_as_well_is_in_the_rows_and_in_their_sum(layers):
    rows = list(csv_rows(layers, ["macs", "flops"], ["bn", "bias"]))[1:]
    assert rows == [[512 + 128, 1024 + 128], [128, 256], [0, 0], [387, 771]]
    assert json_object(summed(layers), ["macs", "flops"], ["bn", "bias"]) == {
        "macs": sum(row[0] for row in rows),
        "flops": sum(row[1] for row in rows),
    }


def test_json(layers):
    assert json_object(layers[0], (*KEYS, "buffers")) == {
        "name": "up.convt",
        "layer": "convt:2,k4,s2,p1",
        "kind": "convt",
        "output": [2, 8, 8],
        "params": 34,
        "macs": 512,
        "rf": [2, 2],
        "jump": [0.5, 0.5],
        "start": [-1, -1],
        "buffers": 0,
    }


def test_what_is_not_known_is_blank():
    strange = LayerRecord((), macs=None, name="a.b", kind="Strange")
    assert json_object(strange, ("layer", "output", "macs", "flops")) == {
        "layer": "",
        "output": [],
        "macs": None,
        "flops": None,
    }
    assert list(csv_rows([strange], ("layer", "output", "macs", "rf")))[1] == [
        *("Strange", "", None, None)
    ]
    assert summed([strange]).macs is None
    assert summed([strange, LayerRecord((1,), macs=2, name="c", kind="conv")]).macs == 2
    assert [x.name for x in blocks([strange])] == ["a", "a.b"]


@pytest.mark.parametrize(
    ("text", "peak", "depth"),
    [
        ("conv:4,k1", 32, 1),
        ("residual( conv:4,k1 relu | ) gap", 48, 1),
        ("residual( relu | conv:4,k1 | conv:4,k1 )", 64, 1),
        ("conv:4,k1 relu conv:1,k1 residual( relu | relu )", 32, 2),
        ("residual( 2*( conv:4,k1 relu ) | conv:4,k1 ) flatten linear:2", 48, 3),
        ("multiply( se:1 | conv:4,k1 ) convt:4,k1 dwconv:4,k1", 48, 4),
        ("maxpool:k2 bn flatten", 20, 0),
    ],
)
def test_what_is_held_at_once_and_the_longest_way(text, peak, depth):
    found = Summary("net", (4, 2, 2), tuple(program(read_chain(text), (4, 2, 2))))
    assert (found.peak, found.depth) == (peak, depth)


def test_no_layers_hold_the_input():
    assert (Summary("net", (4, 2, 2), ()).peak, Summary("net", (4, 2, 2), ()).depth) == (16, 0)
