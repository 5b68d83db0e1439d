"""What a small call costs, as whole processes: over an interpreter that loads what such a call cannot do without."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.pairs import Case

SAMPLES = Path(__file__).parents[2] / "samples"
PYTHON = [sys.executable, "-c"]
CONVCLI = [sys.executable, "-m", "convcli"]
SHAPE = "shape -n 224 -k 7 -p 3 -s 2"
HELPS = ("", "shape", "corr", "pool", "edge", "learn", "kernels", "net", "net show", "net train")


def cases() -> Iterator[Case]:
    typer, rich = "import typer", "import typer, rich.table, rich.panel"
    yield Case(SHAPE, [*CONVCLI, *SHAPE.split()], typer, [*PYTHON, typer], 1.3, 25)
    asked = ["_CONVCLI_COMPLETE=complete_bash", "COMP_WORDS=convcli shape -n 2 --", "COMP_CWORD=4"]
    yield Case("one press of TAB", ["env", *asked, *CONVCLI], typer, [*PYTHON, typer], 1.3, 25)
    for call in ("net list", "net show resnet18"):
        title = f"{call}, in a pipe"
        yield Case(title, [*CONVCLI, *call.split()], typer, [*PYTHON, typer], 1.6)
    for call in HELPS:
        title = f"{call} --help".strip()
        yield Case(title, [*CONVCLI, *title.split()], rich, [*PYTHON, rich], 1.4)
    with tempfile.TemporaryDirectory() as folder:
        arrays = "import numpy, typer"
        corr = [*CONVCLI, "corr", str(SAMPLES / "matrix.csv"), "-k", "sobel-x"]
        yield Case("corr matrix.csv -k sobel-x", corr, arrays, [*PYTHON, arrays], 1.2)
        pictures = "import numpy, PIL.Image, typer"
        edge = [*CONVCLI, "edge", str(SAMPLES / "camera.png"), "-f", "-o", f"{folder}/o.png"]
        yield Case("edge camera.png", edge, pictures, [*PYTHON, pictures], 1.25)
