"""Progress on standard error."""

import io
import re
import sys

import pytest

from convcli.engine.progress import Note, Progress
from convcli.terminal import progress
from convcli.terminal.progress import follow, sparkline
from tests.conftest import plain


def work(losses):
    yield Note("a note")
    for step, loss in enumerate(losses, 1):
        yield Progress("descending [red]", step, len(losses), loss)
    return "done"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_result_and_the_notes_come_through(monkeypatch, capsys):
    screen, told = Terminal(), []
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    assert follow(work([100, 10, 1]), told.append) == "done"
    assert told == ["a note"]
    shown = screen.getvalue()
    assert "descending [red]" in shown
    assert "█▄▁ 1" in shown
    assert capsys.readouterr().out == ""


def test_short_work_draws_nothing(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert follow(work([2, 1]), [].append) == "done"
    assert screen.getvalue() == ""


def test_sparklines():
    assert sparkline([]) == ""
    assert sparkline([3]) == "▁"
    assert sparkline([5, 5, 5]) == "▁▁▁"
    assert sparkline([float("inf"), 1e3, 1]) == "█▁"
    assert sparkline([0, 1, 2, 7]) == "▁▂▃█"  # linear where a zero is
    assert len(sparkline(range(1, 1000))) == progress.WIDTH


def test_a_long_course_is_thinned_out_evenly():
    course = progress._Course()
    for loss in range(1, 100_000):
        course.add(loss)
    assert len(course.losses) < course.most
    gaps = {b - a for a, b in zip(course.losses, course.losses[1:], strict=False)}
    assert len(gaps) == 1
    assert str(course).endswith("█ 1e+05")


@pytest.mark.parametrize("width", range(30, 140, 5))
def test_a_narrow_line_loses_the_course_first_and_never_the_bar(width):
    course = progress._Course()
    for loss in range(100, 1, -1):
        course.add(loss / 7)
    stage = "epoch 12/15, accuracy 0.9930, 1,114/s"
    told, line, bar = progress._fitted(stage, 24, course, width)
    assert stage.startswith(told)
    assert line.endswith("0.2857")
    if width >= 60:
        assert len(told) + len(line) + bar + 24 + 4 <= width
        assert bar >= progress._BAR[0]
    blocks = len(line) - len("0.2857")
    if told != stage:
        assert len(stage) + len("0.2857") + progress._BAR[0] + 24 + 4 > width
    if width >= 120:
        assert blocks == progress.WIDTH + 1


def test_a_training_at_80_columns_keeps_its_bar_and_clock(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")

    def train():
        for done in range(1, 60):
            yield Progress("epoch 1/15, accuracy 0.9930, 1,114/s", done * 360, 21570, 1 / done)

    follow(train(), [].append)
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\r", plain(screen.getvalue())).split("\r")
    drawn = [line for line in lines if "epoch" in line]
    assert drawn
    for line in drawn:
        assert re.search("[━╸╺]{5,}", line)
        assert re.search(r"[-0-9]:[-0-9]{2}:[-0-9]{2}", line)
        assert len(line.rstrip("\n")) <= 80
