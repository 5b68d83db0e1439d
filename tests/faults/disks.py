"""Disks that are full or read-only, and system calls that fail: at every write and at every step after it."""

import errno
import os
import resource
import signal
from collections.abc import Callable, Iterator
from random import Random

from tests.faults.calling import WRITERS, Place, child, judged

__all__ = ["calls_that_fail", "full_devices", "killed_between", "read_only", "size_limits", "tmpfs"]

OLD = b"the old file\n"
ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.ENOMEM)
STEPS = ("open", "chmod", "replace", "link", "unlink")
"""The system calls on the way from a result to its place, by their names in `os`."""


def size_limits(here: Place, count: int, rng: Random) -> Iterator[list[str]]:
    """Files may grow to some size and no further, as on a disk that fills up while they are written."""
    for i in range(count):
        name = list(WRITERS)[i % len(WRITERS)]
        old = rng.choice((OLD, None))
        size = len(here.right[name])
        limit = rng.choice((0, 1, size - 1, rng.randrange(size)))
        here.fresh(name, old)
        done = child(
            here.folder,
            [*WRITERS[name], "-f"],
            lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        wrong = judged(done, [1]) + here.after(name, old)
        if (here.folder / name).exists() and (here.folder / name).read_bytes() != OLD:
            wrong.append("it did not fail")
        yield [f"{name}, {limit} bytes allowed: {w}" for w in wrong]


PRINTERS = (
    ("shape", "-n", "224", "-k", "7"),
    ("shape", "-n", "3x224x224", "conv:64,k7", "relu", "--json"),
    ("corr", "table.csv", "-k", "box"),
    ("corr", "table.csv", "-k", "1", "--format", "npy"),
    ("edge", "table.csv", "--json"),
    ("edge", "photo.png", "-o", "-"),
    ("learn",),
    ("learn", "--json"),
    ("kernels",),
    ("kernels", "sobel-x"),
    ("net", "list"),
    ("net", "show", "lenet"),
    ("--version",),
    ("--help",),
    ("corr", "--help"),
)
"""Calls that print, in every form."""


def full_devices(here: Place, count: int, rng: Random) -> Iterator[list[str]]:
    """Standard output, standard error or the named output is /dev/full."""
    for i in range(count):
        if i % 3 == 0:
            name = rng.choice([n for n in WRITERS if n != "log.csv"])
            argv = [a if a != name else "/dev/full" for a in WRITERS[name]]
            argv += [] if argv[0] == "net" else ["--format", "csv"] if argv[0] == "learn" else []
            done = child(here.folder, argv)
            wrong = judged(done, [1, 2])  # 2: /dev/full has no suffix that `net init` knows
        elif i % 3 == 1:
            argv = list(PRINTERS[i // 3 % len(PRINTERS)])
            done = child(here.folder, argv, lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 1))
            wrong = judged(done, [1])
        else:
            argv = list(rng.choice((("learn",), ("corr", "photo.png", "-k", "1 -1", "-o", "-"))))
            right = child(here.folder, argv)
            done = child(here.folder, argv, lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 2))
            wrong = [] if (done.status, done.out) == (0, right.out) else ["the result was lost"]
        yield [f"/dev/full, {' '.join(argv)}: {w}" for w in wrong]


def tmpfs(here: Place, count: int, rng: Random) -> Iterator[list[str]]:
    """A small file system that is really full. Needs the right to mount; without it, nothing is counted."""
    full = here.folder / "small"
    full.mkdir(exist_ok=True)
    if os.system(f"mount -t tmpfs -o size=64k none {full} 2>/dev/null") != 0:
        return
    try:
        for _ in range(count):
            name = rng.choice([n for n in WRITERS if len(here.right[n]) > 4096])
            target, filler = full / name, full / "filler"
            target.write_bytes(OLD)
            room = rng.randrange(4096, 65536) & ~4095
            filler.write_bytes(bytes(65536 - room))
            argv = [a if a != name else str(target) for a in WRITERS[name]]
            done = child(here.folder, [*argv, "-f"])
            wrong = judged(done, [0, 1])
            if target.read_bytes() not in (OLD, here.right[name]):
                wrong.append("neither the old file nor the new one")
            if (done.status == 0) == (target.read_bytes() == OLD):
                wrong.append("the status does not say what happened")
            if [p.name for p in full.iterdir() if p not in (target, filler)]:
                wrong.append("a temporary file was left")
            yield [f"tmpfs, {name}, {room} bytes free: {w}" for w in wrong]
            target.unlink()
            filler.unlink()
    finally:
        os.system(f"umount {full}")


def _failing(step: str, code: int) -> Callable[[], None]:
    """Make one kind of system call fail, for our temporary files."""

    def patch() -> None:
        real = getattr(os, step)

        def call(path: object, *args: object, **kwargs: object) -> object:
            if str(path).endswith(".part") and (step != "open" or args):
                raise OSError(code, os.strerror(code), str(path))
            return real(path, *args, **kwargs)

        setattr(os, step, call)

    return patch


def calls_that_fail(here: Place, count: int, rng: Random) -> Iterator[list[str]]:
    """Each step from a result to its place fails in each way."""
    for i in range(count):
        step, code = STEPS[i % len(STEPS)], ERRORS[i // len(STEPS) % len(ERRORS)]
        name = rng.choice(list(WRITERS))
        old = OLD if step == "replace" else None if step == "link" else rng.choice((OLD, None))
        here.fresh(name, old)
        argv = [*WRITERS[name], *(["-f"] if old is not None else [])]
        done = child(here.folder, argv, _failing(step, code))
        # a link that cannot be made is a file system without links: a rename does it
        statuses = [0] if step in ("link", "unlink") else [1]
        # and what cannot be removed stays
        wrong = judged(done, statuses) + here.after(name, old, killed=step == "unlink")
        yield [f"{step} fails with {errno.errorcode[code]}, {name}: {w}" for w in wrong]


def killed_between(here: Place, count: int, rng: Random) -> Iterator[list[str]]:
    """SIGKILL at each step; then the next run, which removes what was left."""
    for i in range(count):
        step = ("chmod", "replace", "link")[i % 3]
        late = i // 3 % 2 == 1
        name = rng.choice(list(WRITERS))
        old = OLD if step != "link" else None
        argv = [*WRITERS[name], *(["-f"] if old is not None else [])]

        def patch(step: str = step, late: bool = late) -> None:
            real = getattr(os, step)

            def call(path: object, *args: object, **kwargs: object) -> object:
                if late:
                    real(path, *args, **kwargs)
                os.kill(os.getpid(), signal.SIGKILL)
                raise AssertionError

            setattr(os, step, call)

        here.fresh(name, old)
        done = child(here.folder, argv, patch)
        wrong = judged(done, [-signal.SIGKILL]) + here.after(name, old, killed=True)
        for left in here.folder.glob(".convcli-*"):
            os.utime(left, (1, 1))
        again = child(here.folder, [*WRITERS[name], "-f"])
        wrong += judged(again, [0]) + here.after(name, old)
        yield [f"killed {'after' if late else 'before'} {step}, {name}: {w}" for w in wrong]


def read_only(here: Place, count: int, rng: Random) -> Iterator[list[str]]:
    """A folder in which one may not write, and files that one may not read. Root gives its rights away first."""

    def powerless() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

    closed = here.folder / "closed"
    closed.mkdir(exist_ok=True)
    closed.chmod(0o555)
    secret = here.folder / "secret.csv"
    secret.write_bytes(b"1,2\n")
    secret.chmod(0)
    try:
        for i in range(count):
            name = rng.choice(list(WRITERS))
            argv = [a if a != name else f"closed/{name}" for a in WRITERS[name]]
            if i % 3 == 2:
                argv = ["corr", "secret.csv", "-k", "1"]
            elif i % 3 == 1:
                argv = ["edge", "photo.png", "table.csv", "-o", "closed/", "--jobs", "1"]
            done = child(here.folder, argv, powerless)
            wrong = judged(done, [1], lines=2 if i % 3 == 1 else 1)
            if list(closed.iterdir()):
                wrong.append("something was written")
            yield [f"no permission, {' '.join(argv)}: {w}" for w in wrong]
    finally:
        secret.unlink()
        closed.chmod(0o755)
