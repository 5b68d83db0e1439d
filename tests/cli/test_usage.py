"""What all commands have in common: help, version, the nearest name, --debug, examples that run."""

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import convcli as package
from convcli.cli import COMMANDS, GROUPS
from convcli.files.bundled_samples import copy_samples
from convcli.nets.architecture.kinds import KINDS
from convcli.options import RARER
from tests.conftest import IN_SHELL, SAMPLES

CALLS = (
    *COMMANDS,
    *(f"{group} {name}" for group, names in GROUPS.items() for name in names),
)
"""Every command, `net show` as two words."""


def module(call):
    return import_module(f"convcli.commands.{call.replace(' ', '.')}")


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("call", CALLS)
def test_help_of_every_command(convcli, call, flag):
    done = convcli(*call.split(), flag)
    assert (done.status, done.err) == (0, "")
    assert f"Usage: convcli {call}" in done.text
    examples = done.text.partition(" Examples:\n")[2].splitlines()
    assert [line.strip() for line in examples if line.strip()] == list(module(call).EXAMPLES)


@pytest.mark.parametrize("call", CALLS)
def test_every_command_has_examples_that_fit_a_line(call):
    examples = module(call).EXAMPLES
    assert len(examples) >= 3
    assert [e for e in examples if len(e) > 77 or "convcli " not in e] == []


@pytest.mark.parametrize("call", [call for call in CALLS if call not in GROUPS])
def test_a_help_is_one_sentence_groups_of_options_and_what_a_pipe_gets(convcli, call):
    text = convcli(*call.split(), "-h").text
    _, usage, sentence, *told = re.split(r"\n\s*\n", "\n\n" + text.partition("╭")[0])
    assert usage.strip().startswith("Usage:")
    assert re.fullmatch(r"[^.]+\.", sentence.strip())
    assert "─ Options ─" not in text
    assert re.search(r"\bpipe\b", " ".join(told))
    assert len(text.splitlines()) <= 72


LONG = ("net train", "net eval")
"""Calls whose examples train."""


@pytest.mark.parametrize(
    "call", [pytest.param(c, marks=[pytest.mark.full] if c in LONG else []) for c in CALLS]
)
def test_examples_run_on_what_an_installation_carries(call, tmp_path):
    here = tmp_path / "samples"
    copy_samples(here)
    tools = Path(sys.executable).parent
    for example in module(call).EXAMPLES:
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {example}"],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=900,  # a training may share its cores with much else
            env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        )
        assert done.returncode == 0, done.stderr
        _, _, promised = example.partition("  # ")
        if promised.strip().replace("x", "").isdigit():
            assert done.stdout.strip() == promised.strip()


def test_the_help_of_shape_names_every_kind_of_layer_and_the_quotes(convcli):
    text = convcli("shape", "-h").text
    assert [kind for kind in KINDS if kind not in text] == []
    assert "quotes" in text


@pytest.mark.parametrize("call", [c for c in CALLS if c not in GROUPS])
def test_help_fits_a_screen(convcli, monkeypatch, call):
    monkeypatch.setenv("COLUMNS", "100")
    assert len(convcli(*call.split(), "-h").text.splitlines()) <= 50


def test_the_lists_of_commands_say_what_their_help_begins_with(convcli):
    for group, commands in (("", COMMANDS), *GROUPS.items()):
        listed = " ".join(convcli(*group.split(), "--help").text.split())
        for name, summary in commands.items():
            assert f" {name} {summary}" in listed
            own = " ".join(convcli(*group.split(), name, "--help").text.split())
            assert summary in own, name


@pytest.mark.parametrize("call", CALLS)
def test_help_all_shows_what_help_leaves_out(convcli, call):
    short, full = (convcli(*call.split(), flag).text for flag in ("--help", "--help-all"))
    for panel in RARER:
        assert f"\n{panel}:\n" not in short
    left_out = {panel for panel in RARER if f"\n{panel}:\n" in full}
    read = set(RARER) - {"Figure"}
    expected = {"corr": set(RARER), "edge": read, "pool": set(RARER), "shape": {"Figure"}}
    assert left_out == expected.get(call, left_out)
    assert ("--help-all" in short) == bool(left_out)


@pytest.mark.parametrize("call", [[], ["-h"], ["--help"]])
def test_help_lists_the_commands(call, convcli):
    done = convcli(*call)
    assert done.status == (0 if call else 2)
    assert [name for name in COMMANDS if name not in done.text] == []


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version(convcli, flag):
    done = convcli(flag)
    assert (done.status, done.text, done.err) == (0, f"convcli {package.__version__}\n", "")


def test_an_unknown_command_suggests_the_nearest(convcli):
    done = convcli("shap", "-n", "8")
    assert (done.status, done.text) == (2, "")
    assert done.err == (
        f"convcli: error: unknown command 'shap', did you mean 'shape'? known: {', '.join(COMMANDS)}\n"
    )


def test_an_unknown_option_is_told_with_where_help_is(convcli):
    done = convcli("shape", "-n", "8", "-k", "3", "--jsno")
    assert done.status == 2
    assert done.err.startswith("convcli: error: No such option: --jsno")
    assert done.err.endswith("(see convcli shape --help)\n")


@pytest.mark.parametrize("at", [0, 1, 5])
def test_debug_shows_the_traceback_wherever_it_stands(process, at):
    call = ["shape", "-n", "4", "-k", "5"]
    call.insert(at, "--debug")
    done = process(*call)
    assert done.returncode == 1
    assert b"Traceback" in done.stderr
    assert b"ConvError: kernel 5 does not fit" in done.stderr


def test_without_debug_one_line(process):
    done = process("shape", "-n", "4", "-k", "5")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.count(b"\n") == 1


def test_a_closed_standard_output_is_survived(tmp_path):
    done = subprocess.run(
        f"{IN_SHELL} shape -n 8 -k 3 >&-",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr
    assert "a bug" not in done.stderr


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("corr x.csv", "--kernel: missing, as in: convcli corr matrix.csv -k '0 1; 2 3'"),
        ("net show", "NAME|FILE: missing, as in: convcli net show lenet"),
        (
            "net init lenet",
            "--output: missing, as in: convcli net init lenet --seed 1 -o lenet.npz",
        ),
    ],
)
def test_what_is_missing_is_shown_in_an_example(convcli, call, told):
    done = convcli(*call.split())
    command = " ".join(call.split()[: 2 if call.startswith("net") else 1])
    assert (done.status, done.out) == (2, b"")
    assert done.err == f"convcli: error: {told} (see convcli {command} --help)\n"


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_while_python_still_imports_is_silent(name, status):
    code = f"import convcli.__main__, os, signal, time; os.kill(os.getpid(), signal.{name}); time.sleep(9)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")


def test_an_ignored_interrupt_stays_ignored():
    """As for what a script starts in its background, or nohup."""
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "import convcli.__main__ as m, convcli.cli as c, os, sys\n"
        "c.run = lambda argv: os.kill(os.getpid(), signal.SIGINT) or 0\nm.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_notes_never_get_into_the_data_when_standard_error_is_closed():
    line = f"exec {IN_SHELL} corr {shlex.quote(str(SAMPLES))}/bars.png -k '1 -1' -o - 2>&-"
    with_notes = subprocess.run(
        line.replace("2>&-", ""), shell=True, capture_output=True, check=True
    )
    without = subprocess.run(line, shell=True, capture_output=True, check=True)
    assert with_notes.stderr.startswith(b"convcli: ")
    assert without.stdout == with_notes.stdout
