"""The convolution workbench: cross-correlation, pooling, edges, learned kernels, output sizes.

The names below are loaded when they are first used, so that importing convcli costs no NumPy.
"""

from importlib import import_module

TYPE_CHECKING = False  # typing's own takes longer to import than all of this
if TYPE_CHECKING:
    from convcli.engine.correlation import corr2d
    from convcli.engine.edges import edges
    from convcli.engine.errors import ConvError
    from convcli.engine.kernels import kernel
    from convcli.engine.learning import Learned, learn_kernel
    from convcli.engine.pooling import pool2d
    from convcli.engine.sizes.geometry import output_size

__version__ = "0.1.0"

_HOMES = {
    "ConvError": "convcli.engine.errors",
    "Learned": "convcli.engine.learning",
    "corr2d": "convcli.engine.correlation",
    "edges": "convcli.engine.edges",
    "kernel": "convcli.engine.kernels",
    "learn_kernel": "convcli.engine.learning",
    "output_size": "convcli.engine.sizes.geometry",
    "pool2d": "convcli.engine.pooling",
}

__all__ = [
    "ConvError",
    "Learned",
    "__version__",
    "corr2d",
    "edges",
    "kernel",
    "learn_kernel",
    "output_size",
    "pool2d",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'convcli' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
