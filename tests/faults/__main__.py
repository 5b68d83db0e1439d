"""`python -m tests.faults [KIND…] [--count N] [--seed S] [--short]`: faults, injected and counted.

After each of them the old file is whole or the new one is, nothing else was left, and one line says what happened.
The status is 1 if that did not hold once.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from tests.faults import disks, processes
from tests.faults.calling import Place, place

LIST = 20
"""Failures of a kind that are shown."""


@dataclass(frozen=True)
class Kind:
    """Faults of one kind.

    Parameters
    ----------
    what : str
    inject : callable
        Yields for each fault what is wrong after it.
    count, short : int
        How many, and in the short form.
    """

    what: str
    inject: Callable[[Place, int, Random], Iterator[list[str]]]
    count: int
    short: int


KINDS = {
    "size": Kind("a file may not grow further, at a random byte", disks.size_limits, 200, 32),
    "full": Kind("/dev/full as output, standard output, standard error", disks.full_devices, 120, 45),
    "tmpfs": Kind("a file system of 64 KiB that is full", disks.tmpfs, 40, 8),
    "calls": Kind("a system call fails on the way to the file's place", disks.calls_that_fail, 120, 30),
    "killed": Kind("SIGKILL before and after each of these calls", disks.killed_between, 60, 12),
    "closed": Kind("a folder or a file without permission", disks.read_only, 45, 9),
    "streams": Kind("standard streams closed, or their reader gone", processes.streams, 120, 60),
    "signals": Kind("SIGINT, SIGTERM, SIGKILL at a random moment", processes.signals, 150, 10),
    "changing": Kind("the input changes while it is read", processes.changing, 60, 6),
    "two": Kind("two batches into one folder at once", processes.two_at_once, 40, 4),
}  # fmt: skip


def main() -> int:
    """Inject what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--count", type=int, help="faults of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="half a minute")
    asked = parser.parse_args()
    if unknown := set(asked.kinds) - {*KINDS}:
        parser.error(f"no kind {sorted(unknown)[0]!r}, known: {', '.join(KINDS)}")
    total = failed = 0
    with place() as here:
        for name in asked.kinds or KINDS:
            kind = KINDS[name]
            count = asked.count or (kind.short if asked.short else kind.count)
            begun, done, bad = time.monotonic(), 0, 0
            for wrong in kind.inject(here, count, Random(asked.seed)):
                done += 1
                bad += bool(wrong)
                if wrong and bad <= LIST:
                    print("\n  ".join(wrong), flush=True)
            seconds = time.monotonic() - begun
            print(f"{name:<9} {kind.what}: {done} in {seconds:.0f} s; {bad} failed", flush=True)
            total += done
            failed += bad
    print(f"{total} faults, {failed} failed")
    return 1 if failed or not total else 0


if __name__ == "__main__":
    sys.exit(main())
