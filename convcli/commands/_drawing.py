"""What `net predict` draws: a layer's feature maps, and what a unit of them sees."""

from typing import Any

from numpy.typing import NDArray

from convcli import terminal
from convcli.commands.net.load import Loaded
from convcli.commands.output import Request, deliver, print_path, tell
from convcli.engine.errors import ConvError, display_name
from convcli.engine.results import Ready
from convcli.files.operands import Operand
from convcli.files.pictures.picture import Picture
from convcli.nets.model.feature_maps import box, feature_grid, last_maps, named_step, with_box

__all__ = ["draw_features", "draw_field"]

Array = NDArray[Any]


def draw_features(loaded: Loaded, operand: Operand, layer: str, request: Request) -> None:
    """Draw a layer's feature maps as a grid, or write them as they are to an NPY file."""
    step = named_step(loaded.chosen.steps, layer)
    loaded.model.forward(loaded.batch(operand)[:1], keep=[step.name])
    maps = loaded.model.kept[step.name][0]
    raw = request.format == "npy" or (request.output or "").lower().endswith((".npy", ".csv"))
    if raw:
        _put(Operand(operand.name, maps), maps, request)
        return
    grid = feature_grid(maps)
    _put(Operand(operand.name, grid, Picture(grid)), grid, request)


def draw_field(
    loaded: Loaded, operand: Operand, layer: str | None, unit: tuple[int, int], request: Request
) -> None:
    """Draw the box that a unit sees on the network's input."""
    steps = loaded.chosen.steps
    where = box(named_step(steps, layer) if layer else last_maps(steps), unit)
    if operand.picture is None:
        raise ConvError(f"{display_name(operand.name)}: is an array, the box is drawn on a picture")
    planes = with_box(loaded.picture(operand), where)
    (top, bottom), (left, right) = where
    tell(operand.name, (f"the unit sees rows {top} to {bottom}, columns {left} to {right}",))
    _put(Operand(operand.name, planes, Picture(planes)), planes, request)


def _put(operand: Operand, values: Array, request: Request) -> None:
    delivered = deliver(operand, Ready(values), request)
    tell(operand.name, delivered.notes)
    if delivered.path is not None:
        if delivered.picture is not None and terminal.on_terminal() and request.preview:
            terminal.draw_pictures([delivered.picture])
        print_path(delivered.path)
