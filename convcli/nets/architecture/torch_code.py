"""The same layers as lines of PyTorch; what its layers cannot pad by themselves gets a padding layer in front. No arrays."""

from collections.abc import Iterable, Iterator, Sequence

from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.geometry import Axis, size_text
from convcli.engine.sizes.transposed import TransposedAxis
from convcli.nets.architecture.kinds import KINDS, NAMED
from convcli.nets.architecture.layer import Layer
from convcli.nets.architecture.parser import Join, Node, Repeat
from convcli.nets.architecture.steps import Step, program

__all__ = ["chain_code", "layer_code"]

_HELPERS = {
    "Concat(": """class Concat(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)
""",
    "Residual(": """class Residual(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return sum(branch(x) for branch in self.branches)
""",
    "Multiply(": """class Multiply(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        found = self.branches[0](x)
        for branch in self.branches[1:]:
            found = found * branch(x)
        return found
""",
    "ChannelsLast(": """class ChannelsLast(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x.movedim(1, -1)).movedim(-1, 1)
""",
    "Scale(": """class Scale(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, x):
        return x * self.weight
""",
    "SqueezeExcitation(": """class SqueezeExcitation(nn.Module):
    def __init__(self, conv, channels, squeeze, act, gate):
        super().__init__()
        self.fc1, self.fc2 = conv(channels, squeeze, 1), conv(squeeze, channels, 1)
        self.act, self.gate = act, gate

    def forward(self, x):
        mean = x.mean(tuple(range(2, x.ndim)), keepdim=True)
        return x * self.gate(self.fc2(self.act(self.fc1(mean))))
""",
    "Part(": '''class Part(nn.Module):
    """The first, second … of some parts of the channels."""

    def __init__(self, which, parts):
        super().__init__()
        self.which, self.parts = which - 1, parts

    def forward(self, x):
        return x.chunk(self.parts, dim=1)[self.which]
''',
    "MeanInside(": '''class MeanInside(nn.Module):
    """Average pooling over the cells that count: those `counted` pads with ones."""

    def __init__(self, pad, counted, pool):
        super().__init__()
        self.pad, self.counted, self.pool = pad, counted, pool

    def forward(self, x):
        return self.pool(self.pad(x)) / self.pool(self.counted(torch.ones_like(x)))
''',
}
"""Modules that PyTorch lacks, printed where the code uses them."""


_BLENDED = {0: "linear", 1: "linear", 2: "bilinear", 3: "trilinear"}
"""PyTorch's names of linear interpolation, by the number of axes."""


def layer_code(layer: Layer, size: Sequence[int]) -> str:
    """Write one layer.

    Parameters
    ----------
    layer : Layer
    size : sequence of int
        The input it is for, C×spatial.

    Examples
    --------
    >>> from convcli.nets.architecture.kinds import read_layer
    >>> print(layer_code(read_layer("conv:64,k7,s2,p3"), (3, 224, 224)))
    nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3)
    """
    lines = list(_lines(program([layer], size)[0]))
    return _finished(lines[0] if len(lines) == 1 else _sequence("nn.Sequential", lines))


def chain_code(net: Iterable[Node], size: Sequence[int]) -> str:
    """Write a network, as a module named `net`.

    Parameters
    ----------
    net : iterable of Node
    size : sequence of int
        The input, C×spatial or one number.
    """
    net = tuple(net)
    lines = list(_emitted(net, iter(program(net, size))))
    body = "net = " + _sequence("nn.Sequential", lines)
    head = "import torch\nfrom torch import nn" if _uses(body) else "from torch import nn"
    shape = ", ".join(map(str, (1, *size)))
    return f"{head}\n\n{_finished(body)}\n# net(torch.zeros({shape}))\n".replace(
        "\n\n\n\n", "\n\n\n"
    )


def _uses(body: str) -> list[str]:
    return [name for name in _HELPERS if name in body]


def _finished(body: str) -> str:
    return "\n\n".join([*(_HELPERS[name] for name in _uses(body)), body])


def _sequence(head: str, lines: Iterable[str]) -> str:
    inner = "".join(f"    {line}\n" for entry in lines for line in f"{entry},".split("\n"))
    return f"{head}(\n{inner})"


def _emitted(nodes: Iterable[Node], steps: Iterator[Step]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Layer):
            yield from _lines(next(steps))
        elif isinstance(node, Join):
            branches = [list(_emitted(branch, steps)) for branch in node.branches]
            parts = [
                "nn.Identity()" if not b else b[0] if len(b) == 1 else _sequence("nn.Sequential", b)
                for b in branches
            ]
            next(steps)  # the join itself
            yield _sequence(node.kind.capitalize(), parts)
        else:
            for _ in range(node.times if isinstance(node, Repeat) else 1):
                yield from _emitted(node.items, steps)


def _lines(step: Step) -> Iterator[str]:
    """Write the one or two modules that make a layer."""
    layer, rank = step.layer, len(step.input) - 1
    assert isinstance(layer, Layer)
    kind = KINDS[layer.kind]
    module = kind.torch.format(
        rank=max(rank, 1),
        inputs=step.input[0],
        outputs=step.output[0],
        cells=_short(step.output[1:]),
        size=layer.out or 5,
        named=_named(layer),
        rate=layer.rate,
        slope=layer.slope,
        init=layer.init,
        groups=layer.groups,
        ones=", ".join(map(str, (step.input[0], *[1] * rank))),
        act="SiLU" if layer.silu else "ReLU",
        gate="Hardsigmoid" if layer.hard else "Sigmoid",
        part=", ".join(map(str, layer.part)),
        scale=_short(layer.stride or (1,)),
        mode=_BLENDED[rank] if layer.bilinear else "nearest",
        cut=_flat([(a.before, a.after) for a in step.axes]),
        eps="" if layer.eps == Layer.eps else f", eps={layer.eps:g}",
        bias="" if layer.bias else ", bias=False",
    )
    if layer.each:
        module = f"ChannelsLast({module})"
    if "(" in module:
        yield module
    elif isinstance(step.axes[0], TransposedAxis):
        yield from _transposed(module, layer, step, rank)
    elif kind.weighted:
        yield from _convolution(module, layer, step, rank)
    else:
        yield from _pooling(module, layer, step, rank)


def _named(layer: Layer) -> str:
    """Write the numbers that have names, so far as they are not PyTorch's own."""
    told = {name: (getattr(layer, f), getattr(Layer, f)) for name, f in NAMED.items()}
    return "".join(f", {n}={value:g}" for n, (value, usual) in told.items() if value != usual)


def _convolution(module: str, layer: Layer, step: Step, rank: int) -> Iterator[str]:
    axes = [a for a in step.axes if isinstance(a, Axis)]
    pairs = [(a.before, a.after) for a in axes]
    even = all(b == a for b, a in pairs)
    padding = ""
    if layer.padding.word == "same" and all(a.s == 1 for a in axes):
        padding = ', padding="same"'  # PyTorch puts the odd row at the end, too
    elif even and any(b for b, _ in pairs):
        padding = f", padding={_short([b for b, _ in pairs])}"
    elif not even:
        yield _pad(rank, pairs, "0")
    groups = step.input[0] if layer.kind == "dwconv" else layer.groups
    yield (
        f"{module}({step.input[0]}, {step.output[0]}, {_window(axes, [1])}{padding}"
        + (f", groups={groups}" if groups > 1 else "")
        + ("" if layer.bias else ", bias=False")
        + ")"
    )


def _transposed(module: str, layer: Layer, step: Step, rank: int) -> Iterator[str]:
    axes = [a for a in step.axes if isinstance(a, TransposedAxis)]
    pairs = [(a.before, a.after) for a in axes]
    even = all(b == a for b, a in pairs)
    extra = [a.extra for a in axes]
    if any(a.extra >= max(a.s, a.d) for a in axes):
        raise ConvError(f"'{printable(layer.text)}': PyTorch takes less output padding than stride")
    yield (
        f"{module}({step.input[0]}, {step.output[0]}, {_window(axes, [1])}"
        + (
            f", padding={_short([b for b, _ in pairs])}"
            if even and any(b for b, _ in pairs)
            else ""
        )
        + (f", output_padding={_short(extra)}" if any(extra) else "")
        + (f", groups={layer.groups}" if layer.groups > 1 else "")
        + ("" if layer.bias else ", bias=False")
        + ")"
    )
    if not even:
        yield _pad(rank, [(-b, -a) for b, a in pairs], "0")  # negative padding cuts


def _pooling(module: str, layer: Layer, step: Step, rank: int) -> Iterator[str]:
    axes = [a for a in step.axes if isinstance(a, Axis)]
    mean = layer.kind == "avgpool"
    if mean and any(a.d > 1 for a in axes):
        raise ConvError(
            f"'{printable(layer.text)}': PyTorch's average pooling has no dilation, "
            f"the other layers on {size_text(step.input)} can be written"
        )
    # PyTorch pads a pool evenly and by half a window at most
    if all(a.before == a.after <= a.k // 2 for a in axes):
        padding = _short([a.before for a in axes])
        yield (
            f"{module}({_window(axes, [a.k for a in axes])}"
            + (f", padding={padding}" if any(a.before for a in axes) else "")
            + (", ceil_mode=True" if layer.ceil else "")
            + (", count_include_pad=False" if mean and not layer.count_padding else "")
            + ")"
        )
        return
    # the padding layer ends where the last window does: past the padding under ceil, or before its end where ceil
    # drops a window that lies in the padding alone
    ends = [(a.out - 1) * a.s + a.extent - a.n - a.before for a in axes]
    reach = [(a.before, end if layer.ceil else a.after) for a, end in zip(axes, ends, strict=True)]
    pool = f"{module}({_window(axes, [a.k for a in axes])})"
    if not mean:
        yield _pad(rank, reach, 'float("-inf")')
        yield pool
        return
    counted = [(a.before, a.after) if layer.count_padding else (0, 0) for a in axes]
    beyond = [(b - c, a - d) for (b, a), (c, d) in zip(reach, counted, strict=True)]
    ones = f"nn.Sequential({_pad(rank, counted, '1')}, {_pad(rank, beyond, '0')})"
    yield _sequence("MeanInside", [_pad(rank, reach, "0"), ones, pool])


def _pad(rank: int, pairs: Sequence[tuple[int, int]], value: str) -> str:
    """Write a padding layer; PyTorch counts the axes from the last."""
    return f"nn.ConstantPad{rank}d(({_flat(pairs)}), {value})"


def _flat(pairs: Sequence[tuple[int, int]]) -> str:
    return ", ".join(f"{b}, {a}" for b, a in reversed(pairs))


def _window(axes: Sequence[Axis] | Sequence[TransposedAxis], usual: Sequence[int]) -> str:
    """Write kernel size, stride and dilation; a stride that is PyTorch's default is left out."""
    stride = _short([a.s for a in axes])
    return (
        f"kernel_size={_short([a.k for a in axes])}"
        + ("" if stride == _short(usual) else f", stride={stride}")
        + (f", dilation={_short([a.d for a in axes])}" if any(a.d > 1 for a in axes) else "")
    )


def _short(values: Sequence[int]) -> str:
    """Write one number for all axes where they agree, else a tuple."""
    return str(values[0]) if len(set(values)) == 1 else str(tuple(values))
