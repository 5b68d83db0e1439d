"""What a person should know of a kernel that was learned, in sentences and as plain values."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convcli.engine.learning.result import Learned, Score
from convcli.engine.sizes.geometry import size_text

__all__ = ["as_values", "sentences"]

UNRELATED = 0.05
"""R² below this says that the answers have nothing to do with the inputs."""

ALIKE = 0.05
"""Relative distance below which a named kernel is worth naming."""

_NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"
)  # fmt: skip


def sentences(learned: Learned) -> list[str]:
    """Say how good the fit is, what the data left open, and what the kernel is like.

    Returns
    -------
    list of str
        A sentence each, without an end.
    """
    score, size = learned.score, size_text(learned.kernel.shape[-2:])
    found = [_fit(score, "")]
    if learned.held_out is not None:
        found.append(_fit(learned.held_out, " on rows not used"))
    if learned.bias is not None:
        found.append(f"bias {', '.join(f'{b:.6g}' for b in learned.bias)}")
    if math.isnan(score.r2):
        found.append("the answers are all alike: they tell little about a kernel")
    elif score.r2 < -UNRELATED and learned.bias is None:
        found.append("worse than a constant: the answers have an offset, --bias fits it")
    elif score.r2 < UNRELATED:
        found.append(f"the answers are unrelated to the input, as far as a {size} kernel can tell")
    if learned.clipped:
        was = (
            "answer is clipped and was" if learned.clipped == 1 else "answers are clipped and were"
        )
        found.append(f"{learned.clipped:,} {was} left out")
    if learned.rank < learned.taps:
        found.append(_rank(learned))
    else:
        found.append(f"rank {learned.rank} of {learned.taps}, condition {learned.condition:.3g}")
    errors = learned.stderr[np.isfinite(learned.stderr)]
    if errors.any() and learned.method == "lstsq":
        found.append(f"standard error of a tap {errors.max():.2g} at most")
    if learned.stable_rate is not None:
        first, last, steps = learned.losses[0], learned.losses[-1], len(learned.losses)
        found.append(f"loss {first:.4g} before step 1, {last:.4g} before step {steps}")
        found.append(f"rate {learned.rate:.3g}, stable below {learned.stable_rate:.3g}")
    if learned.nearest is not None and learned.nearest.distance < ALIKE:
        found.append(f"like {learned.nearest.text}")
    if learned.separable and min(learned.kernel.shape[-2:]) > 1 and learned.kernel.any():
        found.append("separable: a column times a row")
    return found


def _fit(score: Score, where: str) -> str:
    r2 = "undefined" if math.isnan(score.r2) else f"{_rounded_down(score.r2)}"
    return f"R² {r2}, RMSE {score.rmse:.3g}{where}"


def _rounded_down(r2: float) -> str:
    """Write R² so that only a perfect fit is 1."""
    for digits in (4, 6, 8, 10, 12):
        text = f"{r2:.{digits}f}"
        if r2 < 0.9999 or float(text) < 1:
            return text
    return "1"


def _rank(learned: Learned) -> str:
    rank = learned.rank
    number = _NUMBERS[rank] if rank < len(_NUMBERS) else str(rank)
    which = (
        "the ridge decides the rest"
        if learned.ridge
        else "the minimum-norm kernel is returned"
        if learned.method == "lstsq"
        else "descent leaves the rest where it began"
    )
    return (
        f"rank {rank} of {learned.taps}: the data fix {number} combination{'s' * (rank > 1)} of taps, "
        f"not the taps; {which}"
    )


def as_values(learned: Learned) -> dict[str, Any]:
    """Return everything as lists, numbers and text, NaN as None."""
    near, held = learned.nearest, learned.held_out
    bias = None if learned.bias is None else _plain(learned.bias)
    return {
        "kernel": _plain(learned.kernel),
        "bias": bias[0] if bias is not None and learned.kernel.ndim < 4 else bias,
        "r2": _number(learned.score.r2),
        "rmse": learned.score.rmse,
        "stderr": _plain(learned.stderr),
        "rank": learned.rank,
        "taps": learned.taps,
        "condition": _number(learned.condition),
        "nearest": near and {"name": near.name, "scale": near.scale, "distance": near.distance},
        "separable": learned.separable,
        "clipped": learned.clipped,
        "holdout": held and {"r2": _number(held.r2), "rmse": held.rmse, "count": held.count},
        "method": learned.method,
        "rate": learned.rate,
        "stable_rate": _number(learned.stable_rate),
        "losses": list(learned.losses),
        "tried": [
            {"size": list(t.size), "r2": _number(t.score.r2), "rmse": t.score.rmse}
            for t in learned.trials
        ],
    }


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _plain(array: NDArray[Any]) -> Any:
    held = array.astype(object)
    held[~np.isfinite(array)] = None
    return held.tolist()
