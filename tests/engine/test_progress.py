"""What long work yields, and what becomes of it where nobody watches."""

from convcli.engine.progress import Note, Progress, finished, numbered


def counting():
    yield 1
    yield 3
    return "done"


def noting():
    yield Note("first")
    result = yield from numbered("rows", 3, counting())
    yield Note("last")
    return result


def test_numbers_become_records_of_their_stage_and_the_result_is_kept():
    results = []

    def watched():
        results.append((yield from noting()))

    records = list(watched())
    assert results == ["done"]
    rows = [Progress("rows", done, 3) for done in (1, 3)]
    assert records == [Note("first"), *rows, Note("last")]


def test_notes_are_told_if_someone_listens():
    told = []
    assert finished(noting(), told.append) == "done"
    assert told == ["first", "last"]
    assert finished(noting()) == "done"
