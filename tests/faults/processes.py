"""Signals at random moments, streams that close, inputs that change, two runs at once: with real processes."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from threading import Event, Thread

from tests.faults.calling import ARGV, WRITERS, Done, Place, child, judged
from tests.faults.disks import OLD, PRINTERS
from tests.fuzz.arena import whole

__all__ = ["changing", "signals", "streams", "two_at_once"]

FILES = 24
"""Pictures of a batch."""


def _many(here: Place) -> Path:
    folder = here.folder / "many"
    if not folder.exists():
        folder.mkdir()
        for i in range(FILES):
            shutil.copy(here.folder / "photo.png", folder / f"{i:02}.png")
        (here.folder / "rows.csv").write_text("n,k\n" + "224,7\n" * 500_000)
    return folder


def _start(here: Place, argv: list[str]) -> subprocess.Popen[bytes]:
    with (here.folder / "rows.csv").open("rb") as rows:
        return subprocess.Popen(
            [*ARGV, *argv],
            cwd=here.folder,
            stdin=rows,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )


def _end(process: subprocess.Popen[bytes], seconds: float = 60) -> Done:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return Done(-99, out, b"a hang\n" + err)
    return Done(process.returncode, out, err)


def _alone(session: int, seconds: float = 20) -> bool:
    """Whether no process of a session is left, a little later."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        fields = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields.append(stat.read_text().rpartition(")")[2].split())
            except OSError:
                continue
        if not any(int(f[3]) == session and f[0] not in "ZX" for f in fields):
            return True
        time.sleep(0.05)
    return False


def _results(here: Place, folder: Path) -> list[str]:
    """List the results of a batch that are not right, and what else was left."""
    wrong = []
    for path in folder.iterdir() if folder.exists() else ():
        if path.name.startswith(".convcli-"):
            wrong.append(f"{path.name} was left")
        elif path.read_bytes() != here.right["out.png"]:
            wrong.append(f"{path.name} is not whole")
    return wrong


LONG = {
    "batch": (["edge", "-r", "many", "-o", "out/", "--jobs", "2", "-f"], 1.5),
    "batch of one": (["edge", "-r", "many", "-o", "out/", "--jobs", "1", "-f"], 1.2),
    "single": (["edge", "photo.png", "-o", "out.png", "-f"], 0.5),
    "descent": (["learn", "photo.png", "photo.png", "-k", "5", "--method", "sgd", "--steps", "3000", "-o", "kernel.csv",
                 "--log", "log.csv", "-f"], 1.5),
    "training": (["net", "train", "layers.txt", "digits.npz", "--epochs", "100000", "-o", "trained.npz",
                  "--log", "log.csv", "-f"], 1.5),
    "rows": (["shape", "-", "-k", "3"], 0.5),
}  # fmt: skip
"""What is interrupted, and seconds within which."""


def signals(here: Place, count: int, rng: Random) -> Iterator[list[str]]:
    """SIGINT, SIGTERM or SIGKILL, at a random moment from the start of the process on."""
    _many(here)
    out = here.folder / "out"
    for i in range(count):
        what = list(LONG)[i % len(LONG)]
        argv, seconds = LONG[what]
        number = rng.choice((signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGKILL))
        shutil.rmtree(out, ignore_errors=True)
        here.fresh("out.png", OLD)
        for name in ("kernel.csv", "log.csv", "trained.npz"):
            (here.folder / name).write_bytes(OLD)
        process = _start(here, argv)
        moment = rng.random() * seconds * rng.choice((0.1, 1, 1))
        time.sleep(moment)
        process.send_signal(number)
        done = _end(process)
        expected = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
        wrong = judged(done, [expected, 0])
        # the interpreter had not come to us yet: what it says then is its own
        early = done.status in (1, -number) and b"/convcli/" not in done.err
        if early and done.out == b"" and b"convcli: " not in done.err:
            wrong = []
        if what == "descent" and done.status in (130, 143) and done.err.count(b"\n") > 1:
            last = done.err.splitlines()[-1]  # it tells what it has by then, and where it stopped
            if not re.fullmatch(rb"convcli: stopped after step [0-9]+ of [0-9]+", last):
                wrong.append("more than the note of its rate, and not where it stopped")
        if not _alone(process.pid):
            wrong.append("a process was left")
        killed = number == signal.SIGKILL
        if what == "training" and (here.folder / "trained.npz").read_bytes() != OLD:
            again = ["net", "train", "layers.txt", "digits.npz", "--resume", "trained.npz"]
            epochs = (here.folder / "log.csv").read_bytes().count(b"\n")
            if (here.folder / "log.csv").read_bytes() == OLD:  # the signal came between the two
                epochs = 2
            wrong += judged(child(here.folder, [*again, "--epochs", str(epochs + 1)]), [0])
        left = [w for w in _results(here, out) if not killed or not w.endswith("was left")]
        wrong += left + here.after("out.png", OLD, killed=killed)
        for name in ("kernel.csv", "log.csv", "trained.npz"):
            held = (here.folder / name).read_bytes()
            if held != OLD and not whole(name, held):
                wrong.append(f"{name} is not whole")
        yield [f"{number.name} after {moment:.2f} s of a {what}: {w}" for w in wrong]


def _leave(number: int) -> None:
    """Give a stream a reader that is not there any more."""
    read, write = os.pipe()
    os.close(read)
    os.dup2(write, number)
    os.close(write)


def streams(here: Place, count: int, rng: Random) -> Iterator[list[str]]:
    """Streams that are closed from the start, in all combinations; a reader that goes away at once, or later."""
    for i in range(count):
        argv = list(PRINTERS[i % len(PRINTERS)])
        kind = i // len(PRINTERS) % 4
        if kind == 0:
            done = child(here.folder, argv, lambda: [os.close(n) for n in (0, 1, 2)])
            wrong = judged(done, [1, 2], lines=None)
        elif kind == 1:
            right = child(here.folder, argv)
            done = child(here.folder, argv, lambda: [os.close(n) for n in (0, 2)])
            wrong = [] if (done.status, done.out) == (right.status, right.out) else ["not the same"]
        elif kind == 2:
            done = child(here.folder, argv, lambda: os.close(1))
            wrong = judged(done, [0, 1, 2], lines=None)
        else:
            number = rng.choice((1, 2))
            right = child(here.folder, argv)
            done = child(here.folder, argv, lambda n=number: _leave(n))
            wrong = judged(done, [141 if number == 1 else 0])
            if number == 2 and done.out != right.out:
                wrong.append("the result was lost")
        yield [f"streams {kind}, {' '.join(argv)}: {w}" for w in wrong]
        # a closed stream must not become a file of ours
        name = rng.choice(list(WRITERS))
        here.fresh(name, OLD)
        closed = rng.sample((0, 1, 2), rng.randrange(1, 4))
        done = child(here.folder, [*WRITERS[name], "-f"], lambda c=closed: [os.close(n) for n in c])
        wrong = judged(done, [0, 1], lines=None) + here.after(name, OLD)
        yield [f"closed {closed}, {name}: {w}" for w in wrong]


def changing(here: Place, count: int, rng: Random) -> Iterator[list[str]]:
    """An input that is cut, grows, is replaced or vanishes again and again while it is read."""
    _many(here)
    photo, table = ((here.folder / name).read_bytes() for name in ("photo.png", "table.csv"))
    for i in range(count):
        name, data, output, argv = (
            ("moving.png", photo, "out.png", ["edge", "moving.png", "-o", "out.png"]),
            ("moving.csv", table, "out.csv", ["pool", "moving.csv", "-k", "2", "-o", "out.csv"]),
            ("moving.csv", table, "out.png", ["edge", "moving.csv", "-o", "out.png"]),
        )[i % 3]
        path = here.folder / name
        path.write_bytes(data)
        here.fresh(output, None)
        over = Event()

        def change(path: Path = path, data: bytes = data, over: Event = over) -> None:
            while not over.is_set():
                way = rng.randrange(4)
                if way == 0:
                    os.truncate(path, rng.randrange(len(data)))
                elif way == 1:
                    path.write_bytes(data + data[: rng.randrange(len(data))])
                elif way == 2:
                    other = path.with_suffix(".other")
                    other.write_bytes(data)
                    other.replace(path)
                else:
                    path.unlink()
                    path.write_bytes(data)
                time.sleep(rng.random() * 0.002)

        thread = Thread(target=change)
        thread.start()
        try:
            done = _end(_start(here, argv))
        finally:
            over.set()
            thread.join()
        wrong = judged(done, [0, 1])
        held = here.folder / output
        if (done.status == 0) != held.exists():
            wrong.append("the status does not say what happened")
        if held.exists() and not whole(output, held.read_bytes()):
            wrong.append(f"{output} is not whole")
        yield [f"changing {name}: {w}" for w in wrong]


def two_at_once(here: Place, count: int, rng: Random) -> Iterator[list[str]]:
    """Two batches into one folder at once; each pair counts as two faults."""
    _many(here)
    out = here.folder / "out"
    for _ in range(0, count, 2):
        shutil.rmtree(out, ignore_errors=True)
        how = rng.choice(([], ["-f"], ["--skip-existing"]))
        argv = ["edge", "-r", "many", "-o", "out/", "--jobs", rng.choice("12"), *how]
        both = [_start(here, argv) for _ in range(2)]
        done = [_end(process) for process in both]
        wrong = _results(here, out)
        if len(list(out.iterdir())) != FILES:
            wrong.append(f"{len(list(out.iterdir()))} results of {FILES}")
        for one in done:
            lines = [x for x in one.err.splitlines() if x.startswith(b"convcli: error: ")]
            if one.status not in ((0,) if how else (0, 1)):
                wrong.append(f"status {one.status}")
            if not all(
                line.endswith(b", --skip-existing goes on, -f overwrites") for line in lines
            ):
                wrong.append(one.err.decode(errors="backslashreplace")[-300:])
        # a result that is there already, and the same byte for byte, may be taken for one's own
        claimed = [int(n) for one in done for n in re.findall(rb"(\d+) of \d+ written", one.err)]
        if not how and sum(claimed) < FILES:
            wrong.append("nobody claims a result")
        yield [f"two at once {how}: {w}" for w in wrong]
        yield []
