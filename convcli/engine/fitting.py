"""Learning a kernel from inputs and answers: by least squares, or by gradient descent as the chapter does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convcli.engine.descent import Descent, batches, curvature, descend, stable_text
from convcli.engine.errors import ConvError, one_of
from convcli.engine.fitpairs import Examples, Layer, sizes_that_fit
from convcli.engine.geometry import PaddingLike, size_text
from convcli.engine.leastsquares import Normal, Solution, first_solution, normals, refined
from convcli.engine.likeness import Likeness, nearest, rank_one_error
from convcli.engine.moments import Moments, Residual, gather, residual
from convcli.engine.observations import Data, Floats, Run, split
from convcli.engine.records import Note, Work, finished, numbered

__all__ = ["METHODS", "Learned", "Score", "Trial", "learn_kernel", "learning"]

METHODS: dict[str, str] = {
    "lstsq": "least squares, from normal equations that are refined",
    "sgd": "gradient descent on the sum of squared errors, the chapter's way",
}
"""The methods, and what each is."""

HELD = 0.2
"""Share of the rows on which sizes are compared."""

AS_GOOD = 0.005
"""Of sizes whose held-out errors are this near to the best, the smallest is taken."""

ROUNDING = 1e-6
"""Held-out errors of less than this share of the deviation of the answers are rounding."""


@dataclass(frozen=True)
class Score:
    """How well a kernel explains some answers.

    Parameters
    ----------
    r2 : float
        1 - squared errors / variation of y about its mean (over all channels); NaN when y is constant.
    rmse : float
        Root of the mean squared error, in units of y.
    count : int
        Answers it is measured on.
    deviation : float
        Standard deviation of these answers.
    """

    r2: float
    rmse: float
    count: int
    deviation: float

    @classmethod
    def of(cls, rest: Residual) -> "Score":
        """Measure what is left."""
        squares, variation, count = (
            float(a.sum()) for a in (rest.squares, rest.variation, rest.count)
        )
        r2 = 1 - squares / variation if variation else float("nan")
        rmse, deviation = np.sqrt(np.array([squares, variation]) / max(count, 1))
        return cls(r2, float(rmse), int(count), float(deviation))


@dataclass(frozen=True)
class Trial:
    """One size that was tried: its error on rows that were not used."""

    size: tuple[int, int]
    taps: int
    score: Score


@dataclass(frozen=True, eq=False)
class Learned:
    """A kernel that was learned, and how sure that is.

    Parameters
    ----------
    kernel : ndarray, shape (kh, kw), (C, kh, kw) or (O, C, kh, kw), float64
    bias : ndarray, shape (O,), or None
        None unless it was learned too.
    score : Score
        On the data of the fit.
    held_out : Score or None
        On rows that were not used.
    stderr : ndarray, shape of `kernel`
        Standard error of each tap, if the errors of the answers are independent and alike; NaN where the data leave
        the tap open.
    rank, taps : int
        Combinations of taps that the data fix, and taps, of the kernel of one answer channel.
    condition : float
        Largest over smallest singular value (of those that are not zero) of the data's windows; with a bias, of the
        windows less their means. The relative error of the kernel is at most about this times that of the answers.
    nearest : Likeness or None
        The named kernel that is nearest; None unless the kernel is 2-D in effect.
    separable : bool
        Whether a column times a row gives the kernel, to within three standard errors and 5 %.
    clipped : int
        Answers that were left out, since they are at the end of the range.
    method : str
    ridge : float
    rate, stable_rate : float or None
        Of 'sgd': the rate that was used, and the largest that is stable.
    losses : tuple of float
        Of 'sgd': the loss before each step.
    trials : tuple of Trial
        The sizes that were tried, if none was given.
    """

    kernel: Floats
    bias: Floats | None
    score: Score
    held_out: Score | None
    stderr: Floats
    rank: int
    taps: int
    condition: float
    nearest: Likeness | None
    separable: bool
    clipped: int
    method: str
    ridge: float
    rate: float | None = None
    stable_rate: float | None = None
    losses: tuple[float, ...] = ()
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True)
class _Fit:
    """What all stages share."""

    examples: Examples
    layer: Layer
    bias: bool
    ridge: float

    def normals(self, moments: Moments, data: Data) -> list[Normal]:
        if not moments.count.all():
            low, high = next(filter(None, self.examples.limits))
            raise ConvError(
                f"{self.examples.names[0][1]}: every value of a channel is {low:g} or {high:g}, which counts as "
                "clipped: none is left to learn from; an array of the values before clipping tells more"
            )
        return normals(moments, data, self.examples.largest, bias=self.bias, ridge=self.ridge)


def learn_kernel(
    x: ArrayLike | Sequence[NDArray[Any]],
    y: ArrayLike | Sequence[NDArray[Any]],
    size: int | Sequence[int] | None = None,
    *,
    method: str = "lstsq",
    padding: PaddingLike = 0,
    stride: int | Sequence[int] = 1,
    dilation: int | Sequence[int] = 1,
    border: str = "zero",
    value: float = 0.0,
    bias: bool = False,
    ridge: float = 0.0,
    holdout: float = 0.0,
    limits: tuple[float, float] | None = None,
    lr: float | None = None,
    steps: int = 20,
    momentum: float = 0.0,
    batch: int | None = None,
    seed: int | None = None,
) -> Learned:
    """Learn the kernel with which `corr2d` makes `y` from `x`.

    Parameters
    ----------
    x, y : array_like of 2 to 4 dimensions, or lists of arrays
        Inputs and answers; of lists, pair by pair.
    size : int or sequence of int, optional
        KHxKW, CxKHxKW or OxCxKHxKW. Two numbers give a kernel that filters each channel by itself if `y` has the
        channels of `x`, else one that mixes them. None: odd sizes to 15 are tried, and the one with the least error
        on a fifth of the rows, which is held out, is taken (the smallest of those within half a percent).
    method : str
        A key of `METHODS`.
    padding, stride, dilation, border, value
        As in `corr2d`.
    bias : bool
        Learn a number that is added to each answer channel, too.
    ridge : float
        Cost of the sum of squared taps, in squared units of y over those of the kernel.
    holdout : float
        Share of rows, in blocks spread evenly, that the fit does not use, and on which it is measured.
    limits : (float, float), optional
        Answers at or beyond these are clipped and left out: (0, 255) for an 8-bit picture.
    lr, steps, momentum, batch, seed
        Of 'sgd', see `descent.Descent`.

    Returns
    -------
    Learned

    Raises
    ------
    ConvError
        Sizes that do not fit, numbers that are not finite, rates at which the loss grows without end.

    Examples
    --------
    >>> found = learn_kernel([[1, 1, 0, 0, 1]] * 3, [[0, 1, 0, -1]] * 3, (1, 2))
    >>> found.kernel.tolist(), found.rank, found.nearest.text
    ([[1.0, -1.0]], 2, 'diff-x, exactly')
    """
    descent = Descent(lr, steps, momentum, batch, seed) if method == "sgd" else None
    examples = Examples.of(x, y)
    return finished(
        learning(
            replace(examples, limits=[limits] * len(examples.pairs)),
            size,
            Layer(padding, stride, dilation, border, value),
            method=method,
            bias=bias,
            ridge=ridge,
            holdout=holdout,
            descent=descent,
        )
    )


def learning(
    examples: Examples,
    size: int | Sequence[int] | None,
    layer: Layer,
    *,
    method: str = "lstsq",
    bias: bool = False,
    ridge: float = 0.0,
    holdout: float = 0.0,
    descent: Descent | None = None,
) -> Work[Learned]:
    """Learn a kernel, with records of how far it is; the parameters are those of `learn_kernel`."""
    if method not in METHODS:
        raise one_of("method", method, METHODS)
    if not 0 <= ridge < np.inf:
        raise ConvError(f"ridge: got {ridge:g}, a number of at least 0 is needed", usage=True)
    if not 0 <= holdout < 1:
        raise ConvError(
            f"holdout: got {holdout:g}, a share from 0 to below 1 is needed", usage=True
        )
    if ridge and method == "sgd":
        raise ConvError("ridge: got it with method sgd, only lstsq has it", usage=True)
    fit = _Fit(examples, layer, bias, ridge)
    trials: tuple[Trial, ...] = ()
    if size is None:
        trials = yield from _tried(fit, sizes_that_fit(examples, layer), holdout or HELD)
        size = _best(trials)
    size = (size, size) if isinstance(size, int) else tuple(size)
    shape = examples.kernel_shape(size)
    data = examples.data(shape, layer)
    kept, held = split(data.runs(), holdout)
    if method == "sgd":
        learned = yield from _by_descent(fit, data, kept, shape, descent or Descent())
    else:
        learned = yield from _by_least_squares(fit, data, kept, shape)
    if held:
        kernel = learned.kernel.reshape(data.maps, -1).T
        offset = np.zeros(data.maps) if learned.bias is None else learned.bias
        rows = sum(run.rows for run in held)
        rest = yield from numbered("measuring", rows, residual(data, held, kernel, offset))
        learned = replace(learned, held_out=Score.of(rest))
    return replace(learned, trials=trials)


def _by_least_squares(
    fit: _Fit, data: Data, runs: Sequence[Run], shape: tuple[int, ...]
) -> Work[Learned]:
    rows = sum(run.rows for run in runs)
    moments = yield from numbered("gathering", rows, gather(data, runs))
    equations = fit.normals(moments, data)
    solution = yield from numbered("refining", rows, refined(equations, moments, data, runs))
    return _learned(fit, equations, solution, moments, shape)


def _by_descent(
    fit: _Fit, data: Data, runs: Sequence[Run], shape: tuple[int, ...], how: Descent
) -> Work[Learned]:
    rows = sum(run.rows for run in runs)
    parts = batches(runs, how.batch)
    moments, steepest = None, 0.0
    for part in parts:
        own = yield from numbered("gathering", rows, gather(data, part))
        steepest = max(steepest, curvature(own, data, bias=fit.bias))
        moments = own if moments is None else moments + own
    if moments is None:
        raise AssertionError("split leaves rows to learn from")
    equations = fit.normals(moments, data)
    limit = (1 + how.momentum) / steepest if steepest else np.inf
    rate = how.rate or (limit / 2 if steepest else 1.0)
    if rate >= limit:
        text = f"the rate {rate:g} is above {stable_text(limit)}, the largest that is stable on these data"
        yield Note(text)
    kernel, bias, losses = yield from descend(data, parts, how, rate, limit, bias=fit.bias)
    rest = yield from numbered("measuring", rows, residual(data, runs, kernel, bias))
    learned = _learned(fit, equations, Solution(kernel, bias, rest), moments, shape)
    return replace(learned, method="sgd", rate=rate, stable_rate=float(limit), losses=tuple(losses))


def _learned(
    fit: _Fit,
    equations: Sequence[Normal],
    solution: Solution,
    moments: Moments,
    shape: tuple[int, ...],
) -> Learned:
    rest = solution.rest
    if len(equations) == 1:
        errors = equations[0].deviations(rest.squares)
    else:
        alone = (e.deviations(rest.squares[o : o + 1]) for o, e in enumerate(equations))
        errors = np.hstack(list(alone))
    # + 0.0: without the sign of -0.0
    kernel, stderr = (np.add(a.T, 0.0, order="C").reshape(shape) for a in (solution.kernel, errors))
    size = float(np.linalg.norm(kernel))
    known = float(np.linalg.norm(np.nan_to_num(stderr))) / size if size else 0.0
    conditions = [e.condition for e in equations]
    return Learned(
        kernel=kernel,
        bias=solution.bias if fit.bias else None,
        score=Score.of(rest),
        held_out=None,
        stderr=stderr,
        rank=min(e.rank for e in equations),
        taps=len(solution.kernel),
        condition=float(np.nan) if np.isnan(conditions).any() else max(conditions),
        nearest=nearest(kernel.reshape(shape[-2:]))
        if kernel.size == shape[-2] * shape[-1]
        else None,
        separable=rank_one_error(kernel) <= min(max(1e-6, 3 * known), 0.05),
        clipped=moments.clipped,
        method="lstsq",
        ridge=fit.ridge,
    )


def _tried(fit: _Fit, sizes: Sequence[tuple[int, int]], held: float) -> Work[tuple[Trial, ...]]:
    """Fit every size on some rows, and measure it on the others; the moments of the largest hold most others."""
    every = [fit.examples.data(fit.examples.kernel_shape(s), fit.layer) for s in sizes]
    runs, out = split(every[0].runs(), held)
    rows, rows_out = (sum(run.rows for run in part) for part in (runs, out))
    cells = sum(run.rows * every[0].pairs[run.pair].axes[1].out for run in runs)
    fitting = [(s, data) for s, data in zip(sizes, every, strict=True) if data.taps < cells]
    fitting = fitting or [(sizes[0], every[0])]
    large = fitting[-1][1]
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


def _best(trials: Sequence[Trial]) -> tuple[int, int]:
    """Choose the smallest size that is as good as the best; errors that are but rounding are all as good."""
    best = min(trials, key=lambda trial: trial.score.rmse).score
    enough = max(best.rmse * (1 + AS_GOOD), best.deviation * ROUNDING)
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
