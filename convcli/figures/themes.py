"""The colours of figures, light and dark, that print and that colour-blind people tell apart.

The hues are of Okabe and Ito's palette (blue, orange, bluish green), told apart by lightness as well: a window is
darker than its input, an output at hand darker than its map.
Source: Okabe, M. and Ito, K. (2008), "Color Universal Design".
"""

from dataclasses import dataclass

from convcli.engine.errors import one_of

__all__ = ["THEMES", "Theme", "theme_of"]


@dataclass(frozen=True)
class Theme:
    """A colour for each thing that is drawn, as ``#rrggbb``.

    `input`, `kernel`, `output` are the faces of cells, `window`, `pad_window`, `unit` the same at hand, and `window_line`
    and so on their edges; `pad` is padding, `unread` rows that no window reads. `a` to `d` tell curves and kinds of
    layers apart, `a_face` to `d_face` are faces for them.
    """

    paper: str
    ink: str
    faint: str
    grid: str
    pad: str
    pad_line: str
    unread: str
    input: str
    input_line: str
    window: str
    window_line: str
    window_ink: str
    pad_window: str
    kernel: str
    kernel_line: str
    output: str
    output_line: str
    unit: str
    unit_line: str
    unit_ink: str
    a: str
    b: str
    c: str
    d: str
    a_face: str
    b_face: str
    c_face: str
    d_face: str

    def colour(self, name: str) -> str:
        """Return the colour of a name; a ``#rrggbb`` is one already, "a:40" is two fifths of `a` on paper.

        >>> THEMES["light"].colour("ink:0")
        '#ffffff'
        """
        if name.startswith("#"):
            return name
        plain, _, share = name.partition(":")
        full = str(getattr(self, plain))
        if not share:
            return full
        parts = [
            round(int(low, 16) + (int(high, 16) - int(low, 16)) * int(share) / 100)
            for low, high in zip(_parts(self.paper), _parts(full), strict=True)
        ]
        return "#" + "".join(f"{part:02x}" for part in parts)


def _parts(colour: str) -> list[str]:
    return [colour[i : i + 2] for i in (1, 3, 5)]


THEMES = {
    "light": Theme(
        paper="#ffffff",
        ink="#1b2430",
        faint="#5d6875",
        grid="#d9dee4",
        pad="#ffffff",
        pad_line="#9aa5b1",
        unread="#eceff2",
        input="#dcebf7",
        input_line="#6f9cc0",
        window="#7db8e0",
        window_line="#0b5c97",
        window_ink="#08243a",
        pad_window="#c3def0",
        kernel="#fde8c8",
        kernel_line="#c98512",
        output="#d5f0e5",
        output_line="#4fa98a",
        unit="#2fb389",
        unit_line="#006b4b",
        unit_ink="#03241a",
        a="#0b62a8",
        b="#c45c00",
        c="#00805a",
        d="#8a3f7d",
        a_face="#dcebf7",
        b_face="#fde3c8",
        c_face="#d5f0e5",
        d_face="#f0dcec",
    ),
    "dark": Theme(
        paper="#12171d",
        ink="#e8edf2",
        faint="#9aa7b4",
        grid="#2c3641",
        pad="#12171d",
        pad_line="#5d6b79",
        unread="#232b34",
        input="#1d3a52",
        input_line="#4d7fa6",
        window="#2f7fb8",
        window_line="#9ad0f5",
        window_ink="#ffffff",
        pad_window="#24506f",
        kernel="#4d3611",
        kernel_line="#e0a13a",
        output="#15402f",
        output_line="#3f9173",
        unit="#148a63",
        unit_line="#7fe0bd",
        unit_ink="#ffffff",
        a="#6db6ee",
        b="#f0a04b",
        c="#4fc79d",
        d="#d78cc8",
        a_face="#1d3a52",
        b_face="#4d3611",
        c_face="#15402f",
        d_face="#452540",
    ),
}
"""By the names of `--theme`."""


def theme_of(name: str) -> Theme:
    """Return the colours of a name.

    Raises
    ------
    ConvError
        No theme has that name.
    """
    if name not in THEMES:
        raise one_of("theme", name, THEMES)
    return THEMES[name]
