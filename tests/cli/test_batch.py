"""Many inputs for corr, pool and edge: exact output, exit codes, and what a signal leaves behind."""

# a fixture may be there for the files that it makes
# ruff: noqa: ARG001

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import pixels

NAMES = ["a.png", "b.png", "c.png", "d.png"]


@pytest.fixture
def photos(tmp_path):
    """Four pictures in a folder `in`, one of them a folder deeper."""
    rng = np.random.default_rng(3)
    (tmp_path / "in/deep").mkdir(parents=True)
    for name in ["in/a.png", "in/b.png", "in/c.png", "in/deep/d.png"]:
        Image.fromarray(rng.integers(0, 256, (6, 8), np.uint8)).save(tmp_path / name)
    return tmp_path / "in"


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(
    ("command", "one"),
    [(["edge"], "edge"), (["corr", "-k", "1 -1", "--range", "abs"], "corr"), (["pool", "-k", "2"], "pool")],
)  # fmt: skip
def test_results_equal_those_of_single_calls_and_come_in_order(
    convcli, photos, tmp_path, jobs, command, one
):
    if jobs == "2" and one == "pool":
        pytest.skip("two of them are enough to know that processes do the same")
    done = convcli(*command, "in/b.png", "in/a.png", "in/c.png", "-o", "out/", "--jobs", jobs)
    assert (done.status, done.err) == (0, "")
    assert done.text == "".join(f"out/{n}-{one}.png\n" for n in "bac")
    for name in "abc":
        convcli(*command, f"in/{name}.png", "-o", "single.png", "-f")
        assert (pixels(tmp_path / "single.png") == pixels(f"out/{name}-{one}.png")).all()


def test_without_an_output_results_lie_in_the_current_folder(convcli, photos, tmp_path):
    done = convcli("edge", "in/a.png", "in/b.png", "--jobs", "1")
    assert (done.status, done.text) == (0, "a-edge.png\nb-edge.png\n")
    assert files(tmp_path) == ["a-edge.png", "b-edge.png", *(f"in/{f}" for f in files(photos))]


def test_folders_keep_their_structure(convcli, photos, tmp_path):
    done = convcli("edge", "-r", "in", "-o", "in/edges/", "--jobs", "1")
    printed = ["a-edge.png", "b-edge.png", "c-edge.png", "deep/d-edge.png"]
    assert done.text == "".join(f"in/edges/{p}\n" for p in printed)
    assert files(photos / "edges") == printed
    again = convcli("edge", "-r", "in", "-o", "in/edges/", "--jobs", "1", "-f")
    assert again.text == done.text  # its own results are no inputs


def test_names_from_a_list(convcli, photos):
    from_stdin = convcli(
        *("edge", "--files-from", "-", "-o", "{stem}-{method}.png", "--jobs", "1"),
        stdin=b"in/c.png\n\nin/a.png\r\n",
    )
    assert (from_stdin.status, from_stdin.text) == (0, "c-sobel.png\na-sobel.png\n")
    Path("list").write_bytes(b"in/deep/d.png\0")
    after = convcli("edge", "in/b.png", "--files-from", "list", "-o", "o/", "--jobs", "1")
    assert after.text == "o/b-edge.png\no/d-edge.png\n"


def test_arrays_into_a_folder(convcli):
    Path("x.csv").write_text("1,2\n3,4\n")
    np.save("y.npy", np.arange(8.0).reshape(2, 2, 2))
    done = convcli("corr", "x.csv", "y.npy", "-k", "2", "-o", "out/", "--jobs", "1")
    assert (done.status, done.text, done.err) == (0, "out/x-corr.csv\nout/y-corr.npy\n", "")
    assert Path("out/x-corr.csv").read_text() == "2,4\n6,8\n"


def test_one_bad_file_costs_one_line(convcli, photos):
    (photos / "cut.png").write_bytes((photos / "a.png").read_bytes()[:60])
    (photos / "tiny.png").write_bytes((photos / "a.png").read_bytes())
    names = ["in/a.png", "in/none.png", "in/cut.png", "in", "in/b.png"]
    done = convcli("edge", *names, "-o", "out/", "--jobs", "1")
    assert (done.status, done.text) == (1, "out/a-edge.png\nout/b-edge.png\n")
    first, second, third = done.err.splitlines()
    assert first == "convcli: error: in/none.png: no such file or directory"
    assert second.startswith("convcli: error: in/cut.png: ")
    assert third.startswith("convcli: error: in: is a folder, a file is needed")


def test_errors_of_the_filter_name_the_file_and_those_of_the_call_stop_it(convcli, photos):
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(photos / "small.png")
    done = convcli("pool", "in/small.png", "in/a.png", "-k", "4", "-o", "o/", "--jobs", "1")
    assert (done.status, done.text) == (1, "o/a-pool.png\n")
    assert done.err == (
        "convcli: error: in/small.png: window 4 does not fit: it is larger than the input 2 on axis 0 "
        "(window 4x4, input 2x2)\n"
    )
    done = convcli("corr", "in/a.png", "in/b.png", "-k", "1", "--border", "no", "-o", "p/")
    assert (done.status, done.text) == (2, "")
    assert done.err.startswith("convcli: error: unknown border 'no', ")
    assert done.err.count("\n") == 1


def test_notes_begin_with_the_name(convcli, photos):
    done = convcli("corr", "in/a.png", "in/b.png", "-k", "1 -1", "--jobs", "1")
    assert done.status == 0
    starts = [line.split(": results run")[0] for line in done.err.splitlines()]
    assert starts == ["convcli: in/a.png", "convcli: in/b.png"]


def test_fail_fast(convcli, photos):
    names = ["in/a.png", "none", "in/b.png"]
    done = convcli("edge", *names, "-o", "out/", "--jobs", "1", "--fail-fast")
    assert (done.status, done.text) == (1, "out/a-edge.png\n")
    assert done.err == "convcli: error: none: no such file or directory\n"
    assert files(Path("out")) == ["a-edge.png"]


def test_existing_outputs(convcli, photos):
    call = ("edge", "in/a.png", "in/b.png", "-o", "out/", "--jobs", "1")
    both = "out/a-edge.png\nout/b-edge.png\n"
    assert convcli(*call[:2], *call[3:], "--skip-existing").text == "out/a-edge.png\n"
    Path("out/a-edge.png").write_bytes(b"old")
    os.utime("out/a-edge.png", (1, 1))
    done = convcli(*call)
    assert (done.status, done.text) == (1, "out/b-edge.png\n")
    assert done.err == "convcli: error: out/a-edge.png: already exists, -f overwrites it\n"
    Path("out/b-edge.png").unlink()
    done = convcli(*call, "--skip-existing")  # prints every result, whenever it was made
    assert (done.status, done.text, done.err) == (0, both, "")
    assert Path("out/a-edge.png").read_bytes() == b"old"
    done = convcli(*call, "-f")
    assert (done.status, done.text) == (0, both)
    assert Path("out/a-edge.png").read_bytes() != b"old"


@pytest.mark.parametrize("form", ["csv", "npy"])
def test_skipping_where_the_name_shows_only_when_the_input_is_read(convcli, form):
    np.save("x.npy", np.arange(4).reshape((2, 2) if form == "csv" else (1, 2, 2)))
    call = ("pool", "x.npy", "-k", "2", "-o", "out/", "--skip-existing")
    assert convcli(*call).text == f"out/x-pool.{form}\n"
    Path(f"out/x-pool.{form}").write_bytes(b"old")
    assert convcli(*call).text == f"out/x-pool.{form}\n"
    assert Path(f"out/x-pool.{form}").read_bytes() == b"old"


ERRORS = [
    ((), "INPUT: got none, at least one file is needed"),
    (("--files-from", "/dev/null"), "INPUT: got none from /dev/null, at least one file is needed"),
    (("in/a.png", "-"), "-: got standard input among several inputs, it must be alone"),
    (("-", "--files-from", "-"), "-: got standard input twice, one operand of a command can be read from it"),
    (("in/a.png", "in/a.png"), "in/a.png: is given twice"),
    (("in/a.png", "in/b.png", "-o", "x.png"), "-o x.png: is one file for 2 inputs, a folder with a slash at its end or a template such as '{stem}-x.png' is needed"),
    (("in/a.png", "in/b.png", "-o", "-"), "-o -: got several inputs, results on standard output cannot be told apart: -o DIR/ is needed"),
    (("in/a.png", "in/b.png", "--json"), "--format json: got several inputs, results on standard output cannot be told apart: -o DIR/ is needed"),
    (("in/a.png", "x.csv"), "INPUT: got an array among several inputs, results on standard output cannot be told apart: -o DIR/ is needed"),
    (("in/a.png", "-f", "--skip-existing"), "--skip-existing and -f: got both, one of them is allowed"),
    (("in/a.png", "in/b.png", "-o", "{stm}.png"), "unknown field of -o 'stm', did you mean '{stem}'? known: {stem}, {name}, {command}, {method}"),
    (("in/a.png", "--jobs", "0"), "--jobs: got '0', a whole number of at least 1 is needed"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "message"), ERRORS)
def test_calls_that_are_wrong(convcli, photos, tmp_path, args, message):
    (tmp_path / "x.csv").write_text("1\n")
    before = files(tmp_path)
    done = convcli("edge", *args, stdin=b"in/a.png\n")
    assert done.err.split(" (see ")[0].strip() == f"convcli: error: {message}"
    assert (done.status, done.text, files(tmp_path)) == (2, "", before)


def test_a_kernel_from_standard_input_and_the_list_too(convcli, photos):
    done = convcli("corr", "--files-from", "-", "-k", "-")
    assert done.status == 2
    assert "standard input twice" in done.err


def test_no_scheduler(convcli, photos):
    pytest.importorskip("distributed")
    done = convcli("edge", "in/a.png", "-o", "o/", "--cluster", "bad://127.0.0.1:9")
    assert done.status == 1
    assert done.err.startswith("convcli: error: --cluster bad://127.0.0.1:9: ")


def test_max_memory_is_shared_by_the_jobs(convcli, photos):
    call = ("corr", "in/a.png", "in/b.png", "-k", "1", "-o", "o/", "--max-memory")
    size = pixels("in/a.png").size
    assert convcli(*call, size, "--jobs", "1").status == 0
    done = convcli(*call, size, "--jobs", "2", "-f")
    assert done.status == 1
    assert done.err.count("\n") == 2
    assert "are allowed (--max-memory, shared by 2 jobs)" in done.err
    assert convcli(*call, 2 * size, "--jobs", "9", "-f").status == 0  # two files are two jobs


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_debug_shows_the_traceback_of_a_worker(convcli, photos, jobs):
    call = ("edge", "in/a.png", "in/none.png", "-o", "o/", "--jobs", jobs)
    assert convcli(*call).err == "convcli: error: in/none.png: no such file or directory\n"
    done = convcli("--debug", *call, "-f")
    assert (done.status, done.text) == (1, "o/a-edge.png\n")
    assert done.err.startswith("Traceback (most recent call last):\n")
    assert done.err.endswith("\nconvcli: error: in/none.png: no such file or directory\n")


# --- signals

SLOW = "-m canny --low 0.1 --high 0.2"


@pytest.fixture
def batch(tmp_path):
    """Start a batch in a session of its own; returns the process when its first results are there."""
    rng = np.random.default_rng(5)
    (tmp_path / "many").mkdir()
    Image.fromarray(rng.integers(0, 256, (300, 300), np.uint8)).save(tmp_path / "one.png")
    for i in range(150):
        (tmp_path / f"many/{i:03}.png").write_bytes((tmp_path / "one.png").read_bytes())
    started = []

    def start(*args):
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "convcli",
                *f"edge -r many -o out/ --jobs 2 {SLOW}".split(),
                *args,
            ],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        lines = [process.stdout.readline() for _ in range(3)]
        assert [b"00%d-edge" % i in line for i, line in enumerate(lines)] == [True] * 3
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def alive(session: int) -> list[str]:
    """The processes of a session that have not ended. (An orphan may wait for somebody to ask how it ended.)"""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append(entry.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("number", "to_all", "status"),
    [
        (signal.SIGINT, True, 130),  # Ctrl-C on a terminal
        (signal.SIGTERM, False, 143),
        (signal.SIGTERM, True, 143),
        (signal.SIGKILL, False, -9),
    ],
)
def test_a_signal_leaves_finished_files_whole_and_nothing_else(
    batch, tmp_path, number, to_all, status
):
    process = batch()
    (os.killpg if to_all else os.kill)(process.pid, number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert number == signal.SIGKILL or err == b""
    deadline = time.monotonic() + 20
    while alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert alive(process.pid) == []
    names = files(tmp_path / "out")
    assert 3 <= len(names) < 150
    assert [name for name in names if not name.endswith("-edge.png")] == []
    for name in names:
        assert pixels(tmp_path / "out" / name).shape == (300, 300)


def test_a_reader_that_goes_away_stops_the_batch(batch, tmp_path):
    process = batch()
    process.stdout.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == b""
    process.stderr.close()
    assert [name for name in files(tmp_path / "out") if not name.endswith("-edge.png")] == []
