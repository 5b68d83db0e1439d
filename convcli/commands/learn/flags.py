"""The options that only `convcli learn` has."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from convcli import options
from convcli.engine import names
from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Padding

if TYPE_CHECKING:  # help and completion need the options alone
    from convcli.commands.output import Request
    from convcli.engine.learning.examples import Layer
    from convcli.engine.learning.gradient_descent import Descent

__all__ = ["LearnOptions"]

DESCENT = "Descent (-m sgd)"


@dataclass(frozen=True, eq=False, repr=False)
class LearnOptions:
    """One call of `convcli learn`: None, False or 0 is what was not asked."""

    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[X Y]...", help="Inputs and answers in turn: pictures or arrays."),
    ] = None
    pairs: Annotated[
        str | None,
        options.option(
            options.INPUT, "--pairs", text="More of them: a table of file names x,y.", metavar="CSV"
        ),
    ] = None
    size: Annotated[
        options.Sizes | None,
        options.option(
            options.KERNEL,
            "-k",
            "--kernel",
            text="Its size (odd sizes to 15 are tried).",
            parser=options.read_sizes,
            metavar="K|KxK|CxKxK|OxCxKxK",
        ),
    ] = None
    method: Annotated[
        str | None,
        options.option(
            options.KERNEL,
            "-m",
            "--method",
            text="lstsq (least squares) or sgd (descent).",
            metavar="METHOD",
            autocompletion=options.words(lambda: names.LEARNING_METHODS),
        ),
    ] = None
    bias: Annotated[
        bool,
        options.option(options.KERNEL, "--bias", text="Learn an added number, too."),
    ] = False
    ridge: Annotated[
        float,
        options.option(
            options.KERNEL,
            "--ridge",
            text="Cost of squared taps, with lstsq (0).",
            parser=options.read_real,
            metavar="L",
            show_default=False,
        ),
    ] = 0.0
    holdout: Annotated[
        float,
        options.option(
            options.KERNEL,
            "--holdout",
            text="Share of rows to measure on only (0).",
            parser=options.read_real,
            metavar="PART",
            show_default=False,
        ),
    ] = 0.0
    lr: Annotated[
        float | None,
        options.option(
            DESCENT,
            "--lr",
            text="Learning rate (half of the largest stable one).",
            parser=options.read_real,
            metavar="RATE",
        ),
    ] = None
    steps: Annotated[
        int | None,
        options.option(
            DESCENT, "--steps", text="Steps (20).", metavar="N", parser=options.read_whole(1)
        ),
    ] = None
    momentum: Annotated[
        float | None,
        options.option(
            DESCENT,
            "--momentum",
            text="Share of the last step kept (0).",
            parser=options.read_real,
            metavar="M",
        ),
    ] = None
    batch: Annotated[
        int | None,
        options.option(
            DESCENT,
            "--batch",
            text="Rows a step sees (all).",
            metavar="ROWS",
            parser=options.read_whole(1),
        ),
    ] = None
    seed: Annotated[
        int | None,
        options.option(
            DESCENT,
            "--seed",
            text="Start from N(0, 0.01²), not 0, and shuffle batches.",
            parser=options.read_whole(),
            metavar="N",
        ),
    ] = None
    log: Annotated[
        str | None,
        options.option(DESCENT, "--log", text="Write the losses as CSV.", metavar="FILE"),
    ] = None
    padding: options.PaddingOption = None
    total: options.TotalPadding = None
    stride: options.Stride = None
    dilation: options.Dilation = None
    border: options.Border = None
    value: options.Value = 0.0
    output: options.Output = None
    force: options.Force = False
    format: options.Format = "auto"
    as_json: options.JsonFlag = False
    layout: options.Layout = None

    @property
    def alone(self) -> bool:
        """Whether nothing is given to learn from: the chapter's exercise is done."""
        return not self.files and self.pairs is None

    @property
    def json(self) -> bool:
        """Whether JSON is asked for, which has all that is told."""
        return self.as_json or self.format == "json"

    @property
    def request(self) -> "Request":
        """What becomes of the kernel."""
        from convcli.commands.output import Request

        form = "auto" if self.json else self.format
        return Request("learn", self.output, form, self.force, range_mode="stretch")

    @property
    def descent(self) -> "Descent":
        """The numbers of gradient descent."""
        from convcli.engine.learning.gradient_descent import Descent

        return Descent.of(
            self.lr,
            Descent.steps if self.steps is None else self.steps,
            Descent.momentum if self.momentum is None else self.momentum,
            self.batch,
            self.seed,
        )

    def check(self) -> None:
        """Refuse options of descent for another method.

        Raises
        ------
        ConvError
        """
        for name in ("lr", "steps", "momentum", "batch", "seed", "log"):
            if getattr(self, name) is not None and self.method == "lstsq":
                raise ConvError(f"--{name}: got it with method lstsq, only sgd has it", usage=True)

    def layer(self, *, pictured: bool) -> "Layer":
        """How the kernel is applied: pictures keep their size unless told."""
        from convcli.engine.learning.examples import Layer

        return Layer(
            options.padding_of(self.padding, self.total, Padding("same" if pictured else "valid")),
            self.stride or 1,
            self.dilation or 1,
            self.border or ("reflect" if pictured else "zero"),
            self.value,
        )
