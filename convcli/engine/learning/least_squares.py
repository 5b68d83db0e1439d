"""Least squares from moments, in a basis and a scale in which a nearly flat photograph keeps its digits.

The normal equations square the condition number of the design matrix A, so they are used with care:

- The columns of A are shifted by the mean m of the input. With a bias that is all: the bias takes up the mean. Without
  one the matrix is A + 1m', and the taps are turned (Householder) so that one unknown is the gain along m and the
  others do not see the mean at all.
- Every unknown is scaled to a column of length 1: within sqrt(T) of the best scale (van der Sluis, Condition numbers
  and equilibration of matrices, 1969).
- The solution is refined: what is left of the answers is taken from the data, not from A'A, and solved for the
  correction (Björck, Iterative refinement of linear least squares solutions I, 1967).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convcli.engine.learning.design_matrix import Data, Floats, Run
from convcli.engine.learning.moments import Moments, Residual, residual

__all__ = ["Normal", "Solution", "first_solution", "normals", "refined"]

EPS = float(np.finfo(float).eps)

TOLERANCE = 64 * EPS
"""Times T: eigenvalues of the scaled A'A below it count as zero. Rounding alone makes them about half that large."""

SETTLED = 1e-7
"""A correction this small against the kernel is the last: the next would be smaller than it by the same factor."""

PASSES = 6
"""Most corrections."""


@dataclass(frozen=True)
class Solution:
    """Kernels as columns.

    Parameters
    ----------
    kernel : ndarray, shape (T, O)
    bias : ndarray, shape (O,)
    rest : Residual
        What they leave of the answers.
    """

    kernel: Floats
    bias: Floats
    rest: Residual


class Normal:
    """The normal equations of answer channels that share their rows of A.

    Parameters
    ----------
    gram, sums, count
        One entry of the first axis of those of `Moments`.
    offsets : ndarray, shape (T,)
        What was subtracted from the columns of A.
    largest : float
        Largest |element| of the input: below its rounding a column counts as zero.
    bias : bool
    ridge : float
        What the sum of squared taps (the bias not among them) costs, in units of squared errors.

    Attributes
    ----------
    rank : int
        Of A; with a bias, of A less the means of its columns.
    condition : float
        Largest over smallest singular value that is not zero, of A or, with a ridge, of A above sqrt(ridge) I.
    free : ndarray of bool, shape (T,)
        Which taps the equations leave open.
    """

    def __init__(
        self, gram: Floats, sums: Floats, count: float, offsets: Floats, largest: float, *, bias: bool, ridge: float
    ) -> None:  # fmt: skip
        taps = len(offsets)
        self.bias, self.ridge, self.count = bias, ridge, count
        self.column_sums = sums + count * offsets
        self.turn = np.eye(taps)
        self.mean = np.zeros(taps)  # what the sum of r adds to the turned A'r
        if bias:
            self.gram = gram - np.outer(sums, sums) / count
            self.mean = -sums / count
        else:
            axis = offsets.copy()
            length = float(np.linalg.norm(axis))
            if length:
                axis[0] += np.copysign(length, axis[0])
                self.turn -= np.outer(axis, axis) * (2 / (axis @ axis))
                self.mean[0] = -np.copysign(length, offsets[0])
            both = np.outer(self.mean, self.turn @ sums + count / 2 * self.mean)
            self.gram = self.turn @ gram @ self.turn + both + both.T
        # rounding of the input, and of the sums that A'A of later kernel rows is a difference of
        self.noise = max(count * (16 * EPS * largest) ** 2, 16 * EPS * np.diagonal(gram).max())
        self.white, null = self._decomposed(0.0)
        self.rank = len(self.white)
        if ridge:
            self.white, null = self._decomposed(ridge)
        self.free = np.linalg.norm(null, axis=1) > 1e-6
        self.root = self.turn @ self.white.T
        self.root -= null @ (null.T @ self.root)
        self.condition = float("nan")
        if len(self.white):
            largest_eigenvalue = np.linalg.eigvalsh(self.gram)[-1] + ridge
            inverse = np.linalg.eigvalsh(self.root.T @ self.root)[-1]
            self.condition = float(np.sqrt(max(largest_eigenvalue * inverse, 1.0)))

    def _decomposed(self, ridge: float) -> tuple[Floats, Floats]:
        """Return W, with W'W the inverse of the turned equations, and an orthonormal basis of what they leave open."""
        whole = self.gram + ridge * np.eye(len(self.gram))
        lengths = np.diagonal(whole)
        zero = lengths <= self.noise
        scale = np.where(zero, 1.0, np.sqrt(np.where(zero, 1.0, lengths)))
        scaled = np.where(zero | zero[:, None], 0.0, whole / np.outer(scale, scale))
        values, vectors = np.linalg.eigh(scaled)
        kept = values > TOLERANCE * len(values)
        white = (vectors[:, kept] / np.sqrt(values[kept]) / scale[:, None]).T
        null, _ = np.linalg.qr(self.turn @ (vectors[:, ~kept] / scale[:, None]))
        return white, null

    def correction(self, cross: Floats, total: Floats, kernel: Floats) -> tuple[Floats, Floats]:
        """Solve for the change of kernels and biases that takes up what is left of the answers.

        Without a ridge, and where the data leave taps open, the sum of kernels from zero by such changes is the one
        of minimum norm.

        Parameters
        ----------
        cross, total
            A'r and the sum of r, columns and entries of those of `Residual`.
        kernel : ndarray, shape (T, …)
            Where r was taken; the ridge pulls at it.
        """
        right = self.turn @ cross + np.outer(self.mean, total) - self.ridge * (self.turn @ kernel)
        change = self.root @ (self.white @ right)
        shift = (total - self.column_sums @ change) / self.count
        return change, shift if self.bias else np.zeros_like(total)

    def deviations(self, squares: Floats) -> Floats:
        """Return the standard error of each tap, shape (T, O); NaN where the data do not tell.

        The errors of the answers are taken as independent, of the variance that `squares` has for each degree of
        freedom.
        """
        freedom = self.count - self.rank - self.bias
        if freedom < 1:
            return np.full((len(self.root), len(squares)), np.nan)
        spread = self.white @ self.gram @ self.white.T  # the identity, without a ridge
        each = np.sqrt(np.maximum(np.einsum("tr,rs,ts->t", self.root, spread, self.root), 0))
        each[self.free] = np.nan
        return np.outer(each, np.sqrt(squares / freedom))


def normals(
    moments: Moments, data: Data, largest: float, *, bias: bool, ridge: float
) -> list[Normal]:
    """Set up the equations: one for all answer channels, or one for each if clipped answers make them differ."""
    return [
        Normal(gram, sums, float(count), data.offsets, largest, bias=bias, ridge=ridge)
        for gram, sums, count in zip(moments.gram, moments.sums, moments.count, strict=True)
    ]


def _corrections(
    equations: Sequence[Normal], cross: Floats, total: Floats, kernel: Floats
) -> tuple[Floats, Floats]:
    if len(equations) == 1:
        return equations[0].correction(cross, total, kernel)
    found = [
        normal.correction(cross[:, o : o + 1], total[o : o + 1], kernel[:, o : o + 1])
        for o, normal in enumerate(equations)
    ]
    return np.hstack([change for change, _ in found]), np.hstack([shift for _, shift in found])


def first_solution(equations: Sequence[Normal], moments: Moments) -> tuple[Floats, Floats]:
    """Solve from the moments alone: kernels (T, O) and biases (O,)."""
    zero = np.zeros_like(moments.cross)
    return _corrections(equations, moments.cross, moments.total, zero)


def refined(
    equations: Sequence[Normal], moments: Moments, data: Data, runs: Sequence[Run]
) -> Generator[int, None, Solution]:
    """Solve, and correct the solution with what is left of the data.

    Yields
    ------
    int
        Rows of answers done in the pass that is under way.

    Returns
    -------
    Solution
    """
    kernel, bias = first_solution(equations, moments)
    for _ in range(PASSES):
        rest = yield from residual(data, runs, kernel, bias)
        change, shift = _corrections(equations, rest.cross, rest.total, kernel)
        whole = rest.cross + np.outer(data.offsets, rest.total)
        gain = np.einsum("to,to->o", change, whole) + shift * rest.total
        kernel, bias = kernel + change, bias + shift
        if np.linalg.norm(change) <= SETTLED * np.linalg.norm(kernel):
            break
    # the change solves the equations: what it takes off is its product with their right side
    squares = rest.squares - gain
    rounding = EPS**2 * (rest.variation + rest.count * data.center**2)
    return Solution(kernel, bias, replace(rest, squares=np.where(squares > rounding, squares, 0.0)))
