"""What one call of `convcli shape` asks, and which options go together."""

from dataclasses import dataclass, fields

from convcli.commands.shape.flags import Language
from convcli.engine.errors import ConvError
from convcli.engine.sizes.geometry import Padding
from convcli.options import Sizes

__all__ = ["Asked", "mode_of"]


@dataclass(frozen=True)
class Asked:
    """One call of `convcli shape`: None, False or empty is what was not asked."""

    layers: list[str] | None = None
    n: Sizes | None = None
    kernel: Sizes | None = None
    padding: Padding | None = None
    total: Padding | None = None
    stride: Sizes | None = None
    dilation: Sizes | None = None
    ceil: bool = False
    transposed: bool = False
    output_padding: Sizes | None = None
    output_size: Sizes | None = None
    out: Sizes | None = None
    max_kernel: int | None = None
    max_stride: int | None = None
    max_padding: int | None = None
    file: str | None = None
    flops: bool = False
    count: str | None = None
    explain: bool = False
    code: Language | None = None
    as_json: bool = False


_NAMES = {
    "n": "--input",
    "total": "--total-padding",
    "file": "--layers",
    "as_json": "--json",
    "layers": "LAYERS",
}
_LAYER = frozenset({"n", "kernel", "padding", "total", "stride", "dilation", "ceil"})
_MODES = {
    "rows": ("a CSV on standard input", _LAYER | {"layers"}),
    "chain": ("layers", {"layers", "n", "file", "flops", "count", "code", "as_json"}),
    "inverse": (
        "--out",
        _LAYER | {"out", "max_kernel", "max_stride", "max_padding", "as_json"},
    ),
    "one": (
        "one operation",
        _LAYER | {"transposed", "output_padding", "output_size", "explain", "code", "as_json"},
    ),
}


def mode_of(asked: Asked) -> str:
    """Tell which of the four questions is asked; an option that has no part in it is an error."""
    if asked.layers == ["-"]:
        mode = "rows"
    elif asked.layers or asked.file:
        mode = "chain"
    else:
        mode = "one" if asked.out is None else "inverse"
    name, allowed = _MODES[mode]
    for field in fields(asked):
        if field.name not in allowed and getattr(asked, field.name) not in (None, False, []):
            option = _NAMES.get(field.name, "--" + field.name.replace("_", "-"))
            raise ConvError(f"{option}: does not go with {name}", usage=True)
    return mode
