"""Layers that move cells and compute nothing new: channels in another order or in part, maps enlarged or cut."""

import numpy as np

from convcli.nets.layers.base import Array, Operation

__all__ = ["Crop", "Part", "Shuffle", "Upsample"]


class Shuffle(Operation):
    """The first channels of all groups, then the second ones … Zhang et al., arXiv:1707.01083."""

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        return _dealt(x, self.layer.groups)

    def backward(self, gradient: Array) -> Array:
        return _dealt(gradient, gradient.shape[1] // self.layer.groups)


def _dealt(x: Array, groups: int) -> Array:
    grouped = x.reshape(x.shape[0], groups, -1, *x.shape[2:])
    return grouped.swapaxes(1, 2).reshape(x.shape)


class Part(Operation):
    """The i-th of n parts of the channels."""

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.saved = x.shape if self.training else None
        return x[:, self._channels(x.shape[1])]

    def backward(self, gradient: Array) -> Array:
        found: Array = np.zeros(self.saved, gradient.dtype)
        found[:, self._channels(self.saved[1])] = gradient
        return found

    def _channels(self, count: int) -> slice:
        which, parts = self.layer.part
        return slice(count // parts * (which - 1), count // parts * which)


class Crop(Operation):
    """Rows and columns at the ends left out."""

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.saved = x.shape if self.training else None
        return x[:, :, *self._inside(x.shape[1:])]

    def backward(self, gradient: Array) -> Array:
        found: Array = np.zeros(self.saved, gradient.dtype)
        found[:, :, *self._inside(self.saved[1:])] = gradient
        return found

    def _inside(self, size: tuple[int, ...]) -> list[slice]:
        return [slice(-a.before, -a.before + a.out) for a in self.found(size).axes]


class Upsample(Operation):
    """Maps enlarged: each cell repeated, or linear between their middles, which is PyTorch's `align_corners=False`."""

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        self.saved = x.shape if self.training else None
        for axis, (n, out) in self._sides(x.shape):
            if self.layer.bilinear:
                x = _along(x, _weights(n, out).astype(x.dtype), axis)
            else:
                x = x.repeat(out // n, axis)
        return x

    def backward(self, gradient: Array) -> Array:
        for axis, (n, out) in self._sides(self.saved):
            if self.layer.bilinear:
                gradient = _along(gradient, _weights(n, out).astype(gradient.dtype).T, axis)
            else:
                shape = gradient.shape
                gradient = gradient.reshape(*shape[:axis], n, out // n, *shape[axis + 1 :])
                gradient = gradient.sum(axis=axis + 1)
        return gradient

    def _sides(self, shape: tuple[int, ...]) -> list[tuple[int, tuple[int, int]]]:
        """Return input and output of each axis."""
        axes = self.found(shape[1:]).axes
        return [(i, (a.n, a.out)) for i, a in enumerate(axes, 2)]


def _along(x: Array, matrix: Array, axis: int) -> Array:
    found: Array = np.moveaxis(np.moveaxis(x, axis, -1) @ matrix.T, -1, axis)
    return found


def _weights(n: int, out: int) -> Array:
    """Return what each of `out` cells takes of each of n, shape (out, n); beyond the ends the last one stands on."""
    middles = np.clip((np.arange(out) + 0.5) * n / out - 0.5, 0, n - 1)
    found: Array = np.maximum(1 - np.abs(middles[:, None] - np.arange(n)), 0)
    return found
