"""What a command costs before it does anything: whole processes, against an interpreter that does nothing."""

import sys
from collections.abc import Iterator

from tests.bench.pairs import Case


def cases() -> Iterator[Case]:
    nothing = [sys.executable, "-c", "pass"]
    shape = [sys.executable, "-m", "convcli", "shape"]
    one = [*shape, "-n", "224", "-k", "7", "-p", "3", "-s", "2"]
    yield Case("shape -n 224 -k 7 -p 3 -s 2", one, "python -c pass", nothing, limit=8)
