"""Work in threads: all of it, once, in order, and none shared out twice."""

import os
import threading
import time

import pytest

from convcli.engine import threads
from convcli.engine.threads import cores, each, in_order


@pytest.fixture
def four(monkeypatch):
    """Four threads, whatever this machine has."""
    monkeypatch.setattr(threads, "cores", lambda: 4)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    threads.workers.cache_clear()
    threads._pool.cache_clear()
    yield
    threads._pool().shutdown()
    threads.workers.cache_clear()
    threads._pool.cache_clear()


def worked(count, items=20):
    """Items, with the threads that took them."""
    found = []

    def work(take):
        while (item := take()) is not None:
            time.sleep(0.001)
            found.append((item, threading.get_ident()))

    each(work, range(1, items + 1), count)
    return found


@pytest.mark.usefixtures("four")
def test_each_item_is_taken_once():
    for count in (1, 4):
        found = worked(count)
        assert sorted(item for item, _ in found) == list(range(1, 21))
        assert len({thread for _, thread in found}) == (1 if count == 1 else 4)


def test_cores_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 7}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")  # as on a Mac
    assert cores() == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


@pytest.mark.parametrize(
    ("told", "most", "count"),
    [
        (None, None, 4),
        (None, 2, 2),
        (None, 9, 4),
        ("3", None, 3),
        ("3", 2, 3),  # who sets it knows
        ("99", 2, 4),
        ("1", None, 1),
        *((none, 2, 2) for none in ("", "0", "two", "-1", "1.5", "3,2", "\u0663")),
    ],
)
def test_how_many_threads_are_started(told, most, count, monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 4)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if told is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads.threads(most) == count


@pytest.mark.parametrize(("told", "count"), [(None, 8), ("5", 5), ("32", 8)])
def test_of_many_cores_only_some_are_used(told, count, monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 64)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if told is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", told)
    threads.workers.cache_clear()
    try:
        assert threads.workers() == count
    finally:
        threads.workers.cache_clear()


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_failure_in_any_thread_is_raised_and_ends_the_work(where):
    own, done = threading.get_ident(), []

    def work(take):
        while (item := take()) is not None:
            time.sleep(0.001)
            if (threading.get_ident() == own) == (where == "here"):
                raise MemoryError("full")
            done.append(item)

    with pytest.raises(MemoryError, match="full"):
        each(work, range(1, 20001), 4)
    assert len(done) < 10000
    assert len({thread for _, thread in worked(4)}) == 4  # and the next work is shared out again


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_made_comes_in_order(count):
    def make(item):
        time.sleep(0.002 * (item % 3 == 0))
        return item * item

    assert list(in_order(make, range(30), count)) == [i * i for i in range(30)]


@pytest.mark.parametrize("count", [2, 3])
def test_what_comes_in_order_is_made_side_by_side(count):
    """Each waits for the others: one after the other they would wait for ever."""
    together = threading.Barrier(count, timeout=5)

    def make(item):
        together.wait()
        return item

    assert list(in_order(make, range(4 * count), count)) == list(range(4 * count))


def test_threads_are_not_far_ahead():
    made = []
    squares = in_order(lambda i: made.append(i), range(100), 2)
    for _ in range(3):
        next(squares)
    time.sleep(0.05)
    assert len(made) <= 3 + 2 * 2 + 1
    squares.close()
    assert len(made) < 20


@pytest.mark.usefixtures("four")
def test_work_that_is_shared_out_is_not_shared_out_again():
    for shares in in_order(lambda _: worked(4), range(4), 2):
        assert len({thread for _, thread in shares}) == 1
    inner = []

    def work(take):
        while take() is not None:
            inner.append({thread for _, thread in worked(4)})

    each(work, range(1, 5), 2)
    assert [len(own) for own in inner] == [1] * 4
    assert len({thread for _, thread in worked(4)}) == 4  # and afterwards it is again


def test_a_failure_is_raised():
    def make(item):
        if item == 5:
            raise MemoryError("full")
        return item

    found = []
    with pytest.raises(MemoryError, match="full"):
        found.extend(in_order(make, range(50), 2))
    assert found == [0, 1, 2, 3, 4]
