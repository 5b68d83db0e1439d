"""Batches: which files, where their results go, and the run on an executor: order, window, errors, broken pools."""

# the system's own calls are meant
# ruff: noqa: PTH208, PTH211, RUF043

import io
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace

import pytest

import convcli
from convcli.engine import threads
from convcli.engine.errors import ConvError
from convcli.files import batch
from convcli.files.batch import CrewLostError, Job, Record, executors, planned, run, without_results
from convcli.files.inputs import Source, listed, sources
from convcli.files.output import Attempt, ExistsError, check_target, sweep, writing


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


# --- which files


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"a.png\nb c.png\n", ["a.png", "b c.png"]),
        (b"a.png\r\n\r\n b.png", ["a.png", " b.png"]),
        (b"a\nb.png\0c.png\0", ["a\nb.png", "c.png"]),
        (b"\xff.png\n", ["\udcff.png"]),
        (b"-\n", ["-"]),
        (b"\n\n", []),
    ],
)
def test_lists(data, names, monkeypatch):
    Path("list").write_bytes(data)
    assert listed("list") == names
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert listed("-") == names


def test_lists_that_cannot_be_read(monkeypatch):
    with pytest.raises(ConvError, match="^none: no such file or directory$"):
        listed("none")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ConvError, match="^--files-from: standard input is closed$"):
        listed("-")


def test_folders_are_walked_in_order():
    made("p/b.png", "p/a.JPG", "p/n.txt", "p/.hid.png", "p/.git/x.png", "p/z/q/c.tif", "p/c/d.csv")
    made("p/out/a-edge.png", "x.png")
    assert sources(["x.png", "p"], recursive=True, but="p/out/") == [
        Source("x.png"),
        Source("p/a.JPG"),
        Source("p/b.png"),
        Source("p/c/d.csv", "c"),
        Source("p/z/q/c.tif", "z/q"),
    ]
    assert sources(["p", "x.png"]) == [Source("p"), Source("x.png")]


def test_a_folder_without_a_picture_or_array():
    made("p/n.txt")
    with pytest.raises(ConvError, match=r"^p: no file in this folder is a picture or an array"):
        sources(["p"], recursive=True)


def test_a_folder_that_may_not_be_listed(monkeypatch):
    made("p/a.png")

    def refused(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(ConvError, match=r"^p: permission denied$"):
        sources(["p"], recursive=True)


def test_links_to_folders_are_not_followed():
    made("p/a.png")
    os.symlink("../p", "p/loop")
    assert sources(["p"], recursive=True) == [Source("p/a.png")]


# --- where results go


@pytest.mark.parametrize(
    ("output", "outputs"),
    [
        (None, [None, None]),
        ("out/", ["out/", "out/b/"]),
        ("there", ["there/", "there/b/"]),
        ("o/{stem}.png", ["o/{stem}.png", "o/{stem}.png"]),
    ],
)
def test_outputs(output, outputs, here):
    Path("there").mkdir()
    jobs = planned([Source("in/a.png"), Source("in/b/c.png", "b")], "edge", output)
    assert [job.output for job in jobs] == outputs
    if output == "there":
        assert [job.folder for job in jobs] == [str(here / "there"), str(here / "there/b")]


@pytest.mark.parametrize(
    ("names", "output", "message"),
    [
        (["x/a.png", "x/a.jpg"], None, r"x/a.png and x/a.jpg would both write a-edge\.\*, -o 'DIR/\{name\}.png' tells them apart"),
        (["x/a.png", "y/a.png"], "o/", r"x/a.png and y/a.png would both write o/a-edge\.\*, -r on the folder above both"),
        (["x/a.png", "y/../x/a.png"], "o/", r"y/\.\./x/a.png: is given twice"),
        (["a.png", "b.png"], "o/{command}.png", r"a.png and b.png would both write o/edge.png"),
        (["a.png", "b.png"], "x.png", r"-o x.png: is one file for 2 inputs"),
        (["a.png", "b.png"], "-", r"-o -: is one file"),
    ],
)  # fmt: skip
def test_results_that_would_meet(names, output, message):
    made("x/a.png", "y/a.png")
    with pytest.raises(ConvError, match=f"^{message}") as caught:
        planned([Source(name) for name in names], "edge", output)
    assert caught.value.usage


def test_results_that_meet_behind_a_link():
    made("one/x")
    os.symlink("one", "two")
    with pytest.raises(ConvError, match=r"would both write two/a-edge.png"):
        planned([Source("x/a.png", "one"), Source("y/a.jpg", "two")], "edge", "./", suffix=".png")


def test_a_result_must_not_be_another_input():
    names = [Source("a.png"), Source("a-edge.png")]
    assert len(planned(names, "edge", None)) == 2  # that it exists will be an error
    with pytest.raises(ConvError, match=r"^a.png would overwrite a-edge.png, which is an input"):
        planned(names, "edge", None, force=True)
    own = [Source("a.png"), Source("b.png")]
    assert len(planned(own, "edge", "{name}", force=True)) == 2


def test_several_results_are_no_stream():
    with pytest.raises(
        ConvError, match=r"^-o -: the results of several inputs cannot be"
    ) as caught:
        planned([Source("a.png")], "edge", "-")
    assert caught.value.usage


@pytest.mark.parametrize(
    ("names", "output", "left", "results"),
    [
        (["a.png", "a-edge.png"], None, ["a.png"], {"a-edge.png": "a.png"}),
        (["a-edge.png", "a.png"], None, ["a.png"], {"a-edge.png": "a.png"}),
        (["a.png", "b-edge.png"], None, ["a.png", "b-edge.png"], {}),
        (["a.png", "a-edge.csv"], None, ["a.png", "a-edge.csv"], {}),  # a picture gives no CSV
        (["a.png", "a-edge.npy"], None, ["a.png"], {"a-edge.npy": "a.png"}),
        (["a.npy", "a-edge.png"], None, ["a.npy", "a-edge.png"], {}),  # an array gives no picture
        (["a.npy", "a-edge.csv"], None, ["a.npy"], {"a-edge.csv": "a.npy"}),
        (["none.csv", "none-edge.png"], None, ["none.csv"], {"none-edge.png": "none.csv"}),
        (["a.png", "a-edge.png", "a-edge-edge.png"], None, ["a.png"],
         {"a-edge.png": "a.png", "a-edge-edge.png": "a-edge.png"}),
        (["a.png", "o/a-edge.png"], "o/", ["a.png"], {"o/a-edge.png": "a.png"}),
        (["a.png", "./o/a-edge.png"], "o/", ["a.png"], {"./o/a-edge.png": "a.png"}),
        (["a.png", "o/a-edge.png"], None, ["a.png", "o/a-edge.png"], {}),
        (["a.png", "a-x.csv"], "{stem}-x.csv", ["a.png"], {"a-x.csv": "a.png"}),
        (["a.png", "a-edge.png"], "a-edge.png", ["a.png", "a-edge.png"], {}),  # a file, for one
        (["a.png", "b.png"], "{name}", ["a.png", "b.png"], {}),  # each is its own
    ],
)  # fmt: skip
def test_results_of_an_earlier_run_are_no_inputs(names, output, left, results):
    for name in names:
        Path(name).parent.mkdir(exist_ok=True)
        if name != "none.csv":
            array = name.endswith(".npy")
            Path(name).write_bytes(b"\x93NUMPY" if array else b"\x89PNG\r\n\x1a\n")
    found, told = without_results([Source(name) for name in names], "edge", output)
    assert [source.name for source in found] == left
    assert told == results


# --- work that may be done twice


def test_what_an_earlier_attempt_made_is_no_error():
    began = time.time() - 1
    attempt = Attempt("abc", began)
    for _ in range(2):
        check_target(Path("a"), attempt=attempt)
        with writing(Path("a"), attempt=attempt) as file:
            file.write(b"result")
    assert os.listdir() == ["a"]
    with pytest.raises(ExistsError), writing(Path("a"), attempt=attempt) as file:
        file.write(b"another")
    assert Path("a").read_bytes() == b"result"
    os.utime("a", (began - 1, began - 1))
    with pytest.raises(ExistsError, match="^a: already exists, -f overwrites it$"):
        check_target(Path("a"), attempt=attempt)


def test_the_temporary_files_of_a_batch_are_swept():
    made(".convcli-abc12.part", ".convcli-xyz.part", "abc.part")
    sweep(Path(), "abc")
    sweep(Path("nowhere"), "abc")
    assert sorted(os.listdir()) == [".convcli-xyz.part", "abc.part"]


# --- the run


class Crew:
    def __init__(self, executor: Executor, ahead: int) -> None:
        self.executor = executor
        self.ahead = ahead
        self.renewed = 0

    def renew(self) -> None:
        self.renewed += 1

    def check(self) -> None:
        pass


class ByHand(Executor):
    """Finishes what it is told to, when it is told to."""

    def __init__(self) -> None:
        self.open: dict[str, Future] = {}

    def submit(self, fn, job):
        self.open[job.source] = Future()
        self.open[job.source].start = lambda: fn(job)
        return self.open[job.source]

    def finish(self, name: str, error: Exception | None = None) -> None:
        future = self.open.pop(name)
        future.set_exception(error) if error else future.set_result(Record(name, name + "-out"))


def jobs(names):
    return [Job(name, None) for name in names]


def test_workers_out_of_reach_end_the_wait_for_what_never_comes():
    crew = Crew(ByHand(), 2)

    def lost():
        raise CrewLostError("gone")

    reports = run(str, jobs("ab"), crew)
    assert next(reports) is None
    crew.check = lost
    with pytest.raises(CrewLostError, match="gone"):
        next(reports)


def test_records_come_in_the_order_of_the_jobs():
    def work(job):
        time.sleep(0.03 if job.source == "a" else 0)
        return Record(job.source, job.source)

    with ThreadPoolExecutor(3) as pool:
        found = [r.source for r in run(work, jobs("abcdefgh"), Crew(pool, 4)) if r]
    assert found == list("abcdefgh")


def test_the_window_is_bounded_and_records_come_as_they_are_done(monkeypatch):
    monkeypatch.setattr(batch, "TICK", 0.01)
    pool = ByHand()
    taken = []
    records = run(None, (taken.append(n) or Job(n, None) for n in "abcdefgh"), Crew(pool, 3))
    assert next(records) is None  # a moment without news
    assert taken == list("abc")
    pool.finish("b")
    assert next(records) is None  # a is not there
    assert taken == list("abcd")
    pool.finish("a")
    assert [next(records).source, next(records).source] == ["a", "b"]
    assert next(records) is None
    assert sorted(pool.open) == list("cde")


def test_what_is_settled_is_told_at_once(monkeypatch):
    monkeypatch.setattr(batch, "TICK", 0.01)
    pool = ByHand()
    told = []
    records = run(None, jobs("abcd"), Crew(pool, 3), settled=lambda r: told.append(r.source))
    assert next(records) is None
    pool.finish("c")
    pool.finish("b")
    assert next(records) is None  # a is in front
    assert told == ["c", "b"]


def test_one_slow_job_does_not_let_the_others_pile_up(monkeypatch):
    monkeypatch.setattr(batch, "HELD", 5)
    monkeypatch.setattr(batch, "TICK", 0.01)
    pool = ByHand()
    taken = []
    records = run(None, (taken.append(n) or Job(n, None) for n in "abcdefghij"), Crew(pool, 2))
    for _ in range(10):
        assert next(records) is None
        for name in set(pool.open) - {"a"}:
            pool.finish(name)
    assert taken == list("abcde")


def test_a_long_batch_holds_no_more_memory_than_a_short_one():
    def peak(count):
        tracemalloc.start()
        many = (Job(str(i), None) for i in range(count))
        done = sum(r is not None for r in run(lambda j: Record(j.source), many, executors.Here()))
        assert done == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(100)
    assert peak(10_000) < peak(1_000) + 10_000


def test_what_the_work_raises_is_that_jobs_error():
    def work(job):
        if job.source == "b":
            raise ConvError("no")
        if job.source == "c":
            raise KeyError("x")
        return Record(job.source, job.source)

    found = list(run(work, jobs("abcd"), executors.Here()))
    assert [r.error for r in found] == [
        None,
        "b: no",
        "c: a bug: KeyError: 'x' (alone, with --debug, it shows where)",
        None,
    ]


def test_fail_fast_reports_what_is_done_and_stops(monkeypatch):
    monkeypatch.setattr(batch, "TICK", 0.01)
    pool = ByHand()
    records = run(None, jobs("abcdefgh"), Crew(pool, 4), fail_fast=True)
    assert next(records) is None
    assert sorted(pool.open) == list("abcd")
    pool.finish("b")
    pool.finish("c", ConvError("broken"))
    found = list(records)
    assert [(r.source, r.error) for r in found if r] == [("b", None), ("c", "c: broken")]


def test_what_ran_when_a_pool_broke_runs_again_alone(monkeypatch):
    monkeypatch.setattr(batch, "TICK", 0.01)
    pool = ByHand()
    crew = Crew(pool, 3)
    records = run(None, jobs("abcde"), crew)
    assert next(records) is None
    pool.finish("b")
    for name in "ac":
        pool.finish(name, BrokenProcessPool())
    order = []
    found = []
    for record in records:
        if record is not None:
            found.append((record.source, record.error and "killed" in record.error))
        elif pool.open:
            names = sorted(pool.open)
            order.append("".join(names))
            for name in names:
                pool.finish(name, BrokenProcessPool() if name == "c" else None)
    assert order == ["d", "a", "c", "e"]
    assert found == [("a", None), ("b", None), ("c", True), ("d", None), ("e", None)]
    assert crew.renewed == 1  # for c, alone; what was running beside it before had broken with it


def deadly(job: Job) -> Record:
    if job.source == "x":
        os.kill(os.getpid(), signal.SIGKILL)
    return Record(job.source, f"{os.environ[threads.LIMITS[0]]} {os.getpid()}")


def test_workers_that_die_cost_their_own_file_alone():
    names = "abxcdefg"
    with executors.Processes(2, ()) as crew:
        found = [r for r in run(deadly, jobs(names), crew) if r]
    assert [r.source for r in found] == list(names)
    assert [r.error for r in found if r.error] == [
        "x: its worker was killed (not enough memory? --jobs 1 needs the least)"
    ]
    share = str(max(1, min(threads.cores() // 2, threads.threads())))
    assert {r.path.split()[0] for r in found if r.path} == {share}
    assert os.environ.get(threads.LIMITS[0]) in (None, str(threads.threads()))


ORPHANS = """
import os, sys, time
from pathlib import Path
from convcli.files.batch import executors, Job, Record, run
from convcli.files.output import writing

def work(job):
    with writing(Path(job.source)) as file:
        Path(f"begun-{os.getpid()}").touch()
        time.sleep(1)
        file.write(b"whole")
    return Record(job.source, job.source)

if __name__ == "__main__":
    with executors.Processes(2, ()) as crew:
        list(run(work, [Job(name, None) for name in "abcdef"], crew))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_workers_whose_parent_died_finish_their_file_and_leave(tmp_path):
    (tmp_path / "orphans.py").write_text(ORPHANS)
    parent = subprocess.Popen([sys.executable, "orphans.py"], cwd=tmp_path)
    until(lambda: len(list(tmp_path.glob("begun-*"))) == 2)
    parent.kill()
    parent.wait()
    workers = [int(begun.name.partition("-")[2]) for begun in tmp_path.glob("begun-*")]
    until(lambda: not any(Path(f"/proc/{worker}/stat").exists() for worker in workers))
    made = {p.name: p.read_bytes() for p in tmp_path.iterdir() if len(p.name) == 1}
    assert set("ab") <= set(made) <= set("abcd")  # one more, where it was begun before they knew
    assert set(made.values()) == {b"whole"}
    assert list(tmp_path.glob(".convcli-*")) == []


def until(holds):
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("never")


@pytest.mark.parametrize(
    ("told", "most", "expected"), [("", None, 6), ("", 4, 4), ("2", 4, 2), ("x", 4, 4), ("9", 4, 6)]
)
def test_threads(monkeypatch, told, most, expected):
    monkeypatch.setattr(threads, "cores", lambda: 6)
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads.threads(most) == expected


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConvError, match=r"^--cluster: needs .* pip install 'convcli\[cluster\]'$"):
        executors.Cluster("tcp://127.0.0.1:1", 0).__enter__()


class KilledWorker(Exception):  # noqa: N818 (as Dask calls it)
    pass


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConvError("x.png: is empty"), "x.png: is empty"),
        (KilledWorker(), "its worker was killed (not enough memory? --jobs 1 needs the least)"),
        (ValueError("x"), "a bug: ValueError: x (alone, with --debug, it shows where)"),
        (MemoryError(), "not enough memory for this input"),
        (OSError(28, "No space left on device", "x"), "x: no space left on device"),
    ],
)
def test_what_the_work_raises_is_told_in_a_line(error, text):
    def work(_job):
        raise error

    with executors.crew(1) as crew:
        (record,) = run(work, [Job("a\nb", None)], crew)
    assert record == Record("a\nb", error=f"a\\x0ab: {text}")


def test_one_job_at_a_time_is_done_here():
    def work(job):
        return Record(job.source, str(os.getpid()))

    crew = executors.crew(1, preload=("numpy",))
    assert crew.ahead == 1
    with crew as same:
        assert same is crew
        found = list(run(work, jobs("abc"), crew))
        crew.check()
        crew.renew()
    assert found == [Record(name, str(os.getpid())) for name in "abc"]


def test_several_share_the_cores(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for count, share in ((2, 4), (3, 2), (8, 1), (20, 1)):
        crew = executors.crew(count)
        assert isinstance(crew, executors.Processes)
        assert crew.limits == dict.fromkeys(threads.LIMITS, str(share))
        assert count + 2 <= crew.ahead <= 2 * count + 1  # no worker waits for its next job
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert set(executors.crew(2).limits.values()) == {"1"}


def test_what_is_started_has_its_share_and_imports_nothing_from_here(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    seen = {}

    def start():
        seen.update(os.environ)
        raise KeyError

    with pytest.raises(KeyError), executors._environment({"OMP_NUM_THREADS": "2"}):
        start()
    assert (seen["OMP_NUM_THREADS"], seen["PYTHONSAFEPATH"]) == ("2", "1")
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "PYTHONSAFEPATH" not in os.environ


@pytest.mark.parametrize("one", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_answered_when_a_start_is_over(one):
    seen = []
    before = signal.signal(one, lambda *_: seen.append(done))
    try:
        done = False
        with executors._deferred():
            signal.raise_signal(one)
            assert seen == []
            done = True
        assert seen == [True]
        with executors._deferred():
            pass
        assert seen == [True]
        signal.raise_signal(one)
        assert len(seen) == 2
    finally:
        signal.signal(one, before)


class Client:
    """A cluster's client, with workers of these versions."""

    def __init__(self, versions, workers=(1, 2)):
        self.versions, self.workers, self.status, self.log = versions, workers, "running", []

    def __call__(self, address, **options):
        self.log.append((address, options["set_as_default"]))
        return self

    def run(self, _version):
        if isinstance(self.versions, Exception):
            raise self.versions
        return dict(enumerate(self.versions))

    def nthreads(self):
        return dict(enumerate(self.workers))

    def get_executor(self, *, pure):
        assert not pure  # the same file may be asked for twice
        self.executor = ThreadPoolExecutor(1)
        return self.executor

    def close(self):
        self.log.append("closed")
        self.status = "closed"


@pytest.fixture
def cluster(monkeypatch):
    def cluster(client, jobs=0, address="tcp://h:1"):
        monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=client))
        return executors.crew(jobs, address=address)

    return cluster


def test_a_cluster_is_kept_busy_and_closed_in_the_end(cluster):
    for workers, told, least in (((1, 2), 0, 7), ((20, 20), 0, 80), ((1, 2), 5, 5)):
        client = Client([convcli.__version__] * 2, workers)
        with cluster(client, told) as crew:
            assert crew.ahead >= least  # two a thread, and more where it may still grow
            assert told in (0, crew.ahead)
            assert [
                r.source for r in run(lambda job: Record(job.source), jobs("abc"), crew)
            ] == list("abc")
            first = crew.executor
            crew.renew()
            assert crew.executor is not first
            assert client.log == [("tcp://h:1", False)]
        assert client.log[-1] == "closed"
        with pytest.raises(RuntimeError):
            crew.executor.submit(str)


def test_a_scheduler_that_goes_is_told(cluster):
    client = Client([convcli.__version__])
    with cluster(client) as crew:
        crew.check()
        client.status = "closed"
        for look in (crew.check, crew.renew):
            with pytest.raises(
                CrewLostError, match=r"^--cluster tcp://h:1: its scheduler has gone$"
            ):
                look()


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        (["0.1", convcli.__version__, "0.0"], f"its workers have convcli 0.0, 0.1, {convcli.__version__}, here is {convcli.__version__}"),
        (ValueError("no module"), f"convcli {convcli.__version__} does not run on its workers"),
    ],
)  # fmt: skip
def test_workers_that_cannot_do_the_work(cluster, versions, message):
    client = Client(versions)
    with pytest.raises(ConvError) as caught:
        cluster(client).__enter__()
    assert str(caught.value) == f"--cluster tcp://h:1: {message}"
    assert client.log[-1] == "closed"


@pytest.mark.parametrize("error", [OSError(), ValueError(), TimeoutError()])
def test_a_scheduler_that_does_not_answer(cluster, error):
    def refuse(*_, **__):
        raise error

    with pytest.raises(ConvError, match=r"^--cluster a\\x0ab: no scheduler answers there$"):
        cluster(refuse, address="a\nb").__enter__()
