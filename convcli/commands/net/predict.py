"""`convcli net predict`: what a network answers, and what it sees on the way."""

import typer

from convcli import options
from convcli.commands import predict_options as own
from convcli.commands._drawing import draw_features, draw_field
from convcli.commands._predicting import answer, read_labels, show
from convcli.commands.net import options as net_options
from convcli.commands.net.choose import Asked
from convcli.commands.net.load import load_network
from convcli.commands.output import Request
from convcli.engine.errors import ConvError
from convcli.files.operands import Reading, check_single_stdin, load
from convcli.files.pictures.picture import MAX_PIXELS

__all__ = ["EXAMPLES", "net_predict"]

EXAMPLES = (
    "convcli net init lenet -o w.npz && convcli net predict w.npz camera.png",
    "convcli net predict w.npz camera.png --features conv1 -o maps.png",
    "convcli net predict w.npz camera.png --receptive-field 3,3",
)


def net_predict(
    name: own.Name,
    inputs: own.Inputs,
    file: own.Weights = None,
    size: own.Size = None,
    classes: net_options.Classes = None,
    top: own.Top = 5,
    labels: own.Labels = None,
    mean: own.Mean = None,
    std: own.Std = None,
    resize: own.Resize = None,
    crop: own.Crop = None,
    features: own.Features = None,
    field: own.Field = None,
    output: options.Output = None,
    force: options.Force = False,
    format: options.Format = "auto",
    as_json: options.JsonFlag = False,
    allow_nan: options.AllowNan = False,
    layout: options.Layout = None,
    max_pixels: options.MaxPixels = MAX_PIXELS,
) -> None:
    """Classify pictures and arrays, or draw a layer's feature maps and receptive fields.

    Pictures are resized, cropped and normalised as the network expects;
    arrays go in as they are. Answers print (a table on a terminal, CSV in a
    pipe), drawings are written and their name is printed.
    """
    check_single_stdin(*inputs)
    asked = Asked(size, classes, mean, std, resize, crop)
    command = "field" if field else "features" if features else "predict"
    request = Request(command, output, "json" if as_json else format, force)
    drawing = features is not None or field is not None
    if drawing and len(inputs) > 1:
        raise ConvError(f"--features: got {len(inputs)} inputs, one is allowed", usage=True)
    loaded = load_network(name, file, asked)
    reading = Reading(allow_nan, layout, max_pixels)
    if field is not None:
        draw_field(loaded, load(inputs[0], reading), features, field, request)
    elif features is not None:
        draw_features(loaded, load(inputs[0], reading), features, request)
    else:
        count = loaded.chosen.steps[-1].activations
        names = read_labels(labels, count) if labels else loaded.labels
        answers, whole = answer(loaded, inputs, reading)
        show(answers, names if names and len(names) == count else None, request, top)
        if not whole:
            raise typer.Exit(1)
