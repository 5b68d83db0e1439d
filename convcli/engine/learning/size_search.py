"""Which size of kernel: each is fitted on some rows, and measured on the others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convcli.engine.learning.design_matrix import Data, split
from convcli.engine.learning.examples import sizes_that_fit
from convcli.engine.learning.least_squares import first_solution
from convcli.engine.learning.moments import gather, residual
from convcli.engine.learning.result import Fit, Score, Trial
from convcli.engine.progress import Note, Work, numbered
from convcli.engine.sizes.geometry import size_text

__all__ = ["best_size", "try_sizes"]

HELD = 0.2
"""Share of the rows on which sizes are compared, unless told."""

ROUNDING = 1e-6
"""Errors of less than this share of the deviation of the answers are rounding: such sizes are all as good."""


def try_sizes(fit: Fit, held: float) -> Work[tuple[Trial, ...]]:
    """Fit every size that may have made the answers on some rows, and measure it on the others.

    Parameters
    ----------
    fit : Fit
    held : float
        Share of the rows to measure on; 0 takes `HELD`.

    Returns
    -------
    tuple of Trial
        By size.
    """
    sizes = sizes_that_fit(fit.examples, fit.layer)
    if sizes == [(1, 1)]:
        yield Note(
            "only a 1x1 kernel gives answers of this size without padding; -p same allows others"
        )
    every = [fit.examples.data(fit.examples.kernel_shape(s), fit.layer) for s in sizes]
    runs, out = split(every[0].runs(), held or HELD)
    rows, rows_out = (sum(run.rows for run in part) for part in (runs, out))
    cells = sum(run.rows * every[0].pairs[run.pair].axes[1].out for run in runs)
    fitting = [(s, data) for s, data in zip(sizes, every, strict=True) if data.taps < cells]
    fitting = fitting or [(sizes[0], every[0])]
    large = fitting[-1][
        1
    ]  # its moments hold those of the smaller ones, where the windows have one middle
    moments = yield from numbered("gathering", rows, gather(large, runs))
    trials = []
    for size, data in fitting:
        taps = _within(large, data)
        if taps is None:
            own = yield from numbered(f"trying {size_text(size)}", rows, gather(data, runs))
        else:
            own = moments.part(taps)
        kernel, bias = first_solution(fit.normals(own, data), own)
        rest = yield from numbered(
            f"trying {size_text(size)}", rows_out, residual(data, out, kernel, bias)
        )
        trials.append(Trial(size, data.taps, Score.of(rest)))
    return tuple(trials)


def best_size(trials: Sequence[Trial]) -> tuple[int, int]:
    """Choose the size with the least error; of several that leave but rounding, the smallest."""
    best = min(trials, key=lambda trial: trial.score.rmse).score
    enough = max(best.rmse, best.deviation * ROUNDING)
    return next(trial.size for trial in trials if trial.score.rmse <= enough)


def _within(large: Data, small: Data) -> NDArray[np.intp] | None:
    """Return which taps of the large kernel lie where those of the small one do; None if some lie beside them."""
    inner: list[list[int]] = []
    for axis in (0, 1):
        starts = {
            (a.axes[axis].before - b.axes[axis].before, a.axes[axis].d)
            for a, b in zip(large.pairs, small.pairs, strict=True)
        }
        (before, d), *others = starts
        k = small.pairs[0].axes[axis].k
        if others or before % d or not 0 <= before // d <= large.pairs[0].axes[axis].k - k:
            return None
        inner.append([before // d + i for i in range(k)])
    channels, kh, kw = large.size
    return (
        np.arange(channels * kh * kw).reshape(channels, kh, kw)[:, inner[0]][:, :, inner[1]].ravel()
    )
