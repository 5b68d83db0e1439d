"""`convcli net`: the chapter's networks, and others, as tables and at work."""

__all__ = ["EXAMPLES", "HELP"]

HELP = "Networks from LeNet to DenseNet: their tables and their answers."
EXAMPLES = (
    "convcli net list",
    "convcli net show resnet18 --depth 1",
)
