"""The crews of a batch: this process, processes of this machine, or the workers of a Dask cluster.

This module is loaded by a batch alone: what it needs would slow the start of everything else.
"""

import logging
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from multiprocessing import connection
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from convcli import __version__
from convcli.engine import threads
from convcli.engine.errors import ConvError, printable
from convcli.files.batch import CrewLostError

__all__ = ["Cluster", "Here", "Processes", "begin", "crew"]

P = ParamSpec("P")
T = TypeVar("T")

_HELD_BACK = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""Signals that a terminal or a supervisor sends to all processes of a call, and only the first of them answers."""


def crew(jobs: int, *, address: str | None = None, preload: tuple[str, ...] = ()) -> Any:
    """Choose who does the work.

    Parameters
    ----------
    jobs : int
        Files at a time; of a cluster 0 is as many as it has threads.
    address : str, optional
        Of the scheduler of a Dask cluster.
    preload : tuple of str
        Modules that the work needs: processes start faster when they are named.
    """
    if address is not None:
        return Cluster(address, jobs)
    return Processes(jobs, preload) if jobs > 1 else Here()


class _Inline(Executor):
    """Does the work when it is submitted."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Here:
    """The process that asks, one file after the other, each on all cores."""

    ahead = 1

    def __init__(self) -> None:
        self.executor: Executor = _Inline()

    def renew(self) -> None:
        """Nothing can break."""

    def check(self) -> None:
        """Nothing can be out of reach."""

    def __enter__(self) -> "Here":
        return self

    def __exit__(self, *_: object) -> None:
        return


class Processes:
    """Processes of this machine, which share its cores.

    They are forked from a server that has loaded NumPy once; where there is none they are spawned. If the block is left
    by an exception, they are killed: files are put in place in one step, so that those that are there are whole.
    """

    def __init__(self, jobs: int, preload: tuple[str, ...]) -> None:
        self.jobs = jobs
        self.ahead = jobs + max(2, jobs // 2)
        self.preload = preload
        self.others = set(multiprocessing.active_children())
        self.limits = _limits(jobs)

    def __enter__(self) -> "Processes":
        self.executor = self._new()
        return self

    def renew(self) -> None:
        """Replace the pool after one of its processes died, which stopped the others as well."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.executor = self._new()

    def check(self) -> None:
        """A process that dies breaks the pool, and that is told."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.executor.shutdown()
            return
        with _deferred():
            own = set(multiprocessing.active_children()) - self.others
            for process in own:
                process.kill()
            self.executor.shutdown(wait=False, cancel_futures=True)
            for process in own:
                process.join(5)

    def _new(self) -> Executor:
        method = "forkserver" if _forks() else "spawn"
        context = multiprocessing.get_context(method)
        with _environment(self.limits):
            if method == "forkserver":
                _start_server(list(self.preload))
            executor = _Pool(self.jobs, context, _prepare, (self.limits,))
            if method == "spawn":  # every process has its own imports before it: start them at once
                for _ in range(self.jobs):
                    executor.submit(os.getpid)
        return executor


def begin(jobs: int, preload: tuple[str, ...]) -> None:
    """Start the server that `Processes` are forked from, so that it loads NumPy while this process does."""
    if _forks():
        with _environment(_limits(jobs)):
            _start_server(list(preload))


def _limits(jobs: int) -> dict[str, str]:
    """Return what a process is told of its share of the cores."""
    share = max(1, min(threads.cores() // jobs, threads.threads()))
    return dict.fromkeys(threads.LIMITS, str(share))


@contextmanager
def _environment(limits: dict[str, str]) -> Iterator[None]:
    """Set variables for processes that are started in the block."""
    # without this, Python looks for what it imports there in the current folder first, and runs what it finds
    settings = {**limits, "PYTHONSAFEPATH": "1"}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _forks() -> bool:
    return "forkserver" in multiprocessing.get_all_start_methods()


def _start_server(preload: list[str]) -> None:
    forkserver, resource_tracker = (
        import_module(f"multiprocessing.{name}") for name in ("forkserver", "resource_tracker")
    )
    forkserver.set_forkserver_preload(preload)
    resource_tracker.ensure_running()  # it changes the signal mask, so it goes first
    with _held_back():
        forkserver.ensure_running()


@contextmanager
def _held_back() -> Iterator[None]:
    """Hold signals back; a process that is started meanwhile never sees them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    old = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


@contextmanager
def _deferred() -> Iterator[None]:
    """Answer signals when the block is over. (A mask would not do: they may reach a thread of NumPy's libraries.)"""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    old = {
        one: signal.signal(one, lambda number, _: came.append(number))
        for one in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for one, handler in old.items():
            signal.signal(one, signal.SIG_DFL if handler is None else handler)
        if came:
            signal.raise_signal(came[0])


class _Pool(ProcessPoolExecutor):
    """A pool whose workers know when they are at work, and none of which is lost while it starts."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        with _deferred():
            return super().submit(_at_work, fn, *args, **kwargs)


_busy = threading.Lock()


def _at_work(fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    with _busy:
        return fn(*args, **kwargs)


def _prepare(limits: dict[str, str]) -> None:
    """Set a worker up: Ctrl-C is its parent's affair, its share of the cores is told, it leaves with its parent."""
    for one in _HELD_BACK:
        signal.signal(one, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # how a pool ends the others when one has died
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.environ.update(limits)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_after, args=(parent.sentinel,), daemon=True).start()


def _leave_after(sentinel: int) -> None:
    """Leave when the parent has died, but let the file that is being written be finished first."""
    connection.wait([sentinel])
    _busy.acquire(timeout=60)
    os._exit(1)


class Cluster:
    """The workers of a Dask cluster, which see the same files under the same names."""

    def __init__(self, address: str, jobs: int) -> None:
        self.address = address
        self.ahead = jobs

    def __enter__(self) -> "Cluster":
        try:
            distributed = import_module("distributed")
        except ImportError as error:
            raise ConvError(
                "--cluster: needs one more package, pip install 'convcli[cluster]'"
            ) from error
        # errors are told by us, in a line; distributed gives its modules levels of their own
        for name in ("tornado", "asyncio", *logging.root.manager.loggerDict):
            if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
                logging.getLogger(name).setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on versions that differ: ours is checked below
            try:
                self.client = distributed.Client(self.address, timeout=10, set_as_default=False)
            except (OSError, ValueError, TimeoutError) as error:
                raise self._failed("no scheduler answers there") from error
        self._check_workers()
        self.executor: Executor = self.client.get_executor(pure=False)
        self.ahead = self.ahead or max(_AHEAD, 2 * sum(self.client.nthreads().values()))
        return self

    def _check_workers(self) -> None:
        try:
            found = set(self.client.run(_version).values())
        except Exception as error:
            self.client.close()
            raise self._failed(f"convcli {__version__} does not run on its workers") from error
        if found - {__version__}:
            self.client.close()
            theirs = ", ".join(sorted(found))
            raise self._failed(f"its workers have convcli {theirs}, here is {__version__}")

    def _failed(self, why: str) -> ConvError:
        return ConvError(f"--cluster {printable(self.address)}: {why}")

    def renew(self) -> None:
        """Take a new executor: the scheduler itself moves work away from workers that died.

        Raises
        ------
        CrewLostError
            There is no scheduler any more.
        """
        self.check()
        self.executor = self.client.get_executor(pure=False)

    def check(self) -> None:
        """Look whether there is a scheduler.

        Raises
        ------
        CrewLostError
        """
        if self.client.status != "running":
            raise CrewLostError(f"--cluster {printable(self.address)}: its scheduler has gone")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        gone = self.client.status != "running"
        with suppress(Exception) if gone else nullcontext():
            self.executor.shutdown(wait=kind is None)  # else it cancels what has not begun
        self.client.close()


_AHEAD = 16
"""Jobs that a cluster is given at least: it may grow."""


def _version() -> str:
    return __version__
