"""The house rule: who may import whom, read from the source and checked in fresh interpreters."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import convcli

HOUSE = Path(convcli.__file__).parent

FOREIGN = {
    "PIL": ("files/",),
    "rich": ("terminal/",),
    "typer": ("cli.py", "options.py", "commands/"),
    "click": (),
}
"""Where a package may be imported; numpy may be anywhere but in NO_NUMPY."""

NO_NUMPY = (
    *("__init__.py", "cli.py", "options.py", "terminal/__init__.py", "terminal/consoles.py"),
    *("terminal/tables.py", "commands/shape", "files/text.py"),
    *(
        f"engine/{name}.py"
        for name in (
            *("errors", "explain", "geometry", "inverse", "notation", "receptive", "rows"),
            "transposed",
        )
    ),
    *(
        f"nets/{name}.py"
        for name in (
            *("blocks", "chapter", "counts", "kinds", "networks", "onnxmodel", "onnxops"),
            *("program", "recipes", "rules", "summary", "text", "torchcode", "torchvision"),
            "widths",
        )
    ),
)
RANK = {"engine": 0, "nets": 1, "files": 1, "terminal": 1, "options": 2, "commands": 3, "cli": 4}
"""Arrows go down: a module imports its own package, or one of a lower rank."""


def modules() -> list[str]:
    return sorted(p.relative_to(HOUSE).as_posix() for p in HOUSE.rglob("*.py"))


def imported(source: str) -> set[str]:
    """Name the modules that a source imports, `from a import b` as a.b."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def broken(path: str, names: set[str]) -> list[str]:
    """List the imports of a module that break the rule."""
    wrong = []
    home = path.split("/")[0].removesuffix(".py")
    for name in sorted(names):
        top, *rest = name.split(".")
        if top in FOREIGN and not path.startswith(FOREIGN[top] or ("nowhere",)):
            wrong.append(name)
        if top == "numpy" and path.startswith(NO_NUMPY):
            wrong.append(name)
        target = rest[0] if top == "convcli" and rest and home in RANK else home
        if target != home and RANK.get(target, -1) >= RANK[home]:
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("path", modules())
def test_imports_follow_the_house_rule(path):
    assert broken(path, imported((HOUSE / path).read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("engine/geometry.py", "import numpy as np"),
        ("engine/padding.py", "from PIL import Image"),
        ("engine/padding.py", "from convcli.files import text"),
        ("files/text.py", "from convcli.terminal.console import console"),
        ("files/pictures.py", "import rich.table"),
        ("terminal/tables.py", "from convcli import options"),
        ("nets/counts.py", "import typer"),
        ("commands/shape.py", "import click"),
        ("engine/windows.py", "def late():\n    from convcli.commands import shape"),
    ],
)
def test_the_rule_is_able_to_fail(path, source):
    assert broken(path, imported(source))


def came_along(*names: str) -> set[str]:
    """Import modules in a fresh interpreter and name the packages that are then there."""
    code = (
        f"import importlib, sys; [importlib.import_module(n) for n in {names!r}]; "
        "print(*({m.split('.')[0] for m in sys.modules} & {'numpy','PIL','rich','typer','click'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def dotted(prefix: str) -> list[str]:
    return [
        "convcli." + p.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for p in modules()
        if p.startswith(prefix)
    ]


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("engine/", {"numpy"}),
        ("nets/", {"numpy"}),
        ("files/", {"numpy", "PIL"}),
        ("terminal/", {"numpy", "rich"}),
    ],
)
def test_a_package_brings_only_what_it_may(package, allowed):
    assert came_along(*dotted(package)) <= allowed


def test_sizes_and_networks_come_without_any_package():
    names = [n for p in NO_NUMPY if p.startswith(("engine", "nets")) for n in dotted(p)]
    assert len(names) == 23
    assert came_along("convcli", "convcli.terminal", "convcli.files.text", *names) == set()


def test_the_command_line_brings_typer_alone():
    assert came_along("convcli.cli", "convcli.commands.shape") == {"typer"}


@pytest.mark.parametrize(
    "call",
    [
        ["-n", "224", "-k", "7", "-p", "3", "-s", "2"],
        ["-n", "224", "-k", "7", "--json"],
        ["-n", "8", "-k", "3", "--explain"],
        ["-n", "224", "--out", "56"],
        ["-n", "3x32x32", "conv:6,k5", "relu", "gap"],
        ["-n", "3x32x32", "conv:6,k5", "--code", "torch"],
    ],
)
def test_shape_in_a_pipe_loads_no_heavy_package(call, tmp_path):
    code = (
        "import sys\nfrom convcli.cli import run\n"
        f"status = run(['shape', *{call!r}])\n"
        "print(status, *({m.split('.')[0] for m in sys.modules} & {'numpy','PIL','rich'}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stderr == "0\n"
    assert done.stdout
