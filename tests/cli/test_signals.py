"""Signals while Python imports: none is lost."""

import signal
import subprocess
import sys

import pytest

CODE = """
import os, signal, sys, time, weakref
from convcli import cli
def send():
    os.kill(os.getpid(), signal.{signal})
    time.sleep(0)
room = {{"send": send}}
exec(compile("def {name}(_):\\n    send()\\n", "<frozen importlib._bootstrap>", "exec"), room)
class Lock:
    pass
def command(arguments):
    lock = Lock()
    watch = weakref.ref(lock, room["{name}"])
    del lock  # Python calls back, and drops what is raised there
    time.sleep(5)
    return 0
def run(arguments):
    try:
        return command(arguments)
    except KeyboardInterrupt:
        return 130
cli.run = run
sys.unraisablehook = lambda dropped: print("dropped", dropped.exc_type.__name__)
cli.main()
"""


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_where_python_drops_errors_comes_again(number, status):
    code = CODE.format(name="cb", signal=number.name)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30)
    assert (done.returncode, done.stdout) == (status, b"")


@pytest.mark.usefixtures("interruptible")
def test_elsewhere_it_is_raised_at_once():
    code = CODE.format(name="other", signal="SIGINT")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, b"dropped KeyboardInterrupt\n")
