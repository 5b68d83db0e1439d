"""Learning a kernel from inputs and answers: by least squares, or by gradient descent as the chapter does.

Open: examples, gradient_descent, report.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convcli.engine.arguments import Whole, Wholes, real, row_of, several, shown, wholes
from convcli.engine.errors import ConvError
from convcli.engine.learning.design_matrix import Data, Run, split
from convcli.engine.learning.examples import Examples, Layer
from convcli.engine.learning.gradient_descent import (
    Descent,
    batches,
    curvature,
    descend,
    stable_text,
)
from convcli.engine.learning.least_squares import Normal, Solution, refined
from convcli.engine.learning.moments import Moments, gather, residual
from convcli.engine.learning.nearest_kernel import nearest, rank_one_error
from convcli.engine.learning.result import Fit, Learned, Score, Trial
from convcli.engine.learning.size_search import best_size, try_sizes
from convcli.engine.progress import Note, Work, finished, numbered
from convcli.engine.sizes.geometry import PaddingLike

__all__ = ["METHODS", "Learned", "Score", "Trial", "learn_kernel", "learning"]

METHODS: dict[str, str] = {
    "lstsq": "least squares, from normal equations that are refined",
    "sgd": "gradient descent on the sum of squared errors, the chapter's way",
}
"""The methods, and what each is."""


def learn_kernel(
    x: ArrayLike | Sequence[NDArray[Any]],
    y: ArrayLike | Sequence[NDArray[Any]],
    size: Wholes | None = None,
    *,
    method: str = "lstsq",
    padding: PaddingLike = 0,
    stride: Wholes = 1,
    dilation: Wholes = 1,
    border: str = "zero",
    value: float = 0.0,
    bias: bool = False,
    ridge: float = 0.0,
    holdout: float = 0.0,
    limits: tuple[float, float] | None = None,
    lr: float | None = None,
    steps: Whole = 20,
    momentum: float = 0.0,
    batch: Whole | None = None,
    seed: Whole | None = None,
) -> Learned:
    """Learn the kernel with which `corr2d` makes `y` from `x`.

    Parameters
    ----------
    x, y : array_like of 2 to 4 dimensions, or lists of arrays
        Inputs and answers; of lists, pair by pair.
    size : int or sequence of int, optional
        KHxKW, CxKHxKW or OxCxKHxKW; NumPy's integers, and arrays of them, are as good as int, here and below. Two
        numbers give a kernel that filters each channel by itself if `y` has the channels of `x`, else one that mixes
        them. None: odd sizes to 15 are tried, and the one with the least error on a fifth of the rows, which is held
        out, is taken.
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
        Of 'sgd', see `gradient_descent.Descent`.

    Returns
    -------
    Learned

    Raises
    ------
    ConvError
        Sizes that do not fit, numbers that are not finite, arguments that are no numbers, rates at which the loss
        grows without end.

    Examples
    --------
    >>> found = learn_kernel([[1, 1, 0, 0, 1]] * 3, [[0, 1, 0, -1]] * 3, (1, 2))
    >>> found.kernel.tolist(), found.rank, found.nearest.text
    ([[1.0, -1.0]], 2, 'diff-x, exactly')
    """
    descent = Descent.of(lr, steps, momentum, batch, seed)
    examples = Examples.of(x, y)
    if limits is not None:
        ends = several(limits)
        if ends is None or len(ends) != 2:
            raise ConvError(f"limits: got {shown(limits)}, two numbers are needed", usage=True)
        limits = real("limits", ends[0]), real("limits", ends[1])
    return finished(
        learning(
            replace(examples, limits=[limits] * len(examples.pairs)),
            size,
            Layer(padding, stride, dilation, border, value),
            method=method,
            bias=bias,
            ridge=ridge,
            holdout=holdout,
            descent=descent if method == "sgd" else None,
        )
    )


def learning(
    examples: Examples,
    size: Wholes | None,
    layer: Layer,
    *,
    method: str = "lstsq",
    bias: bool = False,
    ridge: float = 0.0,
    holdout: float = 0.0,
    descent: Descent | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Work[Learned]:
    """Learn a kernel, with records of how far it is; the parameters are those of `learn_kernel`.

    `stop` is asked after each step of a descent whether it is the last.
    """
    row_of("method", method, METHODS)
    ridge = real("ridge", ridge, "a number of at least 0 is needed", lambda r: 0 <= r < np.inf)
    share = "a share from 0 to below 1 is needed"
    holdout = real("holdout", holdout, share, lambda part: 0 <= part < 1)
    if ridge and method == "sgd":
        raise ConvError("ridge: got it with method sgd, only lstsq has it", usage=True)
    fit = Fit(examples, layer, bias, ridge)
    trials: tuple[Trial, ...] = ()
    if size is None:
        trials = yield from try_sizes(fit, holdout)
        size = best_size(trials)
    sides = wholes("size", size, 1)
    shape = examples.kernel_shape(sides * 2 if several(size) is None else sides)
    data = examples.data(shape, layer)
    kept, held = split(data.runs(), holdout)
    if method == "sgd":
        learned = yield from _by_descent(fit, data, kept, shape, descent or Descent(), stop)
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
    fit: Fit, data: Data, runs: Sequence[Run], shape: tuple[int, ...]
) -> Work[Learned]:
    rows = sum(run.rows for run in runs)
    moments = yield from numbered("gathering", rows, gather(data, runs))
    equations = fit.normals(moments, data)
    solution = yield from numbered("refining", rows, refined(equations, moments, data, runs))
    return _learned(fit, equations, solution, moments, shape)


def _by_descent(
    fit: Fit,
    data: Data,
    runs: Sequence[Run],
    shape: tuple[int, ...],
    how: Descent,
    stop: Callable[[], bool],
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
    kernel, bias, losses = yield from descend(data, parts, how, rate, limit, stop, bias=fit.bias)
    rest = yield from numbered("measuring", rows, residual(data, runs, kernel, bias))
    learned = _learned(fit, equations, Solution(kernel, bias, rest), moments, shape)
    return replace(learned, method="sgd", rate=rate, stable_rate=float(limit), losses=tuple(losses))


def _learned(
    fit: Fit,
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
