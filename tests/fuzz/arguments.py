"""Bad arguments: every option of every command, as the parser declares it, with values that nobody should give.

A new command or option is found by itself. Left out is what would leave this machine or never end, see `NOT_HERE`.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz import corpus
from tests.fuzz.arena import Call
from tests.fuzz.texts import weights

__all__ = ["calls", "cases"]

NOT_HERE = {"--cluster", "--install-completion", "--show-completion"}
"""They call other machines, or write to a shell's files."""
COUNTS = {"--steps", "--epochs", "--classes", "--depth"}
"""What is done so often: a billion is no error, but takes a while."""

ODD = ("", " ", "0", "-1", "1", "2", "-0", "00", "1e30", "1" + "0" * 30, "-1" + "0" * 30, "9" * 400, "nan", "inf", "-inf",
       "1e999", "1e-999", "0.5", ".", "-", "--", "x", "٣", "½", "3x", "x3", "3x3", "3×3", "0x3", "3x0", "3x-1",
       "3x3x3x3x3x3", "1/2", "/", "0/1x0/1", "1/2/3", ";", ",", "1;2,3", "0 1; 2", "\0", "\n", "\t", "[bold]", "[/]",
       "\x1b[31m", "\u202e", "\udcff", "{stem}", "{", "}", "{}", "%s", "$HOME", "~", "*", "../..", "/", "/dev/null/x", "-k",
       "True", "None", "0b1", "1_000", "１", "99999999999x99999999999", "1" * 300 + "x1", "@90", "sobel-x@7", "box:0",
       "gaussian:1e9", "gaussian:-1", "disk:1e300", "identity:99999999", "box:99999x99999", "0/99999999999")  # fmt: skip
"""Values for any option."""
_SIZES = ("1", "2", "3", "2x2", "3x1", "1x2")
_FIT = {
    "--input-size": ("6x8", "224", "1x28x28", "3x9x9"),
    "-n": ("6x8", "224", "1x28x28", "3x9x9"),
    "--input": ("1x28x28", "3x64x64"),
    "--padding": ("0", "1", "2x1", "0/1", "same", "same-lower", "full", "causal", "valid"),
    "--total-padding": ("0", "1", "2", "3x2"),
    "--border": ("zero", "constant", "reflect", "mirror", "nearest", "wrap", "edge"),
    "--method": (
        "sobel",
        "canny",
        "log",
        "diff",
        "kirsch",
        "roberts",
        "lstsq",
        "sgd",
        "he",
        "max",
        "avg",
    ),
    "--mode": ("max", "avg", "min"),
    "--format": ("csv", "json", "npy", "png", "table", "auto"),
    "--range": ("clip", "abs", "stretch", "offset"),
    "--axis": ("x", "y", "both"),
    "--threshold": ("otsu", "0.1", "0.5", "3"),
    "--layout": ("chw", "hwc"),
    "--code": ("torch",),
    "--count": ("bias,bn", "pool", "act"),
    "--max-memory": ("1M", "500K", "2G"),
    "--max-pixels": ("1", "1000", "100000"),
    "--jobs": ("1",),
    "--features": ("conv1", "conv2"),
    "--receptive-field": ("0,0", "3,3"),
    "--out": ("7", "112", "3x3"),
    "--kernel": (
        "1",
        "2",
        "3x3",
        "1x2",
        "box",
        "sobel-x",
        "gaussian:1.5",
        "0 1; 2 3",
        "1 -1",
        "./bars.csv",
    ),
}
"""Values that an option takes; where it is not named here, one of `_NUMBERS`."""
_NUMBERS = ("1", "2", "3", "10", "0.5", "0.1", "0")
ODD_NAMES = ("a b.csv", "[red]x[/].csv", "\x1b[31m.csv", "-x.csv", "line\nend.csv", "\udcff\udcfe.csv", "'\".csv", "x" * 250,
             "\u202e.csv", "名前.csv", "{stem}.csv")  # fmt: skip
"""Names of files that are there."""
MISSING = (
    "none.csv",
    "",
    "/",
    "..",
    "none/x.csv",
    "x" * 5000,
    "\0",
    "/dev/null",
    "/proc/self/mem",
    "bars.csv/x",
)
OUTPUTS = ("o.png", "o.csv", "o.npy", "o/", "none/o.png", "-", "o.xyz", "{stem}.csv", "{x}.csv", "/dev/full", "/dev/null",
           "bars.csv", ".", "\x1b[31m.png", "o\udcff.csv", "", "a/b/c/", "x" * 300 + ".csv")  # fmt: skip
TABLE = b"1,2,3,4\n5,6,7,8\n9,8,7,6\n5,4,3,2\n"


@cache
def _files() -> dict[str, bytes]:
    made = dict(corpus.made())
    found = {name: made[name] for name in ("grey.png", "rgba.png", "float.tif")}
    found |= {
        "bars.csv": TABLE,
        "l.txt": b"conv:6,k3 relu gap flatten linear:10\n",
        "w.npz": weights("npz"),
    }
    return found | dict.fromkeys(ODD_NAMES, TABLE)


@cache
def _commands() -> dict[tuple[str, ...], list[Any]]:
    """The parameters of every command, by its words."""
    import typer

    from convcli import cli

    root = typer.main.get_command(cli.app)
    context = root.make_context("convcli", [], resilient_parsing=True)
    found = {}
    for name in cli.COMMANDS:
        command = root.get_command(context, name)
        if name in cli.GROUPS:
            inner = command.make_context(name, [], resilient_parsing=True)
            for word in cli.GROUPS[name]:
                found[name, word] = command.get_command(inner, word).params
        else:
            found[name,] = command.params
    return found


@st.composite
def calls(draw: Any) -> Call:
    """One call: some of a command's options with odd and fitting values, some operands; or other words."""
    words = draw(st.sampled_from(sorted(_commands())))
    options = [
        p for p in _commands()[words] if p.opts[0].startswith("-") and not NOT_HERE & {*p.opts}
    ]
    argv = list(words)
    names = st.sampled_from([*_files(), "-"])
    if words[0] == "net" and words[1] not in ("list",):
        names = st.sampled_from(
            ["lenet", "l.txt", "w.npz", "resnet18", *_files(), "torchvision/alexnet"]
        )
        argv.append(draw(names))
    count = 2 if words == ("learn",) else draw(st.sampled_from((1, 1, 1, 1, 2, 0)))
    operand = names if draw(st.integers(0, 5)) else st.one_of(names, st.sampled_from(MISSING))
    operands = draw(st.lists(operand, min_size=count, max_size=count))
    if words == ("kernels",):
        operands = [draw(st.sampled_from((*_FIT["--kernel"], *ODD)))] * count
    if words == ("net", "list") or (words == ("shape",) and draw(st.booleans())):
        operands = []
    # an operand may begin with a dash: without `--` it is an option, and an unknown one
    argv += ["--", *operands] if draw(st.booleans()) and len(operands) < 2 else operands
    chosen: list[str] = []
    if words in (("corr",), ("pool",)) and draw(st.integers(0, 9)):
        chosen += ["-k", draw(st.sampled_from(_FIT["--kernel"] if words == ("corr",) else _SIZES))]
    if words == ("shape",) and draw(st.integers(0, 9)):
        chosen += ["-n", draw(st.sampled_from(_FIT["-n"])), "-k", draw(st.sampled_from(_SIZES))]
    wild = draw(st.sampled_from((0, 0, 2, 9)))
    for option in draw(st.lists(st.sampled_from(options), max_size=4)) if options else []:
        chosen.append(draw(st.sampled_from(option.opts)))
        if getattr(option, "is_flag", False):
            continue
        odd = ODD if not COUNTS & {*option.opts} else tuple(o for o in ODD if len(o) < 3)
        fit = next((values for name, values in _FIT.items() if name in option.opts), _NUMBERS)
        if "--kernel" in option.opts and words != ("corr",):
            fit = _SIZES
        if {"--output", "--log"} & {*option.opts}:
            fit = odd = OUTPUTS
        elif "FILE" in str(option.metavar):
            fit, odd = (*_files(), "-"), MISSING
        strange = draw(st.integers(0, 9)) < wild
        value = draw(
            st.one_of(st.sampled_from(odd), st.text(max_size=8))
            if strange
            else st.sampled_from(fit)
        )
        if draw(st.integers(0, 40)):  # else it is missing
            chosen.append(value)
    at = len(words) if "--" in argv else len(argv)
    argv[at:at] = chosen
    if draw(st.integers(0, 20)) == 0:
        argv.insert(draw(st.integers(0, len(argv))), draw(st.sampled_from(ODD)))
    if {"--jobs", "--files-from", "-r", "--recursive"}.isdisjoint(argv) and words[0] in (
        "corr",
        "edge",
        "pool",
    ):
        argv[1:1] = ["--jobs", "1"]
    # no system hands a null byte over
    return Call(
        tuple(a.replace("\0", "") for a in argv),
        _files(),
        TABLE,
        seconds=90 if words[-1] in ("demo", "train") else 20,
    )


def cases(count: int, number: int) -> Iterator[Call]:
    """So many calls."""
    found: list[Call] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(calls())
    def collect(call: Call) -> None:
        found.append(call)

    collect()
    yield from found
