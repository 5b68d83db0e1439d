"""`convcli learn`: which kernel was applied here, and how sure is that."""

from contextlib import nullcontext
from dataclasses import replace

import typer

from convcli import options
from convcli.commands.learn.flags import LearnOptions

__all__ = ["EXAMPLES", "learn"]

EXAMPLES = (
    "convcli learn  # the chapter's exercise",
    "convcli corr camera.png -k box -o y.png && convcli learn camera.png y.png",
    "convcli corr bars.csv -k '1 -1' | convcli learn bars.csv - -k 1x2 --json",
)


@options.takes()
def learn(asked: LearnOptions) -> None:
    """Learn the kernel that makes Y from X by corr, and say how sure that is.

    The kernel prints (a table on a terminal, CSV in a pipe), the rest goes to
    standard error. Alone, it is the chapter's exercise: [1, -1] from bars of
    6x8 and their edges, in 20 steps of descent.
    """
    from convcli.commands.learn import inputs, report
    from convcli.commands.progress import StopRequest, say, stopping, watch
    from convcli.engine.learning import learning
    from convcli.files.operands import Reading

    if asked.method is None:
        asked = replace(asked, method="sgd" if asked.alone else "lstsq")
    asked.check()
    if asked.alone and asked.method == "sgd" and asked.lr is None:
        asked = replace(asked, lr=0.03)
    name = "bars" if asked.alone else (asked.files or ["pairs"])[0]
    inputs.check(name, asked.request, asked.log)
    examples, pictured = (
        inputs.exercise()
        if asked.alone
        else inputs.read_examples(asked.files or [], asked.pairs, Reading(layout=asked.layout))
    )
    stopped = StopRequest()
    work = learning(
        examples,
        asked.size or ((1, 2) if asked.alone else None),
        asked.layer(pictured=pictured),
        method=asked.method or "",
        bias=asked.bias,
        ridge=asked.ridge,
        holdout=asked.holdout,
        descent=asked.descent,
        stop=lambda: stopped.status is not None,
    )
    can_stop = stopping(stopped) if asked.method == "sgd" else nullcontext()
    with report.logging(asked.log, force=asked.force) as losses, can_stop:
        learned = watch(work)
        losses += learned.losses
    steps = len(learned.losses)
    every = max(2, steps // 10) if asked.alone else None
    report.show(name, learned, asked.request, as_json=asked.json, every=every)
    if stopped.status is not None:
        say(f"convcli: stopped after step {steps} of {asked.descent.steps}")
        raise typer.Exit(stopped.status)
