"""What a shell is told when it asks how a line goes on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from convcli.cli import COMMANDS, GROUPS, run
from convcli.engine.borders import BORDERS, SYNONYMS
from convcli.engine.edges import DETECTORS
from convcli.engine.kernels import KERNELS
from convcli.engine.pooling import MODES
from convcli.engine.ranges import RANGES
from convcli.nets.architecture.counts import COUNTED
from convcli.nets.architecture.kinds import KINDS
from convcli.nets.zoo import NETWORKS
from convcli.options import FORMATS

TOOLS = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def completed(monkeypatch, capfd):
    """Ask as bash does, at the end of a line; gives the words, and requires that nothing else is said."""

    def ask(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("_CONVCLI_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        with pytest.raises(SystemExit) as stop:
            run([])
        assert stop.value.code == 0
        out, err = capfd.readouterr()
        assert err == ""
        return out.split()

    return ask


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", COMMANDS),
        *((f"{name} ", names) for name, names in GROUPS.items()),
        ("corr x.csv -k ", KERNELS),
        ("kernels ", KERNELS),
        ("corr x.csv -k 1 --border ", [*BORDERS, *SYNONYMS]),
        ("corr x.csv --format ", FORMATS),
        ("corr x.csv --range ", RANGES),
        ("edge x.png -m ", DETECTORS),
        ("edge x.png --axis ", ["x", "y", "both"]),
        ("pool x.csv -m ", MODES),
        ("learn x y -m ", ["lstsq", "sgd"]),
        ("shape ", KINDS),
        ("shape -n 3x8x8 conv:6,k3 ", KINDS),
        ("shape -n 3x8x8 conv:6,k3 --count ", COUNTED),
        ("net show ", NETWORKS),
        ("net init ", NETWORKS),
        ("net predict ", NETWORKS),
        ("net predict lenet a.png --features c", ["conv1", "conv2"]),
        ("net predict none a.png --features ", []),
    ],
)
def test_a_line_is_completed_from_the_registries(completed, line, words):
    assert completed(f"convcli {line}") == list(words)


def test_a_beginning_narrows_the_choice(completed):
    assert completed("convcli corr x.csv -k so") == ["sobel-x", "sobel-y"]
    assert completed("convcli net show torchvision/resnet5") == ["torchvision/resnet50"]
    assert completed("convcli shape -n 3x8x8 maxp") == ["maxpool"]
    assert completed("convcli edge --lay") == ["--layout"]


def test_a_wrong_word_is_met_in_silence(completed):
    completed("convcli nonsense ")
    completed("convcli net nonsense ")
    assert completed("convcli corr x.csv -k nonsense") == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_completes(tmp_path):
    script = (
        'eval "$(convcli --show-completion bash)"; COMP_WORDS=(convcli corr x.csv -k so); COMP_CWORD=4; '
        '_convcli_completion convcli; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=TOOLS, cwd=tmp_path
    )
    assert (done.stdout, done.stderr) == ("sobel-x sobel-y\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(process, shell):
    asked = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = process("--show-completion", shell, env=asked, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_CONVCLI_COMPLETE=complete_{shell}" in done.stdout
    # zsh runs the file as a function named _convcli at the first tab: it has to complete, not only to define how
    assert ('[[ "$funcstack[1]" == _convcli ]]' in done.stdout) == (shell == "zsh")
