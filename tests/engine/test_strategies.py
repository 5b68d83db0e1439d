"""Every strategy, forced, against the definition; and the planner."""

import itertools
import random

import numpy as np
import pytest

from convcli.engine.correlate import prepare
from convcli.engine.errors import ConvError
from convcli.engine.padding import BORDERS
from convcli.engine.strategies import STRATEGIES
from tests import oracle

PADDINGS = ["valid", "same", "same-lower", "full", ((7, 0), (2, 9))]
STEPS = [(1, 1), (2, 1), (1, 2), (3, 2), (2, 3), (4, 4)]
SIZES = [  # input, kernel
    ((13, 11), (3, 3)),
    ((9, 18), (2, 5)),
    ((1, 9), (1, 4)),
    ((8, 1), (3, 1)),
    ((12, 10), (7, 9)),
    ((10, 17), (1, 1)),
    ((19, 7), (5, 2)),
]
LAYERS = [(1, 1, 1), (3, 3, 3), (2, 4, 2), (4, 2, 2)]  # input channels, output channels, groups
DTYPES = ["uint8", "int16", "int64", "float32", "float64"]
KERNELS = ["any", "rank 1", "sparse"]
PRODUCT = list(
    itertools.product(STRATEGIES, BORDERS, PADDINGS, STEPS, STEPS, LAYERS, SIZES, DTYPES, KERNELS)
)


def operands(rng, layer, size, kernel_size, dtype, kind):
    channels, maps, groups = layer
    x = rng.integers(0, 100, (2, channels, *size)) - 50 * (dtype != "uint8")
    k = rng.integers(-9, 10, (maps, channels // groups, *kernel_size))
    if kind == "rank 1":
        k = k[..., :1] * k[..., :1, :] // 9
    elif kind == "sparse":
        k = np.sign(k) * (rng.random(k.shape) < 0.3)
    x = x.astype(dtype)
    if dtype == "int64":
        x *= 2**40  # past what float64 adds up exactly, with some kernels
    if "f" in dtype:
        x, k = x + x.dtype.type(0.25), k * 0.3
    return x, k


def check(case):
    """Whether the strategy took the case (it agrees then)."""
    strategy, border, padding, stride, dilation, layer, (size, kernel_size), dtype, kind = case
    rng = np.random.default_rng(PRODUCT.index(case) % 1000)
    x, k = operands(rng, layer, size, kernel_size, dtype, kind)
    options = {"padding": padding, "stride": stride, "dilation": dilation, "groups": layer[2]}
    options["value"] = 7 if border == "constant" else 0
    expected = oracle.correlate(x, k, border=border, **options)
    try:
        found = prepare(x, k, mode=border, strategy=strategy, **options).run()
    except ConvError:
        reason = f"strategy {strategy}: " if expected.size else "does not fit"
        with pytest.raises(ConvError, match=reason):
            prepare(x, k, mode=border, strategy=strategy, **options)
        return False
    assert found.shape == expected.shape, case
    if found.dtype.kind == "f":
        scale = np.abs(x).max() * np.abs(k).sum(axis=(1, 2, 3)).max()
        tolerance = 1e-6 if found.dtype == np.float32 else 1e-13
        assert np.abs(found - expected.astype(float)).max() <= tolerance * scale, case
    else:
        assert found.tolist() == expected.tolist(), case
    return True


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_sample_of_the_product_agrees_with_four_loops(strategy):
    cases = random.Random(3).sample([case for case in PRODUCT if case[0] == strategy], 150)
    assert sum(check(case) for case in cases) > 20


@pytest.mark.full
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("border", BORDERS)
def test_much_of_the_product_agrees_with_four_loops(strategy, border):
    cases = [case for case in PRODUCT if case[:2] == (strategy, border)]
    assert sum(check(case) for case in random.Random(4).sample(cases, 700)) > 100
