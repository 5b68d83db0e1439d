"""A batch on a real Dask cluster: a scheduler and two workers on 127.0.0.1, one of which is killed midway."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

import convcli
from tests.conftest import pixels

pytestmark = pytest.mark.cluster

COUNT = 60
PATIENCE = 60.0
"""Seconds: a busy machine takes several to start a scheduler."""


def until(what, *processes):
    """Wait until `what()` gives something, as long as the processes live."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        assert [p.poll() for p in processes] == [None] * len(processes), "it ended"
        time.sleep(0.05)
    raise TimeoutError


@contextmanager
def running(there, *preload):
    """Start a scheduler and two workers of one thread each, in a folder of their own; gives address, workers, scheduler."""
    started, logs = [], []

    def start(module, *args):
        log = (there / f"{len(started)}.log").open("wb")
        logs.append(log)
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--host", "127.0.0.1", *args]
        process = subprocess.Popen(
            [*command, "--no-dashboard", "--scheduler-file", str(there / "scheduler.json")],
            cwd=there,
            stdout=log,
            stderr=log,
        )
        started.append(process)
        return process

    def address():
        try:
            return json.loads((there / "scheduler.json").read_text())["address"]
        except (OSError, ValueError):
            return None

    try:
        scheduler = start("dask_scheduler", "--port", "0")
        at = until(address, scheduler)
        alone = ("--no-nanny", "--nthreads", "1", "--local-directory", str(there))
        workers = [start("dask_worker", *alone, *preload) for _ in range(2)]
        for i, worker in enumerate(workers):
            log = there / f"{i + 1}.log"
            until(lambda log=log: b"Registered to" in log.read_bytes(), worker)
        yield at, workers, scheduler
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
            process.wait()
        for log in logs:
            log.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with running(tmp_path_factory.mktemp("cluster")) as (at, workers, _):
        yield at, workers


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(7)
    (tmp_path / "in").mkdir()
    for i in range(COUNT):
        noise = Image.fromarray(rng.integers(0, 256, (256, 256), np.uint8))
        noise.save(tmp_path / f"in/{i:02}.png", compress_level=0)
    return [f"in/{i:02}.png" for i in range(COUNT)]


def begin(tmp_path, *args):
    return subprocess.Popen(
        [sys.executable, "-m", "convcli", *map(str, args)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # a line that was read must not keep others from `communicate`
    )


CANNY = ("-m", "canny", "--sigma", "3", "--low", "0.1", "--high", "0.2")


@pytest.mark.usefixtures("photos")
def test_errors_and_skipped_files_on_a_cluster(cluster, tmp_path):
    address, _ = cluster
    (tmp_path / "out").mkdir()
    (tmp_path / "out/01-edge.png").write_bytes(b"old")
    os.utime(tmp_path / "out/01-edge.png", (1, 1))
    call = ["edge", "in/00.png", "none.png", "in/01.png", "-o", "out/", "--cluster", address]
    process = begin(tmp_path, *call)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (1, b"out/00-edge.png\n")
    assert err.decode().splitlines() == [
        "convcli: error: none.png: no such file or directory",
        "convcli: error: out/01-edge.png: already exists, --skip-existing goes on, -f overwrites",
        "convcli: 1 of 3 written, 2 failed; --skip-existing goes on",
    ]
    process = begin(tmp_path, *call[:2], *call[3:], "--skip-existing")
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, b"out/00-edge.png\nout/01-edge.png\n")
    assert err == b"convcli: 0 of 2 written, 2 there before\n"
    assert (tmp_path / "out/01-edge.png").read_bytes() == b"old"


@pytest.mark.usefixtures("photos")
def test_what_a_call_asks_for_reaches_the_workers(cluster, tmp_path):
    address, _ = cluster

    def call(*args):
        process = begin(tmp_path, "edge", *args, "--cluster", address)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out.decode(), err.decode()

    for name in ("x/a.png", "y/deep/b.gif"):
        (tmp_path / "t" / name).parent.mkdir(parents=True)
        Image.open(tmp_path / "in/00.png").save(tmp_path / "t" / name)
    keep = ("-r", "t", "-o", "t/{dir}/{stem}-edge.png")
    made = {"t/x/a.png": "t/x/a-edge.png", "t/y/deep/b.gif": "t/y/deep/b-edge.png"}
    rows = "".join(f"{source},{path}\n" for source, path in made.items())
    assert call(*keep, "--dry-run", "--quiet") == (0, f"input,output\n{rows}", "")
    assert not (tmp_path / "t/x/a-edge.png").exists()
    paths = "".join(f"{path}\n" for path in made.values())
    assert call(*keep, "--quiet") == (0, paths, "")
    os.utime(tmp_path / "t/x/a-edge.png", (1, 1))
    assert call(*keep, "--update") == (0, paths, "convcli: 1 of 2 written, 1 there before\n")
    status, out, err = call("-r", "t", "-o", "out/{name}")
    assert (status, out) == (1, "out/a-edge.png\nout/a.png\nout/b-edge.png\n")
    assert err.startswith("convcli: error: t/y/deep/b.gif: out/b.gif: unknown suffix '.gif', ")


def test_an_interrupt_leaves_whole_files(cluster, photos, tmp_path):
    address, workers = cluster
    process = begin(tmp_path, "edge", *photos, *CANNY, "-o", "out/", "--cluster", address)
    assert process.stdout.readline() == b"out/00-edge.png\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    said = re.fullmatch(r"convcli: (\d+) of 60 written; --skip-existing goes on\n", err.decode())
    assert 1 <= int(said[1]) < COUNT
    # what the two workers were at is finished, or was never begun
    names = [p.name for p in (tmp_path / "out").iterdir()]
    time.sleep(0.5)
    assert [n for n in (p.name for p in (tmp_path / "out").iterdir()) if ".part" in n] == []
    assert len(names) < COUNT
    for name in names:
        assert pixels(tmp_path / "out" / name).shape == (256, 256)
    assert [worker.poll() for worker in workers] == [None, None]


def test_every_file_comes_out_once_though_a_worker_is_killed(cluster, photos, tmp_path):
    address, workers = cluster
    process = begin(tmp_path, "edge", *photos, *CANNY, "-o", "out/", "--cluster", address)
    seen = [process.stdout.readline() for _ in range(8)]
    assert process.poll() is None
    workers[0].kill()
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"convcli: 60 of 60 written\n")
    assert b"".join([*seen, out]).decode().splitlines() == [
        f"out/{i:02}-edge.png" for i in range(COUNT)
    ]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        f"{i:02}-edge.png" for i in range(COUNT)
    ]
    here = begin(tmp_path, "edge", photos[-1], *CANNY, "-o", "here.png")
    here.communicate(timeout=PATIENCE)
    assert (pixels(tmp_path / "here.png") == pixels(tmp_path / f"out/{COUNT - 1}-edge.png")).all()


def test_a_scheduler_that_goes_away_is_one_line(photos, tmp_path, tmp_path_factory):
    with running(tmp_path_factory.mktemp("cluster")) as (address, _, scheduler):
        process = begin(tmp_path, "edge", *photos, *CANNY, "-o", "out/", "--cluster", address)
        seen = [process.stdout.readline() for _ in range(8)]
        scheduler.kill()
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    listed = b"".join([*seen, out]).decode().splitlines()
    assert len(set(listed)) == len(listed) < COUNT
    assert err.decode().splitlines() == [
        f"convcli: {len(listed)} of {COUNT} written; --skip-existing goes on",
        f"convcli: error: --cluster {address}: its scheduler has gone",
    ]
    time.sleep(0.5)
    made = [p.name for p in (tmp_path / "out").iterdir()]
    assert [name for name in made if ".part" in name] == []
    for name in made:
        assert pixels(tmp_path / "out" / name).shape == (256, 256)


def test_workers_of_another_version_are_one_line(photos, tmp_path, tmp_path_factory):
    there = tmp_path_factory.mktemp("cluster")
    (there / "older.py").write_text(
        "import convcli.files.batch.executors as e\ne.__version__ = '0.0.9'\n"
    )
    with running(there, "--preload", str(there / "older.py")) as (address, *_):
        process = begin(tmp_path, "edge", *photos, "-o", "out/", "--cluster", address)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (1, b"")
    ours = f"its workers have convcli 0.0.9, here is {convcli.__version__}"
    assert err.decode() == f"convcli: error: --cluster {address}: {ours}\n"
    assert not (tmp_path / "out").exists()
