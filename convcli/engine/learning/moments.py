"""Products of windows with windows and with the answers: the two passes over the data that fits are made of.

- `gather`: A'A, A'y and the sums, from which least squares and stable rates follow;
- `residual`: A'r, the sum of r and r'r for r = y - Ak - b, which refines a solution, and is a gradient.

Along a column of the input the rows of a kernel read the same cells, one row later each: with stride 1 the product of
kernel rows u and u' is that of u-1 and u'-1 but for the rows at the two ends of a run. So only kernel row 0 is
multiplied with all others, and the rest follows: a kh-th of the copies and about two kh-ths of the work of A'A from
a matrix of all windows.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convcli.engine.blas import product
from convcli.engine.learning.design_matrix import Band, Data, Floats, Run

__all__ = ["Moments", "Residual", "gather", "residual"]


@dataclass(frozen=True)
class Moments:
    """Products and sums over the design matrix A, its columns shifted by `Data.offsets`, and the answers y.

    The first axis of `gram`, `sums` and `count` has one entry if all answer channels use the same rows of A, and one
    an answer channel if clipped answers make them differ.

    Parameters
    ----------
    gram : ndarray, shape (1 or O, T, T)
        A'A; taps in the order (channel, row, column).
    sums : ndarray, shape (1 or O, T)
        Sums of the columns of A.
    count : ndarray, shape (1 or O,)
        Rows of A.
    cross : ndarray, shape (T, O)
        A'y.
    total : ndarray, shape (O,)
        Sum of y.
    clipped : int
        Answers that were left out.
    """

    gram: Floats
    sums: Floats
    count: Floats
    cross: Floats
    total: Floats
    clipped: int

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            self.gram + other.gram,
            self.sums + other.sums,
            self.count + other.count,
            self.cross + other.cross,
            self.total + other.total,
            self.clipped + other.clipped,
        )

    def part(self, taps: NDArray[np.intp]) -> "Moments":
        """Return the moments of some of the taps."""
        return Moments(
            self.gram[:, taps[:, None], taps],
            self.sums[:, taps],
            self.count,
            self.cross[taps],
            self.total,
            self.clipped,
        )


@dataclass(frozen=True)
class Residual:
    """Products of the design matrix with what is left of the answers, r = y - Ak - b.

    Parameters
    ----------
    cross : ndarray, shape (T, O)
        A'r, with the columns of A shifted by `Data.offsets`.
    total : ndarray, shape (O,)
        Sum of r.
    squares : ndarray, shape (O,)
        Sum of squares of r.
    variation : ndarray, shape (O,)
        Sum of squares of y about its mean; 0 when y is constant but for rounding.
    count : ndarray, shape (O,)
        Answers that count.
    """

    cross: Floats
    total: Floats
    squares: Floats
    variation: Floats
    count: Floats


def gather(data: Data, runs: Sequence[Run]) -> Generator[int, None, Moments]:
    """Gather the moments of some rows.

    Yields
    ------
    int
        Rows of answers done so far.

    Returns
    -------
    Moments
    """
    channels, kh, kw = data.size
    wide = channels * kw
    products = np.zeros((kh, wide, kh, wide))  # blocks [u, :, u'] for u <= u'
    sums, cross = np.zeros((kh, wide)), np.zeros((data.taps, data.maps))
    # of the windows whose answer is clipped, each with a 1 at its end: products, sums and count in one
    cut = np.zeros((data.masks, data.taps + 1, data.taps + 1))
    total, count, rows = np.zeros(data.maps), 0, 0
    for run in runs:
        own = np.zeros_like(products)
        vertical = data.pairs[run.pair].axes[0]
        toeplitz, span = vertical.s == 1 and kh > 1, (kh - 1) * vertical.d
        start = None
        for band in data.bands(run):
            windows, answers = band.windows, band.y
            found = _multiplied(windows[:, :wide] if toeplitz else windows, windows)
            own[: len(found) // wide] += found.reshape(-1, wide, kh, wide)
            if not band.whole:
                _add_clipped(band, cut)
                answers = answers * band.weight
            cross += _multiplied(windows, answers)
            of_rows, last = band.cells.sum(2), (len(answers) - 1) * vertical.s + 1
            for u in range(kh):
                at = u * vertical.d
                sums[u] += of_rows[at : at + last : vertical.s].sum(0)
            total += answers.sum((0, 2))
            count += answers.shape[0] * answers.shape[2]
            if toeplitz and start is None:
                start = _products(band.cells[:span], kh - 1)
            rows += len(answers)
            yield rows
        if start is not None:
            change = _products(band.cells[len(band.cells) - span :], kh - 1) - start
            for u in range(1, kh):
                own[u, :, u:] = own[u - 1, :, u - 1 : -1] + change[u - 1, :, u - 1 :]
        products += own
    for u in range(1, kh):
        products[u, :, :u] = products[:u, :, u].transpose(2, 0, 1)
    clipped = cut[:, -1, -1]
    if not clipped.any():
        cut, clipped = cut[:1], clipped[:1]
    gram = [_in_order(data, products.reshape(data.taps, -1) - part[:-1, :-1]) for part in cut]
    columns = [data.in_order(sums.ravel() - part[-1, :-1]) for part in cut]
    return Moments(
        np.stack(gram),
        np.stack(columns),
        count - clipped,
        data.in_order(cross),
        total,
        int(clipped.sum()),
    )


def _multiplied(first: Floats, second: Floats) -> Floats:
    """Multiply (rows, M, cells) with (rows, N, cells) over rows and cells: (M, N)."""
    found: Floats = product(first, second.swapaxes(1, 2), threads=False).sum(0)
    return found


def _products(cells: Floats, parts: int) -> Floats:
    """Multiply rows of the input, cut into equal parts, with each other: (parts, C * kw, parts, C * kw)."""
    wide, across = cells.shape[1:]
    stack = cells.reshape(parts, -1, wide, across).swapaxes(1, 2).reshape(parts * wide, -1)
    return product(stack, stack.T, threads=False).reshape(parts, wide, parts, wide)


def _in_order(data: Data, products: Floats) -> Floats:
    return data.in_order(data.in_order(products).T).T


def _add_clipped(band: Band, cut: Floats) -> None:
    for o in range(len(cut)):
        row, at = np.nonzero(band.weight[:, o] == 0)
        windows = np.column_stack((band.windows[row, :, at], np.ones(len(row))))
        cut[o] += product(windows.T, windows, threads=False)


def residual(
    data: Data, runs: Sequence[Run], kernel: Floats, bias: Floats
) -> Generator[int, None, Residual]:
    """Take kernels and biases from the answers of some rows, and multiply what is left with the windows.

    Parameters
    ----------
    data : Data
    runs : sequence of Run
    kernel : ndarray, shape (T, O)
    bias : ndarray, shape (O,)

    Yields
    ------
    int
        Rows of answers done so far.

    Returns
    -------
    Residual
    """
    channels, kh, kw = data.size
    by_row = kernel.reshape(channels, kh, kw, -1).swapaxes(0, 1).reshape(data.taps, -1)
    kernels = np.ascontiguousarray(by_row.T)
    constant = (bias + data.offsets @ kernel)[:, None]
    left = np.zeros((data.taps, data.maps))
    total, squares, apart, spread, count = np.zeros((5, data.maps))
    rows = 0
    for run in runs:
        for band in data.bands(run):
            rest = band.y - constant
            rest -= product(kernels, band.windows, threads=False)
            about = band.y - data.center[:, None]
            if not band.whole:
                rest *= band.weight
                about *= band.weight
            left += _multiplied(band.windows, rest)
            total += rest.sum((0, 2))
            squares += np.einsum("rox,rox->o", rest, rest)
            apart += about.sum((0, 2))
            spread += np.einsum("rox,rox->o", about, about)
            count += band.weight.sum((0, 2))
            rows += len(rest)
            yield rows
    variation = spread - apart**2 / np.maximum(count, 1)
    noise = count * (16 * np.finfo(float).eps * data.center) ** 2
    variation = np.where(variation > noise, variation, 0.0)
    return Residual(data.in_order(left), total, squares, variation, count)
