"""`python -m tests.bench [NAME…]`: ratios against named peers, one table.

Every tests/bench/bench_NAME.py has `cases()`, which yields `pairs.Case`s. A module whose peer is not installed says so
by raising ImportError. The status is 1 if a promised ratio was missed.
"""

import sys
from importlib import import_module
from pathlib import Path

from tests.bench import readme
from tests.bench.pairs import measure

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
    print(ROW.format("what", "ours", "peer", "its time", "ratio", "limit", "").rstrip())
    for name in names or known:
        try:
            for case in import_module(f"tests.bench.bench_{name}").cases():
                pair = measure(case)
                rows.append((case.name, case.peer_name, pair.ratio))
                late = case.limit is not None and pair.ratio > case.limit
                missed += late
                notes = ["over the limit"] * late + ([case.note(pair.ours)] if case.note else [])
                print(
                    ROW.format(
                        case.name,
                        f"{pair.ours * 1e3:.3g} ms",
                        case.peer_name,
                        f"{pair.peer * 1e3:.3g} ms",
                        f"{pair.ratio:.2f}",
                        "" if case.limit is None else f"{case.limit:g}",
                        ", ".join(notes),
                    ).rstrip(),
                    flush=True,
                )
        except ImportError as missing:
            print(f"{name}: left out, {missing}", file=sys.stderr)
    if into_readme:
        readme.write(rows)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
