"""What `convcli learn` tells at the end: the kernel, how sure it is, the losses."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from convcli import terminal
from convcli.commands.output import Request, deliver, print_path
from convcli.commands.progress import say
from convcli.engine.learning import Learned
from convcli.engine.learning.gradient_descent import DivergedError
from convcli.engine.learning.report import as_values, sentences
from convcli.engine.results import Ready
from convcli.engine.sizes.geometry import size_text
from convcli.files.operands import Operand
from convcli.files.output import writing

__all__ = ["logging", "show"]


def show(
    name: str, learned: Learned, request: Request, *, as_json: bool, every: int | None
) -> None:
    """Put the kernel where it belongs, and say how sure it is; `every`: show the loss of every so many steps.

    JSON has all of it, so that nothing else is said then.
    """
    if as_json:
        print(json.dumps(as_values(learned), allow_nan=False))
    else:
        _tell_trials(learned)
        for step in range(every or 0, len(learned.losses) + 1 if every else 0, every or 1):
            say(f"step {step}, loss {learned.losses[step - 1]:.4f}")
        for sentence in sentences(learned):
            say(sentence)
    if as_json and request.output is None:
        return
    delivered = deliver(Operand(name, learned.kernel), Ready(learned.kernel), request)
    if delivered.path is not None and not as_json:
        print_path(delivered.path)
        if learned.bias is not None:
            print(",".join(repr(float(b)) for b in learned.bias))
    elif terminal.on_terminal() and learned.method == "lstsq" and learned.stderr.any():
        console = terminal.console()
        terminal.draw_matrix(learned.stderr, console=console, title="standard errors")


def _tell_trials(learned: Learned) -> None:
    if not learned.trials:
        return
    taken = learned.kernel.shape[-2:]
    rows = [
        (size_text(t.size), t.taps, t.score.rmse, t.score.r2, "taken" if t.size == taken else "")
        for t in learned.trials
    ]  # fmt: skip
    if terminal.watched():
        heads = ("size", "taps", "RMSE on rows not used", "R²", "")
        terminal.print_table(heads, rows, to=terminal.console(sys.stderr))
        return
    for size, _, rmse, r2, mark in rows:
        say(f"{size}: RMSE {rmse:.6g}, R² {r2:.6g} on rows not used{', taken' * bool(mark)}")


@contextmanager
def logging(log: str | None, *, force: bool) -> Iterator[list[float]]:
    """Give a list for the loss of each step, which is written as CSV at the end, and when the descent diverges."""
    losses: list[float] = []
    try:
        yield losses
    except DivergedError as error:
        if log is not None:
            _write_losses(error.losses, Path(log), force=force)
        raise
    if log is not None:
        _write_losses(losses, Path(log), force=force)


def _write_losses(losses: Sequence[float], path: Path, *, force: bool) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("step", "loss"))
    table.writerows((step, repr(loss)) for step, loss in enumerate(losses, 1))
    with writing(path, force=force) as file:
        file.write(text.getvalue().encode())
