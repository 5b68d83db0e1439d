"""`convcli shape -n … -k …` in more than a line: table, formula, JSON, `--explain`, `--code`."""

import json
from collections.abc import Iterator

from convcli import terminal
from convcli.commands.shape.flags import ShapeOptions
from convcli.engine.sizes import explain
from convcli.engine.sizes.geometry import Axis, Padding, size_text
from convcli.engine.sizes.transposed import TransposedAxis

__all__ = ["show"]

_Axes = tuple[Axis | TransposedAxis, ...]


def show(asked: ShapeOptions, pad: Padding, found: _Axes) -> None:
    """Print code or JSON, or on a terminal the table with its formulas and notes, or the explanation alone."""
    if asked.code:
        print(_code(asked, pad, found))
        return
    if asked.as_json:
        print(json.dumps(_record(found)))
        return
    if terminal.on_terminal():
        _table(asked, pad, found)
    if asked.explain:
        print("\n".join(_explained(asked, pad, found)))


def _record(found: _Axes) -> dict[str, object]:
    last: dict[str, object] = {}
    for a in found:
        name, value = ("unused", a.unused) if isinstance(a, Axis) else ("output_padding", a.extra)
        last[name] = [*last.get(name, []), value]  # type: ignore[misc]
    return {
        "input": [a.n for a in found],
        "kernel": [a.k for a in found],
        "stride": [a.s for a in found],
        "dilation": [a.d for a in found],
        "padding": [[a.before, a.after] for a in found],
        "output": [a.out for a in found],
        **last,
    }


def _table(asked: ShapeOptions, pad: Padding, found: _Axes) -> None:
    dilated = any(a.d > 1 for a in found)
    terminal.print_table(
        [
            terminal.Column("axis", 1),
            *("input", "kernel", "stride", *(["dilation"] if dilated else [])),
            *("padding", "output", "extra" if asked.transposed else "unused"),
        ],
        [
            (
                *(i, a.n, a.k, a.s, *([a.d] if dilated else [])),
                *(f"{a.before}/{a.after}", a.out),
                a.unused if isinstance(a, Axis) else a.extra,
            )
            for i, a in enumerate(found)
        ],
        title=size_text([a.out for a in found]),
        foot=[
            *dict.fromkeys(explain.formula(a, asked.ceil) for a in found),
            *explain.notes(found, pad, ceil=asked.ceil, total=asked.total is not None),
        ],
    )


def _explained(asked: ShapeOptions, pad: Padding, found: _Axes) -> Iterator[str]:
    for i, axis in enumerate(dict.fromkeys(found)):
        if i:
            yield ""
        places = [str(at) for at, a in enumerate(found) if a == axis]
        if len(found) > 1:
            yield f"{'axis' if len(places) == 1 else 'axes'} {' and '.join(places)}"
        yield from explain.steps(axis, pad, asked.ceil)
        drawn = (
            explain.transposed_drawing(axis)
            if isinstance(axis, TransposedAxis)
            else explain.drawing(axis)
        )
        if drawn:
            yield from ["", *drawn]


def _code(asked: ShapeOptions, pad: Padding, found: _Axes) -> str:
    from convcli.nets.architecture.layer import Layer
    from convcli.nets.architecture.torch_code import layer_code

    kind = "convt" if asked.transposed else "maxpool" if asked.ceil else "conv"
    layer = Layer(
        kind,
        f"{kind} on one channel",
        out=1,
        kernel=asked.kernel,
        stride=asked.stride or (1,),
        dilation=asked.dilation or (1,),
        padding=pad,
        output_padding=tuple(a.extra for a in found if isinstance(a, TransposedAxis)) or None,
        ceil=asked.ceil,
    )
    return layer_code(layer, (1, *(a.n for a in found)))
