"""The names that help lists are those of the registries, in their order."""

import pytest

from convcli.engine import borders, edges, footprints, kernels, learning, names, pooling, ranges
from convcli.nets.model import initializers
from convcli.nets.training import optimizers
from convcli.nets.zoo import recipes


@pytest.mark.parametrize(
    ("listed", "registry"),
    [
        (names.KERNELS, kernels.KERNELS),
        (names.BORDERS, borders.BORDERS),
        (names.BORDER_SYNONYMS, borders.SYNONYMS),
        (names.DETECTORS, edges.DETECTORS),
        (names.AXES, edges.AXES),
        (names.POOLING_MODES, pooling.MODES),
        (names.FOOTPRINTS, footprints.FOOTPRINTS),
        (names.RANGES, ranges.RANGES),
        (names.LEARNING_METHODS, learning.METHODS),
        (recipes.OPTIMIZERS, optimizers.OPTIMIZERS),
        (recipes.INITIALIZERS, initializers.METHODS),
    ],
)
def test_every_row_is_named(listed, registry):
    assert list(listed) == list(registry)


def test_synonyms_are_of_borders():
    assert set(names.BORDER_SYNONYMS.values()) <= names.BORDERS.keys()
    assert not names.BORDER_SYNONYMS.keys() & names.BORDERS.keys()
