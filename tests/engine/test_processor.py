"""Classes of processors: what NumPy says, what OpenBLAS was told, what a variable forces."""

import numpy as np
import pytest

from convcli.engine import processor
from convcli.engine.correlation import prepare
from convcli.engine.errors import ConvError
from convcli.engine.processor import CLASSES, VARIABLE, vectors


@pytest.fixture(autouse=True)
def fresh(force, monkeypatch):
    """No variable, and nothing remembered."""
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    force()


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (["X86_V3", "X86_V4", "AVX512_ICL"], "avx512"),  # NumPy 2.4
        (["SSE42", "AVX2", "FMA3", "AVX512F", "AVX512_SKX"], "avx512"),  # before
        (["X86_V3"], "avx2"),
        (["SSE42", "AVX", "F16C", "FMA3", "AVX2"], "avx2"),
        ([], "128-bit"),
        (["ASIMDHP", "ASIMDDP"], "128-bit"),
    ],
)
def test_what_numpy_says(found, name, monkeypatch):
    told = {"SIMD Extensions": {"baseline": ["SSE", "SSE2"], "found": found}}
    monkeypatch.setattr(np, "show_config", lambda mode: told if mode == "dicts" else None)
    assert vectors() == name


def test_what_this_numpy_says_is_a_class():
    assert vectors() in CLASSES


@pytest.mark.parametrize(
    ("core", "name"), [("SkylakeX", "avx512"), ("Zen", "avx2"), ("Haswell", "avx2")]
)
def test_the_narrower_of_both_counts(core, name, monkeypatch):
    monkeypatch.setattr(processor, "_found", lambda: "avx512")
    monkeypatch.setenv("OPENBLAS_CORETYPE", core)
    assert vectors() == name
    vectors.cache_clear()
    monkeypatch.setattr(processor, "_found", lambda: "128-bit")
    assert vectors() == "128-bit"


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_that_is_forced_is_told_by_the_plan(name, monkeypatch):
    monkeypatch.setenv(VARIABLE, name)
    rng = np.random.default_rng(0)
    x, k = rng.random((300, 300), np.float32), rng.random((5, 5), np.float32)
    plan = prepare(x, k)
    assert f"with {name} (" in plan.plan.why
    expected = prepare(x, k, strategy="taps").run()
    assert np.abs(plan.run() - expected).max() <= 1e-6 * k.sum()


def test_a_class_that_is_none(monkeypatch):
    monkeypatch.setenv(VARIABLE, "avx1024")
    with pytest.raises(ConvError) as caught:
        vectors()
    assert str(caught.value) == (
        "CONVCLI_PROCESSOR: unknown class of processor 'avx1024', did you mean 'avx512'? "
        "known: avx512, avx2, 128-bit"
    )


def test_wider_vectors_keep_to_products_for_longer(force):
    rng = np.random.default_rng(0)
    x = np.zeros((1024, 1024), np.float32)
    last = []
    for name in CLASSES:
        force(name)
        sizes = range(3, 32, 2)
        plans = [prepare(x, rng.normal(size=(k, k)), padding="same").plan.strategy for k in sizes]
        last.append(plans.count("banded"))
        assert plans == ["banded"] * last[-1] + ["spectral"] * (len(plans) - last[-1])
    assert last == sorted(last, reverse=True)
    assert last[0] > last[1] > last[2]
