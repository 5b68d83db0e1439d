"""What can be chosen by name, and what help says of each in a few words. No NumPy: help and completion cost no arrays.

The rows themselves are in the registries that the comments name; a test compares.
"""

from collections.abc import Iterable, Mapping

__all__ = [
    "AXES", "BORDERS", "BORDER_SYNONYMS", "DETECTORS", "FOOTPRINTS", "KERNELS", "LAYOUTS", "LEARNING_METHODS", "POOLING_MODES", "RANGES", "choices",
]  # fmt: skip

KERNELS = (
    "identity", "box", "gaussian", "disk", "sharpen", "emboss", "diff-x", "diff-y", "sobel-x", "sobel-y", "scharr-x",
    "scharr-y", "prewitt-x", "prewitt-y", "roberts-x", "roberts-y", "farid-x", "farid-y", "kirsch", "laplacian", "log",
    "dog",
)  # fmt: skip
"""Of `kernels.KERNELS`."""
BORDERS = {
    "zero": "",
    "constant": "--value",
    "reflect": "d c b a | a b c d",
    "mirror": "d c b | a b c d: numpy's and PyTorch's reflect",
    "nearest": "",
    "wrap": "",
}
"""Of `borders.BORDERS`."""
BORDER_SYNONYMS = {
    "symmetric": "reflect",
    "edge": "nearest",
    "replicate": "nearest",
    "circular": "wrap",
    "reflect-101": "mirror",
}
"""Other names of borders, which cannot be misread."""
DETECTORS = {
    "sobel": "sobel:5, sobel:7",
    "scharr": "",
    "prewitt": "",
    "roberts": "",
    "farid": "",
    "kirsch": "",
    "laplacian": "",
    "log": "",
    "diff": "the chapter's",
    "canny": "",
}
"""Of `edges.DETECTORS`."""
AXES = ("x", "y", "both")
"""Of `edges.AXES`."""
POOLING_MODES = {
    "max": "",
    "avg": "",
    "min": "",
    "sum": "",
    "median": "",
    "percentile": "percentile:Q, Q of 0 to 100",
}
"""Of `pooling.MODES`."""
FOOTPRINTS = ("box", "disk", "cross")
"""Of `footprints.FOOTPRINTS`."""
RANGES = ("clip", "abs", "stretch", "offset")
"""Of `ranges.RANGES`."""
LEARNING_METHODS = {"lstsq": "least squares", "sgd": "descent"}
"""Of `learning.METHODS`."""
LAYOUTS = {
    "chw": "channels first: C×H×W, N×C×H×W",
    "hwc": "channels last: H×W×C, N×H×W×C",
}
"""Orders of the axes that an array in a file may have, and what each means."""


def choices(names: Mapping[str, str] | Iterable[str]) -> str:
    """List names for a help text, each with its words.

    >>> choices(LEARNING_METHODS)
    'lstsq (least squares) or sgd (descent)'
    >>> choices(FOOTPRINTS)
    'box, disk or cross'
    """
    words = names if isinstance(names, Mapping) else dict.fromkeys(names, "")
    *most, last = [f"{name} ({text})" if text else name for name, text in words.items()]
    return f"{', '.join(most)} or {last}" if most else last
