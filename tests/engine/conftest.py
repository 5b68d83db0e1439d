"""What tests of the engine share: a class of processors that is forced."""

import pytest

from convcli.engine.correlation.planner import _chosen
from convcli.engine.processor import VARIABLE, vectors


@pytest.fixture
def force(monkeypatch):
    """Return a function that forces a class, or none, and forgets what was chosen for another."""

    def forced(name=None):
        if name is None:
            monkeypatch.delenv(VARIABLE, raising=False)
        else:
            monkeypatch.setenv(VARIABLE, name)
        vectors.cache_clear()
        _chosen.cache_clear()

    yield forced
    vectors.cache_clear()
    _chosen.cache_clear()
