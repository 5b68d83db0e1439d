"""`convcli net`: the chapter's networks, and others, as tables and at work."""

__all__ = ["EXAMPLES", "HELP"]

HELP = "Networks from LeNet to DenseNet: their tables and their answers."
EXAMPLES = (
    "convcli net list",
    "convcli net show torchvision/resnet50 --depth 1",
    "convcli net init lenet -o w.npz && convcli net predict w.npz camera.png",
)
