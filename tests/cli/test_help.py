"""`convcli help`: the manual."""

import os
import subprocess
import sys

import pytest

from convcli.files.bundled_samples import guide_pages
from tests.conftest import SAMPLES, at_terminal, plain

TOPICS = ["chapter", *sorted(path.stem for path in (SAMPLES / "guide").glob("*.md"))]


def test_the_list_of_topics(convcli):
    head, *rows = convcli("help").text.splitlines()
    assert head == "topic,what"
    assert [row.split(",")[0] for row in rows] == TOPICS
    assert 'borders,"What the padding holds, and how much there is of it."' in rows


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_comes_into_a_pipe_as_it_is(convcli, topic):
    path = SAMPLES / ("chapter.md" if topic == "chapter" else f"guide/{topic}.md")
    done = convcli("help", topic)
    assert (done.status, done.text, done.err) == (0, path.read_text(encoding="utf-8"), "")


@pytest.mark.parametrize(("command", "topic"), [("corr", "kernels"), ("net", "networks")])
def test_a_command_is_a_topic(convcli, command, topic):
    assert convcli("help", command).text == convcli("help", topic).text


@pytest.mark.parametrize(
    "topic",
    ["../security", "/etc/passwd", "guide/edges", "edges.md", "", ".", "chapter/", "\x1b[2J"],
)
def test_what_is_no_topic_is_never_opened(convcli, topic):
    done = convcli("help", topic)
    assert (done.status, done.out) == (2, b"")
    assert done.err.startswith("convcli: error: unknown topic '")
    assert "\x1b" not in done.err


def test_the_nearest_topic_is_named(convcli):
    assert "did you mean 'borders'?" in convcli("help", "border").err


def test_a_terminal_gets_it_formatted(tmp_path):
    status, seen = at_terminal(("help", "edges"), tmp_path, dict(os.environ), size=(60, 80))
    assert status == 0
    text = plain(seen)
    assert "Edges" in text
    assert "```" not in text
    assert "](" not in text


def test_every_page_is_at_hand():
    assert list(guide_pages()) == TOPICS
    assert all(path.is_file() for path in guide_pages().values())


def test_it_needs_no_heavy_package(tmp_path):
    code = (
        "import sys; from convcli.cli import run; run(['help', 'sizes']); "
        "print(*({'numpy', 'rich', 'PIL'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stderr == "\n"
