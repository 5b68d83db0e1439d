"""Paired timing: the two sides run in turns, so that a busy machine slows both, and the medians are compared.

A ratio of medians over interleaved runs moves far less from hour to hour than either time does.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Side = Callable[[], object] | Sequence[str]
"""What is timed: a call in this process, or the arguments of a whole process."""


@dataclass(frozen=True)
class Case:
    """One line of the benchmark table: what is timed, against which named peer, and the ratio that was promised.

    `note` says something about our median seconds, at the end of the line.
    """

    name: str
    ours: Side
    peer_name: str
    peer: Side
    limit: float | None = None
    rounds: int = 15
    note: Callable[[float], str] | None = None


@dataclass(frozen=True)
class Settled:
    """One line of the table as it is shown: measured already, whatever in."""

    name: str
    ours: str
    peer_name: str
    peer: str
    ratio: float
    limit: float | None
    note: str = ""


@dataclass(frozen=True)
class Pair:
    """Median seconds of both sides, and the median of the ratios round by round."""

    ours: float
    peer: float
    ratio: float


def settled(case: Case | Settled) -> Settled:
    """Measure a case, unless it is."""
    if isinstance(case, Settled):
        return case
    pair = measure(case)
    ours, peer = (f"{seconds * 1e3:.3g} ms" for seconds in (pair.ours, pair.peer))
    note = case.note(pair.ours) if case.note else ""
    return Settled(case.name, ours, case.peer_name, peer, pair.ratio, case.limit, note)


def measure(case: Case) -> Pair:
    """Run both sides once unmeasured, then in turns; the side that begins changes from round to round."""
    ours, peer = _callable(case.ours), _callable(case.peer)
    ours()
    peer()
    times: list[tuple[float, float]] = []
    for i in range(case.rounds):
        if i % 2:
            p = _seconds(peer)
            times.append((_seconds(ours), p))
        else:
            o = _seconds(ours)
            times.append((o, _seconds(peer)))
    return Pair(
        statistics.median(o for o, _ in times),
        statistics.median(p for _, p in times),
        statistics.median(o / p for o, p in times),
    )


def _callable(side: Side) -> Callable[[], object]:
    if callable(side):
        return side
    argv = list(side)
    # a process like a user's: no cache of bytecode is switched off, no width or colour is forced
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(argv, check=True, stdout=subprocess.PIPE, env=env)


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
