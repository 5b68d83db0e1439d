"""Networks as graphs and as feature maps: their structure, and that nothing lies on anything else."""

from itertools import combinations
from xml.etree.ElementTree import fromstring

import pytest

from convcli.commands.net.draw import _parts, _usual
from convcli.figures.blocks import blocks_page
from convcli.figures.feature_maps import maps_page
from convcli.figures.graphs import Fold, Fork, arranged, gathered, leaves
from convcli.figures.scene import Box, Text, bounds, flat
from convcli.figures.svg import svg
from convcli.figures.themes import THEMES
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import program
from convcli.nets.zoo import NETWORKS

STYLES = {"maps": maps_page, "blocks": blocks_page}


def parts_of(text, size):
    return _parts(program(read_chain(text), size))


def network(name):
    row = NETWORKS[name]
    return row.input, _parts(program(row.build(row.classes), row.input))


def outline(items):
    """Write a structure as text."""
    found = []
    for item in items:
        if isinstance(item, Fold):
            found.append(f"{item.times}*( {outline(item.items)} )")
        elif isinstance(item, Fork):
            inner = " | ".join(outline(branch) for branch in item.branches)
            found.append(f"{item.join.label if item.join else 'ends'}( {inner} )")
        else:
            found.append(item.label.partition(" ")[0])
    return " ".join(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("conv:4,k3 relu maxpool:k2 flatten linear:2", "conv relu maxpool flatten linear"),
        ("3*( conv:3,k1 relu )", "3*( conv relu )"),
        ("conv:3,k1 relu relu flatten", "conv relu relu flatten"),
        ("residual( conv:3,k1 relu conv:3,k1 | ) relu", "residual( conv relu conv |  ) relu"),
        (
            "concat( conv:2,k1 | conv:2,k1 conv:4,k3,p1 | maxpool:k3,s1,p1 )",
            "concat( conv | conv conv | maxpool )",
        ),
        ("2*( residual( bn relu conv:3,k3,p1 ) relu )", "2*( residual( bn relu conv |  ) relu )"),
        ("2*( concat( | bn conv:2,k1 ) )", "2*( concat( bn conv |  ) )"),
        (
            "residual( residual( conv:3,k1 | conv:3,k3,p1 ) bn | ) relu",
            "residual( residual( conv | conv ) bn |  ) relu",
        ),
        ("conv:4,k1 conv:8,k1 conv:8,k1 conv:8,k1", "conv 3*( conv )"),
    ],
)
def test_structures(text, found):
    assert outline(arranged(parts_of(text, (3, 9, 9)))) == found


def test_a_block_that_shrinks_is_no_repeat_of_one_that_does_not():
    text = "2*( conv:3,k3,p1 relu ) conv:3,k3,s2,p1 relu conv:3,k3,p1 relu"
    assert outline(arranged(parts_of(text, (3, 9, 9)))) == "2*( conv relu ) conv relu conv relu"


def texts(page):
    return [item for item in flat(page.items) if isinstance(item, Text)]


def overlap(one, other):
    return min(one[2], other[2]) - max(one[0], other[0]) > 0.5 and (
        min(one[3], other[3]) - max(one[1], other[1]) > 0.5
    )


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_can_be_drawn(name, style):
    size, parts = network(name)
    page = STYLES[style](name, size, parts)
    left, top, right, bottom = bounds(page.items)
    assert left >= 0
    assert top >= 0
    assert right <= page.wide
    assert bottom <= page.high
    shown = texts(page)
    if len(shown) > 150:
        shown = shown[::3]
    for one, other in combinations(shown, 2):
        assert not overlap(one.bounds, other.bounds), (one.text, other.text)
    root = fromstring(svg(page, THEMES["light"]))
    assert root.tag.endswith("svg")


@pytest.mark.parametrize("name", ["lenet", "googlenet", "resnet18", "densenet"])
def test_labels_of_boxes_lie_in_them_and_boxes_beside_each_other(name):
    size, parts = network(name)
    page = blocks_page(name, size, parts)
    boxes = [b for b in flat(page.items) if isinstance(b, Box) and not b.dashed]
    for one, other in combinations(boxes, 2):
        assert not overlap(bounds([one]), bounds([other]))
    for box in boxes:
        edge = bounds([box])
        inside = [t.bounds for t in texts(page) if overlap(t.bounds, edge)]
        assert inside
        for left, top, right, bottom in inside:
            assert edge[0] + 4 < left < right < edge[2] - 4
            assert edge[1] < top < bottom < edge[3]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("conv:4,k3 bn relu", [["conv 3×3, 4", "bn, relu"]]),
        ("bn relu conv:4,k3", [["bn, relu", "conv 3×3, 4"]]),
        ("residual( conv:3,k1 bn ) relu", [["conv 1×1, 3", "bn"], ["residual", "relu"]]),
        (
            "residual( conv:3,k1 ) bn relu conv:4,k1",
            [["conv 1×1, 3"], ["residual"], ["bn, relu", "conv 1×1, 4"]],
        ),
        ("relu concat( conv:3,k1 | )", [["relu"], ["conv 1×1, 3"], ["concat"]]),
        ("flatten linear:2 softmax", [["flatten", "linear 2", "softmax"]]),
        ("maxpool:k2 relu gap", [["maxpool 2×2", "relu"], ["gap"]]),
    ],
)
def test_small_layers_go_with_others(text, lines):
    assert [p.lines for p in gathered(parts_of(text, (3, 9, 9)), (3, 9, 9))] == lines


def test_sizes_that_differ_from_turn_to_turn_are_not_said():
    [fold] = arranged(parts_of("3*( concat( | conv:2,k1 ) )", (3, 9, 9)))
    [fork] = fold.items
    assert (fork.branches[0][0].size, fork.join.size, fold.last.size) == ((2, 9, 9), (), (9, 9, 9))


def test_a_long_network_goes_on_in_columns():
    size, parts = network("googlenet")
    page = blocks_page("googlenet", size, parts)
    assert page.high < 1.6 * page.wide
    many = [t.text for t in texts(maps_page("vgg16", *network("vgg16")))]
    assert many.index("512×7×7") > many.index("64×224×224")


@pytest.mark.parametrize(
    ("name", "style"), [("lenet", "maps"), ("alexnet", "maps"), ("vgg16", "blocks")]
)
def test_the_style_unless_told(name, style):
    size, parts = network(name)
    assert _usual(parts, size) == style


def test_what_repeats_is_drawn_once():
    size, parts = network("resnet18")
    assert len(parts) > 60
    drawn = leaves(arranged(parts))
    assert len(drawn) < len(parts)
    shown = [t.text for t in texts(blocks_page("resnet18", size, parts))]
    assert "×2" in shown
    assert shown.count("+") == 7  # of eight, two are the same


def test_the_maps_of_lenet():
    size, parts = network("lenet")
    shown = [t.text for t in texts(maps_page("lenet", size, parts))]
    sizes = ["1×28×28", "6×24×24", "6×12×12", "16×8×8", "16×4×4", "120", "84", "10"]
    assert [text for text in shown if text in sizes] == sizes
    ways = [text for text in shown if text not in sizes]
    assert ways == [
        *("lenet", "conv 5×5, 6", "sigmoid", "maxpool 2×2", "conv 5×5, 16", "sigmoid"),
        *("maxpool 2×2", "flatten", "linear 120", "sigmoid", "linear 84", "sigmoid", "linear 10"),
    ]


def test_small_maps_stay_visible():
    parts = parts_of("conv:512,k1 maxpool:k224 conv:1,k1", (3, 224, 224))
    boxes = [b for b in flat(maps_page("x", (3, 224, 224), parts).items) if isinstance(b, Box)]
    assert min(min(b.wide, b.high) for b in boxes) >= 7
