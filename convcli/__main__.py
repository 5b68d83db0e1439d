"""Run as `convcli`, and as `python -m convcli`."""

import os
import signal


def _leave(number: int, _: object) -> None:
    os._exit(128 + number)


# while Python still imports what the command needs, a signal ends it without a traceback; then cli.main takes over
for _number in (signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(_number) != signal.SIG_IGN:
        signal.signal(_number, _leave)


def main() -> None:
    """Run the command line of this process."""
    from convcli import cli

    cli.main()


if __name__ == "__main__":
    main()
