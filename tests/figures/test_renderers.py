"""The two renderers: the same scene in both, text as wide as it was measured, files that are whole."""

from io import BytesIO
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
from PIL import Image, ImageFont

from convcli.engine.errors import ConvError
from convcli.figures import drawing, fonts
from convcli.figures.raster import image
from convcli.figures.scene import Box, Dot, Group, Line, Page, Polygon, Text
from convcli.figures.svg import svg
from convcli.figures.themes import THEMES, theme_of

LIGHT = THEMES["light"]
NS = {"s": "http://www.w3.org/2000/svg"}


def test_widths_are_those_of_the_font():
    font = ImageFont.load_default(1000)
    for sign in [chr(i) for i in range(32, 127)] + list("…·±°’“”"):
        assert fonts.width(sign, 1000) == pytest.approx(font.getlength(sign), abs=1), sign


def test_a_page_is_as_large_as_it_says_and_cells_are_where_they_should_be():
    page = Page(40, 20, [Box(10, 5, 10, 10, fill="window")], "a cell")
    pixels = np.asarray(image(page, LIGHT, 2))
    assert pixels.shape == (40, 80, 3)
    colour = [int(LIGHT.window[i : i + 2], 16) for i in (1, 3, 5)]
    inside = (pixels == colour).all(axis=2)
    assert inside.sum() == 400
    assert inside[10:30, 20:40].all()


@pytest.mark.parametrize(
    "item",
    [
        Box(5, 5, 20, 10, line="ink"),
        Box(5, 5, 20, 10, line="ink", dashed=True),
        Line([(5, 5), (30, 5)]),
        Line([(5, 5), (30, 25)], dashed=True),
        Polygon([(5, 5), (30, 5), (20, 25)], fill="a", line="b"),
        Dot(20, 15, 8, fill="a", line="ink"),
        Text(20, 15, "3×3 → 2"),
    ],
)
def test_what_is_drawn_lies_inside_its_bounds(item):
    drawn = np.asarray(image(Page(40, 30, [item], "one"), LIGHT, 2)) != 255
    rows, columns = np.nonzero(drawn.any(axis=2))
    assert len(rows) > 20
    from convcli.figures.scene import bounds

    left, top, right, bottom = bounds([item])
    slack = 4 if isinstance(item, Text) else 2
    assert columns.min() >= left * 2 - slack
    assert columns.max() <= right * 2 + slack
    assert rows.min() >= top * 2 - slack
    assert rows.max() <= bottom * 2 + slack


def test_hostile_texts_are_escaped_in_svg():
    nasty = 'a<b>&"\x1b[31m\x00\ud800\ufffe'
    page = Page(99, 20, [Group('"x"', [Text(0, 10, nasty)])], nasty, nasty)
    root = fromstring(svg(page, LIGHT))
    shown = 'a<b>&"\\x1b[31m\\x00\\ud800\\ufffe'
    assert root.find("s:title", NS).text == shown
    assert root.find("s:desc", NS).text == shown
    assert root.find(".//s:text", NS).text == shown
    image(page, LIGHT)


@pytest.mark.parametrize("form", ["gif", "webp"])
def test_an_animation_has_its_frames_their_time_and_no_end(form):
    pages = [Page(40, 20, [Box(i * 5, 5, 5, 5, fill="unit")], str(i)) for i in range(7)]
    file = BytesIO()
    drawing.write(file, pages, form, milliseconds=250)
    with Image.open(file) as found:
        assert (found.n_frames, found.size) == (7, (80, 40))
        assert found.info["loop"] == 0
        for i in range(7):
            found.seek(i)
            found.load()
            assert found.info["duration"] == 250
            assert found.convert("RGB").getpixel((i * 10 + 5, 15))[0] < 120


def test_equal_frames_are_kept():
    file = BytesIO()
    drawing.write(file, [Page(9, 9, [], "same")] * 3, "gif", milliseconds=100)
    with Image.open(file) as found:
        total = 0
        for i in range(found.n_frames):
            found.seek(i)
            total += found.info["duration"]
    assert total == 300


def test_suffixes():
    assert drawing.form_of("x.WebP") == "webp"
    with pytest.raises(ConvError, match=r"a\.jpg: unknown suffix '\.jpg'"):
        drawing.form_of("a.jpg")
    with pytest.raises(ConvError, match="has no suffix"):
        drawing.form_of("a")
    with pytest.raises(ConvError, match=r"'\.gif'"):
        drawing.form_of("a.gif", moving=False)
    with pytest.raises(ConvError, match="unknown theme 'lihgt', did you mean 'light'"):
        theme_of("lihgt")


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    line = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2]


@pytest.mark.parametrize("theme", THEMES.values())
def test_texts_stand_out_from_what_they_are_on(theme):
    pairs = [("ink", face) for face in ("paper", "input", "kernel", "output", "pad", "unread")]
    pairs += [("faint", "paper"), ("window_ink", "window"), ("unit_ink", "unit")]
    for ink, face in pairs:
        low, high = sorted(_luminance(theme.colour(c)) for c in (ink, face))
        assert (high + 0.05) / (low + 0.05) >= 4.0, (ink, face)


def test_svg_and_png_agree():
    resvg = pytest.importorskip("resvg_py")
    from convcli.engine.sizes.geometry import axes
    from convcli.figures.layers import layer_page

    page = layer_page(axes((5, 6), (3, 2), padding=1, stride=2), (1, 1))
    shapes = Page(page.wide, page.high, [i for i in page.items if not isinstance(i, Text)], "")
    drawn = resvg.svg_to_bytes(svg_string=svg(shapes, LIGHT).decode(), zoom=2)
    with Image.open(BytesIO(bytes(drawn))) as found:
        other = np.asarray(found.convert("RGB")).astype(int)
    ours = np.asarray(image(shapes, LIGHT, 2)).astype(int)
    assert other.shape == ours.shape
    assert (np.abs(other - ours).max(axis=2) > 64).mean() < 0.02
