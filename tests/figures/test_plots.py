"""Curves as pictures: what is drawn lies where the numbers say."""

import math

import numpy as np
import pytest

from convcli.figures.plots import plot_page
from convcli.figures.raster import image
from convcli.figures.themes import THEMES

BLUE = (0x0B, 0x62, 0xA8)


def plotted(panels, across):
    return np.moveaxis(np.asarray(image(plot_page(panels, across), THEMES["light"], 1)), 2, 0)


def ink(picture, colour):
    """Rows and columns of the pixels of about this colour, of the plot's inside."""
    away = np.abs(picture.astype(int) - np.array(colour)[:, None, None]).sum(axis=0)
    rows, columns = np.nonzero(away < 60)
    inside = rows > 36
    return rows[inside], columns[inside]


@pytest.mark.parametrize("values", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]])
def test_a_line_goes_from_corner_to_corner(values):
    rows, columns = ink(plotted({"loss": {"training": values}}, "epoch"), BLUE)
    slope = np.polyfit(columns, rows, 1)[0]
    assert math.isclose(abs(slope), (400 - 36 - 44) / (560 - 64 - 16), rel_tol=0.05)
    assert (slope < 0) == (values[0] == 0)
    assert columns.min() < 70
    assert columns.max() > 538


def test_panels_stand_side_by_side():
    panels = {"loss": {"training": [2, 1], "test": [3, 1]}, "accuracy": {"training": [0.1, 0.9]}}
    picture = plotted(panels, "epoch")
    assert picture.shape == (3, 400, 1120)
    assert picture.dtype == np.uint8
    assert len(ink(picture, (0xC4, 0x5C, 0x00))[0])


@pytest.mark.parametrize(
    "values", [[1.0], [], [0.5, 0.5], [math.nan, math.inf], [1e30, -1e30], [1e-9, 2e-9, math.nan]]
)
def test_any_numbers_are_drawn(values):
    assert plotted({"loss": {"training": values}}, "epoch").shape == (3, 400, 560)
