"""`convcli demo`: what it runs, what it leaves behind, and its recording for the README."""

import re
import runpy
import subprocess
import tomllib

import pytest

from convcli.files.bundled_samples import CARRIED
from tests.conftest import IN_SHELL, SAMPLES

ROOT = SAMPLES.parent


def test_it_runs_calls_and_leaves_nothing(process, tmp_path):
    done = process("demo", text=True)
    assert done.returncode == 0
    calls = re.findall(r"^\$ convcli (\w+)", done.stdout, re.MULTILINE)
    assert set(calls) == {"corr", "shape", "edge", "learn", "net"}
    assert "\n19,25\n37,43\n" in done.stdout
    assert "like box:3" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_keeps_its_files_in_a_new_folder(process, convcli, tmp_path):
    assert process("demo", "-o", "tour/x").returncode == 0
    assert {p.name for p in (tmp_path / "tour/x").iterdir()} > {*CARRIED, "camera-edge.png"}
    again = convcli("demo", "-o", "tour/x")
    assert (again.status, again.out) == (1, b"")
    assert again.err == "convcli: error: tour/x: already exists, name a new folder\n"


def test_a_reader_may_go_away(tmp_path):
    call = f"{IN_SHELL} demo | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", call], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[1] == "141"
    assert done.stderr == ""


def test_the_wheel_carries_the_samples():
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    carried = tables["targets"]["wheel"]["force-include"]
    names = (*CARRIED, "chapter.md", "guide")
    assert carried == {f"samples/{name}": f"convcli/samples/{name}" for name in names}


@pytest.mark.full
def test_the_recording_is_not_stale():
    record = runpy.run_path(str(SAMPLES / "record.py"))
    fresh = record["drawn"](record["recorded"]())
    kept = (SAMPLES / "demo.svg").read_text(encoding="utf-8")
    texts = re.compile("<text.*?</text>")  # without the picture: its colours are computed in floats
    assert texts.findall(kept) == texts.findall(fresh)
    assert fresh.count("<path") > 20
