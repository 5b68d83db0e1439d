"""The guide's table of ratios, written from the rows of a run; cases that differ in the kernel's size share a line."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "samples/guide/speeds.md"
LEFT_OUT = ("without", "what is allowed", "its first half", "its samples")
"""What is held to a limit, and against nobody's speed."""
MARKS = ("<!-- bench: begin -->\n", "<!-- bench: end -->\n")


def table(rows: list[tuple[str, str, float]], processor: str) -> str:
    """Make a table of (what, peer, ratio), measured on a class of processors.

    >>> print(table([("corr, k 3", "OpenCV", 1.5), ("corr, k 5", "OpenCV", 0.5)], "avx2"), end="")
    | what | against | ours / theirs, avx2 |
    |---|---|---|
    | corr | OpenCV | k 3: 1.50, k 5: 0.50 |
    """
    lines: dict[tuple[str, str], list[str]] = {}
    for name, peer, ratio in rows:
        if peer in LEFT_OUT:
            continue
        found = re.fullmatch(r"(.*), k (\d+)(?:, (\w+))?", name)
        size = f"k {found[2]}: " if found else ""
        what = f"{found[1]}, {found[3]}" if found and found[3] else found[1] if found else name
        lines.setdefault((what, peer), []).append(f"{size}{ratio:.2f}")
    body = [f"| {what} | {peer} | {', '.join(cells)} |\n" for (what, peer), cells in lines.items()]
    return "".join([f"| what | against | ours / theirs, {processor} |\n", "|---|---|---|\n", *body])


def write(rows: list[tuple[str, str, float]], processor: str) -> None:
    """Put the table between the page's marks."""
    text = PAGE.read_text()
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    PAGE.write_text(before + MARKS[0] + table(rows, processor) + MARKS[1] + after)
