"""Progress on standard error."""

import io
import sys

from convcli.engine.progress import Note, Progress
from convcli.terminal import progress
from convcli.terminal.progress import follow, sparkline


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
