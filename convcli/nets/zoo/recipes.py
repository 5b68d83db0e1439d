"""How a network is trained: the numbers of a run, and how the learning rate falls. No arrays."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.numbers import read_real

__all__ = ["INITIALIZERS", "OPTIMIZERS", "SCHEDULES", "Recipe", "Schedule"]


@dataclass(frozen=True)
class Schedule:
    """How the learning rate falls.

    Parameters
    ----------
    summary : str
    factor : callable
        From the epochs that are done, with the part of the one under way, and the epochs of the run, to what the
        rate is multiplied by.
    """

    summary: str
    factor: Callable[[float, int], float]


SCHEDULES: dict[str, Schedule] = {
    "constant": Schedule("the same all the time", lambda done, epochs: 1.0),  # noqa: ARG005
    "step": Schedule(
        "a tenth after each third of the run", lambda done, epochs: 0.1 ** int(3 * done / epochs)
    ),
    "cosine": Schedule(
        "half a cosine, down to 0",
        lambda done, epochs: (1 + math.cos(math.pi * done / epochs)) / 2,
    ),
}
"""Schedules by name; step:N,F multiplies by F every N epochs. Cosine: Loshchilov and Hutter, arXiv:1608.03983."""

OPTIMIZERS = ("adam", "sgd")
"""Of `optimizers.OPTIMIZERS`: named here too, because help costs no arrays."""
INITIALIZERS = {"xavier": "the chapter's", "he": "for relu", "xavier-sigmoid": "for sigmoid"}
"""Of `initializers.METHODS`, and what help says of each."""

_STEPS = re.compile(r"step:([1-9][0-9]{0,5})(?:,(.+))?")


def _steps(schedule: str) -> tuple[int, float] | None:
    """Read step:N,F; None for what is written otherwise."""
    found = _STEPS.fullmatch(schedule)
    if found is None:
        return None
    try:
        factor = read_real(found[2] or "0.1")
    except ConvError:
        return None
    return (int(found[1]), factor) if 0 < factor <= 1 else None


@dataclass(frozen=True)
class Recipe:
    """The numbers of a training run.

    Parameters
    ----------
    epochs : int
        Times that every example is seen.
    batch : int
        Examples a step.
    lr : float
        The learning rate at the start.
    optimizer : str
        A name of `OPTIMIZERS`.
    momentum : float
        Of sgd.
    weight_decay : float
        What each gradient gains for each unit of its weight (weights of one axis are left alone).
    schedule : str
        A key of `SCHEDULES`, or step:N,F.
    start : str
        A name of `INITIALIZERS`.

    Raises
    ------
    ConvError
        A number out of range; an unknown schedule.

    Examples
    --------
    >>> round(Recipe(epochs=10, lr=0.1, schedule="step:4,0.5").rate(8.5), 3)
    0.025
    """

    epochs: int = 10
    batch: int = 64
    lr: float = 0.001
    optimizer: str = "adam"
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: str = "cosine"
    start: str = "he"

    def __post_init__(self) -> None:
        if not 0 < self.lr < math.inf:
            raise ConvError(f"--lr: got {self.lr:g}, a number above 0 is allowed", usage=True)
        for name, value in (("momentum", self.momentum), ("weight-decay", self.weight_decay)):
            if not 0 <= value < 1:
                raise ConvError(f"--{name}: got {value:g}, 0 up to 1 is allowed", usage=True)
        if self.schedule not in SCHEDULES and _steps(self.schedule) is None:
            raise one_of("schedule", self.schedule, [*SCHEDULES, "step:N,F"])

    def rate(self, done: float) -> float:
        """Return the learning rate when so many epochs are done."""
        steps = _steps(self.schedule)
        if steps is None:
            return self.lr * SCHEDULES[self.schedule].factor(done, self.epochs)
        every, factor = steps
        return self.lr * factor ** int(done / every)

    def told(self, **asked: Any) -> "Recipe":
        """Return the recipe with what was asked for in place of its own; None leaves it."""
        return replace(self, **{k: v for k, v in asked.items() if v is not None})

    def record(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Recipe":
        """Read what `record` wrote.

        Raises
        ------
        ConvError
        """
        kinds: dict[str, type] = {f.name: type(f.default) for f in fields(cls)}
        unknown = [k for k in record if k not in kinds]
        if unknown:
            raise ConvError(f"a recipe has no '{printable(unknown[0])}'")
        return cls(**{k: kinds[k](v) for k, v in record.items()})
