"""What a strategy holds over input and result, on a large picture, in a process of its own."""

import subprocess
import sys

import pytest

from tests.conftest import RESIDENT

SIDE = 8192
LIMIT = 64  # MiB

CODE = """
import sys
import numpy as np
from convcli.engine.correlation import prepare
strategy, k, side = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
x = np.ones((side, side), np.float32)
kernel = np.ones((k, k), np.float32)

before = resident("VmRSS")
found = prepare(x, kernel, padding="same", strategy=strategy).run()
assert abs(found[k, k] - k * k) < 1e-3
print((resident("VmHWM") - before - found.nbytes) / 2**20)
"""


def over(strategy, k, side):
    """MiB above input and result at the peak."""
    done = subprocess.run(
        [sys.executable, "-c", RESIDENT + CODE, strategy, str(k), str(side)],
        capture_output=True,
        check=True,
        text=True,
    )
    return float(done.stdout)


@pytest.mark.full
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells what is resident")
@pytest.mark.parametrize(
    ("strategy", "k"),
    [
        ("taps", 3),
        ("banded", 3),
        ("banded", 21),
        ("separable", 31),
        ("spectral", 31),
        ("columns", 3),
    ],
)
def test_no_strategy_holds_much_over_input_and_result(strategy, k):
    assert over(strategy, k, SIDE) < LIMIT
