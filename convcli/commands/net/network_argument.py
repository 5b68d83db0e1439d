"""Which network a call means, whatever it is from: a name, layers, weights, an ONNX model; with the sizes that it is for."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from convcli.commands.net.choose import Chosen, Overrides, choose, choose_by_card, is_onnx
from convcli.engine.errors import ConvError, printable
from convcli.engine.sizes.notation import read_sizes
from convcli.nets.architecture.summary import Summary
from convcli.nets.zoo import NETWORKS

__all__ = ["read_network"]

_WEIGHTS = (".npz", ".safetensors")


def read_network(
    name: str,
    sizes: Sequence[str],
    axes: Sequence[str],
    classes: int | None,
    width: float | None,
    *,
    whole: bool = False,
) -> Chosen | Summary | None:
    """Find what a call means: a network, a model counted, or None for weights that say nothing of theirs."""
    given = _named_sizes(sizes)
    text: str | None = None
    if name not in NETWORKS:
        from convcli.files.operands import contents

        source: bytes | None = None
        if name == "-":
            held = contents(name)
            source = held if isinstance(held, bytes) else b""
        if is_onnx(name, source or b""):
            if width is not None or whole:
                raise ConvError("--width: an ONNX model is counted as it is", usage=True)
            from convcli.nets.architecture import onnx_model

            free = {key: _one_size(key, value) for key, value in map(_pair, axes)}
            return onnx_model.read(name, given, classes, free=free, source=source)
        if source is not None:
            from convcli.files.text import decoded

            text = decoded(source, name)
    if axes or set(given) - {""}:
        option = "--axis" if axes else "--input NAME=SIZE"
        raise ConvError(f"{option}: is for ONNX models", usage=True)
    size = given.get("")
    if name not in NETWORKS and name.lower().endswith(_WEIGHTS):
        from convcli.nets.model import weights

        with weights.opened(Path(name)) as source_file:
            card = source_file.card
        if not (card.get("network") or card.get("layers")):
            return None
        asked = Overrides(size, classes, width=width, whole=whole)
        return replace(choose_by_card("", card, asked), name=printable(name))
    return choose(name, size, classes, width, text, whole=whole)


def _named_sizes(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Read --input: sizes by the inputs' names, "" where there is none."""
    found: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, _, size = text.rpartition("=")
        try:
            read = read_sizes(size)
        except ConvError as error:
            raise error.about("--input") from error
        if name in found:
            got = f"'{printable(name)}' twice" if name else f"{len(texts)} sizes"
            raise ConvError(f"--input: got {got}, one an input is allowed", usage=True)
        found[name] = read
    return found


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.rpartition("=")
    if not sign or not name:
        raise ConvError(f"--axis: got '{printable(text)}', NAME=N is needed", usage=True)
    return name, value


def _one_size(name: str, text: str) -> int:
    try:
        [size] = read_sizes(text)
    except (ConvError, ValueError) as error:
        raise ConvError(
            f"--axis: got '{printable(text)}' for {printable(name)}, one whole number is needed",
            usage=True,
        ) from error
    return size
