"""`python -m tests.bench [NAME…]`: ratios against named peers, one table.

Every tests/bench/bench_NAME.py has `cases()`, which yields `pairs.Case`s, or lines that are measured already. A module whose peer is not installed says so
by raising ImportError. The status is 1 if a promised ratio was missed.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

from convcli.engine.processor import VARIABLE, vectors
from tests.bench import readme
from tests.bench.pairs import settled

KERNELS = (VARIABLE, "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NPY_DISABLE_CPU_FEATURES")
"""Environment variables that change which kernels run: figures with one of them are not those of the machine."""

ROW = "{:<44} {:>10}  {:<24} {:>10} {:>7} {:>7}  {}"


def main(names: list[str]) -> int:
    into_readme = "--readme" in names
    names = [name for name in names if name != "--readme"]
    rows: list[tuple[str, str, float]] = []
    known = sorted(p.stem.removeprefix("bench_") for p in Path(__file__).parent.glob("bench_*.py"))
    for name in names:
        if name not in known:
            print(f"no benchmark '{name}', known: {', '.join(known)}", file=sys.stderr)
            return 2
    missed = 0
    print(f"processor: {vectors()}, {os.cpu_count()} cores")
    for name in KERNELS:
        if name in os.environ:
            print(f"{name}={os.environ[name]} changes which kernels run")
    print(ROW.format("what", "ours", "peer", "its", "ratio", "limit", "").rstrip())
    for name in names or known:
        try:
            for case in import_module(f"tests.bench.bench_{name}").cases():
                line = settled(case)
                rows.append((line.name, line.peer_name, line.ratio))
                late = line.limit is not None and line.ratio > line.limit
                missed += late
                notes = ["over the limit"] * late + [line.note] * bool(line.note)
                print(
                    ROW.format(
                        line.name,
                        line.ours,
                        line.peer_name,
                        line.peer,
                        f"{line.ratio:.2f}",
                        "" if line.limit is None else f"{line.limit:g}",
                        ", ".join(notes),
                    ).rstrip(),
                    flush=True,
                )
        except ImportError as missing:
            print(f"{name}: left out, {missing}", file=sys.stderr)
    if into_readme:
        readme.write(rows, vectors())
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
