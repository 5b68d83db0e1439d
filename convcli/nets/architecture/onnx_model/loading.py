"""From the bytes of an ONNX file to a graph whose inputs have sizes. Loads `onnx` (the extra `convcli[onnx]`) when asked."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.sizes.geometry import size_text

__all__ = ["Asked", "inputs_of", "looks_like_onnx", "opened", "parsed"]

_BULKY = 4096
"""Cells of a tensor from which its values are dropped: its size is all that is counted."""

Asked = Mapping[str, Sequence[int]]
"""Sizes by the inputs' names; "" is the first input, without its batch axis."""


def looks_like_onnx(head: bytes) -> bool:
    r"""Whether a file begins as ONNX models do: protobuf's field 1, the version of the format.

    A file of safetensors can begin so, too: with the length of its header, 8 bytes, and a brace.

    >>> looks_like_onnx(b"\x08\x08\x12\x07pytorch"), looks_like_onnx(b"conv:8,k3 relu")
    (True, False)
    >>> looks_like_onnx(b"\x08\x06\0\0\0\0\0\0{")
    False
    """
    weights = head[5:9] == b"\0\0\0{"
    return head[:1] == b"\x08" and len(head) > 1 and head[1] < 0x40 and not weights


def parsed(source: Path | bytes, shown: str) -> Any:
    """Read a model, its functions written out, without the values of large tensors.

    Raises
    ------
    ConvError
        The extra is missing, or the file is no model.
    """
    if isinstance(source, Path):
        source.stat()  # a file that is not there is told before an extra that is not
    try:
        onnx = import_module("onnx")
    except ImportError as error:
        raise ConvError(
            f"{shown}: ONNX models are read with pip install 'convcli[onnx]'"
        ) from error
    try:
        data = source if isinstance(source, bytes) else source.read_bytes()
        model = onnx.load_model_from_string(data)
        if model.functions:
            model = import_module("onnx.inliner").inline_local_functions(model)
    except OSError:
        raise
    except Exception as error:  # protobuf and onnx have error types of their own
        raise no_model(error, shown) from error
    imported = {held.domain for held in model.opset_import}
    for domain in sorted({node.domain for node in model.graph.node} - imported - {"ai.onnx"}):
        model.opset_import.append(onnx.helper.make_opsetid(domain, 1))
    if not model.graph.node:
        raise ConvError(f"{shown}: is no ONNX model: it has no nodes")
    for tensor in model.graph.initializer:
        _lightened(tensor)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                _lightened(attribute.t)
    return model


def no_model(error: Exception, shown: str) -> ConvError:
    """Say that a file is no model, and the first line of why."""
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return ConvError(f"{shown}: is no ONNX model: {printable(first)}")


def _lightened(tensor: Any) -> None:
    size = 1
    for n in tensor.dims:
        size *= n
    if size > _BULKY:
        for field in ("raw_data", "float_data", "double_data", "int32_data", "int64_data"):
            tensor.ClearField(field)


def inputs_of(graph: Any) -> list[Any]:
    """Return the inputs that are no weights."""
    held = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in held]


def opened(graph: Any, asked: Asked, free: Mapping[str, int]) -> None:
    """Settle the sizes of the inputs: what was asked for, and 1 for a batch axis that is left open.

    Parameters
    ----------
    graph : GraphProto
        Its inputs are changed.
    asked : mapping
        Sizes by name.
    free : mapping of str to int
        Axes that the model gives a name, and how long they are.

    Raises
    ------
    ConvError
        There is no such input or axis, a size contradicts the model, or an axis is still open.
    """
    inputs = inputs_of(graph)
    if not inputs:
        return
    names = [value.name for value in inputs]
    for name in asked:
        if name and name not in names:
            raise one_of("input", name, names).about("--input")
    known = {d.dim_param for v in inputs for d in _dims(v) if d.dim_param}
    for name in free:
        if name not in known:
            raise one_of("axis", name, sorted(known)).about("--axis")
    changed = False
    for at, value in enumerate(inputs):
        dims = _dims(value)
        stated = [d.dim_value if d.dim_value > 0 else d.dim_param or "?" for d in dims]
        for dim in dims:
            if dim.dim_param in free:
                dim.dim_value, changed = free[dim.dim_param], True
        size = asked.get(value.name, asked.get("") if at == 0 else None)
        if size is not None:
            changed |= _sized(dims, size, stated)
        if len(dims) and dims[0].dim_value <= 0:
            dims[0].dim_value = 1
        for dim in dims:
            if dim.dim_value < 0:  # left open, as some exporters write it
                dim.ClearField("dim_value")
        if any(d.dim_value < 0 or not d.HasField("dim_value") for d in dims):
            raise _still_open(value.name, dims, stated, first=at == 0)
    if changed:  # what it stated for its values may no longer hold
        del graph.value_info[:]
        for output in graph.output:
            output.type.tensor_type.ClearField("shape")


def _dims(value: Any) -> Any:
    return value.type.tensor_type.shape.dim


def _sized(dims: Any, size: Sequence[int], stated: Sequence[object]) -> bool:
    """Give an input a size, with or without its batch axis; say whether that says more than the model did."""
    if len(size) not in (len(dims), len(dims) - 1):
        raise _contradicts(size, stated)
    changed = False
    for dim, n in zip(list(dims)[len(dims) - len(size) :], size, strict=True):
        if dim.dim_value > 0 and dim.dim_value != n:
            raise _contradicts(size, stated)
        changed |= dim.dim_value != n
        dim.dim_value = n
    return changed


def _contradicts(size: Sequence[int], stated: Sequence[object]) -> ConvError:
    held = _text(stated if len(stated) == len(size) else stated[1:])
    return ConvError(f"--input: got {size_text(size)}, the model's is {held}", usage=True)


def _still_open(name: str, dims: Any, stated: Sequence[object], *, first: bool) -> ConvError:
    inner = _text(stated[1:])
    left = [d.dim_param for d in dims if not d.HasField("dim_value") and d.dim_param]
    axis = f", or --axis {printable(left[0])}=N" if left else ""
    if first:
        return ConvError(f"its input is {inner}: --input with numbers is needed{axis}", usage=True)
    shown = printable(name)
    return ConvError(
        f"its input {shown} is {inner}: --input {shown}=SIZE is needed{axis}", usage=True
    )


def _text(stated: Sequence[object]) -> str:
    return printable("x".join(map(str, stated)))
