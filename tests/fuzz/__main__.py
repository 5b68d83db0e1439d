"""`python -m tests.fuzz [SUITE…] [--count N] [--seed S] [--only I]`: whatever can be handed over, bounded and judged.

One line a suite: how many calls, how they ended, the slowest, the most memory. The status is 1 if one call went wrong;
its argv and files are kept in build/fuzz/failed/, and --only runs it again.
"""

import argparse
import json
import os
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # read when NumPy is loaded
    os.environ.setdefault(_name, "2")

from convcli.engine.errors import printable  # noqa: E402
from tests.fuzz import arguments, arrays, corpus, pictures, texts  # noqa: E402
from tests.fuzz.arena import MIB, Arena, Call, Told  # noqa: E402

ENOUGH = 40
"""Failures after which a suite stops: they are one."""


@dataclass(frozen=True)
class Suite:
    """Calls of one kind.

    Parameters
    ----------
    what : str
    cases : callable
        From a count and a seed to calls.
    count : int
        How many, unless told.
    short : int
        How many in the short form.
    process : bool
        Whether each call is a process of its own.
    """

    what: str
    cases: Callable[[int, int], Iterator[Call]]
    count: int
    short: int
    process: bool = False


SUITES = {
    "corpus": Suite("test pictures of Pillow and PngSuite, as they are", pictures.whole_corpus, 20_000, 150),
    "pictures": Suite("damaged pictures", pictures.damaged, 40_000, 1500),
    "tables": Suite("tables of csvkit, NPY of NumPy's tests, as they are", arrays.whole_corpus, 20_000, 200),
    "csv": Suite("CSV with oddities", arrays.odd_csv, 10_000, 800),
    "npy": Suite("NPY and NPZ that lie", arrays.bad_npy, 5_000, 400),
    "texts": Suite("layers, rows, lists, pairs, models, labelled data", texts.cases, 5_000, 400),
    "arguments": Suite("arguments of every command", arguments.cases, 15_000, 800),
    "processes": Suite("a sample of all of these, as processes", lambda c, s: _sample(c, s), 400, 25, process=True),
}  # fmt: skip


def _sample(count: int, seed: int) -> Iterator[Call]:
    kinds = [suite for suite in SUITES.values() if not suite.process]
    for suite in kinds:
        yield from islice(suite.cases(suite.count, seed + 1), -(-count // len(kinds)))


def _run(name: str, suite: Suite, count: int, seed: int, only: int | None) -> bool:
    from convcli.cli import run

    ends: Counter[str] = Counter()
    slowest, most, failed, done = 0.0, 0, 0, 0
    begun = time.monotonic()
    with Arena(run) as arena:
        for i, call in enumerate(suite.cases(count, seed)):
            if only is not None and i != only:
                continue
            told = (arena.process if suite.process else arena)(call)
            done += 1
            ends[str(told.outcome.status)] += 1
            slowest = max(slowest, told.outcome.seconds)
            most = max(most, told.outcome.peak)
            if told.complaints:
                failed += 1
                _keep(name, i, told)
                if failed == ENOUGH:
                    print(f"{name}: {failed} failed, stopped there")
                    break
            if only is not None:
                print(told.outcome.err.decode(errors="backslashreplace"))
            if sys.stderr.isatty():
                print(f"\r{name} {i + 1}, {failed} failed ", end="", file=sys.stderr)
    how = ", ".join(f"{n} × {status}" for status, n in sorted(ends.items()))
    print(
        f"{name:<10} {suite.what}: {done} calls in {time.monotonic() - begun:.0f} s ({how}), "
        f"slowest {slowest:.1f} s, at most {most / MIB:.0f} MiB; {failed} failed",
        flush=True,
    )
    return failed == 0 and done > 0


def _keep(name: str, number: int, told: Told) -> None:
    folder = corpus.SCRATCH / "failed" / f"{name}-{number}"
    folder.mkdir(parents=True, exist_ok=True)
    argv = shlex.join(told.call.argv)[:400]
    print(f"{name} {number}: {'; '.join(told.complaints)}\n  convcli {printable(argv)}", flush=True)
    record = {"argv": told.call.argv, "why": told.complaints, "status": told.outcome.status}
    (folder / "call.json").write_text(json.dumps(record, indent=1) + "\n")
    (folder / "stderr").write_bytes(told.outcome.err)
    (folder / "stdin").write_bytes(told.call.stdin)
    for i, data in enumerate(told.call.files.values()):
        (folder / f"file-{i}").write_bytes(data)


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--count", type=int, help="calls of each suite")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="only the call with this number")
    parser.add_argument("--short", action="store_true", help="a minute, and nothing is fetched")
    asked = parser.parse_args()
    if unknown := set(asked.suites) - {*SUITES}:
        parser.error(f"no suite {sorted(unknown)[0]!r}, known: {', '.join(SUITES)}")
    if not asked.short:
        corpus.fetch()
    well = True
    for name in asked.suites or SUITES:
        suite = SUITES[name]
        count = asked.count or (suite.short if asked.short else suite.count)
        well &= _run(name, suite, count, asked.seed, asked.only)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
