"""The house rule: who may import whom, read from the source and checked in fresh interpreters."""

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import convcli

HOUSE = Path(convcli.__file__).parent

FOREIGN = {
    "PIL": ("files/", "figures/raster.py"),
    "rich": ("terminal/",),
    "typer": ("cli.py", "options.py", "commands/"),
    "click": (),
}
"""Where a package may be imported; numpy may be anywhere but in NO_NUMPY, which are folders and single rooms."""

NO_NUMPY = (
    *("__init__.py", "__main__.py", "cli.py", "options.py", "commands/shape/", "files/text.py"),
    *("files/ahead.py", "files/opening.py"),
    *("terminal/__init__.py", "terminal/consoles.py", "terminal/tables.py", "terminal/streams.py"),
    *(
        "engine/arguments.py",
        "engine/errors.py",
        "engine/names.py",
        "engine/numbers.py",
        "engine/sizes/",
        "nets/architecture/",
        "nets/zoo/",
    ),
    *(f"figures/{room}.py" for room in ("scene", "fonts", "themes", "svg", "drawing", "windows")),
)
RANK = {
    **{"engine": 0, "nets": 1, "files": 1, "figures": 1, "terminal": 1},
    **{"options": 2, "commands": 3, "cli": 4},
}
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
        ("engine/sizes/geometry.py", "import numpy as np"),
        ("engine/borders.py", "from PIL import Image"),
        ("engine/borders.py", "from convcli.files import text"),
        ("files/text.py", "from convcli.terminal.console import console"),
        ("files/pictures/png.py", "import rich.table"),
        ("figures/svg.py", "from PIL import Image"),
        ("figures/scene.py", "from convcli.files import output"),
        ("terminal/tables.py", "from convcli import options"),
        ("nets/architecture/counts.py", "import typer"),
        ("commands/shape/chain.py", "import click"),
        ("engine/pooling.py", "def late():\n    from convcli.commands import shape"),
    ],
)
def test_the_rule_is_able_to_fail(path, source):
    assert broken(path, imported(source))


def _modules() -> dict[str, Path]:
    """Every module of the house by its dotted name."""
    return {
        "convcli." + p.removesuffix(".py").removesuffix("/__init__").replace("/", "."): HOUSE / p
        for p in modules()
    }


def arrows(source: str, known: dict[str, Path]) -> set[str]:
    """Name the modules of the house that a source imports, at its top or in a function."""
    found = set()
    for name in imported(source):
        while name and name not in known:
            name = name.rpartition(".")[0]
        found |= {name} - {"", "convcli"}
    return found


def circles(edges: set[tuple[str, str]]) -> list[str]:
    """Name the rooms of a layer whose arrows form a circle."""
    below: dict[str, set[str]] = {}
    for room, other in edges:
        below.setdefault(room, set()).add(other)
    try:
        graphlib.TopologicalSorter(below).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


@pytest.mark.parametrize("layer", ["engine", "nets", "files", "figures", "terminal", "commands"])
def test_arrows_between_the_rooms_of_a_layer_go_down(layer):
    known = _modules()
    edges = set()
    for name, path in known.items():
        home = name.split(".")[1:3]
        for target in arrows(path.read_text(encoding="utf-8"), known):
            there = target.split(".")[1:3]
            if len(home) == len(there) == 2 and home[0] == there[0] == layer and home != there:
                edges.add((home[1], there[1]))
    assert circles(edges) == []
    assert circles(edges | {(b, a) for a, b in sorted(edges)[:1]})  # it is able to fail


def doors(package: Path) -> set[str] | None:
    """The modules that a package's docstring names as open; None for all of them."""
    text = ast.get_docstring(ast.parse(package.read_text(encoding="utf-8"))) or ""
    said = re.search(r"^Open: ([a-z_, ]+)\.", text, re.MULTILINE)
    names = set(said[1].split(", ")) if said else set()
    return None if names == {"all"} else names


def closed(name: str, source: str, known: dict[str, Path]) -> list[str]:
    """List the imports that go past the front door of a package (one below a layer)."""
    wrong = []
    for target in sorted(arrows(source, known)):
        parts = target.split(".")
        package = ".".join(parts[:3])
        if len(parts) < 4 or f"{name}.".startswith(f"{package}."):
            continue
        names = doors(known[package])
        if names is not None and parts[3] not in names:
            wrong.append(target)
    return wrong


def test_a_package_is_used_through_its_front_door():
    known = _modules()
    passed = {n: closed(n, p.read_text(encoding="utf-8"), known) for n, p in known.items()}
    assert {name: wrong for name, wrong in passed.items() if wrong} == {}
    assert closed(
        "convcli.files.operands", "from convcli.engine.edges.gradients import Direct", known
    )


def test_what_a_docstring_calls_open_is_there_and_used_from_outside():
    known = _modules()
    used = {
        target
        for name, path in known.items()
        for target in arrows(path.read_text(encoding="utf-8"), known)
        if not f"{name}.".startswith(".".join(target.split(".")[:3]) + ".")
    }
    for name, path in known.items():
        names = doors(path) if path.name == "__init__.py" and name.count(".") == 2 else None
        assert {f"{name}.{n}" for n in names or ()} <= used, name


def test_own_modules_come_by_import_statements():
    """A name in a string hides a call from the type checker: only what is lazy by name may have one."""
    lazy = ("__init__.py", "cli.py", "terminal/__init__.py")
    pattern = re.compile(r"""import_module\(\s*f?["']convcli|import_module\([a-z_]*\[""")
    found = {p for p in modules() if pattern.search((HOUSE / p).read_text(encoding="utf-8"))}
    assert found <= set(lazy)
    assert found  # the pattern is able to find one


def test_tests_mirror_the_house():
    tests = Path(__file__).parent
    folders = {p.parent.relative_to(HOUSE) for p in HOUSE.rglob("*.py")}
    for layer in ("engine", "figures", "files", "nets", "terminal"):
        for folder in (tests / layer).rglob("test_*.py"):
            assert folder.parent.relative_to(tests) in folders, folder
    for folder in folders:
        if folder.parts and folder.parts[0] in ("engine", "figures", "files", "nets", "terminal"):
            assert (tests / folder).is_dir(), folder


def came_along(*names: str) -> set[str]:
    """Import modules in a fresh interpreter and name the packages that are then there."""
    code = (
        f"import importlib, sys; [importlib.import_module(n) for n in {names!r}]; "
        "print(*({m.split('.')[0] for m in sys.modules} & {'numpy','PIL','rich','typer','click'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def dotted(prefix: str) -> list[str]:
    return [name for name, path in _modules().items() if path.is_relative_to(HOUSE / prefix)]


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("engine", {"numpy"}),
        ("nets", {"numpy"}),
        ("files", {"numpy", "PIL"}),
        ("figures", {"numpy", "PIL"}),
        ("terminal", {"numpy", "rich"}),
    ],
)
def test_a_package_brings_only_what_it_may(package, allowed):
    assert came_along(*dotted(package)) <= allowed


@pytest.mark.parametrize("room", ["engine/sizes", "nets/architecture", "nets/zoo"])
def test_sizes_and_networks_come_without_any_package(room):
    names = dotted(room)
    assert len(names) > 3
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
