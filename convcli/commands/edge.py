"""`convcli edge`: edge detection on pictures and arrays."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from convcli import options
from convcli.commands.filters.operation import Operation
from convcli.commands.filters.options import FilterOptions
from convcli.engine import names
from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Padding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from convcli.commands.filters.operation import Transparency
    from convcli.engine.results import Result
    from convcli.files.operands import Operand, Reading

__all__ = ["EXAMPLES", "edge"]

EXAMPLES = (
    "convcli edge camera.png",
    "convcli edge camera.png -m canny --sigma 2 -o outline.png",
    "convcli edge *.png -o edges/  # as many as there are, on all cores",
    "convcli edge bars.csv -m diff  # the chapter's [1, -1]",
)


DETECTOR = "Detector"


def _checked(text: str) -> str:
    if not text.endswith("%"):
        from convcli.engine.numbers import read_real

        read_real(text)
    return text


_read_level = options.reads(_checked)
"""The parser of a threshold, which is a number or a share of the gradients and stays a text here."""


@dataclass(frozen=True, eq=False, repr=False)
class EdgeOptions:
    """The options that only edge has: which detector, and its thresholds."""

    method: Annotated[
        str,
        options.option(
            DETECTOR,
            "-m",
            "--method",
            text=f"{names.choices(names.DETECTORS)} (sobel).",
            show_default=False,
            metavar="METHOD",
            autocompletion=options.words(lambda: names.DETECTORS),
        ),
    ] = "sobel"
    axis: Annotated[
        str | None,
        options.option(
            DETECTOR,
            "--axis",
            text="The signed derivative along a row (x), down a column (y), or the magnitude (both).",
            metavar="x|y|both",
            autocompletion=options.words(lambda: names.AXES),
        ),
    ] = None
    sigma: Annotated[
        float | None,
        options.option(
            DETECTOR,
            "--sigma",
            text="Blur of log and canny, in pixels.",
            parser=options.read_real,
            metavar="S",
        ),
    ] = None
    low: Annotated[
        str | None,
        options.option(
            DETECTOR,
            "--low",
            text="Canny: where an edge may go on (Q% of the gradients).",
            parser=_read_level,
            metavar="T|Q%",
        ),
    ] = None
    high: Annotated[
        str | None,
        options.option(
            DETECTOR,
            "--high",
            text="Canny: where an edge begins.",
            parser=_read_level,
            metavar="T|Q%",
        ),
    ] = None
    threshold: Annotated[
        str | None,
        options.option(
            DETECTOR,
            "--threshold",
            text="Black and white. Of pictures, thresholds are 0…1 of full scale.",
            metavar="T|otsu",
            autocompletion=options.words(lambda: ["otsu"]),
        ),
    ] = None
    mask: Annotated[
        str | None,
        options.option(
            DETECTOR,
            "--mask",
            text="Where it is black or 0, and at its border, no edges.",
            metavar="FILE",
        ),
    ] = None


@dataclass(frozen=True, eq=False, repr=False)
class Edge(Operation):
    """The operation, on any operand; thresholds are fractions of full scale for pictures."""

    method: str
    axis: str | None
    sigma: float | None
    low: float | str | None
    high: float | str | None
    threshold: float | str | None
    padding: Padding | None
    border: str | None
    value: float
    transparency: "Transparency"
    mask: "NDArray[np.bool] | None" = None

    def load(self) -> None:
        """Import what it computes with."""
        import convcli.engine.edges

        if self.method == "canny":
            import convcli.engine.edges.canny  # noqa: F401

    def seen(self, operand: "Operand") -> "Operand":
        """Lay a picture over the background: a cut-out has the edges that one sees."""
        return self.transparency.over(operand)

    def __call__(self, operand: "Operand") -> "Result":
        """Plan it: on the brightness of a picture, with padding 'same' unless told."""
        from convcli.engine.edges import prepare

        picture = operand.picture
        full = picture.full_scale if picture else 1.0
        if picture:
            given = {"--low": self.low, "--high": self.high, "--threshold": self.threshold}
            for option, value in given.items():
                if isinstance(value, float) and not 0 <= value <= 1:
                    raise ConvError(
                        f"{option}: got {value:g}, 0 to 1 (of full scale) is allowed for a picture",
                        usage=True,
                    )
        return prepare(
            operand.values,
            self.method,
            axis=self.axis,
            sigma=self.sigma,
            low=_scaled(self.low, full),
            high=_scaled(self.high, full),
            threshold=_scaled(self.threshold, full),
            padding=self.padding or Padding("same" if picture else "valid"),
            border=self.border or ("reflect" if picture else "zero"),
            value=self.value,
            mask=self.mask,
            brightness=picture is not None,
        )

    def notes(self, operand: "Operand", result: "Result") -> tuple[str, ...]:
        """Tell the thresholds that were chosen from the input."""
        from convcli.engine.edges import Found

        chosen = self.threshold == "otsu" or (
            self.method == "canny"
            and not (isinstance(self.low, float) and isinstance(self.high, float))
        )
        if not chosen or not isinstance(result, Found):
            return ()
        full = operand.picture.full_scale if operand.picture else 1.0
        names = ("--low", "--high") if self.method == "canny" else ("--threshold",)
        return tuple(
            "chosen: "
            + " ".join(
                f"{name} {value / full:.3g}" for name, value in zip(names, found, strict=True)
            )
            for found in result.thresholds
        )


def _scaled(threshold: float | str | None, full: float) -> float | str | None:
    return threshold * full if isinstance(threshold, float) else threshold


def _threshold(text: str | None) -> float | str | None:
    if text in (None, "otsu"):
        return text
    from convcli.commands.kernel_argument import number_of

    return number_of(text, "--threshold", "a number or otsu")


def _level(text: str | None) -> float | str | None:
    if text is None or text.endswith("%"):
        return text
    from convcli.engine.numbers import read_real

    return read_real(text)


def _mask(name: str, reading: "Reading") -> "NDArray[np.bool]":
    """Read a mask: of a picture, what is at least half bright is inside, of an array, what is not 0."""
    import numpy as np

    from convcli.engine.grey import grey
    from convcli.files.operands import load

    operand = load(name, reading)
    if operand.picture is None:
        if operand.values.ndim != 2:
            raise ConvError(
                f"--mask: {operand.values.ndim} dimensions, a picture or a matrix is needed"
            )
        return np.asarray(operand.values != 0)
    bright = grey(operand.values)
    return np.asarray(bright.reshape(bright.shape[-2:]) >= operand.picture.full_scale / 2)


@options.takes(
    without=("stride", "dilation"),
    defaults={"padding": "0; pictures same", "border": "zero; pictures reflect"},
)
def edge(own: EdgeOptions, shared: FilterOptions) -> None:
    """Find the edges of a picture or an array.

    Pictures are written to NAME-edge.png, arrays print (a table on a
    terminal, CSV in a pipe). A unit step answers 1 with every detector
    (roberts: √2).
    """
    shared.begin(__name__, "convcli.engine.edges")
    low, high = _level(own.low), _level(own.high)
    if isinstance(low, float) and isinstance(high, float) and low > high:
        raise ConvError(f"--low: got {low:g}, at most --high ({high:g}) is allowed", usage=True)
    shared.check_stdin(own.mask or "")
    operation = Edge(
        own.method,
        own.axis,
        own.sigma,
        low,
        high,
        _threshold(own.threshold),
        shared.pads(),
        shared.border,
        shared.value,
        shared.transparency,
        None if own.mask is None else _mask(own.mask, shared.reading),
    )
    shared.run("edge", operation, range_mode="abs", fields={"method": own.method})
