"""The inverse against trying every layer within the bounds."""

import itertools
import re

import pytest

from convcli.engine.errors import ConvError
from convcli.engine.sizes import inverse
from convcli.engine.sizes.geometry import Padding
from convcli.engine.sizes.inverse import COMMON, Bounds, solve
from convcli.engine.sizes.notation import LARGEST


def size(n, k, s, p, d=1, ceil=False):
    """Count the windows one by one."""
    padded, extent = n + 2 * p, d * (k - 1) + 1
    count = len(range(0, padded - extent + 1, s))
    if ceil and count:
        count += (count - 1) * s + extent < padded
        count -= (count - 1) * s >= n + p
    return count


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize(("n", "out"), [(8, 4), (9, 9), (7, 1), (5, 6), (12, 5)])
def test_every_layer_within_the_bounds_is_found(n, out, d, ceil):
    bounds = Bounds(kernel=5, stride=4)
    tried = {
        (k, s, p)
        for k, s in itertools.product(range(1, 6), range(1, 5))
        for p in range((d * (k - 1) + 1) // 2 + 1)
        if size(n, k, s, p, d, ceil) == out
    }
    if not tried:
        with pytest.raises(ConvError, match="nearest"):
            solve((out,), sizes=(n,), dilation=(d,), ceil=ceil, bounds=bounds)
        return
    found = solve((out,), sizes=(n,), dilation=(d,), ceil=ceil, bounds=bounds)
    assert {(f.kernel[0], f.stride[0], f.padding.pairs[0][0]) for f in found} == tried
    assert len(found) == len(tried)
    for f in found:
        assert [a[0].out for a in f.layers(5)] == [out]


@pytest.mark.parametrize("ceil", [False, True])
def test_the_range_of_inputs_is_whole(ceil):
    for k, s, p, out in itertools.product(range(1, 6), range(1, 5), range(3), range(1, 7)):
        fits = [n for n in range(1, 60) if size(n, k, s, p, ceil=ceil) == out]
        pad = Padding(pairs=((p, p),))
        if not fits:
            with pytest.raises(ConvError):
                solve((out,), kernel=(k,), stride=(s,), padding=pad, ceil=ceil)
            continue
        found = solve((out,), kernel=(k,), stride=(s,), padding=pad, ceil=ceil)
        assert [list(f.inputs[0]) for f in found] == [fits]


def test_the_commonest_layers_come_first():
    found = solve((112,), sizes=(224,))
    firsts = [(f.kernel[0], f.padding.pairs[0][0], f.stride[0]) for f in found]
    known = [layer for layer in firsts if layer in COMMON]
    assert firsts[: len(known)] == known == sorted(known, key=COMMON.index)
    assert firsts[0] == (3, 1, 2)


@pytest.mark.parametrize(
    ("n", "out", "layers"),
    [
        # (kernel, padding, stride), as VGG, NiN, LeNet with padding and ConvNeXt have them, then any that keeps the size
        (224, 224, [(3, 1, 1), (1, 0, 1), (5, 2, 1), (7, 3, 1), (9, 4, 1), (11, 5, 1)]),
        # ResNet's block, pooling by two, ResNet's stem, its short cut, DCGAN, then other halvings
        (224, 112, [(3, 1, 2), (2, 0, 2), (7, 3, 2), (1, 0, 2), (4, 1, 2), (5, 2, 2), (9, 4, 2)]),
        # without padding: VALID 3x3, Inception's and AlexNet's pooling, LeNet
        (30, 28, [(3, 0, 1), (5, 1, 1)]),
        (13, 6, [(2, 0, 2), (3, 0, 2)]),
        (28, 24, [(5, 0, 1), (7, 1, 1)]),
        # ConvNeXt's patches, then those of its like that overlap; AlexNet
        (224, 56, [(4, 0, 4), (7, 3, 4), (5, 2, 4)]),
        (224, 55, [(11, 2, 4), (5, 0, 4)]),
        # then odd kernels with half of them around, those without padding, and others, the smallest first
        (9, 3, [(7, 3, 4), (3, 1, 3), (5, 2, 3), (5, 2, 4), (7, 3, 3), (9, 4, 3)]),
        (9, 4, [(2, 0, 2), (3, 0, 2), (4, 1, 2), (6, 0, 1), (4, 2, 3)]),
        (20, 17, [(4, 0, 1), (6, 1, 1), (8, 2, 1), (10, 3, 1)]),
    ],
)
def test_layers_that_people_know_come_first(n, out, layers):
    found = solve((out,), sizes=(n,))
    firsts = [(f.kernel[0], f.padding.pairs[0][0], f.stride[0]) for f in found]
    assert firsts[: len(layers)] == layers
    # those that skip rows of the input come last
    skipping = [k < s for k, p, s in firsts if (k, p, s) not in COMMON]
    assert skipping == sorted(skipping)


@pytest.mark.parametrize(
    ("kernel", "padding", "strides"),
    [
        (3, 1, [1, 2, 3, 4, 5, 6, 7, 8]),
        (2, 0, [2, 1, 3, 4, 5, 6, 7, 8]),  # pooling
        (4, 1, [2, 1, 3, 4, 5, 6, 7, 8]),  # DCGAN
        (4, 0, [4, 1, 2, 3, 5, 6, 7, 8]),  # ConvNeXt's patches
        (7, 3, [2, 1, 4, 3, 5, 6, 7, 8]),  # ResNet's stem, ConvNeXt's blocks, patches that overlap
        (11, 2, [4, 1, 2, 3, 5, 6, 7, 8]),  # AlexNet
        (6, 2, [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_of_the_strides_of_a_kernel_the_commonest_come_first(kernel, padding, strides):
    pad = Padding(pairs=((padding, padding),))
    found = solve((1,), sizes=(kernel - 2 * padding,), kernel=(kernel,), padding=pad)
    assert [f.stride[0] for f in found] == strides


def test_inputs_end_where_sizes_can_no_longer_be_written():
    found = solve((1,), kernel=(1,), stride=(2 * LARGEST,), padding=Padding())
    assert found[0].inputs == (range(1, LARGEST + 1),)
    assert solve((LARGEST,), kernel=(1,), stride=(1,), padding=Padding())[0].inputs == (
        range(LARGEST, LARGEST + 1),
    )


def test_a_layer_of_one_number_for_all_axes_is_preferred():
    found = solve((56, 28), sizes=(224, 112))
    assert all(len(set(f.kernel)) == len(set(f.stride)) == 1 for f in found)
    assert {f.padding.pairs[0] for f in solve((8, 8), sizes=(8, 8), kernel=(5, 3))} == {(2, 2)}


def test_a_word_stands_for_its_padding():
    found = solve((4,), sizes=(8,), padding=Padding("same"), kernel=(3,))
    assert [f.stride for f in found] == [(2,)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            {"out": (57,), "sizes": (224,), "kernel": (3,), "stride": (4,)},
            "no layer gives the output 57 with k <= 11, s <= 8, p <= k'//2; "
            "the nearest that can be reached: 56",
        ),
        (
            {"out": (5,), "sizes": (8,), "kernel": (3,), "stride": (2,), "padding": Padding()},
            "no layer gives the output 5; the nearest that can be reached: 3",
        ),
        (
            {"out": (1, 7), "sizes": (8, 8), "kernel": (1,), "stride": (2,)},
            "no layer gives the output 1 on axis 0 with k <= 11, s <= 8, p <= k'//2; "
            "the nearest that can be reached: 4",
        ),
        (
            {"out": (5,), "sizes": (8,), "padding": Padding(pairs=((1, 1), (0, 0)))},
            "padding: got 2 axes, the output has 1",
        ),
        (
            {"out": (5, 5), "sizes": (8,)},
            "out: got 5x5, the input 8 has another number of axes",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ConvError) as caught:
        solve(call.pop("out"), **call)
    assert str(caught.value) == message
    assert caught.value.usage == (not message.startswith("no layer"))


def test_the_nearest_sizes_are_those_on_both_sides():
    reached = {size(100, k, 3, p) for k in range(1, 4) for p in range(k // 2 + 1)}
    reached |= {size(100, k, s, p) for k in (1, 2, 3) for s in (3, 4) for p in range(k // 2 + 1)}
    assert 30 not in reached
    below, above = max(r for r in reached if r < 30), min(r for r in reached if r > 30)
    with pytest.raises(ConvError, match=f"reached: {below} and {above}$"):
        # strides 1 and 2 reach more, none of it nearer
        solve((30,), sizes=(100,), bounds=Bounds(kernel=3, stride=4))


@pytest.mark.parametrize(
    ("call", "stopped"),
    [
        ({"sizes": (10,), "bounds": Bounds(kernel=10**9)}, True),
        ({"sizes": (10,), "bounds": Bounds(kernel=10**9), "padding": Padding("same")}, True),
        ({"sizes": (10,), "bounds": Bounds(kernel=10**9, padding=3)}, False),
        ({"sizes": (10,), "bounds": Bounds(kernel=10**9), "padding": Padding()}, False),
        ({"sizes": (10,), "bounds": Bounds(stride=10**9)}, False),
        ({"kernel": (3,), "bounds": Bounds(padding=10**9)}, True),
        ({"bounds": Bounds(kernel=10**9)}, True),
    ],
)
def test_a_search_ends_and_says_where(monkeypatch, call, stopped):
    monkeypatch.setattr(inverse, "_MOST_TRIED", 100_000)
    found = solve((5,), **call)
    assert 0 < len(found) <= 10_000
    assert (found.stopped is not None) == stopped
    if stopped:
        assert re.fullmatch(r"k = [0-9]+, s = [0-9]+, with [0-9]+ answers", found.stopped)
    for layer in found[:50]:
        assert [a[0].out for a in layer.layers(3)] == [5] * len(layer.layers(3))


@pytest.mark.parametrize(("n", "most"), [(10, 0), (6, 2), (3, 1), (1, 4)])
def test_no_answer_is_left_out_where_no_larger_kernel_fits(n, most):
    wide = Bounds(kernel=60, stride=60, padding=most)
    for out in range(2, 9):
        tried = {
            (k, s, p)
            for k, s, p in itertools.product(range(1, 61), range(1, 61), range(most + 1))
            if size(n, k, s, p) == out
        }
        try:
            found = solve((out,), sizes=(n,), bounds=wide)
        except ConvError:
            assert not tried
        else:
            assert {(f.kernel[0], f.stride[0], f.padding.pairs[0][0]) for f in found} == tried
            assert found.stopped is None


def test_a_search_without_answers_says_where_it_stopped(monkeypatch):
    monkeypatch.setattr(inverse, "_MOST_TRIED", 10_000)
    with pytest.raises(
        ConvError, match=r"up to k = \d+, s = \d+, with no answers, where the search"
    ):
        solve((5 * 10**7,), sizes=(10,), bounds=Bounds(kernel=10**9))
