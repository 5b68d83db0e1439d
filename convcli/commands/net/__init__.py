"""`convcli net`: the chapter's networks, and others, as tables and at work."""

__all__ = ["EXAMPLES"]

EXAMPLES = (
    "convcli net list",
    "convcli net show torchvision/resnet50 --depth 1",
    "convcli net train lenet digits.csv.gz --holdout 0.2 --epochs 2",
    "convcli net eval lenet.npz digits.csv.gz",
    "convcli net predict lenet.npz camera.png",
)
