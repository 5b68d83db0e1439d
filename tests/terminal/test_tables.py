"""Tables: what a cell looks like, what happens when there is no room, and that text is never markup."""

import io

import pytest

from convcli.terminal import Column, console, print_table


class Screen(io.StringIO):
    def isatty(self):
        return True


def shown(columns, rows, *, width=80, **more):
    screen = Screen()
    to = console(screen)
    to.width = width
    to.no_color = True
    to._color_system = None
    print_table(columns, rows, to=to, **more)
    return [line.rstrip() for line in screen.getvalue().splitlines()]


def test_numbers_stand_to_the_right_with_separators_and_nothing_is_blank():
    assert shown(
        ["name", "n", "share"], [("a", 1234567, 0.25), ("b", None, 1 / 3)], total=("", 1, None)
    ) == [
        "name          n     share",
        "─────────────────────────",
        "a     1,234,567      0.25",
        "b                0.333333",
        "─────────────────────────",
        "              1",
    ]


def test_text_is_shown_as_it_is_and_cannot_drive_the_terminal():
    lines = shown(["a"], [("[bold]x[/] :smile: \x1b[31m",)], title="[red]t", foot=["[i]f\x07"])
    assert lines[0] == "[red]t"
    assert lines[3:] == ["[bold]x[/] :smile: \\x1b[31m", "[i]f\\x07"]
    assert "\x07" not in "".join(lines)


def test_spare_columns_go_when_there_is_no_room():
    columns = ["layer", Column("b", 2), Column("c", 1), "d"]
    rows = [("x" * 10, 10**6, 10**6, 10**6)]
    assert shown(columns, rows, width=80)[0].split() == ["layer", "b", "c", "d"]
    narrow = shown(columns, rows, width=35)
    assert narrow[0].split() == ["layer", "c", "d"]
    assert narrow[-1] == "Too narrow for: b."
    assert shown(columns, rows, width=25)[-1] == "Too narrow for: b, c."


def test_a_number_never_loses_a_digit():
    lines = shown(["text", "n"], [("word " * 8, 10**12)], width=20)
    assert any("1,000,000,000,000" in line for line in lines)


def test_a_table_without_rows():
    assert shown(["a", "b"], [])[0].split() == ["a", "b"]


def test_a_reader_that_goes_away_is_told_to_the_caller():
    class Gone(Screen):
        def write(self, _text):
            raise BrokenPipeError

        def flush(self):
            raise BrokenPipeError

    to = console(Gone())
    with pytest.raises(BrokenPipeError):
        to.print("x")


def test_colour_only_on_a_terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not console(io.StringIO()).is_terminal
    monkeypatch.setenv("NO_COLOR", "1")
    assert console(Screen()).no_color


def test_markdown():
    columns = ["layer", Column("n", 3), "note"]
    rows = [("  a_1", 1234, "x|y"), ("*b*", None, "[_]")]
    lines = shown(
        columns, rows, width=10, markdown=True, title="t", total=("sum", 9, None), foot=["f"]
    )
    assert lines == [
        "**t**",
        "",
        "| layer           |     n | note   |",
        "| --------------- | ----: | ------ |",
        "| &nbsp;&nbsp;a_1 | 1,234 | x\\|y   |",
        "| \\*b\\*           |       | \\[\\_\\] |",
        "| **sum**         | **9** |        |",
        "",
        "f",
    ]


def test_what_is_no_terminal_has_no_edge(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    pipe = io.StringIO()
    print_table(["a", Column("b", 1)], [("x" * 150, 10**9)], to=console(pipe))
    assert pipe.getvalue().splitlines()[2].split() == ["x" * 150, "1,000,000,000"]


def test_columns_of_a_group_go_together():
    columns = ["label", *(Column(str(i), 1, group="the classes") for i in range(9))]
    rows = [("a", *range(100, 109))]
    assert shown(columns, rows, width=60)[0].split() == ["label", *map(str, range(9))]
    narrow = shown(columns, rows, width=40)
    assert narrow[0].split() == ["label"]
    assert narrow[-1] == "Too narrow for: the classes."


@pytest.mark.parametrize("width", range(10, 50))
def test_no_column_is_lost_without_a_word(width):
    rows = [("a", "0.1234", 12345, 12345, 12345, 12345)]
    lines = shown(["label", "accuracy", "b", "c", "d", "e"], rows, width=width)
    assert lines[0].split() == ["label", "accuracy", "b", "c", "d", "e"]
    assert lines[2].split() == ["a", "0.1234", *["12,345"] * 4]


def test_a_text_is_folded_so_far_before_others_go():
    columns = ["name", Column("input", 2), Column("n", right=True), Column("what", 1, folds=10)]
    rows = [("x" * 10, "3x224x224", "1.2 M", "many words that can be folded")]
    lines = shown(columns, rows, width=45)
    assert lines[0].split() == ["name", "input", "n", "what"]
    assert lines[2].startswith("xxxxxxxxxx  3x224x224  1.2 M  many words")
    assert shown(columns, rows, width=35)[-1] == "Too narrow for: input."
