"""Layers that normalize: by the batch, by the channels near, by groups of channels."""

import numpy as np

from convcli.nets.layers.base import Array, Operation, Shape
from convcli.nets.layers.memory_layout import by_channels, inner, outer

__all__ = ["BatchNorm", "GroupNorm", "LayerNorm", "ResponseNorm"]


class BatchNorm(Operation):
    """Batch normalization: batch statistics in training, running ones in evaluation and where it is frozen.

    Ioffe and Szegedy, arXiv:1502.03167. As in the chapter, the running variance follows the batch's biased one.
    """

    momentum = 0.9
    fresh = True

    def weight_shapes(self) -> dict[str, Shape]:
        return {"weight": (self.size[0],), "bias": (self.size[0],)}

    def buffer_shapes(self) -> dict[str, Shape]:
        return {"running_mean": (self.size[0],), "running_var": (self.size[0],)}

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        self.saved = None
        weight, bias = self.weights["weight"], self.weights["bias"]
        if not self.training or self.frozen:
            scale = weight / np.sqrt(self.buffers["running_var"] + x.dtype.type(self.layer.eps))
            self.saved = scale if self.training else None
            shift = bias - self.buffers["running_mean"] * scale
            found = np.multiply(x, self.spread(scale, x), out=x if spare else None)
            found += self.spread(shift, x)
            return found
        maps = _maps(x)
        centred = maps if spare else np.empty_like(maps)
        found = np.empty_like(maps)
        mean, variance, deviation = (np.empty(len(maps), x.dtype) for _ in range(3))

        def work(part: slice) -> None:
            mean[part] = maps[part].mean(axis=1)
            cells = np.subtract(maps[part], mean[part, None], out=centred[part])
            variance[part] = np.vecdot(cells, cells) / x.dtype.type(maps.shape[1])
            deviation[part] = np.sqrt(variance[part] + x.dtype.type(self.layer.eps))
            np.multiply(cells, (weight[part] / deviation[part])[:, None], out=found[part])
            found[part] += bias[part, None]

        by_channels(work, len(maps), maps.size)
        for name, now in (("running_mean", mean), ("running_var", variance)):
            old = self.buffers[name]
            self.buffers[name] = (self.momentum * old + (1 - self.momentum) * now).astype(x.dtype)
        self.saved = centred, deviation
        return outer(found.reshape(*x.shape[1:], x.shape[0]))

    def learn(self, gradient: Array) -> None:
        centred, deviation = self.saved
        coming = _maps(gradient)
        sums, along = np.empty_like(deviation), np.empty_like(deviation)

        def work(part: slice) -> None:
            sums[part] = coming[part].sum(axis=1)
            along[part] = np.vecdot(coming[part], centred[part]) / deviation[part]

        by_channels(work, len(coming), coming.size)
        self.gradients.update(bias=sums, weight=along)

    def backward(self, gradient: Array) -> Array:
        if self.frozen:
            kept: Array = gradient * self.spread(self.saved, gradient)
            return kept
        self.learn(gradient)
        centred, deviation = self.saved
        coming, found = _maps(gradient), np.empty_like(centred)
        count = gradient.dtype.type(centred.shape[1])
        slope = self.gradients["weight"] / (deviation * -count)
        mean = self.gradients["bias"] / count
        scale = self.weights["weight"] / deviation

        def work(part: slice) -> None:
            cells = np.multiply(centred[part], slope[part, None], out=found[part])
            cells += coming[part]
            cells -= mean[part, None]
            cells *= scale[part, None]

        by_channels(work, len(found), found.size)
        return outer(found.reshape(*gradient.shape[1:], gradient.shape[0]))

    def spread(self, values: Array, x: Array) -> Array:
        """Give one number a channel the axes of a batch."""
        return values.reshape(-1, *(1,) * (x.ndim - 2))


def _maps(x: Array) -> Array:
    """Put a channel's cells, of all examples, in a row: shape (C, H * W * N)."""
    return inner(x).reshape(x.shape[1], -1)


class ResponseNorm(Operation):
    """Local response normalization, x / (k + alpha / size * sum of squares over the channels near)^beta.

    Krizhevsky, Sutskever and Hinton, NIPS 2012, section 3.3; unless told the numbers are the frameworks'.
    """

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        size = self.layer.out or 5
        self.saved = None
        alpha, beta, offset = self.layer.alpha, self.layer.beta, self.layer.offset
        base = offset + alpha / size * self.near(np.square(x), size // 2, (size - 1) // 2)
        power = base**-beta
        if self.training:
            self.saved = x, base, power
        found: Array = (x * power).astype(x.dtype)
        return found

    def backward(self, gradient: Array) -> Array:
        x, base, power = self.saved
        size, alpha, beta = self.layer.out or 5, self.layer.alpha, self.layer.beta
        inner = gradient * x * power / base
        reaching = self.near(inner, (size - 1) // 2, size // 2)
        found: Array = gradient * power - 2 * beta * alpha / size * x * reaching
        return found.astype(x.dtype)

    def near(self, x: Array, before: int, after: int) -> Array:
        """Sum up each cell's channels from `before` to `after`."""
        found = np.zeros_like(x)
        for step in range(-before, after + 1):
            low, high = max(step, 0), x.shape[1] + min(step, 0)
            if low < high:
                found[:, low - step : high - step] += x[:, low:high]
        return found


class LayerNorm(Operation):
    """Normalization over the channels, each place of each example by itself. Ba, Kiros and Hinton, arXiv:1607.06450."""

    fresh = True

    def weight_shapes(self) -> dict[str, Shape]:
        return {"weight": (self.size[0],), "bias": (self.size[0],)}

    def groups(self, x: Array) -> Array:
        """View the channels as groups that are normalized together, on axis 2: shape (N, groups, C / groups, …)."""
        return x[:, None]

    def axes(self, x: Array) -> tuple[int, ...]:
        """Return the axes of the groups that are normalized over."""
        del x
        return (2,)

    def forward(self, x: Array, *, spare: bool = False) -> Array:
        del spare
        cells, axes = self.groups(x), self.axes(x)
        centred = cells - cells.mean(axis=axes, keepdims=True)
        variance = np.square(centred).mean(axis=axes, keepdims=True)
        deviation = np.sqrt(variance + x.dtype.type(self.layer.eps))
        centred /= deviation
        normed = centred.reshape(x.shape)
        self.saved = (normed, deviation) if self.training else None
        found: Array = normed * self.spread("weight", x)
        found += self.spread("bias", x)
        return found

    def learn(self, gradient: Array) -> None:
        normed, _ = self.saved
        others = (0, *range(2, gradient.ndim))
        self.gradients["bias"] = gradient.sum(axis=others)
        self.gradients["weight"] = (gradient * normed).sum(axis=others)

    def backward(self, gradient: Array) -> Array:
        self.learn(gradient)
        normed, deviation = self.saved
        axes = self.axes(gradient)
        cells = self.groups(normed)
        coming = self.groups(gradient * self.spread("weight", gradient))
        along = (coming * cells).mean(axis=axes, keepdims=True)
        found = coming - coming.mean(axis=axes, keepdims=True) - cells * along
        found /= deviation
        back: Array = found.reshape(gradient.shape)
        return back

    def spread(self, name: str, x: Array) -> Array:
        """Give a weight the axes of a batch."""
        return self.weights[name].reshape(-1, *(1,) * (x.ndim - 2))


class GroupNorm(LayerNorm):
    """Normalization over groups of channels and all places. Wu and He, arXiv:1803.08494."""

    def groups(self, x: Array) -> Array:
        return x.reshape(x.shape[0], self.layer.groups, -1, *x.shape[2:])

    def axes(self, x: Array) -> tuple[int, ...]:
        return tuple(range(2, x.ndim + 1))
