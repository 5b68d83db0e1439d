"""Output sizes in words: formulas with the numbers put in, drawings of small rows, and where frameworks differ."""

from collections.abc import Iterator

from convcli.engine.sizes.geometry import Axis, Padding
from convcli.engine.sizes.transposed import TransposedAxis

__all__ = ["drawing", "formula", "notes", "steps", "transposed_drawing"]

_WIDEST = 66
"""Characters of a drawing; a longer row is not drawn."""
_MOST_WINDOWS = 20


def formula(axis: Axis | TransposedAxis, ceil: bool = False) -> str:
    """Put the numbers of one axis into its formula.

    >>> from convcli.engine.sizes.geometry import axes
    >>> formula(axes((224,), (7,), padding=3, stride=2)[0])
    '⌊(224 + 3 + 3 − 7)/2⌋ + 1 = 112'
    """
    if isinstance(axis, TransposedAxis):
        cut = f" − {axis.before} − {axis.after}" if axis.before or axis.after else ""
        extra = f" + {axis.extra}" if axis.extra else ""
        return f"{axis.s}·({axis.n} − 1) + {axis.extent}{extra}{cut} = {axis.out}"
    padded = f" + {axis.before} + {axis.after}" if axis.before or axis.after else ""
    left, right = "⌈⌉" if ceil else "⌊⌋"
    counted = _windows(axis, ceil)
    clipped = f", less 1 = {axis.out}" if axis.out != counted else ""
    return f"{left}({axis.n}{padded} − {axis.extent})/{axis.s}{right} + 1 = {counted}{clipped}"


def steps(axis: Axis | TransposedAxis, padding: Padding, ceil: bool = False) -> Iterator[str]:
    """Derive the size of one axis step by step, a line each."""
    if axis.d > 1:
        yield (f"dilated kernel  k' = d(k − 1) + 1 = {axis.d}·({axis.k} − 1) + 1 = {axis.extent}")
    else:
        yield f"kernel          k' = k = {axis.k}"
    if isinstance(axis, TransposedAxis):
        yield f"stamps          s(n − 1) + k' = {axis.s}·({axis.n} − 1) + {axis.extent} = {axis.s * (axis.n - 1) + axis.extent} rows"
        yield f"cut             {axis.before} before, {axis.after} after"
        yield f"extra rows      {axis.extra} at the end"
        yield "output          s(n − 1) + k' + extra − before − after"
        yield f"                {formula(axis)}"
        return
    total = axis.before + axis.after
    if padding.word in ("same", "same-lower"):
        wanted = -(-axis.n // axis.s)
        yield f"{padding.word:<15} out = ⌈n/s⌉ = ⌈{axis.n}/{axis.s}⌉ = {wanted}"
        yield "                rows = max((out − 1)s + k' − n, 0)"
        yield f"                max({wanted - 1}·{axis.s} + {axis.extent} − {axis.n}, 0) = {total}"
    yield f"padding         {axis.before} before, {axis.after} after: {axis.n} + {total} = {axis.n + total} rows"
    yield f"room            {axis.n + total} − {axis.extent} = {axis.n + total - axis.extent} rows to move in, {axis.s} at a time"
    rounded = "⌈(n + before + after − k')/s⌉" if ceil else "⌊(n + before + after − k')/s⌋"
    yield f"output          {rounded} + 1"
    yield f"                {formula(axis, ceil)}"
    if axis.out != _windows(axis, ceil):
        yield f"                less 1: the last window would start at row {axis.out * axis.s}, past the"
        yield f"                {axis.n + axis.before} rows of the input and its padding before"
    if axis.unused:
        yield f"unused          {_rows(axis.unused)} of the input that no window reads"


def drawing(axis: Axis) -> list[str]:
    r"""Draw the padded row and the windows on it; nothing where it would not fit.

    >>> from convcli.engine.sizes.geometry import axes
    >>> print("\n".join(drawing(axes((4,), (3,), stride=2, padding=1)[0])))
    row       · 0 1 2 3 ·
    window 0  ■ ■ ■
    window 1      ■ ■ ■
    """
    length = max(axis.before + axis.n + axis.after, (axis.out - 1) * axis.s + axis.extent)
    if length > _WIDEST or axis.out > _MOST_WINDOWS:
        return []
    heads = [_head(i - axis.before, axis.n, axis.after) for i in range(length)]
    taken = [[u * axis.s + axis.d * t for t in range(axis.k)] for u in range(axis.out)]
    return _drawn("row", "window", heads, taken, range(axis.before, axis.before + axis.n))


def transposed_drawing(axis: TransposedAxis) -> list[str]:
    """Draw the rows of the result and the input rows that reach them; the dots are cut off."""
    length = axis.before + axis.out + axis.after
    if length > _WIDEST or axis.n > _MOST_WINDOWS:
        return []
    heads = [_head(i - axis.before, axis.out, axis.after) for i in range(length)]
    taken = [[u * axis.s + axis.d * t for t in range(axis.k)] for u in range(axis.n)]
    return _drawn("result", "input", heads, taken, range(0))


def _head(row: int, n: int, after: int) -> str:
    if 0 <= row < n:
        return str(row)
    return "·" if row < n + after else "-"  # a ceil window hangs over the padding


def _drawn(
    row: str, window: str, heads: list[str], taken: list[list[int]], inside: range
) -> list[str]:
    cell = max(map(len, heads)) + 1
    label = len(f"{window} {len(taken)}") + 1
    if len(heads) * cell + label > _WIDEST:
        return []

    def line(name: str, marks: dict[int, str]) -> str:
        cells = (marks.get(i, "").rjust(cell) for i in range(len(heads)))
        return (name.ljust(label) + "".join(cells)).rstrip()

    lines = [line(row, dict(enumerate(heads)))]
    lines += [line(f"{window} {u}", dict.fromkeys(cells, "■")) for u, cells in enumerate(taken)]
    unused = set(inside) - {i for cells in taken for i in cells}
    return [*lines, line("unused", dict.fromkeys(unused, "x"))] if unused else lines


def notes(
    axes: tuple[Axis | TransposedAxis, ...],
    padding: Padding,
    *,
    ceil: bool = False,
    total: bool = False,
) -> list[str]:
    """Say in a line each where PyTorch, TensorFlow, ONNX and the chapter differ for the same words.

    Parameters
    ----------
    axes : tuple of Axis or of TransposedAxis
    padding : Padding
        As it was asked for, before it was resolved.
    ceil : bool
    total : bool
        Whether the padding was given for both sides together.
    """
    found = []
    if isinstance(axes[0], TransposedAxis):
        stamped = [a for a in axes if isinstance(a, TransposedAxis)]
        if padding.word == "explicit" and any(a.before or a.after for a in stamped):
            found.append(
                "-p cuts rows off, as PyTorch and ONNX; Keras has only 'valid' and 'same'."
            )
        if padding.word in ("same", "same-lower"):
            found.append("same gives n·s, as Keras and ONNX; PyTorch has only numbers here.")
        elif any(a.extent < a.s for a in stamped):
            found.append("k' < s: Keras 'valid' adds s − k' rows at the end; PyTorch, ONNX do not.")
        return found
    pairs = [(a.before, a.after) for a in axes]
    if total:
        found.append("-P counts both sides together, as the chapter; PyTorch's padding= one side.")
    elif padding.word == "explicit" and any(b == a != 0 for b, a in pairs):
        chapter = "x".join(str(b + a) for b, a in dict.fromkeys(pairs))
        found.append(
            f"-p counts per side, as PyTorch and ONNX; the chapter's p counts both: {chapter}."
        )
    if padding.word == "explicit" and any(b != a for b, a in pairs):
        found.append("Uneven padding: ONNX pads= takes it; PyTorch and Keras need a padding layer.")
    found.extend(line for word, line in _word_notes(axes) if word == padding.word)
    if ceil:
        found.extend(_ceil_notes([a for a in axes if isinstance(a, Axis)]))
    return found


def _word_notes(axes: tuple[Axis | TransposedAxis, ...]) -> Iterator[tuple[str, str]]:
    uneven = any(a.before != a.after for a in axes)
    strided = any(a.s > 1 for a in axes)
    if uneven:
        yield (
            "same",
            "same: odd row at the end (TensorFlow, PyTorch); ONNX SAME_LOWER: at the start.",
        )
        yield (
            "same-lower",
            "same-lower: odd row at the start (ONNX); TensorFlow and PyTorch: at the end.",
        )
    if strided:
        yield (
            "same",
            "same with a stride: TensorFlow, ONNX; PyTorch's padding='same' refuses one.",
        )
    yield (
        "causal",
        "causal: in Keras for 1-D convolutions; PyTorch needs a padding layer.",
    )
    yield "full", "full: the word of NumPy and SciPy; elsewhere padding is the number k' − 1."


def _ceil_notes(axes: list[Axis]) -> Iterator[str]:
    floors = [_windows(a, False) for a in axes]
    plain = [_windows(a, True) for a in axes]
    if [a.out for a in axes] != floors:
        down = "x".join(map(str, floors))
        yield f"ceil: ceil_mode of PyTorch, ONNX; TensorFlow and the chapter round down: {down}."
    if [a.out for a in axes] != plain:
        up = "x".join(map(str, plain))
        yield f"ceil: the window that would start past the input is dropped, or it were {up}."


def _windows(axis: Axis, ceil: bool) -> int:
    """Return the number of windows before ceil's last one is clipped."""
    room = axis.n + axis.before + axis.after - axis.extent
    return -(-room // axis.s) + 1 if ceil else room // axis.s + 1


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"
