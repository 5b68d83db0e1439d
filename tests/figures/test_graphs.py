"""Networks as graphs and as feature maps: their structure, and that nothing lies on anything else."""

from itertools import combinations, pairwise
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

from convcli.commands.net.draw import _parts, _usual
from convcli.figures.blocks import blocks_page
from convcli.figures.feature_maps import maps_page
from convcli.figures.graphs import Fold, Fork, Part, Tangle, arranged, gathered, leaves
from convcli.figures.scene import Box, Line, Polygon, Text, bounds, flat
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


def layers(*inputs):
    return [
        Part(f"l{i}", "join" if len(read) > 1 else "weighted", (i, 4), read)
        for i, read in enumerate(inputs, 1)
    ]


def test_a_tangle_keeps_what_leads_where():
    # two skips that cross: no branches side by side
    first, item, last = arranged(layers((0,), (1,), (2,), (1, 3), (2, 4), (5,)))
    assert (first.label, last.label) == ("l1", "l6")
    assert isinstance(item, Tangle)
    assert [part.label for part in item.parts] == ["l2", "l3", "l4", "l5"]
    assert item.edges == ((-1, 0), (-1, 2), (0, 1), (0, 3), (1, 2), (2, 3))


def drawn_edges(page, count):
    """Read from a page which of the boxes l1 … lN each arrow leads from and to; 0 is the input."""
    items = list(flat(page.items))
    boxes = [item for item in items if isinstance(item, Box)]
    assert len(boxes) == count + 1

    def box_at(x, y):
        for at, box in enumerate(boxes):
            inside = (
                box.y - 1 <= y <= box.y + box.high + 1 and box.x - 1 <= x <= box.x + box.wide + 1
            )
            if inside:
                return at
        return None

    lines = [item.points for item in items if isinstance(item, Line)]
    heads = [item.points[0] for item in items if isinstance(item, Polygon)]
    found = set()
    for x, y in heads:
        target = box_at(x, y)
        if target is None:  # what leaves the network
            continue
        # follow the line that ends at the head back to where it begins; it may begin on another line
        [way] = [
            points for points in lines if abs(points[-1][0] - x) + abs(points[-1][1] - y) < 5.5
        ]
        start = way[0]
        while (source := box_at(*start)) is None:
            start = next(
                points[0]
                for points in lines
                if any(on(start, a, b) for a, b in pairwise(points)) and points[0] != start
            )
        found.add((source, target))
    return found


def on(point, a, b):
    """Whether a point is on a line that is level or upright, or at its end."""
    (x, y), (left, right), (top, bottom) = point, sorted((a[0], b[0])), sorted((a[1], b[1]))
    return left - 0.1 <= x <= right + 0.1 and top - 0.1 <= y <= bottom + 0.1


@pytest.mark.parametrize("seed", range(40))
def test_a_tangle_is_drawn_as_it_is(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(5, 12))
    # crossing skips from the first layer on, so that all is one tangle
    inputs = [(0,)]
    for number in range(2, count + 1):
        read = {int(rng.integers(max(0, number - 4), number)) for _ in range(rng.integers(1, 3))}
        inputs.append(tuple(sorted(read)))
    parts = layers(*inputs)
    items = arranged(parts)
    wanted = {(i, at) for at, read in enumerate(inputs, 1) for i in read}
    page = blocks_page("x", (3, 4), parts)
    shown = texts(page)
    for one, other in combinations(shown, 2):
        assert not overlap(one.bounds, other.bounds), (one.text, other.text)
    left, top, right, bottom = bounds(page.items)
    assert min(left, top) >= 0
    assert right <= page.wide
    assert bottom <= page.high
    if [type(item) for item in items] == [Tangle] and gathered(parts, (3, 4)) == parts:
        assert drawn_edges(page, count) == wanted


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
