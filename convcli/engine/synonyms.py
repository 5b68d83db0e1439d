"""What other tools call the things that have a name here. Only an error loads this."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["MEANT", "nearest"]

_LIKENESS = 0.66
"""Of two names, from which one may have been mistyped for the other (difflib's ratio)."""

MEANT: dict[str, tuple[str, ...]] = {
    # commands
    "convolve": ("corr",), "convolution": ("corr", "conv"), "correlate": ("corr",), "filter": ("corr",),
    "filter2d": ("corr",), "blur": ("gaussian", "box", "corr"), "edges": ("edge",), "canny": ("edge",),
    "fit": ("learn", "train"), "size": ("shape",), "summary": ("show",), "info": ("show",), "classify": ("predict",),
    "test": ("eval",), "evaluate": ("eval",), "manual": ("help",), "man": ("help",),
    # kernels
    "mean": ("avg", "box"), "average": ("avg", "box", "avgpool"), "sobel": ("sobel-x", "sobel-y"),
    "scharr": ("scharr-x", "scharr-y"), "prewitt": ("prewitt-x", "prewitt-y"), "roberts": ("roberts-x", "roberts-y"),
    "farid": ("farid-x", "farid-y"), "gauss": ("gaussian",), "unsharp": ("sharpen",), "outline": ("laplacian",),
    "laplace": ("laplacian",), "pillbox": ("disk",), "circle": ("disk",), "uniform": ("box",), "delta": ("identity",),
    # windows
    "maximum": ("max",), "minimum": ("min",), "erode": ("min",), "erosion": ("min",), "dilate": ("max",),
    "dilation": ("max",), "rank": ("percentile",), "quantile": ("percentile",), "square": ("box",), "rect": ("box",),
    "zeros": ("zero",), "zero-padding": ("zero",), "clamp": ("nearest",), "replicated": ("nearest",),
    "periodic": ("wrap",), "border": ("nearest",), "no": ("valid",), "none": ("valid", "zero"),
    "same-upper": ("same",), "same_upper": ("same",), "same_lower": ("same-lower",), "half": ("same",),
    # layers
    "fc": ("linear",), "dense": ("linear",), "gemm": ("linear",), "batchnorm": ("bn",), "batchnorm2d": ("bn",),
    "batch_norm": ("bn",), "conv2d": ("conv",), "conv1d": ("conv",), "conv3d": ("conv",), "depthwise": ("dwconv",),
    "deconv": ("convt",), "convtranspose": ("convt",), "transposed": ("convt",), "max": ("maxpool",),
    "maxpool2d": ("maxpool",), "avg": ("avgpool",), "avgpool2d": ("avgpool",), "pool": ("maxpool", "avgpool"),
    "globalavgpool": ("gap",), "adaptiveavgpool": ("adaptive",), "drop": ("dropout",), "localresponsenorm": ("lrn",),
    "add": ("residual",), "skip": ("residual",), "cat": ("concat",),
    # results and files
    ".txt": (".csv",), ".dat": (".csv",), ".tsv": (".csv",), ".npz": (".npy",), ".jpeg2000": (".png",),
    "text": ("csv",), "txt": ("csv",), "markdown": ("md",), "numpy": ("npy",),
    "adamw": ("adam",), "least-squares": ("lstsq",), "ols": ("lstsq",), "gd": ("sgd",), "descent": ("sgd",),
}  # fmt: skip
"""The names here, by theirs; those count that can be chosen where the question is asked."""


def nearest(got: str, names: Iterable[str]) -> list[str]:
    """Return the names that were probably meant, the likeliest first.

    >>> nearest("blur", ["box", "gaussian"]), nearest("refelct", ["zero", "reflect"])
    (['gaussian', 'box'], ['reflect'])
    >>> nearest("resnet50", ["resnet18", "torchvision/resnet50"]), nearest("xyz", ["zero"])
    (['torchvision/resnet50'], [])
    """
    low, known = got.strip().lower(), list(names)
    return (
        [name for name in MEANT.get(low, ()) if name in known]
        or [name for name in known if name.endswith(f"/{low}")]
        or get_close_matches(low, known, n=1, cutoff=_LIKENESS)
    )
