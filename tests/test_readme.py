"""The README's `$ convcli …` blocks are run, in a copy of samples/, and what they print is compared."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from convcli.cli import COMMANDS, Exit
from tests.conftest import SAMPLES

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def calls(block):
    """Split a block into pairs of a command and the lines it prints."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield re.sub(r"\s+# .*$", "", command), printed


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0][2:50])
def test_blocks_print_what_the_readme_says(block, tmp_path):
    here = tmp_path / "samples"
    shutil.copytree(SAMPLES, here)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command, printed in calls(block):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=here,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        assert matches(done.stdout.decode(), printed), f"$ {command}\n{done.stdout.decode()}"


def matches(found, printed):
    """Compare line by line; a line `…` stands for any lines."""
    parts = [re.escape(part) for part in re.split(r"^…\n", printed, flags=re.MULTILINE)]
    return re.fullmatch("(?:.*\n)*".join(parts), found) is not None


def test_a_wrong_line_is_noticed():
    assert matches("1\n2\n3\n", "1\n…\n3\n")
    assert not matches("1\n2\n3\n", "1\n…\n4\n")
    assert not matches("1\n2\n", "1\n")


def test_there_are_blocks_for_every_command():
    told = "\n".join(BLOCKS)
    assert len(BLOCKS) >= 4
    for command in COMMANDS:
        assert f"convcli {command}" in told
        assert f"| `{command}`" in README


def test_the_table_of_exit_statuses_is_whole():
    for status in Exit:
        assert f"| {int(status)} " in README


def test_the_test_command_is_what_ci_runs():
    script = (Path(__file__).parent.parent / ".ci" / "run").read_text()
    assert "make test" in README
    assert "make test" in script
