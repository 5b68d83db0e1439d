"""Signals that ask long work to stop: it ends its step, saves, and leaves with the signal's status."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Asked", "stopping"]


class Asked:
    """Whether someone asked to stop.

    Attributes
    ----------
    status : int or None
        The exit status then: 130 for SIGINT, 143 for SIGTERM.
    """

    status: int | None = None

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Note a first signal; a second one is not waited for."""
        if self.status is not None:
            raise KeyboardInterrupt
        self.status = 128 + number


@contextmanager
def stopping() -> Iterator[Asked]:
    """Catch SIGINT and SIGTERM for the length of a block."""
    asked = Asked()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, asked.hear) for number in numbers]
    try:
        yield asked
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
