"""The options that corr, pool and edge share."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from convcli import options
from convcli.commands.filters.batch import Many, filter_inputs
from convcli.commands.filters.operation import Operation
from convcli.commands.output import Request
from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.geometry import Padding
from convcli.files.memory import MAX_PIXELS
from convcli.files.operands import Reading, check_single_stdin

__all__ = ["FilterOptions"]

_NUMBER = re.compile(r"[-+]?[0-9.]+(/[0-9]+)?[,;]?")


@dataclass(frozen=True)
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
    max_pixels: options.MaxPixels = MAX_PIXELS
    max_memory: options.MaxMemory = None

    def pads(self, default: Padding | None = None) -> Padding | None:
        """Of -p or -P; `default` where neither was given."""
        return options.padding_of(self.padding, self.total, default)

    @property
    def reading(self) -> Reading:
        """How inputs are read."""
        return Reading(self.allow_nan, self.layout, self.max_pixels)

    def check_stdin(self, *operands: str) -> None:
        """Refuse a call whose inputs and other operands read standard input twice."""
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
        stray = [n for n in self.sources or () if _NUMBER.fullmatch(n) and not Path(n).exists()]
        if stray:
            got = printable(" ".join(stray))
            whole = printable(between.join((kernel, *stray)))
            raise ConvError(
                f"INPUT: got {got}, no file of this name: if it belongs to -k, write -k '{whole}'",
                usage=True,
            )

    def run(
        self,
        command: str,
        operation: Operation,
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
            fields=fields or {},
        )
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
        filter_inputs(self.sources, operation, request, self.reading, many)
