"""The inverse of the size formula: which inputs, kernels, paddings and strides give a wanted output. Pure integers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, product

from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Axis, Padding, axes, per_axis, size_text

__all__ = ["COMMON", "Bounds", "Solution", "Solutions", "solve"]

COMMON = (
    *((3, 1, 1), (1, 0, 1), (3, 1, 2), (2, 0, 2), (7, 3, 2), (3, 0, 1), (5, 2, 1), (3, 0, 2)),
    *((1, 0, 2), (5, 0, 1), (4, 1, 2), (5, 2, 2), (7, 3, 1), (4, 0, 4), (7, 3, 4), (11, 2, 4)),
)
"""(kernel, padding, stride) of well-known layers, the commonest first: VGG, ResNet, LeNet, AlexNet, DCGAN, ConvNeXt."""

_LARGEST_INPUT = 10**9
_MOST = 1000  # of solutions whose axes differ
_MOST_FOUND = 10_000
"""Answers of an axis after which a search stops."""
_MOST_TRIED = 1_000_000
"""Sizes computed for an axis, some seconds, after which a search stops: a count, so that the answer is the same anywhere."""


@dataclass(frozen=True)
class Bounds:
    """How far to search.

    Parameters
    ----------
    kernel, stride : int
        The largest tried.
    padding : int, optional
        The most rows per side; k'//2 unless told.
    """

    kernel: int = 11
    stride: int = 8
    padding: int | None = None

    def __str__(self) -> str:
        rows = "k'//2" if self.padding is None else self.padding
        return f"k <= {self.kernel}, s <= {self.stride}, p <= {rows}"


@dataclass(frozen=True)
class Solution:
    """One layer that gives the wanted output, for every input size in `inputs`.

    Parameters
    ----------
    inputs : tuple of range
        Input sizes, an axis each.
    kernel, stride, dilation : tuple of int
    padding : Padding
    ceil : bool
    """

    inputs: tuple[range, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: Padding
    ceil: bool

    def layers(self, most: int) -> list[tuple[Axis, ...]]:
        """Resolve the layer for its input sizes, the first `most` of them."""
        return [
            axes(
                sizes,
                self.kernel,
                padding=self.padding,
                stride=self.stride,
                dilation=self.dilation,
                ceil=self.ceil,
            )
            for sizes in islice(product(*(n[:most] for n in self.inputs)), most)
        ]


class Solutions(list[Solution]):
    """What a search found."""

    stopped: str | None = None
    """Where it stopped before its bounds."""


@dataclass(frozen=True)
class _Found:
    """A solution of one axis; `unknown` holds what was solved for (kernel, stride, padding), `p` the rows of the longer side."""

    inputs: range
    k: int
    s: int
    p: int
    unknown: tuple[int | None, ...]

    def rank(self) -> tuple[int, ...]:
        """Order by how common the layer is: well-known ones first, those that skip rows of the input last."""
        layer = self.k, self.p, self.s
        known = COMMON.index(layer) if layer in COMMON else len(COMMON)
        plain = 0 if self.k % 2 and self.p == self.k // 2 else 1 if self.p == 0 else 2
        return known, int(self.k < self.s), plain, self.k, self.s, self.p


def solve(
    out: Sequence[int],
    *,
    sizes: Sequence[int] | None = None,
    kernel: Sequence[int] | None = None,
    padding: Padding | None = None,
    stride: Sequence[int] | None = None,
    dilation: Sequence[int] = (1,),
    ceil: bool = False,
    bounds: Bounds | None = None,
) -> Solutions:
    """Find the layers that give an output size; what is None is solved for.

    Parameters
    ----------
    out : sequence of int
        The wanted output, an axis each.
    sizes, kernel, stride : sequence of int, optional
        Input, kernel and stride, where they are known.
    padding : Padding, optional
        Where it is not known, equal rows on both sides are tried.
    dilation : sequence of int
    ceil : bool
    bounds : Bounds, optional

    Returns
    -------
    Solutions
        A list, the commonest first. What is solved for is one number for all axes where such a layer exists, else one an axis.
        No kernel larger than the padded input is tried; `stopped` says how far a search came that would take too long.

    Raises
    ------
    ConvError
        Nothing within the bounds gives this output; the message has the nearest outputs that are reached.

    Examples
    --------
    >>> found = solve((56,), sizes=(224,))[0]
    >>> found.kernel, found.padding.pairs, found.stride
    ((4,), ((0, 0),), (4,))
    >>> solve((7,), kernel=(3,), stride=(2,), padding=Padding(pairs=((1, 1),)))[0].inputs
    (range(13, 15),)
    """
    count = len(out)
    if sizes is not None and len(sizes) != count:
        raise ConvError(
            f"out: got {size_text(out)}, the input {size_text(sizes)} has another number of axes",
            usage=True,
        )
    bounds = bounds or Bounds()
    ks = (None,) * count if kernel is None else per_axis("kernel", kernel, count, 1)
    ss = (None,) * count if stride is None else per_axis("stride", stride, count, 1)
    d = per_axis("dilation", dilation, count, 1)
    by_axis: list[list[_Found]] = []
    stopped = None
    for i in range(count):
        pad = padding
        if pad is not None and len(pad.pairs) > 1:
            if len(pad.pairs) != count:
                raise ConvError(
                    f"padding: got {len(pad.pairs)} axes, the output has {count}", usage=True
                )
            pad = Padding(pad.word, (pad.pairs[i],))
        n = None if sizes is None else sizes[i]
        search = _Search(out[i], n, pad, d[i], ceil, bounds)
        by_axis.append(search.run(ks[i], ss[i]))
        stopped = stopped or search.stopped
        if not by_axis[-1]:
            searched = None in (ks[i], ss[i], padding)
            raise search.nothing(f" on axis {i}" if count > 1 else "", searched)
    alike = [{f.unknown: f for f in found} for found in by_axis]
    shared = [key for key in alike[0] if all(key in found for found in alike)]
    if shared:
        chosen = [tuple(found[key] for found in alike) for key in shared]
    else:
        chosen = list(islice(product(*by_axis), _MOST))
    chosen.sort(key=lambda axes_found: [f.rank() for f in axes_found])
    found = Solutions(
        Solution(
            tuple(f.inputs for f in layer),
            tuple(f.k for f in layer),
            tuple(f.s for f in layer),
            d,
            padding or Padding(pairs=tuple((f.p, f.p) for f in layer)),
            ceil,
        )
        for layer in chosen
    )
    found.stopped = stopped
    return found


class _Search:
    """The search along one axis; remembers the nearest outputs on the way."""

    def __init__(
        self, out: int, n: int | None, pad: Padding | None, d: int, ceil: bool, bounds: Bounds
    ) -> None:
        self.out, self.n, self.pad, self.d, self.ceil, self.bounds = out, n, pad, d, ceil, bounds
        self.below, self.above = 0, 0  # 0: none met
        self.tried = 0
        self.stopped: str | None = None

    def run(self, kernel: int | None, stride: int | None) -> list[_Found]:
        found = []
        for k, s in self._layers(kernel, stride):
            for p, inputs in self._paddings(k, s):
                unknown = (None if kernel else k, None if stride else s, p)
                rows = max(self._rows(k, s, p, inputs.start))
                found.append(_Found(inputs, k, s, rows, unknown))
                if self._ends(k, s, len(found)):
                    break
            if self._ends(k, s, len(found)):
                break
        return sorted(found, key=_Found.rank)

    def _ends(self, k: int, s: int, found: int) -> bool:
        if found >= _MOST_FOUND or self.tried >= _MOST_TRIED:
            self.stopped = f"k = {k}, s = {s}, with {found or 'no'} answers"
        return self.stopped is not None

    def _layers(self, kernel: int | None, stride: int | None) -> Iterator[tuple[int, int]]:
        """Yield the kernels that fit, with the strides that are worth trying."""
        for k in [kernel] if kernel else range(1, self.bounds.kernel + 1):
            most = self.bounds.stride
            if self.n is not None:
                extent = self.d * (k - 1) + 1
                rows = (
                    2 * self._most(k)
                    if self.pad is None
                    else sum(self.pad.split(0, self.n, extent, 1))
                )
                if not kernel and extent > self.n + rows:
                    return
                if self.out > 1:
                    most = min(most, self.n + rows)  # at longer strides there is one window
            for s in [stride] if stride else range(1, most + 1):
                yield k, s

    def _most(self, k: int) -> int:
        """Return the most rows per side that are tried."""
        usual = (self.d * (k - 1) + 1) // 2
        return usual if self.bounds.padding is None else self.bounds.padding

    def _paddings(self, k: int, s: int) -> Iterator[tuple[int | None, range]]:
        """Yield the paddings (None: the one that was given) that solve for k and s, with the inputs they take."""
        if self.n is not None:
            n, here = self.n, range(self.n, self.n + 1)
            if self.pad is not None:
                if self._where(lambda n: self._of(k, s, None, n), n, n):
                    yield None, here
                return
            for p in self._where(lambda p: self._of(k, s, p, n), 0, self._most(k)):
                yield p, here
            return
        tried: Iterable[int | None] = [None] if self.pad else range(self._most(k) + 1)
        for row in tried:
            inputs = self._where(partial(self._of, k, s, row), 1, _LARGEST_INPUT)
            if inputs:
                yield row, inputs
            if self.tried >= _MOST_TRIED:
                return

    def _of(self, k: int, s: int, p: int | None, n: int) -> int:
        """Output for one layer; 0 where the kernel does not fit."""
        self.tried += 1
        rows = self._rows(k, s, p, n)
        if n + sum(rows) < self.d * (k - 1) + 1:
            return 0
        return axes((n,), (k,), padding=[rows], stride=s, dilation=self.d, ceil=self.ceil)[0].out

    def _rows(self, k: int, s: int, p: int | None, n: int) -> tuple[int, int]:
        """Return the rows before and after an input: p on both sides, or what was given."""
        if self.pad is None:
            return p or 0, p or 0
        return self.pad.split(0, n, self.d * (k - 1) + 1, s)

    def _where(self, size: Callable[[int], int], low: int, high: int) -> range:
        """Return the x in [low, high] where size(x), which never falls, is the wanted output."""
        first = first_where(lambda x: size(x) >= self.out, low, high)
        end = first_where(lambda x: size(x) > self.out, low, high)
        if first > low:
            self.below = max(self.below, size(first - 1))
        if end <= high:
            self.above = min(self.above or size(end), size(end))
        return range(first, end)

    def nothing(self, where: str, searched: bool) -> ConvError:
        near = [str(n) for n in (self.below, self.above) if n]
        nearest = f"the nearest that can be reached: {' and '.join(near)}" if near else "none fits"
        bounds = f" with {self.bounds}" if searched else ""
        if self.stopped:
            bounds = f" up to {self.stopped}, where the search stopped"
        return ConvError(f"no layer gives the output {self.out}{where}{bounds}; {nearest}")


def first_where(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the first x in [low, high] where a condition that stays true once it is true holds, else high + 1."""
    high += 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
