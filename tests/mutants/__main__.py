"""`python -m tests.mutants [PATH…] [--count N] [--seed S] [--again FILE]`: changes a place of the program, and asks its tests.

Cosmic Ray makes the mutants, in a copy of the working tree: an operator, a comparison, a number, a condition. A mutant
is first shown to the tests that mirror its module and to the module's doctests, and, if they pass it, to all tests of
its layer. Places are drawn, and of the mutants of a place one: else a sum, which has eleven, would weigh as much as
eleven comparisons. Annotations and the options of data classes
are left out, and what cannot even be imported is not counted.
"""

import argparse
import ast
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

from cosmic_ray.commands import init
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.testing import run_tests
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome

ROOT = Path(__file__).parent.parent.parent
PATHS = ("convcli/engine", "convcli/files")
"""What is asked about unless told."""
KILLED, SURVIVED, NONE = "killed", "SURVIVED", "no program"
MEMORY = 6 << 30
"""Bytes that a mutant may ask for: some would take all."""


def places(paths: list[str]) -> dict[tuple[str, tuple[int, int]], list[MutationSpec]]:
    """Find every place that can be changed, with its mutants."""
    files = [f for p in map(Path, paths) for f in (sorted(p.rglob("*.py")) if p.is_dir() else [p])]
    with tempfile.TemporaryDirectory() as folder, use_db(f"{folder}/w", WorkDB.Mode.create) as work:
        init(files, work, {})
        mutants = [item.mutations[0] for item in work.work_items]
    annotations = {str(f): list(annotated(ast.parse(f.read_text()))) for f in files}
    found: dict[tuple[str, tuple[int, int]], list[MutationSpec]] = {}
    for mutant in mutants:
        name = str(mutant.module_path)
        if not any(begin <= mutant.start_pos < end for begin, end in annotations[name]):
            found.setdefault((name, mutant.start_pos), []).append(mutant)
    return dict(sorted(found.items()))


def annotated(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield where types stand, and what data classes are told: whether they compare or print is nothing that is relied on."""
    for node in ast.walk(tree):
        for told in getattr(node, "decorator_list", ()):
            if ast.unparse(told).startswith("dataclass("):
                yield (told.lineno, told.col_offset), (told.end_lineno, told.end_col_offset)
        for name in ("annotation", "returns"):
            if (held := getattr(node, name, None)) is not None:
                yield (held.lineno, held.col_offset), (held.end_lineno, held.end_col_offset)


def tests_of(module: Path) -> list[list[str]]:
    """Return the tests to ask, a round each: those that mirror a module with its doctests, then its layer's."""
    inner = Path(*module.parts[1:])
    own = [Path("tests", inner.parent, f"test_{inner.stem}.py"), Path("tests", inner.parent)]
    layer = Path("tests", inner.parts[0])
    near = next((p for p in own if p.exists()), layer)
    return (
        [[str(near), str(module)], [str(layer)]] if near != layer else [[str(layer), str(module)]]
    )


def answer(mutant: MutationSpec, limit: float) -> str:
    """Say what became of a mutant."""
    operator = get_operator(mutant.operator_name)(**(mutant.operator_args or {}))
    with use_mutation(Path(mutant.module_path), operator, mutant.occurrence) as (_, mutated):
        name = ".".join(Path(mutant.module_path).with_suffix("").parts).removesuffix(".__init__")
        imports = [sys.executable, "-c", f"import {name}"]
        if mutated is None or subprocess.run(imports, capture_output=True).returncode:
            return NONE
        for paths in tests_of(Path(mutant.module_path)):
            call = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *paths]
            if run_tests(shlex.join(call), limit)[0] is not TestOutcome.SURVIVED:
                return KILLED
    return SURVIVED


def told(mutant: MutationSpec) -> str:
    """Write a mutant as a line."""
    line, column = mutant.start_pos
    code = Path(mutant.module_path).read_text().splitlines()[line - 1].strip()
    name = mutant.operator_name.removeprefix("core/")
    return f"{mutant.module_path}:{line}:{column} {name}#{mutant.occurrence}: {code}"


def survivors(printed: str) -> set[str]:
    """Return the places of those that survived, as `told` begins with them."""
    lines = (line.split(maxsplit=1) for line in printed.splitlines())
    return {line[1].partition(": ")[0] for line in lines if line[:1] == [SURVIVED]}


def main() -> int:
    """Draw, ask, count."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("paths", nargs="*", metavar="PATH", default=list(PATHS))
    parser.add_argument("--count", type=int, default=40, help="places (40), 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=300, help="seconds a mutant may take (300)")
    parser.add_argument(
        "--again", type=Path, metavar="FILE", help="those alone that survived in what a run printed"
    )
    asked = parser.parse_args()
    again = None if asked.again is None else survivors(asked.again.read_text())
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT
    )
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    counts: dict[str, Counter[str]] = {}
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as copy:
        for name in filter(None, os.fsdecode(listed).split("\0")):
            if (ROOT / name).is_file():
                Path(copy, name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, Path(copy, name))
        os.chdir(copy)
        os.environ.update(PYTHONPATH=copy, PYTHONDONTWRITEBYTECODE="1")
        rng = Random(asked.seed)
        if again is None:
            found = list(places(asked.paths).values())
            drawn = rng.sample(found, asked.count) if 0 < asked.count < len(found) else found
        else:
            known = places(sorted({line.partition(":")[0] for line in again})).values()
            found = [
                [m] for mutants in known for m in mutants if told(m).partition(": ")[0] in again
            ]
            drawn = found
        for mutants in drawn:
            mutant = rng.choice(mutants)
            what = answer(mutant, asked.limit)
            package = "/".join(Path(mutant.module_path).parts[1:-1])
            counts.setdefault(package, Counter())[what] += 1
            print(f"{what:<10} {told(mutant)}", flush=True)
    print(f"\n{len(found)} places, {len(drawn)} drawn, {time.monotonic() - begun:.0f} s\n")
    print("| package | mutants | killed |\n|---|---|---|")
    for package, of in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        print(f"| {package} | {of[KILLED] + of[SURVIVED]} | {of[KILLED]} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
