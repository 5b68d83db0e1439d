"""Cross-correlation and pooling as four plain loops: the definition, sharing no code with the engine."""

import math
import statistics
from fractions import Fraction

import numpy as np


def source(i, n, border):
    """The cell of an axis of length n that position i repeats; None where a constant stands. One step at a time."""
    while not 0 <= i < n:
        if border in ("zero", "constant"):
            return None
        if border == "nearest":
            i = 0 if i < 0 else n - 1
        elif border == "wrap":
            i = i + n if i < 0 else i - n
        elif border == "reflect":
            i = -1 - i if i < 0 else 2 * n - 1 - i
        elif border == "mirror":
            if n == 1:
                return 0
            i = -i if i < 0 else 2 * (n - 1) - i
        else:
            raise NotImplementedError(f"the oracle has to be told what border '{border}' is")
    return i


def split(n, k, s, d, padding):
    """Rows before and after one axis, from a word or a pair."""
    extent = d * (k - 1) + 1
    if isinstance(padding, tuple):
        return padding
    if padding == "valid":
        return 0, 0
    if padding == "full":
        return extent - 1, extent - 1
    if padding == "causal":
        return extent - 1, 0
    total = max((math.ceil(n / s) - 1) * s + extent - n, 0)
    small, large = total // 2, math.ceil(total / 2)
    return (small, large) if padding == "same" else (large, small)


def correlate(
    x,
    kernel,
    *,
    padding=((0, 0), (0, 0)),
    stride=(1, 1),
    dilation=(1, 1),
    border="zero",
    value=0,
    bias=None,
    groups=1,
    flip=False,
):
    """x (N, C, H, W), kernel (O, C/groups, kh, kw), in Python numbers: exact integers, float64."""
    pads = [
        split(
            x.shape[2 + a],
            kernel.shape[2 + a],
            stride[a],
            dilation[a],
            padding if isinstance(padding, str) else padding[a],
        )
        for a in (0, 1)
    ]
    spans = [
        x.shape[2 + a] + sum(pads[a]) - dilation[a] * (kernel.shape[2 + a] - 1) for a in (0, 1)
    ]
    sizes = [math.ceil(max(spans[a], 0) / stride[a]) for a in (0, 1)]
    maps, depth, kh, kw = kernel.shape
    out = np.empty((x.shape[0], maps, *sizes), dtype=object)
    xs, ks = x.tolist(), kernel.tolist()
    fill = 0 if border == "zero" else value
    rows = [source(i, x.shape[2], border) for i in range(-pads[0][0], x.shape[2] + pads[0][1])]
    columns = [source(j, x.shape[3], border) for j in range(-pads[1][0], x.shape[3] + pads[1][1])]
    for n in range(x.shape[0]):
        for o in range(maps):
            first = (o // (maps // groups)) * depth
            for i in range(sizes[0]):
                for j in range(sizes[1]):
                    total = 0 if bias is None else bias[o]
                    for c in range(depth):
                        for u in range(kh):
                            for v in range(kw):
                                r = rows[i * stride[0] + u * dilation[0]]
                                q = columns[j * stride[1] + v * dilation[1]]
                                outside = r is None or q is None
                                cell = fill if outside else xs[n][first + c][r][q]
                                tap = ks[o][c][kh - 1 - u][kw - 1 - v] if flip else ks[o][c][u][v]
                                total += cell * tap
                    out[n, o, i, j] = total
    return out


def pool(
    x,
    size,
    *,
    mode="max",
    stride=None,
    padding=((0, 0), (0, 0)),
    dilation=(1, 1),
    ceil=False,
    include_pad=False,
    border=None,
    value=0,
    footprint=None,
):
    """x (N, C, H, W), in Python numbers; None where the window holds nothing that counts, a size of 0 where none fits.

    footprint: rows of 0 and 1; border None: what lies outside does not count.
    """
    stride = size if stride is None else stride
    sizes, pads = [], []
    for a in (0, 1):
        n, k, s, d = x.shape[2 + a], size[a], stride[a], dilation[a]
        before, after = split(n, k, s, d, padding if isinstance(padding, str) else padding[a])
        pads.append((before, after))
        starts = []  # of the windows, in padded rows
        at = 0
        while at + d * (k - 1) + 1 <= n + before + after:
            starts.append(at)
            at += s
        hangs = at - s + d * (k - 1) + 1 < n + before + after  # by less than a stride
        if ceil and hangs and at < n + before:
            starts.append(at)
        if ceil and starts and starts[-1] >= n + before:
            starts.pop()  # it would start past the input: in the padding after
        sizes.append(len(starts))
    out = np.empty((*x.shape[:2], *sizes), dtype=object)
    cells = x.tolist()
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for i in range(sizes[0]):
                for j in range(sizes[1]):
                    seen, counted = [], 0
                    for u in range(size[0]):
                        for v in range(size[1]):
                            if footprint is not None and not footprint[u][v]:
                                continue
                            r = i * stride[0] + u * dilation[0] - pads[0][0]
                            q = j * stride[1] + v * dilation[1] - pads[1][0]
                            if border is not None:
                                here = source(r, x.shape[2], border), source(q, x.shape[3], border)
                                constant = value if border == "constant" else 0
                                seen.append(
                                    constant if None in here else cells[n][c][here[0]][here[1]]
                                )
                                counted += 1
                                continue
                            inside = 0 <= r < x.shape[2] and 0 <= q < x.shape[3]
                            if inside:
                                seen.append(cells[n][c][r][q])
                            counted += inside or (
                                include_pad
                                and r < x.shape[2] + pads[0][1]
                                and q < x.shape[3] + pads[1][1]
                            )
                    if mode == "avg":
                        out[n, c, i, j] = sum(seen) / counted if counted else None
                    elif not seen:
                        out[n, c, i, j] = None
                    elif any(cell != cell for cell in seen):
                        out[n, c, i, j] = math.nan
                    elif mode == "sum":
                        out[n, c, i, j] = sum(seen)
                    elif mode == "median":
                        out[n, c, i, j] = statistics.median(seen)
                    elif mode.startswith("percentile:"):
                        share = Fraction(mode.partition(":")[2])
                        rank = min(math.floor(len(seen) * share / 100), len(seen) - 1)
                        out[n, c, i, j] = sorted(seen)[rank]
                    else:
                        out[n, c, i, j] = max(seen) if mode == "max" else min(seen)
    return out
