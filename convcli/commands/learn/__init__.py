"""`convcli learn`: which kernel was applied here, and how sure is that."""

from convcli import options
from convcli.commands.learn import flags as own
from convcli.commands.learn import inputs, report
from convcli.commands.output import Request
from convcli.commands.progress import watch
from convcli.engine.learning import learning
from convcli.engine.learning.examples import Layer
from convcli.engine.sizes.geometry import Padding
from convcli.files.operands import Reading

__all__ = ["EXAMPLES", "learn"]

EXAMPLES = (
    "convcli learn  # the chapter's exercise",
    "convcli corr camera.png -k box -o y.png && convcli learn camera.png y.png",
    "convcli corr bars.csv -k '1 -1' | convcli learn bars.csv - -k 1x2 --json",
)


def learn(
    files: own.Files = None,
    pairs: own.Pairs = None,
    size: own.Size = None,
    method: own.Method = None,
    bias: own.Bias = False,
    ridge: own.Ridge = 0.0,
    holdout: own.Holdout = 0.0,
    lr: own.Rate = None,
    steps: own.Steps = None,
    momentum: own.Momentum = None,
    batch: own.Batch = None,
    seed: own.Seed = None,
    log: own.Log = None,
    padding: options.PaddingOption = None,
    total: options.TotalPadding = None,
    stride: options.Stride = None,
    dilation: options.Dilation = None,
    border: options.Border = None,
    value: options.Value = 0.0,
    output: options.Output = None,
    force: options.Force = False,
    format: options.Format = "auto",
    as_json: options.JsonFlag = False,
    layout: options.Layout = None,
) -> None:
    """Learn the kernel that makes Y from X by corr, and say how sure that is.

    The kernel prints (a table on a terminal, CSV in a pipe), the rest goes to
    standard error. Alone, it is the chapter's exercise: [1, -1] from bars of
    6x8 and their edges, in 20 steps of descent.
    """
    alone = not files and pairs is None
    method = method or ("sgd" if alone else "lstsq")
    if alone and method == "sgd" and lr is None:
        lr = 0.03
    descent = inputs.descent_of(method, lr, steps, momentum, batch, seed, log)
    as_json = as_json or format == "json"
    request = Request("learn", output, "auto" if as_json else format, force, how="stretch")
    name = (files or ["pairs"])[0] if not alone else "bars"
    inputs.check(name, request, log)
    examples, pictured = (
        inputs.exercise() if alone else inputs.given(files or [], pairs, Reading(layout=layout))
    )
    layer = Layer(
        options.padding_of(padding, total, Padding("same" if pictured else "valid")),
        stride or 1,
        dilation or 1,
        border or ("reflect" if pictured else "zero"),
        value,
    )
    work = learning(
        examples,
        size or ((1, 2) if alone else None),
        layer,
        method=method,
        bias=bias,
        ridge=ridge,
        holdout=holdout,
        descent=descent,
    )
    with report.logging(log, force=force) as losses:
        learned = watch(work)
        losses += learned.losses
    report.show(name, learned, request, as_json=as_json, every=2 if alone else None)
