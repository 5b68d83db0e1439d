"""Record `convcli demo` at a real terminal as a picture: `python samples/record.py` writes demo.svg."""

import fcntl
import os
import struct
import subprocess
import sys
import tempfile
import termios
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from xml.sax.saxutils import escape

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME as THEME

HERE = Path(__file__).parent
COLUMNS, LINES = 84, 23
CELL, HEIGHT, MARGIN = 8.4, 18, 14


def recorded() -> str:
    """Run the demo at a pseudo-terminal, in colour, and return what the terminal got."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, 0, 0))
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "convcli", "demo"],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env={**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
        os.close(theirs)
        got = b""
        with suppress(OSError):  # Linux says EIO when the other end is closed
            while read := os.read(ours, 65536):
                got += read
        os.close(ours)
        if process.wait():
            raise SystemExit(got.decode())
    return got.decode().replace("\r\n", "\n")


def drawn(ansi: str) -> str:
    """Draw what a terminal got as SVG: text as text, half blocks as squares, one path a colour."""
    blocks: dict[str, list[str]] = defaultdict(list)
    texts, fills = [], []
    lines = ansi.rstrip("\n").split("\n")
    for row, line in enumerate(lines):
        column = 0
        for text, style in runs(line):
            at, y = MARGIN + column * CELL, MARGIN + row * HEIGHT
            fore, back = colours(style)
            if text.startswith("▀"):
                for i in range(len(text)):
                    for half, colour in enumerate((fore, back or "#000000")):
                        blocks[colour].append(f"M{column + i} {2 * row + half}h1v1h-1z")
            elif back:
                fills.append(
                    f'<rect x="{at:.1f}" y="{y}" width="{len(text) * CELL:.1f}" height="{HEIGHT}" fill="{back}"/>'
                )
            if text.strip(" ▀"):
                extra = ' font-weight="bold"' if style.bold else ""
                extra += ' opacity="0.6"' if style.dim else ""
                texts.append(
                    f'<text x="{at:.1f}" y="{y + 13}" textLength="{len(text) * CELL:.1f}" '
                    f'fill="{fore}"{extra}>{escape(text)}</text>'
                )
            column += len(text)
    width, height = COLUMNS * CELL + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    paths = [f'<path fill="{colour}" d="{"".join(d)}"/>' for colour, d in sorted(blocks.items())]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" '
            f'height="{height}" font-family="ui-monospace,Menlo,Consolas,\'DejaVu Sans Mono\',monospace" '
            'font-size="14" xml:space="preserve">',
            f'<rect width="100%" height="100%" rx="8" fill="{THEME.background_color.hex}"/>',
            *fills,
            f'<g shape-rendering="crispEdges" transform="translate({MARGIN} {MARGIN}) scale({CELL} {HEIGHT // 2})">',
            *paths,
            "</g>",
            *texts,
            "</svg>\n",
        )
    )


def runs(line: str) -> Iterator[tuple[str, Style]]:
    """Split a line into pieces of one style."""
    text = next(iter(AnsiDecoder().decode(line)), None)
    if text is None:
        return
    console = Console(color_system="truecolor", width=1000)
    for segment in Segment.simplify(text.render(console)):
        if segment.text:
            yield segment.text, segment.style or Style()


def colours(style: Style) -> tuple[str, str | None]:
    """Name the two colours of a style; the ground is None where it is the terminal's own."""
    fore, back = style.color, style.bgcolor
    if style.reverse:
        fore, back = back, fore
    front = fore.get_truecolor(THEME) if fore else THEME.foreground_color
    ground = back.get_truecolor(THEME, foreground=False).hex if back else None
    return front.hex, None if back is None or back.is_default else ground


if __name__ == "__main__":
    (HERE / "demo.svg").write_text(drawn(recorded()), encoding="utf-8")
