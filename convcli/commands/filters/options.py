"""The options that corr, pool and edge share, declared once: a decorator puts them behind a command's own."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from convcli import options
from convcli.commands.filters.batch import Many, filter_inputs
from convcli.commands.filters.operation import Operation
from convcli.commands.output import Request
from convcli.engine.sizes.geometry import Padding
from convcli.files.operands import Reading, check_single_stdin
from convcli.files.pictures.picture import MAX_PIXELS

__all__ = ["Given", "filtering"]


@dataclass(frozen=True)
class Given:
    """What the shared options say.

    Parameters
    ----------
    sources : tuple of str
    padding : Padding or None
        Of -p or -P; None where neither was given. So are `stride`, `dilation`, `border` and `how` (--range).
    value : float
    reading, request, many
        How inputs are read, what becomes of results, how many inputs are worked on.
    """

    sources: tuple[str, ...]
    padding: Padding | None
    stride: tuple[int, ...] | None
    dilation: tuple[int, ...] | None
    border: str | None
    value: float
    reading: Reading
    request: Request
    many: Many

    def check_stdin(self, *operands: str) -> None:
        """Refuse a call whose inputs and other operands read standard input twice."""
        check_single_stdin(*self.sources, self.many.files_from or "", *operands)

    def run(self, operation: Operation) -> None:
        """Filter all inputs."""
        filter_inputs(list(self.sources), operation, self.request, self.reading, self.many)


def _shared(
    padding: options.PaddingOption = None,
    total: options.TotalPadding = None,
    stride: options.Stride = None,
    dilation: options.Dilation = None,
    border: options.Border = None,
    value: options.Value = 0.0,
    output: options.Output = None,
    force: options.Force = False,
    format: options.Format = "auto",
    as_json: options.JsonFlag = False,
    how: options.Range = None,
    invert: options.Invert = False,
    heat: options.Heat = False,
    no_preview: options.NoPreview = False,
    recursive: options.Recursive = False,
    files_from: options.FilesFrom = None,
    jobs: options.Jobs = None,
    fail_fast: options.FailFast = False,
    skip_existing: options.SkipExisting = False,
    cluster: options.Cluster = None,
    allow_nan: options.AllowNan = False,
    layout: options.Layout = None,
    max_pixels: options.MaxPixels = MAX_PIXELS,
    max_memory: options.MaxMemory = None,
    *,
    sources: tuple[str, ...],
    command: str,
    default_range: str,
    fields: Mapping[str, str],
) -> Given:
    """Put together what the options say; the parameters before the star are the options, in the order of the help."""
    request = Request(
        command,
        output,
        "json" if as_json else format,
        force,
        how or default_range,
        invert=invert,
        heat=heat,
        preview=not no_preview,
        max_memory=max_memory,
        fields=fields,
    )
    return Given(
        sources,
        options.padding_of(padding, total, None),
        stride,
        dilation,
        border,
        value,
        Reading(allow_nan, layout, max_pixels),
        request,
        Many(recursive, files_from, jobs, fail_fast, skip_existing, cluster),
    )


def filtering(
    *,
    without: tuple[str, ...] = (),
    default_range: str = "clip",
    fields: tuple[str, ...] = (),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function: INPUT… in front of its own options, the shared ones behind them.

    The function is called with a `Given`, then with its own options by name.

    Parameters
    ----------
    without : tuple of str
        Shared options that this command does not have.
    default_range : str
        What --range is unless told.
    fields : tuple of str
        The command's own options that a template of -o may name.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command).parameters.values())[1:]
        shared = [
            p
            for p in inspect.signature(_shared).parameters.values()
            if p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in without
        ]
        inputs = inspect.Parameter(
            "sources", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=options.Inputs
        )
        every = [p.replace(kind=p.KEYWORD_ONLY) for p in (inputs, *own, *shared)]

        @wraps(command)
        def called(**values: Any) -> None:
            sources = tuple(values.pop("sources") or ())
            mine = {p.name: values.pop(p.name) for p in own}
            given = _shared(
                **values,
                sources=sources,
                command=command.__name__,
                default_range=default_range,
                fields={name: mine[name] for name in fields},
            )
            command(given, **mine)

        called.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
        called.__annotations__ = {p.name: p.annotation for p in every}
        return called

    return decorate
