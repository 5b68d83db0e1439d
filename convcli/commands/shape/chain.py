"""`convcli shape -n CxHxW LAYERS…`: a chain of layers, counted."""

import csv
import json
import sys
from collections.abc import Sequence

from convcli.commands.layer_table import layer_cells, print_layers, receptive_field, shared
from convcli.commands.shape.flags import ShapeOptions
from convcli.commands.tables import table_form
from convcli.engine.errors import ConvError, one_of, printable
from convcli.engine.sizes.notation import doubt_about, spelled_out
from convcli.files.text import read_text
from convcli.nets.architecture.counts import COUNTED, rule, summed
from convcli.nets.architecture.parser import read_chain
from convcli.nets.architecture.steps import Step, program
from convcli.nets.architecture.summary import WINDOWS, csv_rows, json_object

__all__ = ["run"]

_SEEN = ("rf", "jump", "start")


def run(asked: ShapeOptions) -> None:
    """Read the layers, count them, show them."""
    if asked.n is None:
        _check_name(asked.layers or [])
        raise ConvError("--input: missing, the chain needs C, CxL, CxHxW or CxDxHxW", usage=True)
    if asked.file and asked.layers:
        raise ConvError("--layers: got layers in the call as well, one is allowed", usage=True)
    form = table_form(asked.format, asked.as_json)
    also = [name.strip() for name in (asked.count or "").split(",") if name.strip()]
    for name in also:
        if name not in COUNTED:
            raise one_of("--count", name, COUNTED)
    if asked.file:
        net = read_chain(read_text(asked.file), name=asked.file)
    else:
        net = read_chain(" ".join(asked.layers or []))
    doubt = doubt_about(asked.n)
    try:
        steps = program(net, asked.n)
    except ConvError as error:
        found = ConvError(f"{error} (--input {doubt})", usage=error.usage) if doubt else error
        raise found.about(printable(asked.file)) if asked.file else found from error
    if doubt:
        print(f"convcli: note: --input {doubt}", file=sys.stderr)
    if asked.code:
        from convcli.nets.architecture.torch_code import chain_code

        print(chain_code(net, asked.n), end="")
    elif form == "json":
        print(json.dumps(_record(asked, steps, also)))
    elif form != "csv":
        title = f"input {spelled_out(asked.n)}"
        _show(title, steps, also, flops=asked.flops, markdown=form == "md")
    else:
        work = ("params", "macs", *_SEEN, *["flops"] * asked.flops)
        keys = ("layer", "output", *work, *WINDOWS)
        csv.writer(sys.stdout, lineterminator="\n").writerows(csv_rows(steps, keys, also))


def _check_name(layers: Sequence[str]) -> None:
    """Refuse the name of a network, which is no layer."""
    from convcli.nets.zoo import NETWORKS

    named = [n for n in NETWORKS if layers and n.rpartition("/")[2] == layers[0]]
    if named:
        raise ConvError(
            f"LAYER: {layers[0]} is a network, convcli net show {named[0]} shows it", usage=True
        )


def _record(asked: ShapeOptions, steps: Sequence[Step], also: Sequence[str]) -> dict[str, object]:
    work = ("params", "macs", *["flops"] * asked.flops)
    keys = ("layer", "kind", "output", *work, *_SEEN)
    return {
        "input": list(asked.n or ()),
        "input_text": spelled_out(asked.n or ()),
        "layers": [json_object(step, keys, also) for step in steps],
        "totals": json_object(summed(steps), (*work, "buffers", "activations"), also),
    }


def _show(
    title: str, steps: Sequence[Step], also: Sequence[str], *, flops: bool, markdown: bool
) -> None:
    """Print a row a layer, the totals, and the rule they were counted by."""
    total = layer_cells(summed(steps), also, flops=flops)
    rows = [
        {"#": step.number, "layer": "  " * len(step.path) + step.text}
        | layer_cells(step, also, flops=flops)
        for step in steps
    ]
    foot = [
        rule(also, flops=flops),
        "bytes: the output as float32. rf, jump, start: input rows that a unit sees, from one "
        "unit to the next, and where the first begins.",
    ]
    for step in [step for step in steps if step.fields is not None][-1:]:
        seen = f"{receptive_field(step)}, jump {shared(step.jump)}"
        foot.insert(0, f"{seen}, after layer {step.number} ({step.text}).")
    styles = {"#": "dim", "output": "bold"}
    columns = ["#", "layer", *total]
    print_layers(columns, rows, total, title=title, foot=foot, styles=styles, markdown=markdown)
