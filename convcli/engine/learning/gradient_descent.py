"""Gradient descent on the sum of squared errors, as the chapter learns its kernel, and the rates at which it is stable."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np

from convcli.engine.arguments import Whole, real, whole
from convcli.engine.errors import ConvError
from convcli.engine.learning.design_matrix import Data, Floats, Run
from convcli.engine.learning.moments import Moments, residual
from convcli.engine.progress import Progress, finished

__all__ = ["Descent", "DivergedError", "batches", "curvature", "descend", "stable_text"]


class DivergedError(ConvError):
    """The loss grows without end.

    Parameters
    ----------
    message : str
    losses : sequence of float
        Of the steps up to there.
    """

    def __init__(self, message: str, losses: Sequence[float]) -> None:
        super().__init__(message)
        self.losses = tuple(losses)


DIVERGED = 1e6
"""A loss this many times the first one will not come back."""


@dataclass(frozen=True)
class Descent:
    """How to descend.

    Parameters
    ----------
    rate : float or None
        Learning rate; None: half of the largest that is stable, with which no step overshoots.
    steps : int
    momentum : float
        Share of the last step's direction that is kept (heavy ball: v = momentum v + gradient).
    batch : int or None
        Rows of answers a step sees; None: all.
    seed : int or None
        Of the start, N(0, 0.01²), and of the order of the batches. None: from zero, in order.
    """

    rate: float | None = None
    steps: int = 20
    momentum: float = 0.0
    batch: int | None = None
    seed: int | None = None

    @classmethod
    def of(
        cls,
        rate: float | None,
        steps: Whole,
        momentum: float,
        batch: Whole | None,
        seed: Whole | None,
    ) -> "Descent":
        """Check what was given.

        Raises
        ------
        ConvError
        """
        if rate is not None:
            rate = real("lr", rate, "a number above 0 is needed", lambda r: 0 < r < np.inf)
        return cls(
            rate,
            whole("steps", steps, 1),
            real("momentum", momentum, "0 to below 1 is allowed", lambda m: 0 <= m < 1),
            None if batch is None else whole("batch", batch, 1),
            None if seed is None else whole("seed", seed, 0),
        )


def batches(runs: Sequence[Run], rows: int | None) -> list[list[Run]]:
    """Cut runs into batches of so many rows; a last one of an image may have fewer."""
    if rows is None:
        return [list(runs)]
    return [
        [Run(run.pair, run.image, start, min(start + rows, run.stop))]
        for run in runs
        for start in range(run.start, run.stop, rows)
    ]


def curvature(moments: Moments, data: Data, *, bias: bool) -> float:
    """Return the largest eigenvalue of A'A, with a column of ones for the bias.

    The Hessian of the sum of squares is 2A'A, so descent is stable below the rate (1 + momentum) / curvature
    (Polyak, Some methods of speeding up the convergence of iteration methods, 1964).
    """
    worst = 0.0
    offsets = data.offsets
    for gram, sums, count in zip(moments.gram, moments.sums, moments.count, strict=True):
        both = np.outer(offsets, sums + count / 2 * offsets)
        whole = gram + both + both.T
        if bias:
            ones = sums + count * offsets
            whole = np.block([[whole, ones[:, None]], [ones, count]])
        worst = max(worst, float(np.linalg.eigvalsh(whole)[-1]))
    return worst


def descend(
    data: Data,
    parts: Sequence[Sequence[Run]],
    how: Descent,
    rate: float,
    largest: float,
    stop: Callable[[], bool] = lambda: False,
    *,
    bias: bool,
) -> Generator[Progress, None, tuple[Floats, Floats, list[float]]]:
    """Descend, a batch a step.

    Parameters
    ----------
    data : Data
    parts : sequence of sequence of Run
        The batches.
    how : Descent
    rate : float
    largest : float
        The largest stable rate, for the message.
    stop : callable
        Whether the step just done is the last.
    bias : bool

    Yields
    ------
    Progress
        One a step, with the loss before its update: the sum of squared errors over its batch.

    Returns
    -------
    kernel : ndarray, shape (T, O)
    bias : ndarray, shape (O,)
    losses : list of float

    Raises
    ------
    DivergedError
    """
    rng = None if how.seed is None else np.random.default_rng(how.seed)
    shape = (data.maps, data.taps)
    kernel = (np.zeros(shape) if rng is None else rng.normal(0.0, 0.01, shape)).T
    offset = np.zeros(data.maps)
    push, push_offset = np.zeros_like(kernel), np.zeros_like(offset)
    losses: list[float] = []
    order: list[int] = []
    for step in range(1, how.steps + 1):
        if not order:
            order = list(range(len(parts)) if rng is None else rng.permutation(len(parts)))
        with np.errstate(over="ignore", invalid="ignore"):
            rest = finished(residual(data, parts[order.pop(0)], kernel, offset))
            gradient = -2 * (rest.cross + np.outer(data.offsets, rest.total))
            push = how.momentum * push + gradient
            push_offset = how.momentum * push_offset - 2 * rest.total
            kernel = kernel - rate * push
            offset = offset - rate * push_offset if bias else offset
        loss = float(rest.squares.sum())
        losses.append(loss)
        if not np.isfinite(loss) or loss > DIVERGED * max(losses[: len(parts)]):
            raise DivergedError(
                f"lr: got {rate:g}, with which the loss grew from {losses[0]:.3g} to {loss:.3g} by step {step}; "
                f"lower it to {stable_text(largest)} or less",
                losses,
            )
        yield Progress("descending", step, how.steps, loss)
        if stop():
            break
    return kernel, offset, losses


def stable_text(rate: float) -> str:
    """Write a rate with three digits, rounded down: as it is written, it is stable."""
    text = f"{rate:.2e}"
    if float(text) >= rate:
        mantissa, _, exponent = text.partition("e")
        text = f"{float(mantissa) - 0.01:.2f}e{exponent}"
    return f"{float(text):g}"
