"""Many inputs for corr, pool and edge: exact output, exit codes, and what a signal leaves behind."""

# a fixture may be there for the files that it makes
# ruff: noqa: ARG001

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import CONVCLI, pixels

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
    assert (done.status, done.err) == (0, "convcli: 3 of 3 written\n")
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
    assert (done.status, done.text) == (0, "out/x-corr.csv\nout/y-corr.npy\n")
    assert done.err == "convcli: 2 of 2 written\n"
    assert Path("out/x-corr.csv").read_text() == "2,4\n6,8\n"


def test_one_bad_file_costs_one_line(convcli, photos):
    (photos / "cut.png").write_bytes((photos / "a.png").read_bytes()[:60])
    (photos / "tiny.png").write_bytes((photos / "a.png").read_bytes())
    names = ["in/a.png", "in/none.png", "in/cut.png", "in", "in/b.png"]
    done = convcli("edge", *names, "-o", "out/", "--jobs", "1")
    assert (done.status, done.text) == (1, "out/a-edge.png\nout/b-edge.png\n")
    first, second, third, last = done.err.splitlines()
    assert first == "convcli: error: in/none.png: no such file or directory"
    assert second.startswith("convcli: error: in/cut.png: ")
    assert third.startswith("convcli: error: in: is a folder, a file is needed")
    assert last == "convcli: 2 of 5 written, 3 failed; --skip-existing goes on"


def test_errors_of_the_filter_name_the_file_and_those_of_the_call_stop_it(convcli, photos):
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(photos / "small.png")
    done = convcli("pool", "in/small.png", "in/a.png", "-k", "4", "-o", "o/", "--jobs", "1")
    assert (done.status, done.text) == (1, "o/a-pool.png\n")
    assert done.err == (
        "convcli: error: in/small.png: window 4 does not fit: it is larger than the input 2 on axis 0 "
        "(window 4x4, input 2x2)\n"
        "convcli: 1 of 2 written, 1 failed; --skip-existing goes on\n"
    )
    done = convcli("corr", "in/a.png", "in/b.png", "-k", "1", "--border", "no", "-o", "p/")
    assert (done.status, done.text) == (2, "")
    assert done.err.startswith("convcli: error: unknown border 'no', ")
    assert done.err.count("\n") == 1


def test_notes_begin_with_the_name_and_fold_into_one(convcli, photos):
    done = convcli("corr", "in/a.png", "in/b.png", "-k", "1 -1", "--jobs", "1")
    assert done.status == 0
    note, last = done.err.splitlines()
    assert note.startswith("convcli: in/a.png: results run")
    assert note.endswith(" (and 1 more)")
    assert last == "convcli: 2 of 2 written"


def test_fail_fast(convcli, photos):
    names = ["in/a.png", "none", "in/b.png"]
    done = convcli("edge", *names, "-o", "out/", "--jobs", "1", "--fail-fast")
    assert (done.status, done.text) == (1, "out/a-edge.png\n")
    assert done.err == (
        "convcli: error: none: no such file or directory\n"
        "convcli: 1 of 3 written, 1 failed; --skip-existing goes on\n"
    )
    assert files(Path("out")) == ["a-edge.png"]


def test_existing_outputs(convcli, photos):
    call = ("edge", "in/a.png", "in/b.png", "-o", "out/", "--jobs", "1")
    both = "out/a-edge.png\nout/b-edge.png\n"
    assert convcli(*call[:2], *call[3:], "--skip-existing").text == "out/a-edge.png\n"
    Path("out/a-edge.png").write_bytes(b"old")
    os.utime("out/a-edge.png", (1, 1))
    done = convcli(*call)
    assert (done.status, done.text) == (1, "out/b-edge.png\n")
    assert done.err == (
        "convcli: error: out/a-edge.png: already exists, --skip-existing goes on, -f overwrites\n"
        "convcli: 1 of 2 written, 1 failed; --skip-existing goes on\n"
    )
    Path("out/b-edge.png").unlink()
    done = convcli(*call, "--skip-existing")  # prints every result, whenever it was made
    assert (done.status, done.text) == (0, both)
    assert done.err == "convcli: 1 of 2 written, 1 there before\n"
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


def copied(name, *names):
    for other in names:
        Path(other).parent.mkdir(parents=True, exist_ok=True)
        Path(other).write_bytes(Path(name).read_bytes())


@pytest.mark.parametrize(
    ("call", "count"),
    [
        ("-r in -o in/", 4),
        ("-r in -o in/edges/", 4),
        ("-r in -o in/{dir}/{stem}-x.png", 4),
        ("-r in -o in/{dir}/{method}/{name}", 4),
        ("-r in -o in/sobel/{name}", 4),
        ("-r . ", 4),
        ("in/a.png in/b.png -o in/", 2),
    ],
)
def test_a_second_run_finds_no_inputs_among_its_results(convcli, photos, call, count):
    first = convcli("edge", *call.split(), "--jobs", "1")
    assert (first.status, first.text.count("\n")) == (0, count)
    there = files(Path())
    for again in ("-f", "--skip-existing", "--update"):
        done = convcli("edge", *call.split(), "--jobs", "1", again)
        assert (done.status, done.text) == (0, first.text)
        assert files(Path()) == there


def test_results_that_are_named_are_left_out_with_a_note(convcli, photos):
    copied("in/a.png", "in/a-edge.png", "in/b-edge.png", "in/a-edge-edge.png", "in/d-edge.png")
    inputs = sorted(map(str, photos.glob("*.png")), key=lambda n: (len(n), n))
    inputs = [f"in/{Path(n).name}" for n in inputs]
    done = convcli("edge", *inputs, "-o", "in/", "--jobs", "1", "-f")
    assert done.text.split() == [
        "in/a-edge.png",
        "in/b-edge.png",
        "in/c-edge.png",
        "in/d-edge-edge.png",
    ]
    assert done.err == (
        "convcli: in/a-edge.png: is a result of this call, of in/a.png: left out (and 2 more)\n"
        "convcli: 4 of 4 written\n"
    )
    done = convcli("edge", "in/a-edge.png", "in/a.png", "-o", "out/", "--jobs", "1")
    assert done.text == "out/a-edge-edge.png\nout/a-edge.png\n"  # no result of this call


def test_an_array_is_no_result_of_a_picture_nor_the_other_way_round(convcli, photos):
    Path("in/a-edge.csv").write_text("1,2,3\n4,5,6\n7,8,9\n")
    done = convcli("edge", "in/a.png", "in/a-edge.csv", "-o", "in/", "--jobs", "1")
    assert done.text == "in/a-edge.png\nin/a-edge-edge.csv\n"


def test_what_cannot_be_written_is_known_before_the_start(convcli, photos):
    for name in ("b.gif", "c.gif"):
        Image.fromarray(np.zeros((6, 8), np.uint8)).save(photos / name)
    done = convcli("edge", "-r", "in", "-o", "out/{name}", "--jobs", "1")
    assert (done.status, done.text.count("\n")) == (1, 4)
    first, second, last = done.err.splitlines()
    assert first.startswith("convcli: error: in/b.gif: out/b.gif: unknown suffix '.gif', ")
    assert second.startswith("convcli: error: in/c.gif: out/c.gif: unknown suffix '.gif', ")
    assert last == "convcli: 4 of 6 written, 2 failed; --skip-existing goes on"
    stopped = convcli("edge", "-r", "in", "-o", "new/{name}", "--jobs", "1", "--fail-fast")
    assert (stopped.status, stopped.text, Path("new").exists()) == (1, "", False)


def test_a_usage_error_of_some_files_is_theirs(convcli, photos):
    Path("x.csv").write_text("0,0,9\n0,0,9\n0,0,9\n")
    call = ("--threshold", "3", "-o", "out/", "--jobs", "1")
    done = convcli("edge", "in/a.png", "x.csv", "in/b.png", *call)
    why = "--threshold: got 3, 0 to 1 (of full scale) is allowed for a picture"
    assert (done.status, done.text) == (1, "out/x-edge.csv\n")
    assert done.err.splitlines()[:2] == [f"convcli: error: in/{n}.png: {why}" for n in "ab"]
    done = convcli("edge", "in/a.png", "in/b.png", *call)
    assert (done.status, done.text, done.err) == (2, "", f"convcli: error: {why}\n")
    copied("in/a.png", *(f"in/{i}.png" for i in range(20)))
    many = [f"in/{i}.png" for i in range(20)]
    done = convcli("edge", *many, "x.csv", *call, "-f")  # an array may be all right
    assert (done.status, done.text, done.err.count(why)) == (1, "out/x-edge.csv\n", 20)
    done = convcli("edge", *many, "none.png", *call)  # none.png is not looked at
    assert (done.status, done.text, done.err) == (2, "", f"convcli: error: {why}\n")


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("z.png", b"", "empty"),
        ("page.jpg", b"\n<!DOCTYPE html>\n", "an HTML page"),
        ("x.TIF", b"a,b\n", "text"),
        ("null.png", bytes(99), "nothing but zero bytes"),
    ],
)
def test_what_is_no_picture_costs_its_own_line(convcli, photos, name, data, what):
    Path("in", name).write_bytes(data)
    done = convcli("edge", "in/a.png", f"in/{name}", "in/b.png", "--jobs", "1")
    assert (done.status, done.text) == (1, "a-edge.png\nb-edge.png\n")
    said = f"convcli: error: in/{name}: is {what} and no picture, whatever its suffix says: PNG, "
    assert done.err.startswith(said)


def test_the_advice_about_results_that_meet_works(convcli, photos):
    copied("in/a.png", "t/x/a.jpg", "t/x/a.png", "t/y/a.jpg")
    call = ["edge", "-r", "t", "--jobs", "1", "-o"]
    output = "out/"
    done = convcli(*call, output)
    assert done.err == (
        "convcli: error: t/x/a.jpg and t/x/a.png would both write out/x/a-edge.*, "
        "-o 'out/{dir}/{name}.png' tells them apart\n"
    )
    advice = re.search("-o '(.*)'", done.err)[1]
    done = convcli(*call, advice)
    assert done.text == "out/x/a.jpg.png\nout/x/a.png.png\nout/y/a.jpg.png\n"
    done = convcli("edge", "t/x/a.jpg", "t/y/a.jpg", "-o", "o/")
    assert done.err.endswith(", -o 'o/{dir}/{stem}.png' tells them apart\n")
    done = convcli("edge", "t/x/a.png", "t/y/a.jpg", "-o", "o/{dir}/{stem}.png", "--jobs", "1")
    assert done.text == "o/t/x/a.png\no/t/y/a.png\n"


def test_quiet_drops_notes_and_counts_but_no_error(convcli, photos):
    done = convcli("corr", "in/a.png", "in/b.png", "-k", "1 -1", "--jobs", "1", "--quiet")
    assert (done.status, done.err) == (0, "")
    done = convcli("corr", "in/a.png", "none", "-k", "1 -1", "-f", "--jobs", "1", "--quiet")
    assert done.err == "convcli: error: none: no such file or directory\n"
    assert convcli("corr", "in/a.png", "-k", "1 -1", "-f", "--quiet").err == ""


def test_update_makes_again_what_is_older_than_its_input(convcli, photos):
    np.save("x.npy", np.ones((3, 3)))
    call = ("edge", "in/a.png", "in/b.png", "x.npy", "-o", "out/", "--jobs", "1")
    first = convcli(*call)
    for name in ("a-edge.png", "b-edge.png", "x-edge.csv"):
        Path("out", name).write_bytes(b"old")
        os.utime(Path("out", name), (1000, 1000))
    os.utime("in/a.png", (1000, 1000))
    assert convcli(*call, "--dry-run", "--update").text == (
        "input,output\nin/b.png,out/b-edge.png\nx.npy,out/x-edge.csv\n"
    )
    done = convcli(*call, "--update")
    assert (done.status, done.text) == (0, first.text)
    assert done.err == "convcli: 2 of 3 written, 1 there before\n"
    old = {p.name for p in Path("out").iterdir() if p.read_bytes() == b"old"}
    assert old == {"a-edge.png"}


def test_a_dry_run_says_what_a_run_does(convcli, photos):
    Path("x.csv").write_text("1,2\n3,4\n")
    np.save("y,y.npy", np.zeros((2, 2, 2)))
    call = (
        "corr",
        "-r",
        "in",
        "x.csv",
        "y,y.npy",
        "none.png",
        "-k",
        "1",
        "-o",
        "o/{dir}/",
        "--jobs",
        "2",
    )
    before = files(Path())
    planned = convcli(*call, "--dry-run")
    assert files(Path()) == before
    assert planned.status == 1
    assert planned.err == (
        "convcli: error: none.png: no such file or directory\n"
        "convcli: 6 of 7 would be written, 1 would fail\n"
    )
    head, *rows = csv.reader(planned.text.splitlines())
    assert head == ["input", "output"]
    done = convcli(*call)
    assert [row[1] for row in rows] == done.text.splitlines()
    assert ["y,y.npy", "o/y,y-corr.npy"] in rows
    assert ["in/deep/d.png", "o/deep/d-corr.png"] in rows
    again = convcli(*call, "--dry-run")
    assert "\nconvcli: error: o/a-corr.png: already exists (and 5 more), " in again.err


@pytest.mark.parametrize(
    ("args", "output"), [(("x.csv",), "-"), (("x.csv", "-o", "no/x.npy"), "no/x.npy"), (("in/a.png",), "a-edge.png")]
)  # fmt: skip
def test_a_dry_run_of_one(convcli, photos, args, output):
    Path("x.csv").write_text("1,2,3\n" * 3)
    done = convcli("edge", *args, "--dry-run")
    assert (done.status, done.text, done.err) == (0, f"input,output\n{args[0]},{output}\n", "")
    assert not Path("no").exists()


def test_folders_are_made_for_a_file_as_for_many(convcli, photos):
    assert convcli("edge", "in/a.png", "-o", "some/where/x.png").text == "some/where/x.png\n"


ERRORS = [
    ((), "INPUT: got none, at least one file is needed"),
    (("--files-from", "/dev/null"), "INPUT: got none from /dev/null, at least one file is needed"),
    (("in/a.png", "-"), "-: got standard input among several inputs, it must be alone"),
    (("-", "--files-from", "-"), "-: got standard input twice, one operand of a command can be read from it"),
    (("in/a.png", "in/a.png"), "in/a.png: is given twice"),
    (("in/a.png", "in/b.png", "-o", "x.png"), "-o x.png: is one file for 2 inputs, a folder with a slash at its end or a template such as '{stem}-x.png' is needed"),
    (("in/a.png", "in/b.png", "-o", "edges"), "-o edges: is one file for 2 inputs, a folder with a slash at its end (edges/) or a template such as '{stem}-x.png' is needed"),
    (("-r", "in/deep", "-o", "edges"), "edges: has no suffix, a folder (edges/), a suffix (edges.png) or --format is needed"),
    (("in/a.png", "in/b.png", "-o", "o/{stem}.gif"), "o/a.gif: unknown suffix '.gif', did you mean '.tif'? known: .csv, .npy, .json, .png, .tif, .tiff, .jpg, .jpeg, .webp, .bmp, .pgm, .ppm, .pnm"),
    (("in/a.png", "-f", "--update"), "--update and -f: got both, one of them is allowed"),
    (("in/a.png", "in/b.png", "-o", "-"), "-o -: got several inputs, results on standard output cannot be told apart: -o DIR/ is needed"),
    (("in/a.png", "in/b.png", "--json"), "--format json: got several inputs, results on standard output cannot be told apart: -o DIR/ is needed"),
    (("in/a.png", "x.csv"), "x.csv: got an array among several inputs, results on standard output cannot be told apart: -o DIR/ is needed"),
    (("in/a.png", "-f", "--skip-existing"), "--skip-existing and -f: got both, one of them is allowed"),
    (("in/a.png", "in/b.png", "-o", "{stm}.png"), "unknown field of -o 'stm', did you mean '{stem}'? known: {stem}, {name}, {dir}, {command}, {method}"),
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
    assert done.err.count("\n") == 3
    assert "are allowed (--max-memory, shared by 2 jobs)" in done.err
    assert convcli(*call, 2 * size, "--jobs", "9", "-f").status == 0  # two files are two jobs


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_debug_shows_the_traceback_of_a_worker(convcli, photos, jobs):
    call = ("edge", "in/a.png", "in/none.png", "-o", "o/", "--jobs", jobs)
    told = (
        "convcli: error: in/none.png: no such file or directory\nconvcli: 1 of 2 written, 1 failed"
    )
    assert convcli(*call).err == f"{told}; --skip-existing goes on\n"
    done = convcli("--debug", *call, "-f")
    assert (done.status, done.text) == (1, "o/a-edge.png\n")
    assert done.err.startswith("Traceback (most recent call last):\n")
    assert done.err.endswith(f"\n{told}\n")


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
            bufsize=0,  # a line that was read must not keep others from `communicate`
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
    out, err = process.communicate(timeout=30)
    assert process.returncode == status
    if number != signal.SIGKILL:
        said = re.fullmatch(
            r"convcli: (\d+) of 150 written; --skip-existing goes on\n", err.decode()
        )
        assert said, err
        assert int(said[1]) == 3 + out.count(b"\n")
    deadline = time.monotonic() + 20
    while alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert alive(process.pid) == []
    names = files(tmp_path / "out")
    assert 3 <= len(names) < 150
    assert [name for name in names if not name.endswith("-edge.png")] == []
    for name in names:
        assert pixels(tmp_path / "out" / name).shape == (300, 300)


@pytest.mark.usefixtures("interruptible")
def test_names_of_what_is_done_come_though_a_slow_file_is_in_front(tmp_path):
    rng = np.random.default_rng(5)
    Image.fromarray(rng.integers(0, 256, (5000, 5000), np.uint8)).save(
        tmp_path / "0.png", compress_level=0
    )
    for i in range(1, 30):
        Image.fromarray(rng.integers(0, 256, (20, 20), np.uint8)).save(tmp_path / f"{i}.png")
    call = [*CONVCLI, "edge", "--files-from", "-", "-o", "out/", "--jobs", "2", *SLOW.split()]
    process = subprocess.Popen(call, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    process.stdin.write("\n".join(f"{i}.png" for i in range(30)).encode())
    process.stdin.close()
    process.stdin = None
    deadline = time.monotonic() + 30
    while not (tmp_path / "out/29-edge.png").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    said = re.fullmatch(r"convcli: (\d+) of 30 written; --skip-existing goes on\n", err.decode())
    assert 25 <= int(said[1]) == len(out.split()) < 30  # the last ones may be on their way
    assert set(out.split()) <= {b"out/%d-edge.png" % i for i in range(1, 30)}


def test_a_reader_that_goes_away_stops_the_batch(batch, tmp_path):
    process = batch()
    process.stdout.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == b""
    process.stderr.close()
    assert [name for name in files(tmp_path / "out") if not name.endswith("-edge.png")] == []
