"""What tests ask of a page: its cells by name, its texts, and whether they lie well."""

from itertools import combinations, pairwise

from convcli.figures.scene import Box, Group, Text, flat


def boxes(page, group):
    """The boxes of the groups whose name begins so."""
    return [
        item
        for g in page.items
        if isinstance(g, Group) and g.name.startswith(group)
        for item in flat(g.items)
        if isinstance(item, Box)
    ]


def tapped(page, group="input"):
    """Positions of the cells in the window."""
    return {box.at for box in boxes(page, group) if box.name.endswith("at hand")}


def named(page, kind, group="input"):
    return {box.at for box in boxes(page, group) if box.name.removesuffix(" at hand") == kind}


def numbers_in(page, group):
    """The text in each cell, by its position."""
    found = {}
    for g in page.items:
        if isinstance(g, Group) and g.name.startswith(group):
            items = list(flat(g.items))
            for box, text in pairwise(items):
                if isinstance(box, Box) and isinstance(text, Text):
                    found[box.at] = text.text
    return found


def lines(page):
    """The texts outside of grids, from top to bottom."""
    return [i.text for i in page.items if isinstance(i, Text)]


def check_texts(page):
    """No text lies over another, none leaves the page."""
    texts = [item for item in flat(page.items) if isinstance(item, Text)]
    for text in texts:
        left, top, right, bottom = text.bounds
        assert left >= 2, text
        assert top >= 2, text
        assert right <= page.wide - 2, text
        assert bottom <= page.high - 2, text
    placed = [(*text.bounds, text) for text in texts]
    for (l0, t0, r0, b0, a), (l1, t1, r1, b1, b) in combinations(placed, 2):
        assert r0 <= l1 or r1 <= l0 or b0 <= t1 or b1 <= t0, (a, b)
