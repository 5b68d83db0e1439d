"""The layers of a chain or a network as a table on a terminal."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction

from convcli import terminal
from convcli.engine.sizes.geometry import size_text
from convcli.engine.sizes.notation import padding_text
from convcli.nets.architecture.counts import BYTES, LayerRecord

__all__ = ["layer_cells", "print_layers", "receptive_field", "shared"]

_SPARE = {
    "#": 4,
    "kind": 4,
    "kernel": 6,
    "stride": 6,
    "padding": 5,
    "bytes": 3,
    "rf": 1,
    "jump": 2,
    "start": 7,
}
"""Columns that a narrow terminal leaves out, the largest number first."""
_LAYER = 24
"""Cells that the name of a layer keeps on a narrow terminal: its end."""
_SUMMED = ("params", "MACs", "FLOPs", "bytes")


def shared(values: Sequence[float | Fraction] | None) -> float | str | None:
    """Show one number for all axes where they agree.

    >>> shared((3, 3)), shared((3, 5)), shared((Fraction(1, 2),))
    (3, '3x5', '1/2')
    """
    if not values:
        return None
    if len(set(values)) > 1:
        return "x".join(map(str, values))
    return str(values[0]) if isinstance(values[0], Fraction) else values[0]


def receptive_field(layer: LayerRecord) -> str:
    """Say what a unit of a feature map sees; where global branches let it see all, what it sees without them as well."""
    seen = f"Receptive field {shared(layer.rf)}"
    if layer.whole:
        seen += (
            " by way of global branches, through which each unit sees all of the input; "
            f"without them {shared(layer.rf_local)}"
        )
    return seen


def layer_cells(
    layer: LayerRecord, also: Collection[str] = (), *, flops: bool = False
) -> dict[str, object]:
    """Return what stands in a layer's row, by column; its MACs, or FLOPs, with what is named in `also`."""
    work = layer.operations(also, flops=flops)
    pairs = [(a.before, a.after) for a in layer.axes]
    return {
        "kernel": shared([a.k for a in layer.axes]),
        "stride": shared([a.s for a in layer.axes]),
        "padding": padding_text(pairs[:1] if len(set(pairs)) == 1 else pairs) if pairs else None,
        "output": size_text(layer.output),
        "params": layer.params,
        "FLOPs" if flops else "MACs": "?" if work is None else work,
        "bytes": layer.activations * BYTES,
        "rf": shared(layer.rf),
        "jump": shared(layer.jump),
        "start": shared(layer.start),
    }


def print_layers(
    columns: Sequence[str],
    rows: Iterable[Mapping[str, object]],
    total: Mapping[str, object],
    *,
    title: str | None = None,
    foot: Sequence[str],
    styles: Mapping[str, str] | None = None,
    markdown: bool = False,
) -> None:
    """Print a row a layer and the total, as `layer_cells` gives them; one of the columns is called layer."""
    sums = {name: total.get(name) for name in _SUMMED} | {"layer": "total"}
    terminal.print_table(
        [
            terminal.Column(
                c, _SPARE.get(c, 0), (styles or {}).get(c, ""), front=_LAYER if c == "layer" else 0
            )
            for c in columns
        ],
        [[row[c] for c in columns] for row in rows],
        title=title,
        total=[sums.get(c) for c in columns],
        foot=foot,
        markdown=markdown,
    )
