"""Outputs: named as the contract says, whole or not there, nothing overwritten unasked."""

# the system's own calls, and several steps inside one `raises`, are meant
# ruff: noqa: PTH101, PTH102, PTH114, PTH116, PTH123, PTH208, PTH211, PT012, RUF043

import fcntl
import io
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from convcli.engine.errors import ConvError
from convcli.files import output
from convcli.files.output import (
    Target,
    check_target,
    target_of,
    writing,
    writing_stdout,
    written_through,
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(path, data=b"new", **options):
    with writing(Path(path), **options) as file:
        file.write(data)


def names():
    return sorted(os.listdir())


@pytest.mark.parametrize(
    ("source", "output", "path"),
    [
        ("photos/cat.jpg", None, "cat-edge.png"),
        ("cat", None, "cat-edge.png"),
        ("a.tar.png", None, "a.tar-edge.png"),
        ("cat.jpg", "x.tiff", "x.tiff"),
        ("cat.jpg", "out/", "out/cat-edge.png"),
        ("cat.jpg", "there", "there/cat-edge.png"),
        ("cat.jpg", "out/{stem}-{method}.png", "out/cat-sobel.png"),
        ("cat.jpg", "{command}/{stem}/", "edge/cat/cat-edge.png"),
        ("{x}.jpg", "{stem}.png", "{x}.png"),
        ("photos/cat.jpg", "out/{dir}/{name}", "out/photos/cat.jpg"),
        ("cat.jpg", "{dir}/{name}", "cat.jpg"),
        ("cat.jpg", "x{dir}/{name}", "x/cat.jpg"),
        ("../../photos/./cat.jpg", "out/{dir}/{name}", "out/photos/cat.jpg"),
        ("/photos/x/../cat.jpg", "{dir}/{name}", "photos/cat.jpg"),
        ("a/../../b/cat.jpg", "../{dir}/{name}", "../b/cat.jpg"),
        ("cat.jpg", "odd{name", "odd{name"),
        ("cat.jpg", "-", None),
        ("-", None, None),
        ("-", "x.png", "x.png"),
        ("-", "out/", "out/stdin-edge.png"),
    ],
)
def test_names(source, output, path):
    os.mkdir("there")
    Path("odd{name").touch()
    found = target_of(source, "edge", output, fields={"method": "sobel"})
    assert found == Target(None if path is None else Path(path))


def test_names_that_are_refused():
    with pytest.raises(ConvError, match=r"unknown field of -o 'stm', did you mean '\{stem\}'\?"):
        target_of("a.png", "edge", "{stm}.png")
    with pytest.raises(ConvError, match="-o: got an empty name"):
        target_of("a.png", "edge", "")


def test_a_field_cannot_leave_the_folder():
    assert str(target_of("a.png", "edge", "o/{m}.png", fields={"m": "../x"}).path) == "o/..-x.png"
    message = r"^-o o/\{stem\}/x.png: got o/../x.png, a name that stays in its folder is needed$"
    if Path("...png").stem != "..":  # from Python 3.14 on it has no suffix
        assert str(target_of("...png", "edge", "o/{stem}/x.png").path) == "o/...png/x.png"
        return
    with pytest.raises(ConvError, match=message):
        target_of("...png", "edge", "o/{stem}/x.png")


def test_a_new_file_has_the_mode_of_the_umask():
    old = os.umask(0o027)
    try:
        put("a")
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat("a").st_mode) == 0o640
    assert Path("a").read_bytes() == b"new"
    assert names() == ["a"]


def test_an_old_file_is_refused_or_keeps_its_mode():
    Path("a").write_bytes(b"old")
    os.chmod("a", 0o604)
    for refuse in (lambda: check_target(Path("a")), lambda: put("a")):
        with pytest.raises(ConvError, match="^a: already exists, -f overwrites it$"):
            refuse()
    assert Path("a").read_bytes() == b"old"
    put("a", force=True)
    assert Path("a").read_bytes() == b"new"
    assert stat.S_IMODE(os.stat("a").st_mode) == 0o604


def test_the_file_is_private_and_apart_until_it_is_whole():
    Path("a").write_bytes(b"old")
    with writing(Path("a"), force=True) as file:
        file.write(b"half")
        file.flush()
        assert Path("a").read_bytes() == b"old"
        (temporary,) = set(names()) - {"a"}
        assert stat.S_IMODE(os.stat(temporary).st_mode) == 0o600
    assert names() == ["a"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("old", [None, b"old"])
def test_a_failure_leaves_the_old_file_and_nothing_else(fault, old):
    if old:
        Path("a").write_bytes(old)
    with pytest.raises(fault), writing(Path("a"), force=True) as file:
        file.write(b"half")
        raise fault
    assert names() == (["a"] if old else [])
    assert not old or Path("a").read_bytes() == old


def test_a_file_that_appears_meanwhile_is_not_overwritten():
    with pytest.raises(ConvError, match="^a: already exists"), writing(Path("a")) as file:
        file.write(b"new")
        Path("a").write_bytes(b"other")
    assert Path("a").read_bytes() == b"other"
    assert names() == ["a"]


def test_without_hard_links(monkeypatch):
    def link(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    put("a")
    assert Path("a").read_bytes() == b"new"
    with pytest.raises(ConvError, match="^b: already exists"), writing(Path("b")) as file:
        file.write(b"new")
        Path("b").write_bytes(b"other")
    assert names() == ["a", "b"]


def test_symbolic_links_are_followed():
    os.mkdir("real")
    os.symlink("real/a", "link")
    put("link")  # its target does not exist yet
    assert os.path.islink("link")
    assert Path("real/a").read_bytes() == b"new"
    with pytest.raises(ConvError, match="^link: already exists"):
        put("link")
    put("link", b"newer", force=True)
    assert os.path.islink("link")
    assert Path("real/a").read_bytes() == b"newer"
    assert os.listdir("real") == ["a"]
    os.symlink("loop", "loop")
    with pytest.raises(ConvError, match="^loop: "):
        check_target(Path("loop"))


def test_devices_and_pipes_are_written_through():
    put("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    os.mkfifo("pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append(Path("pipe").read_bytes()))
    reader.start()
    check_target(Path("pipe"))
    put("pipe")
    reader.join()
    assert got == [b"new"]
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)


def test_what_is_written_through_is_known_by_its_place():
    os.mkfifo("pipe")
    os.mkdir("folder")
    Path("file").touch()
    for name in (
        "/dev/stdout",
        "/dev/fd/1",
        "/proc/self/fd/1",
        "/proc/12/fd/3",
        "/dev/null",
        "pipe",
    ):
        assert written_through(Path(name))
    for name in ("file", "folder", "none", "a\0b", "/dev/none", "stdout"):
        assert not written_through(Path(name))
    with open("out", "wb") as out:  # an open stream is written into, whatever it is
        check_target(Path(f"/dev/fd/{out.fileno()}"))
        put(f"/proc/self/fd/{out.fileno()}")
    assert Path("out").read_bytes() == b"new"


def test_dev_stdout_is_written_through_even_into_a_file():
    script = (
        "from pathlib import Path\nfrom convcli.files.output import writing\n"
        "with writing(Path('/dev/stdout')) as file: file.write(b'new')"
    )
    with open("out", "wb") as out:
        subprocess.run([sys.executable, "-c", script], stdout=out, check=True)
    assert Path("out").read_bytes() == b"new"
    assert names() == ["out"]


def test_places_where_nothing_can_be_written():
    Path("file").touch()
    os.mkdir("folder")
    for path, message in (
        ("folder", "folder: is a folder, a file is needed"),
        ("file/a", "file/a: (.* is no folder|not a directory)"),
        ("a" * 300, "a+: file name too long"),
    ):
        for refuse in (check_target, put):
            with pytest.raises(ConvError, match=f"^{message}"):
                refuse(Path(path))
    with pytest.raises(ConvError, match="^file/x/a: "):
        put("file/x/a")
    assert names() == ["file", "folder"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission():
    os.mkdir("folder", 0o555)
    with pytest.raises(ConvError, match="^folder/a: no permission to write in "):
        check_target(Path("folder/a"))


def test_missing_folders_are_made():
    check_target(Path("x/y/a"))
    assert names() == []  # not before there is something to put there
    put("x/y/a")
    assert Path("x/y/a").read_bytes() == b"new"


def test_a_full_disk_is_one_line():
    with pytest.raises(ConvError, match="^/dev/full: no space left on device$"):
        put("/dev/full", b"x" * 10)  # it shows when the buffer is emptied
    with pytest.raises(ConvError, match="^/dev/full: no space left on device$"):
        put("/dev/full", b"x" * 1_000_000)


def test_a_file_too_large_leaves_the_old_one():
    Path("a").write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(ConvError, match="^a: file too large$"):
            put("a", b"x" * 20_000, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert Path("a").read_bytes() == b"old"
    assert names() == ["a"]


def test_an_error_of_another_file_is_not_taken_for_ours():
    with pytest.raises(FileNotFoundError), writing(Path("a")):
        Path("input").read_bytes()
    assert names() == []


def test_killed_between_write_and_replace_the_old_file_is_whole():
    Path("a").write_bytes(b"old")
    script = (
        "import os, signal\nfrom pathlib import Path\nfrom convcli.files import output\n"
        "output._put = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "with output.writing(Path('a'), force=True) as file: file.write(b'new')"
    )
    done = subprocess.run([sys.executable, "-c", script])
    assert done.returncode == -signal.SIGKILL
    assert Path("a").read_bytes() == b"old"


@pytest.mark.parametrize("force", [False, True])
def test_what_gets_the_name_is_whole_already_and_itself(monkeypatch, force):
    if force:
        Path("a").write_bytes(b"old")
        reader = os.open("a", os.O_RDONLY)
    seen = []

    def put_in_place(temporary, *rest):
        seen.append((temporary.read_bytes(), temporary.stat().st_ino))
        original(temporary, *rest)

    original = output._put
    monkeypatch.setattr(output, "_put", put_in_place)
    put("a", b"new", force=force)  # far less than a buffer
    assert seen == [(b"new", Path("a").stat().st_ino)]  # renamed, not copied over what is there
    if force:
        assert os.read(reader, 9) == b"old"  # whoever reads the old file goes on reading it
        os.close(reader)


@pytest.mark.parametrize("when", ["write", "close"])
def test_a_broken_pipe_passes_through(when):
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(BrokenPipeError), writing(Path("pipe")) as file:
        os.close(reader)
        file.write(b"x" * (1_000_000 if when == "write" else 10))


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


def test_standard_output(monkeypatch, capfdbinary):
    with writing_stdout() as file:
        file.write(b"\x89data")
    assert capfdbinary.readouterr().out == b"\x89data"
    monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO()))
    with pytest.raises(ConvError, match="never sent to a terminal") as caught, writing_stdout():
        pass
    assert caught.value.usage
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(ConvError, match="standard output is closed"), writing_stdout():
        pass
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(ConvError, match="^standard output: no space"), writing_stdout() as file:
            file.write(b"x" * 100_000)
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


def test_what_a_killed_run_has_left_is_removed_by_the_next():
    for name in (".convcli-a.part", ".convcli-young.part", ".convcli-held.part", "other.part"):
        Path(name).write_bytes(b"half")
    for name in (".convcli-a.part", ".convcli-held.part", "other.part"):
        os.utime(name, (1, 1))
    held = os.open(".convcli-held.part", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    output._tidy.cache_clear()
    with writing(Path("x")) as file:
        file.write(b"new")
    os.close(held)
    left = [".convcli-held.part", ".convcli-young.part", "other.part", "x"]
    assert sorted(os.listdir()) == left


def test_a_file_that_is_written_is_held():
    output._tidy.cache_clear()
    with writing(Path("x")) as file:
        (own,) = Path().glob(".convcli-*.part")
        os.utime(own, (1, 1))
        output._tidy.cache_clear()
        with writing(Path("y")) as other:  # as another run would
            other.write(b"2")
        file.write(b"1")
    assert (Path("x").read_bytes(), Path("y").read_bytes()) == (b"1", b"2")


def test_standard_output_is_no_file():
    with pytest.raises(ConvError, match=r"^-: got standard output, a file is needed here$"):
        check_target(Path("-"))
