"""`convcli shape`: output sizes of one layer or a chain, and the inverse."""

from convcli import options
from convcli.commands.drawing import DrawOptions
from convcli.commands.shape.flags import ShapeOptions, mode_of
from convcli.engine.errors import ConvError

__all__ = ["EXAMPLES", "kinds", "shape"]

EXAMPLES = (
    "convcli shape -n 224x224 -k 7 -p 3 -s 2        # 112x112",
    "convcli shape -n 224 --out 56                  # the layers that do it",
    "convcli shape -n 3x224x224 conv:64,k7,s2,p3 '2*( bn relu conv:64,k3 )'",
)


@options.takes(defaults={"padding": "0", "stride": "1", "dilation": "1"})
def shape(asked: ShapeOptions, drawn: DrawOptions) -> None:
    """Output size of a layer or a chain of layers; parameters, receptive field.

    Layers: {kinds}
    with ,sS ,pP ,dD ,gG ,opO ,nobias ,ceil ,pad where they make sense;
    3*( … ), residual, concat, multiply( … | … ), block = ( … ), in quotes.
    A table on a terminal; in a pipe the size alone, a chain as CSV.
    """
    # each question has a module of its own, loaded when it is asked: the short ones stay quick
    mode = mode_of(asked)
    if mode != "one" and drawn.draw is not None:
        raise ConvError(
            "--draw: goes with one operation, -n and -k (networks: net draw)", usage=True
        )
    figure = drawn.figure(force=asked.force)
    match mode:
        case "one":
            from convcli.commands.shape.single import run
        case "chain":
            from convcli.commands.shape.chain import run
        case "inputs":
            from convcli.commands.shape.inputs import run
        case "inverse":
            from convcli.commands.shape.inverse import run
        case _:
            from convcli.commands.shape.csv_rows import run
    if figure is not None:
        from convcli.commands.shape.single import draw

        draw(asked, figure, drawn.at)
    run(asked)


def kinds() -> str:
    """Name the kinds of layers for the help, with what each of them needs."""
    from textwrap import fill

    from convcli.nets.architecture.kinds import KINDS, usage

    return fill(" ".join(usage(kind, short=True) for kind in KINDS), 70)
