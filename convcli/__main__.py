"""Run as `convcli`, and as `python -m convcli`."""

import os
import signal
from importlib import import_module
from types import FrameType
from typing import NoReturn

__all__ = ["main"]


def _leave(number: int, _: FrameType | None) -> NoReturn:
    os._exit(128 + number)


# while Python still imports what the command needs, a signal ends it without a traceback; then cli.main takes over
for _number in (signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(_number) != signal.SIG_IGN:
        signal.signal(_number, _leave)


def main() -> NoReturn:
    """Run the command line of this process."""
    import_module("convcli.cli").main()
    raise AssertionError("main leaves by itself")


if __name__ == "__main__":
    main()
