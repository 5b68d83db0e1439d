"""`convcli net predict`: what a network answers, and what it sees on the way."""

from convcli import options
from convcli.commands.net.options import PredictOptions

__all__ = ["EXAMPLES", "net_predict"]

EXAMPLES = (
    "convcli net init lenet -o w.npz && convcli net predict w.npz camera.png",
    "convcli net predict w.npz camera.png --features conv1 -o maps.png",
    "convcli net predict w.npz camera.png --receptive-field 3,3",
)


@options.takes()
def net_predict(asked: PredictOptions) -> None:
    """Classify pictures and arrays, or draw a layer's feature maps and receptive fields.

    Pictures are resized, cropped and normalised as the network expects;
    arrays go in as they are. Answers print (a table on a terminal, CSV in a
    pipe), drawings are written and their name is printed.
    """
    from convcli.commands.net.prediction import predict  # help needs the options alone

    predict(asked)
