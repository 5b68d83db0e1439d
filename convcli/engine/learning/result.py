"""What a fit is given, and what it gives: a kernel, and how sure that is."""

from dataclasses import dataclass

import numpy as np

from convcli.engine.errors import ConvError
from convcli.engine.learning.design_matrix import Data, Floats
from convcli.engine.learning.examples import Examples, Layer
from convcli.engine.learning.least_squares import Normal, normals
from convcli.engine.learning.moments import Moments, Residual
from convcli.engine.learning.nearest_kernel import Likeness

__all__ = ["Fit", "Learned", "Score", "Trial"]


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
        Standard error of each tap of the least-squares kernel, if the errors of the answers are independent, alike
        and as large as what is left of them; NaN where the data leave the tap open.
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
class Fit:
    """What all stages share: the data, how the kernel is applied, and what is asked for."""

    examples: Examples
    layer: Layer
    bias: bool
    ridge: float

    def normals(self, moments: Moments, data: Data) -> list[Normal]:
        """Set up the normal equations.

        Raises
        ------
        ConvError
            All answers are clipped.
        """
        if not moments.count.all():
            low, high = next(filter(None, self.examples.limits))
            raise ConvError(
                f"{self.examples.names[0][1]}: every value of a channel is {low:g} or {high:g}, which counts as "
                "clipped: none is left to learn from; an array of the values before clipping tells more"
            )
        return normals(moments, data, self.examples.largest, bias=self.bias, ridge=self.ridge)
