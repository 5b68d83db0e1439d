"""ONNX's own backend models: all are read, and the sizes are those that its reference gives."""

import warnings
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra convcli[onnx] is not installed")
# ruff: noqa: E402
from onnx.backend import test as backend

from convcli.nets.architecture.onnx_model import loading, read, settling

STORED = sorted(Path(backend.__file__).parent.glob("data/*/*/model.onnx"))


def wrong(model, wanted):
    """Read a model, and return its outputs whose size is known and another than is wanted."""
    data = model.SerializeToString()
    read("model.onnx", source=data)
    parsed = loading.parsed(data, "model.onnx")
    loading.opened(parsed.graph, {}, {})
    shapes = settling.settled(parsed).shapes
    return {n: (shapes[n], s) for n, s in wanted.items() if shapes.get(n) not in (None, s)}


def stored(path):
    model = onnx.load(path, load_external_data=False)
    wanted = {}
    for i, value in enumerate(model.graph.output):
        held = path.parent / "test_data_set_0" / f"output_{i}.pb"
        if held.exists() and value.type.HasField("tensor_type"):
            tensor = onnx.TensorProto.FromString(held.read_bytes())
            wanted[value.name] = tuple(tensor.dims)
    return model, wanted


def test_stored_models():
    assert len(STORED) > 100
    for path in STORED:
        assert wrong(*stored(path)) == {}, path


@pytest.mark.full
def test_every_operator():
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # made while the cases are
        cases = [case for case in collect_testcases(None) if case.model is not None]
    assert len(cases) > 1000
    for case in cases:
        outputs = case.data_sets[0][1] if case.data_sets else ()
        named = zip(case.model.graph.output, outputs, strict=False)
        wanted = {v.name: a.shape for v, a in named if isinstance(a, np.ndarray)}
        assert wrong(case.model, wanted) == {}, case.name


def test_a_wrong_size_is_noticed():
    model, wanted = stored(STORED[0])
    assert wrong(model, dict.fromkeys(wanted, (7, 7, 7, 7, 7)))
