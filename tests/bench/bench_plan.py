"""The planner's choice against the best strategy: what it takes over the least that any of them takes.

The plan goes by the class of the processor; CONVCLI_PROCESSOR, OPENBLAS_CORETYPE and NPY_DISABLE_CPU_FEATURES show other
classes on one machine, as far as it has their vectors.
"""

import time
from collections.abc import Iterator

import numpy as np

from convcli.engine.correlation import Correlation, prepare
from convcli.engine.correlation.planner import STRATEGIES
from convcli.engine.errors import ConvError
from convcli.engine.processor import vectors
from tests.bench.pairs import Settled

LIMIT = 1.15
KERNELS = (3, 5, 7, 9, 11, 13, 15, 17, 21, 25, 31)
SIDES = {512: 15, 2048: 5, 8192: 2}
"""Sides of the pictures, and rounds."""

HOPELESS = 4
"""So many times the least that was predicted: strategies from there on are left out."""


def cases() -> Iterator[Settled]:
    print(f"plan: rates of {vectors()}")
    rng = np.random.default_rng(0)
    for side, rounds in SIDES.items():
        real = rng.random((side, side), np.float32)
        grey = rng.integers(0, 256, (side, side), np.uint8)
        for k in KERNELS:
            taps = np.exp(-(np.linspace(-2, 2, k) ** 2)).astype(np.float32)
            kinds = {
                "float32": (real, rng.standard_normal((k, k), np.float32)),
                "uint8, exact": (grey, rng.integers(-9, 10, (k, k))),
                "separable": (real, np.outer(taps, taps)),
            }
            for kind, (x, kernel) in kinds.items():
                yield _line(f"plan {side}² {kind}, k {k}", x, kernel, rounds)


def _line(name: str, x: np.ndarray, kernel: np.ndarray, rounds: int) -> Settled:
    chosen = prepare(x, kernel, padding="same").plan
    able: dict[str, Correlation] = {}
    for strategy in STRATEGIES:
        try:
            able[strategy] = prepare(x, kernel, padding="same", strategy=strategy)
        except ConvError:
            continue
    work = {name: one.plan.seconds * one.plan.threads for name, one in able.items()}
    able = {n: one for n, one in able.items() if work[n] <= HOPELESS * min(work.values())}
    out = np.empty(x.shape, able[chosen.strategy].dtype)
    times: dict[str, float] = {}
    for i in range(rounds + 1):  # in turns; the first is not measured
        for strategy, one in able.items():
            begun = time.perf_counter()
            one.rows(0, len(x), out)
            spent = time.perf_counter() - begun
            times[strategy] = min(times.get(strategy, np.inf), spent) if i else np.inf
    best = min(times, key=lambda name: times[name])
    seconds = times[chosen.strategy], times[best]
    ours, peer = (f"{s * 1e3:.3g} ms" for s in seconds)
    return Settled(name, f"{ours} {chosen.strategy}", best, peer, seconds[0] / seconds[1], LIMIT)
