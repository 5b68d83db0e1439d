"""Sizes against counting windows one by one, in plain loops that share nothing with the engine."""

import itertools

import pytest

import convcli
from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import (
    WORDS,
    Padding,
    _first_within,
    as_padding,
    axes,
    output_size,
    per_axis,
    pool_axes,
)
from convcli.engine.sizes.transposed import transposed_axes


def windows(n, k, s, d, before, after, ceil=False):
    """Lay windows on a row one by one; return the rows of the input that each reads."""
    end = n + before + after
    found, start = [], 0
    while True:
        last_tap = start + d * (k - 1)
        if last_tap >= end:  # it hangs over
            if ceil and start - s + d * (k - 1) < end - 1:
                found.append([start + d * t - before for t in range(k)])
            break
        found.append([start + d * t - before for t in range(k)])
        start += s
    if ceil and len(found) > 1 and (len(found) - 1) * s >= n + before:
        found.pop()
    return found


def cases():
    for n, k, s, d in itertools.product(range(1, 13), range(1, 6), range(1, 5), range(1, 4)):
        for before, after in itertools.product(range(4), repeat=2):
            yield n, k, s, d, before, after


def check(n, k, s, d, before, after, ceil):
    laid = windows(n, k, s, d, before, after, ceil)
    if not laid:
        with pytest.raises(ConvError, match="does not fit"):
            axes((n,), (k,), padding=[(before, after)], stride=s, dilation=d, ceil=ceil)
        return
    axis = axes((n,), (k,), padding=[(before, after)], stride=s, dilation=d, ceil=ceil)[0]
    read = {row for taps in laid for row in taps}
    assert (axis.out, axis.unused) == (len(laid), len(set(range(n)) - read)), axis


@pytest.mark.parametrize("ceil", [False, True])
def test_sizes_equal_the_windows_counted(ceil):
    for case in cases():
        check(*case, ceil)


def test_the_count_is_able_to_fail():
    assert len(windows(8, 3, 1, 1, 0, 0)) == 6
    assert len(windows(4, 2, 3, 1, 1, 1, ceil=True)) == 2
    assert len(windows(5, 2, 2, 1, 0, 0, ceil=True)) == 3
    assert windows(2, 3, 1, 1, 0, 0) == []


@pytest.mark.parametrize("lower", [False, True])
def test_same_is_the_least_padding_that_gives_n_over_s(lower):
    for n, k, s, d in itertools.product(range(1, 12), range(1, 6), range(1, 5), range(1, 4)):
        wanted = len(range(0, n, s))
        total = next(t for t in range(40) if len(windows(n, k, s, d, 0, t)) == wanted)
        ends = (total - total // 2, total // 2) if lower else (total // 2, total - total // 2)
        axis = axes((n,), (k,), padding="same-lower" if lower else "same", stride=s, dilation=d)[0]
        assert (axis.before, axis.after, axis.out) == (*ends, wanted)


@pytest.mark.parametrize(
    ("word", "before", "after"), [("valid", 0, 0), ("full", 4, 4), ("causal", 4, 0)]
)
def test_words_that_depend_on_the_kernel_alone(word, before, after):
    axis = axes((9,), (3,), padding=word, dilation=2)[0]
    assert (axis.before, axis.after) == (before, after)


def test_every_word_is_tested_here():
    assert set(WORDS) == {"same", "same-lower", "valid", "full", "causal"}


@pytest.mark.parametrize(
    ("n", "k", "padding", "stride", "out"),
    [
        ((8, 8), (3, 3), 1, 1, (8, 8)),
        ((8, 8), (5, 3), (2, 1), 1, (8, 8)),
        ((8, 8), (3, 3), 1, 2, (4, 4)),
        ((8, 8), (3, 5), (0, 1), (3, 4), (2, 2)),
        ((224, 224), (7, 7), 3, 2, (112, 112)),
        (224, 11, 2, 4, 55),
    ],
)
def test_published_sizes(n, k, padding, stride, out):
    assert output_size(n, k, padding=padding, stride=stride) == out
    assert convcli.output_size(n, k, padding=padding, stride=stride) == out


@pytest.mark.parametrize(("n", "k", "s", "p", "out"), [(4, 2, 3, 1, 2), (1, 2, 2, 1, 1)])
def test_ceil_drops_the_window_that_starts_past_the_input(n, k, s, p, out):
    assert output_size(n, k, stride=s, padding=p, ceil=True) == out


def test_huge_sizes_take_no_time():
    axis = axes((10**9,), (7,), stride=3, dilation=5, padding=10**8)[0]
    assert axis.out == (10**9 + 2 * 10**8 - 31) // 3 + 1
    assert axis.unused == 0
    # a hundred windows that touch nowhere, of a milliard taps each
    apart = axes((10**12,), (10**9,), stride=10**10)[0]
    assert (apart.out, apart.unused) == (100, 10**12 - 100 * 10**9)
    # three taps far apart, in a thousand windows
    thin = axes((10**12,), (3,), stride=10**9, dilation=10**8)[0]
    assert (thin.out, thin.unused) == (1000, 10**12 - 3000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"n": (0,), "k": (1,)}, "input: got 0, a whole number of at least 1 is needed"),
        (
            {"n": (8,), "k": (3,), "stride": 0},
            "stride: got 0, a whole number of at least 1 is needed",
        ),
        (
            {"n": (8,), "k": (3,), "stride": 1.5},
            "stride: got 1.5, a whole number of at least 1 is needed",
        ),
        ({"n": (8,), "k": (True,)}, "kernel: got True, a whole number of at least 1 is needed"),
        (
            {"n": (8,), "k": (3,), "padding": -1},
            "padding: got -1, a whole number of at least 0 is needed",
        ),
        (
            {"n": (8,), "k": (3,), "padding": [(1, 2, 3)]},
            "padding: got (1, 2, 3) for an axis, rows per side or (before, after) are needed",
        ),
        ({"n": (8,), "k": (3,), "padding": []}, "padding: got nothing, rows per side are needed"),
        (
            {"n": (8, 8), "k": (3, 3, 3)},
            "kernel: got 3x3x3 for 2 axes, one number or 2 are needed",
        ),
        ({"n": (8,), "k": (3,), "padding": (1, 2)}, "padding: got 2 axes, the input has 1 (8)"),
        (
            {"n": (8,), "k": (3,), "padding": "smae"},
            "unknown padding 'smae', did you mean 'same'? "
            "known: valid, same, same-lower, full, causal",
        ),
        (
            {"n": (8, 4), "k": (5,)},
            "kernel 5 does not fit: it is larger than the input 4 on axis 1 (kernel 5x5, input 8x4)",
        ),
        (
            {"n": (4,), "k": (4,), "dilation": 2, "padding": 1},
            "kernel 4 (7 with dilation 2) does not fit: it is larger than the input 4 "
            "(6 with padding) on axis 0",
        ),
    ],
)
def test_errors(call, message):
    n, k = call.pop("n"), call.pop("k")
    with pytest.raises(ConvError) as caught:
        axes(n, k, **call)
    assert str(caught.value) == message
    # what does not fit is no mistake in how the call is written
    assert caught.value.usage == ("does not fit" not in message)


@pytest.mark.parametrize("sizes", [(), []])
def test_no_size_at_all_is_a_mistake_in_the_call(sizes):
    with pytest.raises(ConvError, match=r"^input: got nothing, a size is needed$") as caught:
        output_size(sizes, 3)
    assert caught.value.usage


def test_the_word_for_a_pooling_window():
    with pytest.raises(ConvError, match=r"^window 5 does not fit"):
        axes((4,), (5,), what="window")


def test_one_number_serves_all_axes():
    assert per_axis("stride", 2, 3, 1) == (2, 2, 2)
    assert as_padding(2) == Padding(pairs=((2, 2),))


# transposed


def stamped(n, k, s, d):
    """Stamp the kernel row by row; return how long the result is."""
    return max(i * s + t * d for i in range(n) for t in range(k)) + 1


def test_transposed_sizes_equal_the_rows_stamped():
    values = itertools.product(range(1, 8), range(1, 5), range(1, 4), range(1, 4), range(2))
    for n, k, s, d, p in values:
        for extra in range(max(s, d)):
            out = stamped(n, k, s, d) - 2 * p + extra
            call = {"padding": p, "stride": s, "dilation": d}
            if out < 1:
                with pytest.raises(ConvError, match="leaves nothing"):
                    transposed_axes((n,), (k,), output_padding=extra, **call)
                continue
            assert transposed_axes((n,), (k,), output_padding=extra, **call)[0].out == out
            assert transposed_axes((n,), (k,), output_size=(out,), **call)[0].extra == extra


def test_a_transposed_convolution_undoes_the_size_of_a_convolution():
    for n, k, s, p in itertools.product(range(3, 20), range(1, 4), range(1, 4), range(2)):
        forward = axes((n,), (k,), padding=p, stride=s)[0]
        back = transposed_axes((forward.out,), (k,), padding=p, stride=s, output_size=(n,))
        assert back[0].out == n


def test_transposed_same_gives_n_times_s():
    for n, k, s in itertools.product(range(1, 8), range(1, 6), range(1, 5)):
        assert transposed_axes((n,), (k,), padding="same", stride=s)[0].out == n * s


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            {"output_padding": 2},
            "output-padding: got 2 on axis 0, 0 to 1 are allowed (below the stride or the dilation)",
        ),
        (
            {"output_size": (20,)},
            "output-size: got 20 on axis 0, 9 to 10 are allowed (below the stride or the dilation)",
        ),
        (
            {"output_padding": 1, "output_size": (9,)},
            "output-padding and output-size: got both, one is allowed",
        ),
        (
            {"padding": (1, 2)},
            "padding: got 2 axes, the input has 1 (4)",
        ),
        (
            {"padding": 5},
            "padding 5/5 leaves nothing on axis 0: the result has 9 rows before it is cut",
        ),
    ],
)
def test_transposed_errors(call, message):
    with pytest.raises(ConvError) as caught:
        transposed_axes((4,), (3,), stride=2, **call)
    assert str(caught.value) == message
    assert caught.value.usage == ("got both" in message or "axes" in message)


@pytest.mark.parametrize(
    ("n", "k", "padding", "stride", "anchors"),
    [
        (6, 2, "same", 1, [0, 1, 2, 3, 4, 5]),
        (6, 2, "same-lower", 1, [0, 1, 2, 3, 4, 5]),
        (6, 4, "same-lower", 1, [0, 1, 2, 3, 4, 5]),
        (6, 3, "causal", 1, [0, 1, 2, 3, 4, 5]),
        (6, 2, [(1, 0)], 1, [0, 1, 2, 3, 4, 5]),
        (5, 4, "same-lower", 2, [0, 2, 4]),
        (7, 4, "same-lower", 3, [0, 3, 6]),
        (5, 2, 0, 1, [0, 1, 2, 3]),
        (5, 2, 1, 1, [0, 0, 1, 2, 3, 4]),
        (8, 4, [(2, 0)], 2, [0, 2, 4, 6]),
        (3, 3, "full", 1, [0, 0, 1, 2, 2]),
    ],
)
def test_the_anchor_follows_from_the_padding(n, k, padding, stride, anchors):
    assert axes((n,), (k,), padding=padding, stride=stride)[0].anchors == anchors


def test_same_lower_is_same_seen_in_a_mirror():
    for n, k, s in itertools.product(range(1, 9), range(1, 7), (1, 2, 3)):
        if (n - 1) % s == 0:  # else the strides begin elsewhere from the other end
            (end,) = axes((n,), (k,), padding="same", stride=s)
            (start,) = axes((n,), (k,), padding="same-lower", stride=s)
            assert start.anchors == [n - 1 - a for a in reversed(end.anchors)]


def test_the_first_window_without_a_cell_is_found():
    for n, k, s, d, before, after in itertools.product(
        range(1, 4), range(1, 4), range(1, 4), range(1, 6), range(6), range(4)
    ):
        if n + before + after < d * (k - 1) + 1:
            continue
        padding = [(before, after)]
        (axis,) = axes((n,), (k,), padding=padding, stride=s, dilation=d)
        reads = [any(0 <= i * s - before + j * d < n for j in range(k)) for i in range(axis.out)]
        options = {"padding": padding, "stride": s, "dilation": d, "divides": True}
        if all(reads):
            assert pool_axes((n,), (k,), **options) == (axis,)
        else:
            with pytest.raises(ConvError, match=f"window {reads.index(False)} on axis 0 holds no"):
                pool_axes((n,), (k,), **options)


def test_windows_are_looked_at_without_counting_them():
    huge = 10**9
    with pytest.raises(ConvError, match="window 250000000 on axis 0"):
        pool_axes((huge // 2,), (3,), padding=[(huge, 2 * huge)], stride=2, dilation=huge)


def test_the_first_multiple_whose_rest_lies_within_bounds_is_found():
    """All small ones, against trying: the remainders of a repeat after m."""
    for m in range(1, 13):
        for a in range(m):
            for low in range(m):
                for high in range(low, m):
                    tried = (i for i in range(m) if low <= a * i % m <= high)
                    assert _first_within(a, m, low, high) == next(tried, None), (a, m, low, high)
