"""Run as `convcli`, and as `python -m convcli`."""

import gc
import os
import signal
import sys
from contextlib import suppress

GARBAGE = 50_000
"""New objects from which on Python looks for cycles among them: a start makes as many, and none is garbage."""

WAIT = "20"
"""OpenBLAS's threads look out for work for 2^20 cycles, and then sleep: 2^26, as they would, keep a core busy for 25 ms
while NumPy is still loaded."""


def _leave(number: int, _: object) -> None:
    os._exit(128 + number)


# while Python still imports what the command needs, a signal ends it without a traceback; then cli.main takes over
for _number in (signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(_number) != signal.SIG_IGN:
        signal.signal(_number, _leave)


def main() -> None:
    """Run the command line of this process."""
    gc.set_threshold(GARBAGE)
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", WAIT)
    from convcli import cli

    try:
        cli.main()
    except SystemExit as stop:
        gc.freeze()  # Python would look through all objects once more, to give back what the system takes anyway
        if not isinstance(stop.code, int) or "multiprocessing" in sys.modules:
            raise
        # all is written and cleared away, no other process hangs on this one: no need to take every module apart
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(stop.code)


if __name__ == "__main__":
    main()
