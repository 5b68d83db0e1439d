"""`convcli net compare`: networks side by side."""

import csv
import sys
from dataclasses import astuple, dataclass, fields
from typing import Annotated, Any

import typer

from convcli import options, terminal
from convcli.commands.layer_table import shared
from convcli.commands.net import options as own
from convcli.commands.net.choose import Chosen
from convcli.commands.net.network_argument import read_network
from convcli.commands.tables import short_count, table_form
from convcli.engine.errors import ConvError, display_name, one_of
from convcli.engine.sizes.geometry import size_text
from convcli.nets.architecture.counts import rule
from convcli.nets.zoo import NETWORKS

__all__ = ["EXAMPLES", "net_compare"]

EXAMPLES = (
    "convcli net compare resnet18 lenet --input 1x96x96",
    "convcli net compare torchvision/resnet50 torchvision/convnext_tiny --batch 32",
    "convcli net compare lenet 'conv:8,k5 gap flatten linear:9' --input 1x28x28",
)

BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2, "int8": 1}
"""Memory of one number, by the names of dtypes."""


@dataclass(frozen=True, eq=False, repr=False)
class Row:
    """What is told of a network; None is what is not known of it.

    Parameters
    ----------
    name, input : str
    params, macs, activations : int
        As `net show` sums them up, of one example.
    peak : int
        Numbers that are held at once, of one example.
    weights_mb, memory_mb : float
        Parameters and running statistics; these and what is held at once, of the whole batch.
    rf, rf_local : int or str
        Receptive field of the last feature map, and without global branches.
    depth : int
        Convolutions and linear layers on the longest way.
    at_least : bool
        Whether operators of a model are not counted: MACs, peak, memory and depth are at least that.
    """

    name: str
    input: str
    params: int
    weights_mb: float
    macs: int | None
    activations: int
    peak: int
    memory_mb: float
    rf: int | float | str | None
    rf_local: int | float | str | None
    depth: int
    at_least: bool


_COLUMNS = tuple(field.name for field in fields(Row))
_SORTED = tuple(name for name in _COLUMNS if name != "input")
_PLOTTED = {"params": "parameters (M)", "macs": "MACs (G)", "memory_mb": "memory (MB)"}


def net_compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME|FILE|LAYERS...",
            help="Networks of net list, files of layers, ONNX models, layers in quotes.",
            autocompletion=own.named,
        ),
    ],
    size: Annotated[
        str | None,
        options.option(
            options.NETWORK, "--input", text="Input size, for all of them.", metavar="CxHxW"
        ),
    ] = None,
    classes: own.Classes = None,
    batch: Annotated[
        int,
        options.option(
            options.NETWORK,
            "--batch",
            text="Examples at once, for memory (1).",
            metavar="N",
            parser=options.read_whole(1),
            show_default=False,
        ),
    ] = 1,
    dtype: Annotated[
        str,
        options.option(
            options.NETWORK,
            "--dtype",
            text=f"Of weights and activations (float32): {', '.join(BYTES)}.",
            metavar="DTYPE",
            show_default=False,
            autocompletion=options.words(lambda: BYTES),
        ),
    ] = "float32",
    sort: Annotated[
        str | None,
        options.option(
            options.OUTPUT,
            "--sort",
            text="By a column, as macs or memory_mb, the least first.",
            metavar="COLUMN",
            autocompletion=options.words(lambda: _SORTED),
        ),
    ] = None,
    plot: Annotated[
        str | None,
        options.option(
            options.OUTPUT, "--plot", metavar="PNG|SVG", text="Bars: parameters, MACs, memory."
        ),
    ] = None,
    force: options.Force = False,
    format: options.TableFormat = None,
    as_json: options.JsonFlag = False,
) -> None:
    """Compare networks: parameters, work, memory, receptive field, depth.

    A table on a terminal, CSV in a pipe. Memory is that of a prediction:
    weights, and the activations that are held at once.
    """
    form = table_form(format, as_json)
    if dtype not in BYTES:
        raise one_of("dtype", dtype, BYTES).about("--dtype")
    if sort is not None and sort not in _SORTED:
        raise one_of("column", sort, _SORTED).about("--sort")
    if plot is not None:
        from convcli.commands.drawing import draws

        draws(plot, force=force, moving=False)
    rows = [_row(name, size, classes, batch, BYTES[dtype]) for name in names]
    if sort is not None:
        rows.sort(key=lambda row: _place(getattr(row, sort)))
    if plot is not None:
        _plot(rows, plot, force=force)
    if form == "json":
        import json  # a table needs none

        print(json.dumps([vars(row) for row in rows]))
    elif form == "csv":
        write = csv.writer(sys.stdout, lineterminator="\n").writerow
        write(_COLUMNS)
        for row in rows:
            write([int(v) if isinstance(v, bool) else v for v in astuple(row)])
    else:
        _show(rows, batch, dtype, markdown=form == "md")


def _row(name: str, size: str | None, classes: int | None, batch: int, width: int) -> Row:
    own_classes = classes if name in NETWORKS else None
    read = read_network(name, [] if size is None else [size], [], own_classes, None)
    if read is None:
        raise ConvError(f"{display_name(name)}: says nothing of its network", usage=True)
    found = read.counted() if isinstance(read, Chosen) else read
    total = found.total
    held = found.peak
    weights = (total.params + total.buffers) * width
    return Row(
        name=found.name,
        input=size_text(found.input),
        params=total.params,
        weights_mb=weights / 1e6,
        macs=total.macs,
        activations=total.activations,
        peak=held,
        memory_mb=(weights + held * batch * width) / 1e6,
        rf=shared(total.rf),
        rf_local=shared(total.rf_local),
        depth=found.depth,
        at_least=bool(found.uncounted),
    )


def _place(value: Any) -> tuple[bool, bool, Any]:
    """Sort numbers before text, and what is not known last."""
    return value is None, isinstance(value, str), 0 if value is None else value


def _show(rows: list[Row], batch: int, dtype: str, *, markdown: bool) -> None:
    columns = [
        terminal.Column("network", style="bold"),
        terminal.Column("input", 4),
        *(terminal.Column(name, right=True) for name in ("params", "weights MB", "MACs")),
        terminal.Column("activations", 3, right=True),
        terminal.Column("peak", 2, right=True),
        *(terminal.Column(name, right=True) for name in ("memory MB", "rf", "depth")),
    ]
    cells = [
        (
            *(row.name, row.input, short_count(row.params), f"{row.weights_mb:,.1f}"),
            "?" if row.macs is None else least + short_count(row.macs),
            short_count(row.activations),
            least + short_count(row.peak),
            f"{least}{row.memory_mb:,.1f}",
            _field(row),
            f"{least}{row.depth}",
        )
        for row in rows
        for least in ("≥ " * row.at_least,)
    ]
    foot = [
        rule(),
        f"weights: parameters and running statistics as {dtype}; peak: numbers held at once, a layer's output beside "
        f"its input; memory: weights and {batch} times the peak. MB: millions of bytes.",
        "rf: receptive field of the last feature map, in brackets without global branches; depth: convolutions and "
        "linear layers on the longest way.",
    ]
    if any(row.at_least for row in rows):
        foot.append("≥: the model has operators that are not counted, net show names them.")
    terminal.print_table(columns, cells, foot=foot, markdown=markdown)


def _field(row: Row) -> str:
    """Write the receptive field, and where global branches widen it, the one without them."""
    found = "" if row.rf is None else str(row.rf)
    return found if row.rf == row.rf_local else f"{found} ({row.rf_local})"


def _plot(rows: list[Row], path: str, *, force: bool) -> None:
    from convcli.commands.drawing import draws
    from convcli.figures.plots import bars_page

    units = {"params": 1e6, "macs": 1e9, "memory_mb": 1.0}
    panels = {
        title: {row.name: (getattr(row, key) or 0) / units[key] for row in rows}
        for key, title in _PLOTTED.items()
    }
    draws(path, force=force, moving=False).write([bars_page(panels)])
