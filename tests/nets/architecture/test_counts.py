"""Networks counted: published figures, golden tables whose columns are summed, and plain loops."""

import itertools
import random

import numpy as np
import pytest

from convcli.engine.errors import ConvError
from convcli.engine.pooling import pool2d
from convcli.nets.architecture.counts import COUNTED, rule, summed
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import program
from convcli.nets.layers.pooling import maximum

ALEXNET = """
conv:64,k11,s4,p2 relu maxpool:k3,s2
conv:192,k5,p2 relu maxpool:k3,s2
conv:384,k3,p1 relu conv:256,k3,p1 relu conv:256,k3,p1 relu maxpool:k3,s2
flatten dropout linear:4096 relu dropout linear:4096 relu linear:1000
"""
VGG16 = (
    " ".join(
        f"{n}*( conv:{c},k3,p1 relu ) maxpool:k2"
        for n, c in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
    )
    + " flatten linear:4096 relu dropout linear:4096 relu dropout linear:1000"
)


def basic(channels, stride=1):
    body = f"conv:{channels},k3,s{stride},p1,nobias bn relu conv:{channels},k3,p1,nobias bn"
    shortcut = f" | conv:{channels},k1,s{stride},nobias bn" if stride > 1 else ""
    return f"residual( {body}{shortcut} ) relu"


RESNET18 = " ".join(
    ["conv:64,k7,s2,p3,nobias bn relu maxpool:k3,s2,p1", f"2*( {basic(64)} )"]
    + [f"{basic(c, 2)} {basic(c)}" for c in (128, 256, 512)]
    + ["gap flatten linear:1000"]
)
LENET = (
    "conv:6,k5 sigmoid maxpool:k2 conv:16,k5 sigmoid maxpool:k2 "
    "flatten linear:120 sigmoid linear:84 sigmoid linear:10"
)


@pytest.mark.parametrize(
    ("text", "size", "params", "macs", "field"),
    [
        (ALEXNET, (3, 224, 224), 61_100_840, 714_188_480, 195),
        (VGG16, (3, 224, 224), 138_357_544, 15_470_264_320, 212),
        (RESNET18, (3, 224, 224), 11_689_512, 1_814_073_344, 435),
        (LENET, (1, 28, 28), 44_426, 281_640, 16),
    ],
)
def test_published_figures(text, size, params, macs, field):
    rows = program(read_chain(text), size)
    sums = summed(rows)
    assert (sums.params, sums.macs, sums.operations(flops=True)) == (params, macs, 2 * macs)
    assert {f.size for f in sums.fields} == {field}
    assert sum(r.params for r in rows) == params
    assert sum(r.macs for r in rows) == macs


def test_lenet_row_by_row():
    table = [
        (r.layer.text, r.output, r.params, r.macs, r.rf and r.rf[0], r.jump and r.jump[0])
        for r in program(read_chain(LENET), (1, 28, 28))
    ]
    assert table == [
        ("conv:6,k5", (6, 24, 24), 156, 86_400, 5, 1),
        ("sigmoid", (6, 24, 24), 0, 0, 5, 1),
        ("maxpool:k2", (6, 12, 12), 0, 0, 6, 2),
        ("conv:16,k5", (16, 8, 8), 2_416, 153_600, 14, 2),
        ("sigmoid", (16, 8, 8), 0, 0, 14, 2),
        ("maxpool:k2", (16, 4, 4), 0, 0, 16, 4),
        ("flatten", (256,), 0, 0, None, None),
        ("linear:120", (120,), 30_840, 30_720, None, None),
        ("sigmoid", (120,), 0, 0, None, None),
        ("linear:84", (84,), 10_164, 10_080, None, None),
        ("sigmoid", (84,), 0, 0, None, None),
        ("linear:10", (10,), 850, 840, None, None),
    ]
    assert sum(row[2] for row in table) == 44_426
    assert sum(row[3] for row in table) == 281_640


def stamped_work(n, k, s, p):
    """Count the multiply-accumulates of one channel, one at a time."""
    macs = out = 0
    while out * s + k <= n + 2 * p:
        macs += k
        out += 1
    return macs, out


def test_convolutions_equal_their_loops():
    rng = random.Random(5)
    for _ in range(60):
        n, k, s, p = rng.randint(5, 12), rng.randint(1, 5), rng.randint(1, 3), rng.randint(0, 2)
        groups = rng.choice([1, 2])
        c, out = groups * rng.randint(1, 3), groups * rng.randint(1, 3)
        row = program(read_chain(f"conv:{out},k{k},s{s},p{p},g{groups}"), (c, n))[0]
        macs, size = stamped_work(n, k, s, p)
        assert row.output == (out, size)
        assert row.macs == macs * out * (c // groups)
        assert row.params == out * (c // groups) * k + out


def test_depthwise_and_transposed_work():
    rows = program(read_chain("dwconv:k3,p1 convt:4,k3x2,s2,nobias"), (8, 6, 6))
    assert (rows[0].params, rows[0].macs) == (8 * 9 + 8, 8 * 9 * 36)
    # every input cell meets every weight of its channel: 6*6 cells, 8 channels in, 4 out, 3*2 taps
    assert (rows[1].params, rows[1].macs) == (8 * 4 * 6, 36 * 8 * 4 * 6)
    assert rows[1].output == (4, 13, 12)


def test_what_is_named_is_counted_as_well():
    rows = program(
        read_chain("conv:2,k3 bn relu maxpool:k2 gap flatten linear:3,nobias"), (1, 8, 8)
    )
    work = {name: sum(r.operations([name]) - r.macs for r in rows) for name in COUNTED}
    assert work == {"bias": 72, "bn": 72, "act": 72, "pool": 72 + 18}
    flops = {
        name: sum(r.operations([name], flops=True) - 2 * r.macs for r in rows) for name in COUNTED
    }
    assert flops == {"bias": 72, "bn": 144, "act": 72, "pool": 90}
    assert summed(rows).operations(["bn"]) == summed(rows).macs + 72
    assert summed(rows).operations(COUNTED, flops=True) == sum(
        r.operations(COUNTED, flops=True) for r in rows
    )


def test_the_rule_names_what_is_and_what_is_not_counted():
    for chosen in itertools.chain.from_iterable(
        itertools.combinations(COUNTED, i) for i in range(5)
    ):
        counted, _, left_out = rule(chosen).partition("Not counted: ")
        for name in COUNTED:
            assert (f"; {name}: " in counted) == (name in chosen)
            assert (name in left_out.rstrip(".").split(", ")) == (name not in chosen)


def test_buffers_and_memory_are_summed():
    sums = summed(program(read_chain("conv:4,k1 bn relu flatten bn"), (1, 2, 2)))
    assert sums.buffers == 2 * 4 + 2 * 16
    assert sums.activations == 5 * 16


def test_branches_join_channels_sums_and_fields():
    text = "concat( conv:3,k1 | conv:5,k3,p1 | ) residual( conv:12,k5,p2 | )"
    rows = program(read_chain(text), (4, 9, 9))
    assert [(r.layer.text, r.output, r.rf) for r in rows] == [
        ("conv:3,k1", (3, 9, 9), (1, 1)),
        ("conv:5,k3,p1", (5, 9, 9), (3, 3)),
        ("concat", (12, 9, 9), (3, 3)),
        ("conv:12,k5,p2", (12, 9, 9), (7, 7)),
        ("residual", (12, 9, 9), (7, 7)),
    ]
    assert rows[-1].start == (-3, -3)


def test_blocks_and_branches_are_the_path_of_a_layer():
    rows = program(read_chain("stem = ( conv:2,k1 ) stem residual( stem | )"), (2, 3))
    assert [r.path for r in rows] == [("stem",), ("residual 1", "stem"), ()]
    assert [r.number for r in rows] == [1, 2, 3]


def test_branches_of_one_unit_maps_join():
    rows = program(read_chain("residual( conv:2,k3,s2,p1 | conv:2,k1 )"), (2, 1, 1))
    assert rows[-1].rf == (3, 3)


def test_receptive_fields_end_at_flatten_and_global_pooling():
    for text in ("gap conv:2,k1", "flatten linear:2"):
        assert [r.rf for r in program(read_chain(text), (2, 4))] == [None, None]


def test_a_transposed_convolution_has_a_fraction_of_a_step():
    row = program(read_chain("convt:1,k4,s2,p1"), (1, 8))[0]
    assert (row.rf, float(row.jump[0]), row.start) == ((2,), 0.5, (-1,))


@pytest.mark.parametrize(
    ("text", "size", "message"),
    [
        (
            "conv:4,k3 relu conv:4,k9",
            (3, 8, 8),
            "layer 3 'conv:4,k9', input 4x6x6: "
            "kernel 9 does not fit: it is larger than the input 6 on axis 0 (kernel 9x9, input 6x6)",
        ),
        (
            "maxpool:k9",
            (3, 8, 8),
            "layer 1 'maxpool:k9', input 3x8x8: "
            "window 9 does not fit: it is larger than the input 8 on axis 0 (window 9x9, input 8x8)",
        ),
        (
            "4*( conv:4,k3 )",
            (3, 6),
            "layer 3 'conv:4,k3', input 4x2: "
            "kernel 3 does not fit: it is larger than the input 2 on axis 0",
        ),
        (
            "conv:4,k3,g2",
            (3, 8),
            "layer 1 'conv:4,k3,g2', input 3x8: 2 groups do not divide the 3 input channels",
        ),
        (
            "dwconv:5,k3",
            (3, 8),
            "layer 1 'dwconv:5,k3', input 3x8: 3 groups do not divide the 5 output channels",
        ),
        (
            "linear:5",
            (3, 8),
            "layer 1 'linear:5', input 3x8: "
            "linear needs one row of numbers: flatten or gap flatten comes first",
        ),
        (
            "flatten maxpool:k2",
            (3, 8),
            "layer 2 'maxpool:k2', input 24: "
            "maxpool needs channels x spatial axes, not one row of numbers",
        ),
        (
            "residual( conv:4,k1 )",
            (3, 8),
            "layer 2 'residual', inputs 4x8 and 3x8: "
            "its branches end in different sizes, one size is needed",
        ),
        (
            "concat( conv:4,k1 | conv:4,k3 )",
            (3, 8),
            "layer 3 'concat', inputs 4x8 and 4x6: "
            "its branches end in different sizes, one spatial size is needed",
        ),
        (
            "bn\nconv:4,k9",
            (3, 8),
            "layer 2 'conv:4,k9' (line 2), input 3x8: "
            "kernel 9 does not fit: it is larger than the input 8 on axis 0",
        ),
        ("relu", (1, 2, 3, 4, 5), "input: got 1x2x3x4x5, C, CxL, CxHxW or CxDxHxW is allowed"),
    ],
)
def test_a_layer_that_cannot_be(text, size, message):
    with pytest.raises(ConvError) as caught:
        program(read_chain(text), size)
    assert str(caught.value) == message


def test_a_window_without_a_cell_is_what_pool_says_it_is():
    """PyTorch's rule, in shape, pool and net alike, and in the same words."""
    (row,) = program(read_chain("maxpool:k2,p1,d2"), (1, 1, 1))
    one = np.ones((1, 1, 1, 1), np.float32)
    assert row.output == (1, 1, 1)
    assert maximum(one, row.axes).tolist() == pool2d(one, 2, padding=1, dilation=2).tolist()
    assert maximum(one, row.axes).tolist() == [[[[-np.inf]]]]
    for text, options in (
        ("avgpool:k2,p1,d2", {"mode": "avg", "padding": 1, "dilation": 2}),
        ("maxpool:k2,p3", {"padding": 3}),
    ):
        with pytest.raises(ConvError) as told:
            pool2d(one, 2, **options)
        with pytest.raises(ConvError) as counted:
            program(read_chain(text), (1, 1, 1))
        assert str(counted.value) == f"layer 1 '{text}', input 1x1x1: {told.value}"
    assert program(read_chain("avgpool:k2,p3,pad"), (1, 1, 1))[0].output == (1, 3, 3)
