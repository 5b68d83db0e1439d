"""The documents' `$ …` blocks are run, in copies of samples/, and what they print is compared.

The blocks under one heading share a folder. A block marked `console` is run with pipes; one marked `console terminal`
at a terminal of 100 columns without colours.
"""

import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from convcli.cli import COMMANDS, Exit
from tests.conftest import SAMPLES, at_terminal, plain

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(SAMPLES.rglob("*.md"))]
BLOCK = re.compile(r"^```console( terminal)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ ([^\n]*)$|^```.*?^```", re.MULTILINE | re.DOTALL)


def sections():
    """Name every section of every document that has blocks, and give its text."""
    for path in DOCUMENTS:
        text = path.read_text()
        heads = [(m.start(), m[1]) for m in HEADING.finditer(text) if m[1]]
        for (start, head), (end, _) in pairwise([(0, ""), *heads, (len(text), "")]):
            if BLOCK.search(text, start, end):
                yield pytest.param(text[start:end], id=f"{path.stem}: {head}")


SECTIONS = list(sections())


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


@pytest.mark.parametrize("section", SECTIONS)
def test_blocks_print_what_the_document_says(section, tmp_path):
    here = tmp_path / "samples"
    shutil.copytree(SAMPLES, here)
    for terminal, block in BLOCK.findall(section):
        for command, printed in calls(block):
            found = shown(command, here, terminal=bool(terminal))
            assert matches(found, printed), f"$ {command}\n{found}"


def matches(found, printed):
    """Compare line by line; a line `…` stands for any lines."""
    parts = [re.escape(part) for part in re.split(r"^…\n", printed, flags=re.MULTILINE)]
    return re.fullmatch("(?:.*\n)*".join(parts), found) is not None


def test_a_wrong_line_is_noticed():
    assert matches("1\n2\n3\n", "1\n…\n3\n")
    assert not matches("1\n2\n3\n", "1\n…\n4\n")
    assert not matches("1\n2\n", "1\n")


def test_there_are_blocks_for_every_command():
    told = "\n".join(block for _, block in BLOCK.findall(README))
    for command in COMMANDS:
        assert f"convcli {command}" in told
        assert f"| `{command}`" in README


def test_every_block_is_in_a_section():
    blocks = sum(len(re.findall(r"^```console", p.read_text(), re.MULTILINE)) for p in DOCUMENTS)
    assert blocks == sum(len(BLOCK.findall(*section.values)) for section in SECTIONS) >= 4


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
