"""The options that corr, pool and edge share."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from convcli import options
from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.sizes.geometry import Padding
from convcli.files.memory import MAX_PIXELS
from convcli.files.sniff import PICTURE_SUFFIXES

if TYPE_CHECKING:  # help and completion need the options alone
    from convcli.commands.drawing import DrawOptions
    from convcli.commands.filters.operation import Operation, Transparency
    from convcli.files.operands import Reading

__all__ = ["FilterOptions"]

_NUMBER = r"[-+]?[0-9.]+(/[0-9]+)?[,;]?"


@dataclass(frozen=True, eq=False, repr=False)
class FilterOptions:
    """Which inputs, which windows, what becomes of results; the fields are options, in the order of the help."""

    sources: options.Inputs = None
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
    range_mode: options.Range = None
    invert: options.Invert = False
    heat: options.Heat = False
    no_preview: options.NoPreview = False
    recursive: options.Recursive = False
    files_from: options.FilesFrom = None
    jobs: options.Jobs = None
    fail_fast: options.FailFast = False
    skip_existing: options.SkipExisting = False
    update: options.Update = False
    dry_run: options.DryRun = False
    quiet: options.Quiet = False
    cluster: options.Cluster = None
    allow_nan: options.AllowNan = False
    layout: options.Layout = None
    frame: options.Frame = None
    alpha: options.Alpha = "auto"
    background: options.Background = None
    max_pixels: options.MaxPixels = MAX_PIXELS
    max_memory: options.MaxMemory = None

    def pads(self, default: Padding | None = None) -> Padding | None:
        """Of -p or -P; `default` where neither was given."""
        return options.padding_of(self.padding, self.total, default)

    @property
    def reading(self) -> "Reading":
        """How operands are read."""
        from convcli.files.operands import Reading

        return Reading(self.allow_nan, self.layout, self.max_pixels, max_memory=self.max_memory)

    def _frame(self) -> int | Literal["all"] | None:
        """Of --frame.

        Raises
        ------
        ConvError
        """
        text = (self.frame or "").strip()
        if self.frame is None or text == "all":
            return "all" if text else None
        if not re.fullmatch("[0-9]{1,9}", text):
            raise ConvError(
                f"--frame: got '{printable(text)}', a number from 0 or all is allowed", usage=True
            )
        return int(text)

    @property
    def single(self) -> bool:
        """Whether one input is named, and nothing that makes it a batch."""
        several = (
            *(self.recursive, self.files_from, self.skip_existing, self.update, self.dry_run),
            self.cluster,
        )
        return len(self.sources or ()) == 1 and not any(several)

    def begin(self, *modules: str) -> None:
        """Begin what needs no NumPy here, while it is loaded: the one picture that is named, or the processes of many.

        Parameters
        ----------
        *modules : str
            What the operation needs.
        """
        count = len(self.sources or ())
        if self.single and self.frame is None and self.sources:
            from convcli.files import ahead

            ahead.begin(self.sources[0], self.max_pixels)
        elif not (self.single or self.dry_run or self.cluster):
            from convcli.engine import threads

            named = not (self.recursive or self.files_from)
            jobs = min(self.jobs or threads.cores(), count if named else threads.cores())
            if jobs > 1:
                from convcli.commands.filters.operation import PRELOAD
                from convcli.files.batch import executors

                executors.begin(jobs, (*PRELOAD, *modules))

    @property
    def transparency(self) -> "Transparency":
        """What becomes of a picture's alpha."""
        from convcli.commands.filters.operation import Transparency

        if self.alpha not in ("auto", "keep"):
            raise one_of("way", self.alpha, ("auto", "keep")).about("--alpha")
        if self.alpha == "keep" and self.background is not None:
            raise ConvError(
                "--alpha keep and --background: got both, one of them is allowed", usage=True
            )
        return Transparency(self.alpha == "keep", self.background)

    def check_stdin(self, *operands: str) -> None:
        """Refuse a call whose inputs and other operands read standard input twice."""
        from convcli.files.operands import check_single_stdin

        check_single_stdin(*(self.sources or ()), self.files_from or "", *operands)

    def check_quotes(self, kernel: str, between: str = " ") -> None:
        """Refuse inputs that are numbers and no files: the rest of a kernel that was given without its quotes.

        Parameters
        ----------
        kernel : str
            What -k was given.
        between : str
            What stands between its parts.

        Raises
        ------
        ConvError
        """
        stray = [n for n in self.sources or () if re.fullmatch(_NUMBER, n) and not Path(n).exists()]
        if stray:
            got = printable(" ".join(stray))
            whole = printable(between.join((kernel, *stray)))
            raise ConvError(
                f"INPUT: got {got}, no file of this name: if it belongs to -k, write -k '{whole}'",
                usage=True,
            )

    def _check_output(self) -> None:
        """Refuse a second input that is not there, where the result was probably meant to go."""
        if len(self.sources or ()) != 2 or self.output is not None:
            return
        first, second = map(Path, self.sources or ())
        suffix = second.suffix.lower()
        if (
            first.is_file()
            and suffix in (*PICTURE_SUFFIXES, ".csv", ".npy")
            and not second.exists()
        ):
            raise ConvError(
                f"INPUT: {printable(second)}: no such file, if the result is to go there: -o {printable(second)}",
                usage=True,
            )

    def run(
        self,
        command: str,
        operation: "Operation",
        *,
        range_mode: str = "clip",
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """Filter all inputs.

        Parameters
        ----------
        command : str
            Names the outputs.
        operation : Operation
        range_mode : str
            What --range is unless told.
        fields : mapping, optional
            Options that a template of -o may name.
        """
        from convcli.commands.output import Request

        self._check_output()
        frame = self._frame()
        # files of their own for all frames get their numbers when they are known
        numbered = {} if frame is None else {"frame": "0" if frame == "all" else str(frame)}
        request = Request(
            command,
            self.output,
            "json" if self.as_json else self.format,
            self.force,
            self.range_mode or range_mode,
            invert=self.invert,
            heat=self.heat,
            preview=not self.no_preview,
            max_memory=self.max_memory,
            fields={**(fields or {}), **numbered},
        )
        reading = replace(self.reading, frame=frame)
        if self.single:
            from convcli.commands.filters.operation import filter_input

            filter_input((self.sources or [""])[0], operation, request, reading, quiet=self.quiet)
            return
        from convcli.commands.filters.batch import Many, filter_inputs  # one file needs no batch

        many = Many(
            self.recursive,
            self.files_from,
            self.jobs,
            self.fail_fast,
            self.skip_existing,
            self.update,
            self.dry_run,
            self.quiet,
            self.cluster,
        )
        filter_inputs(self.sources, operation, request, reading, many)

    def run_drawn(
        self,
        command: str,
        operation: "Operation",
        drawn: "DrawOptions",
        *,
        told: bool = False,
        matrix: bool = False,
        mode: str = "",
    ) -> None:
        """Filter all inputs; or draw one as well, or answer in words or with a matrix in place of the result.

        Parameters
        ----------
        command : str
        operation : Operation
        drawn : DrawOptions
        told, matrix : bool
            Of --explain and --matrix.
        mode : str
            Of a pooling.

        Raises
        ------
        ConvError
        """
        figure = drawn.figure(force=self.force, told=told)
        if figure is None and not told and not matrix:
            self.run(command, operation)
            return
        name = "--draw" if figure is not None else "--explain" if told else "--matrix"
        if told and matrix:
            raise ConvError("--explain and --matrix: got both, one is allowed", usage=True)
        if not self.single:
            raise ConvError(f"{name}: got several inputs, one is allowed", usage=True)
        from convcli.commands.filters.figures import Drawn, explained

        if not told and not matrix:
            assert figure is not None
            self.run(command, Drawn(operation, figure, drawn.at, mode))
            return
        frame = self._frame()
        if frame == "all":
            raise ConvError(f"{name}: got --frame all, one frame is allowed", usage=True)
        given = {"-o": self.output, "--format": self.format != "auto", "--json": self.as_json}
        wrong = [option for option, value in given.items() if value]
        if wrong and told:
            raise ConvError(f"{name}: does not go with {wrong[0]}, it prints words", usage=True)
        reading = replace(self.reading, frame=frame)
        found = explained(
            (self.sources or [""])[0],
            operation,
            reading,
            mode=mode,
            at=drawn.at,
            figure=figure,
            matrix=matrix,
        )
        if isinstance(found, list):
            print("\n".join(found))
            return
        from convcli.commands.output import Request, deliver, print_path
        from convcli.engine.results import Ready
        from convcli.files.operands import Operand

        form = "json" if self.as_json else self.format
        request = Request(command, self.output, form, self.force, max_memory=self.max_memory)
        delivered = deliver(Operand(command, found), Ready(found), request)
        if delivered.path is not None:
            print_path(delivered.path)
