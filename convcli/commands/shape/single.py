"""`convcli shape -n … -k …`: one operation."""

import sys
from typing import TYPE_CHECKING

from convcli import options, terminal
from convcli.commands.shape.flags import ShapeOptions
from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Axis, Padding, axes, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convcli.commands.drawing import Figure
    from convcli.engine.sizes.transposed import TransposedAxis

__all__ = ["draw", "run"]


def run(asked: ShapeOptions) -> None:
    """Resolve the layer and show it."""
    pad = options.padding_of(asked.padding, asked.total, Padding())
    if asked.n and asked.kernel and len(asked.n) == 3 and len(asked.kernel) == 1:
        print(
            f"convcli: note: {size_text(asked.n)} is three spatial axes here; for C×H×W write a "
            f"layer: convcli shape -n {size_text(asked.n)} conv:OUT,k{asked.kernel[0]}",
            file=sys.stderr,
        )
    found = _resolved(asked, pad)
    if terminal.on_terminal() or asked.as_json or asked.explain or asked.code or asked.format:
        # JSON, words, drawings and code are loaded when they are asked for: a size in a pipe stays quick
        from convcli.commands.shape.report import show

        show(asked, pad, found)
    else:
        print(size_text([a.out for a in found]))


def draw(asked: ShapeOptions, figure: "Figure", at: "Sequence[int] | None") -> None:
    """Draw the layer, one output unit at hand or all of them one after another.

    Raises
    ------
    ConvError
    """
    from convcli.figures.layers import layer_frames, layer_page

    pad = options.padding_of(asked.padding, asked.total, Padding())
    found, word = _resolved(asked, pad), pad.word
    figure.write(
        figure.pages(lambda: layer_page(found, at, word), lambda: layer_frames(found, word))
    )


def _resolved(asked: ShapeOptions, pad: Padding) -> "tuple[Axis | TransposedAxis, ...]":
    for name, value in (("--input", asked.n), ("--kernel", asked.kernel)):
        if value is None:
            raise ConvError(f"{name}: missing (see convcli shape --help)", usage=True)
    assert asked.n
    assert asked.kernel
    if len(asked.n) > 3:
        raise ConvError(
            f"--input: got {size_text(asked.n)}, 1 to 3 axes are allowed, all spatial", usage=True
        )
    if asked.transposed:
        if asked.ceil:
            raise ConvError("--ceil: does not go with --transposed", usage=True)
        from convcli.engine.sizes.transposed import transposed_axes

        return transposed_axes(
            asked.n,
            asked.kernel,
            padding=pad,
            stride=asked.stride or 1,
            dilation=asked.dilation or 1,
            output_padding=asked.output_padding,
            output_size=asked.output_size,
        )
    if asked.output_padding or asked.output_size:
        name = "--output-padding" if asked.output_padding else "--output-size"
        raise ConvError(f"{name}: goes with --transposed only", usage=True)
    return axes(
        asked.n,
        asked.kernel,
        padding=pad,
        stride=asked.stride or 1,
        dilation=asked.dilation or 1,
        ceil=asked.ceil,
    )
