"""`convcli demo`: what convcli can do, in a few calls on the samples that it carries."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import convcli
from convcli import options, terminal
from convcli.engine.errors import ConvError
from convcli.files.bundled_samples import copy_samples

__all__ = ["EXAMPLES", "demo"]

EXAMPLES = (
    "convcli demo",
    "convcli demo > demo.txt  # in a pipe or a file: text",
    "convcli demo -o tour > /dev/null && convcli edge tour/camera.png",
)

_STEPS = (
    ("a kernel on a table of numbers", "corr matrix.csv -k '0 1; 2 3'"),
    ("edges keep their sign", "corr bars.csv -k '1 -1' --heat"),
    ("how large does a layer's output get?", "shape -n 224x224 -k 7 -p 3 -s 2"),
    ("a picture beside its edges", "edge camera.png --threshold 0.12"),
    ("a filter is applied …", "corr camera.png -k box -o soft.png --no-preview"),
    ("… and found again from the two pictures", "learn camera.png soft.png -k 3"),
    ("a network, layer by layer", "net show lenet"),
)


def demo(
    output: Annotated[
        str | None,
        options.option(
            options.OUTPUT,
            "-o",
            "--output",
            text="Keep the samples and the results in a new folder.",
            metavar="DIR",
        ),
    ] = None,
) -> None:
    """Show what convcli can do, in ten seconds, on samples that it carries.

    Each call is printed before it runs, in a folder that is gone afterwards
    unless -o names one. At a terminal results are drawn, in a pipe they are
    text.
    """
    if output is not None:
        _tour(Path(output))
        return
    with tempfile.TemporaryDirectory(prefix="convcli-") as folder:
        _tour(Path(folder, "samples"))
    print("convcli demo -o tour keeps these files: what every --help shows runs beside them.")


def _tour(folder: Path) -> None:
    copy_samples(folder)
    home = str(Path(convcli.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    for title, call in _STEPS:
        terminal.print_call(f"convcli {call}", title)
        status = subprocess.run(
            [sys.executable, "-P", "-m", "convcli", *shlex.split(call)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            check=False,
        ).returncode
        if status == 141:
            raise BrokenPipeError
        if status:
            raise ConvError(f"convcli {call}: ended with status {status}")
        print(flush=True)
