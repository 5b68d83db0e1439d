"""The documents' `$ …` blocks are run, in copies of samples/, and what they print is compared.

A document is run as it is read: from its first line to its last in one folder. A test a section compares what that
section printed, and runs what stands above it if nothing has yet. A block marked `console` is run with pipes; one
marked `console terminal` at a terminal of 100 columns without colours.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from convcli.cli import COMMANDS, Exit
from tests.conftest import SAMPLES, at_terminal, plain

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(SAMPLES.rglob("*.md"))]
BLOCK = re.compile(r"^```console( terminal)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ ([^\n]*)$|^```.*?^```", re.MULTILINE | re.DOTALL)


def sections(text):
    """Split a document at its headings; a section without blocks is passed over."""
    heads = [(m.start(), m[1]) for m in HEADING.finditer(text) if m[1]]
    for (start, head), (end, _) in pairwise([(0, ""), *heads, (len(text), "")]):
        if BLOCK.search(text, start, end):
            yield head, text[start:end]


@dataclass
class Reader:
    """Follows a document in a folder, a section at a time."""

    text: str
    folder: Path
    said: list = field(default_factory=list)
    """For each section read so far: its commands, what they should print, and what they did."""

    def section(self, number):
        """Read on as far as a section, and return what was said there."""
        for _, section in list(sections(self.text))[len(self.said) : number + 1]:
            self.said.append(
                [
                    (command, printed, shown(command, self.folder, terminal=bool(terminal)))
                    for terminal, block in BLOCK.findall(section)
                    for command, printed in calls(block)
                ]
            )
        return self.said[number]


LONG = ("training",)
"""Pages that train for as long as all others take."""

SECTIONS = [
    pytest.param(
        path,
        number,
        id=f"{path.stem}: {head}",
        marks=[pytest.mark.full] if path.stem in LONG else [],
    )
    for path in DOCUMENTS
    for number, (head, _) in enumerate(sections(path.read_text()))
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Give the reader of a document: all sections of it have the same."""
    readers = {}

    def of(path):
        if path not in readers:
            folder = tmp_path_factory.mktemp(path.stem) / "samples"
            shutil.copytree(SAMPLES, folder)
            readers[path] = Reader(path.read_text(), folder)
        return readers[path]

    return of


def calls(block):
    """Split a block into pairs of a command and the lines it prints."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield re.sub(r"\s+# .*$", "", command), printed


def shown(command, folder, *, terminal):
    """Run a command and return what is to be seen of it."""
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    if terminal:
        environment |= {"TERM": "xterm", "NO_COLOR": "1"}
        program = ("bash", "-c", command)
        _, seen = at_terminal((), folder, environment, size=(50, 100), program=program)
        return "".join(line.rstrip() + "\n" for line in plain(seen).splitlines())
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=900,  # a training may share its cores with much else
        check=False,
    )
    return done.stdout.decode()


@pytest.mark.parametrize(("path", "number"), SECTIONS)
def test_blocks_print_what_the_document_says(path, number, reader):
    for command, printed, found in reader(path).section(number):
        assert matches(found, printed), f"$ {command}\n{found}"


def matches(found, printed):
    """Compare line by line; a line `…` stands for any lines."""
    parts = [re.escape(part) for part in re.split(r"^…\n", printed, flags=re.MULTILINE)]
    return re.fullmatch("(?:.*\n)*".join(parts), found) is not None


def test_the_makefile_of_the_guide_makes_what_is_missing(tmp_path):
    [rules] = re.findall(
        r"^```make\n(.*?)^```", (SAMPLES / "guide/batches.md").read_text(), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "Makefile").write_text(rules)
    (tmp_path / "photos").mkdir()
    made = [tmp_path / "edges" / f"{name}.png" for name in "abc"]
    for path in made:
        with Image.open(SAMPLES / "bars.png") as image:
            image.save(tmp_path / "photos" / f"{path.stem}.jpg")

    def make(*targets):
        said = shown(f"make {' '.join(targets)}", tmp_path, terminal=False)
        assert all(path.is_file() for path in made), said
        return said

    assert make("-j2").count("convcli edge") == 3
    expected = made[0].read_bytes()
    made[1].unlink()
    assert make().count("convcli edge") == 1
    made[2].unlink()
    make("batch")
    assert [path.read_bytes() for path in made] == [expected] * 3


def test_a_wrong_line_is_noticed():
    assert matches("1\n2\n3\n", "1\n…\n3\n")
    assert not matches("1\n2\n3\n", "1\n…\n4\n")
    assert not matches("1\n2\n", "1\n")


def test_a_document_is_read_in_one_folder_and_in_order(tmp_path):
    pages = "# a\n```console\n$ echo 1 > x\n```\n# b\nText.\n# c\n```console\n$ cat x\n1\n```\n"
    assert [head for head, _ in sections(pages)] == ["a", "c"]
    assert Reader(pages, tmp_path).section(1) == [("cat x", "1\n", "1\n")]


def test_there_are_blocks_for_every_command():
    told = "\n".join(block for _, block in BLOCK.findall(README))
    for command in COMMANDS:
        assert f"convcli {command}" in told
        assert f"| `{command}`" in README


def test_every_block_is_in_a_section():
    texts = [path.read_text() for path in DOCUMENTS]
    blocks = sum(len(re.findall(r"^```console", text, re.MULTILINE)) for text in texts)
    found = (len(BLOCK.findall(section)) for text in texts for _, section in sections(text))
    assert blocks == sum(found) >= 4


def test_the_readme_is_for_the_first_hour():
    assert len(README.splitlines()) <= 200


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    text = path.read_text()
    links = re.findall(r"\]\(([^)#\s]+)", text) + re.findall(r'src="([^"]+)"', text)
    found = [link for link in links if not link.startswith("http")]
    assert [link for link in found if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("guide/*.md")), ids=lambda path: path.stem)
def test_a_page_of_the_guide_begins_with_what_it_is_for(path):
    title, sentence, *_ = path.read_text().split("\n\n")
    assert title.startswith("# ")
    assert sentence.endswith(".")
    assert f"samples/guide/{path.name}" in README


def test_the_table_of_exit_statuses_is_whole():
    for status in Exit:
        assert f"| {int(status)} " in (SAMPLES / "guide/statuses.md").read_text()


def test_the_test_command_is_what_ci_runs():
    script = (ROOT / ".ci" / "run").read_text()
    assert "make test" in README
    assert "make test" in script
