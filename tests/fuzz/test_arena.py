"""The judge is able to say no: command lines that misbehave in every way that it looks for, and one that does not."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from tests.fuzz import mutate, pictures
from tests.fuzz.arena import MIB, Arena, Call, steers, whole


def well(_argv):
    print("1,2")
    return 0


def traceback(_argv):
    raise KeyError("x")


def hang(_argv):
    time.sleep(60)
    return 0


def crash(_argv):
    os.abort()


def leaves(_argv):
    os._exit(3)


def hungry(_argv):
    held = np.ones(400 * MIB, np.uint8)
    return int(held[0]) - 1


def half(_argv):
    Path("out.npy").write_bytes(b"\x93NUMPY\1\0")
    return 0


def temporary(_argv):
    Path(".convcli-1.part").write_bytes(b"x\n")
    return 0


def mute(_argv):
    return 1


def foreseen_by_nobody(_argv):
    print("convcli: error: a bug: KeyError: 'x'", file=sys.stderr)
    return 1


def steering(_argv):
    print("convcli: error: \x1b[31m: is red", file=sys.stderr)
    return 1


def glad(_argv):
    print("convcli: error: no", file=sys.stderr)
    return 0


def endless(_argv):
    print(f"convcli: error: {'x' * 5000}", file=sys.stderr)
    return 1


def usage_that_writes(_argv):
    Path("out.csv").write_text("1\n")
    print("convcli: error: no", file=sys.stderr)
    return 2


def odd_status(_argv):
    return 7


def wrong(_argv):
    print("1,3")
    return 0


CALL = Call(("x",), memory=100 * MIB, seconds=30, expected=b"1,2\n")


def test_what_is_right_passes():
    with Arena(well) as arena:
        assert arena(CALL).complaints == ()


@pytest.mark.parametrize(
    ("run", "complaint"),
    [
        (traceback, "a traceback"),
        (hang, "a hang of 2 s"),
        (crash, "a crash (signal 6)"),
        (leaves, "a crash (status 3)"),
        (hungry, " MiB of memory"),
        (half, "out.npy is not whole"),
        (temporary, ".convcli-1.part was left"),
        (mute, "an error without a line"),
        (foreseen_by_nobody, "an error that nobody foresaw"),
        (steering, "standard error steers the terminal"),
        (glad, "an error line with status 0"),
        (endless, "an error line of more than 2000 characters"),
        (usage_that_writes, "wrong usage, but out.csv was written"),
        (odd_status, "status 7"),
        (wrong, "expected b'1,2\\n', got 0, b'1,3\\n'"),
    ],
)
def test_what_is_wrong_is_told(run, complaint):
    with Arena(run) as arena:
        found = arena(replace(CALL, seconds=2) if run is hang else CALL).complaints
        assert any(complaint in text for text in found), found
        arena.run = well  # and the next call is judged by itself
        arena._end()
        assert arena(CALL).complaints == ()


@pytest.mark.parametrize(
    "text", ["\x1b[31m", "\x9b1m", "a\x07", "\u202eb", "\x1b]0;x\x07", "\x1b[2J", "\x00"]
)
def test_what_steers_a_terminal(text):
    assert steers(text.encode())
    assert not steers("plain, ×, 名\n\ttext\n".encode())
    assert not steers(b"\x1b[1;31mred\x1b[0m\r\x1b[K", styled=True)
    assert steers(b"\x1b[2Jred", styled=True)


def test_what_is_whole(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((3, 4)))
    data = (tmp_path / "x.npy").read_bytes()
    assert whole("x.npy", data)
    assert not whole("x.npy", data[:-1])
    assert whole("x.csv", b"1,2\n")
    assert not whole("x.csv", b"1,2")
    assert not whole("x.png", b"\x89PNG")


def test_the_same_seed_gives_the_same_damage():
    data = bytes(range(256)) * 4
    first, second = (mutate.mutated(data, Random(5), b"abc") for _ in range(2))
    assert first == second != data
    calls = [list(pictures.damaged(20, 3)) for _ in range(2)]
    assert calls[0] == calls[1]
