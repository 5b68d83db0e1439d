"""ONNX models written as text, and what changing one input column does to them."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra convcli[onnx] is not installed")
# ruff: noqa: E402
from onnx import numpy_helper, parser
from onnx.reference import ReferenceEvaluator

from convcli.nets.architecture import onnx_model


def model(text, weights=(), *, size="1,1,40,40", opset=18, output="", seed=0):
    """Parse `x -> y` from a text of nodes; weights are a name and a shape each, positive and random."""
    rng = np.random.default_rng(seed)
    made = parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : {opset}]> g (float[{size}] x) => (float[{output}] y) {{ {text} }}'
    )
    if not output:
        made.graph.output[0].type.tensor_type.ClearField("shape")
    for name, value in dict(weights).items():
        given = isinstance(value, np.ndarray | np.generic)
        array = np.asarray(value if given else rng.uniform(0.5, 1.5, value).astype(np.float32))
        made.graph.initializer.append(numpy_helper.from_array(array, name))
    return made


def read(made, asked=None, **more):
    """Count a model."""
    return onnx_model.read("model.onnx", asked, source=made.SerializeToString(), **more)


def measured(made, axis=3):
    """Return the rows of an input's axis that the middle unit of the output sees: how many, from the first to the last."""
    evaluator = ReferenceEvaluator(made)
    shape = tuple(d.dim_value for d in made.graph.input[0].type.tensor_type.shape.dim)
    x = np.random.default_rng(1).uniform(1, 2, shape).astype(np.float32)
    base = evaluator.run(None, {"x": x})[0]
    moved = []
    for at in range(shape[axis]):
        other = x.copy()
        other[(slice(None),) * axis + (at,)] += 100.0
        moved.append(evaluator.run(None, {"x": other})[0] != base)
    out_axis = axis if base.ndim == len(shape) else base.ndim - len(shape) + axis
    widest = 0
    for unit in range(base.shape[out_axis]):
        seen = [at for at, m in enumerate(moved) if np.take(m, unit, out_axis).any()]
        if seen:
            widest = max(widest, seen[-1] - seen[0] + 1)
    return widest
