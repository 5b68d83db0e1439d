"""What a batch tells: names and errors in the order of its inputs, and at its end what they have in common."""

import csv
import io
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from convcli import terminal
from convcli.commands.output import print_path, tell
from convcli.engine.errors import ConvError, printable, shortened
from convcli.files.batch import Record

__all__ = ["Report", "print_plan"]

_SAME = 16
"""So many files in front that fail for the same reason, and none that does not: the call is wrong, if all are alike."""


class Report:
    """Counts what is settled, prints names in the order of the inputs, and sums up.

    Parameters
    ----------
    total : int
        Inputs.
    goes_on : bool
        Whether the call leaves results that are there.
    force, dry_run, quiet : bool
        Of the options.
    alike : callable
        Whether all inputs are of one kind, pictures or arrays, so that what is wrong with many is wrong with all.
    here : str
        What names on a cluster begin with, which are absolute: they are shown as they were given.
    """

    def __init__(
        self,
        total: int,
        *,
        goes_on: bool = False,
        force: bool = False,
        dry_run: bool = False,
        quiet: bool = False,
        alike: Callable[[], bool] = lambda: True,
        here: str = "",
    ) -> None:
        self.total, self.goes_on, self.force = total, goes_on, force
        self.dry_run, self.quiet, self.here = dry_run, quiet, here
        self.alike = alike
        self.written = self.skipped = self.failed = 0
        self._waiting: dict[str, Record] = {}
        self._held: list[Record] | None = []
        self._notes: dict[str, list[str]] = {}
        self._existing: list[str] = []
        self._head = True
        self._bar = None if quiet else terminal.Bar(total)

    def settled(self, record: Record) -> None:
        """Count a record at once; it is shown when it is its turn."""
        self._waiting[record.source] = record
        self.failed += record.error is not None
        self.skipped += record.skipped
        self.written += record.error is None and not record.skipped
        if self._bar:
            self._bar.advance(failed=record.error is not None)

    def refuse(self, record: Record) -> None:
        """Count and show what failed before the start."""
        self.settled(record)
        del self._waiting[record.source]
        self._print(record)

    def show(self, record: Record) -> None:
        """Show what became of one input.

        Raises
        ------
        ConvError
            The call is wrong: that is known when the first files all fail for one reason.
        """
        self._waiting.pop(record.source, None)
        if self._held is not None and record.usage is not None:
            self._held.append(record)
            if len({one.usage for one in self._held}) == 1:
                if len(self._held) == _SAME and self.alike():
                    self._blame()
                return
            del self._held[-1]
        self._release()
        self._print(record)
        self.draw()

    def note(self, name: str, text: str) -> None:
        """Keep a note: those that say the same but for numbers and names become one at the end."""
        names = self._notes.setdefault(_NUMBER.sub("0", text.partition(", of ")[0]), [])
        names.append(f"{name}\0{text}" if not names else "")

    def finish(self) -> None:
        """Tell at the end what belongs to all inputs.

        Raises
        ------
        ConvError
            The call is wrong: all files failed for one reason.
        """
        self._blame()
        if self._bar:
            self._bar.finish()
        self._sum_up()

    def interrupted(self) -> None:
        """Tell what is there, in spite of a slow file in front; whoever read the names may be gone."""
        self.erase()
        with suppress(OSError):
            self._release()
            for record in list(self._waiting.values()):
                self._print(record)
        with suppress(OSError):
            self._sum_up()

    def draw(self) -> None:
        """Move the clock of the bar."""
        if self._bar:
            self._bar.draw()

    def erase(self) -> None:
        """Make room for something else."""
        if self._bar:
            self._bar.erase()

    def _blame(self) -> None:
        if self._held:
            self.erase()
            self._trace(self._held[0])
            raise ConvError(self._held[0].usage or "", usage=True)

    def _release(self) -> None:
        """Show what was held back while the call might have been to blame."""
        held, self._held = self._held or [], None
        for record in held:
            self._print(record)

    def _trace(self, record: Record) -> None:
        if record.trace is not None:
            print(record.trace, end="", file=sys.stderr)

    def _print(self, record: Record) -> None:
        if record.trace or record.error or (record.path and terminal.on_terminal()):
            self.erase()
        self._trace(record)
        source = record.source.removeprefix(self.here)
        if record.path is not None:
            path = record.path.removeprefix(self.here)
            if not self.dry_run:
                print_path(Path(path))
            elif not record.skipped:
                print_plan(source, path, head=self._head)
                self._head = False
            sys.stdout.flush()
        for note in record.notes:
            self.note(source, note)
        if record.exists is not None:
            self._existing.append(record.exists.removeprefix(self.here))
        elif record.error is not None:
            error = shortened(record.error.removeprefix(printable(self.here)))
            print(f"convcli: error: {error}", file=sys.stderr)

    def _sum_up(self) -> None:
        if self._existing:
            first, more = printable(self._existing[0]), len(self._existing) - 1
            them = f"already exists (and {more} more)" if more else "already exists"
            text = f"{first}: {them}, --skip-existing goes on, -f overwrites"
            print(f"convcli: error: {text}", file=sys.stderr)
        if self.quiet:
            return
        for names in self._notes.values():
            name, _, text = names[0].partition("\0")
            more = len(names) - 1
            tell(name, (f"{text} (and {more} more)" if more else text,))
        would = self.dry_run
        parts = [f"{self.written} of {self.total} {'would be ' if would else ''}written"]
        if self.skipped:
            parts.append(f"{self.skipped} there before")
        if self.failed:
            parts.append(f"{self.failed} {'would fail' if would else 'failed'}")
        text = ", ".join(parts)
        if self.written + self.skipped < self.total and not would and not self.force:
            text += f"; {'the same call' if self.goes_on else '--skip-existing'} goes on"
        print(f"convcli: {text}", file=sys.stderr)


_NUMBER = re.compile(r"[-−]?\d[\d.,]*(e[-+]?\d+)?")


def print_plan(name: str, path: str, *, head: bool) -> None:
    """Print what would be written where: for a person an arrow, in a pipe a line of CSV, the first below a head."""
    if terminal.on_terminal():
        print(f"{printable(name)} -> {printable(path)}")
        return
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    if head:
        table.writerow(("input", "output"))
    table.writerow((name, path))
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(text.getvalue()))
